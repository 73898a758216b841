# shellcheck shell=bash
# Kubernetes binaries of a flavour. debian: built from Debian's own source package, about six minutes, then cached.
# release: a folder of official binaries, downloaded by `fetch-release` or put there by hand.

K8S_PROGRAMS=(kubeadm kubelet kubectl kube-apiserver kube-controller-manager kube-scheduler kube-proxy)
K8S_DEBIAN_VERSION=1.20.2

kubernetes_version() {
	case $1 in
	debian) printf '%s\n' "$K8S_DEBIAN_VERSION" ;;
	release) sed 's/^v//' "$RELEASE/version" ;;
	esac
}

# True when the release folder is whole.
release_present() {
	local program
	[ -s "$RELEASE/version" ] || return 1
	for program in "${K8S_PROGRAMS[@]}"; do
		[ -x "$RELEASE/$program" ] || return 1
	done
}

kubernetes_cache() {
	case $1 in
	debian) printf '%s\n' "$CACHE/k8s-debian-$K8S_DEBIAN_VERSION-$(recipe_hash "$LAB/lib/kubernetes-build.sh")" ;;
	release) printf '%s\n' "$RELEASE" ;;
	esac
}

# Makes the binaries of a flavour be there.
kubernetes_ensure() {
	local final
	final=$(kubernetes_cache "$1")
	case $1 in
	debian)
		[ -d "$final" ] || kubernetes_build "$final"
		;;
	release)
		release_present || die "no Kubernetes release in $RELEASE: run 'lab fetch-release v1.36.2' or put the seven programs and a file 'version' there"
		;;
	esac
}

# fetch_release VERSION: the official server tarball, checked by the digest published beside it.
fetch_release() {
	local version=v${1#v} url scratch program
	need curl sha512sum tar
	url=https://dl.k8s.io/$version/kubernetes-server-linux-amd64.tar.gz
	mkdir -p "$CACHE"
	scratch=$(mktemp -d "$CACHE/fetch.XXXXXX")
	say "downloading $url"
	curl -fsSL --retry 3 -o "$scratch/server.tar.gz" "$url" || die "cannot download $url: is this machine on the Internet?"
	curl -fsSL --retry 3 -o "$scratch/sum" "$url.sha512" || die "cannot download $url.sha512"
	printf '%s  %s\n' "$(awk '{ print $1; exit }' "$scratch/sum")" "$scratch/server.tar.gz" |
		sha512sum -c --quiet - || die "the digest of $url does not match: nothing was installed"
	tar -xzf "$scratch/server.tar.gz" -C "$scratch"
	mkdir "$scratch/release"
	for program in "${K8S_PROGRAMS[@]}"; do
		install -m 0755 "$scratch/kubernetes/server/bin/$program" "$scratch/release/$program"
	done
	printf '%s\n' "$version" >"$scratch/release/version"
	mkdir -p "$(dirname "$RELEASE")"
	publish "$scratch/release" "$RELEASE"
	rm -rf "$scratch"
	say "Kubernetes $version is in $RELEASE"
}
