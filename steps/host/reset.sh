# Plays the undo ledger back: what kubewright changed on this host becomes what it was; nothing else is touched. Runs as a job after filter.sh, trees.sh, undo.sh and packages-undo.sh, once
# reset-network.sh has stopped Kubernetes and taken back what concerns the network.
# Answers: undone, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015

undo_files() {
	entries file | while IFS='|' read -r kw_path kw_was; do
		# what was saved is what the purged package had brought
		! printf '%s\n' "$kw_theirs" | grep -qxF "$kw_path" || kw_was=absent
		# a package that was purged took its folder along; its file goes with it
		file_back "$kw_path" "$kw_was" || true
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
		unit_back "$kw_unit" "$kw_was" </dev/null || true
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
		packages_forgotten
	fi
	rm -rf /run/kubewright/deadman /run/kubewright/was "$kw_ledger" "$kw_state/host.conf" "$kw_state"/pki.* "$kw_state/snapshot-id" "$kw_state/kept" "$kw_state/etcd" "$kw_state/etcd-snapshot"
	find "$kw_state/jobs" -mindepth 1 -maxdepth 1 ! -name reset -exec rm -rf {} +
	say undone yes
}
main </dev/null
