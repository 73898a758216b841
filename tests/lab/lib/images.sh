# shellcheck shell=bash
# The container images of a flavour, made of its binaries and Debian's, in the storage of a registry.

IMAGE_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

images_registry() {
	case $1 in
	debian) printf 'k8s.gcr.io\n' ;;
	release) printf 'registry.k8s.io\n' ;;
	esac
}

registry_program() { printf '%s/registry-%s/usr/bin/docker-registry\n' "$CACHE" "$(recipe_hash docker-registry)"; }

# Unpacked, not installed: the package would start a registry of its own on the machine.
registry_program_ensure() {
	local program work
	program=$(registry_program)
	[ ! -x "$program" ] || return 0
	work=$(mktemp -d "$CACHE/registry.XXXXXX")
	apt_unpack bookworm "$work" docker-registry
	publish "$work" "${program%/usr/bin/*}"
}

images_cache() {
	printf '%s/images-%s-%s\n' "$CACHE" "$1" "$(recipe_hash "$LAB/lib/images.sh" "$LAB"/images/{pause,coredns,etcd-flags}.c "$LAB/images/cni.sh" \
		"$(kubernetes_versions "$1")")"
}

registry_write() {
	local storage=$1 address=$2 readonly=$3
	cat <<-YAML
		version: 0.1
		log: {level: warn}
		storage:
		  filesystem: {rootdirectory: $storage}
		  cache: {blobdescriptor: inmemory}
		  maintenance: {readonly: {enabled: $readonly}}
		http: {addr: "$address"}
	YAML
}

registry_config() { registry_write "$(images_cache "$1")/storage" "$BRIDGE_ADDRESS:5000" true >"$STATE/registry.yml"; }

images_ensure() {
	local flavour=$1 final work folder
	final=$(images_cache "$flavour")
	[ ! -d "$final" ] || return 0
	need umoci skopeo mmdebstrap gcc
	say "building the images of flavour $flavour"
	work=$(mktemp -d "$CACHE/images.XXXXXX")
	mkdir "$work/out" "$work/out/storage" "$work/oci"
	umoci init --layout "$work/oci/all"
	for folder in $(kubernetes_folders "$flavour"); do
		images_control_plane "$flavour" "$folder" "$work"
		image_kube_proxy "$flavour" "$folder" "$work"
		image_pause "$flavour" "$folder" "$work"
		image_etcd "$flavour" "$folder" "$work"
		image_coredns "$flavour" "$folder" "$work"
	done
	image_probe "$work"
	image_cni "$flavour" "$work"
	images_push "$work"
	publish "$work/out" "$final"
	rm -rf "$work"
}

# images_wanted FLAVOUR FOLDER: what its kubeadm wants, as NAME:TAG without the registry.
images_wanted() {
	"$2/kubeadm" config images list --kubernetes-version "v$(folder_version "$2")" 2>/dev/null |
		sed "s|^$(images_registry "$1")/||"
}

# image_name FLAVOUR FOLDER PATTERN: the one wanted image whose name matches.
image_name() { images_wanted "$1" "$2" | grep -E "^$3:"; }

# image_new WORK NAME:TAG: whether no folder before wanted the same.
image_new() { ! grep -q " $2\$" "$1/list" 2>/dev/null; }

# image_make WORK NAME:TAG ROOT [umoci config options…]: one layer of a folder.
image_make() {
	local work=$1 name=$2 root=$3 tag
	shift 3
	tag=$(printf '%s' "$name" | tr '/:' '__')
	umoci new --image "$work/oci/all:$tag"
	umoci insert --image "$work/oci/all:$tag" "$root" / >/dev/null
	umoci config --image "$work/oci/all:$tag" --config.env "PATH=$IMAGE_PATH" --architecture amd64 --os linux "$@"
	printf '%s %s\n' "$tag" "$name" >>"$work/list"
	rm -rf "$root"
}

images_control_plane() {
	local flavour=$1 folder=$2 work=$3 program
	for program in kube-apiserver kube-controller-manager kube-scheduler; do
		install -D -m 0755 "$folder/$program" "$work/root/usr/local/bin/$program"
		image_make "$work" "$(image_name "$flavour" "$folder" "$program")" "$work/root" --config.entrypoint "$program"
	done
}

# iptables speaks to nf_tables here, as it does on the hosts. Nothing runs maintainer scripts, so links are made by hand.
image_kube_proxy() {
	local flavour=$1 folder=$2 work=$3 link
	mmdebstrap --variant=extract --include=iptables,nftables,conntrack,iproute2,kmod,libc6 bookworm "$work/root" \
		"deb $(apt_main_site) bookworm main" >"$work/log" 2>&1 || die "mmdebstrap failed: see $work/log"
	rm -rf "$work/root"/usr/share/{doc,man,locale} "$work/root"/var/{lib,cache}/apt "$work/root"/dev
	for link in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
		ln -sf xtables-nft-multi "$work/root/usr/sbin/$link"
	done
	install -D -m 0755 "$folder/kube-proxy" "$work/root/usr/local/bin/kube-proxy"
	image_make "$work" "$(image_name "$flavour" "$folder" kube-proxy)" "$work/root" --config.cmd kube-proxy
}

# compile SOURCE INTO: a static program.
compile() {
	mkdir -p "$(dirname "$2")"
	gcc -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -static -s -o "$2" "$1"
}

image_pause() {
	local name
	name=$(image_name "$1" "$2" pause)
	image_new "$3" "$name" || return 0
	compile "$LAB/images/pause.c" "$3/root/pause"
	image_make "$3" "$name" "$3/root" --config.entrypoint /pause
	[ "$1" = debian ] || return 0
	# Debian's containerd asks for this one unless told otherwise.
	compile "$LAB/images/pause.c" "$3/root/pause"
	image_make "$3" pause:3.6 "$3/root" --config.entrypoint /pause
}

# Debian's etcd with the few libraries it is linked to. kubeadm of the release passes flags of etcd 3.6, Debian has 3.5.
image_etcd() {
	local flavour=$1 folder=$2 work=$3 suite=bookworm file name
	name=$(image_name "$flavour" "$folder" etcd)
	image_new "$work" "$name" || return 0
	[ "$flavour" = debian ] || suite=sid
	apt_unpack "$suite" "$work/etcd" etcd-server etcd-client libc6
	install -d "$work/root/usr/local/bin"
	libc_copy "$work/etcd" "$work/root"
	for file in etcd etcdctl etcdutl; do
		[ ! -e "$work/etcd/usr/bin/$file" ] || install -m 0755 "$work/etcd/usr/bin/$file" "$work/root/usr/local/bin/$file"
	done
	if [ "$flavour" = release ]; then
		mv "$work/root/usr/local/bin/etcd" "$work/root/usr/local/bin/etcd-3.5"
		compile "$LAB/images/etcd-flags.c" "$work/root/usr/local/bin/etcd"
	fi
	rm -rf "$work/etcd"
	image_make "$work" "$name" "$work/root" --config.cmd etcd
}

# Debian has no CoreDNS: a program that only says it is well.
image_coredns() {
	local name
	name=$(image_name "$1" "$2" '(coredns/)?coredns')
	image_new "$3" "$name" || return 0
	compile "$LAB/images/coredns.c" "$3/root/coredns"
	image_make "$3" "$name" "$3/root" --config.entrypoint /coredns
}

# libc_copy FROM ROOT: the loader and the two libraries that Debian's etcd and busybox are linked to.
libc_copy() {
	local file
	install -d "$2/lib64" "$2/lib/x86_64-linux-gnu"
	for file in ld-linux-x86-64.so.2 libc.so.6 libresolv.so.2; do
		find "$1" \( -type f -o -type l \) -name "$file" -path '*x86*' -exec cp -L {} "$2/lib/x86_64-linux-gnu/" \; -quit
	done
	cp "$2/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" "$2/lib64/"
}

# busybox_root WORK: a root with busybox and its links. (Its wget has no -T and crashes on it: use timeout.)
busybox_root() {
	local work=$1 applet
	apt_unpack bookworm "$work/busybox" busybox libc6
	libc_copy "$work/busybox" "$work/root"
	install -D -m 0755 "$work/busybox/bin/busybox" "$work/root/bin/busybox"
	rm -rf "$work/busybox"
	mkdir -p "$work/root/tmp" "$work/root/www"
	while read -r applet; do
		[ "$applet" = busybox ] || ln -sf busybox "$work/root/bin/$applet"
	done < <(chroot "$work/root" /bin/busybox --list)
}

image_probe() {
	busybox_root "$1"
	printf 'probe\n' >"$1/root/www/index.html"
	image_make "$1" lab/probe:1 "$1/root" --config.cmd httpd --config.cmd -f --config.cmd -p --config.cmd 8080 --config.cmd -h --config.cmd /www
}

image_cni() {
	busybox_root "$2"
	install -D -m 0755 "$(kubernetes_cache "$1")/kubectl" "$2/root/usr/local/bin/kubectl"
	install -D -m 0755 "$LAB/images/cni.sh" "$2/root/usr/local/bin/cni"
	image_make "$2" lab/cni:1 "$2/root" --config.cmd cni
}

# The registry runs in a network of its own while it is filled.
images_push() {
	local work=$1
	registry_write "$work/out/storage" 127.0.0.1:5000 false >"$work/registry.yml"
	# shellcheck disable=SC2016 # the inner shell expands it
	unshare --net --kill-child --pid --fork --mount-proc bash -euc '
		ip link set lo up
		"$1" serve "$2/registry.yml" >"$2/registry.log" 2>&1 &
		tries=0
		until { : </dev/tcp/127.0.0.1/5000; } 2>/dev/null; do
			tries=$((tries + 1))
			[ "$tries" -lt 100 ] || exit 1
			sleep 0.1
		done
		while read -r tag name; do
			skopeo copy --quiet --insecure-policy --dest-tls-verify=false "oci:$2/oci/all:$tag" "docker://127.0.0.1:5000/$name"
		done <"$2/list"
	' images_push "$(registry_program)" "$work" || die "filling the registry failed: see $work/registry.log"
}
