# shellcheck shell=bash
# The commands of the lab, each a short story in the words of the other files.

# Settles the flavour: the one asked for, else the running lab's, else debian.
settle_flavour() {
	[ -n "$flavour" ] || flavour=$(lab_flavour)
	if [ -f "$STATE/flavour" ] && [ "$(lab_flavour)" != "$flavour" ]; then
		die "the lab is up with flavour $(lab_flavour): run 'lab down' before 'lab up --flavour $flavour'"
	fi
}

prepare_all() {
	local missing
	missing=$(deps_missing | tr '\n' ' ')
	[ -z "$missing" ] || die "missing packages: $missing: run 'lab install-deps'"
	[ -z "$machines" ] || missing=$(machine_obstacle)
	[ -z "$missing" ] || die "no machine with a kernel of its own here: $missing: run 'lab install-deps'"
	mkdir -p "$CACHE"
	[ "$flavour" = debian ] || kubernetes_ensure release
	[ -n "$only_machines" ] || rootfs_ensure
	[ -z "$machines" ] || { machine_qemu_ensure && machine_image_ensure; }
	kubernetes_ensure "$flavour"
	repositories_ensure "$flavour"
	registry_program_ensure
	images_ensure "$flavour"
	lab_stands || caches_prune
}

lab_stands() { compgen -G '/var/lib/kubewright-lab*' >/dev/null || [ -d "$STATE" ]; }

# Entries of recipes that have since changed. Never while a lab is up, of whatever number: its disks may stand on one of them.
caches_prune() {
	local kind entry
	for kind in rootfs machine qemu repo-debian repo-release images-debian images-release k8s-debian; do
		for entry in "$CACHE/$kind"-*; do
			case $entry in
			"$(rootfs_cache)" | "$(machine_image_cache)" | "$(machine_qemu_cache)" | "$(repositories_cache "$flavour")" | "$(images_cache "$flavour")" | "$(kubernetes_cache debian)") continue ;;
			esac
			# Of the other flavour nothing is known to be stale here.
			case $kind in
			rootfs | machine | qemu | k8s-debian | *-"$flavour") rm -rf "$entry" ;;
			esac
		done
	done
}

lab_prepare() {
	[ -n "$flavour" ] || flavour=debian
	prepare_all
}

# A host's systemd, kubelet and containerd take some 25 inotify instances, all counted as root's, and a machine has 128 of them. Raised while a lab stands.
INOTIFY=/proc/sys/fs/inotify/max_user_instances
INOTIFY_WANTED=1024

inotify_raise() {
	local before
	before=$(cat "$INOTIFY")
	[ "$before" -lt "$INOTIFY_WANTED" ] || return 0
	printf '%s\n' "$before" >"$CACHE/inotify"
	printf '%s\n' "$INOTIFY_WANTED" 2>/dev/null >"$INOTIFY" ||
		warn "cannot raise fs.inotify.max_user_instances, which is $before: kubelets may fail with 'too many open files'"
}

inotify_restore() {
	[ -f "$CACHE/inotify" ] && ! lab_stands || return 0
	[ "$(cat "$INOTIFY")" != "$INOTIFY_WANTED" ] || cat "$CACHE/inotify" >"$INOTIFY"
	rm -f "$CACHE/inotify"
}

lab_up() {
	local names machine_names=() name
	settle_flavour
	if [ -n "$machines" ]; then
		hardware_words "$hardware" >/dev/null || exit 2
		name=$(split_hosts "$machines") || exit 2
		mapfile -t machine_names <<<"$name"
	fi
	name=$(split_hosts "${hosts:-$machines}") || exit 2
	mapfile -t names <<<"$name"
	prepare_all
	mkdir -p "$STATE/hosts"
	chmod 0755 "$STATE"
	printf '%s\n' "$flavour" >"$STATE/flavour"
	[ -f "$STATE/rootfs" ] || rootfs_cache >"$STATE/rootfs"
	inotify_raise
	ssh_key_ensure
	bridge_up
	services_start "$flavour"
	machine_declare "${machine_names[@]}"
	mapfile -t names < <(printf '%s\n' "${names[@]}" "${machine_names[@]}" | awk 'NF && !seen[$1]++')
	hosts_boot "${names[@]}"
	say "up: ${names[*]} (flavour $flavour)"
}

# All at once: most of a boot is waiting, and most of a new disk is making host keys.
hosts_boot() {
	local name pid pids=() failed=''
	for name in "$@"; do
		(
			[ -d "$STATE/hosts/$name/disk" ] || host_create "$name"
			host_start "$name"
			host_ready "$name"
		) &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || failed=yes
	done
	[ -z "$failed" ] || exit 1
	known_hosts_update
}

lab_down() {
	local name
	for name in "${ALL_HOSTS[@]}"; do
		host_off "$name"
	done
	wait_until 20 "the lab's services to end" kill_marked "" || true
	wait_until 20 "the last processes in the lab's cgroups to end" cgroup_kill "" || true
	unmount_below "$STATE"
	links_remove
	wait_until 10 "the lab's cgroups to empty" cgroup_remove "" || true
	rm -rf --one-file-system "$STATE"
	inotify_restore
}

unmount_below() {
	local mount
	while read -r mount; do
		umount "$mount" 2>/dev/null || umount -l "$mount"
	done < <(awk -v top="$1/" 'index($5, top) == 1 { print $5 }' /proc/self/mountinfo | sort -r)
}

links_remove() {
	local link
	while read -r link; do
		ip link del "$link" 2>/dev/null || true
	done < <(ip -o link show | awk -F': ' '{ sub(/@.*/, "", $2); print $2 }' | grep -E "^($BRIDGE|$PREFIX-.*)\$" || true)
}

lab_status() {
	local name service power
	[ -d "$STATE" ] || { printf 'down\n' && return; }
	printf 'flavour %s\n' "$(lab_flavour)"
	for name in $(hosts_created); do
		power=off
		! host_running "$name" || power=$(if host_greets "$name"; then echo up; else echo silent; fi)
		printf '%-5s %-12s %s%s\n' "$name" "$(host_address "$name")" "$power" "$(! host_is_machine "$name" || echo ' machine')"
	done
	for service in mirror packages registry; do
		printf '%-9s %s\n' "$service" "$(marked_pids "service-$service" | grep -q . && echo running || echo stopped)"
	done
}

lab_ssh() {
	need_created "${1:-}"
	local name=$1
	shift
	exec ssh -q -i "$STATE/ssh/id_ed25519" -o IdentitiesOnly=yes -o UserKnownHostsFile="$STATE/ssh/known_hosts" \
		-o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes -o ConnectTimeout=10 "ops@$(host_address "$name")" "$@"
}

lab_exec() {
	need_created "${1:-}"
	[ $# -ge 2 ] || usage_error "exec HOST COMMAND…"
	exec_in_host "$@"
}

lab_kill() {
	need_created "${1:-}"
	host_off "$1"
}

lab_start() {
	need_created "${1:-}"
	ip link show "$BRIDGE" >/dev/null 2>&1 || die "the lab is down: run 'lab up'"
	host_start "$1"
	host_ready "$1"
}

lab_wipe() {
	need_created "${1:-}"
	host_off "$1"
	host_create "$1"
	known_hosts_update
}

lab_kubectl() {
	settle_flavour
	printf '%s/kubectl\n' "$(kubernetes_cache "$flavour")"
}
