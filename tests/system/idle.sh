# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # here: lib.sh
#
# idle.sh - an idle guest on an idle host loses nothing.
#
# A host whose clock counts instructions is idle however busy the machine is
# that emulates it; it has one processor, and so has the guest there.

# Less than 0.5 % of 5 s.
idle()
{
	g=idle
	linux "$1" -c "$2" -m 256 -p quiet --name $g
	look $g/a "$2"
	sleep 5
	look $g/b "$2"
	paste -d ' ' $g/a $g/b | awk '
	{
		ms = ($10 - $3) / 1e6
		printf "vCPU %d: record +%.3f ms in 5 s\n", $1, ms
		bad += ms < 0 || ms >= 25
	}
	END {
		exit bad
	}' >> "$here/figures" || fail "$(cat "$here/figures")"
}

cpus=$(nproc)
measured "an idle guest loses nothing" idle 6.1 $((cpus > 2 ? 2 : cpus))
