# shellcheck shell=bash
# The inventory an operator would write for these hosts.

# Path of the CNI manifest of the running flavour, made from the template.
cni_manifest() {
	local target=$STATE/cni.yaml
	mkdir -p "$STATE"
	sed "s|REGISTRY/|$(images_registry "$1")/|" "$LAB/cni.yaml.in" >"$target.$$"
	mv "$target.$$" "$target"
	printf '%s\n' "$target"
}

lab_cni() {
	settle_flavour
	cni_manifest "$flavour"
}

# Findings that this machine makes unavoidable.
preflight_ignored() {
	local ignored=()
	# kubeadm looks for the kernel's configuration in files, and from 1.35 on refuses cgroup v1.
	if [ "$(cgroup_version)" = v1 ] || ! kernel_config_readable; then
		ignored+=(SystemVerification)
	fi
	[ ! -s /proc/swaps ] || [ "$(wc -l </proc/swaps)" -le 1 ] || ignored+=(swap)
	printf '%s' "${ignored[*]+$(IFS=,; printf '%s' "${ignored[*]}" | sed 's/,/, /g')}"
}

kernel_config_readable() {
	# The hosts see neither /boot nor /lib/modules of the machine.
	[ -r /proc/config.gz ]
}

kubelet_settings() {
	printf 'failSwapOn: false'
	if [ "$1" = release ] && [ "$(cgroup_version)" = v1 ]; then
		printf ', failCgroupV1: false'
	fi
}

proxy_mode() {
	case $1 in
	debian) printf 'iptables' ;;
	release) printf 'nftables' ;;
	esac
}

lab_inventory() {
	local names name base=http://$BRIDGE_ADDRESS:8080 ignored='' exceptions=''
	settle_flavour
	[ -f "$STATE/repo/kubernetes.fingerprint" ] || die "no lab here: run 'lab up' first"
	name=$(inventory_hosts) || exit 2
	mapfile -t names <<<"$name"
	machines_only "${names[@]}" || exceptions=yes ignored=$(preflight_ignored)
	printf 'cluster: lab\nkubernetes:\n  version: %s\n' "$(kubernetes_version "$flavour")"
	printf '  repository: {url: "%s/%s/", fingerprint: %s}\n' "$base" "$(repository_path "$(kubernetes_version "$flavour")")" "$(cat "$STATE/repo/kubernetes.fingerprint")"
	[ "$flavour" = debian ] ||
		printf 'containerd:\n  repository: {url: "%s/docker/", fingerprint: %s}\n' "$base" "$(cat "$STATE/repo/docker.fingerprint")"
	[ -n "$single" ] || printf 'endpoint: {vip: %s%s}\n' "$VIP" "${exceptions:+, interface: eth0}"
	printf 'network: {pods: 10.244.0.0/16, services: 10.96.0.0/16, cni: %s}\n' "$(cni_manifest "$flavour")"
	if [ -n "$exceptions" ]; then
		printf 'runtime: {cgroup-driver: cgroupfs}\n'
		printf 'kubelet: {config: {%s}}\n' "$(kubelet_settings "$flavour")"
		printf 'kubeproxy: {config: {mode: %s, conntrack: {maxPerCore: 0}}}\n' "$(proxy_mode "$flavour")"
	fi
	[ -z "$ignored" ] || printf 'preflight: {ignore: [%s]}\n' "$ignored"
	printf 'ssh: {user: ops, key: %s/ssh/id_ed25519}\nhosts:\n' "$STATE"
	for name in "${names[@]}"; do
		printf '  - {name: %s, address: %s, role: %s' "$name" "$(host_address "$name")" "$(host_role "$name")"
		! host_sudo_asks "$name" || printf ', ssh: {sudo: "env:LAB_SUDO"}'
		printf '}\n'
	done
}

# Machines with a kernel of their own need nothing but the mirrors; hosts that share this one's need the exceptions above.
machines_only() {
	local name
	for name in "$@"; do
		host_is_machine "$name" || return 1
	done
}

# The asked-for hosts; else those the lab has. --single keeps the first control plane and the workers.
inventory_hosts() {
	local name asked first=''
	if [ -n "$hosts" ]; then asked=$(split_hosts "$hosts") || exit 2; else asked=$(hosts_created); fi
	while read -r name; do
		if [ -n "$single" ] && [ "$(host_role "$name")" = control-plane ]; then
			[ -z "$first" ] || continue
			first=$name
		fi
		printf '%s\n' "$name"
	done <<<"$asked"
}
