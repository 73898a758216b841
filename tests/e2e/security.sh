#!/usr/bin/env bash
# Security settings of a living cluster come and go while a writer writes through the VIP: an audit log that has who did what, and no body of a Secret; another policy; one
# that no API server starts with.
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

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "security, $flavour"
	fresh "$flavour"
	inventory
	cp "$WORK/kubewright.yaml" "$WORK/lab.yaml"
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first
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
	kw check repair --check -f "$WORK/kubewright.yaml"
	is "$flavour: nothing is to be repaired" "$status" 0 || show check
	scenario_end
done
summary
