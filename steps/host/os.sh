# Prepares the system: the Node's name resolves, swap is off and stays off, kernel modules and sysctls are set now and at every boot.
# Parameters: address, keep_swap (yes|no), time_service (yes|no), files… (lib.sh).
# Answers: ip_forward, prepared, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
own_name() {
	# the address first that the Node will have: kubeadm and etcd's certificates go by it
	if [ "$(getent ahostsv4 "$node" | awk 'NR == 1 { print $1 }')" = "$address" ]; then
		return 0
	fi
	ledger_file /etc/hosts
	{
		sed "/# kubewright\$/d" /etc/hosts
		printf '%s\t%s # kubewright\n' "$address" "$node"
	} >/etc/hosts.kubewright && chmod 644 /etc/hosts.kubewright && sync /etc/hosts.kubewright || fail "cannot write /etc/hosts"
	mv -f /etc/hosts.kubewright /etc/hosts 2>/dev/null || {
		# a bind mount cannot be renamed over
		cat /etc/hosts.kubewright >/etc/hosts && rm -f /etc/hosts.kubewright
	} || fail "cannot write /etc/hosts"
	log "$node now resolves to $address"
}

swap_off() {
	[ "$keep_swap" = no ] || return 0
	if [ "$(wc -l </proc/swaps)" -gt 1 ]; then
		awk 'NR > 1 { print $1 }' /proc/swaps | while read -r kw_dev; do
			ledger_note swap "$kw_dev" on
		done
		log "turning swap off"
		swapoff -a || fail "cannot turn swap off" "is there enough free memory for what is swapped out? see 'free -m'"
	fi
	if grep -Eq '^[^#[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]]' /etc/fstab 2>/dev/null; then
		ledger_file /etc/fstab
		sed -E 's/^([^#[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]].*)$/# kubewright: \1/' /etc/fstab \
			>/etc/fstab.kubewright && sync /etc/fstab.kubewright && chmod 644 /etc/fstab.kubewright &&
			mv -f /etc/fstab.kubewright /etc/fstab || fail "cannot write /etc/fstab"
	fi
	systemctl list-units --no-legend --plain --type=swap 2>/dev/null | awk '{ print $1 }' | while read -r kw_unit; do
		ledger_unit "$kw_unit"
		systemctl mask --quiet "$kw_unit" || true
	done
}

modules() {
	for kw_mod in overlay br_netfilter; do
		if [ -d "/sys/module/$kw_mod" ] || grep -qw "$kw_mod" /proc/modules; then
			continue
		fi
		# built in, or not there at all: preflight has said so
		if modprobe -n -q "$kw_mod" 2>/dev/null; then
			ledger_note module "$kw_mod" absent
			modprobe "$kw_mod" || log "warning: the kernel module $kw_mod cannot be loaded"
		fi
	done
}

settings() {
	for kw_key in net.ipv4.ip_forward net.bridge.bridge-nf-call-iptables net.bridge.bridge-nf-call-ip6tables; do
		kw_old=$(sysctl -n "$kw_key" 2>/dev/null) || continue
		[ "$kw_old" != 1 ] || continue
		ledger_sysctl "$kw_key"
		sysctl -q -w "$kw_key=1" || fail "cannot set $kw_key" "kube-proxy and pod networks need it"
	done
	say ip_forward "$(sysctl -n net.ipv4.ip_forward)"
}

# What the kubelet, kube-proxy and pod networks will change by themselves: how it was is noted, for the way back.
others() {
	for kw_key in vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys kernel.keys.root_maxbytes \
		net.ipv4.conf.all.route_localnet net.netfilter.nf_conntrack_max net.netfilter.nf_conntrack_tcp_timeout_established \
		net.netfilter.nf_conntrack_tcp_timeout_close_wait; do
		ledger_sysctl "$kw_key"
	done
	if [ ! -e /etc/kubernetes/kubelet.conf ]; then
		ledger_note filter words "$(filter_words)"
		trees_note
		# kube-proxy has it made where there are no modules
		[ -d /lib/modules ] || ledger_note dir "$(readlink -f /lib)/modules" absent
	fi
	for kw_link in cni0 flannel.1 kube-ipvs0 vxlan.calico cilium_host cilium_vxlan; do
		ip link show dev "$kw_link" >/dev/null 2>&1 || ledger_note link "$kw_link" absent
	done
}

main() {
	fence
	others
	own_name
	swap_off
	modules
	settings
	# last: that they are there tells the next run that the rest was done, should this one be cut
	put_files
	say prepared yes
}
main </dev/null
