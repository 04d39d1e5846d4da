# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# psci.sh - CPUs off and on, power-off, reset, and what is left of a panic.

offline()
{
	linux 6.1 -c 2 -m 256 -p quiet
	for i in 1 2; do
		ask 'echo 0 > /sys/devices/system/cpu/cpu1/online'
		ask 'grep -c ^processor /proc/cpuinfo'
		has 1 "$answer"
		ask 'echo 1 > /sys/devices/system/cpu/cpu1/online'
		ask 'grep -c ^processor /proc/cpuinfo; taskset 2 nproc'
		has 2 "$answer"
	done
	type 'poweroff -f'
	ended 0
}

no_reboot()
{
	mon --no-reboot
	type r
	ended 4
	g=linux
	linux 6.1 -c 1 -m 256 -p quiet --no-reboot
	type 'reboot -f'
	ended 4
}

# panics SECONDS: as panic= takes it.
panics()
{
	linux 6.1 -c 2 -m 256 -p "quiet panic=$1" --no-reboot
	type 'echo c > /proc/sysrq-trigger'
	ended 3
	has "sysrq triggered crash" "$(cat "$g/err")"
	[ "$(grep -c error "$g/err")" -eq 1 ] || fail "$(cat "$g/err")"
}

# numbers: of descriptors, threads; KiB of address space and resident.  Resident
# is counted in the page tables: VmRSS leaves out what each thread has not told
# yet, up to 64 pages either way.
numbers()
{
	pid=$(cat "$g/pid")
	# shellcheck disable=SC2012 # their names are numbers
	fds=$(ls "/proc/$pid/fd" | wc -l)
	# shellcheck disable=SC2012
	threads=$(ls "/proc/$pid/task" | wc -l)
	size=$(sed -n 's/^VmSize:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status")
	rss=$(sed -n 's/^Rss:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/smaps_rollup")
}

# A hundred resets: nothing grows, records start anew where they were.
hundred_resets()
{
	mon -c 4 -m 64 --name resets "$@"
	i=0
	while [ $i -lt 100 ]; do
		tell p
		has "st 0x90a0000" "$answer"
		stolen=${answer##*stolen }
		[ "${stolen%%[!0-9]*}" -lt 1000000000 ] ||
			fail "reset $i: the record starts with $stolen"
		case $i in
		0 | 10 | 50)
			tell 1
			;;
		esac
		if [ $i -eq 10 ]; then
			numbers
			was="$fds $threads" was_size=$size was_rss=$rss
		fi
		type r
		await "mon: ready"
		i=$((i + 1))
	done
	tell 1
	tell p
	numbers
	[ "$fds $threads" = "$was" ] ||
		fail "descriptors and threads: $was, then $fds $threads"
	[ "$size" -eq "$was_size" ] || fail "VmSize: $was_size, then $size KiB"
	[ "$rss" -le $((was_rss + 16)) ] || fail "RSS: $was_rss, then $rss KiB"
	type o
	ended 0
}

# What was stolen before a reset is not in the records after it.
records_restart()
{
	mon -c 2 --name "$g"
	tell p
	where=${answer%%record:*}
	tell 2
	taskset 1 sh -c 'while :; do :; done' &
	neighbour=$!
	guests="$guests $neighbour"
	pin 1
	sleep 3
	pin 3
	kill $neighbour
	before=$(records_of | sed -n 's/^1 [0-9]* //p')
	type r
	await "mon: ready"
	after=$(records_of | sed -n 's/^1 [0-9]* //p')
	[ "$before" -gt 500000000 ] || fail "only $before ns were stolen"
	[ "$after" -lt 1000000 ] || fail "$before ns, and $after after a reset"
	tell p
	[ "${answer%%record:*}" = "$where" ] || fail "$where, then $answer"
	tell 1
	has "cpu 0x1: mpidr 0x1 record 0x90a0040" "$answer"
	type o
	ended 0
}

check "CPU 1 off and on, twice" offline
check "Linux reboots" reboots
check "Linux reboots, GICv3 without ITS" reboots --irqchip gicv3
check "reset with --no-reboot: status 4" no_reboot
check "panic that reboots: status 3" panics -1
check "panic that hangs: status 3" panics 0
check "records restart with a reset" records_restart
check "100 resets, nothing grows" hundred_resets
