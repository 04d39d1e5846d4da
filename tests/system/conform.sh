# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# conform.sh - the conformance guest finds nothing wrong.
#
# Figures: the time from the guest's first instructions to its last line, by
# its counter.

# tap ARG...: run it to its end; its lines are in $g/tap.
tap()
{
	run -k "${image:-$here/conformance.bin}" -m 128 "$@"
	ended 0 60
	tr -d '\r' < "$g/out" > "$g/tap"
	awk '
	/^(not )?ok / {
		number = $1 == "ok" ? $2 : $3
		if (number != ++nr)
			print "check " number " where " nr " should be"
	}
	/^Bail out!/
	/^1\.\./ { planned = substr($1, 4) }
	END {
		if (nr < 30 || planned != nr)
			print nr " checks, " planned " planned"
		if ($0 !~ "^# conformance: " nr " checks, ")
			print "last line: " $0
	}' "$g/tap" > "$g/broken"
	[ ! -s "$g/broken" ] || fail "$(cat "$g/broken")"
	ms=$(sed -n 's/^# \([0-9]*\) ms$/\1/p' "$g/tap")
	echo "$ms" >> "$here/times"
	echo "$ms ms, $(sed -n 's/^# conformance: //p' "$g/tap")" \
		>> "$here/figures"
}

# clean ARG...: no check fails.
clean()
{
	tap "$@"
	! grep -q '^not ok' "$g/tap" ||
		fail "$(grep -A 2 '^not ok' "$g/tap")"
}

# skips NAME: the check with NAME in its name was skipped.
skips()
{
	lines=$(grep -c -e "$1" "$g/tap")
	[ "$lines" -eq 1 ] || fail "$lines checks with '$1'"
	grep -e "$1" "$g/tap" | grep -q '# SKIP'
}

# On one host CPU the guest's CPUs must steal from each other.
pinned()
{
	vmm="taskset 1 $vmm"
	clean -p "require shared reset" "$@"
	for name in 'what a CPU loses' 'a reset starts' 'an idle CPU' 'CPU that is off'; do
		! skips "$name" || fail "skipped: $(grep "$name" "$g/tap")"
	done
}

# And if others steal as well.
among_others()
{
	taskset 1 sh -c 'while :; do :; done' &
	guests="$guests $!"
	pinned "$@"
}

# There is nothing to find, and that is found.
without()
{
	clean --no-pvtime "$@"
	for name in 'stolen time is offered' 'records can be read'; do
		skips "$name" || fail "$(grep "$name" "$g/tap")"
	done
	tap --no-pvtime -p "console=ttyAMA0 require" "$@"
	[ "$(grep -c '^not ok' "$g/tap")" -eq 1 ] ||
		fail "$(grep '^not ok' "$g/tap")"
	grep -q '^not ok .* stolen time is offered' "$g/tap" ||
		fail "$(grep '^not ok' "$g/tap")"
}

# Without the magic number it is loaded as it is, and entered at its start.
flat()
{
	image=$PWD/flat.bin
	cp "$here/conformance.bin" "$image"
	printf 'none' | dd of="$image" bs=1 seek=56 conv=notrunc
	clean "$@"
}

# The most CPUs that a GICv2 allows are few.
most=64
[ "$HOST" != gicv2 ] || most=8

# The machine that emulates us may be busy: so at least once.
within()
{
	best=$(sort -n "$here/times" | head -n 1)
	echo "the fastest took $best ms" >> "$here/figures"
	[ "$best" -le "$1" ] || fail "no run within $1 ms; the fastest: $best"
}

: > "$here/times"
case $HOST in
6.1 | 6.12 | native)
	measured "conformance: 1 vCPU" clean -c 1
	for n in 2 4; do
		measured "conformance: $n vCPUs" clean -c $n
	done
	measured "conformance: 4 vCPUs on one CPU" pinned -c 4
	measured "conformance: 2 vCPUs on one CPU, provider kvm" pinned -c 2 \
		--pvtime kvm
	measured "conformance: 2 vCPUs on one CPU, records in RAM" pinned \
		-c 2 --pvtime-place ram
	measured "conformance: 2 vCPUs on a busy CPU" among_others -c 2
	measured "conformance: a flat image" flat -c 2
	;;
esac
measured "conformance: 2 vCPUs on one CPU" pinned -c 2
measured "conformance: $most vCPUs" clean -c $most
measured "conformance: without stolen time" without -c 2
measured "conformance: within 2 s" within 2000
