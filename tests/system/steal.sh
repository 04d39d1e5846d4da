# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# steal.sh - record, host scheduler and guest agree on the stolen time.

measured "1, 2, 4 vCPUs, 10 s: record is what the host stole" \
	contended 6.1 10 1 2 4
for kernel in 6.12 newest; do
	measured "guest $kernel, 3 s: record is what the host stole" \
		contended $kernel 3 2
done
