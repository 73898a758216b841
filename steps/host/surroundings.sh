# What is around an installation: what others left, packet filters, who answers for the virtual IP, package repositories. Sent before probe.sh, whose
# `first`, `contains`, `has` and `say` it uses; answers are documented there. Changes nothing.
# shellcheck shell=sh disable=SC2154,SC2015

# What others left. Only where kubelet.conf is absent.
leftovers() {
	for kw_f in /sys/class/net/cni0 /sys/class/net/flannel* /sys/class/net/cali* /sys/class/net/vxlan.calico /sys/class/net/cilium_* \
		/sys/class/net/kube-ipvs0 /sys/class/net/weave; do
		[ ! -e "$kw_f" ] || printf 'interface %s\n' "${kw_f##*/}"
	done
	for kw_f in /etc/cni/net.d/* /etc/kubernetes/*.conf /etc/kubernetes/manifests/*.yaml /var/lib/kubelet/config.yaml /var/lib/etcd/member \
		/etc/rancher/k3s /etc/rancher/rke2 /var/snap/microk8s /var/lib/k0s; do
		[ ! -e "$kw_f" ] || printf 'file %s\n' "$kw_f"
	done
}

# Chains that let nothing in unless told: the policy, or the rule at the end. Not the whole rule set: it may have thousands of rules.
firewall() {
	if grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf; then
		echo "ufw enabled"
	fi
	if has nft; then
		timeout 2 nft -s list chains 2>/dev/null | while read -r kw_a kw_b kw_c kw_rest; do
			case $kw_a in
			table) kw_table="$kw_b $kw_c" ;;
			chain) kw_chain=$kw_b ;;
			type)
				case "$kw_rest" in
				*"input "*"policy drop"*) printf 'nft %s %s policy drop\n' "$kw_table" "$kw_chain" ;;
				*"input "*)
					# shellcheck disable=SC2086
					kw_rules=$(timeout 2 nft -s list chain $kw_table "$kw_chain" 2>/dev/null | grep '^		')
					printf '%s\n' "$kw_rules" | grep -E 'dport.* 10250[ ,}].*(drop|reject)' | sed "s/^[[:space:]]*/nft $kw_table $kw_chain: /"
					printf '%s\n' "$kw_rules" | tail -n 1 | grep -E 'drop$|reject' | sed "s/^[[:space:]]*/nft $kw_table $kw_chain ends with: /"
					;;
				esac
				;;
			esac
		done
	elif has iptables; then
		timeout 2 iptables -S INPUT 2>/dev/null | grep -E '^-P INPUT DROP|-j (DROP|REJECT)' | sed 's/^/iptables /'
	fi
	if grep -qsx filter /proc/net/ip_tables_names && has iptables-legacy; then
		timeout 2 iptables-legacy -S INPUT 2>/dev/null | grep -E '^-P INPUT DROP|-j (DROP|REJECT)' | sed 's/^/iptables-legacy /'
	fi
}

# Does anybody on the segment answer for the virtual IP? A datagram makes the kernel ask by ARP.
vip_asked() {
	ip neigh flush to "$vip" 2>/dev/null
	# shellcheck disable=SC2016
	timeout 1 bash -c 'echo >"/dev/udp/$0/9"' "$vip" 2>/dev/null
	for kw_i in 1 2 3 4 5 6 7 8; do
		kw_neigh=$(ip neigh show to "$vip" 2>/dev/null)
		case $kw_neigh in
		*" lladdr "*)
			kw_neigh=${kw_neigh#*" lladdr "}
			echo "vip_answers yes ${kw_neigh%% *}"
			return 0
			;;
		'' | *FAILED*) [ "$kw_i" -le 2 ] || break ;;
		esac
		sleep 0.1
	done
	echo "vip_answers no"
}

repository_asked() {
	# shellcheck disable=SC2016
	kw_said=$(timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>&1)
	case $?:$kw_said in
	0:*) echo "repo.$1/$2 ok" ;;
	124:*) echo "repo.$1/$2 timeout" ;;
	*refused*) echo "repo.$1/$2 refused" ;;
	*resolution* | *"not known"* | *"No address"*) echo "repo.$1/$2 unresolved" ;;
	*"timed out"*) echo "repo.$1/$2 timeout" ;;
	*) echo "repo.$1/$2 unreachable" ;;
	esac
}

# What takes time, at once; only where nothing is installed.
network_asked() {
	has bash || return 0
	if [ -n "$vip" ] && [ "$kw_held" = no ] && ! contains "$kw_have" kubelet-conf; then
		vip_asked &
	fi
	if [ -z "$kw_kubelet" ]; then
		while read -r kw_host kw_port; do
			[ -z "$kw_port" ] || repository_asked "$kw_host" "$kw_port" &
		done <<END
$repositories
END
	fi
	wait
}

fresh() {
	while read -r kw_key kw_value; do
		[ -z "$kw_key" ] || say "$kw_key" "$kw_value"
	done <<END
$(network_asked)
END
	if [ -z "$kw_kubelet" ] && grep -rqs '^[^#/]*Acquire::[hH][tT][tT][pP][sS]\{0,1\}::.*[pP]roxy' /etc/apt/apt.conf /etc/apt/apt.conf.d; then
		say apt_proxy yes
	else
		say apt_proxy no
	fi
	# somebody may set one up at any time
	say firewall "$(firewall | head -c 2048)"
	if contains "$kw_have" kubelet-conf; then
		say cni "$(cni_files | head -n 40)"
		say cni_pods "$(cni_pods | head -n 100)"
	else
		say leftovers "$(leftovers)"
	fi
}
