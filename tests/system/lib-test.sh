# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2034,SC2154
#
# lib-test.sh - the command 'test' on Debian's kernels.
#
# They spend most of a boot on their console, on tests of their cryptography and
# on certificates; without these they are up in a second.

fast="quiet cryptomgr.notests initcall_blacklist=load_system_certificate_list"

# How many verdicts were right so far, in all groups of this host.
echo 0 > "$here/verdicts"

# tested STATUS ARG...: run test, which must end with STATUS; $said is what it
# said to people.
tested()
{
	want=$1
	shift
	code=0
	# shellcheck disable=SC2086 # $vmm may have something before it
	timeout -k 5 300 $vmm test "$@" > said 2> err < /dev/null || code=$?
	said=$(cat said)
	[ $code -eq "$want" ] || fail "status $code, not $want: $(cat said err)"
	echo $(($(cat "$here/verdicts") + 1)) > "$here/verdicts"
}

# linux_tested STATUS ARG...: Linux 6.1 with what make_ird made, soon up.
linux_tested()
{
	want=$1
	shift
	tested "$want" -k "$here/Image-6.1" -i ird -p "$fast" --tests boot "$@"
}

# The guests' files, and some of our own behind them.
make_ird()
{
	mkdir -p own/bin
	ln -sf busybox own/bin/sh
	cat > own/exits <<-EOF2
	#!/bin/busybox sh
	/bin/busybox printf '/ # '
	exit 3
	EOF2
	cat > own/offs <<-EOF2
	#!/bin/busybox sh
	/bin/busybox poweroff -f
	EOF2
	echo "#!/no/such/shell" > own/broken
	chmod 755 own/exits own/offs own/broken
	[ ! -e "$here/spin.ko" ] || cp "$here/spin.ko" own
	(cd own && find . -mindepth 1 | cpio -o -H newc 2> /dev/null) > own.cpio
	cat "$here/initrd" own.cpio > ird
}
