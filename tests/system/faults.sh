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

# Each fault, and of what it is to be found out, among other things.
committed()
{
	caught=0 nr=0
	while read -r fault rule; do
		nr=$((nr + 1))
		found=$(PVTIME_FAULT=$fault judged "$here/pvtime-vmm-faulty" -c 3)
		case $found in
		*"$rule"*)
			caught=$((caught + 1))
			;;
		*)
			echo "MISSED: not '$rule' by:" >> "$here/figures"
			;;
		esac
		echo "$fault: $found" >> "$here/figures"
	done <<-END
	stride-16 records are at multiples of 64
	stride-32 records are at multiples of 64
	shared-line each CPU has a record of its own
	all-of-cpu-0 each CPU has a record of its own
	one-refused PV_TIME_ST answers on every CPU or on none
	features-yes-to-all PV_TIME_FEATURES says no to unknown functions
	features-no the steps of discovery agree with PV_TIME_ST
	st-refused the steps of discovery agree with PV_TIME_ST
	high-bits records are at guest-physical addresses
	moves asked again, a CPU is told the same address
	plain-ram records are not where the tree has usable memory
	no-memory records take loads that only memory takes
	calls-of-32-bits 32-bit forms are refused
	clobbers-x9 calls keep x4 to x17
	revision-1 the revision is 0
	attributes-1 the attributes are 0
	padding-dirty the 48 bytes of padding are 0
	not-zeroed stolen time starts near 0
	frozen what a CPU loses to its siblings is stolen
	twice no more is stolen than a CPU was away
	idle-counts an idle CPU is not stolen from
	off-counts a CPU that is off is not stolen from
	backwards a busy CPU's record never decreases
	big-endian a busy CPU's record never decreases
	low-32-bits stolen time counts in 64 bits
	torn a busy CPU's record never decreases
	halved-by-off off, on and asked again, it goes on or starts from 0
	reset-goes-on a reset starts records from 0
	END
	echo "$caught of $nr" >> "$here/figures"
	# All but one in twenty, as chance has it.
	[ $caught -ge $((nr - nr / 20)) ] || fail "caught only $caught of $nr"
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
