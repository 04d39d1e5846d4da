# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# input.sh - bad input: one line that names the thing and the remedy, the right
# status, and nothing left behind.

# said STATUS FOUND THING REMEDY: of the VMM that ended with FOUND; both words
# in the one line of error in the file err.
said()
{
	[ "$2" -eq "$1" ] || fail "status $2, not $1: $(cat err)"
	grep -v -e '^Fatal: Unable to open kernel ' -e ' info: ' err > line
	[ "$(wc -l < line)" -eq 1 ] || fail "not one line: $(cat err)"
	has "pvtime-vmm: error: " "$(cat line)"
	has "$3" "$(cat line)"
	has "$4" "$(cat line)"
	[ ! -s out ] || fail "on standard output: $(head -c 200 out)"
	find . /run/pvtime-vmm 2> /dev/null | sort > now
	diff before now > changes || fail "left behind: $(cat changes)"
}

# refused STATUS THING REMEDY ARG...: run refuses these arguments.
refused()
{
	status=$1 thing=$2 remedy=$3
	shift 3
	touch out err line now changes before
	find . /run/pvtime-vmm 2> /dev/null | sort > before
	timeout 20 "$vmm" run "$@" < /dev/null > out 2> err
	said "$status" $? "$thing" "$remedy"
}

# as_nobody COMMAND: a shell's command as a user without rights.
as_nobody()
{
	[ "$(id -u)" -eq 0 ] || skip "only root can become somebody else"
	chmod 755 .
	cp "$here/pvtime-vmm" "$here/off.bin" .
	touch out err line now changes before
	find . /run/pvtime-vmm 2> /dev/null | sort > before
	timeout 20 su nobody -s /bin/sh -c "$1" < /dev/null > out 2> err
}

no_permission()
{
	as_nobody 'test -r /dev/kvm' && skip "everybody may use /dev/kvm here"
	as_nobody './pvtime-vmm run -k off.bin'
	said 1 $? "'/dev/kvm': Permission denied" "usermod -aG kvm"
}

unreadable()
{
	: > secret
	chmod 0 secret
	mode=$(stat -c %a /dev/kvm)
	[ "$HOST" = native ] || chmod 666 /dev/kvm
	as_nobody 'test -w /dev/kvm' || skip "not everybody may use /dev/kvm"
	as_nobody './pvtime-vmm run -k secret'
	status=$?
	[ "$HOST" = native ] || chmod "$mode" /dev/kvm
	said 1 $status "'secret': Permission denied" "let this user read it"
	has "Fatal: Unable to open kernel secret" "$(cat err)"
}

# no_kvm THING REMEDY [MAJOR MINOR]: another /dev/kvm, or none.
no_kvm()
{
	[ "$(id -u)" -eq 0 ] || skip "only root can change its root folder"
	mkdir -p root/dev
	cp "$here/pvtime-vmm" "$here/off.bin" root
	[ $# -eq 2 ] || mknod root/dev/kvm c "$3" "$4"
	touch out err line now changes before
	find . > before
	find . /run/pvtime-vmm 2> /dev/null | sort > before
	timeout 20 chroot root /pvtime-vmm run -k /off.bin \
		< /dev/null > out 2> err
	said 1 $? "$1" "$2"
}

# cut FILE: as a transfer that broke off leaves it.
cut_off()
{
	head -c 1000000 "$1" > short
	refused 1 "'short': " '; ' -k short
	has truncated "$(cat line)"
}

# spoilt FILE: with zeros in the middle.
spoilt()
{
	cp "$1" bad
	dd if=/dev/zero of=bad bs=1000 seek=1000 count=5 conv=notrunc
	refused 1 "'bad': " '; ' -k bad
	has corrupt "$(cat line)"
}

no_kernel()
{
	echo "hello" > text
	head -c 5000 /dev/zero > zeros
	: > empty
	mkdir folder
	mkfifo pipe
	refused 1 "'text': " '; ' -k text
	refused 1 "'zeros': " '; ' -k zeros
	refused 1 "'empty': the file is empty" '; ' -k empty
	refused 1 "'folder': a directory" 'give a file in it' -k folder
	refused 1 "'pipe': not a regular file" 'give a copy' -k pipe
	refused 1 "'$vmm': an ELF file" 'give arch/arm64/boot/Image' -k "$vmm"
	refused 1 "'$here/initrd': a cpio archive" 'given with -i' \
		-k "$here/initrd"
	refused 1 "'nowhere': No such file" '; ' -k nowhere
	[ "$(head -n 1 err)" = "Fatal: Unable to open kernel nowhere" ] ||
		fail "kvmtool's words are missing: $(cat err)"
	refused 2 "no kernel" "give one with -k"
}

bad_initrd()
{
	: > empty
	mkdir folder
	k="-k $here/off.bin"
	# shellcheck disable=SC2086 # $k: two words
	{
		refused 1 "initrd: 'nowhere': No such file" '; ' $k -i nowhere
		refused 1 "initrd: 'empty': the file is empty" '; ' $k -i empty
		refused 1 "initrd: 'folder': a directory" 'give a file' \
			$k -i folder
	}
}

too_large()
{
	truncate -s 300M large
	cp "$here/off.bin" program
	truncate -s 100M program
	refused 1 "initrd 'large'" 'give more with -m' \
		-k "$here/Image-6.1" -i large -m 256
	refused 1 "'program': kernel needs 101 MiB" 'give more with -m' \
		-k program -m 64
	# An arm64 Image says at byte 16 how much memory it takes.
	cp "$here/Image-6.1" kernel
	le64 kernel 16 $((100 << 20))
	refused 1 "'kernel'" 'give more with -m' -k kernel -m 64
	gzip -1 < kernel > kernel.gz
	refused 1 "'kernel.gz'" 'give more with -m' -k kernel.gz -m 64
}

numbers()
{
	k="-k $here/off.bin"
	# shellcheck disable=SC2086
	{
		refused 2 "--cpus: 0 is out of range" "1 to" $k -c 0
		for n in -1 x 1x '' 1.5 ' 1'; do
			refused 2 "--cpus: '$n'" "whole number" $k -c "$n"
		done
		for n in 65537 99999999999999999999; do
			refused 2 "--cpus: $n is out of range" "1 to" $k -c $n
		done
		for n in 0 63 5000T 9999999999999999999G 18446744073709551615
		do
			refused 2 "--mem: '$n' is out of range" "64M to" $k -m $n
		done
		for n in -1 x '' 512Q 512MB 1.5G; do
			refused 2 "--mem: '$n' is not a size" "write 512M" \
				$k -m "$n"
		done
		refused 1 "of guest memory" "give less with -m" $k -m 4000T
		refused 2 "--timeout" "no time" $k --timeout 0
		refused 2 "--timeout: 'x'" "in seconds" $k --timeout x
	}
}

options()
{
	k="-k $here/off.bin"
	# shellcheck disable=SC2086
	{
		refused 2 "unknown option --nonsense" "; " $k --nonsense
		refused 2 "unknown option -z" "; " $k -z
		refused 2 "option -k" "needs an argument" -k
		refused 2 "option --pmu=3" "takes no argument" $k --pmu=3
		refused 2 "'stray'" "; " $k stray
		refused 2 "'gicv9'" "gicv2, gicv3, gicv3-its" $k --irqchip gicv9
		refused 2 "'what'" "auto, on, steady, kvm, device, off" $k --pvtime what
		refused 2 "'loud'" "warning" $k --loglevel loud
		refused 2 "'a/b'" "letters" $k --name a/b
	}
}

params()
{
	long=$(head -c 2048 /dev/zero | tr '\0' a)
	k="-k $here/off.bin"
	# shellcheck disable=SC2086
	{
		refused 2 "--params: control character 0x0a at place 2" \
			"write one line" $k -p "a
b"
		refused 2 "--params: control character 0x1b" "write one line" \
			$k -p "$(printf 'a \033b')"
		refused 2 "--params: 2048 characters" "2047" $k -p "$long"
	}
	timeout 20 "$vmm" run -k "$here/off.bin" -p "${long%a}" < /dev/null ||
		fail "2047 characters are too many"
}

# The old file stays.
full_disk()
{
	[ "$(id -u)" -eq 0 ] || skip "only root can mount a small disk"
	mkdir disk
	mount -t tmpfs -o size=4k none disk || skip "mount refuses"
	echo old > disk/dtb
	(refused 1 "'disk/dtb'" "; " -k "$here/off.bin" --dump-dtb disk/dtb) &&
		[ "$(cat disk/dtb)" = old ]
	rc=$?
	umount disk
	[ $rc -eq 0 ] || exit 1
	refused 1 "'/dev/full'" "; " -k "$here/off.bin" --dump-dtb /dev/full
	refused 1 "'no/dtb'" "; " -k "$here/off.bin" --dump-dtb no/dtb
}

name_in_use()
{
	mon --name same
	refused 1 "'same'" "choose another" -k "$here/off.bin" --name same
	"$vmm" stat same > answer || fail "the first one was disturbed"
	type o
	ended 0
	[ ! -e /run/pvtime-vmm/same.sock ] || fail "the socket was left behind"
}

# A VMM that was killed leaves its socket, and the next one takes its place.
stale_socket()
{
	mon --name stale
	kill -9 "$(cat "$g/pid")"
	wait "$(cat "$g/pid")"
	"$vmm" stat stale 2> err && fail "stat finds what was killed"
	has "no guest of that name runs" "$(cat err)"
	mon --name stale
	"$vmm" stat stale > answer || fail "stat: status $?"
	type o
	ended 0
}

# An arm64 host without stolen time: KVM_HAS_DEVICE_ATTR answers ENXIO.
no_stolen_time()
{
	touch out err line now changes before
	find . /run/pvtime-vmm 2> /dev/null | sort > before
	"$here/deny" 0x4018aee3 6 "$vmm" run -k "$here/off.bin" --pvtime on \
		< /dev/null > out 2> err
	said 5 $? "stolen time is required" "needs Linux 5.5"
	vmm="$here/deny 0x4018aee3 6 $vmm"
	mon
	has "stolen time: off: this host kernel has no" "$(cat "$g/err")"
	tell p
	has "st -1" "$answer"
	type o
	ended 0
}

check "no /dev/kvm" no_kvm "'/dev/kvm': No such file" "it needs CONFIG_KVM"
check "/dev/kvm without KVM" no_kvm "'/dev/kvm': no KVM" "modprobe kvm" 250 3
check "/dev/kvm is another device" no_kvm "'/dev/kvm': not a KVM" \
	"API version" 1 3
check "no stolen time" no_stolen_time
check "no permission" no_permission
check "kernel unreadable" unreadable
gzip -1 < Image-6.1 > Image.gz
check "kernel truncated" cut_off "$here/Image-6.1"
check "kernel truncated, gzip" cut_off "$here/Image.gz"
check "kernel truncated, zboot gzip" cut_off "$here/Image-gzip.efi"
check "kernel truncated, zboot zstd" cut_off "$here/Image-zstd.efi"
check "kernel corrupt, gzip" spoilt "$here/Image.gz"
check "kernel corrupt, zboot zstd" spoilt "$here/Image-zstd.efi"
rm Image.gz
check "not a kernel" no_kernel
check "not an initrd" bad_initrd
check "kernel or initrd larger than memory" too_large
check "numbers" numbers
check "options" options
check "kernel parameters" params
check "full disk" full_disk
check "name in use" name_in_use
check "name of a killed VMM" stale_socket
