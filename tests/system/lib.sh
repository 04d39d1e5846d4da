# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# lib.sh - what the groups of system tests share; for any POSIX shell, busybox's
# too.
#
# A group is a file that calls check() for each of its tests.  A test is a
# function that runs in a subshell and in a folder of its own; it ends by its
# end, or by fail or skip.  Nothing in it waits without a limit: guests are
# spoken to by await(1), which is tests/system/await.c.
#
# A test may have several guests; each is known by a word, its folder in the
# test's folder, and $g says which one the functions below speak of:
#
#	$g/in	its console's input, a pipe
#	$g/out	its console's output so far
#	$g/err	what the VMM says
#	$g/pid	the VMM
#	$g/seen	how much of the output has been awaited

# shellcheck disable=SC2034 # groups use what is set here
here=$PWD
vmm=$here/pvtime-vmm
g=guest
guests=

# fail WHY...: the test ends, badly.
fail()
{
	echo "$*" >&9
	exit 1
}

# skip WHY...: it cannot be done here.
skip()
{
	echo "$*" >&9
	exit 77
}

# now, took BEGAN: seconds since the host's start, and since BEGAN.
now()
{
	cut -d ' ' -f 1 /proc/uptime
}

took()
{
	echo "$1 $(now)" | awk '{ printf "%.1f", $2 - $1 }'
}

# check NAME FUNCTION [ARG...]: run a test and say how it went.
check()
{
	test_name=$1
	shift
	rm -rf "$here/test"
	mkdir "$here/test"
	cd "$here/test" || exit
	began=$(now)
	(
		trap kill_guests EXIT
		"$@"
	) 9> "$here/why" > "$here/noise" 2>&1
	case $? in
	0)
		echo "ok $HOST: $test_name ($(took "$began") s)"
		;;
	77)
		echo "skip $HOST: $test_name: $(tail -n 1 "$here/why")"
		;;
	*)
		echo "FAIL $HOST: $test_name: $(cat "$here/why")"
		# What may tell more, as comments.
		for log in "$here/noise" */err */out; do
			[ ! -s "$log" ] || {
				echo "# $log:"
				tail -n 12 "$log" | tr -d '\r' | cut -c 1-300 |
					sed 's/^/#   /'
			}
		done
		[ ! -e threads ] || sed 's/^/#   /' threads
		;;
	esac
	cd "$here" || exit
}

# threads PID: keep what a process does that should have gone on, for the report.
threads()
{
	for task in "/proc/$1/task/"*; do
		echo "$(cat "$task/comm"): $(cut -d ' ' -f 3,14,15 \
			"$task/stat"), in $(cat "$task/syscall")"
		cat "$task/stack"
	done > "$here/test/threads" 2>&1
}

# -- guests --

# run ARG...: start a guest; the VMM's standard input never ends.
run()
{
	mkdir -p "$g"
	rm -f "$g/in"
	mkfifo "$g/in"
	: > "$g/out"
	echo 0 > "$g/seen"
	# shellcheck disable=SC2086 # $vmm may have something before it
	$vmm run "$@" 0<> "$g/in" > "$g/out" 2> "$g/err" &
	echo $! > "$g/pid"
	guests="$guests $!"
}

kill_guests()
{
	for pid in $guests; do
		kill -9 "$pid"
	done 2> /dev/null
}

# type TEXT: a line on the guest's console.
type()
{
	printf '%s\n' "$1" > "$g/in"
}

# await TEXT [SECONDS]: from the guest's console.
await()
{
	"$here/await" -p "$(cat "$g/pid")" -o "$(cat "$g/seen")" "${2:-30}" \
		"$g/out" "$1" > "$g/now" || {
		status=$?
		threads "$(cat "$g/pid")"
		fail "no '$1' within ${2:-30} s (await: $status): $(tail -n 1 \
			"$g/out" | tr -d '\r') $(cat "$g/err")"
	}
	mv "$g/now" "$g/seen"
}

# ended STATUS [SECONDS]: the VMM ends by itself, with that status.
ended()
{
	"$here/await" -p "$(cat "$g/pid")" "${2:-20}" ||
		fail "does not end within ${2:-20} s"
	wait "$(cat "$g/pid")"
	status=$?
	[ "$status" -eq "$1" ] ||
		fail "status $status, not $1: $(cat "$g/err")"
}

# mon ARG...: the guest that obeys letters.
mon()
{
	run -k "$here/mon.bin" "$@"
	await "mon: ready"
}

# tell LETTER [SECONDS]: have mon do it; what it says to it is in $answer.
tell()
{
	from=$(cat "$g/seen")
	type "$1"
	await "ok $1" "${2:-30}"
	answer=$(tail -c "+$((from + 1))" "$g/out" |
		head -c "$(($(cat "$g/seen") - from))" | tr -d '\r')
}

# has WORD TEXT: TEXT holds WORD.
has()
{
	case $2 in
	*"$1"*)
		;;
	*)
		fail "no '$1' in: $2"
		;;
	esac
}

has_not()
{
	case $2 in
	*"$1"*)
		fail "'$1' in: $2"
		;;
	esac
}

# flood_guest LINES: make flood.bin here write so many.
flood_guest()
{
	cp "$here/flood.bin" .
	# shellcheck disable=SC2059 # the format is the bytes
	printf "$(printf '\\%03o\\%03o\\%03o\\000' $(($1 & 255)) \
		$(($1 >> 8 & 255)) $(($1 >> 16 & 255)))" |
		dd of=flood.bin bs=1 seek=8 conv=notrunc
}

# le64 FILE OFFSET NUMBER: write the number there, little-endian.
le64()
{
	number=$3
	for byte in 0 1 2 3 4 5 6 7; do
		# shellcheck disable=SC2059 # the format is the byte
		printf "\\$(printf %03o $((number >> (8 * byte) & 255)))"
	done | dd of="$1" bs=1 seek="$2" conv=notrunc
}
