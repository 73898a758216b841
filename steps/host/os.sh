# What the part os does before its items are put: for put.sh, after trees.sh.
# shellcheck shell=sh disable=SC2154,SC2015

# What the kubelet, kube-proxy and pod networks will change by themselves: how it was is noted, for the way back.
before() {
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
