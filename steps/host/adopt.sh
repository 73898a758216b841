# Reads how a host is part of a cluster that others made, and asks that cluster with what the host itself has for it. Writes no file; no key leaves the host.
# Parameters:
#   paths   lines "NAME PATH" that the API server is asked for; empty: it is not asked      etcd  yes: the host's own etcd member is asked
# Answers:
#   manifest.FILE   of a static Pod       pki  where /etc/kubernetes/pki leads       keys  those of the shared files that are there
#   pem.FILE        certificates below it, by which CA and leaves are compared       foreign  other distributions that are there
#   kubelet_args    lines                 renewers   timers that renew certificates
#   api.NAME        as the API server answered       api_none  names of what it does not have       api_error  why it could not be asked
#   etcd.NAME       members, status, alarms: as etcd answered       etcd_error
#   error hint      as every script
# shellcheck shell=sh disable=SC2154,SC2015
kw_k=/etc/kubernetes

adopt_files() {
	kw_count=0
	for kw_f in "$kw_k"/manifests/*; do
		case ${kw_f##*/} in *[!A-Za-z0-9_.-]* | .*) continue ;; *.yaml | *.yml | *.json) ;; *) continue ;; esac
		[ -f "$kw_f" ] && [ "${#kw_f}" -le 100 ] && [ "$kw_count" -lt 20 ] || continue
		kw_count=$((kw_count + 1))
		head -c 65536 "$kw_f" | say64 "manifest.${kw_f##*/}"
	done
	say pki "$(readlink -f "$kw_k/pki" 2>/dev/null)"
	kw_keys=
	for kw_f in $kw_shared; do
		[ ! -s "$kw_k/pki/$kw_f" ] || kw_keys="$kw_keys${kw_keys:+ }$kw_f"
	done
	say keys "$kw_keys"
	for kw_f in ca.crt apiserver.crt etcd/ca.crt etcd/server.crt front-proxy-ca.crt front-proxy-client.crt; do
		[ ! -f "$kw_k/pki/$kw_f" ] || head -c 65536 "$kw_k/pki/$kw_f" | certificates | say64 "pem.$kw_f"
	done
}

adopt_others() {
	kw_foreign=
	for kw_f in k3s:/etc/rancher/k3s k3s:/var/lib/rancher/k3s rke2:/etc/rancher/rke2 rke2:/var/lib/rancher/rke2 k0s:/etc/k0s k0s:/var/lib/k0s \
		microk8s:/var/snap/microk8s rke:/etc/kubernetes/ssl/kube-ca.pem; do
		[ ! -e "${kw_f#*:}" ] || contains "$kw_foreign" "${kw_f%%:*}" || kw_foreign="$kw_foreign${kw_foreign:+ }${kw_f%%:*}"
	done
	say foreign "$kw_foreign"
	kw_pid=$(systemctl show -p MainPID --value kubelet 2>/dev/null) || kw_pid=
	case $kw_pid in '' | 0 | *[!0-9]*) ;; *) head -c 16384 "/proc/$kw_pid/cmdline" 2>/dev/null | tr '\0' '\n' | say64 kubelet_args ;; esac
	kw_renewers=
	for kw_f in k8s-certs-renew.timer kubeadm-certs-renew.timer; do
		! systemctl is-active --quiet "$kw_f" 2>/dev/null || kw_renewers="$kw_renewers${kw_renewers:+ }$kw_f"
	done
	say renewers "$kw_renewers"
}

# kubectl keeps a cache below HOME: where nothing can be made.
adopt_kubectl() { HOME=/proc/nowhere timeout 20 kubectl --cache-dir=/dev/null/none "$@"; }

# api_get PATH: with the administrator's kubeconfig, from the API server here, or where that kubeconfig leads.
# shellcheck disable=SC2086 # words of their own
api_get() { adopt_kubectl --kubeconfig "$kw_conf" $kw_here get --raw "$1" </dev/null; }
api_why() { api_get "$1" 2>&1 >/dev/null | tail -n 1 | head -c 300; }

adopt_api() {
	kw_conf=$kw_k/admin.conf kw_none=
	[ -r "$kw_conf" ] || kw_conf=$kw_k/super-admin.conf
	if [ ! -r "$kw_conf" ] || ! has kubectl; then
		say api_error "$kw_k/admin.conf or kubectl is missing"
		return 0
	fi
	kw_here='--server https://127.0.0.1:6443 --tls-server-name kubernetes'
	api_get /version >/dev/null 2>&1 || kw_here=
	while read -r kw_name kw_path; do
		[ -n "$kw_path" ] || continue
		if kw_said=$(api_get "$kw_path" 2>/dev/null) && [ "${#kw_said}" -le 3145728 ]; then
			printf '%s' "$kw_said" | say64 "api.$kw_name"
			continue
		fi
		kw_why=$(api_why "$kw_path")
		case $kw_why in
		*NotFound*) kw_none="$kw_none${kw_none:+ }$kw_name" ;;
		*)
			say api_error "${kw_why:-its answer is too long} ($kw_name)"
			return 0
			;;
		esac
	done <<END
$paths
END
	say api_none "$kw_none"
}

adopt_etcd() {
	kw_p=$kw_k/pki
	for kw_f in members:/v3/cluster/member/list status:/v3/maintenance/status alarms:/v3/maintenance/alarm; do
		kw_body='{}'
		[ "${kw_f%%:*}" != alarms ] || kw_body='{"action":"GET"}'
		kw_said=$(printf '%s' "$kw_body" | adopt_kubectl --kubeconfig /dev/null --server https://127.0.0.1:2379 --certificate-authority "$kw_p/etcd/ca.crt" \
			--client-certificate "$kw_p/apiserver-etcd-client.crt" --client-key "$kw_p/apiserver-etcd-client.key" \
			create --raw "${kw_f#*:}" -f - 2>/dev/null) || kw_said=
		[ -z "$kw_said" ] || printf '%s' "$kw_said" | head -c 262144 | say64 "etcd.${kw_f%%:*}"
	done
}

main() {
	adopt_files
	adopt_others
	[ -z "$paths" ] || adopt_api
	[ "$etcd" != yes ] || ! has kubectl || [ ! -r "$kw_k/pki/apiserver-etcd-client.key" ] || adopt_etcd
}
main </dev/null
