# Gives the kubeconfigs of this host another endpoint, and its kubelet.
# Parameters: endpoint, before (HOST:PORT each; before: that of the cluster as yet).
# Answers: record.endpoint, kubelet_server; error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
kw_k=/etc/kubernetes

# with the kubelet's own certificate, as there is no curl on workers
answers() { kubectl --kubeconfig $kw_k/kubelet.conf --server "https://$endpoint" --request-timeout 5s get --raw /livez >/dev/null; }
field() { kubectl config view --kubeconfig "$1" -o jsonpath="$2"; }
is_up() { systemctl is-active --quiet kubelet && [ -n "$(ss -Hltn 'sport = :10250' 2>/dev/null)" ]; }

# What asks an API server by its own address, as on control planes, stays so.
is_elsewhere() {
	kw_at=${1#https://}
	kw_at=${kw_at%:*}
	case $kw_at in
	127.0.0.1 | localhost | '') return 1 ;;
	esac
	[ "$1" != "https://$endpoint" ] || return 1
	[ "$1" = "https://$before" ] || ! ip -o -4 addr show scope global | awk -v a="$kw_at" '{ split($4, p, "/"); if (p[1] == a) found = 1 } END { exit !found }'
}

move() {
	[ -s "$1" ] || return 0
	kw_server=$(field "$1" '{.clusters[0].cluster.server}') && kw_name=$(field "$1" '{.clusters[0].name}') ||
		fail "cannot read $1" "'kubewright repair' makes it again"
	is_elsewhere "$kw_server" || return 0
	# a copy changes and takes its place: a run that is cut leaves the one or the other
	kw_tmp=$(dirname "$1")/.kubewright.$$
	cp -p "$1" "$kw_tmp" && kubectl config set-cluster "$kw_name" --server "https://$endpoint" --kubeconfig "$kw_tmp" >&2 &&
		sync "$kw_tmp" && mv -f "$kw_tmp" "$1" || {
		rm -f "$kw_tmp"
		fail "cannot write $1" "is the disk full? see 'df /etc'"
	}
	log "$1 goes by https://$endpoint"
}

main() {
	fence
	unset http_proxy https_proxy no_proxy all_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY
	# of a run that was cut, with keys in them
	rm -f "$kw_k"/.kubewright.*
	wait_for 60 answers || fail "the API does not answer at https://$endpoint from this host, with a certificate that has its name" \
		"is it the right address? does the load balancer lead to the control planes? the log above shows"
	for kw_f in admin super-admin controller-manager scheduler kubelet; do
		move "$kw_k/$kw_f.conf"
	done
	# in any case: a run that was cut may have changed the file alone, and the earlier address goes when this host is recorded
	if [ "$(field "$kw_k/kubelet.conf" '{.clusters[0].cluster.server}')" = "https://$endpoint" ]; then
		systemctl restart kubelet >&2 && wait_for 90 is_up || fail "the kubelet does not start with its other endpoint" "see 'journalctl -u kubelet' on the host"
	fi
	record endpoint "$endpoint"
	say record.endpoint "$endpoint"
	say kubelet_server "$(field "$kw_k/kubelet.conf" '{.clusters[0].cluster.server}')"
}
main </dev/null
