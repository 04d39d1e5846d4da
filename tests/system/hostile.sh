# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# hostile.sh - 'test' and guests that mean harm, files that cannot be written.

# writes LINES: a guest that writes so many numbered ones (at most 65535), and
# powers off.
writes()
{
	cp "$here/flood.bin" flood.bin
	# shellcheck disable=SC2059 # the format is the bytes
	printf "$(printf '\\%03o\\%03o' $(($1 & 255)) $(($1 >> 8)))\\0\\0" |
		dd of=flood.bin bs=1 seek=8 conv=notrunc
	seq 0 $(($1 - 1)) | awk '{ printf "%07x\n", $1 }' > wanted
}

# From one line, behind which the guest ends at once, to as many as it can.
console_is_whole()
{
	for lines in 1 2 100 8192; do
		writes $lines
		tested 6 -k flood.bin -c 1 --log log
		has "OFF: " "$said"
		cmp wanted log || fail "$lines lines: the log has $(wc -l < log)"
	done
	has "its last line: 0001fff (" "$said"
}

# plain: nothing that a terminal obeys is in what was said and written.
plain()
{
	for file in said tap junit page; do
		! tr -d '\n -~' < $file | grep -q . ||
			fail "$file: $(tr -d '\n -~' < $file | od -c | head -n 3)"
	done
}

# Commands that print what nobody should, kill, close and unmount.
# shellcheck disable=SC2016 # the guest's variables
unruly()
{
	make_ird
	linux_tested 0 --log log --tap tap --junit junit --report page \
		--exec 'printf "\033[31mred\033]0;title\007\r\nx\0y\377<&]]>\n"' \
		--exec 'yes | head -c 20000 | tr -d "\n"; echo' \
		--exec 'kill -9 1; kill -STOP 1; echo alive' \
		--exec 'exec >&- 2>&-; exit 0' \
		--exec 'sleep 1000 & exit 0' \
		--exec 'for i in $(seq 200); do sleep 30 & done; exit 0' \
		--exec 'echo "Kernel panic - not syncing: not really"' \
		--exec 'busybox umount -l /proc; busybox umount -l /sys; busybox umount -l /dev; busybox mount -o remount,ro /; exit 0' \
		--exec true
	has "GOOD: " "$said"
	plain
	has "exit status 0: x?y?<&]]>" "$said"
	has "exit status 0: alive" "$said"
	awk 'length($0) >= 10000 { found = 1 }
	END { exit !found }' log || fail "the log lacks the long line"
}

# What the kernel itself says, at the very end.
panic_text()
{
	make_ird
	linux_tested 3 --tap tap --junit junit --report page \
		--exec 'printf "<0>\033[2J\033]0;title\007\n" > /dev/kmsg; echo c > /proc/sysrq-trigger'
	has "PANIC: " "$said"
	plain
}

# The line that answers come by, full of rubbish.
channel_of_rubbish()
{
	make_ird
	linux_tested 0 --exec 'head -c 5000 /dev/urandom > /dev/ttyAMA1' \
		--exec 'printf "half a line" > /dev/ttyAMA1' --exec true
	has "GOOD: " "$said"
	linux_tested 124 --timeout 12 --exec 'cat /dev/urandom > /dev/ttyAMA1'
}

# A guest that takes all of its memory.
gluttons()
{
	make_ird
	tested 6 -k "$here/Image-6.1" -i ird -p "$fast" -m 128 \
		--tests boot,log --log log --exec 'tail /dev/zero' \
		--exec 'echo alive'
	has "exit status 0: alive" "$said"
	has "
FAIL  log " "$said"
}

# badly WORDS ARG...: it cannot be written, and that is an error, whatever the
# verdict.
badly()
{
	words=$1
	shift
	tested 1 -k "$here/off.bin" "$@"
	has "$words" "$(cat err)"
}

bad_files()
{
	mkdir folder
	for option in tap junit report log; do
		badly "--$option: 'none/x': No such file" --$option none/x
		badly "--$option: 'folder': Is a directory" --$option folder
	done
}

full_disk()
{
	mkdir small
	mount -t tmpfs -o size=16k none small || fail "mount"
	writes 8192
	timeout 60 "$vmm" test -k flood.bin --log small/log > said 2> err
	status=$?
	umount small
	[ $status -eq 1 ] || fail "status $status: $(cat said)"
	has "No space left" "$(cat said)"
}

without_kvm()
{
	[ "$HOST" != native ] || skip "this machine's /dev/kvm is left alone"
	mv /dev/kvm kept
	(
		tested 1 -k "$here/Image-6.1" --tap tap
		has "NOT STARTED: " "$said"
	)
	status=$?
	mv kept /dev/kvm
	[ $status -eq 0 ] || exit $status
	has "Bail out! not-started: '/dev/kvm': " "$(cat tap)"
}

many_cpus()
{
	tested 0 -k "$here/Image-6.1" -p "$fast" -c "$1"
	has "GOOD: " "$said"
	has "
ok    cpus " "$said"
}

check "the console's log is whole" console_is_whole
check "unruly commands" unruly
check "a panic with escapes" panic_text
check "rubbish on the channel" channel_of_rubbish
check "a guest without memory" gluttons
check "files that cannot be written" bad_files
check "a full disk" full_disk
check "no /dev/kvm" without_kvm
check "1 vCPU" many_cpus 1
check "8 vCPUs" many_cpus 8
