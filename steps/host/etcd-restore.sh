# Starts etcd again on this host as a cluster of one member: from its own data, or from a snapshot. Runs as a job. Each phase leaves a mark under
# /var/lib/kubewright/etcd/restore, so that another run continues where this one was cut.
# Parameters: snapshot (path of the file on this host; empty: from the member's own data), snapshot_sum (its SHA-256), time (names what is kept of the old data).
# Answers: kept (where the old data is), error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
manifest=/etc/kubernetes/manifests/etcd.yaml
pki=/etc/kubernetes/pki/etcd
work=$kw_state/etcd/restore

# of the manifest as it was
flag() { sed -n "s/^ *- --$1=//p" "$work/etcd.yaml" | head -n 1; }
mark() {
	: >"$work/$1" && sync "$work/$1" "$work" || fail "cannot write to $work" "is the disk full? see 'df /var/lib'"
}
marked() { [ -e "$work/$1" ]; }

put_manifest() {
	kw_tmp=/etc/kubernetes/.etcd.yaml.kubewright
	(umask 077 && cp "$1" "$kw_tmp") && sync "$kw_tmp" && mv -f "$kw_tmp" "$manifest" || fail "cannot write $manifest" "is the disk full or read-only?"
}

# shellcheck disable=SC2317
closed() { [ -z "$(ss -Hltn 'sport = :2379 or sport = :2380')" ]; }
pid_on() { ss -Hltnp "sport = :$1" | sed -n 's/.*pid=\([0-9]*\),.*/\1/p' | head -n 1; }

# etcd_tool PROGRAM ARGUMENTS…: a program out of etcd's own image, with the host's network, etcd's certificates and its data.
etcd_tool() {
	kw_box=$((kw_box + 1))
	ctr -n k8s.io run --rm --net-host --mount "type=bind,src=$pki,dst=$pki,options=rbind:ro" \
		--mount "type=bind,src=$data,dst=$data,options=rbind:rw" --mount "type=bind,src=$kw_state/etcd,dst=$kw_state/etcd,options=rbind:ro" \
		"$image" "kubewright-etcd-$$-$kw_box" "$@" </dev/null
}

# Whether etcd answers, and its only member is a started voter.
# shellcheck disable=SC2317
alone() {
	[ -n "$(pid_on 2379)" ] || return 1
	etcd_tool etcdctl --endpoints=https://127.0.0.1:2379 "--cacert=$pki/ca.crt" "--cert=$pki/healthcheck-client.crt" \
		"--key=$pki/healthcheck-client.key" member list >"$work/members" 2>"$work/members.err" || return 1
	[ "$(grep -c . "$work/members")" = 1 ] && grep -q ', started, .*, false$' "$work/members"
}

forced() {
	kw_pid=$(pid_on 2379)
	[ -n "$kw_pid" ] && tr '\0' '\n' <"/proc/$kw_pid/cmdline" 2>/dev/null | grep -qx -e --force-new-cluster
}
# shellcheck disable=SC2317
forced_alone() { forced && alone; }
# shellcheck disable=SC2317
plain_alone() { ! forced && alone; }

explain() {
	tail -n 3 "$work/members" "$work/members.err" >&2 2>/dev/null || true
	fail "$1" "'crictl logs' and 'journalctl -u kubelet' on this host show why; then run it again: it continues from here"
}

# What is asked for, and the manifest as it was before.
begin() {
	(umask 077 && mkdir -p "$work") || fail "cannot write to $kw_state/etcd" "is the disk full or read-only? see 'df /var/lib'"
	kw_mode=${snapshot_sum:-own}
	if { marked forced || marked swapped; } && [ "$(cat "$work/mode")" != "$kw_mode" ]; then
		fail "another restore was begun on this host and not finished" "finish that one first: $(
			[ "$(cat "$work/mode")" = own ] && echo "'kubewright etcd restore'" || echo "the same with --snapshot and its file"
		)"
	fi
	if ! marked etcd.yaml; then
		[ -f "$manifest" ] || [ ! -f "$kw_state/etcd/aside/etcd.yaml" ] || cp "$kw_state/etcd/aside/etcd.yaml" "$work/etcd.yaml.new"
		[ ! -f "$manifest" ] || cp "$manifest" "$work/etcd.yaml.new"
		[ -f "$work/etcd.yaml.new" ] || fail "there is no $manifest on this host" "name a host that has etcd's data with --from"
		sync "$work/etcd.yaml.new" && mv -f "$work/etcd.yaml.new" "$work/etcd.yaml" || fail "cannot write to $work" "is the disk full?"
	fi
	printf '%s\n' "$kw_mode" >"$work/mode"
	[ -f "$work/time" ] || printf '%s\n' "$time" >"$work/time"
	time=$(cat "$work/time")
	record etcd_restore "$kw_mode"
	data=$(flag data-dir) name=$(flag name) peer=$(flag initial-advertise-peer-urls)
	image=$(sed -n 's/^ *image: *//p' "$work/etcd.yaml" | head -n 1)
	kept=$kw_state/etcd/before-$time
	[ -n "$data" ] && mkdir -p "$data" && [ -n "$name" ] && [ -n "$peer" ] && [ -n "$image" ] ||
		fail "etcd's manifest on this host was not made by kubeadm" "it is kept as $work/etcd.yaml"
	ctr -n k8s.io images ls -q | grep -qxF "$image" || fail "the image $image is not on this host" "pull it: 'ctr -n k8s.io images pull $image'"
	systemctl is-active --quiet kubelet || systemctl start kubelet || fail "the kubelet does not start" "see 'journalctl -u kubelet' on this host"
	kw_box=0
}

stop() {
	rm -f "$manifest"
	wait_for 120 closed || explain "etcd does not stop on this host"
}

# Nothing is done to the data before there is a copy.
keep() {
	if [ -d "$data/member" ]; then
		kw_need=$(du -sk "$data/member" | cut -f1) kw_free=$(df -Pk "$kw_state" | awk 'NR == 2 { print $4 }')
		[ "$kw_free" -gt $((kw_need + 10240)) ] ||
			fail "a copy of etcd's data needs $((kw_need / 1024)) MiB in $kw_state, and only $((kw_free / 1024)) MiB are free" "make room on this host, then run it again"
		log "copying $data to $kept"
		rm -rf "$kept.part"
		(umask 077 && mkdir -p "$kept.part") && cp -a "$data/member" "$kept.part/" && sync -f "$kept.part" && rm -rf "$kept" && mv "$kept.part" "$kept" ||
			fail "etcd's data cannot be copied to $kept" "is the disk full? see 'df /var/lib'"
	elif [ -z "$snapshot" ]; then
		fail "there is no etcd data in $data" "name a host that has it with --from, or a snapshot with --snapshot"
	fi
	mark kept
}

from_own_data() {
	! marked forced || return 0
	sed 's/^\( *- \)--data-dir=.*/&\n\1--force-new-cluster/' "$work/etcd.yaml" >"$work/forced.yaml"
	grep -q -e '- --force-new-cluster$' "$work/forced.yaml" || fail "etcd's manifest on this host was not made by kubeadm"
	log "starting etcd as a cluster of its own"
	put_manifest "$work/forced.yaml"
	wait_for 300 forced_alone || explain "etcd did not come up as a cluster of one"
	mark forced
}

from_snapshot() {
	! marked swapped || return 0
	kw_sum=$(sha256sum <"$snapshot") || kw_sum=
	[ "${kw_sum%% *}" = "$snapshot_sum" ] || fail "the snapshot on this host is not what was sent" "run it again"
	kw_tool=etcdctl kw_bump=
	! etcd_tool etcdutl version >/dev/null 2>&1 || kw_tool=etcdutl
	# what watches the API must not see time go backwards
	! etcd_tool "$kw_tool" snapshot restore --help 2>&1 | grep -q -e --bump-revision || kw_bump="--bump-revision=1000000000 --mark-compacted"
	rm -rf "$data/kubewright-new"
	log "restoring with $kw_tool $kw_bump"
	# shellcheck disable=SC2086
	etcd_tool "$kw_tool" snapshot restore "$snapshot" "--name=$name" "--initial-cluster=$name=$peer" "--initial-advertise-peer-urls=$peer" \
		"--initial-cluster-token=kubewright-$time" "--data-dir=$data/kubewright-new" $kw_bump >&2 ||
		fail "$kw_tool cannot restore the snapshot" "the log above is its own; the data that was there is kept in $kept"
	rm -rf "$data/member"
	mv "$data/kubewright-new/member" "$data/member" && rmdir "$data/kubewright-new" && chmod 700 "$data" && sync -f "$data" ||
		fail "cannot put the restored data into $data" "the data that was there is kept in $kept"
	mark swapped
}

# The API server may be waiting for its next try, and after a snapshot it remembers what is gone: nothing of that is worth a graceful end.
wake() {
	if [ -n "$snapshot" ]; then
		for kw_port in 6443 10257 10259; do
			kw_pid=$(pid_on $kw_port)
			[ -z "$kw_pid" ] || kill -9 "$kw_pid" 2>/dev/null || true
		done
	fi
	systemctl restart kubelet || fail "the kubelet does not start" "see 'journalctl -u kubelet' on this host"
}

main() {
	kw_dirs
	begin
	marked kept || { stop && keep; }
	if [ -n "$snapshot" ]; then
		marked swapped || stop
		from_snapshot
	else
		from_own_data
	fi
	log "starting etcd with its own manifest"
	put_manifest "$work/etcd.yaml"
	wait_for 300 plain_alone || explain "etcd did not come up again as a cluster of one"
	wake
	record etcd_restore finished
	rm -rf "$work" "$kw_state/etcd/aside" "$snapshot"
	say kept "$kept"
}
main </dev/null
