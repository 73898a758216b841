# Plays the undo ledger back: what kubewright changed on this host becomes what it was; nothing else is touched. Runs as a job after filter.sh, trees.sh and undo.sh, once
# reset-network.sh has stopped Kubernetes and taken back what concerns the network.
# Answers: undone, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 NEEDRESTART_MODE=l

# strangers PACKAGE…: what apt would take along that kubewright has not installed.
strangers() {
	apt-get -s -q -o APT::Get::Show-User-Simulation-Note=no purge "$@" 2>/dev/null | sed -n 's/^\(Remv\|Purg\) \([^ ]*\).*/\2/p' | while read -r kw_name; do
		case " $kw_gone " in *" $kw_name "*) ;; *) printf '%s ' "$kw_name" ;; esac
	done
}

# Sets kw_gone: what kubewright installed and nobody has built upon since.
packages_gone() {
	kw_gone=$(entries package | sed -n 's/|absent$//p' | while read -r kw_name; do
		! dpkg-query -W "$kw_name" >/dev/null 2>&1 || printf '%s ' "$kw_name"
	done)
	# its stop takes the whole packet filter away
	if systemctl is-enabled --quiet nftables 2>/dev/null || systemctl is-active --quiet nftables; then
		case " $kw_gone" in *" nftables "*) log "nftables.service is in use: the package stays" ;; esac
		kw_gone=$(printf '%s' "$kw_gone" | sed 's/\(^\| \)nftables /\1/')
	fi
	# shellcheck disable=SC2086
	[ -n "$kw_gone" ] && [ -n "$(strangers $kw_gone)" ] || return 0
	kw_all=$kw_gone kw_stay=
	for kw_one in $kw_all; do
		kw_by=$(strangers "$kw_one")
		[ -z "$kw_by" ] || kw_stay="$kw_stay$kw_one "
		[ -z "$kw_by" ] || log "the package $kw_one stays: needed by $kw_by"
	done
	kw_gone=
	for kw_one in $kw_all; do
		case " $kw_stay" in *" $kw_one "*) ;; *) kw_gone="$kw_gone$kw_one " ;; esac
	done
}

undo_packages() {
	for kw_name in $(entries hold | cut -d'|' -f1); do
		apt-mark unhold "$kw_name" >&2 || true
	done
	kw_theirs=
	packages_gone
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
		file_back "$kw_path" "$kw_was"
	done || exit 1
}

undo_kernel() {
	# interfaces are down since the network's state was taken back: one that is up is somebody's
	entries link | while IFS='|' read -r kw_link kw_was; do
		ip -o link show dev "$kw_link" 2>/dev/null | grep -qv '[<,]UP[,>]' || continue
		ip link delete "$kw_link" || log "warning: cannot remove the interface $kw_link"
	done
	entries module | while IFS='|' read -r kw_mod kw_was; do
		module_back "$kw_mod"
	done
}

undo_units() {
	systemctl daemon-reload
	entries unit | while IFS='|' read -r kw_unit kw_was; do
		unit_back "$kw_unit" "$kw_was" </dev/null
	done
	entries swap | while IFS='|' read -r kw_dev kw_was; do
		grep -qsF "$kw_dev " /proc/swaps || swapon "$kw_dev" || log "warning: cannot turn swap on $kw_dev on again"
	done
}

undo_dirs() {
	# pods' and images' data, which no package owns
	# shellcheck disable=SC2086
	! entries package | grep -q '^containerd.*|absent$' || trees_clear $kw_runtime_trees /run/containerd
	# shellcheck disable=SC2086
	! entries package | grep -q '^kubelet|absent$' || trees_clear $kw_trees
	entries dir | sort -r | while IFS='|' read -r kw_dir kw_was; do
		find "$kw_dir" -xdev -depth -type d -empty -delete 2>/dev/null || true
	done
}

main() {
	if [ -f "$kw_ledger/list" ]; then
		filter_before
		filter_remove "$kw_state/rules"
		undo_packages
		trees_back
		undo_kernel
		undo_files
		undo_units
		undo_dirs
		# the lists of repositories that are no more
		apt-get -q update >&2 || true
	fi
	rm -rf /run/kubewright/deadman "$kw_ledger" "$kw_state/host.conf" "$kw_state"/pki.* "$kw_state/kept" "$kw_state/etcd"
	find "$kw_state/jobs" -mindepth 1 -maxdepth 1 ! -name reset -exec rm -rf {} +
	say undone yes
}
main </dev/null
