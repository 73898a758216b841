# Plays the undo ledger back: what kubewright changed on this host becomes what it was; nothing else is touched. Runs as a job.
# The uplink, sshd and its settings are never part of the ledger.
# Answers: undone, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 NEEDRESTART_MODE=l

entries() { grep "^$1|" "$kw_ledger/list" | cut -d'|' -f2-; }

stop_kubernetes() {
	if command -v kubeadm >/dev/null && [ -d /etc/kubernetes ]; then
		log "kubeadm reset"
		kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock --skip-phases=remove-etcd-member </dev/null >&2 ||
			log "warning: kubeadm reset did not end well; going on"
	fi
	systemctl stop kubelet keepalived 2>/dev/null || true
	# what kube-proxy and the pod network put into the packet filter goes by its own names
	if command -v iptables-save >/dev/null && iptables-save 2>/dev/null | grep -q 'KUBE-'; then
		iptables-save | grep -v 'KUBE-' | iptables-restore || log "warning: kube-proxy's rules could not be taken out"
	fi
	if command -v nft >/dev/null; then
		for kw_table in ip ip6; do
			nft delete table "$kw_table" kube-proxy 2>/dev/null || true
		done
	fi
	rm -rf /var/lib/etcd/member /var/lib/kubelet/pki
}

undo_packages() {
	for kw_name in $(entries hold | cut -d'|' -f1); do
		apt-mark unhold "$kw_name" >&2 || true
	done
	kw_gone=$(entries package | sed -n 's/|absent$//p' | tr '\n' ' ')
	[ -n "$kw_gone" ] || return 0
	# shellcheck disable=SC2086
	kw_theirs=$(dpkg-query -W -f '${Conffiles}\n' $kw_gone 2>/dev/null | awk '{ print $1 }')
	log "removing packages: $kw_gone"
	# shellcheck disable=SC2086
	apt-get -q -y -o DPkg::Lock::Timeout=900 -o APT::AutoRemove::RecommendsImportant=0 purge $kw_gone >&2 ||
		fail "apt cannot remove the packages that kubewright installed" "the log above is apt's own"
}

undo_files() {
	entries file | while IFS='|' read -r kw_path kw_was; do
		# what was saved is what the purged package had brought
		! printf '%s\n' "$kw_theirs" | grep -qxF "$kw_path" || kw_was=absent
		if [ "$kw_was" = saved ]; then
			kw_copy=$kw_ledger/files/$(printf '%s' "$kw_path" | tr / %)
			# a package that was purged took its folder along; its file goes with it
			[ -d "$(dirname "$kw_path")" ] || continue
			if ! cp -a --remove-destination "$kw_copy" "$kw_path" 2>/dev/null; then
				cp -a "$kw_copy" "$kw_path.kubewright" && cat "$kw_path.kubewright" >"$kw_path" && rm -f "$kw_path.kubewright"
			fi || fail "cannot put $kw_path back" "is the disk full or read-only?"
		else
			rm -f "$kw_path"
		fi
	done || exit 1
}

undo_settings() {
	entries sysctl | while IFS='|' read -r kw_key kw_was; do
		sysctl -q -w "$kw_key=$kw_was" || log "warning: cannot set $kw_key back to $kw_was"
	done
	entries link | while IFS='|' read -r kw_link kw_was; do
		ip link show dev "$kw_link" >/dev/null 2>&1 || continue
		ip link delete "$kw_link" || log "warning: cannot remove the interface $kw_link"
	done
	entries module | while IFS='|' read -r kw_mod kw_was; do
		modprobe -q -r "$kw_mod" 2>/dev/null || log "the kernel module $kw_mod is in use and stays until the next boot"
	done
}

undo_units() {
	systemctl daemon-reload
	entries unit | while IFS='|' read -r kw_unit kw_was; do
		case $kw_was in
		masked*) continue ;;
		absent* | not-found*) ;;
		enabled*) systemctl unmask --quiet "$kw_unit"; systemctl enable --quiet "$kw_unit" ;;
		disabled*) systemctl disable --quiet "$kw_unit" ;;
		*) systemctl unmask --quiet "$kw_unit" ;;
		esac 2>/dev/null
		case $kw_was in
		absent* | not-found*) ;;
		*" active") systemctl start "$kw_unit" || log "warning: cannot start $kw_unit again" ;;
		*" inactive") systemctl stop "$kw_unit" 2>/dev/null ;;
		esac
	done
	entries swap | while IFS='|' read -r kw_dev kw_was; do
		swapon "$kw_dev" || log "warning: cannot turn swap on $kw_dev on again"
	done
}

undo_dirs() {
	# pods' and images' data, which no package owns
	entries package | grep -q '^containerd.*|absent$' && rm -rf /var/lib/containerd/* /run/containerd /opt/containerd
	entries package | grep -q '^kubelet|absent$' && rm -rf /var/lib/kubelet /etc/kubernetes /var/lib/etcd
	entries package | grep -q '^kubernetes-cni|absent$' && rm -rf /opt/cni /etc/cni /var/lib/cni
	entries dir | sort -r | while IFS='|' read -r kw_dir kw_was; do
		find "$kw_dir" -depth -type d -empty -delete 2>/dev/null || true
	done
}

main() {
	if [ -f "$kw_ledger/list" ]; then
		stop_kubernetes
		undo_packages
		undo_settings
		undo_files
		undo_units
		undo_dirs
		# the lists of repositories that are no more
		apt-get -q update >&2 || true
	fi
	rm -rf "$kw_ledger" "$kw_state/host.conf" "$kw_state/pki.sha256" "$kw_state/kept" "$kw_state/etcd"
	find "$kw_state/jobs" -mindepth 1 -maxdepth 1 ! -name reset -exec rm -rf {} +
	say undone yes
}
main </dev/null
