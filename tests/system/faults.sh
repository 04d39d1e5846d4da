# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# faults.sh - the conformance guest finds deliberate faults, and only those.
#
# pvtime-vmm-faulty commits the one that PVTIME_FAULT names; see
# tests/faults/faulty.c.  CLEAN_RUNS, 10 where it is not set, is how many times
# the guest runs where nothing is wrong.

# judged VMM ARG...: the guest's verdict: clean, or what it found, on one line.
judged()
{
	program=$1
	shift
	timeout 60 taskset 1 "$program" run -k "$here/conformance.bin" \
		-p "require shared reset" -m 128 --timeout 30 "$@" \
		< /dev/null > out 2> err
	status=$?
	tr -d '\r' < out > tap
	if grep -q '^not ok' tap; then
		sed -n 's/^not ok //p' tap | tr '\n' ';'
		echo
	elif [ $status -ne 0 ]; then
		echo "status $status: $(tail -n 1 err)"
	elif ! grep -q '^# conformance: .* 0 failed' tap; then
		echo "no end: $(tail -n 1 tap)"
	else
		echo clean
	fi
}

faults="stride-16 stride-32 shared-line all-of-cpu-0 one-refused
features-yes-to-all features-no st-refused high-bits moves plain-ram no-memory
calls-of-32-bits clobbers-x9 revision-1 attributes-1 padding-dirty not-zeroed
frozen twice idle-counts off-counts backwards big-endian low-32-bits torn
halved-by-off reset-goes-on"

committed()
{
	caught=0 nr=0
	for fault in $faults; do
		nr=$((nr + 1))
		found=$(PVTIME_FAULT=$fault judged "$here/pvtime-vmm-faulty" -c 3)
		[ "$found" = clean ] || caught=$((caught + 1))
		echo "$fault: $found" >> "$here/figures"
	done
	echo "$caught of $nr" >> "$here/figures"
	# All but one in twenty, as chance has it.
	[ $caught -ge $((nr - nr / 20)) ] ||
		fail "caught only $caught of $nr: $(grep ': clean$' "$here/figures")"
}

# That the program itself is no fault, and commits what it is told to.
control()
{
	found=$(PVTIME_FAULT=none judged "$here/pvtime-vmm-faulty" -c 3)
	[ "$found" = clean ] || fail "without a fault: $found"
	found=$(PVTIME_FAULT=typo judged "$here/pvtime-vmm-faulty" -c 3)
	has "stolen time is offered" "$found"
}

clean_runs()
{
	for i in $(seq "$1"); do
		found=$(judged "$vmm" -c $((2 + i % 3)))
		[ "$found" = clean ] || fail "run $i of $1: $found"
	done
}

CLEAN_RUNS=${CLEAN_RUNS:-10}
if "$vmm" check | grep -q 'yes  SMCCC filter'; then
	check "faults: none is found where none is" control
	measured "faults: committed ones are found" committed
fi
check "faults: $CLEAN_RUNS clean runs" clean_runs "$CLEAN_RUNS"
