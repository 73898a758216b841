# Gives the control plane's static Pods what kubeadm makes of a changed configuration, one after the other, and takes all of it back when one does not come up.
# Runs as a job.
# Parameters: config (kubeadm's), digest (of what the inventory says), names (that the API server's certificate must have, with blanks between), names_change (yes: it
#   is made again in any case), signing (apart: the controller manager's certificate that signs is in a file of its own, while ca.crt has two; else empty), names_gone (that it must have no longer), etcd (yes: of etcd's Pod too), files… (lib.sh: a new certificate of the API server and its key, for when it is needed).
# Answers: record.components, image.NAME, ca_apart, apiserver_files, encryption, sum.PATH, mode.PATH as the probe; error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
kw_before=$kw_state/components.$digest
undo_more() { :; }

# The API server takes a new certificate up by itself: at once, or in old versions within a minute or so.
name_served() { curl --silent --output /dev/null --noproxy '*' --max-time 5 --cacert /etc/kubernetes/pki/ca.crt --connect-to "$1:6443:127.0.0.1:6443" "https://$1:6443/livez"; }

name_is_gone() { ! name_served "$1"; }
names_served() {
	for kw_name in $names; do
		name_served "$kw_name" || return 1
	done
}

certificate() {
	[ "$names_change" = yes ] || ! names_served || return 0
	put_files
	for kw_name in $names; do
		wait_for 180 name_served "$kw_name" ||
			undo "the API server does not show a certificate with the name $kw_name" "see 'kubewright logs $node'"
	done
	for kw_name in $names_gone; do
		wait_for 180 name_is_gone "$kw_name" ||
			undo "the API server still shows a certificate with the name $kw_name" "see 'kubewright logs $node'"
	done
}

# What belongs to the key here is the first of ca.crt, in each phase of a rotation.
signing_file() {
	[ "$signing" = apart ] && [ ! -s "$kw_signing" ] || return 0
	put_file "$kw_signing" 644 "$(first_certificate </etc/kubernetes/pki/ca.crt | base64 -w 0)"
}
signing_file_away() {
	[ "$signing" != apart ] && [ -e "$kw_signing" ] && ! grep -qF "$kw_signing" "$manifests/kube-controller-manager.yaml" || return 0
	if [ -r "$kw_state/pki.sha256" ]; then
		awk -v f="$kw_signing" '{ p = $0; sub(/^[^ ]* [ *]/, "", p) } p != f' "$kw_state/pki.sha256" >"$kw_state/pki.sha256.new" &&
			sync "$kw_state/pki.sha256.new" && mv -f "$kw_state/pki.sha256.new" "$kw_state/pki.sha256" && pki_modes >"$kw_state/pki.modes" ||
			fail "cannot write $kw_state/pki.sha256"
	fi
	file_away "$kw_signing"
	ledger_forget file "$kw_signing"
}

main() {
	set -- "$manifests/etcd.yaml" "$manifests/kube-apiserver.yaml" "$manifests/kube-controller-manager.yaml" "$manifests/kube-scheduler.yaml"
	component_begins "$@" /etc/kubernetes/pki/apiserver.crt /etc/kubernetes/pki/apiserver.key
	[ "$etcd" = no ] || component etcd etcd local
	component kube-apiserver control-plane apiserver
	signing_file
	component kube-controller-manager control-plane controller-manager
	component kube-scheduler control-plane scheduler
	certificate
	wait_for 180 api_ready || undo 'the API server of this host does not get ready with the changed settings' "see 'kubewright logs $node'"
	keep_copies
	signing_file_away
	record components "$digest"
	rm -rf "$kw_before"
	say record.components "$digest"
	ca_signs_told
	statics_told
}
main </dev/null
