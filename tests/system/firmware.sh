# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# firmware.sh - U-Boot boots Debian's kernel by EFI from a disk, and keeps its
# variables; what is no firmware is refused.

# prompt: U-Boot's, instead of the boot.
prompt()
{
	await 'Hit any key' 120
	type ''
	await '=> '
}

# What U-Boot has saved outlives the VMM's being killed.  Then everything is as
# on a board: U-Boot's EFI, GRUB, a kernel that nobody told of stolen time.
efi()
{
	run -f "$here/u-boot.bin" --firmware-vars vars -c 1 -m 64
	prompt
	type 'setenv greeting hello'
	await '=> '
	type 'saveenv'
	await 'OK' 120
	kill -9 "$(cat "$g/pid")"
	[ "$(du -k vars | cut -f 1)" -lt 1024 ] || fail "$(du -k vars)"
	[ "$(wc -c < vars)" -eq 67108864 ] || fail "$(wc -c < vars) bytes"

	run -f "$here/u-boot.bin" --firmware-vars vars -c 2 -m 512 \
		-d "$here/esp.img"
	prompt
	type 'printenv greeting'
	await 'greeting=hello'
	refuses 1 "'vars': another guest uses it" -f "$here/u-boot.bin" \
		--firmware-vars vars
	type boot
	await 'Welcome to GRUB' 60
	await 'guest: ready' 120
	ask 'dmesg | grep -e "efi: EFI" -e "arm-pv:"'
	has 'Das U-Boot' "$answer"
	has 'arm-pv: using stolen time PV' "$answer"
	ask 'cat /proc/cpuinfo | grep -c processor'
	has 2 "$answer"
	type 'reboot -f'
	prompt
	type poweroff
	ended 0
}

# refuses STATUS WORDS OPTION...: one line that holds WORDS, nothing begun.
refuses()
{
	want=$1
	words=$2
	shift 2
	"$vmm" run -c 1 -m 64 "$@" < /dev/null > out 2> err
	status=$?
	[ $status -eq "$want" ] || fail "$*: status $status: $(cat err)"
	[ "$(wc -l < err)" -eq 1 ] || fail "$*: not one line: $(cat err)"
	has "$words" "$(cat err)"
}

bad_files()
{
	f=$here/u-boot.bin
	mkdir folder
	: > empty
	truncate -s 67108865 large
	refuses 1 "firmware: 'none': No such file or directory; is the path" \
		-f none
	refuses 1 "'folder': a directory" -f folder
	refuses 1 "'empty': the file is empty" -f empty
	refuses 1 "'large': 67108865 bytes; the flash has room for 64 MiB" \
		-f large
	refuses 1 "variables: 'folder': a directory" \
		-f "$f" --firmware-vars folder
	refuses 1 "'large': 67108865 bytes; the flash has 64 MiB" \
		-f "$f" --firmware-vars large
	refuses 1 "'/dev/null': not a regular file" \
		-f "$f" --firmware-vars /dev/null
	refuses 1 "'folder/a/b'" -f "$f" --firmware-vars folder/a/b
	refuses 2 "-f and -k: the firmware itself loads" -f "$f" -k "$here/Image-6.1"
	refuses 2 "-f and -i" -f "$f" -i "$here/initrd"
	refuses 2 "-f and -p" -f "$f" -p quiet
	refuses 2 "there is no firmware" --firmware-vars vars
	[ ! -e vars ] || fail "a file is left"
}

check "U-Boot: variables outlive a kill, EFI boots a disk to user space" efi
check "what is no firmware, and no place for variables" bad_files
