# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# formats.sh - kernels of every form, initrds and memory of every size.

# boots KERNEL: as far as init, and off again.
boots()
{
	run -k "$1" -i "$here/initrd" -c 1 -m 256 -p quiet
	await "guest: ready" 60
	type 'poweroff -f'
	ended 0
}

gzipped()
{
	gzip -1 < "$here/Image-6.1" > Image.gz
	boots Image.gz
}

# text_offset OFFSET: an arm64 Image may be anywhere (its flag bit 3), so one
# that asks for another offset from 2 MiB on runs there.
text_offset()
{
	cp "$here/Image-6.1" Image
	le64 Image 8 "$1"
	run -k Image -i "$here/initrd" -c 1 -m 256 -p quiet
	await "guest: ready" 60
	ask 'grep "Kernel code" /proc/iomem'
	start=$(echo "$answer" | sed -n 's/^ *\([0-9a-f]*\)-.*/\1/p')
	# The code comes behind the image's first 64 KiB.
	[ $((0x$start)) -eq $((0x40200000 + $1 + 0x10000)) ] ||
		fail "offset $1: the kernel's code is at 0x$start"
	type 'poweroff -f'
	ended 0
}

# 512 MiB, of which the archive is the beginning.  Behind it comes what makes
# Linux stop unpacking: to skip as many zeros takes it half a minute in an
# emulated host, and so does filling them once they are free (retain_initrd).
large_initrd()
{
	cp "$here/initrd" initrd
	echo junk >> initrd
	truncate -s 512M initrd
	run -k "$here/Image-6.1" -i initrd -c 1 -m 1G -p 'quiet retain_initrd'
	await "guest: ready" 90
	ask 'cd /proc/device-tree/chosen; hexdump -v -e "8/1 \"%02x\" \"\n\"" linux,initrd-start linux,initrd-end; cd /'
	first=$(echo "$answer" | sed -n 's/.*\([0-9a-f]\{16\}\).*/\1/p' | sed -n 1p)
	last=$(echo "$answer" | sed -n 's/.*\([0-9a-f]\{16\}\).*/\1/p' | sed -n 2p)
	[ $((0x$last - 0x$first)) -eq $((512 << 20)) ] ||
		fail "the guest's initrd is from 0x$first to 0x$last"
	type 'poweroff -f'
	ended 0
}

packed_program()
{
	gzip < "$here/mon.bin" > mon.gz
	run -k mon.gz -m 64
	await "mon: ready"
	type o
	ended 0
}

# memory MIB: mon runs with so much, and the tree says so.
memory()
{
	"$vmm" dtb -m "$1" > tree || fail "dtb: status $?"
	# memory@40000000's reg: base and size.
	od -An -v -tx1 tree | tr -d ' \n' | grep -q \
		"0000000040000000$(printf %016x $(($1 << 20)))" ||
		fail "the tree has no such memory"
	mon -m "$1"
	tell p
	type o
	ended 0
}

linux_memory()
{
	linux 6.1 -c 1 -m "$1" -p quiet
	ask 'grep MemTotal /proc/meminfo'
	total=$(echo "$answer" | sed 's/[^0-9]//g')
	[ "$total" -gt $(($1 * 1024 * $2 / 100)) ] || fail "$answer"
	type 'poweroff -f'
	ended 0
}

check "gzip" gzipped
check "zboot with gzip" boots "$here/Image-gzip.efi"
check "zboot with zstd" boots "$here/Image-zstd.efi"
check "text_offset 2 MiB" text_offset $((0x200000))
check "text_offset 512 KiB" text_offset $((0x80000))
check "initrd of 512 MiB" large_initrd
check "packed flat program" packed_program
for mib in 64 65 5000 1048576; do
	check "$mib MiB of memory" memory $mib
done
check "Linux, 128 MiB" linux_memory 128 50
check "Linux, 6 GiB" linux_memory 6144 90
