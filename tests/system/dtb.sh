# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# dtb.sh - "dtb" and --dump-dtb tell the truth, which but for the seeds is the
# same every time.

# alike A B [BYTES]: the same length, and no more than the seeds' 40 bytes, or
# BYTES, differ, which are near each other.
alike()
{
	[ -s "$1" ] || fail "$1 is empty"
	[ "$(wc -c < "$1")" -eq "$(wc -c < "$2")" ] ||
		fail "$1 and $2 have different sizes"
	cmp -l "$1" "$2" > differ
	[ -s differ ] || fail "$1 and $2 have the same seeds"
	awk -v bytes="${3:-40}" '
		NR == 1 { first = $1 }
		{ last = $1 }
		END { exit NR > bytes || last - first > 80 }' differ ||
		fail "$1 and $2 differ in more than seeds: $(cat differ)"
}

same_line()
{
	"$vmm" dtb "$@" > printed || fail "dtb: status $?"
	"$vmm" run "$@" --dump-dtb dumped < /dev/null ||
		fail "run: status $?"
	alike printed dumped
	# Once more, over a file that is there.
	"$vmm" run "$@" --dump-dtb dumped < /dev/null ||
		fail "run: status $?"
	alike printed dumped
	ls > files
	[ "$(wc -l < files)" -eq 4 ] || fail "left behind: $(cat files)"
}

# The tree that Linux has is the one that was dumped.
as_linux_has_it()
{
	linux 6.1 -c 2 -m 256 -p quiet --dump-dtb dumped
	ask 'base64 /sys/firmware/fdt'
	echo "$answer" | base64 -d > guests
	# It wipes its seeds once they are used, one with its name.
	alike dumped guests 52
	type 'poweroff -f'
	ended 0
}

k=$here/off.bin
check "one vCPU" same_line -k "$k" -c 1 -m 64
check "everything" same_line -k "$k" -c 8 -m 3G --pmu -p 'a "b c" d' -i "$k"
check "no stolen time, no ITS" same_line -k "$k" -c 2 --no-pvtime \
	--irqchip gicv3
check "many vCPUs" same_line -k "$k" -c 130
check "Linux has the tree that was dumped" as_linux_has_it
