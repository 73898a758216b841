# Puts new certificates in the place of those that are there, and restarts who must read them. Runs as a job, and asks no API server. What was there before is kept
# in /var/lib/kubewright/renewed until everyone who reads it works with the new ones.
# Parameters: shared (how many files that all control planes have alike, 0 when it is empty), shared_N_path, shared_N_mode, shared_N_data (in base64); certs (how many), cert_N_path (a .crt with its .key beside it, a kubeconfig, or the kubelet's own), cert_N_ca (of which it is, below /etc/kubernetes/pki),
#   cert_N_pem, cert_N_key (in base64); pending (who must restart because of all that is renewed, with blanks between: noted before a file changes); restart (those of
#   them that restart now); served (lines "PORT SERIAL": what is to be shown at this host's address then); address; kubelet_starts (yes | no, with its certificate);
#   verified (yes | no: whether the new ones are known to be right when this ends well).
# Answers: placed, restart (who has yet to), pki_manifest, ca_keys, ca_keys_left, ca_signs, ca_apart, ca_crt (as the probe), error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
kw_pki=/etc/kubernetes/pki
kw_kubelet=/var/lib/kubelet/pki
kw_pending=$kw_state/renew.restart
kw_renewed=$kw_state/renewed
kw_placed=''

disk_full() { fail "cannot write $1" "is the disk full or read-only? see 'df $(dirname "$1")'"; }

# stage FILE BASE64: for the owner alone.
stage() { (umask 077 && printf '%s' "$2" | base64 -d >"$1") && sync "$1" || disk_full "$1"; }

# verified CERT KEY: before it takes the place of what there is. Where there is no openssl, what was verified when it was made has to do.
verified() {
	if ! command -v openssl >/dev/null; then
		log "there is no openssl on this host: $kw_path is not verified again"
		return 0
	fi
	kw_said=$(openssl verify -partial_chain -CAfile "$kw_pki/$kw_ca" "$1" 2>&1 </dev/null) ||
		fail "the new $kw_path does not verify against $kw_pki/$kw_ca of this host: $(printf '%s' "$kw_said" | tr '\n' ' ' | tail -c 200)" \
			"is that the cluster's CA, and the clock right? 'kubewright certs' and 'date' show it"
	[ "$(openssl x509 -in "$1" -noout -pubkey)" = "$(openssl pkey -in "$2" -pubout 2>/dev/null)" ] ||
		fail "the new $kw_path does not match its key" "run the same command again"
}

# keep FILE: as it is now.
keep() {
	[ -e "$1" ] || return 0
	kw_copy=$kw_renewed/$(flat "$1")
	(umask 077 && mkdir -p "$kw_renewed" && cat "$1" >"$kw_copy.new") && sync "$kw_copy.new" && mv -f "$kw_copy.new" "$kw_copy" ||
		fail "cannot keep a copy of $1" "is the disk full? see 'df /var/lib'"
}

# replace NEW FILE MODE: keeps owner and mode of what is there.
replace() {
	keep "$2"
	chmod "$3" "$1" && { [ ! -e "$2" ] || { chown --reference="$2" "$1" && chmod --reference="$2" "$1"; }; } || disk_full "$2"
	# a key is nobody else's, whatever it was before
	{ [ "$3" = 644 ] || chmod o= "$1"; } && sync "$1" && mv -f "$1" "$2" || disk_full "$2"
	log "wrote $2"
}

# The key first: for that moment the earlier pair is the one that is in use.
pair() {
	replace "$kw_tmp.key" "${kw_path%.crt}.key" 600
	replace "$kw_tmp.crt" "$kw_path" 644
	kw_placed="$kw_placed $kw_path ${kw_path%.crt}.key"
}

# in_conf FILE CERTIFICATE-WORD CERTIFICATE KEY-WORD KEY: its one client certificate becomes another. What follows the words stands in the files named.
in_conf() {
	[ "$(grep -c '^ *client-certificate-data: ' "$1") $(grep -c '^ *client-key-data: ' "$1")" = '1 1' ] ||
		fail "$1 does not hold just one client certificate and its key" "'kubewright repair' makes it again when it is damaged"
	(umask 077 && awk -v cw="$2" -v cf="$3" -v kw="$4" -v kf="$5" '
		/^ *client-certificate-data: / { getline v <cf; sub(/client-certificate-data: .*/, ""); print $0 cw ": " v; next }
		/^ *client-key-data: / { getline v <kf; sub(/client-key-data: .*/, ""); print $0 kw ": " v; next }
		{ print }' "$1" >"$kw_tmp.conf") && [ -s "$kw_tmp.conf" ] || disk_full "$1"
	replace "$kw_tmp.conf" "$1" 600
}

kubeconfig() {
	(umask 077 && printf '%s\n' "$kw_pem" >"$kw_tmp.crt64" && printf '%s\n' "$kw_key" >"$kw_tmp.key64") || disk_full "$kw_path"
	in_conf "$kw_path" client-certificate-data "$kw_tmp.crt64" client-key-data "$kw_tmp.key64"
	kw_placed="$kw_placed $kw_path"
}

# As the kubelet itself does it: a file with a date, and a link to it. A kubeconfig that has a certificate inside goes by the link from now on: a kubelet does not start
# with one that has expired there, whatever it has here.
kubelet_pem() {
	keep "$kw_path"
	(umask 077 && cat "$kw_tmp.crt" "$kw_tmp.key" >"$kw_tmp.pem") || disk_full "$kw_tmp.pem"
	case $kw_path in */kubelet-server-*) kubelet_takes "$kw_tmp.pem" server && return ;; esac
	kubelet_takes "$kw_tmp.pem" client
	grep -qs '^ *client-certificate-data: ' /etc/kubernetes/kubelet.conf || return 0
	(umask 077 && printf '%s\n' "$kw_path" >"$kw_tmp.crt64") || disk_full "$kw_path"
	in_conf /etc/kubernetes/kubelet.conf client-certificate "$kw_tmp.crt64" client-key "$kw_tmp.crt64"
}

# Of the CA that is there before the first rotation.
snapshot_id_kept() {
	[ ! -s "$kw_state/snapshot-id" ] && [ -s "$kw_pki/ca.crt" ] || return 0
	printf '%s\n' "$(snapshot_id)" >"$kw_state/snapshot-id.new" && sync "$kw_state/snapshot-id.new" &&
		mv -f "$kw_state/snapshot-id.new" "$kw_state/snapshot-id" || disk_full "$kw_state/snapshot-id"
}

# new_authority FILE KUBECONFIG: with the data in FILE for its CAs.
new_authority() {
	awk -v f="$1" '/^ *certificate-authority-data: / { getline v <f; sub(/certificate-authority-data: .*/, ""); print $0 "certificate-authority-data: " v; next } { print }' "$2"
}

# authority NEW: before the cluster's CAs in that file take the place of ca.crt, all else of this host that goes by them: the certificate that signs, where that has a file
# of its own, and kubeconfigs, which have that one alone as well: kubeadm compares them with the first of ca.crt. Snapshots keep the name that they have.
authority() {
	first_certificate <"$1" >"$kw_tmp.first" && [ -s "$kw_tmp.first" ] || fail "there is no certificate in what is to be $kw_path" "run the same command again"
	[ ! -s "$kw_pki/ca.key" ] || cmp -s "$kw_tmp.first" "$1" || ! grep -qsF -- "--cluster-signing-cert-file=$kw_path" /etc/kubernetes/manifests/kube-controller-manager.yaml ||
		fail "the controller manager of this host takes one certificate alone to sign with, and ca.crt would have two" "run the same command again; it gives that certificate a file of its own first"
	snapshot_id_kept
	if [ -e "$kw_signing" ]; then
		cp "$kw_tmp.first" "$kw_tmp.signing" && sync "$kw_tmp.signing" || disk_full "$kw_signing"
		cmp -s "$kw_tmp.signing" "$kw_signing" || replace "$kw_tmp.signing" "$kw_signing" 644
		# also what a run that was cut has placed: it has not noted it
		kw_placed="$kw_placed $kw_signing"
	fi
	{ base64 -w 0 <"$kw_tmp.first" && echo; } >"$kw_tmp.first64" || disk_full "$kw_path"
	for kw_conf in /etc/kubernetes/*.conf; do
		[ -f "$kw_conf" ] && [ ! -L "$kw_conf" ] && [ "$(grep -c '^ *certificate-authority-data: ' "$kw_conf")" = 1 ] || continue
		(umask 077 && new_authority "$kw_tmp.first64" "$kw_conf" >"$kw_tmp.conf") && [ -s "$kw_tmp.conf" ] || disk_full "$kw_conf"
		cmp -s "$kw_tmp.conf" "$kw_conf" && continue
		replace "$kw_tmp.conf" "$kw_conf" 600
		kw_placed="$kw_placed $kw_conf"
	done
}

# A CA's key, then its certificates: what is made here after that is verified against them.
place_shared() {
	eval "kw_path=\$shared_${1}_path kw_mode=\$shared_${1}_mode kw_data=\$shared_${1}_data"
	kw_dir=$(dirname "$kw_path")
	kw_tmp=$kw_dir/.kubewright.$$
	rm -f "$kw_dir"/.kubewright.*
	stage "$kw_tmp.shared" "$kw_data"
	[ "$kw_path" != "$kw_pki/ca.crt" ] || authority "$kw_tmp.shared"
	cmp -s "$kw_tmp.shared" "$kw_path" || replace "$kw_tmp.shared" "$kw_path" "$kw_mode"
	rm -f "$kw_dir"/.kubewright.*
	kw_placed="$kw_placed $kw_path"
}

place() {
	eval "kw_path=\$cert_${1}_path kw_ca=\$cert_${1}_ca kw_pem=\$cert_${1}_pem kw_key=\$cert_${1}_key"
	kw_dir=$(dirname "$kw_path")
	kw_tmp=$kw_dir/.kubewright.$$
	# what a script that was cut has left, keys among it
	rm -f "$kw_dir"/.kubewright.*
	stage "$kw_tmp.crt" "$kw_pem"
	stage "$kw_tmp.key" "$kw_key"
	verified "$kw_tmp.crt" "$kw_tmp.key"
	case $kw_path in
	*.crt) pair ;;
	"$kw_kubelet"/*) kubelet_pem ;;
	*.conf) kubeconfig ;;
	*) fail "renew.sh does not know $kw_path" ;;
	esac
	rm -f "$kw_dir"/.kubewright.*
}

# The digests of what kubewright placed follow what it placed now; of other files they stay, so that a change of somebody's is still seen.
digests() {
	[ -n "$kw_placed" ] && [ -r "$kw_state/pki.sha256" ] || return 0
	while read -r kw_sum kw_f; do
		contains "$kw_placed" "$kw_f" && sha256sum "$kw_f" || printf '%s  %s\n' "$kw_sum" "$kw_f"
	done <"$kw_state/pki.sha256" >"$kw_state/pki.sha256.new" && sync "$kw_state/pki.sha256.new" &&
		mv -f "$kw_state/pki.sha256.new" "$kw_state/pki.sha256" && pki_modes >"$kw_state/pki.modes" || fail "cannot write $kw_state/pki.sha256"
}

# ---- restarts

# note_pending NAMES: those instead of what is noted.
note_pending() {
	printf '%s\n' "$1" >"$kw_pending.new" && sync "$kw_pending.new" && mv -f "$kw_pending.new" "$kw_pending" || disk_full "$kw_pending"
}
pending_add() {
	kw_all=$(cat "$kw_pending" 2>/dev/null) || kw_all=
	for kw_name in $pending; do
		contains "$kw_all" "$kw_name" || kw_all="$kw_all${kw_all:+ }$kw_name"
	done
	[ -z "$kw_all" ] || note_pending "$kw_all"
}
pending_done() {
	kw_all='' kw_noted=$(cat "$kw_pending" 2>/dev/null) || kw_noted=
	for kw_name in $kw_noted; do
		[ "$kw_name" = "$1" ] || kw_all="$kw_all${kw_all:+ }$kw_name"
	done
	if [ -n "$kw_all" ]; then note_pending "$kw_all"; else rm -f "$kw_pending"; fi
}

kubelet_active() { systemctl is-active --quiet kubelet; }
kubelet_up() { kubelet_active && [ -n "$(ss -Hltn 'sport = :10250' 2>/dev/null)" ]; }
kubelet_restart() {
	systemctl reset-failed kubelet 2>/dev/null || true
	systemctl restart kubelet >&2 && wait_for 90 kubelet_up || {
		journalctl -u kubelet -n 15 --no-pager -o cat >&2
		fail "the kubelet does not start" "the log above is its own; 'journalctl -u kubelet' on the host shows more"
	}
	log "kubelet runs with its new certificate"
}

is_back() {
	kw_now=$(static_pids "$1")
	[ -n "$kw_now" ] || return 1
	for kw_pid in $kw_now; do
		! contains "$kw_old" "$kw_pid" || return 1
	done
}

end_old() {
	for kw_pid in $(static_pids "$1"); do
		! contains "$kw_old" "$kw_pid" || kill -9 "$kw_pid" 2>/dev/null || true
	done
}

# The kubelet starts a container again that has ended. One that ended often before it lets wait for minutes, unless it has just started itself.
static_restart() {
	kw_old=$(static_pids "$1")
	for kw_pid in $kw_old; do
		kill "$kw_pid" 2>/dev/null || true
	done
	log "stopped $1, so that it starts with its new certificates"
	# the kubelet gives a container as long; an API server with open watches would take a minute
	[ -z "$kw_old" ] || wait_for 30 is_back "$1" || end_old "$1"
	if { [ -z "$kw_old" ] || ! wait_for 10 is_back "$1"; } && ! is_back "$1" && [ "$kubelet_starts" = yes ]; then
		systemctl restart kubelet >&2 || true
	fi
	wait_for 150 is_back "$1" || fail "$1 does not start again" "see 'kubewright logs $node'; is the kubelet active there?"
	log "$1 runs again"
}

restart_all() {
	for kw_reader in $restart; do
		case $kw_reader in
		kubelet) kubelet_restart ;;
		*)
			# nothing that it stops would be started again
			kubelet_active || [ "$kubelet_starts" = yes ] && { kubelet_active || kubelet_restart; } ||
				fail "the kubelet of this host does not run, so $kw_reader cannot restart" "renew the kubelet's certificate too: 'kubewright certs renew $node'"
			case $kw_reader in etcd | kube-apiserver) vip_aside ;; esac
			static_restart "$kw_reader"
			;;
		esac
		pending_done "$kw_reader"
	done
}

# shown PORT SERIAL: by what listens there.
shown() {
	kw_seen=$(openssl s_client -connect "$address:$1" </dev/null 2>/dev/null | openssl x509 -noout -serial 2>/dev/null)
	[ "$kw_seen" = "serial=$2" ]
}

served_all() {
	[ -n "$served" ] && command -v openssl >/dev/null || return 0
	while read -r kw_port kw_serial; do
		[ -z "$kw_port" ] || wait_for 180 shown "$kw_port" "$kw_serial" ||
			fail "the new certificate is not served at $address:$kw_port" "see 'kubewright logs $node'; the earlier files are in $kw_renewed on the host"
	done <<END
$served
END
}

main() {
	fence
	# of the certificate that is at work, when it fails
	kw_tmp=
	trap 'vip_back; [ -z "$kw_tmp" ] || rm -f "$kw_tmp".*' EXIT
	kw_dirs
	pending_add
	kw_i=1
	while [ "$kw_i" -le "${shared:-0}" ]; do
		place_shared "$kw_i"
		kw_i=$((kw_i + 1))
	done
	kw_i=1
	while [ "$kw_i" -le "$certs" ]; do
		place "$kw_i"
		kw_i=$((kw_i + 1))
	done
	digests
	restart_all
	served_all
	# keys of which nobody has need any more
	[ "$verified" = no ] || [ -s "$kw_pending" ] || rm -rf "$kw_renewed"
	say placed "$certs"
	say restart "$(cat "$kw_pending" 2>/dev/null)"
	pki_told
	ca_crt_told
}
main </dev/null
