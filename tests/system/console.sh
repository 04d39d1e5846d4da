# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# console.sh - the serial console on pipes, files and terminals, which are given
# back as they were on every way out.

# -- pipes and files --

# A byte costs an exit, and an exit in an emulated host a tenth of a
# millisecond: so there it is an eighth of what hardware is given.
if [ "$HOST" = native ]; then
	lines=131072 input=65536
else
	lines=16384 input=8192
fi

# A reader that takes its time gets all that was written, in order.
flood()
{
	flood_guest $lines
	(
		"$vmm" run -k flood.bin -c 1 < /dev/null
		echo $? > status
	) | (
		dd bs=4096 count=8
		sleep 2
		dd bs=4096 count=8
		sleep 2
		cat
	) > got
	[ "$(cat status)" -eq 0 ] || fail "status $(cat status)"
	seq 0 $((lines - 1)) | awk '{ printf "%07x\n", $1 }' > wanted
	cmp wanted got || fail "$(wc -c < got) bytes, and not those"
}

# Input comes back whole, in order.
echoes()
{
	mon
	seq 10000 99999 | head -c $input > wanted
	printf e > "$g/in"
	cat wanted > "$g/in"
	type "$(printf '\004')"
	await "ok e" 120
	tr -d '\r' < "$g/out" | sed 1d | head -c $input > got
	cmp wanted got || fail "what came back differs"
	type o
	ended 0
}

# The guest powers off, whatever its console is.
stdio()
{
	timeout 20 "$vmm" run -k "$here/mon.bin" --timeout 2 < /dev/null > out
	status=$?
	[ $status -eq 124 ] || fail "input from /dev/null: status $status"
	has "mon: ready" "$(cat out)"
	timeout 20 "$vmm" run -k "$here/off.bin" <&- ||
		fail "no input: status $?"
	timeout 20 "$vmm" run -k "$here/off.bin" >&- ||
		fail "no output: status $?"
	timeout 20 "$vmm" run -k "$here/off.bin" 2>&- ||
		fail "no errors: status $?"
	timeout 20 "$vmm" run -k "$here/off.bin" <&- >&- 2>&- ||
		fail "nothing: status $?"
	echo o | timeout 20 "$vmm" run -k "$here/mon.bin" > out ||
		fail "input that ends: status $?"
	timeout 20 "$vmm" run -k "$here/mon.bin" < /dev/null > /dev/full 2> err
	status=$?
	[ $status -eq 1 ] || fail "a full disk: status $status"
	has "console output: No space left" "$(cat err)"
}

# Who reads no more ends us as it ends others: silently, by SIGPIPE.
reader_gone()
{
	(
		timeout 60 "$vmm" run -k "$here/flood.bin" < /dev/null 2> err
		echo $? > status
	) | head -n 1 > got
	[ "$(cat status)" -eq 141 ] || fail "status $(cat status): $(cat err)"
	[ "$(cat got)" = 0000000 ] || fail "$(cat got)"
	! grep error err || fail "$(cat err)"
}

# A reader that sleeps holds up neither limits nor signals.
reader_sleeps()
{
	mkfifo out
	# shellcheck disable=SC2217 # it holds the pipe open
	sleep 30 < out &
	guests="$guests $!"
	timeout 20 "$vmm" run -k "$here/flood.bin" --timeout 2 < /dev/null > out
	status=$?
	[ $status -eq 124 ] || fail "--timeout: status $status"
	timeout -s TERM 2 "$vmm" run -k "$here/flood.bin" < /dev/null > out
	status=$?
	[ $status -eq 143 ] || fail "SIGTERM: status $status"
}

# Signals that our parent ignores do not end us: nohup(1).
ignored()
{
	trap '' HUP
	mon
	kill -HUP "$(cat "$g/pid")"
	tell b
	type o
	ended 0
}

# -- terminals: pty's status is 99 if they are not given back --

# on_terminal ARG...: as run, on a terminal.
on_terminal()
{
	program=$vmm
	vmm="$here/pty $program"
	run "$@"
	vmm=$program
}

# keys TEXT: typed, as printf takes it.
keys()
{
	# shellcheck disable=SC2059
	printf "$1" > "$g/in"
}

mon_on_terminal()
{
	on_terminal -k "$here/mon.bin" "$@"
	await "mon: ready"
}

vmm_pid()
{
	sed -n 's/^pty: //p' "$g/err"
}

powers_off()
{
	mon_on_terminal
	keys o
	ended 0
}

ctrl_a()
{
	mon_on_terminal
	keys '\001c'
	await "Ctrl-a x"
	# In raw mode Ctrl-c and Ctrl-z are the guest's, and nothing echoes.
	keys '\003'
	await "$(printf 'unknown \003')"
	keys '\032'
	await "$(printf 'unknown \032')"
	keys '\001a'
	await "$(printf 'unknown \001')"
	keys '\001\001'
	await "$(printf 'unknown \001')"
	keys '\001x'
	ended 0
}

# A guest that takes no input any more can be left nevertheless.
ctrl_a_hung()
{
	mon_on_terminal
	keys h
	keys '0123456789012345678901234567890123456789012345678901234567890123'
	keys '0123456789012345678901234567890123456789012345678901234567890123'
	keys '\001x'
	ended 0
}

# by_signal NUMBER...: each ends it as if never caught.
by_signal()
{
	for number; do
		mon_on_terminal
		kill -"$number" "$(vmm_pid)"
		ended $((128 + number))
	done
}

timed_out()
{
	mon_on_terminal --timeout 2
	ended 124
}

crashed()
{
	on_terminal -k "$here/Image-6.1" -i "$here/initrd" -c 1 -m 256 \
		-p 'quiet panic=-1' --no-reboot
	await "guest: ready" 60
	keys 'echo c > /proc/sysrq-trigger\n'
	await "the guest crashed: Kernel panic"
	ended 3
}

refused()
{
	on_terminal -k nowhere
	ended 1
	on_terminal --nonsense
	ended 2
}

break_key()
{
	on_terminal -k "$here/Image-6.1" -i "$here/initrd" -c 1 -m 256 -p quiet
	await "guest: ready" 60
	keys '\001b'
	keys h
	await "sysrq: HELP"
	keys 'poweroff -f\n'
	ended 0
}

# In the background a terminal is left alone, and nobody is stopped.
background()
{
	mkdir "$g"
	mkfifo "$g/in"
	"$here/pty" sh -c "set -m
		$vmm run -k $here/mon.bin --timeout 4 &
		wait \$!
		echo status \$?" 0<> "$g/in" > "$g/out" 2> "$g/err" &
	echo $! > "$g/pid"
	guests="$guests $!"
	echo 0 > "$g/seen"
	await "mon: ready"
	keys 'typed\n'
	await "status 124"
	ended 0
}

# The guest's shell on a terminal: what is typed is echoed once, by the guest.
linux_shell()
{
	on_terminal -k "$here/Image-6.1" -i "$here/initrd" -c 1 -m 256 -p quiet
	await "guest: ready" 60
	keys 'stty echo; exec setsid cttyhack sh\n'
	await '# '
	sleep 1
	keys 'sleep 60\n'
	await 'sleep 60'
	sleep 1
	keys '\003'
	await '# '
	# shellcheck disable=SC2016 # the guest's shell expands it
	keys 'echo $((6 * 7))x\n'
	await 42x
	keys 'poweroff -f\n'
	ended 0
}

check "$((lines / 128)) KiB to a slow reader" flood
check "$((input / 1024)) KiB of input" echoes
check "any standard input and output" stdio
check "reader gone" reader_gone
check "reader asleep" reader_sleeps
check "ignored signals stay ignored" ignored
check "terminal: power-off" powers_off
check "terminal: Ctrl-a" ctrl_a
check "terminal: Ctrl-a x with a hung guest" ctrl_a_hung
check "terminal: HUP, INT, QUIT, TERM" by_signal 1 2 3 15
check "terminal: ABRT, SEGV" by_signal 6 11
check "terminal: --timeout" timed_out
check "terminal: guest crash" crashed
check "terminal: refused" refused
check "terminal: break, SysRq" break_key
check "terminal: in the background" background
check "terminal: Linux's shell" linux_shell
