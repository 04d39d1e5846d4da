# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# kinds.sh - 'test' tells each kind of end from the others, run after run.
#
# KINDS_RUNS, 0 where it is not set, is how many further runs, of each kind in
# turn, are made in a row.

. "$here/lib-test.sh"

# In a boot the console may be silent for seconds where an emulated host is.
lost=10

good()
{
	tested 0 -k "$kernel" -p "$sooner"
	judged GOOD
	has "
ok    steal " "$said"
}

panics()
{
	linux_tested 3 --exec 'echo c > /proc/sysrq-trigger'
	judged PANIC
	has "
PANIC: Kernel panic - not syncing: sysrq triggered crash (" "$said"
	has "---[ end Kernel panic - not syncing: sysrq triggered crash ]---" \
		"$(tail -n 1 log)"
}

# What an init that ends makes of its kernel.
exits()
{
	linux_tested 3 --init /exits
	judged PANIC
	has "
PANIC: Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000300 (" \
		"$said"
	grep -q "the user's init" log || fail "$(cat log)"
}

powers_off()
{
	linux_tested 0 --init /off
	judged GOOD
	has "
ok    init " "$said"
}

hangs()
{
	tested 124 -k "$here/hang.bin" --hang 1
	judged HANG
	has "its last line: hang: from now on nothing" "$said"
	has "
  vCPU 0: pc 0x4008001c (image+0x1c), in the kernel, interrupts off
  vCPU 1: off
" "$said"
}

# map: symbols that the guest's kernel has, as System.map has them: where the
# image's first byte is _text, 64 KiB before _stext, which /proc/kallsyms leaves
# out; and with addresses that this boot's are not.
map()
{
	linux_tested 0 --exec "grep -A1 -B1 -e ' _stext\$' -e ' queued_spin_lock_slowpath\$' -e ' _end\$' /proc/kallsyms"
	tr -d '\r' < log | sed -n 's/^[| ]*\(ffff[0-9a-f]* [A-Za-z] [^ []*\)$/\1/p' |
		awk '{ print }
		/ _stext$/ { print substr($1, 1, 11) "00000 T _text" }' > map
	grep -q ' T queued_spin_lock_slowpath$' map ||
		fail "no symbols: $(cat map)"
}

# A deadlock with interrupts off, in a module that is loaded.
spins()
{
	[ -e "$here/spin.ko" ] || skip "no test module for this kernel"
	map
	linux_tested 124 -c 1 --hang $lost --symbols map \
		--exec 'busybox insmod /spin.ko'
	judged HANG
	has "
  vCPU 0: pc 0xffff" "$said"
	has " queued_spin_lock_slowpath+0x" "$said"
	has ", in the kernel, interrupts off
" "$said"
	has ", in test command" "$said"
}

silent()
{
	tested 124 -k "$here/busy.bin" --hang 1
	judged "NO OUTPUT"
	has "
  vCPU 1: pc 0x400800" "$said"
}

truncated()
{
	head -c 5000000 "$kernel" > half
	tested 1 -k half
	judged "NOT STARTED"
	has "'half': truncated: has 5000000 of " "$said"
}

unstolen()
{
	tested 0 -k "$kernel" -p "$sooner" --pvtime off
	judged GOOD
	has "
skip  steal " "$said"
	has "
ok    hotplug " "$said"
}

# As on a host older than Linux 5.5.
old_host()
{
	vmm="$here/deny 0x4018aee3 6 $vmm"
	tested 0 -k "$kernel" -p "$sooner"
	judged GOOD
	has ", stolen time: off
" "$said"
	tested 5 -k "$kernel" --pvtime on
	judged "NO PVTIME"
}

fails()
{
	linux_tested 6 --exec 'echo it did; echo why; exit 7' --exec true
	judged COMMAND
	has "'echo it did; echo why; exit 7': exit status 7: why" "$said"
	has "'true': exit status 0" "$said"
	has " (2 ok, 1 failed, in " "$said"
}

resets()
{
	linux_tested 6 --exec 'busybox reboot -f'
	judged RESET
}

off()
{
	tested 6 -k "$here/off.bin"
	judged OFF
}

late()
{
	tested 124 -k "$here/busy.bin" --timeout 1
	judged TIMEOUT
	has "not over after 1 s (--timeout), in test boot" "$said"
}

# ended_by SIGNAL STATUS: half a second after it began.
ended_by()
{
	vmm="timeout -s $1 0.5 $vmm"
	tested "$2" -k "$here/busy.bin"
	judged INTERRUPTED
	has "ended by signal $(($2 - 128)), in test boot" "$said"
}

# Ten more want each CPU of the host.  Nobody is called lost for that, and who is
# lost is not given longer.
busy_host()
{
	for _ in $(seq $(($(nproc) * 10))); do
		sh -c 'while :; do :; done' &
		guests="$guests $!"
	done
	tested 0 -k "$kernel" -p "$sooner" --tests boot,cpus,log --hang $lost
	judged GOOD
	tested 124 -k "$here/hang.bin" --hang 1
	judged HANG
}

# Colours are for terminals that have some.
colours()
{
	for term in xterm dumb; do
		TERM=$term "$here/pty" "$vmm" test -k "$here/off.bin" \
			< /dev/null > shown 2> err
		status=$?
		[ $status -eq 6 ] || fail "status $status: $(cat shown err)"
		nr=$(grep -c "$(printf '\033')" shown)
		case $term in
		xterm)
			[ "$nr" -gt 0 ] || fail "no colours: $(cat shown)"
			;;
		*)
			[ "$nr" -eq 0 ] || fail "escapes: $(cat shown)"
			;;
		esac
	done
}

# in_a_row RUNS: each kind in turn.
in_a_row()
{
	nr=0 wrong=0
	while [ $nr -lt "$1" ]; do
		for kind in good panics exits powers_off hangs spins silent \
				truncated unstolen fails resets off late \
				busy_host; do
			[ $((nr += 1)) -le "$1" ] || break
			mkdir "$nr"
			cd "$nr" || fail "no folder"
			began=$(now)
			if (
				trap kill_guests EXIT
				$kind
			) 9> why; then
				how=right
			else
				how="WRONG: $(cat why)"
				wrong=$((wrong + 1))
			fi
			echo "$nr $kind ($(took "$began") s): $how" \
				>> "$here/figures"
			cd ..
		done
	done
	[ $wrong -eq 0 ] || fail "$wrong of $1 are wrong"
}

mkdir "$here/kinds"
cat > "$here/kinds/exits" << EOF2
#!/bin/sh
echo the user\'s init
exit 3
EOF2
cat > "$here/kinds/off" << EOF2
#!/bin/sh
exec busybox poweroff -f
EOF2
chmod 755 "$here/kinds"/*
[ ! -e "$here/spin.ko" ] || cp "$here/spin.ko" "$here/kinds"
initrd "$here/kinds"

check "test: a hang in the kernel, by the function's name" spins
check "test: a host without stolen time" old_host
check "test: SIGINT" ended_by INT 130
check "test: SIGTERM" ended_by TERM 143
check "test: colours on terminals alone" colours
if [ "${KINDS_RUNS:-0}" -gt 0 ]; then
	measured "test: $KINDS_RUNS runs in a row" in_a_row "$KINDS_RUNS"
fi
