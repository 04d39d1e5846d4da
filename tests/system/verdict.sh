# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# verdict.sh - 'test' tells good kernels, bad ones and busy hosts apart.
#
# Debian's kernels spend most of a boot on their console, on tests of their
# cryptography and on certificates; without these they are up in a second.

fast="quiet cryptomgr.notests initcall_blacklist=load_system_certificate_list"

# judge STATUS ARG...: run test, which must end with STATUS; $said is what it
# said to people.
judge()
{
	want=$1
	shift
	code=0
	"$vmm" test "$@" > said 2> err < /dev/null || code=$?
	said=$(cat said)
	[ $code -eq "$want" ] || fail "status $code, not $want: $(cat said err)"
}

# The guests' files, and some of our own behind them.
make_ird()
{
	mkdir -p own/bin
	ln -sf busybox own/bin/sh
	cat > own/exits <<-EOF2
	#!/bin/busybox sh
	/bin/busybox printf '/ # '
	exit 3
	EOF2
	cat > own/offs <<-EOF2
	#!/bin/busybox sh
	/bin/busybox poweroff -f
	EOF2
	echo "#!/no/such/shell" > own/broken
	chmod 755 own/exits own/offs own/broken
	[ ! -e "$here/spin.ko" ] || cp "$here/spin.ko" own
	(cd own && find . -mindepth 1 | cpio -o -H newc 2> /dev/null) > own.cpio
	cat "$here/initrd" own.cpio > ird
}

# good KERNEL PARAMS TESTS: every test has a verdict, and it is good.
good()
{
	judge 0 -k "$here/Image-$1" -c 2 -m 512 -p "$fast $2" --tests "$3" \
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
	judge 3 -k "$here/Image-6.1" -i ird -p "$fast" --tests boot --log log \
		--tap tap --exec 'echo c > /proc/sysrq-trigger'
	has "PANIC: Kernel panic - not syncing: sysrq triggered crash" "$said"
	has "class: panic" "$(cat tap)"
	tail -n 1 log | grep -q 'end Kernel panic - not syncing: sysrq trig.* \]---' ||
		fail "the last line is lost: $(tail -n 2 log)"
	# An init of the user's that ends, in the middle of a line.
	judge 3 -k "$here/Image-6.1" -i ird -p "$fast" --tests boot --init /exits
	has "PANIC: Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000300" \
		"$said"
	judge 3 -k "$here/Image-6.1" -i ird -p "$fast panic=-1" --tests boot \
		--init /exits
	has "PANIC: Kernel panic - not syncing: Attempted to kill init!" "$said"
}

# seconds WORD FILE: wait for WORD in FILE; when it came.
seconds()
{
	n=0
	until grep -q "$1" "$2" 2> /dev/null; do
		n=$((n + 1))
		[ $n -lt 2000 ] || fail "no '$1' in $2"
		usleep 10000
	done
	now
}

# Told within 100 ms of the line; a busy host may need a second chance.
panic_is_told_at_once()
{
	make_ird
	for try in 1 2 3; do
		: > log
		: > said
		"$vmm" test -k "$here/Image-6.1" -i ird -p "$fast" --tests boot \
			--log log --exec 'echo c > /proc/sysrq-trigger' \
			> said 2> err < /dev/null &
		a=$(seconds 'Kernel panic - not' log) || fail "$(cat said)"
		b=$(seconds 'cut short: Kernel panic' said) || fail "$(cat said)"
		wait $! && fail "status 0"
		took=$(echo "$a $b" | awk '{ printf "%d", ($2 - $1) * 1000 }')
		echo "# try $try: told after $took ms"
		[ "$took" -gt 100 ] || return 0
	done
	fail "told after $took ms"
}

hangs()
{
	echo "0000000000000000 T _text
	0000000000000010 T spin" | tr -d '\t' > map
	judge 124 -k "$here/hang.bin" --hang 1 --tap tap --junit junit --symbols map
	has "HANG: no sign of life in 1 s of the guest's own time" "$said"
	has "its last line: hang: from now on nothing" "$said"
	has "spin+0xc, in the kernel, interrupts off" "$said"
	has "vCPU 1: off" "$said"
	has "class: hang" "$(cat tap)"
	has "<error " "$(cat junit)"
	judge 124 -k "$here/busy.bin" --hang 1
	has "NO OUTPUT: the kernel said nothing in 1 s of its own time" "$said"
}

# A kernel that hangs with interrupts off, and the name of the function.
linux_hangs()
{
	[ -e "$here/spin.ko" ] || skip "no module for guest 6.1"
	make_ird
	judge 124 -k "$here/Image-6.1" -i ird -p "$fast" -c 1 --tests boot --hang 10 \
		--exec '/bin/busybox insmod /spin.ko'
	has "HANG: " "$said"
	has "in the kernel, interrupts off" "$said"
}

not_started()
{
	head -c 5000000 "$here/Image-6.1" > short
	judge 1 -k short --tap tap --tests all
	has "NOT STARTED: " "$said"
	has "truncated: has 5000000 of" "$said"
	has "Bail out! not-started: " "$(cat tap)"
	judge 5 -k "$here/Image-6.1" --pvtime device
	has "NO PVTIME: " "$said"
	judge 2 -k "$here/Image-6.1" --tests boots
}

without_stolen_time()
{
	judge 0 -k "$here/Image-6.1" -p "$fast" --pvtime off
	has "GOOD: " "$said"
	has "it is given none, and counts none" "$said"
	echo "$said" | grep -q '^skip  stolen-time ' || fail "$said"
}

commands()
{
	make_ird
	judge 6 -k "$here/Image-6.1" -i ird -p "$fast" --tests boot,log --tap tap \
		--exec 'busybox echo fine' --exec 'echo out; echo last >&2; exit 3' \
		--exec 'kill -9 $$' --exec 'echo "Kernel panic - not syncing: no"'
	has "COMMAND: command-2: 'echo out; echo last >&2; exit 3': exit status 3: last" \
		"$said"
	has "'kill -9 \$\$': ended by signal 9" "$said"
	has "(4 ok, 2 failed, in " "$said"
	has "not ok 3 - command-2: " "$(cat tap)"
	judge 0 -k "$here/Image-6.1" -i ird -p "$fast" --tests boot --init /offs
	judge 6 -k "$here/Image-6.1" -i ird -p "$fast" --tests boot --init /broken
	has "/broken: not found" "$said"
}

ends_unasked()
{
	make_ird
	judge 6 -k "$here/Image-6.1" -i ird -p "$fast" --tests boot \
		--exec 'busybox reboot -f'
	has "RESET: the guest reset itself unasked" "$said"
	judge 6 -k "$here/Image-6.1" -i ird -p "$fast" --tests boot \
		--exec 'busybox poweroff -f'
	has "OFF: the guest powered off before the tests were over" "$said"
	judge 124 -k "$here/Image-6.1" -i ird -p "$fast" --tests boot --timeout 25 \
		--exec 'busybox sleep 1000'
	has "TIMEOUT: not over after 25 s (--timeout), in test command" "$said"
}

# Ten times as much to do as there are CPUs: slow, and good all the same.
busy_host()
{
	loops=
	for i in $(seq $((10 * $(nproc)))); do
		while :; do :; done &
		loops="$loops $!"
	done
	code=0
	"$vmm" test -k "$here/Image-6.1" -p "$fast" -c 1 --hang 10 \
		--tests boot,steal,records,idle > said 2> err < /dev/null ||
		code=$?
	# shellcheck disable=SC2086
	kill $loops
	[ $code -eq 0 ] || fail "status $code: $(cat said err)"
	echo "$(cat said)" | sed 's/^/# /'
}

# Who stops the whole process has not hung the guest.
stopped()
{
	make_ird
	"$vmm" test -k "$here/Image-6.1" -i ird -p "$fast" --tests boot --hang 9 \
		--exec 'busybox sleep 4' > said 2> err < /dev/null &
	pid=$!
	seconds '^ok  *boot' said > /dev/null || fail "$(cat said)"
	kill -STOP $pid
	sleep 11
	kill -CONT $pid
	wait $pid || fail "$(cat said)"
}

# What a guest floods its lines with spoils nothing but its own verdict.
floods()
{
	make_ird
	judge 6 -k "$here/Image-6.1" -i ird -p "$fast" --tests boot,cpus --timeout 60 \
		--exec 'busybox cat /dev/zero | busybox tr "\000" "x" | busybox head -c 20000' \
		--exec 'busybox yes | busybox head -c 10000; false' --log log
	has "'busybox yes" "$said"
	[ "$(wc -c < log)" -gt 30000 ] || fail "the log is not whole"
}

check "a good kernel: 6.1" good_all 6.1 ""
if [ "$HOST" = 6.12 ] || [ "$HOST" = native ]; then
	check "... 6.12" good_all 6.12 arm64.nolva
	check "... newest" good_all newest ""
	check "panics" panics
	check "a panic is told at once" panic_is_told_at_once
	check "hangs" hangs
	check "Linux hangs" linux_hangs
	check "what does not start" not_started
	check "without stolen time" without_stolen_time
	check "commands" commands
	check "ends that nobody asked for" ends_unasked
	check "a busy host is no hang" busy_host
	check "a stopped process is no hang" stopped
	check "floods" floods
fi
