# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# off.sh - stolen time that is off is off in every respect.

# answers_no OPTION...: all discovery calls say no, and no record is described.
answers_no()
{
	mon "$@"
	has "stolen time: off: as asked" "$(cat "$g/err")"
	tell p
	# PV_TIME_FEATURES is not even there, where the host lets us hide it.
	has "pvtime: arch -1 features -1 st -1" "$answer"
	has "record: none" "$answer"
	type o
	ended 0
}

answers_yes()
{
	mon -c 2 "$@"
	tell p
	has "pvtime: arch 0 features 0 st 0x90a0000" "$answer"
	has "revision 0 attributes 0" "$answer"
	type o
	ended 0
}

linux_without()
{
	linux 6.1 -c 2 -m 256 -p quiet --no-pvtime
	ask 'dmesg | grep -c arm-pv; ls /proc/device-tree'
	has "0
" "$answer"
	has "chosen" "$answer"
	has_not "reserved-memory" "$answer"
	ask 'cat /proc/stat'
	echo "$answer" | awk '/^cpu/ && $9 != 0 { exit 1 }' ||
		fail "the guest counts steal: $answer"
	type 'poweroff -f'
	ended 0
}

# The tree tells where the records are, and nobody may map them.
linux_with()
{
	linux 6.1 -c 2 -m 256 -p quiet
	ask 'cd /proc/device-tree/reserved-memory && ls pvtime@90a0000 && hexdump -e "8/1 \"%02x\"" pvtime@90a0000/reg; cd /'
	has "no-map" "$answer"
	has "00000000090a00000000000000010000" "$answer"
	type 'poweroff -f'
	ended 0
}

check "--no-pvtime: discovery says no" answers_no --no-pvtime
check "--pvtime off: discovery says no" answers_no --pvtime off
check "--pvtime kvm: discovery says yes" answers_yes --pvtime kvm
check "--pvtime on: discovery says yes" answers_yes --pvtime on
check "Linux without stolen time" linux_without
check "Linux with it: the region in the tree" linux_with
