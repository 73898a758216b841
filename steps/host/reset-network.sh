# Stops Kubernetes and takes back what it and kubewright did to the network: the packet filter, the kernel's settings, interfaces. Runs as a job, after
# filter.sh, deadman.sh and undo.sh: from deadman_arm on a timer puts the network back unless kubewright confirms from a new session. What cannot be undone waits for that: reset.sh.
# The uplink, sshd and its settings are never part of the ledger.
# Parameters: putback (deadman.sh), seconds until the network is put back, pods, their range of addresses.
# Answers: stopped, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015

stop_kubernetes() {
	if command -v kubeadm >/dev/null && [ -d /etc/kubernetes ]; then
		log "kubeadm reset"
		kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock --skip-phases=remove-etcd-member </dev/null >&2 ||
			log "warning: kubeadm reset failed; continuing"
	fi
	# keepalived takes its address along: it is not part of what is put back
	systemctl stop kubelet keepalived 2>/dev/null || true
	rm -rf /var/lib/etcd/member /var/lib/kubelet/pki
}

settings() {
	entries sysctl | while IFS='|' read -r kw_key kw_was; do
		sysctl_back "$kw_key" "$kw_was"
	done
}

# Down, which can be undone; reset.sh removes them.
links() {
	kw_uplinks=$(ip -o route show default; ip -6 -o route show default)
	entries link | while IFS='|' read -r kw_link _; do
		ip link show dev "$kw_link" >/dev/null 2>&1 || continue
		case "$kw_uplinks " in
		*" dev $kw_link "*) log "warning: $kw_link leads to the default gateway now: it stays" ;;
		*) ip link set dev "$kw_link" down || log "warning: cannot take the interface $kw_link down" ;;
		esac
	done
}

# To the pods of other hosts: preflight lets no other route into that range.
routes() {
	ip -4 -o route show root "$pods" | while read -r kw_route; do
		# what lines of several gateways are joined by
		kw_route=$(printf '%s' "$kw_route" | tr '\134' ' ')
		# shellcheck disable=SC2086
		ip -4 route del $kw_route || log "warning: cannot remove the route $kw_route"
	done
}

main() {
	filter_before
	# of an earlier try, which this one starts again
	rm -f "$kw_deadman/restored" "$kw_deadman/confirmed"
	stop_kubernetes
	deadman_arm "$seconds"
	filter_off "$kw_deadman/saved"
	settings
	links
	routes
	say stopped yes
}
main </dev/null
