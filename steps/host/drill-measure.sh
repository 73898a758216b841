# A writer and a reader at the cluster's endpoint, on a control plane that no fault hits: for `kubewright drill`. Sent after drill.sh, whose `arm` and `disarm` end it whatever happens.
# Each write makes an object of its own in the namespace kubewright-drill, so that one that was acknowledged and is gone shows. Nobody waits for an answer longer than a second.
# Parameters: measure (begin | look | end), seconds (until it ends by itself), since (look: ms of this host's clock; what began earlier does not count).
# Answers: now (ms, this host's clock); look: writes_ok, reads_ok (how many of the last three that began since have succeeded); end: writes, writes_failed, reads, reads_failed,
# write_pause, read_pause (ms), lost; error, hint.
# shellcheck shell=sh disable=SC2154,SC2015,SC2119,SC2120
kw_measure_unit=kubewright-drill-measure
kw_path=/api/v1/namespaces/kubewright-drill

api() { timeout 20 kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir="$kw_drill/cache" --request-timeout "$@"; }
now_ms() { date +%s%3N; }

loops() {
	cat <<'END'
#!/bin/sh
# The writer and the reader of 'kubewright drill', until there is a file "stop" or the time is over. $1: seconds.
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
export LC_ALL PATH
dir=/run/kubewright/drill path=/api/v1/namespaces/kubewright-drill/configmaps
now() { date +%s%3N; }
end=$(($(now) + $1 * 1000))
going() { [ -d "$dir" ] && [ ! -e "$dir/stop" ] && [ "$(now)" -lt "$end" ]; }
api() { timeout 3 kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir="$dir/cache" --request-timeout=1s "$@" >/dev/null 2>"$dir/error"; }
write() {
	n=0
	while going; do
		n=$((n + 1)) began=$(now) came=no
		! printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"w-%d"}}' "$n" | api create --raw "$path" -f - || came=ok
		[ $came = no ] || { echo "$n" >"$dir/last.new" && mv "$dir/last.new" "$dir/last"; }
		echo "$began $(now) $came w-$n" >>"$dir/writes"
		sleep 0.3
	done
}
read_back() {
	while going; do
		began=$(now) came=no
		! api get --raw "$path/w-$(cat "$dir/last" 2>/dev/null || echo 1)" || came=ok
		[ ! -e "$dir/last" ] || echo "$began $(now) $came" >>"$dir/reads"
		sleep 0.3
	done
}
write &
read_back &
wait
END
}

# A namespace of an earlier one goes first, by its label: one of this name that somebody else has made stays.
make_namespace() {
	if api 5s get --raw "$kw_path" >/dev/null 2>&1; then
		api 10s delete namespaces --selector=kubewright/drill=yes --wait=false >/dev/null 2>&1 || true
		wait_for 120 no_namespace || fail "a namespace kubewright-drill is there and does not go away" "has somebody else made it? see 'kubectl get namespace kubewright-drill -o yaml'"
	fi
	printf '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kubewright-drill","labels":{"kubewright/drill":"yes"}}}' |
		api 10s create --raw /api/v1/namespaces -f - >/dev/null || fail "the namespace kubewright-drill cannot be made"
}
no_namespace() { ! api 5s get --raw "$kw_path" >/dev/null 2>&1; }

measure_begin() {
	fence
	arm measure
	make_namespace
	(umask 077 && loops >"$kw_drill/loops") || fail "cannot write to $kw_drill" "is the disk full? see 'df /run'"
	systemctl reset-failed "$kw_measure_unit.service" 2>/dev/null || true
	systemd-run --quiet --collect --unit="$kw_measure_unit" --description="kubewright: writes and reads during a drill" \
		/bin/sh "$kw_drill/loops" "$seconds" >&2 || fail "systemd cannot start the writer and the reader" "see 'systemctl status $kw_measure_unit' on the host"
}

# last_ok FILE: of the last three that began since.
last_ok() { tail -n 3 "$1" 2>/dev/null | awk -v since="$since" '$1 >= since && $3 == "ok" { n++ } END { print n + 0 }'; }

measure_look() {
	[ -f "$kw_drill/loops" ] || fail "the writer and the reader have ended" "see 'journalctl -u $kw_measure_unit' on the host"
	say writes_ok "$(last_ok "$kw_drill/writes")"
	say reads_ok "$(last_ok "$kw_drill/reads")"
}

# sums FILE: how many, how many of them failed, and the longest time from one that succeeded to the next, or to the end.
sums() {
	awk '
		{ all++; last = $2 }
		NR == 1 { ok = $1 }
		$3 != "ok" { failed++; next }
		{ if ($2 - ok > pause) pause = $2 - ok; ok = $2 }
		END { if (last - ok > pause) pause = last - ok; printf "%d %d %d\n", all, failed, pause }' "$1"
}

# Acknowledged, and not there.
lost() {
	api 15s --namespace=kubewright-drill get configmaps -o name >"$kw_drill/there" || fail "what was written cannot be read back"
	awk 'NR == FNR { sub(".*/", ""); there[$1]; next } $3 == "ok" && !($4 in there) { n++ } END { print n + 0 }' "$kw_drill/there" "$kw_drill/writes"
}

# shellcheck disable=SC2317
measure_over() { ! systemctl is-active --quiet "$kw_measure_unit"; }

measure_end() {
	[ -f "$kw_drill/loops" ] || fail "the writer and the reader had ended before" "see 'journalctl -u $kw_measure_unit' on the host"
	: >"$kw_drill/stop"
	wait_for 30 measure_over || fail "the writer and the reader do not end" "see 'systemctl status $kw_measure_unit' on the host"
	touch "$kw_drill/writes" "$kw_drill/reads"
	kw_lost=$(lost) || exit 1
	kw_sums=$(sums "$kw_drill/writes") && kw_reads=$(sums "$kw_drill/reads")
	# shellcheck disable=SC2086
	set -- $kw_sums $kw_reads
	say writes "$1" && say writes_failed "$2" && say write_pause "$3"
	say reads "$4" && say reads_failed "$5" && say read_pause "$6"
	say lost "$kw_lost"
	disarm
}

measure_main() {
	case $measure in
	begin) measure_begin ;;
	look) measure_look ;;
	end) measure_end ;;
	esac
	say now "$(now_ms)"
}
measure_main </dev/null
