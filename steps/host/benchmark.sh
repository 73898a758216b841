# Shows how this host is set up, as far as the CIS Kubernetes Benchmark asks: modes and owners of files, static Pods, what the kubelet goes by. Changes nothing, and shows no
# key: of the file that says how Secrets are encrypted only the names of providers.
# Answers; what is missing among them was not there, or too large, or could not be read:
#   files.NAME       lines "MODE OWNER:GROUP PATH", kw_lines_max and one more at most
#   manifest.FILE    of a static Pod
#   kubelet_args     lines: how the kubelet that runs was started       kubelet_config   its file
#   etcd_ca          same | other: the file of etcd's CA beside that of the cluster's
#   providers        by which Secrets are written, the first of each rule: identity | aescbc | aesgcm | secretbox | kms | other
#   proxy_listens    addresses that kube-proxy shows its metrics at; none: it runs, and not at its port; absent: it does not run
#   error hint       as every script
# shellcheck shell=sh disable=SC2154,SC2015
kw_lines_max=200
kw_bytes_max=65536
kw_k=/etc/kubernetes

# lines_said NAME: of stdin.
lines_said() { head -n $((kw_lines_max + 1)) | tr -c ' -~\n' '?' | cut -c1-250 | say64 "files.$1"; }

# files_said NAME PATH…: of those that are there. What a link leads to counts.
files_said() {
	kw_name=$1
	shift
	stat -Lc '%a %U:%G %n' -- "$@" 2>/dev/null | lines_said "$kw_name"
}

# pki_said NAME TEST…: of what is below the folder of the PKI.
pki_said() {
	kw_name=$1
	shift
	[ -d $kw_k/pki ] || return 0
	timeout 10 find -L $kw_k/pki/ "$@" -exec stat -Lc '%a %U:%G %n' {} + 2>/dev/null | lines_said "$kw_name"
}

# whole FILE: whether it can be sent.
whole() { [ -f "$1" ] && [ "$(wc -c <"$1")" -le "$kw_bytes_max" ]; }

# flag_of COMPONENT FLAG: its value in the manifest.
flag_of() { sed -n "s/^ *- --$2=//p" "$kw_k/manifests/$1.yaml" 2>/dev/null | tail -n 1; }

plane_said() {
	for kw_static in $kw_statics; do
		kw_f=$kw_k/manifests/${kw_static%:*}.yaml
		! whole "$kw_f" || head -c "$kw_bytes_max" "$kw_f" | say64 "manifest.${kw_f##*/}"
		files_said "${kw_f##*/}" "$kw_f"
	done
	kw_f=$(flag_of etcd data-dir)
	[ -z "$kw_f" ] || files_said etcd-data "$kw_f"
	files_said admin $kw_k/admin.conf $kw_k/super-admin.conf
	files_said scheduler $kw_k/scheduler.conf
	files_said controller-manager $kw_k/controller-manager.conf
	pki_said pki
	pki_said certificates -name '*.crt'
	pki_said keys -name '*.key'
	if [ -f $kw_k/pki/ca.crt ] && [ -f $kw_k/pki/etcd/ca.crt ]; then
		if cmp -s $kw_k/pki/ca.crt $kw_k/pki/etcd/ca.crt; then say etcd_ca same; else say etcd_ca other; fi
	fi
	providers_said "$(flag_of kube-apiserver encryption-provider-config)"
}

# The word behind each "providers", in whatever form of YAML; only known ones are shown, for keys are in that file.
providers_said() {
	[ -n "$1" ] && whole "$1" || return 0
	say providers "$(sed 's/^[ \t]*#.*//' "$1" | tr -c 'A-Za-z' '\n' | awk '
		$0 == "" { next }
		next_one { print /^(identity|aescbc|aesgcm|secretbox|kms)$/ ? $0 : "other"; next_one = 0 }
		$0 == "providers" { next_one = 1 }' | head -n 20 | tr '\n' ' ')"
}

kubelet_said() {
	kw_pid=$(systemctl show -p MainPID --value kubelet 2>/dev/null) || kw_pid=
	case $kw_pid in '' | 0 | *[!0-9]*) ;; *) head -c 16384 "/proc/$kw_pid/cmdline" 2>/dev/null | tr '\0' '\n' | say64 kubelet_args ;; esac
	kw_f=/var/lib/kubelet/config.yaml
	! whole $kw_f || head -c "$kw_bytes_max" $kw_f | say64 kubelet_config
	files_said kubelet-config $kw_f
	files_said kubelet-kubeconfig $kw_k/kubelet.conf
	kw_ca=$(sed -n 's/^ *clientCAFile: *//p' $kw_f 2>/dev/null | tr -d "\"'" | head -n 1)
	[ -z "$kw_ca" ] || files_said client-ca "$kw_ca"
	# shellcheck disable=SC2046 # words of their own
	files_said kubelet-unit $(systemctl show -p FragmentPath -p DropInPaths --value kubelet 2>/dev/null)
}

proxy_said() {
	files_said proxy-kubeconfig $kw_k/kube-proxy.conf /var/lib/kube-proxy/kubeconfig.conf
	has ss && has pgrep || return 0
	kw_at=$(ss -Hltn 'sport = :10249' 2>/dev/null | awk '{ print $4 }' | sort -u | head -n 8 | tr '\n' ' ')
	if [ -z "$kw_at" ]; then
		kw_at=absent
		! pgrep -x kube-proxy >/dev/null || kw_at=none
	fi
	say proxy_listens "$kw_at"
}

main() {
	plane_said
	kubelet_said
	proxy_said
	files_said cni /etc/cni/net.d/* /var/lib/cni/networks/*/*
}
main </dev/null
