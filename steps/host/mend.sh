# Mends what is broken on a host of a living cluster, by the findings of its health. Runs as a job; each act is safe to do twice.
# Parameters: acts, lines of:
#   unit NAME          it is unmasked, enabled and started, if it starts with the configuration that it has
#   restart NAME       it is restarted
#   kept PATH          the copy of a file that kubeadm made is put back
#   kubelet-conf       the kubelet goes by secret_kubelet_conf and secret_kubelet_pem, and its own certificate is given up
#   kubelet-serving    the kubelet's serving certificate is removed: it gets another when it starts
#   cni-aside PATH     the file leaves /etc/cni/net.d, and Pods of kube-system that have an address of its network are started again
#   cni-pods           only the second half of that
#   certificates       what reads certificates at its start is restarted; they are in place already
#   vip-renew ADDRESS  keepalived is stopped, the address taken off, keepalived started
# Answers: mended, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015

kw_restart_kubelet=no
kw_restart_pods=no
kw_crictl='timeout 60 crictl -r unix:///run/containerd/containerd.sock'

is_active() { systemctl is-active --quiet "$1"; }

try_unit() {
	systemctl reset-failed "$1" 2>/dev/null || true
	if systemctl start "$1" >&2 && wait_for 30 is_active "$1"; then log "$1 runs"; else log "$1 does not start as it is configured"; fi
}

# start_unit VERB NAME
start_unit() {
	systemctl reset-failed "$2" 2>/dev/null || true
	systemctl "$1" "$2" >&2 && wait_for 30 is_active "$2" || {
		journalctl -u "$2" -n 15 --no-pager -o cat >&2
		fail "$2 does not start" "the log above is its own; 'journalctl -u $2' on the host shows more"
	}
	log "$2 runs"
}

unit() {
	systemctl unmask --quiet "$1" 2>/dev/null || true
	# a mask of the runtime, and a file of somebody's in the way, are not taken away by unmask
	rm -f "/run/systemd/system/$1.service"
	systemctl daemon-reload
	systemctl enable --quiet "$1" || fail "cannot enable $1.service" "see 'systemctl status $1' on the host"
	# the kubelet after whatever else it needs was put back; what keeps the others from it may be their configuration, and the
	# steps that write it start them, or say why that fails
	is_active "$1" || case $1 in
	kubelet) kw_restart_kubelet=yes ;;
	*) try_unit "$1" ;;
	esac
}

kept() {
	kw_copy=$kw_state/kept$1
	[ -f "$kw_copy" ] || fail "there is no copy of $1 on this host" "'kubewright rejoin $node' reinstalls the host"
	mkdir -p "$(dirname "$1")"
	# not a name that the kubelet takes for a manifest
	kw_tmp=$(dirname "$1")/.kubewright.$$
	cp -p "$kw_copy" "$kw_tmp" && sync "$kw_tmp" && mv -f "$kw_tmp" "$1" || {
		rm -f "$kw_tmp"
		fail "cannot write $1" "is the disk full or read-only? see 'df $(dirname "$1")'"
	}
	log "put $1 back"
	case $1 in /var/lib/kubelet/*) kw_restart_kubelet=yes ;; esac
}

kubelet_conf() {
	rm -f /var/lib/kubelet/pki/kubelet-client-*.pem
	kubelet_given
	kw_restart_kubelet=yes
}

kubelet_serving() {
	rm -f /var/lib/kubelet/pki/kubelet.crt /var/lib/kubelet/pki/kubelet.key /var/lib/kubelet/pki/kubelet-server-*.pem
	log "removed the kubelet's serving certificate"
	kw_restart_kubelet=yes
}

cni_aside() {
	case ${1#/etc/cni/net.d/} in '' | /* | */*) fail "mend.sh does not move $1 aside" ;; esac
	kw_restart_pods=yes
	[ -e "$1" ] || return 0
	ledger_file "$1"
	rm -f "$1" || fail "cannot remove $1" "is its file system read-only?"
	log "moved $1 aside; it is kept in $kw_ledger/files, and reset puts it back"
}

# The runtime has read the folder again when it names this network no more.
# shellcheck disable=SC2086
network_forgotten() { ! $kw_crictl info 2>/dev/null </dev/null | grep -qF "\"Name\": \"$1\""; }

# The kubelet makes a Pod's sandbox, and with it the address, again when it ends; the Pod stays the same. Those that are not the cluster's own are their owner's.
# shellcheck disable=SC2086
restart_pods() {
	cni_pods | while read -r kw_net kw_pod kw_id kw_file; do
		case $kw_pod in kube-system/*) ;; *) log "$kw_pod keeps its address of the network '$kw_net' until it is deleted" && continue ;; esac
		wait_for 20 network_forgotten "$kw_net" || fail "containerd still uses the network '$kw_net'" "see 'crictl info' on the host; 'systemctl restart containerd' makes it read /etc/cni/net.d again"
		$kw_crictl stopp "$kw_id" >&2 </dev/null || fail "cannot stop the sandbox of $kw_pod" "'crictl stopp $kw_id' on the host shows why"
		rm -f "$kw_file"
		log "started $kw_pod again, which had an address of the network '$kw_net'"
	done || exit 1
}

# The kubelet starts a container that has ended again.
restart_static_pods() {
	for kw_static in $kw_statics; do
		kw_name=${kw_static%:*}
		for kw_pid in $(static_pids "$kw_name"); do
			kill "$kw_pid" 2>/dev/null && log "stopped $kw_name, so that it starts with its new certificates"
		done
	done
}

# Somebody has the address and an API server behind it.
# shellcheck disable=SC2016
vip_served() { timeout 2 bash -c ': <"/dev/tcp/$0/6443"' "$kw_vip" 2>/dev/null; }

vip_off() { ! ip -o -4 addr show | grep -qF " $kw_vip/"; }

vip_renew() {
	kw_vip=$1
	systemctl stop keepalived || true
	ip -o -4 addr show | awk -v vip="$kw_vip" 'index($4, vip "/") == 1 { print $2, $4 }' | while read -r kw_link kw_cidr; do
		ip addr del "$kw_cidr" dev "$kw_link" && log "took $kw_cidr off $kw_link"
	done
	wait_for 10 vip_off || fail "the address $kw_vip stays on this host" "see 'ip -4 addr' on the host"
	start_unit start keepalived
	# an election takes some seconds; who must have won it looks for the address right after
	wait_for 20 vip_served || log "warning: nothing answers at $kw_vip:6443 yet"
}

act() {
	case $1 in
	kept) kept "$2" ;;
	kubelet-conf) kubelet_conf ;;
	kubelet-serving) kubelet_serving ;;
	cni-aside) cni_aside "$2" ;;
	cni-pods) kw_restart_pods=yes ;;
	unit) unit "$2" ;;
	restart) [ "$2" = kubelet ] && kw_restart_kubelet=yes || start_unit restart "$2" ;;
	vip-renew) vip_renew "$2" ;;
	certificates) ;;
	*) fail "mend.sh does not know '$1'" ;;
	esac
}

main() {
	fence
	while read -r kw_verb kw_arg; do
		[ -z "$kw_verb" ] || act "$kw_verb" "$kw_arg"
	done <<END
$acts
END
	case "
$acts
" in *"
certificates
"*) restart_static_pods ;; esac
	[ "$kw_restart_pods" = no ] || restart_pods
	if [ "$kw_restart_kubelet" = yes ] && is_active containerd; then
		start_unit restart kubelet
	elif [ "$kw_restart_kubelet" = yes ]; then
		# systemd tries again and again
		systemctl restart --no-block kubelet || fail "cannot start kubelet" "see 'systemctl status kubelet' on the host"
		log "kubelet starts once containerd runs"
	fi
	say mended yes
}
main </dev/null
