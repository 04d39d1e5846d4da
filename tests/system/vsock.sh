# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# vsock.sh - sockets between guest and host.

vsock_host()
{
	for m in "$here"/modules-host/*.ko; do
		insmod "$m"
	done
	cat "$here/initrd" "$here/modules" > "$here/initrd-vsock"
	head -c 3000000 /dev/urandom > "$here/bytes"
}

vsock_guest()
{
	run -k "$here/Image-6.1" -i "$here/initrd-vsock" -c 2 -m 256 \
		-p quiet --vsock "$@"
	await "guest: ready" 60
}

# Bytes there and back, from both sides; then again after a reset.
both_ways()
{
	vsock_guest 77
	for life in first second; do
		type 'vsock listen 1234 & sleep 0.3'
		await 'vsock: listening'
		await 'guest: ok '
		timeout 60 "$here/vsock" connect 77 1234 < "$here/bytes" \
			> back || fail "to the guest: status $?"
		cmp "$here/bytes" back || fail "$life: bytes from the guest"

		timeout 60 "$here/vsock" listen 99 > /dev/null &
		ask 'sleep 0.5; dd if=/dev/urandom of=/a bs=1000 count=999; vsock connect 2 99 < /a > /b; cmp /a /b && echo same' 60
		has same "$answer"
		wait $! || fail "$life: the host's end"
		[ $life = second ] || {
			type 'reboot -f'
			await 'guest: ready' 60
		}
	done
	type 'poweroff -f'
	ended 0
}

# refuses STATUS WORDS OPTION...: one line that holds WORDS, nothing begun.
refuses()
{
	want=$1
	words=$2
	shift 2
	"$vmm" run -k "$here/off.bin" -c 1 -m 64 "$@" < /dev/null > out 2> err
	status=$?
	[ $status -eq "$want" ] || fail "$*: status $status: $(cat err)"
	[ "$(wc -l < err)" -eq 1 ] || fail "$*: not one line: $(cat err)"
	has "$words" "$(cat err)"
}

bad_vsock()
{
	refuses 2 "2 is out of range 3 to" --vsock 2
	refuses 2 '4294967295 is out of range' --vsock 4294967295
	refuses 2 "CID 5 already" --vsock 5 --vsock 6
	mon --vsock 9
	refuses 1 "CID 9: another guest has it" --vsock 9
	type o
	ended 0
	rmmod vhost_vsock || fail "rmmod: the device is still in use"
	refuses 1 "modprobe vhost_vsock" --vsock 9
}

vsock_host
check "sockets: bytes between guest and host, and after a reset" both_ways
check "sockets: what is no address, or in use" bad_vsock
