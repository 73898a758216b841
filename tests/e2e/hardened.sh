#!/usr/bin/env bash
# All that protects a cluster, at once and from its first moment: no CA's key on any host, kubelets' certificates signed by the cluster, Secrets encrypted, an audit log, the
# profile cis. Then what such a cluster goes through: its keys change, hosts join again, certificates are renewed, another machine takes over by a backup of the key store.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

export BACKUP_WORD=correct-horse-battery-staple
PKI=/etc/kubernetes/pki
STORE() { printf '%s' "$XDG_STATE_HOME/kubewright/lab/pki"; }
# on_each COMMAND: what it prints on each control plane, in one line
on_each() { for host in cp1 cp2 cp3; do "$LAB" exec "$host" sh -c "$1" 2>/dev/null || true; done | paste -sd' '; }
# has_argument TEXT: in how many arguments of each API server that runs
has_argument() { on_each "tr '\0' '\n' </proc/\$(pgrep -f '^kube-apiserver ')/cmdline | grep -c -- '$1' || true"; }
in_etcd() { etcd_of cp1 /v3/kv/range -d "{\"key\":\"$(printf '/registry/secrets/default/%s' "$1" | base64 -w0)\"}" | jq -r '.kvs[0].value // ""' | base64 -d; }
key_ids() { on_each 'sed -n "s/.*name: kubewright-\([0-9a-f]*\),.*/\1/p" /etc/kubernetes/kubewright/secrets-*'; }
by_key() { in_etcd "$1" | grep -a -o '^k8s:enc:secretbox:v1:kubewright-[0-9a-f]*' | cut -d- -f2; }
reads() { [ "$(kc get secret "$1" -o jsonpath='{.data.word}' | base64 -d)" = unspeakable-word ]; }
# not_passed ITEM…: which of these of the benchmark do not pass
not_passed() {
	"$KUBEWRIGHT" check --security -o json -f "$WORK/kubewright.yaml" 2>/dev/null |
		jq -r --args '[.items[] | select(.id as $id | $ARGS.positional | index($id)) | select(.state != "passed") | .id] | join(" ")' "$@"
}
logged() { [ "$(on_each "cat /var/log/kubernetes/audit/*.log | grep -m 1 -o -- '$1' || true" | wc -w)" -gt 0 ]; }

# hardened WHEN: all five, as seen on the hosts and by each API server's own process
hardened() {
	local h
	is "$flavour: $1: no control plane has a CA's key" "$(on_each "cd $PKI && ls ca.key etcd/ca.key front-proxy-ca.key")" ""
	is "$flavour: $1: API servers verify kubelets" "$(has_argument "kubelet-certificate-authority=$PKI/ca.crt")" "1 1 1"
	is "$flavour: $1: each reads Secrets by the same key" "$(key_ids | tr ' ' '\n' | sort -u | wc -l) $(has_argument encryption-provider-config=)" "1 1 1 1"
	is "$flavour: $1: each has an audit log" "$(has_argument audit-log-path=)" "1 1 1"
	is "$flavour: $1: a Secret is encrypted in etcd" "$(by_key hidden) $(in_etcd hidden | grep -c -a unspeakable-word)" "$(key_ids | cut -d' ' -f1) 0"
	ok "$flavour: $1: and can be read" reads hidden
	for h in cp1 cp2 cp3 w1 w2; do
		ok "$flavour: $1: the kubelet of $h is reached and verified" until_ok 120 kc get --raw "/api/v1/nodes/$h/proxy/healthz"
	done
	is "$flavour: $1: what the profile remedies passes" "$(not_passed 1.2.15 1.2.16 1.2.29 1.2.30 1.3.1 1.3.2 1.4.1 4.2.8)" ""
	apply still
	is "$flavour: $1: apply has nothing to do" "$status $(grep -c 'nothing was changed' "$WORK/still.out")" "0 1" || show still
}

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "hardened, $flavour"
	fresh "$flavour"
	inventory
	cat >>"$WORK/kubewright.yaml" <<-TEXT
		pki: {ca-keys: operator, kubelet-serving: cluster}
		security: {encrypt-secrets: true, audit: default, profile: cis}
	TEXT
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first 60
	figure "five hosts with all of it: ${seconds} s"
	ok "$flavour: all its Nodes get Ready" until_ok 600 ready_is 5
	kc create secret generic hidden --from-literal=word=unspeakable-word >/dev/null
	ok "$flavour: a request is logged" until_ok 30 logged '"verb":"create".*"name":"hidden"'
	hardened installed

	before=$(key_ids | cut -d' ' -f1)
	writes_begin
	kw another certs rotate secrets-key --yes -f "$WORK/kubewright.yaml"
	is "$flavour: another key for Secrets (${seconds} s)" "$status $(key_ids | grep -c "$before")" "0 0" || show another
	for h in cp3 w2; do
		kw rejoin rejoin $h --yes -f "$WORK/kubewright.yaml"
		is "$flavour: $h joins again (${seconds} s)" "$status" 0 || show rejoin
	done
	kw renew certs renew --yes -f "$WORK/kubewright.yaml"
	is "$flavour: certificates are renewed (${seconds} s)" "$status" 0 || show renew
	writes_end
	is "$flavour: no acknowledged write is lost" "$(writes_lost)" 0
	note "$(writes_told)"
	ok "$flavour: all Nodes are Ready" until_ok 120 ready_is 5
	hardened "joined again"

	kw backup certs backup "$WORK/store.backup" --passphrase env:BACKUP_WORD -f "$WORK/kubewright.yaml"
	is "$flavour: the key store in one file" "$status $(stat -c %a "$WORK/store.backup")" "0 600" || show backup
	cp -a "$(STORE)" "$WORK/kept"
	rm -rf "$(STORE)"
	kw lost apply -f "$WORK/kubewright.yaml"
	ok "$flavour: without the store nothing is changed" test "$status" -ne 0
	kw restore certs restore "$WORK/store.backup" --passphrase env:BACKUP_WORD -f "$WORK/kubewright.yaml"
	is "$flavour: the store comes back" "$status" 0 || show restore
	ok "$flavour: every key of it" diff -r "$WORK/kept" "$(STORE)"
	hardened "from the backup"
	kw check repair --check -f "$WORK/kubewright.yaml"
	is "$flavour: nothing is to be repaired" "$status" 0 || show check
	ok "$flavour: no secret is readable" secrets_hidden
	scenario_end
done
summary
