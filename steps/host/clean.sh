# Takes back a kubeadm init or join that did not get to its end, so that it can be done again. Runs as a job.
# Only what kubeadm made goes: packages, containerd, keepalived and their settings stay.
# Answers: cleaned, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
main() {
	# the etcd member is dealt with by kubewright through a healthy member, if there is one
	kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock --skip-phases=remove-etcd-member </dev/null >&2 ||
		fail "kubeadm reset failed" "the log above is kubeadm's own"
	rm -rf /var/lib/etcd/member /var/lib/kubelet/pki /etc/kubernetes/bootstrap-kubelet.conf /etc/kubernetes/kubelet.conf
	rm -rf "$kw_state/jobs/init" "$kw_state/jobs/join" "$kw_state/pki.sha256" "$kw_state/kept" "$kw_state/etcd/restore" "$kw_state/etcd/aside"
	[ ! -f "$kw_state/host.conf" ] || sed -i '/^init=/d; /^etcd_restore=/d' "$kw_state/host.conf"
	say cleaned yes
}
main </dev/null
