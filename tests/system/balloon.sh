# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# balloon.sh - memory that a guest does not need is the host's again.

# resident: how much of it the VMM has, KiB.
resident()
{
	awk '$1 == "Rss:" { print $2 }' "/proc/$(cat "$g/pid")/smaps_rollup"
}

# falls_to KIB: within some seconds it has no more than that.
falls_to()
{
	n=0
	while [ "$(resident)" -gt "$1" ]; do
		[ $n -lt 60 ] || fail "$(resident) KiB, not $1"
		sleep 0.5
		n=$((n + 1))
	done
}

good()
{
	ask "$1 && echo done" "${2:-60}"
	has "done" "$answer"
}

# fills MIB: the guest uses so much, and needs it no longer.
fills()
{
	good "mount -t tmpfs -o size=${1}m t /tmp && dd if=/dev/urandom of=/tmp/a bs=1M count=$1"
	full=$(resident)
	good "umount /tmp"
}

# Pages that are free go back by themselves; what is in use stays as it is.
reported()
{
	run -k "$here/Image-6.1" -i "$here/initrd-balloon" -c 2 -m 512 \
		-p quiet --balloon --name balloon "$@"
	await "guest: ready" 60
	good 'dd if=/dev/urandom of=/kept bs=1M count=16 && md5sum < /kept > /sum'
	before=$(resident)
	fills 200
	[ $((full - before)) -gt 180000 ] || fail "$before, then $full"
	falls_to $((before + 40000))
	echo "$before KiB, with 200 MiB in use $full, then $(resident)" \
		>> "$here/figures"
	good 'md5sum < /kept | cmp - /sum'
	fills 200
	type 'reboot -f'
	await "guest: ready" 60
	type 'poweroff -f'
	ended 0
}

# Whatever is asked for is given, and comes back.
asked_for()
{
	run -k "$here/Image-6.1" -i "$here/initrd-balloon" -c 2 -m 512 \
		-p quiet --balloon --name balloon
	await "guest: ready" 60
	ask 'grep MemAvailable /proc/meminfo'
	before=$(echo "$answer" | awk '/MemAvailable/ { print $2 }')
	"$vmm" balloon balloon 256M || fail "balloon: $?"
	n=0
	until ask 'grep MemAvailable /proc/meminfo' &&
			[ "$(echo "$answer" | awk '/MemA/ { print $2 }')" -lt \
				$((before - 240000)) ]; do
		[ $((n += 1)) -lt 40 ] || fail "$before, then $answer"
		sleep 0.5
	done
	"$vmm" balloon balloon 0 || fail "balloon: $?"
	until ask 'grep MemAvailable /proc/meminfo' &&
			[ "$(echo "$answer" | awk '/MemA/ { print $2 }')" -gt \
				$((before - 20000)) ]; do
		[ $((n += 1)) -lt 80 ] || fail "$before, then $answer"
		sleep 0.5
	done
	"$vmm" balloon balloon 5G 2> err && fail "more than there is"
	has "the guest has no more than 512 MiB" "$(cat err)"
	type 'poweroff -f'
	ended 0
}

without_one()
{
	mon --name none
	"$vmm" balloon none 5M 2> err && fail "there is none"
	has "start it with --balloon" "$(cat err)"
	for words in '' none 'none x' 'none -1' 'none 5M 5M'; do
		# shellcheck disable=SC2086 # words
		"$vmm" balloon $words 2> err
		[ $? -eq 2 ] || fail "'$words': $(cat err)"
	done
	type o
	ended 0
}

cat "$here/initrd" "$here/modules" > "$here/initrd-balloon"
check "balloon: what is free goes back to the host" reported
check "balloon: the same where the records are in RAM" reported \
	--pvtime-place ram
check "balloon: taken and given back" asked_for
check "balloon: words that make no sense, a guest without one" without_one
