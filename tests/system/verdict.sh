# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# verdict.sh - 'test' tells good kernels, bad ones and busy hosts apart.
#
# VERDICT_RUNS, 0 where it is not set, is how many runs of each kind in turn must
# be judged right in a row at the end.

# good KERNEL PARAMS TESTS: every test has a verdict, and it is good.
good()
{
	tested 0 -k "$here/Image-$1" -c 2 -m 512 -p "$fast $2" --tests "$3" \
		--tap tap --junit junit --report page.html --log log
	has "GOOD: " "$said"
	echo "$said" | grep -q '^FAIL' && fail "$said"
	# The plan is kept, and its numbers are in order.
	awk '
	/^1\.\./ {
		plan = substr($1, 4)
	}
	/^(not )?ok / {
		bad += $1 == "not" || $2 != ++n
	}
	END {
		exit bad || n == 0 || n != plan
	}' tap || fail "$(cat tap)"
	grep -q '<testsuite .*failures="0" errors="0"' junit || fail "$(cat junit)"
	grep -q '</html>' page.html || fail "the page is not whole"
	[ -e log ] || fail "there is no log"
	# Nothing here is a terminal.
	tr -d '\n -~' < said | grep -q . && fail "escapes: $said"
	return 0
}

# What the tests are about must have been seen, not skipped.
good_all()
{
	good "$1" "$2" all
	for t in boot cpus stolen-time iomem steal records idle hotplug log kexec \
			reboot no-steal-acc; do
		echo "$said" | grep -q "^ok  *$t " || fail "no $t: $said"
	done
}

panics()
{
	make_ird
	linux_tested 3 --log log \
		--tap tap --exec 'echo c > /proc/sysrq-trigger'
	has "PANIC: Kernel panic - not syncing: sysrq triggered crash" "$said"
	has "class: panic" "$(cat tap)"
	tail -n 1 log | grep -q 'end Kernel panic - not syncing: sysrq trig.* \]---' ||
		fail "the last line is lost: $(tail -n 2 log)"
	# An init of the user's that ends, in the middle of a line.
	linux_tested 3 --init /exits
	has "PANIC: Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000300" \
		"$said"
	tested 3 -k "$here/Image-6.1" -i ird -p "$fast panic=-1" --tests boot \
		--init /exits
	has "PANIC: Kernel panic - not syncing: Attempted to kill init!" "$said"
}

# seconds WORD FILE: wait for WORD in FILE; when it came.  Why not is most
# often in what a run said last, and so told as well.
seconds()
{
	n=0
	until grep -q "$1" "$2" 2> /dev/null; do
		n=$((n + 1))
		[ $n -lt 2000 ] || fail "no '$1' in $2: $(tail -n 20 "$2" err 2>&1)"
		usleep 10000
	done
	now
}

hangs()
{
	echo "0000000000000000 T _text
	0000000000000010 T spin" | tr -d '\t' > map
	tested 124 -k "$here/hang.bin" --hang 1 --tap tap --junit junit --symbols map
	has "HANG: no sign of life in 1 s of the guest's own time" "$said"
	has "its last line: hang: from now on nothing" "$said"
	has "spin+0xc, in the kernel, interrupts off" "$said"
	has "vCPU 1: off" "$said"
	has "class: hang" "$(cat tap)"
	has "<error " "$(cat junit)"
	tested 124 -k "$here/busy.bin" --hang 1
	has "NO OUTPUT: the kernel said nothing in 1 s of its own time" "$said"
}

# map: of the guest's kernel, as System.map has it: where the image's first byte
# is _text, 64 KiB before _stext, which /proc/kallsyms leaves out; and with
# addresses that no other boot has.
map()
{
	linux_tested 0 --log log \
		--exec "grep -A1 -B1 -e ' _stext\$' -e ' queued_spin_lock_slowpath\$' -e ' _end\$' /proc/kallsyms"
	tr -d '\r' < log |
		sed -n 's/^[| ]*\(ffff[0-9a-f]* [A-Za-z] [^ []*\)$/\1/p' |
		awk '{ print }
		/ _stext$/ { print substr($1, 1, 11) "00000 T _text" }' > map
	grep -q ' T queued_spin_lock_slowpath$' map ||
		fail "no symbols: $(cat map)"
}

# A deadlock with interrupts off, in a module; and the name of the function.
linux_hangs()
{
	[ -e "$here/spin.ko" ] || skip "no module for guest 6.1"
	make_ird
	map
	linux_tested 124 -c 1 --hang 10 --symbols map \
		--exec '/bin/busybox insmod /spin.ko'
	has "HANG: " "$said"
	has ", in test command" "$said"
	has "
  vCPU 0: pc 0xffff" "$said"
	has " queued_spin_lock_slowpath+0x" "$said"
	has ", in the kernel, interrupts off
" "$said"
}

not_started()
{
	head -c 5000000 "$here/Image-6.1" > short
	tested 1 -k short --tap tap --tests all
	has "NOT STARTED: " "$said"
	has "truncated: has 5000000 of" "$said"
	has "Bail out! not-started: " "$(cat tap)"
	tested 5 -k "$here/Image-6.1" --pvtime device
	has "NO PVTIME: " "$said"
	tested 2 -k "$here/Image-6.1" --tests boots
}

without_stolen_time()
{
	tested 0 -k "$here/Image-6.1" -p "$fast" --pvtime off
	has "GOOD: " "$said"
	has "it is given none, and counts none" "$said"
	echo "$said" | grep -q '^skip  stolen-time ' || fail "$said"
}

commands()
{
	make_ird
	tested 6 -k "$here/Image-6.1" -i ird -p "$fast" --tests boot,log --tap tap \
		--exec 'busybox echo fine' --exec 'echo out; echo last >&2; exit 3' \
		--exec 'kill -9 $$' --exec 'echo "Kernel panic - not syncing: no"'
	has "COMMAND: command-2: 'echo out; echo last >&2; exit 3': exit status 3: last" \
		"$said"
	has "'kill -9 \$\$': ended by signal 9" "$said"
	has "(4 ok, 2 failed, in " "$said"
	has "not ok 3 - command-2: " "$(cat tap)"
	linux_tested 0 --init /offs
	linux_tested 6 --init /broken
	has "/broken: not found" "$said"
}

ends_unasked()
{
	make_ird
	linux_tested 6 \
		--exec 'busybox reboot -f'
	has "RESET: the guest reset itself unasked" "$said"
	linux_tested 6 \
		--exec 'busybox poweroff -f'
	has "OFF: the guest powered off before the tests were over" "$said"
	linux_tested 124 --timeout 25 \
		--exec 'busybox sleep 1000'
	has "TIMEOUT: not over after 25 s (--timeout), in test command" "$said"
}

# Ten times as much to do as there are CPUs: slow, and good all the same; and who
# is lost is not given longer.
busy_host()
{
	for _ in $(seq $((10 * $(nproc)))); do
		while :; do :; done &
		guests="$guests $!"
	done
	tested 0 -k "$here/Image-6.1" -p "$fast" -c 1 --hang 10 \
		--tests boot,steal,records,idle
	echo "$said" | sed 's/^/# /'
	tested 124 -k "$here/hang.bin" --hang 1
	has "HANG: " "$said"
}

# Who stops the whole process has not hung the guest.
stopped()
{
	make_ird
	"$vmm" test -k "$here/Image-6.1" -i ird -p "$fast" --tests boot \
		--hang 20 \
		--exec 'busybox sleep 4' > said 2> err < /dev/null &
	pid=$!
	seconds '^ok  *boot' said > /dev/null || fail "$(cat said)"
	kill -STOP $pid
	sleep 22
	kill -CONT $pid
	wait $pid || fail "$(cat said)"
}

# What a guest floods its lines with spoils nothing but its own verdict.
floods()
{
	make_ird
	tested 6 -k "$here/Image-6.1" -i ird -p "$fast" --tests boot,cpus --timeout 60 \
		--exec 'busybox cat /dev/zero | busybox tr "\000" "x" | busybox head -c 20000' \
		--exec 'busybox yes | busybox head -c 10000; false' --log log
	has "'busybox yes" "$said"
	[ "$(wc -c < log)" -gt 30000 ] || fail "the log is not whole"
}

# As on a host older than Linux 5.5.
old_host()
{
	vmm="$here/deny 0x4018aee3 6 $vmm"
	tested 0 -k "$here/Image-6.1" -p "$fast"
	has "GOOD: " "$said"
	has ", stolen time: off
" "$said"
	tested 5 -k "$here/Image-6.1" --pvtime on
	has "NO PVTIME: " "$said"
}

# ended_by SIGNAL STATUS: half a second after it began.
ended_by()
{
	vmm="timeout -s $1 0.5 $vmm"
	tested "$2" -k "$here/busy.bin"
	has "INTERRUPTED: ended by signal $(($2 - 128)), in test boot" "$said"
}

# Colours are for terminals that have some.
colours()
{
	for term in xterm dumb; do
		TERM=$term "$here/pty" "$vmm" test -k "$here/off.bin" \
			< /dev/null > shown 2> err
		status=$?
		[ $status -eq 6 ] || fail "status $status: $(cat shown err)"
		nr=$(grep -c "$(printf '\033')" shown)
		case $term in
		xterm)
			[ "$nr" -gt 0 ] || fail "no colours: $(cat shown)"
			;;
		*)
			[ "$nr" -eq 0 ] || fail "escapes: $(cat shown)"
			;;
		esac
	done
}

# in_a_row RUNS: each kind in turn, until so many were judged.
in_a_row()
{
	echo 0 > "$here/verdicts"
	wrong=0 round=0
	while [ "$(cat "$here/verdicts")" -lt "$1" ] && [ $wrong -eq 0 ]; do
		round=$((round + 1))
		for kind in "good 6.1 '' standard" panics hangs linux_hangs \
				not_started without_stolen_time commands \
				ends_unasked busy_host; do
			dir=$round-${kind%% *}
			mkdir "$dir"
			cd "$dir" || fail "no folder"
			before=$(cat "$here/verdicts")
			began=$(now)
			how=right
			(
				trap kill_guests EXIT
				eval "$kind"
			) 9> why || {
				how="WRONG: $(cat why)"
				wrong=$((wrong + 1))
			}
			echo "$kind: $(($(cat "$here/verdicts") - before))" \
				"judged $how, $(took "$began") s" \
				>> "$here/figures"
			cd ..
			rm -rf "$dir"
		done
	done
	echo "$(cat "$here/verdicts") in a row" >> "$here/figures"
	[ $wrong -eq 0 ] || fail "$wrong groups of runs are wrong"
}

check "a good kernel: 6.1" good_all 6.1 ""
if [ "$HOST" = 6.12 ] || [ "$HOST" = native ]; then
	check "... 6.12" good_all 6.12 arm64.nolva
	check "... newest" good_all newest ""
	check "panics" panics
	check "hangs" hangs
	check "Linux hangs" linux_hangs
	check "what does not start" not_started
	check "without stolen time" without_stolen_time
	check "a host without stolen time" old_host
	check "commands" commands
	check "ends that nobody asked for" ends_unasked
	check "SIGINT" ended_by INT 130
	check "SIGTERM" ended_by TERM 143
	check "colours on terminals alone" colours
	check "a busy host is no hang" busy_host
	check "a stopped process is no hang" stopped
	check "floods" floods
	echo "#   $(cat "$here/verdicts") runs judged"
	if [ "${VERDICT_RUNS:-0}" -gt 0 ]; then
		measured "$VERDICT_RUNS runs in a row" in_a_row "$VERDICT_RUNS"
	fi
fi
