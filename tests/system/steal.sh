# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# steal.sh - record, host scheduler and guest agree on the stolen time.

# Nobody wants anything: less than 0.5 %.  Where the host is emulated it is only
# as idle as the machine that emulates it, so one good window of three will do.
idle()
{
	g=idle
	linux "$1" -c 2 -m 256 -p quiet --name $g
	for window in 1 2 3; do
		look $g/a 2
		sleep 5
		look $g/b 2
		paste -d ' ' $g/a $g/b | awk -v window=$window '
		{
			ms = ($10 - $3) / 1e6
			printf "window %d, vCPU %d: record +%.3f ms in 5 s\n",
				window, $1, ms
			bad += ms < 0 || ms >= 25
		}
		END {
			exit bad
		}' >> "$here/figures" && return
	done
	fail "$(cat "$here/figures")"
}

measured "1, 2, 4 vCPUs, 10 s: record is what the host stole" \
	contended 6.1 10 1 2 4
for kernel in 6.12 newest; do
	measured "guest $kernel, 3 s: record is what the host stole" \
		contended $kernel 3 2
done
measured "an idle guest loses nothing" idle 6.1
