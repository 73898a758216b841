# shellcheck shell=bash
# Builds Kubernetes 1.20 from Debian's source package `kubernetes` with golang-1.19-go. The text of this file is part of
# the cache key of the result.

# The programs tell the one of component-base, the API server's /version the one of client-go.
K8S_VERSION_PACKAGES=(k8s.io/kubernetes/vendor/k8s.io/component-base/version k8s.io/kubernetes/vendor/k8s.io/client-go/pkg/version)

# kubernetes_build FINAL: leaves the seven programs and a file `version` in FINAL.
kubernetes_build() {
	local final=$1 work conf source tree
	need apt-get dpkg-source rsync jq make gcc
	[ -x /usr/lib/go-1.19/bin/go ] || die "golang-1.19-go is missing: run 'lab install-deps'"
	conf=$(apt_world bookworm)
	work=$(mktemp -d "$CACHE/build.XXXXXX")
	say "building Kubernetes $K8S_DEBIAN_VERSION from Debian's source: several minutes (log: $work/log)"
	(
		cd "$work"
		APT_CONFIG="$conf" apt-get -q source --only-source kubernetes
	) >"$work/log" 2>&1 || die "cannot fetch Debian's source package kubernetes: see $work/log"
	source=$(find "$work" -mindepth 1 -maxdepth 1 -type d -name 'kubernetes-*')
	tree=$work/gopath/src/k8s.io/kubernetes
	mkdir -p "$work/gopath/src/k8s.io"
	mv "$source" "$tree"
	# The vendored reflect2 reaches into runtime internals that Go 1.18 changed: it panics at run time.
	apt_unpack bookworm "$work/reflect2" golang-github-modern-go-reflect2-dev
	rm -rf "$tree/vendor/github.com/modern-go/reflect2"
	cp -a "$work/reflect2/usr/share/gocode/src/github.com/modern-go/reflect2" "$tree/vendor/github.com/modern-go/reflect2"
	kubernetes_compile "$work" "$tree" >>"$work/log" 2>&1 || die "the Kubernetes build failed: see $work/log"
	printf 'v%s\n' "$K8S_DEBIAN_VERSION" >"$work/out/version"
	publish "$work/out" "$final"
	rm -rf "$work"
}

# Runs in a subshell: its environment is Go's, not the lab's.
kubernetes_compile() (
	set -e
	local work=$1 tree=$2 flags package program targets=()
	unset GOROOT
	export GOPATH=$work/gopath GOCACHE=$work/gocache GO111MODULE=off CGO_ENABLED=0 GOFLAGS=-buildvcs=false
	export PATH=/usr/lib/go-1.19/bin:$PATH HOME=$work
	export KUBE_GIT_VERSION_FILE=$work/git-version
	printf '%s\n' "KUBE_GIT_COMMIT=''" "KUBE_GIT_TREE_STATE=clean" "KUBE_GIT_VERSION=v$K8S_DEBIAN_VERSION" \
		"KUBE_GIT_MAJOR=1" "KUBE_GIT_MINOR=20" >"$work/git-version"
	flags="-s -w"
	for package in "${K8S_VERSION_PACKAGES[@]}"; do
		flags="$flags -X $package.gitVersion=v$K8S_DEBIAN_VERSION -X $package.gitMajor=1"
		flags="$flags -X $package.gitMinor=20 -X $package.gitTreeState=clean"
	done
	cd "$tree"
	make gen_openapi
	mkdir "$work/out"
	for program in "${K8S_PROGRAMS[@]}"; do
		targets+=("k8s.io/kubernetes/cmd/$program")
	done
	go build -trimpath -ldflags "$flags" -o "$work/out/" "${targets[@]}"
)
