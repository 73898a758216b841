# Pulls the images this host will need, all at once. Runs as a job, beside other scripts: it notes nothing in the undo ledger.
# Parameters: config (kubeadm's configuration; only its versions matter here), worker (yes|no), more (further images, space-separated).
# Answers: images, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
pull() {
	kw_try=1
	while ! timeout 900 ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d "$1" >"$work/$2" 2>&1; do
		tail -n 2 "$work/$2" >&2
		[ "$kw_try" -lt 3 ] || { printf '%s\n' "$1" >>"$work/failed"; return; }
		kw_try=$((kw_try + 1))
		log "trying $1 again"
	done
	log "pulled $1"
}

main() {
	work=$(mktemp -d /run/kubewright/images.XXXXXX) || fail "cannot make a folder in /run/kubewright"
	trap 'rm -rf "$work"' EXIT
	printf '%s' "$config" >"$work/config"
	kubeadm config images list --config "$work/config" >"$work/list" 2>"$work/err" || {
		cat "$work/err" >&2
		fail "kubeadm cannot list the images that it needs" "the log above is kubeadm's own"
	}
	if [ "$worker" = yes ]; then
		grep -E '/(kube-proxy|coredns|pause):' "$work/list" >"$work/wanted"
	else
		cp "$work/list" "$work/wanted"
	fi
	for kw_image in $more; do
		echo "$kw_image" >>"$work/wanted"
	done
	ctr -n k8s.io images ls -q >"$work/have"
	kw_n=0
	while read -r kw_image; do
		grep -qxF "$kw_image" "$work/have" && continue
		kw_n=$((kw_n + 1))
		pull "$kw_image" "$kw_n" &
	done <"$work/wanted"
	wait
	[ ! -s "$work/failed" ] ||
		fail "cannot pull $(tr '\n' ' ' <"$work/failed")" "can this host reach the registry? 'ctr -n k8s.io images pull IMAGE' shows more; mirrors belong in /etc/containerd/certs.d"
	say images "$(wc -l <"$work/wanted")"
}
main </dev/null
