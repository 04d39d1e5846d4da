# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# continuity.sh - Linux's books over CPUs off and on, kexec and reboot.
#
# What goes wrong in a guest's /proc/stat, and who can help it:
#
#	steal	of a CPU falls to 0, and that of the sum by as much, when Linux
#		takes the CPU off: it gives up its record while the CPU's clock
#		still ticks, and reads 0.  That is the guest's own doing: the
#		CPU is still on, and has asked the host for nothing.  When it is
#		back, Linux adds all that the record holds.  So steal is right
#		again if the record went on (steady), and starts anew if it was
#		zeroed (kvm): that loss is for ever.
#	idle	of the sum falls by a little, in Linux 6.1 and 6.12, since that
#		of a CPU is counted in one way while it is on and in another
#		while it is off.  Seen without stolen time as well.
#
# With steady nothing else may fall, and but for that idle nothing may be less
# than ever before when the CPU is back.

# In the guest, beside init: what is done to it, a function each.
guest_steps()
{
	cat <<'END'
# watch: write into /tmp/watched what falls.  mark TEXT: a step of that.
watch()
{
	rm -f /tmp/steps
	mkfifo /tmp/steps
	statwatch 10 < /tmp/steps > /tmp/watched &
	exec 3> /tmp/steps
	cycles=0
}

mark()
{
	echo "$1" >&3
	until grep -q "^step .* $1$" /tmp/watched; do
		sleep 0.01
	done
}

watched()
{
	mark end
	exec 3>&-
	cat /tmp/watched
}

# load: keep all CPUs busy, until unload.
load()
{
	loads=
	for i in $(seq "$(nproc)"); do
		sh -c 'while :; do :; done' &
		loads="$loads $!"
	done
}

unload()
{
	kill $loads
	wait $loads
}

# off_on CPU: so that it has had a tick of its clock before this returns.
off_on()
{
	cycles=$((cycles + 1))
	mark "$cycles off cpu$1"
	echo 0 > /sys/devices/system/cpu/cpu$1/online || return
	sleep 0.1
	echo 1 > /sys/devices/system/cpu/cpu$1/online || return
	taskset $((1 << $1)) sh -c 'i=0
		while [ $((i += 1)) -lt 3000 ]; do :; done'
	mark "$cycles on cpu$1"
}

# stay_on CPU: it shall go off, but that fails half-way, and the kernel takes
# it back: it asks for its record once more, without having been off.
stay_on()
{
	cycles=$((cycles + 1))
	mark "$cycles off cpu$1"
	sed -n 's|: *RCU/tree:online$||p' \
		/sys/devices/system/cpu/hotplug/states \
		> /sys/devices/system/cpu/cpu$1/hotplug/fail
	echo 0 > /sys/devices/system/cpu/cpu$1/online && return 1
	taskset $((1 << $1)) sh -c 'i=0
		while [ $((i += 1)) -lt 3000 ]; do :; done'
	mark "$cycles on cpu$1"
}
END
}

# continuous KERNEL ARG...: boot it, with itself to kexec, and steps.
continuous()
{
	mkdir -p add/bin
	ln -s "$here/Image-$1" add/Image
	cp "$here/statwatch" "$here/kexec" add/bin/
	guest_steps > add/steps
	(cd add && find . -mindepth 1 | cpio -o -L -H newc) > added
	cat "$here/initrd" added > initrd-more
	rm -r add added
	kernel=$1
	shift
	# nolva: 6.12's kexec_load oopses where addresses have 52 bits.
	run -k "$here/Image-$kernel" -i initrd-more -c 2 -m 512 \
		-p "quiet retain_initrd arm64.nolva" --name "$g" "$@"
	await "guest: ready" 60
	ask '. /steps'
}

# contend, relent: all of $g and a neighbour want one CPU of the host.
contend()
{
	taskset 1 sh -c 'while :; do :; done' &
	neighbour=$!
	guests="$guests $neighbour"
	pin 1
}

relent()
{
	kill "$neighbour"
	pin 3
}

# books FILE KERNEL: judge what statwatch saw; figures.
books()
{
	echo "$answer" > "$1"
	awk -v kernel="$2" -v idle_falls="${2#newest}" '
	$1 == "fall" && $4 == 8 && away && ($3 == "cpu" || $3 == away) {
		if ($3 != "cpu" && $5 - $6 > dip)
			dip = $5 - $6
		next
	}
	$1 ~ /fall|below/ && $3 == "cpu" && $4 == 4 && idle_falls {
		idle++
		next
	}
	$1 ~ /fall|below/ { print "BAD: " $0 }
	$1 == "step" {
		away = $6 == "off" ? $7 : ""
		cycles += $6 == "on"
		looks = $3
		counters = $4
	}
	END {
		if ($NF != "end" || looks < 10 || counters < 30)
			print "BAD: too little was looked at"
		printf "guest %s: %d cycles, %d counters, %d looks;" \
			" steal dips by up to %d ticks, idle falls %d times\n",
			kernel, cycles, counters, looks, dip, idle
	}' "$1" > "$1.verdict"
	! grep -q BAD "$1.verdict" ||
		fail "/proc/stat falls: $(cat "$1.verdict"), of: $(cat "$1")"
	cat "$1.verdict" >> "$here/figures"
}

# watch_records: from now on into $g/records.
watch_records()
{
	: > "$g/records"
	while :; do
		"$vmm" stat --json "$g" | records_in
		sleep 0.2
	done >> "$g/records" &
	record_watcher=$!
	guests="$guests $record_watcher"
}

# No record falls but while a new kernel starts, "new" to "ready".
judge_records()
{
	kill "$record_watcher"
	awk '
	$1 == "new" { starts = 1; kernels++ }
	$1 == "ready" { starts = 0 }
	NF == 3 {
		looks++
		if (!starts && $3 < record[$1])
			print "BAD: vCPU " $1 ": " record[$1] " then " $3
		record[$1] = $3
	}
	END {
		if (kernels != 2 || looks < 20)
			print "BAD: " kernels " new kernels, " looks " looks"
		print looks " looks at records"
	}' "$g/records" > "$g/verdict"
	! grep -q BAD "$g/verdict" || fail "records: $(cat "$g/verdict")"
	cat "$g/verdict" >> "$here/figures"
}

# starts_anew COMMAND: that starts a new kernel, for which neither record nor
# guest may count more than what has been stolen since then; the guest in ticks
# of 10 ms.
starts_anew()
{
	records_of > "$g/old"
	echo new >> "$g/records"
	began=$(now)
	type "$1"
	relent # or it takes half a minute
	await "guest: ready" 120
	ask "grep '^cpu[0-9]' /proc/stat"
	echo ready >> "$g/records"
	took=$(took "$began")
	records_of > "$g/new"
	echo "$answer" | awk '{ print $9 }' | paste -d ' ' "$g/old" "$g/new" - |
		awk -v after="$1, $took s" '
	{
		since = ($5 - $2) / 1e6
		record = $6 / 1e6
		guest = $7 * 10
		printf "after %s: vCPU %d had %.0f ms, now record %.0f ms," \
			" guest %d ms, %.0f ms stolen since\n", after, $1,
			$3 / 1e6, record, guest, since
		if ($3 < 5e8)
			print "BAD: too little was stolen before"
		if (NF != 7 || record > since || guest > since + 20)
			print "BAD: it does not start anew"
	}
	END { if (NR != 2) print "BAD: " NR " vCPUs" }' > "$g/verdict"
	! grep -q BAD "$g/verdict" || fail "$(cat "$g/verdict")"
	cat "$g/verdict" >> "$here/figures"
	ask '. /steps'
}

# lives FILE KERNEL: a new kernel counts in its turn, and CPU 1 can go.
lives()
{
	contend
	ask 'watch; load'
	sleep 2
	ask 'off_on 1' 60
	ask 'unload; watched' 60
	books "$1" "$2"
	ask "grep '^cpu[0-9]' /proc/stat"
	echo "$answer" | awk '$9 == 0 { exit 1 }' ||
		fail "nothing is stolen from the new kernel: $answer"
}

# steady KERNEL: what it promises.
steady()
{
	# Our own hosts must have what it needs.
	[ "$HOST" != native ] ||
		"$vmm" run -k "$here/off.bin" --pvtime steady 2> why < /dev/null ||
		skip "$(cat why)"
	continuous "$1" --pvtime steady
	look "$g/a" 2
	watch_records
	contend
	ask 'watch; load'
	sleep 3
	ask "for i in \$(seq 10); do off_on 1; done; off_on 0" 300
	ask "stay_on 1; echo stayed \$?; off_on 1; off_on 0" 100
	has "stayed 0" "$answer"
	ask 'unload; watched' 60
	relent
	books "$g/books" "$1"
	look "$g/b" 2
	judge 2 500
	contend
	starts_anew "kexec /Image"
	lives "$g/kexec" "$1"
	starts_anew "reboot -f"
	lives "$g/reboot" "$1"
	relent
	judge_records
	type 'poweroff -f'
	ended 0
}

# The fault of kvm, in calm, so that steal cannot grow back meanwhile: what has
# been stolen from CPU 1 before it was off is lost.
kvm_forgets()
{
	continuous "$1" --pvtime kvm
	contend
	ask 'watch; load'
	sleep 3
	ask unload
	relent
	ask 'off_on 1'
	ask watched
	echo "$answer" > books
	awk -v kernel="$1" '
	$1 == "below" && $3 == "cpu1" && $4 == 8 && $6 < $5 / 2 {
		lost = "steal of CPU 1: " $5 " ticks, then " $6
	}
	END {
		if (!lost)
			exit 1
		print "guest " kernel ": " lost
	}' books >> "$here/figures" ||
		fail "steal of CPU 1 is not lost: $answer"
	type 'poweroff -f'
	ended 0
}

# idle_falls KERNEL: of the sum, without stolen time; by chance, so try.
idle_falls()
{
	continuous "$1" --no-pvtime
	contend
	ask watch
	i=0
	while [ $((i += 1)) -le 20 ]; do
		ask 'load; sleep 0.5; off_on 1; unload'
		ask 'grep -c "fall .* cpu 4 " /tmp/watched'
		[ "$answer" = 0 ] || break
	done
	ask watched
	has "fall" "$answer"
	echo "$answer" > books
	awk '$1 == "fall" && ($3 != "cpu" || $4 != 4) { exit 1 }' books ||
		fail "not only idle falls: $answer"
	type 'poweroff -f'
	ended 0
}

steady_with()
{
	for kernel; do
		measured "steady, guest $kernel: CPUs off and on, kexec, reboot" \
			steady "$kernel"
	done
}

kvm_with()
{
	for kernel; do
		measured "kvm, guest $kernel: the known fault, a CPU off and on loses its steal" \
			kvm_forgets "$kernel"
	done
}

case $HOST in
6.1)
	kvm_with 6.1 6.12 newest
	for kernel in 6.1 6.12; do
		check "guest $kernel without stolen time: idle falls with a CPU off" \
			idle_falls $kernel
	done
	;;
6.12)
	steady_with 6.1 6.12 newest
	;;
native)
	kvm_with 6.1
	steady_with 6.1 6.12 newest
	;;
*)
	steady_with 6.1
	;;
esac
