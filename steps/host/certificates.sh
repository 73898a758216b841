# Places the control plane's certificates, keys and kubeconfigs, and keeps their digests for the drift check.
# Parameters: init (yes|no), cluster, ca_pin, no_ca_keys (yes: those that an earlier run has placed go), files… (lib.sh).
# Answers: placed, pki_manifest, ca_keys, ca_keys_left, ca_signs, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
main() {
	fence
	make_dir /etc/kubernetes 755
	make_dir /etc/kubernetes/pki 755
	[ "$no_ca_keys" = no ] || ca_keys_away
	put_files
	record cluster "$cluster"
	record node "$node"
	record ca_pin "$ca_pin"
	[ "$init" = no ] || record init yes
	# last: that it is there shows the next run that the rest was done, should this one be cut
	kw_i=1
	while [ "$kw_i" -le "$files" ]; do
		eval "kw_p=\$file_${kw_i}_path"
		sha256sum "$kw_p"
		kw_i=$((kw_i + 1))
	done >"$kw_state/pki.sha256.new" && sync "$kw_state/pki.sha256.new" &&
		mv -f "$kw_state/pki.sha256.new" "$kw_state/pki.sha256" && pki_modes >"$kw_state/pki.modes" || fail "cannot write $kw_state/pki.sha256"
	pki_told
	say placed "$files"
}
main </dev/null
