# Takes back a kubeadm init or join that did not get to its end, so that it can be done again. Runs as a job, after undo.sh.
# Only what kubeadm made goes: packages, containerd and their settings stay, and keepalived unless the host is to be a worker.
# Parameters: role (control-plane | worker), what the host is to be.
# Answers: cleaned, have, pki_manifest, ca_keys, ca_keys_left, ca_signs, sum.PATH and mode.PATH of files with keys of Secrets, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
# As the ledger has it, which stays for reset.
leave_endpoint() {
	grep -q '^file|/etc/keepalived/keepalived.conf|' "$kw_ledger/list" 2>/dev/null || return 0
	systemctl disable --now --quiet keepalived || ! systemctl is-active --quiet keepalived ||
		fail "keepalived cannot be stopped" "see 'systemctl status keepalived' on the host"
	entries file | grep '^/etc/keepalived/' | while IFS='|' read -r kw_path kw_was; do
		file_back "$kw_path" "$kw_was"
	done || exit 1
	log "keepalived is stopped: a worker has no part in the virtual IP"
}

# What a control plane does by timers. Its snapshots stay: they may be the last ones.
leave_timers() {
	entries file | grep '^/etc/systemd/system/kubewright-[a-z-]*\.\(timer\|service\)|\|^/etc/kubewright/[a-z-]*|' | while IFS='|' read -r kw_path kw_was; do
		file_back "$kw_path" "$kw_was" || true
	done || exit 1
}

# The key of Secrets: a host that is a control plane again gets it again. Its folder may be gone.
leave_key() {
	entries file | grep '^/etc/kubernetes/kubewright/secrets-' | while IFS='|' read -r kw_path kw_was; do
		file_back "$kw_path" "$kw_was" || true
		files_told "$kw_path"
	done || exit 1
}

main() {
	[ "$role" = control-plane ] || { leave_endpoint && leave_timers; }
	# the etcd member is dealt with by kubewright through a healthy member, if there is one
	kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock --skip-phases=remove-etcd-member </dev/null >&2 ||
		fail "kubeadm reset failed" "the log above is kubeadm's own"
	leave_key
	rm -rf /var/lib/etcd/member /var/lib/kubelet/pki /etc/kubernetes/bootstrap-kubelet.conf /etc/kubernetes/kubelet.conf
	rm -rf "$kw_state/jobs/init" "$kw_state/jobs/join" "$kw_state/jobs/upgrade" "$kw_state"/pki.* "$kw_state"/settings.* "$kw_state"/components.* \
		"$kw_state/kept" "$kw_state/etcd/restore" "$kw_state/etcd/aside" "$kw_state/etcd/upgrade-began"
	[ ! -f "$kw_state/host.conf" ] ||
		sed -i '/^init=/d; /^upgraded=/d; /^settings=/d; /^components=/d; /^endpoint=/d; /^applied=/d; /^etcd_restore=/d' "$kw_state/host.conf"
	have_told
	pki_told
	say cleaned yes
}
main </dev/null
