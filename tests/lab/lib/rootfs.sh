# shellcheck shell=bash
# The root file system all hosts share as the lower layer: a minimal Debian bookworm server, nothing baked in that
# must differ between hosts.

# As little as a server has that was installed with sshd and nothing else: no curl, no gnupg.
ROOTFS_PACKAGES=systemd,systemd-sysv,dbus,openssh-server,sudo,iproute2,iptables,procps,kmod,ca-certificates,systemd-resolved

rootfs_cache() {
	printf '%s/rootfs-%s\n' "$CACHE" "$(recipe_hash "$LAB/lib/rootfs.sh" "$LAB/hosts/init" "$(apt_sites)")"
}

rootfs_ensure() {
	local final work site security
	final=$(rootfs_cache)
	[ ! -d "$final" ] || return 0
	need mmdebstrap
	site=$(apt_main_site)
	security=$(apt_security_site)
	work=$(mktemp -d "$CACHE/rootfs.XXXXXX")
	say "building the hosts' root file system (log: $work.log)"
	chmod 0755 "$work"
	mmdebstrap --variant=minbase --include="$ROOTFS_PACKAGES" --aptopt='Acquire::Languages "none"' bookworm "$work" \
		"deb $site bookworm main" "deb $site bookworm-updates main" "deb $security bookworm-security main" \
		>"$work.log" 2>&1 || die "mmdebstrap failed: see $work.log"
	rootfs_settle "$work" "$site" "$security"
	publish "$work" "$final"
	rm -f "$work.log"
}

# rootfs_common ROOT SITE SECURITY: what turns a fresh Debian into a host of the lab, of whatever kind. Nothing in it is one host's own.
rootfs_common() {
	local root=$1 site=$2 security=$3
	: >"$root/etc/machine-id"
	rm -f "$root"/etc/ssh/ssh_host_*_key* "$root/etc/hostname" "$root/etc/resolv.conf" "$root/var/lib/dbus/machine-id"
	: >"$root/etc/resolv.conf"
	rm -f "$root"/etc/apt/sources.list.d/* "$root/etc/apt/sources.list"
	printf 'deb %s\n' "$site bookworm main" "$site bookworm-updates main" "$security bookworm-security main" \
		>"$root/etc/apt/sources.list"
	chroot "$root" useradd --create-home --shell /bin/bash ops
	printf 'ops:%s\n' "$SUDO_SECRET" | chroot "$root" chpasswd
	# as hardening guides have it; sudo adds it to its own
	printf 'session optional pam_umask.so umask=027\n' >>"$root/etc/pam.d/common-session"
	printf 'UseDNS no\nMaxStartups 100:30:200\nLogLevel VERBOSE\n' >"$root/etc/ssh/sshd_config.d/lab.conf"
	rootfs_upgrades "$root"
}

# The timers of unattended upgrades are on, as the installer leaves them, and come up on no day of a test.
rootfs_upgrades() {
	local root=$1 timer
	printf 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n' >"$root/etc/apt/apt.conf.d/20auto-upgrades"
	for timer in apt-daily apt-daily-upgrade; do
		mkdir -p "$root/etc/systemd/system/$timer.timer.d"
		printf '[Timer]\nOnCalendar=\nOnCalendar=2099-01-01\nPersistent=false\n' >"$root/etc/systemd/system/$timer.timer.d/lab.conf"
	done
}

rootfs_settle() {
	local root=$1 unit
	rootfs_common "$@"
	install -D -m 0755 "$LAB/hosts/init" "$root/usr/lib/kwlab/init"
	printf '# swap was on /dev/sda5 during installation\nUUID=9f1a3c52-6d0e-4b7a-8c21-5e0d4f7a9b13 none            swap    sw              0       0\n' \
		>"$root/etc/fstab"
	# Nothing here sets clocks or talks on consoles.
	for unit in systemd-networkd.service systemd-networkd.socket systemd-timesyncd.service \
		console-getty.service getty.target dpkg-db-backup.timer \
		e2scrub_all.timer e2scrub_reap.service fstrim.timer sys-kernel-debug.mount sys-kernel-tracing.mount \
		systemd-networkd-wait-online.service; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done
	# On one host it is on: see host_resolver.
	rm -f "$root"/etc/systemd/system/*/systemd-resolved.service "$root/etc/systemd/system/dbus-org.freedesktop.resolve1.service"
}
