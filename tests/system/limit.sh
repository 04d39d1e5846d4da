# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# limit.sh - as much memory as KVM has addresses for, which depends on the host.

# As much as KVM has addresses for, and 1 MiB more.
all_memory()
{
	"$vmm" run -k "$here/off.bin" -c 1 -m 4096T < /dev/null 2> err &&
		fail "4096T is not too much"
	most=$(sed -n 's/.*room for \([0-9]*\) MiB; .*/\1/p' err)
	[ -n "$most" ] || fail "$(cat err)"
	"$vmm" run -k "$here/off.bin" -c 1 -m $((most + 1)) < /dev/null 2> err
	status=$?
	[ $status -eq 1 ] || fail "status $status: $(cat err)"
	has "room for $most MiB; give less with -m" "$(cat err)"
	"$vmm" run -k "$here/off.bin" -c 1 -m "$most" < /dev/null 2> err &&
		return
	# From 128 TiB on a process may be too small for it.
	has "guest memory of $most MiB: Cannot allocate memory; give less" \
		"$(cat err)"
	[ "$most" -ge $((1 << 27)) ] || fail "$(cat err)"
	"$vmm" run -k "$here/off.bin" -c 1 -m 100T < /dev/null ||
		fail "100T: status $?"
}

check "as much memory as KVM has addresses for" all_memory
