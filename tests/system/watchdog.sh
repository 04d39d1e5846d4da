# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# watchdog.sh - Debian's driver keeps the watchdog away while somebody lives;
# then the guest is reset.

bites()
{
	cat "$here/initrd" "$here/watchdog-modules" > initrd
	run -k "$here/Image-6.1" -i initrd -c 1 -m 256 -p quiet --watchdog \
		--no-reboot --name bites
	await 'guest: ready' 60
	ask 'ls /sys/bus/amba/drivers/sp805-wdt'
	has 90e0000.watchdog "$answer"
	ask 'watchdog -T 4 -t 1 /dev/watchdog; sleep 6; echo alive' 60
	has alive "$answer"
	# shellcheck disable=SC2016 # the guest's shell expands it
	ask 'kill -9 $(pidof watchdog)'
	# Whoever cannot run cannot be blamed.
	"$vmm" pause bites || fail "pause: $?"
	sleep 6
	kill -0 "$(cat "$g/pid")" || fail "it bites while the guest is paused"
	"$vmm" resume bites || fail "resume: $?"
	ended 4
	has 'the watchdog resets the guest' "$(cat "$g/err")"
}

check "a watchdog that nobody feeds resets the guest" bites
