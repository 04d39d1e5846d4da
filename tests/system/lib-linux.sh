# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# lib-linux.sh - Linux guests: to speak to them, to steal from them, to reset
# them.

# linux KERNEL ARG...: boot a Linux guest as far as its init.
linux()
{
	kernel=$here/Image-$1
	shift
	run -k "$kernel" -i "$here/initrd" "$@"
	await "guest: ready" 60
}

# ask COMMAND [SECONDS]: what the guest answers to it, in $answer.  What has been
# seen ends within a line, "guest: ok STATUS" most often: the rest of that line
# comes before the answer, and is no part of it.
ask()
{
	from=$(cat "$g/seen")
	type "$1"
	await "guest: ok " "${2:-30}"
	answer=$(tail -c "+$((from + 1))" "$g/out" |
		head -c "$(($(cat "$g/seen") - from - 10))" | tr -d '\r' |
		sed 1d)
}

# -- stealing --
#
# Each vCPU is idle when it is looked at, before and after a time in which it
# was busy and contended: nothing changes then while one number is read after
# the other.  How close the growths of the numbers must be:
#
#	scheduler	as "stat" tells it, which must lie between what
#			/proc/PID/task/TID/schedstat says before and after
#	record		as "stat" tells it: the same to 1 ms
#	guest		its /proc/stat, in ticks of 10 ms: what the record
#			gained, to two ticks for rounding and to what it gained
#			while the guest was asked, which takes a while

# counts: what /proc has for the threads $tids of $g, a line each.
counts()
{
	for tid in $tids; do
		read -r _ wait _ < "/proc/$(cat "$g/pid")/task/$tid/schedstat"
		echo "$wait"
	done
}

# records_in: "vCPU scheduler record" lines from what "stat --json" says.
records_in()
{
	tr '{' '\n' |
		sed -n 's/^"id":\([0-9]*\),.*"stolen_ns":\([0-9]*\),.*"record_ns":\([0-9]*\),.*/\1 \2 \3/p'
}

# records_of: those lines of $g.
records_of()
{
	"$vmm" stat --json "$g" > "$g/stat" || fail "stat: status $?"
	records_in < "$g/stat"
}

# look FILE NR: lines "vCPU scheduler record guest EARLIER" for NR vCPUs, the
# last being the record before the guest was asked.
look()
{
	tids=$("$vmm" stat --json "$g" | tr '{' '\n' |
		sed -n 's/.*"tid":\([0-9]*\).*/\1/p')
	records_of | cut -d ' ' -f 3 > "$1.earlier"
	# A guest counts at its ticks, and an idle CPU has none: wake each.
	ask "for i in \$(seq $2); do taskset \$((1 << (i - 1))) sh -c 'i=0; while [ \$((i += 1)) -lt 3000 ]; do :; done'; done; grep '^cpu[0-9]' /proc/stat" 60
	counts > "$1.before"
	records_of > "$1.now"
	counts > "$1.after"
	echo "$answer" | awk '/^cpu/ { print $9 }' |
		paste -d ' ' "$1.now" - "$1.earlier" "$1.before" "$1.after" \
		> "$1"
	[ "$(wc -l < "$1")" -eq "$2" ] || fail "stat said: $(cat "$g/stat")"
	awk '$2 < $6 || $2 > $7 { exit 1 }' "$1" ||
		fail "stat and /proc differ: $(cat "$1")"
}

# judge NR LEAST: @g, NR vCPUs, between two looks; LEAST: ms stolen of each.
judge()
{
	paste -d ' ' "$g/a" "$g/b" | awk -v g="$g" -v least="$2" '
	{
		scheduler = ($9 - $2) / 1e6
		record = ($10 - $3) / 1e6
		guest = ($11 - $4) * 10
		low = ($12 - $3) / 1e6 - 20
		high = ($10 - $5) / 1e6 + 20
		printf "%s vCPU %d: scheduler +%.3f ms, record %+.6f ms," \
			" guest %+.0f ms (%+.0f to %+.0f)\n", g, $1, \
			scheduler, record - scheduler, guest - record, \
			low - record, high - record
		off = record - scheduler
		if (off > 1 || off < -1)
			print "BAD: record and scheduler differ"
		if (scheduler < least)
			print "BAD: less than " least " ms stolen"
		if (guest < low || guest > high)
			print "BAD: record and guest differ"
	}' > "$g/verdict"
	! grep -q BAD "$g/verdict" || fail "$(cat "$g/verdict")"
	[ "$(grep -c scheduler "$g/verdict")" -eq "$1" ] || fail "no figures"
	cat "$g/verdict" >> "$here/figures"
}

# pin MASK: all threads of $g to the host's CPUs in MASK.
pin()
{
	for tid in "/proc/$(cat "$g/pid")/task"/*; do
		taskset -p "$1" "${tid##*/}" || fail "taskset"
	done
}

# contended KERNEL SECONDS NR...: guests of NR vCPUs each and a busy neighbour
# want one host CPU for SECONDS.
contended()
{
	guest_kernel=$1 seconds=$2
	shift 2
	for n; do
		g=${n}cpu
		linux "$guest_kernel" -c "$n" -m 256 -p quiet --name "$g"
		look "$g/a" "$n"
		pin 1
	done
	taskset 1 sh -c 'while :; do :; done' &
	neighbour=$!
	guests="$guests $neighbour"
	for n; do
		g=${n}cpu
		ask "for i in \$(seq $n); do timeout $seconds sh -c 'while :; do :; done' & done"
	done
	for n; do
		g=${n}cpu
		ask wait 90
	done
	kill "$neighbour"
	for n; do
		g=${n}cpu
		pin 3
		look "$g/b" "$n"
		judge "$n" $((seconds * 1000 / 4))
	done
}

# measured NAME FUNCTION ARG...: a test whose figures are worth a look.
measured()
{
	: > "$here/figures"
	check "$@"
	sed 's/^/#   /' "$here/figures"
}

# -- reset --

# warnings: what the guest's log has from warnings up, and all of what it says
# of its interrupt controller; no times, and nothing that depends on them.
warnings()
{
	ask 'dmesg -r | grep -e "^<[0-4]>" -e GIC -e ITS -e LPI'
	echo "$answer" | sed -e 's/^<\([0-9]*\)>\[[^]]*\] /\1 /' \
		-e '/hrtimer: interrupt took/d' -e '/watchdog: /d'
}

# uses_record: it has found its stolen time.
uses_record()
{
	ask 'dmesg | grep -c "using stolen time PV"'
	[ "$answer" = 1 ] || fail "it says $answer times that it uses records"
}

# Linux boots again in the same process, as well as at first.
reboots()
{
	linux 6.1 -c 2 -m 256 -p quiet --name reboots "$@"
	warnings > first
	uses_record
	ls "/proc/$(cat "$g/pid")/fd" > fds-first
	type 'reboot -f'
	await 'guest: ready' 60
	warnings > second
	uses_record
	ls "/proc/$(cat "$g/pid")/fd" > fds-second
	diff first second > difference ||
		fail "the second boot's log differs: $(cat difference)"
	diff fds-first fds-second || fail "descriptors: $(cat fds-second)"
	"$vmm" stat --json reboots > answer || fail "stat fails after a reset"
	type 'poweroff -f'
	ended 0
}
