# Applies the pod network's manifest on a control plane.
# Parameters: manifest (text).
# Answers: applied, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
main() {
	fence
	# its cache is not left in root's home
	kw_cache=$(mktemp -d /run/kubewright-kubectl.XXXXXX) || fail "cannot make a folder in /run" "is it full? see 'df /run'"
	trap 'rm -rf "$kw_cache"' EXIT
	printf '%s' "$manifest" | kubectl --cache-dir "$kw_cache" --kubeconfig /etc/kubernetes/admin.conf apply --server-side --force-conflicts \
		--field-manager=kubewright -f - >&2 || fail "kubectl cannot apply the pod network's manifest" "the log above is kubectl's own; check network.cni in the inventory"
	say applied yes
}
main </dev/null
