# Takes the keys of the CAs off a control plane that is one already, or puts them onto it (pki.ca-keys); its controller manager signs with them no longer, or from then
# on. Runs as a job, after component.sh. A run that was cut leaves $kw_before, or the keys: by either the next one knows that this is not done.
# Parameters: keys (away | back), config (kubeadm's), ca_1 ca_2 ca_3 (certificates of the key store's CAs, in the order of kw_ca_keys), files… (lib.sh; back: the keys).
# Answers: pki_manifest, ca_keys, ca_keys_left, ca_signs, and of static Pods as the probe; error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
kw_pki=/etc/kubernetes/pki
kw_before=$kw_state/components.custody-$keys

# The body of the first certificate, in one line.
first_body() { awk '/^-----BEGIN/ { on = 1; next } /^-----END/ { exit } on' | tr -d ' \t\r\n'; }

# What the key store does not have is lost when it goes from here.
same_cas() {
	kw_i=0
	for kw_f in $kw_ca_keys; do
		kw_i=$((kw_i + 1))
		eval "kw_ca=\$ca_$kw_i"
		kw_f=$kw_pki/${kw_f%.key}.crt
		kw_have=$(first_body 2>/dev/null <"$kw_f") || kw_have=
		[ -n "$kw_have" ] && [ "$(printf '%s\n' "$kw_ca" | first_body)" = "$kw_have" ] ||
			fail "the CA in $kw_f is not the one of the key store; no key was touched" \
				"is it the right key store (pki.store)? 'kubewright certs' shows the CAs of this host, and 'kubewright repair' what differs"
	done
}

# The digests of what kubewright placed; before a key goes, so that it is not missed.
digests() {
	[ -r "$kw_state/pki.sha256" ] || return 0
	{
		awk -v pki="$kw_pki/" '
			{ f = $0; sub(/^[^ ]* [ *]/, "", f) }
			f != pki "ca.key" && f != pki "etcd/ca.key" && f != pki "front-proxy-ca.key"' "$kw_state/pki.sha256"
		[ "$1" = away ] || for kw_f in $kw_ca_keys; do
			sha256sum "$kw_pki/$kw_f"
		done
	} >"$kw_state/pki.sha256.new" && sync "$kw_state/pki.sha256.new" &&
		mv -f "$kw_state/pki.sha256.new" "$kw_state/pki.sha256" && pki_modes >"$kw_state/pki.modes" || fail "cannot write $kw_state/pki.sha256"
}

# Of a control plane that does not start with them: there were none before.
undo_more() {
	[ "$keys" = back ] || return 0
	digests away
	ca_keys_away
}

# Files with other names that hold one of these keys, found by the line of it that is in no certificate; that line goes in on stdin, so that nothing of a key is in a
# list of processes. What holds more than a key is not taken away.
copies() {
	for kw_f in $kw_ca_keys; do
		[ -s "$kw_pki/$kw_f" ] || continue
		grep -v -- ----- "$kw_pki/$kw_f" | head -n 1 | grep -rlsIF -D skip -f - /etc/kubernetes "$kw_state/renewed" "$kw_ledger" "$kw_state/kept"
	done | sort -u
}
more_than_keys() { sed '/^-----BEGIN .*\(KEY\|PARAMETERS\)-----/,/^-----END .*\(KEY\|PARAMETERS\)-----/d' "$1" | tr -d ' \t\r\n' | grep -q .; }
copies_away() {
	kw_copies=$(copies)
	while read -r kw_copy; do
		[ -n "$kw_copy" ] && ! contains "$kw_ca_keys" "${kw_copy#"$kw_pki/"}" || continue
		! more_than_keys "$kw_copy" ||
			fail "$kw_copy holds the key of a CA and something else, so it was not removed, nor were the keys" "take the key out of that file, then run 'kubewright apply' again"
		file_away "$kw_copy"
	done <<END
$kw_copies
END
}

away() {
	component kube-controller-manager control-plane controller-manager
	keep_copies
	digests away
	rm -f "$kw_pki"/.kubewright.* "$kw_pki"/etcd/.kubewright.*
	copies_away
	ca_keys_away
	kw_left=$(ca_key_files)$(ca_key_copies)
	[ -z "$kw_left" ] || fail "keys of CAs are still on this host: $kw_left" "remove the files by hand, then run 'kubewright apply' again"
}

back() {
	put_files
	digests back
	component kube-controller-manager control-plane controller-manager
	keep_copies
}

main() {
	same_cas
	component_begins "$manifests/kube-controller-manager.yaml"
	case $keys in
	away) away ;;
	back) back ;;
	*) fail "custody.sh does not know '$keys'" ;;
	esac
	rm -rf "$kw_before"
	pki_told
	statics_told
}
main </dev/null
