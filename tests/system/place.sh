# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# place.sh - records inside the guest's RAM.

# Linux leaves them alone, uses them, and finds them again after a reset.
in_ram()
{
	linux 6.1 -c 2 -m 192 -p quiet --pvtime-place ram --name guest
	# 192 MiB from 0x40000000 on; the last 64 KiB are not Linux'.
	has "2 records at 0x4bff0000" "$(cat "$g/err")"
	uses_record
	ask 'cat /proc/iomem; ls /proc/device-tree/reserved-memory'
	has "4bff0000-4bffffff : reserved" "$answer"
	has "pvtime@4bff0000" "$answer"
	pin 1
	ask "for i in 1 2; do timeout 2 sh -c 'while :; do :; done' & done; wait" 60
	pin 3
	look "$g/a" 2
	awk '$4 < 10 { print "BAD: " $0 }' "$g/a" > bad
	[ ! -s bad ] || fail "the guest counts too little: $(cat bad)"
	type 'reboot -f'
	await 'guest: ready' 60
	uses_record
	type 'poweroff -f'
	ended 0
}

check "records in RAM: Linux keeps off them, uses them, reboots" in_ram
