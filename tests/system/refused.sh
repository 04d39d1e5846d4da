# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# refused.sh - a real KVM that refuses a step of stolen time, with each error.

# refuses STATUS WORDS ERRNO NAME PROVIDER
refuses()
{
	# All of KVM_SET_DEVICE_ATTR; the first is the one for a record.
	"$here/deny" 0x4018aee1 "$3" "$vmm" run -k "$here/off.bin" -m 64 -c 2 \
		--pvtime "$5" < /dev/null > out 2> err
	status=$?
	[ $status -eq "$1" ] || fail "$4: status $status, not $1: $(cat err)"
	tail -n 1 err | grep -qF "pvtime-vmm: error: stolen time: $2" ||
		fail "$4: $(cat err)"
	! grep -qi -e abort -e assert -e fault err || fail "$4: $(cat err)"
}

# provider_refused PROVIDER: each error has its own words, and its status.
provider_refused()
{
	record="vCPU 0: record at 0x90a0000:"
	refuses 5 "$record this VM may not have stolen time" 1 EPERM "$1"
	refuses 5 "$record this host kernel has no stolen time" 6 ENXIO "$1"
	refuses 1 "$record Cannot allocate memory" 12 ENOMEM "$1"
	refuses 1 "$record Bad address" 14 EFAULT "$1"
	refuses 1 "$record Device or resource busy" 16 EBUSY "$1"
	refuses 1 "$record there is one already" 17 EEXIST "$1"
	refuses 1 "$record No such device" 19 ENODEV "$1"
	refuses 1 "$record not 64-byte aligned" 22 EINVAL "$1"
}

# region_refused: the same, of the slot; auto does not hide it.
region_refused()
{
	for number in 1 6 12 14 16 17 19 22; do
		"$here/deny" 0x4020ae46 $number "$vmm" run -k "$here/off.bin" \
			-m 64 < /dev/null > out 2> err
		status=$?
		[ $status -eq 1 ] || fail "errno $number: status $status"
		grep -q 'error: guest memory: memory slot [0-9]*: .* bytes at 0x40000000: ' err ||
			fail "errno $number: $(cat err)"
	done
}

check "KVM refuses the record, provider kvm: 8 errors" provider_refused kvm
if "$vmm" check | grep -q 'yes  SMCCC filter'; then
	check "KVM refuses the record, provider steady: 8 errors" \
		provider_refused steady
fi
check "KVM refuses memory slots: 8 errors" region_refused
