# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# kmod.sh - the PV_TIME device of the test module: its forms as promised.

# probes FORM: load the module with that form, try all of it, unload it.
probes()
{
	[ -e "$here/pvtime_dev.ko" ] || skip "no test module for this kernel"
	insmod "$here/pvtime_dev.ko" form="$1" || fail "insmod: status $?"
	"$here/probe" "$1" > tap
	status=$?
	rmmod pvtime_dev || fail "rmmod: status $?"
	[ $status -eq 0 ] || fail "status $status: $(grep -v '^ok' tap)"
	grep -qx "1\.\.[1-9][0-9]*" tap || fail "no plan: $(tail -n 1 tap)"
}

check "PV_TIME device, version 1" probes 1
check "PV_TIME device, versions 2 and 3" probes 2
