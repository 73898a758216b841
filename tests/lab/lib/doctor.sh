# shellcheck shell=bash
# What this machine is like, what it lacks, what is cached, what a lab left behind.

yes_no() { if "$@" >/dev/null 2>&1; then printf 'yes\n'; else printf 'no\n'; fi; }

trait() { printf '  %-34s %s\n' "$1" "$2"; }

lab_doctor() {
	local missing left entry
	printf 'machine\n'
	trait 'pid 1' "$(cat /proc/1/comm)"
	trait 'cgroups' "$(cgroup_version)"
	trait 'kernel' "$(uname -r)"
	trait '/lib/modules' "$(yes_no test -d "/lib/modules/$(uname -r)")"
	trait '/proc/config.gz' "$(yes_no test -r /proc/config.gz)"
	trait 'DMI product_uuid' "$(yes_no test -e /sys/class/dmi/id/product_uuid)"
	trait 'CAP_SYS_RESOURCE' "$(yes_no machine_has_capability "$CAP_SYS_RESOURCE")"
	trait 'swap on' "$(yes_no grep -q / /proc/swaps)"
	trait 'bridge-nf-call-iptables' "$(cat /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null || printf 'no bridge netfilter')"
	trait 'inotify instances of a user' "$(cat "$INOTIFY")"
	trait 'CPUs, memory' "$(nproc), $(awk '$1 == "MemTotal:" { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)"
	trait 'Debian mirrors over http' "$(yes_no doctor_mirrors)"
	missing=$(deps_missing | tr '\n' ' ')
	printf 'packages\n'
	trait 'missing' "${missing:-none}"
	trait 'machines with a kernel of their own' "$(obstacle=$(machine_obstacle) && printf '%s' "${obstacle:+no: }${obstacle:-yes, by QEMU}")"
	printf 'cache %s\n' "$CACHE"
	for entry in "$CACHE"/{rootfs,machine,k8s,repo,images}-*; do
		[ ! -d "$entry" ] || trait "$(du -sh "$entry" 2>/dev/null | cut -f1)" "${entry##*/}"
	done
	trait 'Kubernetes release' "$(if release_present; then kubernetes_version release; else printf 'absent: --flavour release cannot run (lab fetch-release)'; fi)"
	printf 'lab\n'
	if [ -d "$STATE" ]; then
		trait 'state' "$STATE, flavour $(lab_flavour), hosts: $(hosts_created | tr '\n' ' ')"
		return
	fi
	left=$(doctor_leaks)
	trait 'left behind' "${left:-nothing}"
	[ -z "$left" ] || die "a lab left things behind: run 'lab down'"
}

doctor_mirrors() (mirror_names)

# Things of a lab without a state folder.
doctor_leaks() {
	marked_pids '' | sed 's/^/process /'
	cgroup_pids '' | sed 's/^/process in cgroup /'
	cgroup_dirs '' | sed 's/^/cgroup /'
	ip -o link show | awk -F': ' '{ print "link " $2 }' | grep -E "^link ($BRIDGE|$PREFIX-)" || true
	awk -v top="$STATE/" 'index($5, top) == 1 { print "mount " $5 }' /proc/self/mountinfo
}
