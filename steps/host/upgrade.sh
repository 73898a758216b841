# Runs kubeadm's upgrade of this host. Runs as a job.
# Parameters: config (kubeadm's configuration, empty where kubeadm has none for it), version, mode (apply: the first control plane | node: every other host),
#   role (control-plane | worker), renewal (no: kubeadm leaves certificates as they are; the configuration says so too).
# Answers: record.upgraded, record.applied, image.NAME as the probe; error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
manifests=/etc/kubernetes/manifests

# A kubeadm that was interrupted between its two moves has left a manifest in its own backup alone: the Pod is gone, and kubeadm would take this host for a
# worker and end well. Copies that are older than ours, or another cluster's, do not count. One of etcd that a restore has put aside stays there.
manifests_back() {
	[ "$role" = control-plane ] || return 0
	for kw_static in $kw_statics; do
		kw_name=${kw_static%:*}
		kw_f=$manifests/$kw_name.yaml
		[ ! -s "$kw_f" ] || continue
		[ "$kw_name" != etcd ] || [ ! -e "$kw_state/etcd/aside" ] ||
			fail "etcd of this host was stopped by 'kubewright etcd restore'" "'kubewright rejoin $node' brings it back first"
		kw_copy=$(find /etc/kubernetes/tmp -path "*/kubeadm-backup-manifests-*/$kw_name.yaml" -newer "$kw_state/kept$kw_f" 2>/dev/null | sort | tail -n 1)
		[ -n "$kw_copy" ] || kw_copy=$kw_state/kept$kw_f
		[ -s "$kw_copy" ] || fail "the static Pod's manifest $kw_f is not there, nor is a copy of it" "'kubewright repair' makes it again"
		log "an interrupted upgrade has left no $kw_f: it is put back from $kw_copy"
		cp -p "$kw_copy" "$manifests/.$kw_name" && sync "$manifests/.$kw_name" && mv -f "$manifests/.$kw_name" "$kw_f" ||
			fail "cannot write $kw_f" "is the disk full? see 'df /etc'"
		kw_back=yes
	done
	[ -z "${kw_back-}" ] || wait_for 180 api_ready || log "the API server of this host is not ready yet"
}

api_ready() { kubectl --kubeconfig /etc/kubernetes/admin.conf --server https://127.0.0.1:6443 --tls-server-name kubernetes --request-timeout 5s get --raw /readyz >/dev/null 2>&1; }

# No proxy of this session gets into the manifests, which kubeadm fills with what it finds in its environment.
upgrade() {
	kw_renewal=true
	[ "$renewal" = yes ] || kw_renewal=false
	unset http_proxy https_proxy no_proxy all_proxy ftp_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY FTP_PROXY
	case $mode/$config in
	apply/) kubeadm_watched upgrade apply "v$version" --yes "--certificate-renewal=$kw_renewal" ;;
	node/) kubeadm_watched upgrade node "--certificate-renewal=$kw_renewal" ;;
	apply/*) kubeadm_watched upgrade apply --config "$work/config" --yes ;;
	*) kubeadm_watched upgrade node --config "$work/config" ;;
	esac
}

# kubeadm copies etcd's folder while etcd writes to it, and gives up when a file goes away meanwhile; nothing is changed by then.
copy_raced() { tail -n 20 "$kw_state/jobs/$step/log" 2>/dev/null | grep -q 'cannot stat .*/member/wal/'; }

main() {
	work=$(mktemp -d /run/kubewright/upgrade.XXXXXX) || fail "cannot make a folder in /run/kubewright"
	trap 'rm -rf "$work"; vip_back' EXIT
	(umask 077 && printf '%s' "$config" >"$work/config") || fail "cannot write to /run"
	began=$kw_state/etcd/upgrade-began
	[ -e "$began" ] || (umask 077 && mkdir -p "$kw_state/etcd" && : >"$began") || fail "cannot write to $kw_state/etcd" "is the disk full or read-only? see 'df /var/lib'"
	manifests_back
	vip_aside
	upgrade || { copy_raced && log "etcd changed while kubeadm copied it; again" && upgrade; } ||
		fail "kubeadm upgrade $mode failed" "the log above is kubeadm's own: where it says so it has put the earlier manifests back; 'kubewright upgrade $version' tries again"
	# a whole copy of etcd's data for each try, of those that a power failure ended, too, which nobody ever takes away; the way back is the snapshot
	[ ! -d /etc/kubernetes/tmp ] ||
		find /etc/kubernetes/tmp -maxdepth 1 -name 'kubeadm-backup-etcd-*' -newer "$began" -exec rm -rf {} +
	rm -f "$began"
	keep_copies
	[ "$mode" = node ] || record applied "$version"
	record upgraded "$version"
	[ "$mode" = node ] || say record.applied "$version"
	say record.upgraded "$version"
	statics_told
}
main </dev/null
