# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# many.sh - three guests side by side, each with a disk and a network of its own:
# none is in another's way, and nothing is left of them.  Where the host has a
# GICv2: one guest with a virtio console, too, and the interrupts that it gets.

# This host has an address to go out by, and files as Debian has them.  Another
# group may have made them before.
many_host()
{
	cat "$here/initrd" "$here/modules" > "$here/initrd-many"
	[ ! -e /sys/class/net/dummy0 ] || return 0
	insmod "$here/net/dummy.ko" || fail "no module dummy"
	ip link add dummy0 type dummy
	ip addr add 192.0.2.2/24 dev dummy0
	ip link set dummy0 up
	ip route add default via 192.0.2.1
	: > /etc/resolv.conf
	mkdir -p /lib/aarch64-linux-gnu
	ln -s "$here/net/ld-linux-aarch64.so.1" /lib
	ln -s "$here/net/libc.so.6" /lib/aarch64-linux-gnu
	ln -s "$here/net/passt" /bin/passt
}

# What udhcpc calls: take the address that it was given.
# shellcheck disable=SC2016 # the guest's shell expands it
lease='printf "#!/bin/sh\n[ \$1 = bound ] || exit 0\nip addr add \$ip/\$mask dev \$interface\nip route add default via \$router\n" > /lease; chmod 755 /lease; ip link set eth0 up; udhcpc -i eth0 -s /lease -n -q'

# sockets: what we have in the folder for them.
sockets()
{
	find /run/pvtime-vmm -type s 2> /dev/null
}

# side_by_side: each reads from this host what it then writes to its disk.
side_by_side()
{
	before=$(sockets)
	mkdir web
	head -c 300000 /dev/urandom > web/blob
	httpd -p 7100 -h web || fail "no httpd"
	for g in one two three; do
		truncate -s 1M $g.img
		run -k "$here/Image-6.1" -i "$here/initrd-many" -c 1 -m 192 \
			-p quiet --name $g -d $g.img -n mode=user
	done
	for g in one two three; do
		await "guest: ready" 60
	done
	[ "$(pidof passt | wc -w)" -eq 3 ] || fail "passt: $(pidof passt)"
	# Begun in all before any is waited for.
	for g in one two three; do
		type "$lease && wget -q -O /tmp/blob http://192.0.2.1:7100/blob && { echo $g; cat /tmp/blob; } > /dev/vda && sync && echo do''ne"
	done
	code=0
	"$vmm" run -k "$here/off.bin" -c 1 -m 64 -d two.img \
		< /dev/null > out 2> err || code=$?
	[ $code -eq 1 ] || fail "a locked disk: status $code"
	[ "$(wc -l < err)" -eq 1 ] || fail "not one line: $(cat err)"
	has "'two.img': another guest uses it" "$(cat err)"
	for g in one two three; do
		await "done" 60
		await "guest: ok 0"
	done
	for g in one two three; do
		type 'poweroff -f'
	done
	for g in one two three; do
		ended 0
		{ echo $g; cat web/blob; } > wanted
		head -c "$(wc -c < wanted)" $g.img | cmp - wanted ||
			fail "$g.img has something else"
	done
	n=0
	while pidof passt > /dev/null; do
		[ $((n += 1)) -lt 50 ] || fail "passt is still there"
		usleep 100000
	done
	[ "$(sockets)" = "$before" ] || fail "sockets: $(sockets)"
	"$vmm" run -k "$here/off.bin" -c 1 -m 64 -d two.img < /dev/null ||
		fail "a disk stays locked"
}

# interrupts N: how many came from the guest's virtio device N, all by a GICv2.
interrupts()
{
	echo "$answer" | awk -v name="virtio$1" '
	$NF == name && / GIC-0 / { n += $2 }
	END { print n + 0 }'
}

# Each device's count grows by what the guest has it do.
old_gic()
{
	truncate -s 1M disk.img
	mkdir web
	head -c 300000 /dev/urandom > web/blob
	httpd -p 7200 -h web || fail "no httpd"
	run -k "$here/Image-6.1" -i "$here/initrd-many" -c 1 -m 192 \
		-p quiet -d disk.img -n mode=user --console virtio
	await "guest: ready" 60
	ask 'tty; cat /proc/interrupts'
	has /dev/hvc0 "$answer"
	for n in 0 1 2; do
		interrupts $n
	done > before
	ask "$lease && wget -q -O /tmp/blob http://192.0.2.1:7200/blob && cat /tmp/blob > /dev/vda && sync && echo done" 60
	has "done" "$answer"
	ask 'cat /proc/interrupts'
	for n in 0 1 2; do
		interrupts $n
	done > after
	paste before after | awk '$2 <= $1 { bad = 1 } END { exit bad || NR != 3 }' ||
		fail "interrupts: $(paste before after) $answer"
	type 'poweroff -f'
	ended 0
	head -c 300000 disk.img | cmp - web/blob ||
		fail "the disk has something else"
}

if [ "$HOST" = native ]; then
	echo "skip $HOST: many guests: they would change this machine's network"
else
	check "this host has a network" many_host
	if [ "$HOST" = gicv2 ]; then
		check "a GICv2: disk, network and console interrupt" old_gic
	fi
	check "three guests, each with a disk and a network, side by side" \
		side_by_side
fi
