# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# example.sh - another VMM, with stolen time by the installed library alone.

# The conformance guest finds as little wrong there as under our own.
example()
{
	timeout 60 taskset 1 "$here/minivmm" "$here/conformance.bin" "$1" \
		< /dev/null > out 2>&1
	status=$?
	tr -d '\r' < out > tap
	[ $status -eq 0 ] || fail "status $status: $(tail -n 3 tap)"
	head -n 1 tap | grep -q '^stolen time: [ks]' || fail "$(head -n 1 tap)"
	grep -q '^# conformance: .* 0 failed' tap ||
		fail "$(grep '^not ok' tap)"
	! grep 'stolen time is offered' tap | grep -q SKIP ||
		fail "no stolen time"
	[ "$1" -eq 1 ] ||
		! grep 'loses to its siblings' tap | grep -q SKIP ||
		fail "$(grep 'loses to its siblings' tap)"
	# Its last words: who turned the machine off, and what that vCPU lost.
	tail -n 1 tap | grep -q '^vCPU [0-9]: ran [0-9.]* s, stolen' ||
		fail "$(tail -n 1 tap)"
}

for n in 1 2 4; do
	check "libpvtime in another VMM: $n vCPUs" example $n
done
