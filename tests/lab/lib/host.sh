# shellcheck shell=bash
# One host's life: its disk, its power.

# Shared by all hosts of a lab: the operator's key.
ssh_key_ensure() {
	mkdir -p "$STATE/ssh"
	[ -f "$STATE/ssh/id_ed25519" ] || ssh-keygen -q -t ed25519 -N '' -C lab -f "$STATE/ssh/id_ed25519"
	[ -z "${SUDO_UID:-}" ] || chown -R "$SUDO_UID:${SUDO_GID:-0}" "$STATE/ssh"
}

# Makes a fresh disk: an empty upper layer and, on it, all that differs between hosts.
host_create() {
	local host=$1 dir upper id
	dir=$(host_dir "$host")
	upper=$dir/disk/upper
	mkdir -p "$dir/root" "$dir/new/upper/etc/ssh" "$dir/new/upper/etc/sudoers.d" "$dir/new/work" "$dir/new/containerd" \
		"$dir/new/upper/root/.ssh" "$dir/new/upper/home/ops/.ssh" "$dir/new/upper/var/lib/containerd"
	upper=$dir/new/upper
	id=$(tr -d - </proc/sys/kernel/random/uuid)
	printf '%s\n' "$id" >"$upper/etc/machine-id"
	printf '%s\n' "$host" >"$upper/etc/hostname"
	host_names "$host" >"$upper/etc/hosts"
	ssh-keygen -A -f "$upper" >/dev/null
	install -m 0600 "$STATE/ssh/id_ed25519.pub" "$upper/root/.ssh/authorized_keys"
	install -m 0600 "$STATE/ssh/id_ed25519.pub" "$upper/home/ops/.ssh/authorized_keys"
	chmod 0700 "$upper/root" "$upper/root/.ssh" "$upper/home/ops" "$upper/home/ops/.ssh"
	chown -R 1000:1000 "$upper/home/ops"
	if host_sudo_asks "$host"; then
		printf 'ops ALL=(ALL:ALL) ALL\n'
	else
		printf 'ops ALL=(ALL:ALL) NOPASSWD: ALL\n'
	fi >"$upper/etc/sudoers.d/ops"
	chmod 0440 "$upper/etc/sudoers.d/ops"
	host_site_files "$upper"
	if host_is_machine "$host"; then
		machine_disk_new "$host" "$dir/new"
	else
		host_own_files "$upper/usr/lib/kwlab"
		site_settings "$upper"
		[ "$host" != "$RESOLVED_HOST" ] || host_resolver "$upper"
	fi
	rm -rf "$dir/disk"
	mv -T "$dir/new" "$dir/disk"
}

# /etc/hosts of a host: itself as the installer writes it; the mirrors' names lead to the forwarder on the bridge.
host_names() {
	local site
	printf '127.0.0.1\tlocalhost\n'
	[ "$1" = "$NAMELESS_HOST" ] || printf '127.0.1.1\t%s\n' "$1"
	for site in "$(apt_main_site)" "$(apt_security_site)"; do
		site=${site#*://}
		printf '%s\t%s\n' "$BRIDGE_ADDRESS" "${site%%[:/]*}"
	done | sort -u
}

# systemd-resolved and its stub.
host_resolver() {
	mkdir -p "$1/etc/systemd/system/multi-user.target.wants"
	ln -sf /lib/systemd/system/systemd-resolved.service "$1/etc/systemd/system/multi-user.target.wants/systemd-resolved.service"
	ln -sf /lib/systemd/system/systemd-resolved.service "$1/etc/systemd/system/dbus-org.freedesktop.resolve1.service"
	ln -sf ../run/systemd/resolve/stub-resolv.conf "$1/etc/resolv.conf"
}

# The copies that hosts/init binds over what namespaces do not divide.
host_own_files() {
	local own=$1 tree
	mkdir -p "$own/sysctl"
	for tree in /proc/sys/*; do
		case ${tree##*/} in
		net | user) continue ;;
		esac
		cp -r --no-preserve=mode,timestamps "$tree" "$own/sysctl/" 2>/dev/null || true
	done
	# Beside the copies these stay alive, and are the namespace's or the boot's own.
	rm -rf "$own/sysctl/fs/binfmt_misc"
	printf 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n' >"$own/swaps"
	: >"$own/sysrq-trigger"
	cat /proc/sys/kernel/random/uuid >"$own/product_uuid"
}

known_hosts_update() {
	local host key
	for host in $(hosts_created); do
		for key in "$(host_dir "$host")"/disk/upper/etc/ssh/ssh_host_*_key.pub; do
			awk -v where="$(host_address "$host")" '{ print where, $1, $2 }' "$key"
		done
	done >"$STATE/ssh/known_hosts.new.$BASHPID"
	mv "$STATE/ssh/known_hosts.new.$BASHPID" "$STATE/ssh/known_hosts"
}

# Pid 1 of the host as seen from the machine; fails when the host is off or has not got as far as systemd. It is a child
# of the host's nspawn, which is found by its mark: no pid file can be stale.
host_leader() {
	local pid child children
	! host_is_machine "$1" || { machine_leader "$1" && return 0 || return 1; }
	while read -r pid; do
		children=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null) || continue
		for child in $children; do
			[ "$(cat "/proc/$pid/comm" "/proc/$child/comm" 2>/dev/null | tr '\n' ' ')" = 'systemd-nspawn systemd ' ] || continue
			printf '%s\n' "$child"
			return 0
		done
	done < <(marked_pids "host-$1")
	return 1
}

# A machine whose emulator is being started again is on.
host_running() {
	if host_is_machine "$1"; then [ -n "$(marked_pids "host-$1")" ]; else host_leader "$1" >/dev/null 2>&1; fi
}

host_mounted() { mountpoint -q "$(host_dir "$1")/root"; }

# Power on. Returns at once; host_ready waits.
host_start() {
	local host=$1 dir
	dir=$(host_dir "$host")
	host_running "$host" && return 0
	host_off "$host"
	if host_is_machine "$host"; then
		machine_spawn "$host" "$dir"
		return
	fi
	mount -t overlay overlay -o "lowerdir=$(cat "$STATE/rootfs"),upperdir=$dir/disk/upper,workdir=$dir/disk/work" "$dir/root"
	host_network_up "$host"
	host_spawn "$host" "$dir"
}

host_spawn() {
	local host=$1 dir=$2 scope=() command
	command=(systemd-nspawn --quiet --register=no --keep-unit --directory="$dir/root" --machine="$PREFIX-$host" --hostname="$host"
		--network-namespace-path="$dir/netns" --capability=all --drop-capability=CAP_SYS_TIME --drop-capability=CAP_SYS_MODULE
		--bind="$dir/disk/containerd:/var/lib/containerd" --bind=/dev/kmsg --resolv-conf=off --timezone=off
		--link-journal=no --console=read-only --kill-signal=SIGRTMIN+3 /usr/lib/kwlab/init)
	if machine_has_systemd; then
		scope=(systemd-run --quiet --scope --collect --slice="$PREFIX.slice" --unit="$PREFIX-$host.scope" -p Delegate=yes)
	fi
	(
		[ ${#scope[@]} -gt 0 ] || cgroup_enter "$host"
		exec 9>&-
		export SYSTEMD_SECCOMP=0 SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes
		mark_service "host-$host"
		# nspawn with --keep-unit leaves a reboot of the container to its caller, by exit status 133.
		# shellcheck disable=SC2016 # the inner shell expands it
		exec setsid "${scope[@]}" bash -c 'while status=0; "$@" || status=$?; [ "$status" -eq 133 ]; do :; done' "$PREFIX-$host" "${command[@]}"
	) </dev/null >"$dir/console.log" 2>&1 &
}

# True when sshd has sent its greeting.
host_greets() {
	local greeting=
	{ read -r -t 2 greeting <"/dev/tcp/$(host_address "$1")/22"; } 2>/dev/null || true
	[ "${greeting#SSH-}" != "$greeting" ]
}

# A machine under emulation takes a minute, and several where others compute.
host_ready() {
	local limit=120 greets=(host_greets "$1")
	! host_is_machine "$1" || limit=900 greets=(machine_greets "$1")
	if ! wait_until "${KUBEWRIGHT_LAB_BOOT_WAIT:-$limit}" "sshd on $1" "${greets[@]}" || ! host_running "$1"; then
		! host_is_machine "$1" || tail -n 5 "$(host_dir "$1")/qemu.log" >&2
		die "host $1 did not come up: see $(host_dir "$1")/console.log, or 'lab exec $1 journalctl -b'"
	fi
}

host_processes_gone() {
	kill_marked "host-$1"
	cgroup_kill "$1"
}

# Power off, as by pulling the plug. The disk stays.
host_off() {
	local host=$1
	kill_marked "hang-$host" || true
	wait_until 30 "the processes of $host to end" host_processes_gone "$host" ||
		die "processes of $host cannot be killed: $(cgroup_pids "$host" | tr '\n' ' ')"
	if host_is_machine "$host"; then
		machine_off "$host"
		return
	fi
	host_network_down "$host"
	while host_mounted "$host"; do
		umount "$(host_dir "$host")/root" 2>/dev/null || umount -l "$(host_dir "$host")/root"
	done
	wait_until 10 "the cgroups of $host to empty" cgroup_remove "$host" || true
}

# exec_in_host HOST COMMAND…: from outside, independent of the host's network and sshd. What enters a host so must first
# lose what the host does not have: with the machine's own capabilities it would set the machine's clock.
exec_in_host() {
	local host=$1 leader
	shift
	! host_is_machine "$host" || { machine_exec "$host" "$@" && return; return $?; }
	leader=$(host_leader "$host") || die "host $host is off: run 'lab start $host'"
	setpriv --bounding-set=-sys_time,-sys_module --inh-caps=-sys_time,-sys_module \
		nsenter -t "$leader" -m -u -i -n -p -C -r -w env -i \
		HOME=/root USER=root TERM="${TERM:-dumb}" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
