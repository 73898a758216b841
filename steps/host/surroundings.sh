# What is around an installation: what others left, packet filters, who answers for the virtual IP, package repositories. Sent before probe.sh, whose
# `first`, `contains`, `has` and `say` it uses; answers are documented there. Changes nothing.
# shellcheck shell=sh disable=SC2154,SC2015

# What others left. Only where kubelet.conf is absent.
leftovers() {
	for kw_f in /sys/class/net/cni0 /sys/class/net/flannel* /sys/class/net/cali* /sys/class/net/vxlan.calico /sys/class/net/cilium_* \
		/sys/class/net/kube-ipvs0 /sys/class/net/weave; do
		[ ! -e "$kw_f" ] || printf 'interface %s\n' "${kw_f##*/}"
	done
	for kw_f in /etc/cni/net.d/* /etc/kubernetes/*.conf /etc/kubernetes/manifests/*.yaml /var/lib/kubelet/config.yaml \
		/etc/rancher/k3s /etc/rancher/rke2 /var/snap/microk8s /var/lib/k0s; do
		[ ! -e "$kw_f" ] || printf 'file %s\n' "$kw_f"
	done
	etcd_disk_empty || for kw_f in /var/lib/etcd/* /var/lib/etcd/.[!.]*; do
		[ ! -e "$kw_f" ] || printf 'file %s\n' "$kw_f"
	done
}

# foreign_files PATH…: those that others wrote. Ours are in the ledger, and say so should that be lost; what a package brought is nobody's wish.
foreign_files() {
	kw_noted=$(grep -s '^file|' "$kw_state/ledger/list")
	for kw_path; do
		[ -f "$kw_path" ] || continue
		case $kw_noted in *"file|$kw_path|"*) continue ;; esac
		first "$kw_path"
		case $kw_line in *'Written by kubewright'*) continue ;; esac
		grep -qsF " $kw_path $(md5sum <"$kw_path" | cut -c1-32)" /var/lib/dpkg/status || printf '%s\n' "$kw_path"
	done
}

# What kubeadm's SystemVerification refuses: kernel options that are not there ("config" when nobody knows), cgroup controllers that are off.
kernel_lacks() {
	kw_config=
	for kw_f in /proc/config.gz "/boot/config-$kw_kernel" "/usr/src/linux-$kw_kernel/.config" /usr/src/linux/.config "/usr/lib/modules/$kw_kernel/config" \
		"/usr/lib/ostree-boot/config-$kw_kernel" "/usr/lib/kernel/config-$kw_kernel" "/usr/src/linux-headers-$kw_kernel/.config" \
		"/lib/modules/$kw_kernel/build/.config"; do
		[ -n "$kw_config" ] || [ ! -r "$kw_f" ] || kw_config=$kw_f
	done
	if [ -n "$kw_config" ]; then
		# a file that is not packed comes through unchanged
		gzip -cdf "$kw_config" 2>/dev/null | awk -F= -v v2="$(cat /sys/fs/cgroup/cgroup.controllers 2>/dev/null)" '
			{ set[$1] = $2 ~ /^[ym]/ }
			END {
				n = split("NAMESPACES NET_NS PID_NS IPC_NS UTS_NS CPUSETS MEMCG INET EXT4_FS PROC_FS NETFILTER_XT_MATCH_COMMENT " \
					"FAIR_GROUP_SCHED CGROUPS CGROUP_PIDS CGROUP_SCHED " (v2 != "" ? "CGROUP_BPF" : "CGROUP_CPUACCT CGROUP_DEVICE CGROUP_FREEZER"), want, " ")
				for (i = 1; i <= n; i++) if (!set["CONFIG_" want[i]]) print "CONFIG_" want[i]
				if (!set["CONFIG_NETFILTER_XT_TARGET_REDIRECT"] && !set["CONFIG_IP_NF_TARGET_REDIRECT"]) print "CONFIG_NETFILTER_XT_TARGET_REDIRECT"
			}'
	else
		modprobe -n -q configs 2>/dev/null || echo config
	fi
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		kw_on=$(cat /sys/fs/cgroup/cgroup.controllers)
	else
		kw_on=$(awk '$4 == 1 { print $1 }' /proc/cgroups | tr '\n' ' ')
	fi
	for kw_f in cpu cpuset memory pids; do
		contains "$kw_on" "$kw_f" || echo "cgroup:$kw_f"
	done
}

# Chains that let nothing in by default: the policy, or the rule at the end. Not the whole rule set: it may have thousands of rules.
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

# Package sources of others for the places that ours would name, and whether apt can read its sources at all. Asked where packages are missing, and
# where a file of others names one of the places.
sources_asked() {
	kw_seen=
	while read -r kw_name kw_place kw_suite kw_component _ kw_pin; do
		[ -n "$kw_pin" ] || continue
		case $kw_place in *%os) kw_place=${kw_place%\%os}$kw_os_id ;; esac
		[ "$kw_suite" != %codename ] || kw_suite=$kw_codename
		kw_there=$(source_there "$kw_place" "$kw_suite" "${kw_component#-}" "$kw_pin")
		[ -z "$kw_there" ] || kw_seen=yes
		[ -z "$kw_there" ] || echo "source.$kw_name $kw_there"
	done <<END
$sources
END
	[ -n "$kw_seen" ] || [ -z "$kw_kubelet" ] || return 0
	kw_there=$(apt_refuses)
	[ -z "$kw_there" ] || echo "apt_refuses $kw_there"
	for kw_list in /etc/apt/sources.list.d/kubewright-*.list; do
		[ ! -f "$kw_list" ] || echo "source.ours $kw_list"
	done
}

# Whether the kubelet goes by an address; another one, to which it is to move, must be free.
in_use() { contains "$kw_have" kubelet-conf && grep -qsF "https://$1:" /etc/kubernetes/*.conf; }

# What takes time, at once; only where nothing is installed.
network_asked() {
	! has apt-get || sources_asked &
	if ! has bash; then
		wait
		return 0
	fi
	if [ -n "$vip" ] && [ "$kw_held" = no ] && ! in_use "$vip"; then
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

# Who keeps the clock: packages by what they provide, and their services; programs for PTP; a hypervisor's tools.
time_keepers() {
	kw_daemons='' kw_keepers=''
	while IFS='|' read -r kw_status kw_name kw_value; do
		case $kw_status/$kw_value in ?i*/*time-daemon*) ;; *) continue ;; esac
		kw_daemons="$kw_daemons${kw_daemons:+ }$kw_name"
		for kw_unit in $(dpkg-query -L "$kw_name" 2>/dev/null | sed -n 's|^.*/systemd/system/\([^/@]*\.service\)$|\1|p'); do
			! systemctl is-active --quiet "$kw_unit" || contains "$kw_keepers" "$kw_unit" || kw_keepers="$kw_keepers${kw_keepers:+ }$kw_unit"
		done
	done <<END
$(! has dpkg-query || dpkg-query -W -f '${db:Status-Abbrev}|${Package}|${Provides}\n' 2>/dev/null | grep time-daemon)
END
	for kw_name in ptp4l phc2sys ts2phc timemaster ntpd chronyd ntp-daemon VBoxService; do
		! pgrep -x "$kw_name" >/dev/null 2>&1 || kw_keepers="$kw_keepers${kw_keepers:+ }$kw_name"
	done
	case $(! has vmware-toolbox-cmd || timeout 2 vmware-toolbox-cmd timesync status 2>/dev/null) in
	Enabled*) kw_keepers="$kw_keepers${kw_keepers:+ }VMware" ;;
	esac
	say time_daemon "$kw_daemons"
	say time_keeper "$kw_keepers"
}

# The file that the kubelet gives to pods: the inventory's, the one it was given, or as kubeadm chooses it.
resolver() {
	kw_f=${kubelet_resolv-}
	[ -n "$kw_f" ] || kw_f=$(sed -n 's/^resolvConf: *"\{0,1\}\([^" ]*\).*/\1/p' /var/lib/kubelet/config.yaml 2>/dev/null)
	if [ -z "$kw_f" ]; then
		kw_f=/etc/resolv.conf
		[ -z "$kw_resolved" ] || kw_f=/run/systemd/resolve/resolv.conf
	fi
	if [ -f "$kw_f" ] && [ -r "$kw_f" ]; then
		say resolv_conf "$kw_f ok"
		say nameservers "$(awk '$1 == "nameserver" { print $2 }' "$kw_f" | head -n 8 | tr '\n' ' ' | sed 's/ $//')"
	elif [ -L "$kw_f" ]; then
		say resolv_conf "$kw_f a link to $(readlink "$kw_f"), which cannot be read"
	elif [ -e "$kw_f" ]; then
		say resolv_conf "$kw_f not a file that can be read"
	else
		say resolv_conf "$kw_f absent"
	fi
}

shadowed() {
	for kw_name in kubelet kubeadm kubectl crictl containerd; do
		kw_f=$(command -v "$kw_name") || continue
		case $kw_f in
		/usr/bin/* | /bin/*) ;;
		/*) [ "$(readlink -f "$kw_f")" = "/usr/bin/$kw_name" ] || printf '%s\n' "$kw_f" ;;
		esac
	done
}

# way FOLDER: adds it and those above it to kw_way, also those that a link on the way leads to.
way() {
	set -- "$1"
	while [ -n "$1" ]; do
		contains "$kw_way" "$1" || [ ! -d "$1" ] || kw_way="$kw_way $1"
		[ ! -L "$1" ] || way "$(readlink -f "$1")"
		set -- "${1%/*}"
	done
}

writable_dirs() {
	kw_way=/
	while read -r kw_f; do
		case $kw_f in /*/*) way "${kw_f%/*}" ;; esac
	done <<END
$paths
$kw_state/host.conf
/etc/kubernetes/manifests/any
/etc/cni/net.d/any
/opt/cni/bin/any
/var/lib/kubelet/any
END
	# shellcheck disable=SC2086
	stat -L -c '%a %u %g %n' $kw_way 2>/dev/null | while read -r kw_mode kw_uid kw_gid kw_f; do
		case $kw_uid/$kw_gid/$kw_mode in
		0/*/*[2367] | 0/[1-9]*/*[2367]? | [1-9]*) printf '%s mode %s, owner %s:%s\n' "$kw_f" "$kw_mode" "$kw_uid" "$kw_gid" ;;
		esac
	done
}

# What matters for as long as the host is in the cluster.
lasting() {
	resolver
	say shadowed "$(shadowed)"
	say writable_dirs "$(writable_dirs)"
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
		say kernel_lacks "$(kernel_lacks | paste -sd' ')"
		# scripts that carry keys come through sudo
		[ -z "${SUDO_USER-}" ] || ! timeout 3 sudo -n -l -U "$SUDO_USER" </dev/null 2>/dev/null | grep -qE '(^|[^!])(log_input|LOG_INPUT)' ||
			say sudo_logs_input yes
	fi
}
