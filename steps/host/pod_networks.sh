# Which network the Pods of a host get, and which they have: sent before probe.sh and mend.sh. Changes nothing.
# The first file of /etc/cni/net.d counts, by name. What was there before Kubernetes, as the ledger knows, and was not written since, is nobody's of this cluster.
# shellcheck shell=sh disable=SC2154,SC2015

network_name() { head -c 65536 "$1" 2>/dev/null | grep -o '"name"[[:space:]]*:[[:space:]]*"[^"]*"' | head -n 1 | cut -d '"' -f 4 | tr -cd 'A-Za-z0-9._-'; }

# Lines "before|since FILE NETWORK", the first one first; nothing without a ledger.
cni_files() {
	kw_trees=$kw_state/ledger/trees
	[ -f "$kw_trees" ] || return 0
	for kw_f in /etc/cni/net.d/*; do
		case ${kw_f##*/} in
		*[!A-Za-z0-9._-]*) continue ;;
		*.conf | *.conflist | *.json) ;;
		*) continue ;;
		esac
		kw_age=since
		[ -n "$(find "$kw_f" -prune -newer "$kw_trees")" ] || ! grep -qxF -- "$kw_f" "$kw_trees" || kw_age=before
		printf '%s %s %s\n' "$kw_age" "${kw_f##*/}" "$(network_name "$kw_f")"
	done
}

# The networks that Pods may have and should not: of the first file, when others left it, and of files that repair has moved aside.
other_networks() {
	cni_files | {
		read -r kw_age _ kw_net || return 0
		[ "$kw_age" != before ] || ! grep -q '^since ' || printf '%s\n' "$kw_net"
	}
	sed -n 's,^file|/etc/cni/net\.d/\([A-Za-z0-9._-]*\)|saved$,\1,p' "$kw_state/ledger/list" 2>/dev/null | while read -r kw_f; do
		[ -e "/etc/cni/net.d/$kw_f" ] || network_name "$kw_state/ledger/files/%etc%cni%net.d%$kw_f"
		echo
	done
}

# Lines "NETWORK NAMESPACE/POD SANDBOX FILE" of Pods that run and have an address of such a network, by what the library of the plugins keeps.
cni_pods() {
	other_networks | sort -u | while read -r kw_net; do
		[ -n "$kw_net" ] || continue
		for kw_f in /var/lib/cni/results/"$kw_net"-*-eth0; do
			kw_id=${kw_f#/var/lib/cni/results/"$kw_net"-}
			kw_id=${kw_id%-eth0}
			case $kw_id in '' | *[!0-9a-f]*) continue ;; esac
			ls -d /run/containerd/io.containerd.runtime.v*/k8s.io/"$kw_id" >/dev/null 2>&1 || continue
			printf '%s %s/%s %s %s\n' "$kw_net" "$(cni_argument "$kw_f" K8S_POD_NAMESPACE)" "$(cni_argument "$kw_f" K8S_POD_NAME)" "$kw_id" "$kw_f"
		done
	done
}
cni_argument() { head -c 65536 "$1" | grep -o "\"$2\",\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4 | tr -cd 'a-z0-9.-'; }
