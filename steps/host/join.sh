# Runs kubeadm join. Runs as a job.
# Parameters: secret_config (kubeadm's configuration, with the join token), validate (yes|no), cluster, ca_pin; settings, components (digests of what the
#   cluster has noted of the settings of kubelets and of the control plane, or empty); secret_kubelet_conf, secret_kubelet_pem (lib.sh; empty: the kubelet asks for them).
# Answers: joined, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
main() {
	work=$(mktemp -d /run/kubewright/join.XXXXXX) || fail "cannot make a folder in /run/kubewright"
	trap 'rm -rf "$work"' EXIT
	(umask 077 && printf '%s' "$secret_config" >"$work/config") || fail "cannot write to /run"
	if [ "$validate" = yes ]; then
		kubeadm config validate --config "$work/config" >&2 || fail "kubeadm refuses its configuration" "check kubeadm.extra in the inventory"
	fi
	kw_ignore=
	! etcd_disk_empty || kw_ignore=--ignore-preflight-errors=DirAvailable--var-lib-etcd
	if [ -n "$secret_kubelet_conf" ]; then
		kubelet_given
		kw_ignore="$kw_ignore --ignore-preflight-errors=FileAvailable--etc-kubernetes-kubelet.conf"
	fi
	# shellcheck disable=SC2086
	kubeadm_watched join --config "$work/config" $kw_ignore ||
		fail "kubeadm join failed" "the log above is kubeadm's own; 'kubewright logs HOST' shows more, 'kubewright apply' tries again"
	keep_copies
	record cluster "$cluster"
	record node "$node"
	record ca_pin "$ca_pin"
	[ -z "$settings" ] || record settings "$settings"
	[ -z "$components" ] || record components "$components"
	say joined yes
}
main </dev/null
