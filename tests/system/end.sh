# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# end.sh - however many vCPUs there are and whatever they do, power-off ends it.

# power_offs TIMES GUEST: with 8 vCPUs, each within 20 s and with status 0.
power_offs()
{
	i=0
	while [ $i -lt "$1" ]; do
		i=$((i + 1))
		timeout -s KILL 20 "$vmm" run -k "$here/$2" -c 8 -m 64 \
			< /dev/null > out 2> err ||
			fail "number $i: status $?: $(cat err)"
	done
}

# Seven vCPUs spin when the eighth powers off, or resets first.
spinning()
{
	mon -c 8 -m 64
	tell 2
	type r
	await "mon: ready"
	tell 2
	tell 1
	type o
	ended 0
}

# All threads of a VMM that is killed are gone, and so is its VM.
killed()
{
	mon -c 8
	tell 2
	pid=$(cat "$g/pid")
	kill -9 "$pid"
	"$here/await" -p "$pid" 10 || fail "still there"
	wait "$pid"
	[ ! -e "/proc/$pid" ] || fail "/proc/$pid is still there"
	mon -c 8
	type o
	ended 0
}

# off.bin powers off in its first instructions, while vCPU threads still start;
# smp.bin from a vCPU that others have just started or ended beside.
check "100 power-offs while vCPUs start" power_offs 100 off.bin
check "100 power-offs by one of many vCPUs" power_offs 100 smp.bin
check "power-off and reset while others spin" spinning
check "killed" killed
