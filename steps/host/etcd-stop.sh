# Stops etcd on a control plane beside the one where it starts again, so that no two clusters live side by side. Its data stays; its manifest is kept under
# /var/lib/kubewright/etcd.
# Answers: stopped, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
# shellcheck disable=SC2317
closed() { [ -z "$(ss -Hltn 'sport = :2379 or sport = :2380')" ]; }
etcd_pid() { ss -Hltnp 'sport = :2379 or sport = :2380' | sed -n 's/.*pid=\([0-9]*\),.*/\1/p' | head -n 1; }

main() {
	fence
	kw_dirs
	manifest=/etc/kubernetes/manifests/etcd.yaml
	(umask 077 && mkdir -p "$kw_state/etcd/aside") || fail "cannot write to $kw_state/etcd" "is the disk full? see 'df /var/lib'"
	if [ -f "$manifest" ]; then
		cp -a "$manifest" "$kw_state/etcd/aside/etcd.yaml.new" && sync "$kw_state/etcd/aside/etcd.yaml.new" &&
			mv -f "$kw_state/etcd/aside/etcd.yaml.new" "$kw_state/etcd/aside/etcd.yaml" && rm -f "$manifest" ||
			fail "cannot move $manifest aside" "is the disk full or read-only?"
		log "moved $manifest to $kw_state/etcd/aside"
	fi
	# it must not be taken for one that got lost
	rm -f "$kw_state/kept$manifest"
	# the kubelet ends it, if there is one at work
	if ! wait_for 60 closed; then
		kill "$(etcd_pid)" 2>/dev/null || true
		wait_for 30 closed || kill -9 "$(etcd_pid)" 2>/dev/null || true
		wait_for 10 closed || fail "etcd does not stop on this host" "stop it by hand: see 'ss -ltnp sport = :2379'"
	fi
	say stopped yes
}
main </dev/null
