# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# debian.sh - a Debian system to live in: its packages are configured by itself
# on its disk; then systemd, a network without privilege, ssh in through a
# forwarded port, a shared folder, reboot, power-off.

# debian ARG...: boot what is on the disk.
debian()
{
	run -k "$here/Image-6.1" -i "$here/initrd-debian" -c 2 -m 512 \
		-d "$here/system" "$@"
}

configured()
{
	debian --no-reboot -p 'quiet panic=-1'
	await "configured: 0" 600
	ended 4
}

# ssh COMMAND: root on the guest does it; what it prints is in $answer.
ssh()
{
	answer=$(timeout 60 dbclient -y -y -i key -p 2222 root@127.0.0.1 \
		"$1" 2> ssh.err) || return
}

# It may be on its way up or down: until it does COMMAND.
ssh_at_last()
{
	for _ in $(seq 90); do
		! ssh "$1" || return 0
		sleep 2
	done
	fail "no ssh: $(cat ssh.err); $(tail -n 3 "$g/out")"
}

good()
{
	ssh "$1" || fail "'$1': $(cat ssh.err) $answer"
}

lived_in()
{
	dropbearkey -t ed25519 -f key > pub || fail "no key"
	key=$(sed -n 's/^ssh-ed25519 \([^ ]*\).*/\1/p' pub)
	mkdir folder
	head -c 5000000 /dev/urandom > folder/from-host
	debian -n mode=user,port=2222:22 --share folder --rng \
		-p "quiet panic=-1 key=$key"
	ssh_at_last 'uname -a'
	has aarch64 "$answer"
	good 'systemctl is-system-running --wait || systemctl --failed'
	echo "$answer" >> "$here/figures"
	good 'dmesg | grep "arm-pv: using stolen time PV"'
	good 'mkdir -p /share && mount -t virtiofs folder /share'
	good 'md5sum < /share/from-host'
	has "$(md5sum < folder/from-host)" "$answer"
	good 'head -c 3000000 /dev/urandom | tee /root/file > /share/from-guest; md5sum < /root/file'
	sum=$answer
	has "$(md5sum < folder/from-guest)" "$sum"
	good 'cat /proc/sys/kernel/random/boot_id'
	boot=$answer

	# Another life, the same disk.
	ssh reboot
	ssh_at_last "! grep $boot /proc/sys/kernel/random/boot_id"
	good 'md5sum < /root/file; mount -t virtiofs folder /share && md5sum < /share/from-guest'
	has "$sum
$sum" "$answer"
	ssh 'systemctl poweroff'
	ended 0 120
}

button()
{
	debian --name debian --grace 100 -p "quiet panic=-1 key=none"
	await "login:" 180
	asked=$(now)
	"$vmm" stop debian || fail "stop: $?"
	ended 0 120
	[ "$(took "$asked" | cut -d . -f 1)" -lt 99 ] || fail "by force"
}

# Files where Debian has them, and an address to go out by.
cp -a "$here/daemons/." "$here/ssh/." /
ln -sf "$here/net/passt" /bin/passt
: > /etc/resolv.conf
insmod "$here/net/dummy.ko"
ip link add dummy0 type dummy
ip addr add 192.0.2.2/24 dev dummy0
ip link set dummy0 up
ip route add default via 192.0.2.1
check "Debian's packages are configured by the system itself" configured
check "Debian: ssh, disk, folder, reboot, power-off" lived_in
check "Debian: the power button" button
