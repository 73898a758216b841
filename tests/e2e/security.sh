#!/usr/bin/env bash
# Security settings of a living cluster come and go while a writer writes through the VIP: an audit log that has who did what, and no body of a Secret; another policy; one
# that no API server starts with. Then Secrets are encrypted in etcd, with another key, and no more. In E2E_PARTS alone: audit, encryption.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

LOGS=/var/log/kubernetes/audit
# with LINE: the inventory with it
with() {
	cp "$WORK/lab.yaml" "$WORK/kubewright.yaml"
	[ -z "$1" ] || printf '%s\n' "$1" >>"$WORK/kubewright.yaml"
}
# on_each COMMAND: what it prints on each control plane, in one line
on_each() { for host in cp1 cp2 cp3; do "$LAB" exec "$host" sh -c "$1" 2>/dev/null || true; done | paste -sd' '; }
# how many arguments of this name each API server's own process has
servers_with() { on_each "pgrep -af '^kube-apiserver' | grep -c -- '$1' || true"; }
# policies: how many there are, and their modes; the folder of the logs
policies() { on_each 'find /etc/kubernetes/kubewright -name "audit-policy-*" -printf "%m " 2>/dev/null | wc -w'; }
modes() { on_each "stat -c %a /etc/kubernetes/kubewright/audit-policy-* $LOGS | paste -sd,"; }
# logged TEXT: in how many lines of all logs
logged() { on_each "cat $LOGS/*.log 2>/dev/null | grep -c -- '$1' || true" | awk '{ for (i = 1; i <= NF; i++) n += $i } END { print n + 0 }'; }
is_logged() { [ "$(logged "$1")" -gt 0 ]; }
processes() { on_each "pgrep -f '^kube-apiserver' || echo none"; }

audit() {
	local before
	is "$flavour: without an audit log" "$(servers_with audit-log-path) $(policies)" "0 0 0 0 0 0"
	with 'security: {audit: default}'
	kw plan plan -f "$WORK/kubewright.yaml"
	has "$flavour: plan shows the policy" "$WORK/plan.out" 'writes /etc/kubernetes/kubewright/audit-policy-[0-9a-f]{12}\.yaml'
	has "$flavour: and the arguments" "$WORK/plan.out" 'apiServer.extraArgs.*audit-policy-file'
	writes_begin
	apply audit
	writes_end
	is "$flavour: apply ends with 0 (${seconds} s)" "$status" 0
	show audit 30
	is "$flavour: every API server logs" "$(servers_with "audit-log-path=$LOGS/audit.log")" "1 1 1"
	is "$flavour: policy and logs are root's alone" "$(modes)" "600,700 600,700 600,700"
	is "$flavour: no acknowledged write is lost" "$(writes_lost)" 0
	figure "an audit log on three control planes: ${seconds} s; $(writes_told)"
	kc create secret generic audited --from-literal=word=unspeakable-word >/dev/null
	kc create clusterrole audited-role --verb=get --resource=pods >/dev/null
	ok "$flavour: a request is logged" until_ok 30 is_logged '"verb":"create".*"resource":"secrets".*"name":"audited"'
	ok "$flavour: one about RBAC with its body" until_ok 30 is_logged '"requestObject".*audited-role'
	is "$flavour: the body of a Secret is not" "$(logged "$(printf unspeakable-word | base64)") $(logged unspeakable-word)" "0 0"
	is "$flavour: nor what the cluster does all the time" "$(logged '"username":"system:node:.*"resource":"leases"')" 0
	apply again
	is "$flavour: apply has nothing left to do" "$status $(grep -c 'nothing was changed' "$WORK/again.out")" "0 1" || show again

	# shellcheck disable=SC2016 # the host expands it
	"$LAB" exec cp2 sh -c 'echo "# edited" >>$(ls /etc/kubernetes/kubewright/audit-policy-*)'
	before=$(processes)
	kw drift plan -f "$WORK/kubewright.yaml"
	has "$flavour: a policy that was edited on a host is seen" "$WORK/drift.out" '# edited'
	apply drift-back
	is "$flavour: and written again without a restart" "$status $(on_each 'grep -c edited /etc/kubernetes/kubewright/audit-policy-* || true') $(processes)" "0 0 0 0 $before" || show drift-back

	printf 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, users: ["system:anonymous"]}, {level: Metadata}]\n' >"$WORK/policy.yaml"
	with 'security: {audit: ./policy.yaml}'
	apply own
	is "$flavour: a policy of one's own (${seconds} s)" "$status" 0 || show own
	is "$flavour: is the only one" "$(policies)" "1 1 1"
	is "$flavour: and each API server reads it" "$(servers_with "$(on_each 'ls /etc/kubernetes/kubewright' | cut -d' ' -f1)")" "1 1 1"

	before=$(processes)
	printf 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata, resources: [{group: "", resources: [pods], nonsense: true}], nonResourceURLs: [/x]}]\n' >"$WORK/policy.yaml"
	writes_begin
	apply wrong
	writes_end
	is "$flavour: a policy that no API server takes leaves the first control plane to do" "${status/5/8}" 8
	show wrong 30
	is "$flavour: the API servers of the others were not touched" "$(processes | cut -d' ' -f2-)" "${before#* }"
	is "$flavour: every API server logs as before" "$(servers_with "audit-log-path=$LOGS/audit.log")" "1 1 1"
	is "$flavour: no acknowledged write is lost meanwhile" "$(writes_lost)" 0
	printf 'kind: Pod\n' >"$WORK/policy.yaml"
	apply none
	is "$flavour: what is not a policy is refused before" "$status" 3 || show none

	with ''
	writes_begin
	apply back
	writes_end
	is "$flavour: apply without it ends with 0 (${seconds} s)" "$status" 0 || show back
	is "$flavour: no API server logs, and no policy is left" "$(servers_with audit) $(policies)" "0 0 0 0 0 0"
	is "$flavour: the logs are still there" "$(on_each "ls $LOGS | grep -c audit.log")" "1 1 1"
	is "$flavour: no acknowledged write is lost by that" "$(writes_lost)" 0
}

# ---- Secrets encrypted in etcd -------------------------------------------------------------------------------------------------

# value_of NAME: the value of a Secret of namespace default in etcd, as the member of cp1 has it
value_of() { etcd_of cp1 /v3/kv/range -d "{\"key\":\"$(printf '/registry/secrets/default/%s' "$1" | base64 -w0)\"}" | jq -r '.kvs[0].value // ""' | base64 -d; }
# by_key NAME: the id of the key that it is encrypted with, or none
by_key() { value_of "$1" | grep -a -o '^k8s:enc:secretbox:v1:kubewright-[0-9a-f]*' | cut -d- -f2 | grep . || echo none; }
# in_clear NAME WORD: whether the value holds this word
in_clear() { value_of "$1" | grep -c -a "$2" || true; }
# files of keys on each control plane: how many, and their modes
key_files() { on_each 'find /etc/kubernetes/kubewright -name "secrets-*" -printf "%m\n" 2>/dev/null | paste -sd, | grep . || echo none'; }
# the ids of the keys in them
key_ids() { on_each 'sed -n "s/.*name: kubewright-\([0-9a-f]*\),.*/\1/p" /etc/kubernetes/kubewright/secrets-* 2>/dev/null | paste -sd, | grep . || echo none'; }
# own HOST ARG...: kubectl with the API server of that host alone
own() { "$LAB" exec "$1" kubectl --kubeconfig /etc/kubernetes/admin.conf --server https://127.0.0.1:6443 --tls-server-name kubernetes "${@:2}" >/dev/null 2>&1; }
# each API server itself, as soon as it is up, reads all Secrets: how many of them can
readers() {
	local host n=0
	for host in cp1 cp2 cp3; do
		until_ok 120 own "$host" get --raw /readyz
		own "$host" get secrets -A -o name && n=$((n + 1))
	done
	echo "$n of 3"
}
# Writes Secrets through the VIP until it is to stop; a line for each that was acknowledged.
secrets_on() {
	local n=0 first
	first=$(now_ms)
	while [ ! -e "$WORK/stop" ]; do
		n=$((n + 1))
		kc --request-timeout=2s create secret generic "w-$first-$n" --from-literal=n="of-w-$first-$n" >/dev/null 2>&1 && echo "w-$first-$n" >>"$WORK/acknowledged"
		sleep 0.3
	done
}
secrets_begin() {
	rm -f "$WORK/stop" "$WORK/acknowledged"
	secrets_on &
	secrets_writer=$!
}
secrets_end() {
	: >"$WORK/stop"
	wait "$secrets_writer"
}
# how many of those that were acknowledged are not there as they were written
unread() {
	kc get secrets -o json | jq -r '.items[] | select(.data.n) | select((.data.n | @base64d) == "of-" + .metadata.name) | .metadata.name' | sort >"$WORK/there" &&
		sort "$WORK/acknowledged" | comm -23 - "$WORK/there" | wc -l
}

encryption() {
	local at before
	with ''
	kc create secret generic hidden --from-literal=word=unspeakable-word >/dev/null
	is "$flavour: a Secret lies in etcd as it is" "$(in_clear hidden unspeakable-word)" 1
	with 'security: {encrypt-secrets: true}'
	kw plan plan -f "$WORK/kubewright.yaml"
	has "$flavour: plan shows that Secrets are written again" "$WORK/plan.out" 'writes every Secret again'
	secrets_begin
	for at in components@cp2 encryption@cp1 rewrite-secrets@any encrypted@cp3; do
		killed "$at" apply
		is "$flavour: every API server reads every Secret then" "$(readers)" "3 of 3"
	done
	apply encrypt
	secrets_end
	is "$flavour: apply continues and ends with 0 (${seconds} s)" "$status" 0
	show encrypt 30
	is "$flavour: a Secret is encrypted in etcd" "$(by_key hidden) $(in_clear hidden unspeakable-word)" "$(key_ids | cut -d' ' -f1) 0"
	is "$flavour: every API server reads every Secret" "$(readers)" "3 of 3"
	is "$flavour: no acknowledged Secret is lost or cannot be read" "$(unread)" 0
	is "$flavour: one file on each control plane, root's alone" "$(key_files)" "600 600 600"
	is "$flavour: no worker has one" "$("$LAB" exec w1 sh -c 'ls /etc/kubernetes/kubewright 2>/dev/null | grep -c secrets- || true')" 0
	figure "Secrets encrypted on three control planes: ${seconds} s for what was left"
	apply encrypt-again
	is "$flavour: apply has nothing left to do" "$status $(grep -c 'nothing was changed' "$WORK/encrypt-again.out")" "0 1" || show encrypt-again

	before=$(key_ids)
	secrets_begin
	for at in components@cp1 encryption@cp3 encrypted@cp2; do
		killed "$at" certs rotate secrets-key
		is "$flavour: every API server reads every Secret then" "$(readers)" "3 of 3"
	done
	kw another certs rotate secrets-key --yes -f "$WORK/kubewright.yaml"
	secrets_end
	is "$flavour: another key: it continues and ends with 0" "$status" 0
	show another 30
	is "$flavour: no control plane has the earlier one" "$(key_ids | tr ' ' '\n' | grep -c "${before%% *}")" 0
	is "$flavour: a Secret is encrypted with it" "$(by_key hidden)" "$(key_ids | cut -d' ' -f1)"
	is "$flavour: no acknowledged Secret is lost by that" "$(unread) $(readers)" "0 3 of 3"

	kw rejoin rejoin cp2 --yes -f "$WORK/kubewright.yaml"
	is "$flavour: a control plane that joins again reads them too" "$status $(readers) $(key_files)" "0 3 of 3 600 600 600" || show rejoin

	with ''
	secrets_begin
	apply clear
	secrets_end
	is "$flavour: apply without it ends with 0 (${seconds} s)" "$status" 0
	show clear 30
	is "$flavour: a Secret lies in etcd as it is again" "$(in_clear hidden unspeakable-word)" 1
	is "$flavour: no file is left" "$(key_files)" "none none none"
	is "$flavour: no acknowledged Secret is lost by that either" "$(unread) $(readers)" "0 3 of 3"
}

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "security, $flavour"
	fresh "$flavour"
	inventory
	cp "$WORK/kubewright.yaml" "$WORK/lab.yaml"
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first
	for part in ${E2E_PARTS:-audit encryption}; do $part; done
	kw check repair --check -f "$WORK/kubewright.yaml"
	is "$flavour: nothing is to be repaired" "$status" 0 || show check
	scenario_end
done
summary
