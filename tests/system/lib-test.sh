# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2034,SC2154
#
# lib-test.sh - the command test on Debian's kernel 6.1, which every host has.

kernel=$here/Image-6.1

# It boots in half the time without these.
sooner="quiet cryptomgr.notests initcall_blacklist=load_system_certificate_list"

# tested STATUS ARG...: run it; what it says is in $said, and the verdict's class,
# with which the last line begins, in $class.
tested()
{
	want=$1
	shift
	# shellcheck disable=SC2086 # $vmm may have something before it
	timeout -k 5 300 $vmm test "$@" < /dev/null > said 2> err
	status=$?
	said=$(cat said)
	class=$(tail -n 1 said)
	class=${class%%:*}
	[ $status -eq "$want" ] ||
		fail "status $status, not $want: $(tail -n 1 said) $(cat err)"
}

# linux_tested STATUS ARG...: Linux with what initrd made.
linux_tested()
{
	want=$1
	shift
	tested "$want" -k "$kernel" -i "$here/initrd-test" -p "$sooner" \
		--tests boot --log log "$@"
}

# judged CLASS: so the verdict is called.
judged()
{
	[ "$class" = "$1" ] || fail "'$class', not '$1': $(tail -n 1 said)"
}

# initrd FOLDER: make it of busybox, which is the shell, too, and of FOLDER.
initrd()
{
	mkdir -p "$1/bin"
	ln -sf busybox "$1/bin/sh"
	(cd "$1" && find . -mindepth 1 | cpio -o -H newc 2> /dev/null) |
		cat "$here/initrd" - > "$here/initrd-test"
}
