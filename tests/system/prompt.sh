# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# prompt.sh - 'test' takes little longer than the boot, and tells a panic at once.
#
# On a host whose clock counts instructions, which other work cannot slow down.

. "$here/lib-test.sh"

# What test waits for on purpose, ms: a window with rivals and one without, an
# idle one, and what it lets pass around each, so that nothing is in flight.
windows=2800

# lasts COMMAND...: how long that takes, ms, in $ms.
lasts()
{
	began=$(now)
	"$@"
	ms=$(echo "$began $(now)" | awk '{ printf "%.0f", ($2 - $1) * 1000 }')
}

# The same kernel as far as user space, where it powers off.
boot_alone()
{
	"$vmm" run -k "$kernel" -i "$here/initrd-init" -c 2 -m 512 -p "$1" \
		< /dev/null > out 2> err || fail "run: $(cat out err)"
	grep -q 'pvtime-init: no channel' out || fail "run: $(cat out)"
}

# ratio NAME PARAMS: three times in turn, the quickest counts.
ratio()
{
	run=999999 short=999999 all=999999
	for _ in 1 2 3; do
		lasts boot_alone "rdinit=/pvtime-init $2"
		run=$((ms < run ? ms : run))
		lasts tested 0 -k "$kernel" -p "$2" \
			--tests boot,cpus,stolen-time,iomem,log
		short=$((ms < short ? ms : short))
		lasts tested 0 -k "$kernel" -p "$2" --log log
		all=$((ms < all ? ms : all))
	done
	cat said >> "$here/figures"
	echo "$run $short $all $windows" | awk '{
		printf "run: %d ms; tests without windows: %d ms, %.3f of it;" \
			" standard tests: %d ms, of which windows %d ms," \
			" the rest %.3f of it\n", $1, $2, $2 / $1, $3, $4, \
			($3 - $4) / $1
		exit $2 > 1.1 * $1 || $3 - $4 > 1.1 * $1
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
	mkfifo said.pipe log.pipe
	stamp "Kernel panic - not syncing: sysrq" < log.pipe > log.at &
	stamp "cut short: Kernel panic" < said.pipe > said.at &
	"$vmm" test -k "$kernel" -i "$here/initrd-test" -p "$sooner" \
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

mkdir -p "$here/prompt" "$here/alone"
initrd "$here/prompt"
cp "$here/pvtime-init" "$here/alone"
(cd "$here/alone" && echo pvtime-init | cpio -o -H newc) > "$here/initrd-init" \
	2> /dev/null

measured "test: a panic is told within 100 ms" panic_is_told
measured "test: a boot takes no longer than under run" ratio ""
measured "test: a quick boot takes no longer than under run" ratio "$sooner"
