# shellcheck shell=bash
# Kubernetes binaries of a flavour. debian: built from Debian's own source package, about six minutes, then cached.
# release: a folder of official binaries, downloaded by `fetch-release` or put there by hand.

K8S_PROGRAMS=(kubeadm kubelet kubectl kube-apiserver kube-controller-manager kube-scheduler kube-proxy)
K8S_DEBIAN_VERSION=1.20.2
K8S_DEBIAN_NEXT=1.20.3

# The version that clusters of a flavour begin with.
kubernetes_version() {
	case $1 in
	debian) printf '%s\n' "$K8S_DEBIAN_VERSION" ;;
	release) folder_version "$RELEASE" ;;
	esac
}

folder_version() { sed 's/^v//' "$1/version"; }

# True when a folder has all the programs.
folder_whole() {
	local program
	[ -s "$1/version" ] || return 1
	for program in "${K8S_PROGRAMS[@]}"; do
		[ -x "$1/$program" ] || return 1
	done
}
release_present() { folder_whole "$RELEASE"; }

kubernetes_cache() {
	case $1 in
	debian) printf '%s\n' "$CACHE/k8s-debian-$K8S_DEBIAN_VERSION-$(recipe_hash "$LAB/lib/kubernetes-build.sh")" ;;
	release) printf '%s\n' "$RELEASE" ;;
	esac
}

# The folders of a flavour, one a line: the first is what clusters begin with, the others are what they are upgraded to. Of a
# release they are named by KUBEWRIGHT_LAB_MORE, with colons between them.
kubernetes_folders() {
	kubernetes_cache "$1"
	case $1 in
	debian) printf '%s-next\n' "$(kubernetes_cache debian)" ;;
	release) tr : '\n' <<<"${KUBEWRIGHT_LAB_MORE-}" | sed '/^$/d' ;;
	esac
}

# What a cache of packages or images depends on.
kubernetes_versions() {
	local folder
	kubernetes_folders "$1"
	[ "$1" = debian ] && printf '%s\n' "$K8S_DEBIAN_VERSION" "$K8S_DEBIAN_NEXT" && return
	for folder in $(kubernetes_folders "$1"); do
		folder_version "$folder"
	done
}

# The next patch version is the same program that says another one: the words have the same length.
kubernetes_stamp() {
	local from=$1 to=$2 program
	rm -rf "$to.new"
	mkdir "$to.new"
	for program in "${K8S_PROGRAMS[@]}"; do
		LC_ALL=C sed "s/v${K8S_DEBIAN_VERSION//./\\.}/v$K8S_DEBIAN_NEXT/g" "$from/$program" >"$to.new/$program"
		chmod 0755 "$to.new/$program"
	done
	printf 'v%s\n' "$K8S_DEBIAN_NEXT" >"$to.new/version"
	publish "$to.new" "$to"
}

# Makes the binaries of a flavour be there.
kubernetes_ensure() {
	local final folder
	final=$(kubernetes_cache "$1")
	case $1 in
	debian)
		[ -d "$final" ] || kubernetes_build "$final"
		[ -d "$final-next" ] || kubernetes_stamp "$final" "$final-next"
		;;
	release)
		release_present || die "no Kubernetes release in $RELEASE: run 'lab fetch-release v1.36.2' or put the seven programs and a file 'version' there"
		for folder in $(kubernetes_folders release); do
			folder_whole "$folder" || die "no Kubernetes release in $folder, which KUBEWRIGHT_LAB_MORE names"
		done
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
