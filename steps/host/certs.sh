# Shows the certificates of this host, those inside kubeconfigs among them, and the public keys of service accounts. Changes nothing, and shows no private key.
# Answers:
#   cert.PATH      PEM of the certificates of a file; empty: none that is whole
#   public.PATH    PEM of the public keys of a file
#   left_out       lines: files that were not read, as there are too many, or for their size or name
#   restart        who has yet to restart because of a renewal that was interrupted, by renew.sh
#   error hint     as every script
# shellcheck shell=sh disable=SC2154,SC2015
kw_files_max=64
kw_bytes_max=32768
# a kubeconfig holds more than the certificate that is shown
kw_conf_max=262144

# A file's name on a line of its own, whatever is in it.
certs_name() { printf '%s' "$1" | tr -c 'A-Za-z0-9_.@/+ -' '?' | head -c 200; }

# certs_fits FILE BYTES
certs_fits() {
	case $1 in *[!A-Za-z0-9_.@/+-]*) return 1 ;; esac
	[ "${#1}" -le 110 ] && [ "$kw_count" -lt "$kw_files_max" ] && [ "$(wc -c <"$1")" -le "$2" ]
}

# Whether a kubeconfig is one with a certificate inside: one that names a file instead leaves that to show itself.
certs_inside() {
	! head -c "$kw_conf_max" "$1" | grep -q '^ *client-certificate: ' || return 1
	case ${1##*/} in
	admin.conf | super-admin.conf | controller-manager.conf | scheduler.conf | kubelet.conf) ;;
	*) head -c "$kw_conf_max" "$1" | grep -q '^ *client-certificate-data: ' ;;
	esac
}

certs_show() {
	case $1 in
	*.conf) client_certificates "$1" | head -c "$kw_bytes_max" | say64 "cert.$1" ;;
	*.pub) head -c "$kw_bytes_max" "$1" | pem_only 'PUBLIC KEY' | say64 "public.$1" ;;
	*) head -c "$kw_bytes_max" "$1" | certificates | say64 "cert.$1" ;;
	esac
}

# Where there may be many comes last.
main() {
	kw_count=0 kw_left=0 kw_out=
	for kw_f in /etc/kubernetes/*.conf /var/lib/kubelet/pki/kubelet-client-current.pem /var/lib/kubelet/pki/kubelet-server-current.pem \
		/var/lib/kubelet/pki/kubelet.crt /etc/kubernetes/pki/sa.pub /etc/kubernetes/pki/etcd/*.crt /etc/kubernetes/pki/*.crt; do
		[ -f "$kw_f" ] || continue
		kw_max=$kw_bytes_max
		case $kw_f in *.conf) kw_max=$kw_conf_max && certs_inside "$kw_f" || continue ;; esac
		if certs_fits "$kw_f" "$kw_max"; then
			kw_count=$((kw_count + 1))
			certs_show "$kw_f"
		elif [ "$kw_left" -lt 20 ]; then
			kw_left=$((kw_left + 1))
			kw_out="$kw_out$(certs_name "$kw_f")
"
		fi
	done
	[ -z "$kw_out" ] || say left_out "$kw_out"
	[ ! -s "$kw_state/renew.restart" ] || say restart "$(tr -cd 'a-z \n-' <"$kw_state/renew.restart" | tr '\n' ' ' | head -c 200)"
}
main </dev/null
