# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# watch.sh - what it costs to watch many guests.
#
# On a host whose clock counts instructions: as many a second as nanoseconds.

# twenty SECONDS: guests that stand still, since a host with one processor has no
# other time for anything, and top at 1 Hz.
twenty()
{
	for i in $(seq 20); do
		g=guest$i
		run -k "$here/hang.bin" -c 2 -m 64 --name "$g"
		await "hang: from now on nothing"
		"$vmm" pause "$g" || fail "pause $g: status $?"
	done
	"$vmm" top --interval 1 > shown &
	top=$!
	guests="$guests $top"
	sleep 3
	read -r was _ < "/proc/$top/schedstat"
	began=$(now)
	sleep "$1"
	read -r is _ < "/proc/$top/schedstat"
	seconds=$(took "$began")
	kill $top
	[ "$(grep -c '^guest20 .* paused ' shown)" -ge "$1" ] ||
		fail "$(tail -n 30 shown)"
	echo "$was $is $seconds" | awk '{
		share = ($2 - $1) / 1e7 / $3
		printf "top: 20 guests at 1 Hz: %.3f %% of a CPU\n", share
		exit !(share > 0 && share < 0.5)
	}' >> "$here/figures" || fail "$(cat "$here/figures")"
}

measured "top: 20 guests for less than 0.5 % of a CPU" twenty 10
