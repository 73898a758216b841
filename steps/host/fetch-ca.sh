# Reads the cluster's own CAs and service-account key from a control plane, for an operator whose machine does not have them.
# Answers: pem_0 … pem_7 in the order of pki_store_import, the last when it is there; secrets: the file of ours by which its API server encrypts Secrets, with their keys;
#   error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
main() {
	kw_i=0
	for kw_f in $kw_shared; do
		[ "$kw_f" != sa.pub ] || [ -s /etc/kubernetes/pki/sa.pub ] || continue
		[ -s "/etc/kubernetes/pki/$kw_f" ] ||
			fail "/etc/kubernetes/pki/$kw_f is missing on this control plane" "bring the PKI store of the machine that made the cluster (pki.store)"
		say64 "pem_$kw_i" <"/etc/kubernetes/pki/$kw_f"
		kw_i=$((kw_i + 1))
	done
	kw_f=$(sed -n 's/^ *- --encryption-provider-config=//p' /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | head -n 1)
	case $kw_f in
	/etc/kubernetes/kubewright/secrets-*.yaml) [ ! -s "$kw_f" ] || say64 secrets <"$kw_f" ;;
	esac
}
main </dev/null
