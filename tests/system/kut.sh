# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# kut.sh - what kvm-unit-tests' scripts expect of a kvmtool.

words()
{
	"$vmm" --help > help || fail "--help: status $?"
	grep -q 'The most commonly used' help || fail "$(cat help)"
	"$vmm" run -k nowhere < /dev/null > out 2> err
	[ $? -eq 1 ] || fail "status: $?"
	[ "$(head -n 1 err)" = "Fatal: Unable to open kernel nowhere" ] ||
		fail "$(cat err)"
}

# The line of its kvmtool target, for each of its interrupt controllers.
options()
{
	for chip in gicv3 gicv3-its; do
		g=$chip
		run --nodefaults --network mode=none --loglevel=warning \
			--irqchip=$chip --pmu --kernel "$here/mon.bin" \
			--mem=256 --cpus 2 --console serial
		await "mon: ready"
		[ ! -s "$g/err" ] || fail "$(cat "$g/err")"
		tell 1
		has "cpu 0x1: mpidr 0x1" "$answer"
		type o
		ended 0
	done
}

# params TEXT: reach the guest untouched.
params()
{
	mon --params "$1"
	tell b
	[ "${answer%
ok b}" = "
bootargs: $1" ] || [ "${answer%
ok b}" = "bootargs: $1" ] || fail "$1 became $answer"
	type o
	ended 0
}

too_many()
{
	run --nodefaults -c 1000 -k "$here/off.bin"
	ended 0 60
	has "warning: 1000 vCPUs are more than" "$(cat "$g/err")"
}

check "words" words
check "options" options
check "params" params "a=1 b=\"2  3\" 'c' \\d \$e * % ,;"
check "params, blanks at both ends" params "  --foo  "
check "--cpus above the limit" too_many
