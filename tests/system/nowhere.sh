# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# nowhere.sh - accesses to where nothing is.

ignored()
{
	mon
	for _ in 1 2 3; do
		tell n
		has "nowhere: 0x0" "$answer"
	done
	[ "$(grep -c 'where nothing is' "$g/err")" -eq 1 ] ||
		fail "not logged once: $(cat "$g/err")"
	has "writes 4 bytes at 0xf000000" "$(cat "$g/err")"
	type o
	ended 0
}

# A load of two registers: the CPU does not say which, so it is an abort.
aborted()
{
	mon
	for _ in 1 2; do
		tell l
		has "pair: abort, esr 0x" "$answer"
		has 96000010 "$answer" # from the same level, external
	done
	tell n
	has "nowhere: 0x0" "$answer"
	type o
	ended 0
}

# A guest whose exception vectors are nowhere spins; the VMM goes on.
lost()
{
	mon --timeout 3
	type c
	ended 124
	has "timed out after 3 s" "$(cat "$g/err")"
}

# A guest that writes over its own record harms only itself.
scribbled()
{
	mon --name scribbled
	tell p
	tell s
	tell v
	has "revision 3735928559" "$answer" # 0xdeadbeef
	"$vmm" stat scribbled > answer || fail "stat: status $?"
	tell p
	has "revision 0 attributes 0" "$answer"
	type o
	ended 0
}

check "reads as zero, writes are ignored, logged once" ignored
check "a load pair is the guest's abort" aborted
check "a guest without vectors" lost
check "a guest that scribbles on its record" scribbled
