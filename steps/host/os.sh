# Prepares the system: the Node's name resolves, swap is off and stays off, kernel modules and sysctls are set now and at every boot.
# Parameters: address, keep_swap (yes|no), time_service (yes|no), files… (lib.sh).
# Answers: those of questions.sh, prepared, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015

# The name leaves every line that gives it another address, and its full name with it: the resolver prefers a loopback address wherever the line stands.
own_line() {
	awk -v node="$node" -v address="$address" '
		{ text = $0; more = ""; if (at = index(text, "#")) { more = " " substr(text, at); text = substr(text, 1, at - 1) } }
		{ count = split(text, f); ours = count && more == " # kubewright"; hit = 0; rest = "" }
		{ for (i = 2; i <= count; i++) if (f[i] == node && f[1] ~ /^[0-9.]+$/ && f[1] != address) hit = 1 }
		!ours && !hit { print; next }
		{ for (i = 2; i <= count; i++)
			if (f[i] == node) continue
			else if (index(f[i], node ".") != 1) rest = rest " " f[i]
			else if (index(" " names, " " f[i] " ") == 0) names = names f[i] " " }
		!ours && rest == "" { print "# kubewright: " $0 }
		!ours && rest != "" { print f[1] "\t" substr(rest, 2) more }
		END { print address "\t" names node " # kubewright" }'
}

own_name() {
	[ "$(timeout 3 getent ahostsv4 "$node" | awk 'NR == 1 { print $1 }')" != "$address" ] || return 0
	edit_file /etc/hosts own_line
	log "/etc/hosts: $node is $address"
}

swapless() { awk '$1 !~ /^#/ && $3 == "swap" && $4 !~ /(^|,)noauto(,|$)/ { $0 = "# kubewright: " $0 } { print }'; }

swap_off() {
	[ "$keep_swap" = no ] || return 0
	# what is on tells what is to come back after a reset, so all of it is noted first
	kw_boot=$(swap_boot)
	awk 'NR > 1 { print $1 }' /proc/swaps | while read -r kw_dev; do
		ledger_note swap "$kw_dev" on
	done || exit 1
	case $kw_boot in
	*fstab*)
		edit_file /etc/fstab swapless
		systemctl daemon-reload || true
		;;
	esac
	printf '%s\n' "$kw_boot" | sed -n 's/^unit //p' | while read -r kw_unit; do
		ledger_unit "$kw_unit"
		# a unit of /etc itself cannot be masked
		systemctl mask --quiet "$kw_unit" 2>/dev/null || systemctl disable --quiet "$kw_unit" ||
			fail "cannot keep $kw_unit off" "see 'systemctl status $kw_unit' on the host"
		case $kw_unit in *.service) systemctl stop "$kw_unit" || true ;; esac
		log "$kw_unit stays off"
	done || exit 1
	if [ "$(wc -l </proc/swaps)" -gt 1 ]; then
		log "turning swap off"
		swapoff -a || fail "cannot turn swap off" "is there enough free memory for what is swapped out? see 'free -m'"
	fi
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
	# shellcheck disable=SC2086
	files_told $kw_put
	# whether it was enough is asked as the probe asked what was needed
	name_told
	swap_told
	kernel_told
	say prepared yes
}
main </dev/null
