#!/usr/bin/env bash
# Arguments of a living control plane and names in its certificate change, and change back, while a writer writes through the VIP; an argument that no API server
# knows stops on the first control plane and is put back.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

NAME=api.lab.example
# with JSON: the inventory with this as ClusterConfiguration of kubeadm.extra
with() {
	cp "$WORK/lab.yaml" "$WORK/kubewright.yaml"
	[ -z "$1" ] || printf 'kubeadm: {extra: {ClusterConfiguration: %s}}\n' "$1" >>"$WORK/kubewright.yaml"
}
# arguments FLAVOUR NAME VALUE: as kubeadm's configuration has them in that version
arguments() { [ "$1" = debian ] && printf '{%s: "%s"}' "$2" "$3" || printf '[{name: %s, value: "%s"}]' "$2" "$3"; }
# what the API server's own process on each control plane was given: how many have an argument
servers_with() { for host in cp1 cp2 cp3; do "$LAB" exec "$host" pgrep -af '^kube-apiserver' | grep -c -- "$1" || true; done | paste -sd' '; }
# whose certificate has the name: asked of each control plane itself
named() {
	for host in cp1 cp2 cp3; do
		"$LAB" exec "$host" curl -s -o /dev/null --noproxy '*' --cacert /etc/kubernetes/pki/ca.crt --connect-to "$NAME:6443:127.0.0.1:6443" "https://$NAME:6443/livez" && printf 1 || printf 0
	done
}
# when each API server's process began, by its id
processes() { for host in cp1 cp2 cp3; do "$LAB" exec "$host" pgrep -f '^kube-apiserver' || echo none; done | paste -sd' '; }
stored() { kc -n kube-system get configmap kubeadm-config -o json | jq -r .data.ClusterConfiguration | grep -c "$1"; }

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "settings of the control plane, $flavour"
	fresh "$flavour"
	inventory
	cp "$WORK/kubewright.yaml" "$WORK/lab.yaml"
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first

	with "{apiServer: {certSANs: [$NAME], extraArgs: $(arguments "$flavour" audit-log-path /var/log/kubernetes/audit.log), extraVolumes: [{name: audit, hostPath: /var/log/kubernetes, mountPath: /var/log/kubernetes, pathType: DirectoryOrCreate}]}}"
	kw plan plan -f "$WORK/kubewright.yaml"
	has "$flavour: plan shows the difference" "$WORK/plan.out" "apiServer.extraArgs.*audit-log-path"
	has "$flavour: and the name" "$WORK/plan.out" "$NAME"
	writes_begin
	apply change
	writes_end
	is "$flavour: apply ends with 0 (${seconds} s)" "$status" 0
	show change 30
	is "$flavour: every API server has the argument" "$(servers_with audit-log-path=/var/log/kubernetes/audit.log)" "1 1 1"
	is "$flavour: and the name in its certificate" "$(named)" 111
	is "$flavour: and the ConfigMap has both" "$(stored audit-log-path) $(stored "$NAME")" "1 1"
	is "$flavour: no acknowledged write is lost" "$(writes_lost)" 0
	figure "settings of three control planes: ${seconds} s; $(writes_told)"
	apply again
	is "$flavour: apply has nothing left to do" "$status $(grep -c 'nothing was changed' "$WORK/again.out")" "0 1" || show again

	before=$(processes)
	with "{apiServer: {certSANs: [$NAME], extraArgs: $(arguments "$flavour" no-such-argument 1)}}"
	writes_begin
	apply wrong
	writes_end
	is "$flavour: an argument that no API server knows leaves the first control plane to do" "${status/5/8}" 8
	show wrong 30
	has "$flavour: it is told in the API server's own words" "$WORK/wrong.out" 'unknown flag: --no-such-argument'
	is "$flavour: the API servers of the others were not touched" "$(processes | cut -d' ' -f2-)" "${before#* }"
	is "$flavour: every API server is as before" "$(servers_with audit-log-path=/var/log/kubernetes/audit.log)" "1 1 1"
	is "$flavour: and the ConfigMap" "$(stored no-such-argument)" 0
	is "$flavour: no acknowledged write is lost meanwhile" "$(writes_lost)" 0

	with ''
	apply back
	is "$flavour: apply without them ends with 0 (${seconds} s)" "$status" 0 || show back
	is "$flavour: no API server has the argument" "$(servers_with audit-log-path=/var/log/kubernetes/audit.log)" "0 0 0"
	is "$flavour: nor the name" "$(named)" 000
	kw check repair --check -f "$WORK/kubewright.yaml"
	is "$flavour: nothing is to be repaired" "$status" 0 || show check
	scenario_end
done
summary
