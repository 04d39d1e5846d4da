# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# short.sh - the least that must hold in every kind of host: boot, stolen time,
# reset, power-off, and what is special about the host.

special()
{
	case $HOST in
	gicv2)
		ask 'grep -c GIC-0 /proc/interrupts; grep -c GICv3 /proc/interrupts'
		[ "$(echo "$answer" | sed -n 1p)" -gt 0 ] ||
			fail "no interrupt of the guest's is a GICv2's"
		[ "$(echo "$answer" | sed -n 2p)" = 0 ] ||
			fail "the guest has a GICv3"
		;;
	sve)
		ask 'grep Features /proc/cpuinfo'
		has " sve " "$answer "
		;;
	pauth)
		ask 'grep Features /proc/cpuinfo'
		has " paca " "$answer "
		has " pacg" "$answer "
		;;
	16k)
		[ "$(page_size)" = 16384 ] || fail "host pages: $(page_size)"
		;;
	esac
}

# of the host: the kernel says it in each mapping
page_size()
{
	sed -n 's/^KernelPageSize: *\([0-9]*\) kB/\1/p' /proc/self/smaps |
		awk 'NR == 1 { print $1 * 1024 }'
}

host_says()
{
	linux 6.1 -c 2 -m 256 -p quiet
	special
	type 'poweroff -f'
	ended 0
}

# A GICv2 has 8 vCPUs; who asks for more gets them, with a warning.
gicv2()
{
	mon --cpus 20
	has "warning: 20 vCPUs are more than" "$(cat "$g/err")"
	has "can have: 8" "$(cat "$g/err")"
	tell 1
	[ "$(echo "$answer" | grep -c '^cpu 0x')" -eq 7 ] || fail "$answer"
	type o
	ended 0
	g=named
	mon --irqchip=gicv2 --cpus 8
	type o
	ended 0
	g=other
	run -k "$here/off.bin" --irqchip gicv3
	ended 1
	has "no gicv3 for guests; leave --irqchip out" "$(cat $g/err)"
}

check "the host is what it should be" host_says
if [ "$HOST" != 6.12 ]; then # there the group steal does more
	measured "3 s contended: record is what the host stole" \
		contended 6.1 3 2
fi
check "Linux reboots" reboots
if [ "$HOST" = gicv2 ]; then
	check "vCPUs of a GICv2" gicv2
fi
