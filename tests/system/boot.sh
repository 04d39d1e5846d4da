# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# boot.sh - Debian's kernels boot to a shell, with exact stolen time.

# boots KERNEL: to a shell, spoken to through the console.
boots()
{
	linux "$1" -c 2 -m 512 -p quiet
	grep -q 'stolen time: on, provider [ks][a-z]*, 2 records' "$g/err" ||
		fail "the VMM's log does not say that it is on: $(cat "$g/err")"
	ask 'dmesg | grep arm-pv'
	has "arm-pv: using stolen time PV" "$answer"
	# shellcheck disable=SC2016 # the guest's shell expands it
	ask 'echo $((6 * 7)); uname -r; grep -c ^processor /proc/cpuinfo'
	has 42 "$answer"
	has "${1%newest}" "$answer"
	type 'exec setsid cttyhack sh'
	await '# '
	# shellcheck disable=SC2016
	type 'echo $((7 * 8))x'
	await 56x
	type 'poweroff -f'
	ended 0
}

for kernel in 6.1 6.12 newest; do
	check "guest $kernel boots to a shell" boots $kernel
done
