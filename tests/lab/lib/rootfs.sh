# shellcheck shell=bash
# The root file system all hosts share as the lower layer: a minimal Debian bookworm server, nothing baked in that
# must differ between hosts.

# As little as a server has that was installed with sshd and nothing else: no curl, no gnupg.
ROOTFS_PACKAGES=systemd,systemd-sysv,dbus,openssh-server,sudo,iproute2,iptables,procps,kmod,ca-certificates

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

# What turns the fresh Debian into a host of the lab.
rootfs_settle() {
	local root=$1 site=$2 security=$3 unit
	: >"$root/etc/machine-id"
	rm -f "$root"/etc/ssh/ssh_host_*_key* "$root/etc/hostname" "$root/etc/resolv.conf" "$root/var/lib/dbus/machine-id"
	: >"$root/etc/resolv.conf"
	rm -f "$root"/etc/apt/sources.list.d/* "$root/etc/apt/sources.list"
	printf 'deb %s\n' "$site bookworm main" "$site bookworm-updates main" "$security bookworm-security main" \
		>"$root/etc/apt/sources.list"
	install -D -m 0755 "$LAB/hosts/init" "$root/usr/lib/kwlab/init"
	chroot "$root" useradd --create-home --shell /bin/bash ops
	printf 'ops:%s\n' "$SUDO_SECRET" | chroot "$root" chpasswd
	# Nothing here sets clocks, talks on consoles or takes the package lock by itself.
	for unit in systemd-networkd.service systemd-networkd.socket systemd-resolved.service systemd-timesyncd.service \
		console-getty.service getty.target apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
		e2scrub_all.timer e2scrub_reap.service fstrim.timer sys-kernel-debug.mount sys-kernel-tracing.mount \
		systemd-networkd-wait-online.service; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done
	printf 'UseDNS no\nMaxStartups 100:30:200\nLogLevel VERBOSE\n' >"$root/etc/ssh/sshd_config.d/lab.conf"
}
