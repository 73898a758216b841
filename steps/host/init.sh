# Runs kubeadm init. Runs as a job.
# Parameters: secret_config (kubeadm's configuration, with the join token), validate (yes|no), resume (yes: the control plane runs, only what comes after is missing);
#   settings, components (digests of what the inventory says of kubelets and of the control plane, or empty); secret_kubelet_conf, secret_kubelet_pem (lib.sh; empty:
#   kubeadm makes them, or asks for them).
# Answers: initialized, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
main() {
	work=$(mktemp -d /run/kubewright/init.XXXXXX) || fail "cannot make a folder in /run/kubewright"
	trap 'rm -rf "$work"' EXIT
	(umask 077 && printf '%s' "$secret_config" >"$work/config") || fail "cannot write to /run"
	if [ "$validate" = yes ]; then
		kubeadm config validate --config "$work/config" >&2 || fail "kubeadm refuses its configuration" "check kubeadm.extra, kubelet.config and kubeproxy.config in the inventory"
	fi
	# begun again they may be others, for a kubelet that runs
	[ -z "$secret_kubelet_conf" ] || [ "$resume" = yes ] || kubelet_given
	kw_ignore=
	! etcd_disk_empty || kw_ignore=--ignore-preflight-errors=DirAvailable--var-lib-etcd
	kw_skip=
	[ "$resume" = no ] || kw_skip=--skip-phases=preflight,certs,kubeconfig,etcd,control-plane,kubelet-start
	# shellcheck disable=SC2086
	kubeadm_watched init --config "$work/config" $kw_ignore --skip-token-print $kw_skip ||
		fail "kubeadm init failed" "the log above is kubeadm's own; 'kubewright logs HOST' shows more, 'kubewright apply' tries again"
	keep_copies
	[ -z "$settings" ] || record settings "$settings"
	[ -z "$components" ] || record components "$components"
	say initialized yes
}
main </dev/null
