# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# disk.sh - disks: Linux uses them, and what it is told is true; what is no disk
# is refused; nothing that was flushed is lost when the VMM is killed.

# A file system that can make holes in files, as the disks of most hosts can.
host_disks()
{
	mkdir -p "$here/disks"
	mount -t tmpfs disks "$here/disks" || fail "no tmpfs"
	cp "$here/ext4" "$here/disks/disk.img"
	cat "$here/initrd" "$here/modules" > "$here/initrd-disk"
}

# As linux() of lib-linux.sh, with the modules for disks.
disk_guest()
{
	run -k "$here/Image-6.1" -i "$here/initrd-disk" -c 2 -m 256 -p quiet \
		"$@"
	await "guest: ready" 60
}

# good COMMAND: the guest does it.
good()
{
	ask "$1" 60
	has "done" "$answer"
}

file_system()
{
	img=$here/disks/disk.img
	disk_guest -d "$img,serial=pv-disk-1"
	ask 'cat /sys/block/vda/size /sys/block/vda/serial'
	has 131072 "$answer"
	has pv-disk-1 "$answer"
	ask 'cat /sys/block/vda/queue/write_cache'
	has 'write back' "$answer"
	good 'mkdir /mnt && mount -t ext4 /dev/vda /mnt && echo done'
	good 'echo hello > /mnt/word && sync && echo done'

	# What is flushed is there for a machine that was reset at once.
	good 'dd if=/dev/urandom of=/mnt/big bs=1M count=16 && sync && md5sum < /mnt/big > /mnt/sum && sync && echo done'
	type 'reboot -f'
	await 'guest: ready' 60
	good 'mkdir /mnt && mount -t ext4 -o discard /dev/vda /mnt && echo done'
	ask 'cat /mnt/word; md5sum < /mnt/big | cmp - /mnt/sum && echo same' 60
	has hello "$answer"
	has same "$answer"

	# Discarded blocks are the host's again.
	before=$(du -k "$img" | cut -f 1)
	good 'rm /mnt/big && sync && sleep 1 && sync && umount /mnt && echo done'
	type 'poweroff -f'
	ended 0
	after=$(du -k "$img" | cut -f 1)
	[ $((before - after)) -gt 15000 ] ||
		fail "of $before KiB $after are left"
}

# A second disk, read-only; and writes through the cache, as asked for.
two_disks()
{
	head -c 65536 /dev/urandom > second.img
	cp second.img copy.img
	disk_guest -d "$here/disks/disk.img" -d second.img,ro
	ask 'cat /sys/block/vda/ro /sys/block/vdb/ro /sys/block/vdb/size'
	has "0
1
128" "$answer"
	ask 'dd if=/dev/zero of=/dev/vdb bs=512 count=1; md5sum < /dev/vdb'
	has "$(md5sum < copy.img)" "$answer"
	good 'echo write through > /sys/block/vda/cache_type && echo done'
	ask 'cat /sys/block/vda/queue/write_cache'
	has 'write through' "$answer"
	good 'mkdir /mnt && mount -t ext4 /dev/vda /mnt && date > /mnt/date && umount /mnt && echo done'
	good 'dd if=/dev/vda of=/dev/null bs=1M && echo done'
	type 'poweroff -f'
	ended 0
	cmp second.img copy.img || fail "the read-only disk has changed"
}

# All of them at once, and by the host's cache passed by where it can be.
many_disks()
{
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		echo "disk $n" > $n.img
		truncate -s 4096 $n.img
		set -- "$@" -d $n.img
	done
	disk_guest "$@"
	# shellcheck disable=SC2016 # the guest's shell expands it
	ask 'for d in /dev/vd?; do head -n 1 $d; done'
	for n in 1 9 16; do
		has "disk $n" "$answer"
	done
	[ "$(echo "$answer" | grep -c disk)" = 16 ] || fail "$answer"
	type 'poweroff -f'
	ended 0
}

# refuses STATUS WORDS OPTION...: one line that holds WORDS, nothing begun.
refuses()
{
	want=$1
	words=$2
	shift 2
	"$vmm" run -k "$here/off.bin" -c 1 -m 64 "$@" < /dev/null > out 2> err
	status=$?
	[ $status -eq "$want" ] || fail "$*: status $status: $(cat err)"
	[ "$(wc -l < err)" -eq 1 ] || fail "$*: not one line: $(cat err)"
	has "$words" "$(cat err)"
}

bad_disks()
{
	truncate -s 1000 odd.img
	truncate -s 0 empty.img
	mkdir folder
	mkfifo pipe
	echo data > small.img
	truncate -s 1M good.img
	refuses 1 "'none.img': No such file or directory; is the path right?" \
		-d none.img
	refuses 1 "'folder': a directory; give an image" -d folder
	refuses 1 "'pipe': not a disk image or block device" -d pipe
	refuses 1 "'/dev/null': not a disk image or block device" -d /dev/null
	refuses 1 "'odd.img': 1000 bytes are not whole sectors" -d odd.img
	refuses 1 "'empty.img': empty" -d empty.img,ro
	refuses 2 "'rw' is not one of ro, direct, serial=TEXT" -d good.img,rw
	refuses 2 "no file name" -d ,ro
	refuses 1 "'good.img': another guest uses it" -d good.img -d good.img
	refuses 1 "'good.img': another guest uses it" -d good.img,ro -d good.img
	"$vmm" run -k "$here/off.bin" -c 1 -m 64 -d good.img,ro -d good.img,ro \
		< /dev/null || fail "one disk, twice to read: status $?"

	# Of two guests, too; and it is free once the first one is gone.
	mon -d good.img
	refuses 1 "'good.img': another guest uses it" -d good.img
	type o
	ended 0
	"$vmm" run -k "$here/off.bin" -c 1 -m 64 -d good.img < /dev/null ||
		fail "it stays locked"
}

# The highest of each sector's numbers up to $1, if all of it was written, must
# be there, or a later one: sectors go round.
check_numbers()
{
	hexdump -v -e '1/4 "%u\n"' disk.img | awk -v said="$1" '
	NR % 128 == 1 { n = $1 }
	$1 != n { torn[int((NR - 1) / 128)] = 1 }
	NR % 128 == 0 { at[NR / 128 - 1] = n }
	END {
		for (k = said > 63 ? said - 63 : 1; k <= said; k++)
			if (at[k % 64] < k || at[k % 64] % 64 != k % 64) {
				print k " was said, and " at[k % 64] \
					" is there"
				exit 1
			}
		# One more may have been on its way.
		for (s in torn)
			if (at[s] <= said && s != (said + 1) % 64) {
				print "sector " s " is torn"
				exit 1
			}
	}' > lost || fail "$(cat lost)"
}

# Killed at any moment: what the guest said was flushed first.
kills()
{
	n=${DISK_KILLS:-25}
	said=0
	truncate -s 32K disk.img
	while [ "$n" -gt 0 ]; do
		: > out
		"$vmm" run -k "$here/disk.bin" -c 1 -m 64 -d disk.img \
			< /dev/null > out 2> err &
		pid=$!
		guests="$guests $pid"
		# Not before it has come to writing, and then at random.
		"$here/await" -p $pid 20 out "from $said on" > /dev/null || {
			how=$?
			threads $pid
			[ $how -ne 3 ] || wait $pid
			fail "after $said (await: $how, status $?): $(head -n 3 out) $(cat err)"
		}
		usleep $(($(od -A n -N 2 -t u2 /dev/urandom) * 3))
		kill -9 $pid
		wait $pid
		last=$(tr -d '\r' < out | sed '$d' | tail -n 1)
		case $last in
		[0-9]*)
			[ "$last" -gt "$said" ] || fail "$last after $said"
			check_numbers "$last"
			;;
		esac
		said=$(hexdump -v -e '1/4 "%u\n"' disk.img | sort -n | tail -n 1)
		n=$((n - 1))
	done
	echo "ended at $said" >&2
	[ "$said" -gt $((5 * ${DISK_KILLS:-25})) ] || fail "only $said writes"
}

host_disks
check "Linux on a disk: mounted, written, reset, found again, discarded" \
	file_system
check "a read-only disk, and a disk without a cache" two_disks
check "sixteen disks" many_disks
check "what is no disk, and what is in use" bad_disks
check "nothing flushed is lost when the VMM is killed" kills
umount "$here/disks"
