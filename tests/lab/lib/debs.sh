# shellcheck shell=bash
# Packages of the same names, files and units as those upstream publishes, around the binaries of a flavour.

# kubernetes_deb_version FLAVOUR FOLDER. The revision is upstream's for that release.
kubernetes_deb_version() {
	case $1 in
	debian) printf '%s-1.1\n' "$(folder_version "$2")" ;;
	release) printf '%s-2.1\n' "$(folder_version "$2")" ;;
	esac
}

# deb_control ROOT NAME VERSION FIELD…: starts a package tree.
deb_control() {
	local root=$1 name=$2 version=$3
	shift 3
	mkdir -p "$root/DEBIAN"
	{
		printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: lab <lab@localhost>\nSection: admin\nPriority: optional\n' "$name" "$version"
		[ $# -eq 0 ] || printf '%s\n' "$@"
		printf 'Description: %s, packaged for the lab\n' "$name"
	} >"$root/DEBIAN/control"
}

deb_script() {
	printf '#!/bin/sh\nset -e\n%s\n' "$3" >"$1/DEBIAN/$2"
	chmod 0755 "$1/DEBIAN/$2"
}

deb_build() {
	local root=$1 into=$2 name version
	name=$(sed -n 's/^Package: //p' "$root/DEBIAN/control")
	version=$(sed -n 's/^Version: //p' "$root/DEBIAN/control")
	mkdir -p "$into"
	dpkg-deb --root-owner-group -Zzstd -z1 -b "$root" "$into/${name}_${version}_amd64.deb" >/dev/null
	rm -rf "$root"
}

RELOAD='[ ! -d /run/systemd/system ] || systemctl daemon-reload'

# debs_kubernetes FLAVOUR FOLDER INTO SCRATCH
debs_kubernetes() {
	local flavour=$1 binaries=$2 into=$3 root=$4/deb version extra=''
	version=$(kubernetes_deb_version "$flavour" "$binaries")
	[ "$flavour" = release ] || extra=', conntrack, socat, ebtables, ethtool'

	deb_control "$root" kubelet "$version" "Depends: kubernetes-cni (>= 1.2.0), iptables (>= 1.4.21), mount, util-linux, iproute2$extra"
	install -D -m 0755 "$binaries/kubelet" "$root/usr/bin/kubelet"
	install -D -m 0644 "$LAB/debs/kubelet.service" "$root/usr/lib/systemd/system/kubelet.service"
	mkdir -p "$root/etc/default" "$root/etc/kubernetes/manifests" "$root/var/lib/kubelet"
	# Upstream's package has this file; kubeadm 1.20 does not know it yet and refuses to join beside it.
	[ "$flavour" = debian ] || : >"$root/etc/kubernetes/manifests/.kubelet-keep"
	printf 'KUBELET_EXTRA_ARGS=\n' >"$root/etc/default/kubelet"
	printf '/etc/default/kubelet\n' >"$root/DEBIAN/conffiles"
	deb_script "$root" postinst "$RELOAD"
	# shellcheck disable=SC2016 # the package's shell expands it
	deb_script "$root" prerm '[ ! -d /run/systemd/system ] || [ "$1" != remove ] || systemctl stop kubelet.service || true'
	deb_script "$root" postrm "$RELOAD"
	deb_build "$root" "$into"

	extra=''
	[ "$flavour" = release ] || extra='Depends: kubelet (>= 1.19.0), kubectl (>= 1.19.0), cri-tools (>= 1.19.0)'
	deb_control "$root" kubeadm "$version" ${extra:+"$extra"}
	install -D -m 0755 "$binaries/kubeadm" "$root/usr/bin/kubeadm"
	install -D -m 0644 "$LAB/debs/10-kubeadm.conf" "$root/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"
	deb_script "$root" postinst "$RELOAD"
	deb_script "$root" postrm "$RELOAD"
	deb_build "$root" "$into"

	deb_control "$root" kubectl "$version"
	install -D -m 0755 "$binaries/kubectl" "$root/usr/bin/kubectl"
	deb_build "$root" "$into"

	deb_control "$root" cri-tools "${version%.*-*}.0-1.1"
	install -D -m 0755 "$LAB/debs/crictl" "$root/usr/bin/crictl"
	deb_build "$root" "$into"

	[ -d "$4/cni" ] || apt_unpack bookworm "$4/cni" containernetworking-plugins
	deb_control "$root" kubernetes-cni 1.2.0-2.1
	mkdir -p "$root/opt/cni" "$root/etc/cni/net.d"
	cp -a "$4/cni/usr/lib/cni" "$root/opt/cni/bin"
	deb_build "$root" "$into"
}

# debs_containerd INTO SCRATCH: sid's containerd (needs glibc 2.34 only) and bookworm's runc, as Docker packs them.
debs_containerd() {
	local into=$1 root=$2/deb program version
	apt_unpack sid "$2/containerd" containerd
	apt_unpack bookworm "$2/runc" runc
	version=$(APT_CONFIG=$(apt_world sid) apt-cache show containerd | sed -n 's/^Version: \([0-9.]*\).*/\1/p' | head -n 1)
	deb_control "$root" containerd.io "$version-1" 'Provides: containerd, runc' 'Conflicts: containerd, runc' \
		'Replaces: containerd, runc' 'Depends: libc6 (>= 2.34), libseccomp2 (>= 2.5.0)'
	for program in containerd containerd-shim-runc-v2 ctr; do
		install -D -m 0755 "$2/containerd/usr/bin/$program" "$root/usr/bin/$program"
	done
	install -D -m 0755 "$2/runc/usr/sbin/runc" "$root/usr/bin/runc"
	install -D -m 0644 "$LAB/debs/containerd.service" "$root/lib/systemd/system/containerd.service"
	install -D -m 0644 "$LAB/debs/config.toml" "$root/etc/containerd/config.toml"
	printf '/etc/containerd/config.toml\n' >"$root/DEBIAN/conffiles"
	deb_script "$root" postinst '[ ! -d /run/systemd/system ] || { systemctl daemon-reload; systemctl enable -q containerd; systemctl start containerd; }'
	# shellcheck disable=SC2016
	deb_script "$root" prerm '[ ! -d /run/systemd/system ] || [ "$1" != remove ] || systemctl disable -q --now containerd || true'
	deb_script "$root" postrm "$RELOAD"
	deb_build "$root" "$into"
}
