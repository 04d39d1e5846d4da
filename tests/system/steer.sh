# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# steer.sh - running guests are listed, paused, reset, stopped, stolen from.
#
# STEER_SECONDS is for how long each share of 'steal' is measured, 2 where it is
# not set.

fast="quiet cryptomgr.notests initcall_blacklist=load_system_certificate_list"

# field NAME KEY: that number of what stat says of the guest; all vCPUs' sum.
field()
{
	"$vmm" stat --json "$1" | tr '{' ',' | tr ',' '\n' |
		sed -n "s/^\"$2\":\([0-9]*\)[]}]*$/\1/p" |
		awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# figures NAME: "held run stolen record" of all its vCPUs, at one moment.
figures()
{
	"$vmm" stat --json "$1" | tr '{' ',' | tr ',' '\n' | awk -F: '
	/^"(held|run|stolen|record)_ns":/ {
		sum[$1] += $2
	}
	END {
		printf "%.0f %.0f %.0f %.0f\n", sum["\"held_ns\""],
			sum["\"run_ns\""], sum["\"stolen_ns\""],
			sum["\"record_ns\""]
	}'
}

# ms A B: from A to B nanoseconds, in milliseconds.
ms()
{
	echo "$1 $2" | awk '{ printf "%.3f\n", ($2 - $1) / 1e6 }'
}

# near A B MOST: they differ by that at most.
near()
{
	echo "$1 $2 $3" | awk '{ exit !($1 - $2 <= $3 && $2 - $1 <= $3) }'
}

names()
{
	g=one
	mon --name one
	g=two
	mon
	two=guest-$(cat two/pid)
	listed=$("$vmm" list)
	has "one " "$listed"
	has "$two " "$listed"
	[ "$(echo "$listed" | grep -c running)" -eq 2 ] || fail "$listed"
	kill -9 "$(cat two/pid)"
	"$here/await" -p "$(cat two/pid)" 10 || fail "it does not die"
	[ -e "/run/pvtime-vmm/$two.sock" ] || fail "no socket is left"
	listed=$("$vmm" list)
	has_not "$two" "$listed"
	[ ! -e "/run/pvtime-vmm/$two.sock" ] || fail "the socket is left"
	"$vmm" stat "$two" 2> err && fail "there is a $two"
	has "no guest of that name" "$(cat err)"
	"$vmm" stop one || fail "stop: status $?"
	g=one
	ended 0
}

# looked SECONDS: have the guest look for gaps in its clock for so long.
looked()
{
	type "gap $1"
	await "gap: looking" 20
}

freeze()
{
	linux "$1" -c 1 -m 256 -p "$fast" --name "$g"
	looked 8
	before=$(field "$g" held_ns)
	began=$(now)
	"$vmm" pause "$g" || fail "pause: status $?"
	echo "# paused after $(took "$began") s"
	has paused "$("$vmm" list)"
	has '"state":"paused"' "$("$vmm" stat --json "$g")"
	sleep "$2"
	"$vmm" pause "$g" 2> err && fail "it is paused twice"
	has "paused already" "$(cat err)"
	! grep -q "us, steal" "$g/out" || fail "it looked too short"
	"$vmm" resume "$g" || fail "resume: status $?"
	await " ticks" 60
	said=$(grep -a -o 'gap [0-9]* us, steal [0-9]* ticks' "$g/out")
	echo "$2 s frozen: $said" >> "$here/figures"
	us=${said#gap }
	us=${us%% *}
	ticks=${said##*steal }
	# A busy host steals some, but not for so long at a time.
	[ "${ticks%% *}" -lt $(($2 * 70)) ] ||
		fail "it counts the pause: $said"
	[ "$us" -lt $(($2 * 700000)) ] || fail "its clock went on: $said"
	[ "$(field "$g" held_ns)" = "$before" ] || fail "it was stolen"
	ask 'dmesg | grep -i -e lockup -e stall -e "clocksource.*unstable"'
	case $answer in
	*lockup* | *stall* | *unstable*)
		fail "$answer"
		;;
	esac
	"$vmm" stop --now "$g" || fail "stop: status $?"
	ended 0
}

steals()
{
	linux "$1" -c 1 -m 256 -p "$fast" --name "$g" --on-pause steal
	# While it is idle: then no record lags behind.
	was=$(figures "$g")
	looked 8
	"$vmm" pause "$g" || fail "pause: status $?"
	sleep "$2"
	! grep -q "us, steal" "$g/out" || fail "it looked too short"
	"$vmm" resume "$g" || fail "resume: status $?"
	await " ticks" 60
	said=$(grep -a -o 'gap [0-9]* us, steal [0-9]* ticks' "$g/out")
	sleep 1
	paused=$(field "$g" paused_ns)
	held=$(field "$g" held_ns)
	# shellcheck disable=SC2086,SC2046 # words
	set -- $was $(figures "$g")
	stolen=$(ms "$3" "$7")
	record=$(ms "$4" "$8")
	echo "paused $(ms 0 "$paused") ms, held $(ms 0 "$held"), record" \
		"+$record, stolen +$stolen; guest: $said" >> "$here/figures"
	[ "$paused" = "$held" ] || fail "paused $paused, held $held ns"
	near "$record" "$stolen" 1 || fail "record +$record, stolen +$stolen ms"
	# What the scheduler stole while it looked is in both.
	us=${said#gap }
	ticks=${said##*steal }
	# Waits that border on it are in the gap, too.
	echo "${us%% *} $(ms 0 "$paused") $stolen $GAP_MS" | awk '{
		exit $1 / 1e3 < $2 - $4 || $1 / 1e3 > $3 + $4
	}' || fail "its clock went on by another time: $said, $paused ns"
	# It looked for less than all of that time.
	echo "${ticks%% *} $(ms 0 "$paused") $stolen" | awk '{
		exit $1 * 10 < $2 - 10 || $1 * 10 > $3 + 20
	}' || fail "it counts otherwise: $said, $stolen ms"
	"$vmm" stop --now "$g" || fail "stop: status $?"
	ended 0
}

# How long busy vCPUs take to stand still.
pauses()
{
	linux "$1" -c 2 -m 256 -p "$fast" --name "$g"
	ask 'for i in 1 2; do while :; do :; done & done'
	for _ in $(seq 20); do
		"$vmm" pause "$g" || fail "pause: status $?"
		field "$g" pause_took_ns
		"$vmm" resume "$g" || fail "resume: status $?"
	done > took
	sort -n took | awk -v most="$PAUSE_MS" '{
		ms[NR] = $1 / 1e6
	}
	END {
		printf "%d pauses, all vCPUs stood still after %.3f ms," \
			" %.3f at most\n", NR, ms[int((NR + 1) / 2)], ms[NR]
		exit NR != 20 || ms[NR] > most
	}' >> "$here/figures" || fail "$(cat "$here/figures")"
	"$vmm" stop --now "$g" || fail "stop: status $?"
	ended 0
}

# An idle guest and its host, looked at together after much was stolen: in ticks
# of 10 ms the same, but for the one that is not full yet.
agree()
{
	linux "$1" -c 2 -m 256 -p "$fast" --name "$g"
	"$vmm" steal "$g" 40% || fail "steal: status $?"
	# shellcheck disable=SC2016 # the guest's variable
	ask 'for i in 1 2; do taskset $i timeout 2 sh -c "while :; do :; done" & done; wait' 30
	"$vmm" steal "$g" 0 || fail "steal 0: status $?"
	# A guest counts at its ticks, and an idle CPU has none: wake each.
	# shellcheck disable=SC2016 # the guest's variable
	ask 'for i in 1 2; do taskset $i sh -c "i=0; while [ \$((i += 1)) -lt 3000 ]; do :; done"; done' 60
	records_of | cut -d ' ' -f 3 > early
	ask "grep '^cpu[0-9]' /proc/stat"
	records_of > late
	echo "$answer" | awk '/^cpu/ { print $9 }' | paste -d ' ' late early - |
		awk '{
		printf "vCPU %d: the guest counts %d ticks, its record" \
			" has %.3f ms, %.3f when it was asked\n", $1, $5,
			$3 / 1e6, $4 / 1e6
		bad += $5 * 10 < $4 / 1e6 - 10 || $5 * 10 > $3 / 1e6 + 10
		bad += $5 < 50
	}
	END {
		exit bad || NR != 2
	}' >> "$here/figures" || fail "$(cat "$here/figures")"
	"$vmm" stop --now "$g" || fail "stop: status $?"
	ended 0
}

# share SHARE SECONDS: what it is of a busy guest's time, and by whose books.
# The guest is asked between two looks at the host.
share()
{
	"$vmm" steal "$g" "$1" || fail "steal $1: status $?"
	sleep 1
	was=$(figures "$g")
	ask "grep '^cpu ' /proc/stat"
	was="$was $(echo "$answer" | awk '/^cpu / { print $9 }')"
	was="$was $(figures "$g")"
	sleep "$2"
	is=$(figures "$g")
	ask "grep '^cpu ' /proc/stat"
	is="$is $(echo "$answer" | awk '/^cpu / { print $9 }')"
	is="$is $(figures "$g")"
	echo "$1 $cpus $was $is" | tr -d % | awk '{
		held = $12 - $8
		got = 100 * held / (held + $13 - $9)
		guest = ($16 - $7) * 10
		low = ($14 - $10) / 1e6 - 20 * $2
		high = ($19 - $5) / 1e6 + 20 * $2
		printf "%d vCPUs, %d %%: %.2f %%; the guest counted %d ms, the" \
			" host %.0f to %.0f\n", $2, $1, got, guest, low, high
		exit !(got - $1 <= 2 && $1 - got <= 2) || guest < low ||
			guest > high
	}' >> "$here/figures" || fail "$(tail -n 1 "$here/figures")"
}

shares()
{
	for cpus in 1 2 4; do
		g=guest$cpus
		linux "$1" -c $cpus -m 256 -p "$fast" --name $g
		ask "for i in \$(seq $cpus); do while :; do :; done & done"
		for percent in 10% 25% 50% 75%; do
			share $percent "$2"
		done
		"$vmm" steal $g 0 || fail "steal 0: status $?"
		was=$(field $g held_ns)
		sleep 1
		[ "$(field $g held_ns)" = "$was" ] || fail "it goes on"
		"$vmm" stop --now $g || fail "stop: status $?"
		ended 0
	done
}

# From the start, for a time, one vCPU only; an idle guest loses nothing.
steal_options()
{
	g=busy
	run -k "$here/busy.bin" -c 1 --name "$g" --steal 50%
	sleep 2
	figures "$g" | awk '{ exit $1 < 0.8 * $2 || $1 > 1.2 * $2 }' ||
		fail "from the start: $(figures "$g")"
	"$vmm" stop "$g" || fail "stop: status $?"
	ended 0
	g=guest
	linux "$1" -c 2 -m 256 -p "$fast" --name "$g"
	"$vmm" steal "$g" 50% --cpu 1 --for 2 || fail "steal: status $?"
	# shellcheck disable=SC2016 # the guest's variable
	type 'for i in 1 2; do taskset $i timeout 4 sh -c "while :; do :; done" & done; wait'
	sleep 1
	"$vmm" stat --json "$g" | tr '{' '\n' > json
	grep -q '^"id":0,.*"held_ns":0,.*"steal_permille":0,' json ||
		fail "of vCPU 0, too: $(cat json)"
	grep -q '^"id":1,.*"held_ns":[1-9].*"steal_permille":500,' json ||
		fail "not of vCPU 1: $(cat json)"
	await "guest: ok " 30
	! "$vmm" stat --json "$g" | grep -q '"steal_permille":[1-9]' ||
		fail "it goes on after 2 s"
	# An idle one loses three times what it runs all the same, and no more.
	was=$(figures "$g")
	"$vmm" steal "$g" 75% || fail "steal: status $?"
	sleep 3
	echo "$was $(figures "$g")" | awk '{
		held = $5 - $1
		run = $6 - $2
		exit held > 3.1 * run + 3e7 || run > 1e9
	}' || fail "an idle guest: $was, $(figures "$g")"
	for bad in 100% x -5 99.5; do
		"$vmm" steal "$g" $bad 2> err
		status=$?
		[ $status -eq 2 ] || fail "steal $bad: status $status"
	done
	"$vmm" stop --now "$g" || fail "stop: status $?"
	ended 0
	run -k "$here/mon.bin" --steal 25% --pvtime off
	ended 1
}

# Totals only grow over a hundred resets, and stay as they are.
resets()
{
	mon -c 2 -m 64 --name "$g"
	last=0
	for i in $(seq 100); do
		"$vmm" reset "$g" || fail "reset $i: status $?"
		await "mon: ready"
		total=$(field "$g" stolen_ns)
		[ "$total" -ge "$last" ] || fail "reset $i: $last, then $total"
		last=$total
	done
	type o
	ended 0
}

# ran SECONDS: which part of them a busy vCPU ran, in percent; exits by signals.
ran()
{
	before="$(field "$g" run_ns) $(signals)"
	began=$(now)
	sleep "$1"
	echo "$before $(field "$g" run_ns) $(signals) $(took "$began")" |
		awk '{ printf "%.2f %d\n", ($3 - $1) / 1e7 / $5, $4 - $2 }'
}

# Somebody who looks all the time, on another CPU, does not get vCPUs out of the
# guest and takes nothing from it.
looking_costs_nothing()
{
	linux "$1" -c 1 -m 256 -p "$fast" --name "$g"
	ask 'while :; do :; done &'
	pin 2
	taskset -p 1 "$(field "$g" tid)"
	sleep 1
	alone=$(ran 6)
	# shellcheck disable=SC2016 # words of its shell
	taskset 2 sh -c 'while :; do "$0" stat --json "$1"; done' "$vmm" "$g" \
		> looks &
	looker=$!
	guests="$guests $looker"
	sleep 1
	from=$(grep -c . looks)
	watched=$(ran 6)
	looks=$(($(grep -c . looks) - from))
	kill $looker
	echo "$alone $watched $looks" | awk -v least="$RAN_LEAST" '{
		printf "it ran %.2f %% of the time; while it was looked at" \
			" %d times %.2f %%, with %d exits by signals\n", \
			$1, $5, $3, $4
		exit $5 < 20 || $4 > 0 || $3 < least * $1
	}' >> "$here/figures" || fail "$(cat "$here/figures")"
	"$vmm" stop --now "$g" || fail "stop: status $?"
	ended 0
}

# signals: how often signals got vCPUs out of the guest.
signals()
{
	field "$g" signal
}

# By signals: who does not listen has no time.  A script's & has SIGINT ignored;
# timeout(1) gives it back.
by_signals()
{
	run -k "$here/busy.bin" --name "$g"
	sleep 1
	kill -TERM "$(cat "$g/pid")"
	ended 143
	timeout -s INT 1 "$vmm" run -k "$here/busy.bin" > out 2> err < /dev/null
	status=$?
	[ $status -eq 130 ] || [ $status -eq 124 ] ||
		fail "SIGINT: status $status: $(cat err)"
}

# The guest powers off when its button is pressed; or hears it and does not.
button()
{
	linux "$1" -c 1 -m 256 -p "$fast" --name "$g"
	type "button"
	await "button: listening"
	began=$(now)
	"$vmm" stop "$g" || fail "stop: status $?"
	ended 0
	has "button: pressed" "$(cat "$g/out")"
	g=deaf
	linux "$1" -c 1 -m 256 -p "$fast" --name "$g" --grace 3
	type "button deaf"
	await "button: listening"
	"$vmm" pause "$g" || fail "pause: status $?"
	began=$(now)
	kill -TERM "$(cat "$g/pid")"
	await "button: pressed"
	ended 143 10
	took "$began" | awk '{ exit $1 < 2.9 || $1 > 6 }' ||
		fail "it had $(took "$began") s, not 3"
	g=twice
	linux "$1" -c 1 -m 256 -p "$fast" --name "$g" --grace 60
	type "button deaf"
	await "button: listening"
	kill -TERM "$(cat "$g/pid")"
	await "button: pressed"
	kill -TERM "$(cat "$g/pid")"
	ended 143 10
}

# What can be told where the host is emulated, which has times of its own.
GAP_MS=40 RAN_LEAST=0.8 PAUSE_MS=100
[ "$HOST" != native ] || GAP_MS=1 RAN_LEAST=0.995 PAUSE_MS=10

measured "pause: a guest's clock stands still" freeze 6.1 3
measured "pause: it is stolen" steals 6.1 3
measured "stat and the guest agree" agree 6.1
measured "steal: the share that was asked for" shares 6.1 "${STEER_SECONDS:-2}"
if [ "$HOST" = 6.12 ] || [ "$HOST" = native ]; then
	check "names, and what a killed one leaves" names
	measured "pause: how long it takes" pauses 6.1
	check "steal: from the start, for a time, of one vCPU" steal_options 6.1
	check "reset: totals go on over 100" resets
	measured "looking on costs the guest nothing" looking_costs_nothing 6.1
	check "signals" by_signals
	check "the power button" button 6.1
	measured "pause: 60 s, and no lockup" freeze newest 60
fi
