# shellcheck shell=bash
# One cgroup per host in every hierarchy, so that the host's cgroup namespace is rooted there and the hosts neither see
# nor limit each other.

# Mount points of all cgroup hierarchies, version 1 and 2.
cgroup_mounts() { awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts; }

# v1 (or hybrid) or v2.
cgroup_version() {
	if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then printf 'v2\n'; else printf 'v1\n'; fi
}

# With systemd as pid 1 the cgroup tree is systemd's: it must delegate a scope.
machine_has_systemd() { [ -d /run/systemd/system ] && [ "$(cat /proc/1/comm)" = systemd ]; }

# Moves the calling shell (a subshell of its own) into the host's cgroups.
cgroup_enter() {
	local host=$1 mount level
	for mount in $(cgroup_mounts); do
		if [ "$(stat -f -c %T "$mount")" = cgroup2fs ] && [ "$(cgroup_version)" = v2 ]; then
			cgroup_enable_all "$mount"
			mkdir -p "$mount/$PREFIX"
			cgroup_enable_all "$mount/$PREFIX"
		fi
		mkdir -p "$mount/$PREFIX/$host"
		# A cpuset is born empty and takes nobody in before it has CPUs and memory.
		for level in "$mount/$PREFIX" "$mount/$PREFIX/$host"; do
			[ ! -e "$level/cpuset.cpus" ] || [ "$(cgroup_version)" = v2 ] || {
				cat "$mount/cpuset.cpus" >"$level/cpuset.cpus"
				cat "$mount/cpuset.mems" >"$level/cpuset.mems"
			}
		done
		printf '%s\n' "$BASHPID" >"$mount/$PREFIX/$host/cgroup.procs"
	done
}

cgroup_enable_all() {
	local controller controllers
	read -r -a controllers <"$1/cgroup.controllers" || true
	for controller in "${controllers[@]}"; do
		printf '+%s\n' "$controller" >"$1/cgroup.subtree_control" 2>/dev/null || true
	done
}

# The host's cgroup folders, deepest first.
cgroup_dirs() {
	local mount
	for mount in $(cgroup_mounts); do
		find "$mount/$PREFIX${1:+/$1}" "$mount/$PREFIX.slice${1:+/$PREFIX-$1.scope}" -depth -type d 2>/dev/null || true
	done
}

# Pids of everything in the cgroups of a host (or of all hosts).
cgroup_pids() {
	local dir
	while read -r dir; do
		cat "$dir/cgroup.procs" 2>/dev/null || true
	done < <(cgroup_dirs "${1:-}") | sort -un
}

cgroup_kill() {
	local pids
	mapfile -t pids < <(cgroup_pids "${1:-}")
	[ ${#pids[@]} -eq 0 ] || kill -KILL "${pids[@]}" 2>/dev/null || true
	[ -z "$(cgroup_pids "${1:-}")" ]
}

cgroup_remove() {
	local dir
	while read -r dir; do
		rmdir "$dir" 2>/dev/null || true
	done < <(cgroup_dirs "${1:-}")
	[ -z "$(cgroup_dirs "${1:-}")" ]
}
