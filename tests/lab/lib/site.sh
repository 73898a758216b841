# shellcheck shell=bash
# What the site, not the product, puts on a host: the registry's mirror, and containerd settings the machine forces.

machine_has_capability() {
	local bit=$1 effective
	effective=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
	[ $(((0x$effective >> bit) & 1)) -eq 1 ]
}

CAP_SYS_RESOURCE=24

# host_site_files UPPER: into the disk being made, of either kind.
host_site_files() {
	local root=$1 registry
	for registry in registry.k8s.io k8s.gcr.io; do
		mkdir -p "$root/etc/containerd/certs.d/$registry"
		printf 'server = "https://%s"\n\n[host."http://%s:5000"]\n  capabilities = ["pull", "resolve"]\n' \
			"$registry" "$BRIDGE_ADDRESS" >"$root/etc/containerd/certs.d/$registry/hosts.toml"
	done
}

# site_settings UPPER: what a host needs that shares this machine's kernel.
site_settings() { machine_has_capability "$CAP_SYS_RESOURCE" || site_without_oom "$1"; }

# Without CAP_SYS_RESOURCE nothing may lower an oom_score_adj. containerd 2 has a setting for it; in 1.6 an imported file
# replaces the whole table of CRI, so there the change is made in front of runc.
site_without_oom() {
	local root=$1
	mkdir -p "$root/etc/containerd/conf.d"
	case $(lab_flavour) in
	debian) install -D -m 0755 "$LAB/hosts/runc" "$root/usr/local/sbin/runc" ;;
	release)
		printf "version = 3\n\n[plugins.'io.containerd.cri.v1.runtime']\n  restrict_oom_score_adj = true\n" \
			>"$root/etc/containerd/conf.d/50-lab.toml"
		;;
	esac
}
