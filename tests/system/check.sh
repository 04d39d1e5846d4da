# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# check.sh - the command check, on hosts that can and on hosts that cannot.

# checks STATUS ARG...: run it; what it says is in $said and in the figures.
checks()
{
	want=$1
	shift
	# shellcheck disable=SC2086 # $vmm may have something before it
	$vmm check "$@" > said 2> err
	status=$?
	said=$(cat said)
	[ $status -eq "$want" ] ||
		fail "status $status, not $want: $said $(cat err)"
}

can()
{
	checks 0
	[ ! -s err ] || fail "on standard error: $(cat err)"
	has "yes  /dev/kvm " "$said"
	has "yes  stolen time, best by" "$said"
	has "yes  scheduler statistics " "$said"
	has "yes  interrupt controller " "$said"
	has " 0 failed, " "$said"
	has "
good: this host gives its guests stolen time, by provider " "$said"
	has_not "NO " "$said"
	has_not "  ?  " "$said"
	cp said "$here/figures"
}

json()
{
	checks 0 --json
	[ "$(wc -l < said)" -eq 1 ] || fail "not one line: $said"
	has '{"version":1,"kernel":"'"$(uname -r)"'","good":true,"verdict":"this host' \
		"$said"
	has '{"id":"kvm","needed":true,"there":true,' "$said"
	has '{"id":"pv_time_device","needed":false,"there":false,' "$said"
	has '"checks":[{"number":1,"ok":true,' "$said"
	has_not '"ok":false' "$said"
	# Every bracket that opens closes, outside of strings.
	sed 's/"[^"]*"//g; s/[^][{}]//g' said > brackets
	while grep -q '{}\|\[\]' brackets; do
		sed 's/{}//g; s/\[\]//g' brackets > fewer
		mv fewer brackets
	done
	[ "$(tr -d '\n' < brackets)" = "" ] || fail "brackets: $(cat brackets)"
}

each_provider()
{
	for provider in steady kvm; do
		if [ $provider = steady ] &&
				! grep -q 'yes  SMCCC filter' "$here/figures"
		then
			checks 6 --pvtime steady
			has "BAD: the conformance guest did not run: stolen time is required: this host kernel has no SMCCC filter" \
				"$said"
			continue
		fi
		checks 0 --pvtime $provider
		has "conformance guest, provider $provider: " "$said"
	done
	checks 6 --pvtime device
	has "this host kernel has no PV_TIME device" "$said"
	checks 6 --pvtime off
	has " 0 failed, " "$said"
	has "BAD: the guest was given no stolen time" "$said"
}

# ours_alone: not with the device of a machine that somebody else uses, too.
ours_alone()
{
	[ "$HOST" != native ] || skip "this machine's /dev/kvm is left alone"
}

# Whoever may open /dev/kvm need not be root.
as_nobody()
{
	ours_alone
	vmm="su nobody -s $vmm --"
	chmod 755 "$here"
	chmod 666 /dev/kvm
	checks 0
	chmod 660 /dev/kvm
	checks 1
	has "?    /dev/kvm                '/dev/kvm': Permission denied; as root: usermod" \
		"$said"
	has "
not known: '/dev/kvm': Permission denied" "$said"
	has_not "conformance" "$said"
}

without_kvm()
{
	ours_alone
	mv /dev/kvm kept
	checks 6
	checks 6 --json
	has '{"id":"kvm","needed":true,"there":false,' "$said"
	has '{"id":"gic","needed":true,"there":null,' "$said"
	mv kept /dev/kvm
	has '"good":false,' "$said"
	has "it needs CONFIG_KVM and a CPU started at EL2" "$said"
}

# As on a host older than Linux 5.5.
without_stolen_time()
{
	vmm="$here/deny 0x4018aee3 6 $vmm"
	checks 6
	has "NO   stolen time, best by" "$said"
	has "BAD: this host cannot give its guests stolen time" "$said"
}

# few_files: what the user lacks is not the host's fault.
few_files()
{
	for n in 4 6 9 12; do
		# shellcheck disable=SC2016
		sh -c 'ulimit -n "$1"; exec "$2" check' - $n "$vmm" \
			> said 2> err 9>&-
		status=$?
		[ $status -eq 1 ] || fail "$n files: $status: $(cat said err)"
		grep -q 'Too many open files' said err ||
			fail "$n files: $(cat said err)"
	done
}

# A host whose stolen time is wrong is not called good.
faulty()
{
	grep -q 'yes  SMCCC filter' "$here/figures" || skip "no SMCCC filter"
	vmm=$here/pvtime-vmm-faulty
	for fault in frozen twice padding-dirty; do
		export PVTIME_FAULT=$fault
		checks 6
		has "BAD: " "$said"
		has "  FAILED " "$said"
	done
	export PVTIME_FAULT=none
	checks 0
}

misused()
{
	checks 2 --pvtime xen
	has "'xen' is not one of auto, on, steady, kvm, device, off" "$(cat err)"
	checks 2 web
	has "takes no such word" "$(cat err)"
}

measured "check: this host can, and a person reads why" can
check "check --json: one line, the same" json
check "check --pvtime: each provider by itself" each_provider
check "check: no root needed, only /dev/kvm" as_nobody
check "check: no /dev/kvm" without_kvm
check "check: no stolen time" without_stolen_time
check "check: a user short of files" few_files
check "check: faults are found" faulty
check "check: wrong usage" misused
