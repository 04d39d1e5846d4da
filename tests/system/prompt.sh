# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# prompt.sh - 'test' takes little longer than the boot, and tells a panic at once.
#
# On a host whose clock counts instructions, which other work cannot slow down.

# What it waits for on purpose, ms: a window with a rival, a quarter as long to
# compare with, and one at rest; around each, until nothing is in flight.
windows=$((1000 + 250 + 500 + 4 * 40))

# lasts COMMAND...: how long that takes, ms, in $ms.
lasts()
{
	began=$(now)
	"$@"
	ms=$(echo "$began $(now)" | awk '{ printf "%.0f", ($2 - $1) * 1000 }')
}

# The same kernel as far as user space, where it powers off.
alone()
{
	"$vmm" run -k "$here/Image-6.1" -i "$here/initrd-alone" -c "$cpus" -m 512 \
		-p rdinit=/pvtime-init < /dev/null > out 2> err
}

standard()
{
	"$vmm" test -k "$here/Image-6.1" -c "$cpus" < /dev/null > said 2> err
}

# Twice in turn, the quicker counts.
ratio()
{
	run=999999 all=999999
	for _ in 1 2; do
		lasts alone
		grep -q 'pvtime-init: no channel' out || fail "$(cat out err)"
		run=$((ms < run ? ms : run))
		lasts standard
		grep -q '^GOOD: ' said || fail "$(cat said err)"
		all=$((ms < all ? ms : all))
	done
	tail -n +4 said >> "$here/figures"
	echo "$run $all $windows" | awk '{
		printf "run: %d ms; test: %d ms, windows: %d ms; the rest is" \
			" %.3f of run\n", $1, $2, $3, ($2 - $3) / $1
		exit $2 - $3 > 1.1 * $1
	}' >> "$here/figures" || fail "$(tail -n 1 "$here/figures")"
}

# stamp WORDS: when they come, seconds since the host's start.
stamp()
{
	awk -v words="$1" 'index($0, words) {
		getline now < "/proc/uptime"
		close("/proc/uptime")
		split(now, part, " ")
		print part[1]
		fflush()
	}'
}

# From the kernel's line to what is told: both are pipes.
panic_is_told()
{
	make_ird
	mkfifo said.pipe log.pipe
	stamp "Kernel panic - not syncing: sysrq" < log.pipe > log.at &
	stamp "cut short: Kernel panic" < said.pipe > said.at &
	"$vmm" test -k "$here/Image-6.1" -i ird -p "$fast" \
		--tests boot --log log.pipe \
		--exec 'echo c > /proc/sysrq-trigger' < /dev/null > said.pipe
	status=$?
	wait
	[ $status -eq 3 ] || fail "status $status"
	head -qn 1 log.at said.at | tr '\n' ' ' | awk '{
		printf "told %.0f ms after its line\n", ($2 - $1) * 1000
		exit NF != 2 || $2 - $1 > 0.1
	}' >> "$here/figures" || fail "$(cat "$here/figures")"
}

mkdir "$here/alone"
cp "$here/pvtime-init" "$here/alone"
(cd "$here/alone" && echo pvtime-init | cpio -o -H newc 2> /dev/null) \
	> "$here/initrd-alone"

cpus=$(nproc)
cpus=$((cpus > 2 ? 2 : cpus))
measured "a panic is told within 100 ms" panic_is_told
measured "it takes no longer than the boot and its windows" ratio
