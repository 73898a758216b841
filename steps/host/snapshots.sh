# Which snapshots of etcd this host has taken by itself, and how the last try ended: sent before probe.sh, whose `first` and `say` it uses. Changes nothing.
# Parameter: snapshot_folder (empty: none are looked for).
# Answers:
#   snapshots           lines "NAME BYTES", the newest first
#   snapshot_try        "SECONDS CODE" of the last try: see etcd-snapshot.sh
#   snapshot_since      seconds since 1970 at which the schedule was set
#   snapshot_id         what follows the cluster's name in the names of its snapshots
# shellcheck shell=sh disable=SC2154,SC2015
snapshots() {
	kw_timer=/etc/systemd/system/kubewright-etcd-snapshot.timer
	[ -n "$snapshot_folder" ] && { [ -d "$snapshot_folder" ] || [ -e "$kw_timer" ]; } || return 0
	first "$kw_state/etcd-snapshot"
	say snapshot_try "$kw_line"
	say snapshot_since "$(stat -c %Y "$kw_timer" 2>/dev/null)"
	[ ! -r /etc/kubernetes/pki/ca.crt ] || say snapshot_id "$(snapshot_id)"
	say snapshots "$(timeout 5 find "$snapshot_folder" -maxdepth 1 -type f -name '*-????????T??????Z.db' -printf '%f %s\n' 2>/dev/null |
		awk '{ at = match($1, /[0-9]*T[0-9]*Z\.db$/); if (at) print substr($1, at), $0 }' | sort -r | head -n 500 | cut -d' ' -f2-)"
}
