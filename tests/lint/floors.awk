# SPDX-License-Identifier: BSD-2-Clause
#
# floors.awk - who may include whom.  A source file may include headers of its
# own floor and of lower ones; a header only those of lower floors.
BEGIN {
	n = split("util kvm pvtime mach dev virtio boot vm ctl cmd", floor)
	for (i = 1; i <= n; i++)
		rank[floor[i]] = i
}
match($0, /^#[ \t]*include[ \t]+"[a-z]+\//) {
	split(FILENAME, path, "/")
	split($0, quoted, /["\/]/)
	me = rank[path[2]]
	it = rank[quoted[2]]
	top = path[1] == "include" ? me - 1 : me
	if (!me || !it || it > top) {
		print FILENAME ":" FNR ": " path[2] " may not include " \
			quoted[2]
		bad = 1
	}
}
END { exit bad }
