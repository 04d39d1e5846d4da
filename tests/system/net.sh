# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# net.sh - networks: Linux gets an address by passt, talks to this host and is
# talked to; the same by tap devices; what is no network is refused.

# This host has an address to go out by, and files as Debian has them.
host_network()
{
	for m in dummy tun; do
		insmod "$here/net/$m.ko" || fail "no module $m"
	done
	ip link add dummy0 type dummy
	ip addr add 192.0.2.2/24 dev dummy0
	ip addr add 198.51.100.1/24 dev dummy0
	ip link set dummy0 up
	ip route add default via 192.0.2.1
	echo '0 65535' > /proc/sys/net/ipv4/ping_group_range
	: > /etc/resolv.conf
	mkdir -p /lib/aarch64-linux-gnu
	ln -s "$here/net/ld-linux-aarch64.so.1" /lib
	ln -s "$here/net/libc.so.6" /lib/aarch64-linux-gnu
	ln -s "$here/net/passt" /bin/passt
	cat "$here/initrd" "$here/modules" > "$here/initrd-net"
	mkdir "$here/web"
	head -c 1000000 /dev/urandom > "$here/web/blob"
	httpd -p 7000 -h "$here/web" || fail "no httpd"
}

net_guest()
{
	run -k "$here/Image-6.1" -i "$here/initrd-net" -c 2 -m 256 -p quiet \
		"$@"
	await "guest: ready" 60
}

# good COMMAND [SECONDS]: the guest does it.
good()
{
	ask "$1 && echo done" "${2:-60}"
	has "done" "$answer"
}

# What udhcpc calls: take the address that it was given.
# shellcheck disable=SC2016 # the guest's shell expands it
dhcp='printf "#!/bin/sh\n[ \$1 = bound ] || exit 0\nip addr add \$ip/\$mask dev \$interface\nip link set \$interface mtu \$mtu\nip route add default via \$router\n" > /lease; chmod 755 /lease; ip link set eth0 up; udhcpc -i eth0 -s /lease -n -q'

# How many passts there are; they end a moment after us.
no_passt_is_left()
{
	n=0
	while pidof passt > /dev/null; do
		[ $n -lt 50 ] || fail "passt is still there"
		usleep 100000
		n=$((n + 1))
	done
}

# fetched_by_guest ADDRESS: a whole file, from this host into the guest.
fetched_by_guest()
{
	ask "wget -q -O /tmp/blob http://$1:7000/blob; md5sum < /tmp/blob" 60
	has "$(md5sum < "$here/web/blob")" "$answer"
}

# fetched_from_guest ADDRESS PORT: and back again.
fetched_from_guest()
{
	timeout 30 wget -q -O back "http://$1:$2/blob" || fail "wget: $?"
	cmp back "$here/web/blob" || fail "from $1:$2 comes something else"
}

# behind_passt: an address, out, and in by ports.
behind_passt()
{
	good "$dhcp"
	ask 'ip addr show eth0'
	has 'inet 192.0.2.2/24' "$answer"
	has 'mtu 65520' "$answer"
	good 'ping -c 2 -W 5 198.51.100.1'
	# Its gateway's address is this host.
	fetched_by_guest 192.0.2.1
	good 'httpd -p 22 -h /tmp && httpd -p 23 -h /tmp'
	fetched_from_guest 127.0.0.1 2222
	fetched_from_guest 127.0.0.1 2223
}

# at_tap INTERFACE: between guest and host, many small frames as well.
at_tap()
{
	good "ip addr add 10.9.0.2/24 dev $1 && ip link set $1 up"
	n=0
	until ping -c 1 -W 1 10.9.0.2; do
		[ $((n += 1)) -lt 10 ] || fail "no answer"
	done
	ping -c 50 -A -W 5 10.9.0.2 > pings
	has '50 packets received' "$(cat pings)"
	good 'ping -c 3 -s 1472 -W 5 10.9.0.1'
	fetched_by_guest 10.9.0.1
	fetched_from_guest 10.9.0.2 22
}

add_tap()
{
	"$here/tap" pv0 0 || fail "no tap device"
	ip addr add 10.9.0.1/24 dev pv0
	ip link set pv0 up
}

# All of it, and once more for the next kernel in the same machine; then passt is
# killed, and only its link goes.
linux_networks()
{
	add_tap
	net_guest --name web -n mode=user,port=2222:22,hostfwd=tcp::2223-:23 \
		-n mode=tap,tapif=pv0,mac=02:00:00:00:00:01
	macs='cat /sys/class/net/eth0/address /sys/class/net/eth1/address'
	ask "$macs"
	first=$answer
	has "
02:00:00:00:00:01" "$first"
	behind_passt
	at_tap eth1
	type 'reboot -f'
	await 'guest: ready' 60
	behind_passt
	at_tap eth1
	ask "$macs"
	[ "$answer" = "$first" ] || fail "other addresses: $answer, not $first"

	kill "$(pidof passt)"
	no_passt_is_left
	n=0
	until ask 'cat /sys/class/net/eth0/carrier' && [ "$answer" = 0 ]; do
		[ $((n += 1)) -lt 20 ] || fail "the link stays: $answer"
	done
	has 'passt has ended' "$(cat "$g/err")"
	fetched_by_guest 10.9.0.1
	type 'poweroff -f'
	ended 0
	ip link show pv0 || fail "the tap device has gone"
	ip link del pv0
}

# Does a thread of the host's kernel work for the guest?
is_vhost()
{
	pidof "vhost-$(cat "$g/pid")"
}

# The same card where the host's kernel moves the frames, through a reset; and
# nothing of the guest is in use by it once that is killed.
linux_vhost()
{
	as=
	refuses 1 "'/dev/vhost-net': No such file or directory; this host's kernel has no such device yet: 'modprobe vhost_net' as root" \
		-n mode=tap,vhost=on
	for m in vhost_iotlb vhost tap vhost_net; do
		insmod "$here/net/$m.ko" || fail "no module $m"
	done
	add_tap
	net_guest -n mode=tap,tapif=pv0
	is_vhost || fail "no thread: $(ps)"
	for life in first second; do
		good 'httpd -p 22 -h /tmp'
		at_tap eth0
		[ $life = second ] || {
			type 'reboot -f'
			await 'guest: ready' 60
		}
	done
	type 'poweroff -f'
	ended 0
	net_guest -n mode=tap,tapif=pv0,vhost=off
	! is_vhost || fail "a thread that nobody wanted: $(ps)"
	good 'httpd -p 22 -h /tmp'
	at_tap eth0
	killed
	wait "$(cat "$g/pid")"
	net_guest -n mode=tap,tapif=pv0,vhost=on
	good 'httpd -p 22 -h /tmp'
	at_tap eth0
	ping -f -c 100000 10.9.0.2 > /dev/null &
	usleep 300000
	killed
	wait "$(cat "$g/pid")"
	kill $!
	ip link del pv0
	rmmod vhost_net || fail "the module is still in use"
}

killed()
{
	kill -9 "$(cat "$g/pid")"
}

# What was made for a guest goes with it, however it ends.
ends()
{
	for how in "type o" killed; do
		mon -n mode=user -n mode=user -n mode=tap
		has "tap device 'tap0'" "$(cat "$g/err")"
		[ "$(pidof passt | wc -w)" -eq 2 ] || fail "$(pidof passt)"
		ip link show tap0 | grep -q UP || fail "the tap device is down"
		$how
		wait "$(cat "$g/pid")"
		no_passt_is_left
		! ip link show tap0 || fail "the tap device is still there"
	done
}

# refuses STATUS WORDS OPTION...: one line that holds WORDS, nothing begun.
refuses()
{
	want=$1
	words=$2
	shift 2
	# shellcheck disable=SC2086 # $as: some words
	$as "$vmm" run -k "$here/off.bin" -c 1 -m 64 --loglevel warning \
		"$@" < /dev/null > out 2> err
	status=$?
	[ $status -eq "$want" ] || fail "$*: status $status: $(cat err)"
	[ "$(wc -l < err)" -eq 1 ] || fail "$*: not one line: $(cat err)"
	has "$words" "$(cat err)"
}

# nobody COMMAND ARG...: as a user without any privilege.
nobody()
{
	su -s /bin/sh nobody -c "exec $*"
}

bad_networks()
{
	as=
	refuses 2 "mac '03:00:00:00:00:01': a group's address" \
		-n mode=user,mac=03:00:00:00:00:01
	refuses 2 "mac '2:0:0': not six bytes" -n mode=user,mac=2:0:0
	refuses 2 "say which: mode=user" -n port=1:1
	refuses 2 "'70000:22': port: 70000 is out of range" \
		-n mode=user,port=70000:22
	refuses 1 "'dummy0' is an interface, but no tap device" \
		-n mode=tap,tapif=dummy0
	"$here/tap" pv1 0
	ip link set pv1 up
	mon -n mode=tap,tapif=pv1 -n mode=user,port=2222:22
	refuses 1 "tap device 'pv1': another program uses it" \
		-n mode=tap,tapif=pv1
	refuses 1 "passt does not start: Failed to bind any port for '-t 127.0.0.1/2222:22'" \
		-n mode=user,port=2222:22
	type o
	ended 0
	no_passt_is_left

	chmod 666 /dev/kvm /dev/net/tun
	as=nobody
	refuses 1 "'ip tuntap add pv1 mode tap user USER'" \
		-n mode=tap,tapif=pv1
	refuses 1 "'ip tuntap add NAME mode tap user USER'" -n mode=tap
	ip link del pv1
	"$here/tap" pv1 65534
	ip link set pv1 up
	$as "$vmm" run -k "$here/off.bin" -c 1 -m 64 -n mode=tap,tapif=pv1 \
		-n mode=user,port=2222:22 < /dev/null ||
		fail "as its user: status $?"
	as=
	ip link del pv1
	rm /bin/passt
	refuses 1 "no 'passt' in PATH; install the package passt" -n mode=user
	ln -s "$here/net/passt" /bin/passt
	no_passt_is_left
}

if [ "$HOST" = native ]; then
	echo "skip $HOST: networks: they would change this machine's own"
else
	check "this host gets a network" host_network
	check "Linux behind passt and at a tap device, through a reset" \
		linux_networks
	check "Linux at a tap device, by the host's kernel" linux_vhost
	check "passt and tap devices end with us" ends
	check "what is no network, and what is in use" bad_networks
fi
