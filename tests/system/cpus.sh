# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# cpus.sh - from one vCPU to as many as KVM has.

# records NR: each of NR vCPUs runs, with a record of its own.
records()
{
	mon -c "$1" -m 128
	tell p
	has "st 0x90a0000" "$answer"
	tell 1 120
	[ "$(echo "$answer" | grep -c '^cpu 0x')" -eq $(($1 - 1)) ] ||
		fail "not $(($1 - 1)) secondaries: $answer"
	# "cpu MPIDR: mpidr MPIDR record ADDRESS"
	echo "$answer" | sed -n 's/^cpu 0x\([^:]*\): mpidr 0x\([^ ]*\) record 0x\(.*\)/\1 \2 \3/p' > cpus
	n=0
	while read -r asked mpidr record; do
		n=$((n + 1))
		[ "$asked" = "$mpidr" ] || fail "vCPU $asked says it is $mpidr"
		[ $((0x$record)) -eq $((0x90a0000 + 64 * n)) ] ||
			fail "vCPU $n: record at 0x$record"
	done < cpus
	[ $n -eq $(($1 - 1)) ] || fail "$n records"
	type o
	ended 0
}

# as many as the host has, without -c
default_number()
{
	run -k "$here/off.bin"
	ended 0
	has "$(nproc) records" "$(cat "$g/err")"
}

linux_with_many()
{
	linux 6.1 -c "$1" -m 1G -p quiet
	ask 'grep -c ^processor /proc/cpuinfo'
	has "$1" "$answer"
	type 'poweroff -f'
	ended 0
}

for n in 1 8 123 124 130 512; do
	check "$n vCPUs, each with its record" records $n
done
check "as many vCPUs as the host has" default_number
check "Linux with 16 vCPUs" linux_with_many 16
if [ "$HOST" = native ]; then
	check "Linux with 130 vCPUs" linux_with_many 130
fi
