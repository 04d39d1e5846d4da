# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# share.sh - shared folders, devices of other processes, RAM that is a file or
# of huge pages, vCPUs pinned to CPUs.

shared=/shared

# virtiofsd and what it needs, where Debian has them; and folders to share.
share_host()
{
	cp -a "$here/daemons/." /
	mkdir -p "$shared" /tmp
	cat "$here/initrd" "$here/modules" > "$here/initrd-share"
}

# share_guest ARG...: a guest with the modules for shared folders.
share_guest()
{
	run -k "$here/Image-6.1" -i "$here/initrd-share" -c 2 -m 256 -p quiet \
		"$@"
	await "guest: ready" 60
}

# good COMMAND: the guest does it.
good()
{
	ask "$1" 60
	has "done" "$answer"
}

# refuses STATUS WORDS OPTION...: one line that holds WORDS, nothing begun.
refuses()
{
	want=$1
	words=$2
	shift 2
	$vmm run -k "$here/off.bin" -c 2 -m 64 "$@" < /dev/null > out 2> err
	status=$?
	[ $status -eq "$want" ] || fail "$*: status $status: $(cat err)"
	[ "$(wc -l < err)" -eq 1 ] || fail "$*: not one line: $(cat err)"
	has "$words" "$(cat err)"
}

# daemons: how many there are.
daemons()
{
	n=0
	for exe in /proc/[0-9]*/exe; do
		case $(readlink "$exe") in
		*/virtiofsd) n=$((n + 1)) ;;
		esac
	done
	echo $n
}

# Those of a VMM that has ended are gone.
daemons_gone()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(daemons)" != 0 ] || return 0
		usleep 200000
	done
	fail "virtiofsd is left behind"
}

# In huge pages, which are refused where there are too few.
folder()
{
	pool=/proc/sys/vm/nr_hugepages
	echo 0 > $pool
	refuses 1 "echo 32 > /proc/sys/vm/nr_hugepages" --hugepages
	echo 130 > $pool
	echo "from the host" > "$shared/word"
	share_guest --hugepages --share /shared,tag=stuff
	grep -q "HugePages_Rsvd: *[1-9]" /proc/meminfo || fail "none is ours"
	good 'mkdir /mnt && mount -t virtiofs stuff /mnt && echo done'
	ask 'cat /mnt/word'
	has "from the host" "$answer"
	good 'echo from the guest > /mnt/reply && mkdir /mnt/dir && mv /mnt/reply /mnt/dir/ && echo done'
	has "from the guest" "$(cat "$shared/dir/reply")"
	good 'dd if=/dev/urandom of=/mnt/big bs=64k count=64 && md5sum < /mnt/big > /mnt/sum && echo done'
	[ "$(md5sum < "$shared/big")" = "$(cat "$shared/sum")" ] ||
		fail "the host sees another file"

	# A reset under its hands, and all of it again.
	type 'reboot -f'
	await 'guest: ready' 60
	good 'mkdir /mnt && mount -t virtiofs stuff /mnt && echo done'
	ask 'md5sum < /mnt/big | cmp - /mnt/sum && echo same'
	has same "$answer"
	good 'umount /mnt && mount -t virtiofs stuff /mnt && ls /mnt/dir && echo done'
	type 'poweroff -f'
	ended 0
	daemons_gone
	echo 0 > $pool
	grep -q "HugePages_Total: *0$" /proc/meminfo || fail "some stay in use"
}

# What a guest does to a read-only folder, and what it leaves; the CPUs of its
# vCPUs.
read_only()
{
	echo old > "$shared/word"
	share_guest --share /shared,ro --pin 1,0 --name ro
	good 'mkdir /mnt && mount -t virtiofs shared /mnt && echo done'
	ask 'cat /mnt/word; echo new > /mnt/word; touch /mnt/other; cat /mnt/word'
	[ "$(echo "$answer" | grep -c old)" = 2 ] || fail "$answer"
	[ "$(cat "$shared/word")" = old ] || fail "it was written"
	[ ! -e "$shared/other" ] || fail "a file was made"
	for comm in "/proc/$(cat "$g/pid")/task"/*/comm; do
		case $(cat "$comm") in
		vcpu0) want=1 ;;
		vcpu1) want=0 ;;
		*) continue ;;
		esac
		has "list:	$want" "$(cat "${comm%comm}status")"
	done

	# The VMM is killed: so is the daemon.
	[ "$(daemons)" != 0 ] || fail "no virtiofsd?"
	kill -9 "$(cat "$g/pid")"
	daemons_gone
}

# The daemon dies: one line, and the guest lives on.
daemon_dies()
{
	share_guest --share /shared
	good 'mkdir /mnt && mount -t virtiofs shared /mnt && echo done'
	for exe in /proc/[0-9]*/exe; do
		case $(readlink "$exe") in
		*/virtiofsd)
			pid=${exe%/exe}
			kill -9 "${pid##*/}"
			;;
		esac
	done
	ask 'cat /mnt/word 2>&1; echo alive'
	has "not connected" "$answer"
	has alive "$answer"
	[ "$(grep -c virtio-fs "$g/err")" = 1 ] || fail "$(cat "$g/err")"
	has "has ended; whatever" "$(cat "$g/err")"
	type 'poweroff -f'
	ended 0
	daemons_gone
}

# in_ram TEXT: it is there; zeros apart, which make lines too long for grep.
in_ram()
{
	tr -d '\000' < "$here/ram" | grep -q "$1"
}

# A disk by QEMU's storage daemon.  And RAM is a file: it has what the guest had,
# and is its own alone.
storage_daemon()
{
	truncate -s 8M /disk.img
	/usr/bin/qemu-storage-daemon \
		--blockdev driver=file,filename=/disk.img,node-name=d \
		--export type=vhost-user-blk,id=e,node-name=d,writable=on,addr.type=unix,addr.path=/tmp/blk &
	guests="$guests $!"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ ! -S /tmp/blk ] || break
		usleep 500000
	done
	run -k "$here/Image-6.1" -i "$here/initrd-share" -c 2 -m 128 -p quiet \
		--vhost-user blk,socket=/tmp/blk --mem-file "$here/ram" \
		--pvtime-place ram
	await "guest: ready" 60
	refuses 1 "another guest uses it" --mem-file "$here/ram"
	ask 'cat /sys/block/vda/size'
	has 16384 "$answer"
	good 'echo by the daemon | dd of=/dev/vda conv=sync && sync && echo done'
	has "by the daemon" "$(head -c 512 /disk.img)"
	good 'dd if=/dev/urandom of=/tmp/big bs=1M count=4 && dd if=/tmp/big of=/dev/vda bs=1M && sync && dd if=/dev/vda bs=1M count=4 | cmp - /tmp/big && echo done'
	# Not as it stands in the command.
	# shellcheck disable=SC2016 # the guest's shell expands it
	ask 'm=$(echo FOOTPRINT | tr A-Z b-za); echo $m > /tmp/$m; echo $m'
	has gppuqsjou "$answer"
	type 'reboot -f'
	await 'guest: ready' 60
	good 'dd if=/dev/vda of=/dev/null bs=1M && echo done'
	! in_ram gppuqsjou || fail "a reset leaves things behind"
	type 'poweroff -f'
	ended 0
	[ "$(stat -c %s "$here/ram")" = $((128 << 20)) ] || fail "its size"
	in_ram 'Linux version' || fail "there is no Linux in it"
	rm "$here/ram"
}

bad_words()
{
	refuses 1 "'/none': folder: No such file or directory" --share /none
	refuses 1 "not a folder" --share /proc/version
	refuses 2 "must have 1 to 36 bytes" \
		--share /shared,tag=0123456789012345678901234567890123456
	refuses 2 "the tag 'shared' is another folder's" \
		--share /shared --share /shared
	refuses 2 "is not one of ro, tag=TEXT" --share /shared,rw
	refuses 1 "start the back-end first" --vhost-user fs,socket=/tmp/none
	refuses 1 "1 CPUs for 2 vCPUs" --pin 0
	refuses 1 "CPU 9 is not there" --pin 0,9
	refuses 2 "a list is like" --pin 0-x
	refuses 1 "a directory" --mem-file /tmp
	refuses 1 "not a regular file" --mem-file /dev/null
	mv /usr/lib/qemu/virtiofsd /hidden
	refuses 1 "apt install virtiofsd" --share /shared
	mv /hidden /usr/lib/qemu/virtiofsd
	daemons_gone
}

share_host
check "a shared folder, in huge pages: read, written, reset, seen from the host" \
	folder
check "a read-only folder; pinned vCPUs; the VMM is killed" read_only
check "virtiofsd is killed" daemon_dies
check "a disk of another process; RAM is a file" storage_daemon
check "what cannot be" bad_words
