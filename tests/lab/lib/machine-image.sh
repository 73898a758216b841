# shellcheck shell=bash
# The disk of a machine with a kernel of its own: Debian as its installer leaves it when nothing but the SSH server is
# chosen, on a partition beside one for swap; with it the kernel and a small initial RAM disk to start it without a boot loader.

# The package lists stay, as after an installation: reading them anew takes minutes under emulation.
# What the installer adds to priority "important": the kernel, what the kernel and systemd recommend, what tasksel's SSH server brings.
MACHINE_PACKAGES=linux-image-amd64,initramfs-tools,apparmor,libpam-systemd,systemd-timesyncd,dbus,openssh-server,sudo,ca-certificates,unattended-upgrades,pciutils,usbutils,wget,xz-utils,bash-completion,lsof,file,bzip2
MACHINE_ROOT_MIB=20480
MACHINE_SWAP_MIB=512

machine_image_cache() {
	printf '%s/machine-%s\n' "$CACHE" "$(recipe_hash "$LAB/lib/machine-image.sh" "$LAB/lib/rootfs.sh" "$LAB"/machine/* "$SUDO_SECRET" "$(apt_sites)")"
}

machine_image_ensure() {
	local final work site security
	final=$(machine_image_cache)
	[ ! -d "$final" ] || return 0
	need mmdebstrap mke2fs mkswap sfdisk
	site=$(apt_main_site)
	security=$(apt_security_site)
	work=$(mktemp -d "$CACHE/machine.XXXXXX")
	say "building the machines' disk (log: $work.log)"
	mkdir -m 0755 "$work/root" "$work/out"
	mmdebstrap --variant=important --include="$MACHINE_PACKAGES" --dpkgopt=force-unsafe-io --skip=cleanup/apt/lists --aptopt='Acquire::Languages "none"' bookworm "$work/root" \
		"deb $site bookworm main" "deb $site bookworm-updates main" "deb $security bookworm-security main" \
		>"$work.log" 2>&1 || die "mmdebstrap failed: see $work.log"
	# for the making only: what is half made is thrown away
	rm -f "$work/root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
	rootfs_common "$work/root" "$site" "$security"
	machine_settle "$work/root" "$work/out"
	machine_boot_files "$work/root" "$work/out" >>"$work.log" 2>&1 || die "mkinitramfs failed: see $work.log"
	machine_disk "$work/root" "$work/out" >>"$work.log" 2>&1 || die "the disk cannot be made: see $work.log"
	publish "$work/out" "$final"
	rm -rf --one-file-system "$work" "$work.log"
}

# machine_settle ROOT OUT: what the installer writes, and the way in for `lab exec`.
machine_settle() {
	local root=$1 out=$2 file
	cat /proc/sys/kernel/random/uuid >"$out/root.uuid"
	cat /proc/sys/kernel/random/uuid >"$out/swap.uuid"
	{
		printf '# /etc/fstab: static file system information.\n#\n'
		printf '# <file system> <mount point>   <type>  <options>       <dump>  <pass>\n'
		printf '# / was on /dev/vda1 during installation\nUUID=%s /               ext4    errors=remount-ro 0       1\n' "$(cat "$out/root.uuid")"
		printf '# swap was on /dev/vda2 during installation\nUUID=%s none            swap    sw              0       0\n' "$(cat "$out/swap.uuid")"
	} >"$root/etc/fstab"
	for file in exec sshd_config; do
		install -D -m "$([ -x "$LAB/machine/$file" ] && echo 0755 || echo 0644)" "$LAB/machine/$file" "$root/usr/lib/kwlab/$file"
	done
	install -D -m 0644 "$LAB/machine/kwlab-exec.service" "$root/etc/systemd/system/kwlab-exec.service"
	mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
	ln -sf ../kwlab-exec.service "$root/etc/systemd/system/multi-user.target.wants/"
}

# machine_boot_files ROOT OUT: the kernel, and a RAM disk with the few modules that lead to the disk.
machine_boot_files() {
	local root=$1 out=$2 version conf=$1/tmp/initramfs
	version=$(basename "$root"/lib/modules/*)
	cp "$root/boot/vmlinuz-$version" "$out/vmlinuz"
	cp -a "$root/etc/initramfs-tools" "$conf"
	sed -i 's/^MODULES=.*/MODULES=list/' "$conf/initramfs.conf"
	printf 'virtio_pci\nvirtio_blk\next4\n' >"$conf/modules"
	printf 'RESUME=none\n' >"$conf/conf.d/resume"
	install -D -m 0755 "$LAB/machine/seed" "$conf/scripts/init-bottom/kwlab"
	chroot "$root" mkinitramfs -d /tmp/initramfs -o /tmp/initrd "$version"
	mv "$root/tmp/initrd" "$out/initrd"
	rm -rf "$conf"
}

# machine_disk ROOT OUT: partitions as the installer lays them out.
machine_disk() {
	local root=$1 out=$2
	truncate -s "$((MACHINE_ROOT_MIB + MACHINE_SWAP_MIB + 1))M" "$out/disk"
	printf 'label: dos\nstart=1MiB, size=%dMiB, type=83, bootable\nsize=%dMiB, type=82\n' $MACHINE_ROOT_MIB $MACHINE_SWAP_MIB |
		sfdisk -q "$out/disk"
	mke2fs -q -t ext4 -U "$(cat "$out/root.uuid")" -E offset=1048576,lazy_itable_init=0,lazy_journal_init=0 -d "$root" "$out/disk" "${MACHINE_ROOT_MIB}M"
	truncate -s "${MACHINE_SWAP_MIB}M" "$out/swap"
	mkswap -q -U "$(cat "$out/swap.uuid")" "$out/swap"
	dd if="$out/swap" of="$out/disk" bs=1M count=1 seek=$((MACHINE_ROOT_MIB + 1)) conv=notrunc status=none
	rm "$out/swap"
}
