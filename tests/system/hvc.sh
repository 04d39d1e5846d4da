# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# hvc.sh - the other consoles: virtio's, files, terminals that come and go, none;
# and the clock's alarm.

# Linux that speaks on hvc0, once its module is there.
hvc_guest()
{
	kernel=$1
	shift
	"$kernel" -k "$here/Image-6.1" -i "$here/initrd-hvc" -c 1 -m 256 \
		-p 'quiet console=hvc0' "$@"
}

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

# Its size is the terminal's, also when that changes; keys and signals are the
# guest's; Ctrl-a is ours.
terminal()
{
	hvc_guest on_terminal --console virtio
	await "guest: ready" 60
	ask 'stty size'
	has "25 80" "$answer"
	pid=$(sed -n 's/^pty: //p' "$g/err")
	stty -F "/proc/$pid/fd/0" rows 43 cols 132
	sleep 1
	ask 'stty size'
	has "43 132" "$answer"
	keys '\001c'
	await "Ctrl-a x"
	keys '\001b'
	keys h
	await "sysrq: HELP"
	keys '\001x'
	ended 0
}

# Much comes whole, in both directions; it works after a reset; a panic is seen.
flow()
{
	hvc_guest run --console virtio
	await "guest: ready" 60
	ask 'seq 100000 129999 > /tmp/numbers; cat /tmp/numbers' 60
	seq 100000 129999 > wanted
	echo "$answer" > got
	cmp wanted got || fail "$(wc -c < got) bytes, and not those"
	type 'cat > /tmp/in'
	seq 1 400 | sed 's/^/a line of input, so many bytes long: /' > in
	cat in > "$g/in"
	keys '\004'
	await "guest: ok 0" 60
	ask 'md5sum < /tmp/in'
	has "$(md5sum < in)" "$answer"
	type 'reboot -f'
	await "guest: ready" 60
	type 'echo c > /proc/sysrq-trigger'
	await "end Kernel panic" 30
	ended 3
	has "the guest crashed: Kernel panic" "$(cat "$g/err")"
}

# A file has all that was said, of several runs; it is its owner's alone.
file()
{
	echo o | timeout 20 "$vmm" run -k "$here/mon.bin" --timeout 2 \
		--console file=log > out
	status=$?
	[ $status -eq 124 ] || fail "input is read: status $status"
	[ ! -s out ] || fail "it also says: $(cat out)"
	has "mon: ready" "$(cat log)"
	[ "$(stat -c %a log)" = 600 ] || fail "mode $(stat -c %a log)"
	g=file
	hvc_guest run --console virtio,file=log
	"$here/await" -p "$(cat $g/pid)" 60 log "guest: ready" ||
		fail "no guest: $(cat log)"
	kill "$(cat $g/pid)"
	ended 143
	has "mon: ready" "$(cat log)"
}

# Nobody connected: the guest goes on.  Who comes sees the newest; who goes and
# comes again is welcome.
pty()
{
	flood_guest 8192
	timeout 60 "$vmm" run -k flood.bin -c 1 --console pty < /dev/null \
		> out 2> err || fail "nobody there: status $?"
	grep -q 'console: /dev/pts/[0-9]' err || fail "$(cat err)"
	[ ! -s out ] || fail "it also says: $(cat out)"

	hvc_guest run --console virtio,pty=link
	for round in 1 2 3; do
		"$here/await" -p "$(cat "$g/pid")" 60 "$g/err" console:
		: > got
		cat link > got &
		reader=$!
		guests="$guests $reader"
		if [ $round = 1 ]; then
			"$here/await" -p "$(cat "$g/pid")" 60 got "guest: ready" ||
				fail "round $round: $(cat got)"
		fi
		sleep 1
		# shellcheck disable=SC2016 # the guest's shell expands it
		echo "echo r$round \$((6 * 7))x" > link
		"$here/await" -p "$(cat "$g/pid")" 20 got "r$round 42x" ||
			fail "round $round: $(cat got)"
		kill $reader
		wait $reader
	done
	echo 'poweroff -f' > link
	ended 0
	[ ! -e link ] && [ ! -L link ] || fail "the link is left"
}

# No terminal is touched, nothing read, nothing said; a panic is seen.
none()
{
	printf 'o\nleft\n' > input
	{
		timeout 20 "$vmm" run -k "$here/mon.bin" --timeout 2 \
			--console none > out
		echo $? > status
		cat > rest
	} < input
	[ "$(cat status)" -eq 124 ] || fail "status $(cat status)"
	[ ! -s out ] || fail "it says: $(cat out)"
	cmp input rest || fail "its input was read"
	"$here/pty" timeout 20 "$vmm" run -k "$here/off.bin" --console none \
		< /dev/null || fail "status $?"
	timeout 60 "$vmm" run -k "$here/Image-6.1" -c 1 -m 256 --console none \
		-p 'console=ttyAMA0 panic=-1' --no-reboot 2> err
	status=$?
	[ $status -eq 3 ] || fail "panic: status $status: $(cat err)"
}

# refuses STATUS WORDS OPTION...: one line that holds WORDS, nothing begun.
refuses()
{
	want=$1
	words=$2
	shift 2
	"$vmm" run -k "$here/off.bin" -c 1 -m 64 "$@" < /dev/null > out 2> err
	status=$?
	[ $status -eq "$want" ] || fail "$*: status $status: $(cat err)"
	has "$words" "$(grep -v 'stolen time' err)"
}

refused()
{
	mkdir folder
	echo mine > there
	refuses 1 "'folder': Is a directory" --console file=folder
	refuses 1 "'no/file': No such file" --console file=no/file
	refuses 1 "link 'there': File exists; name one" --console pty=there
	[ "$(cat there)" = mine ] || fail "the file has gone"
	refuses 2 "'hvc' is not one of serial, virtio, none" --console hvc
	refuses 2 "none goes nowhere" --console none,pty
	refuses 2 "a guest has one console" --console virtio --console pty
	# What a killed run left is in nobody's way.
	ln -s /dev/pts/9999 stale
	"$vmm" run -k "$here/off.bin" -c 1 -m 64 --console pty=stale ||
		fail "a link left behind: status $?"
	[ ! -L stale ] || fail "the link is left"
}

# The alarm rings, once, at its time: after a pause, in which the clock went on.
alarm()
{
	run -k "$here/Image-6.1" -i "$here/initrd" -c 1 -m 256 -p quiet \
		--name alarm
	await "guest: ready" 60
	rings='grep rtc-pl031 /proc/interrupts'
	ask "$rings"
	has " 0 " "$answer"
	ask 'cd /sys/class/rtc/rtc0 && echo +2 > wakealarm && cat wakealarm'
	[ -n "$answer" ] || fail "no alarm is set"
	sleep 3
	ask "$rings"
	has " 1 " "$answer"
	ask 'cat wakealarm'
	[ -z "$answer" ] || fail "it is set still: $answer"
	ask 'echo +4 > wakealarm'
	"$vmm" pause alarm || fail "pause: $?"
	sleep 5
	"$vmm" resume alarm || fail "resume: $?"
	ask "sleep 1; $rings"
	has " 2 " "$answer"
	# What a reset finds set is not.
	ask 'echo +6 > wakealarm'
	type 'reboot -f'
	await "guest: ready" 60
	sleep 6
	ask "$rings"
	has " 0 " "$answer"
	type 'poweroff -f'
	ended 0
}

cat "$here/initrd" "$here/modules" > "$here/initrd-hvc"
check "hvc0 on a terminal: size, keys, SysRq" terminal
check "hvc0: much output, much input, reset, panic" flow
check "console in a file" file
check "console on a terminal of its own, readers come and go" pty
check "no console" none
check "what is no console" refused
check "the clock's alarm" alarm
rm "$here/initrd-hvc"
