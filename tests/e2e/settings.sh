#!/usr/bin/env bash
# Settings of a living cluster change, and change back, while a writer writes through the VIP; one that no kubelet starts with stops on the first host.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# with MEMBERS…: the inventory with these in kubelet.config, besides what the lab needs
with() { sed "s/^kubelet: {config: {/&$1/" "$WORK/lab.yaml" >"$WORK/kubewright.yaml"; }
# what each kubelet itself says that it has: of the fields named, one line for all
living() {
	local node
	for node in cp1 cp2 cp3 w1 w2; do
		kc get --raw "/api/v1/nodes/$node/proxy/configz" | jq -c "[.kubeletconfig | $1]"
	done | sort | uniq -c | awk '{ print $1 "x" $2 }' | paste -sd' '
}
# the ConfigMap by which later joins and upgrades go
stored() { kc -n kube-system get configmaps -o json | jq -r '[.items[] | select(.metadata.name | startswith("kubelet-config"))][0].data.kubelet' | grep -c "$1"; }

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "settings, $flavour"
	fresh "$flavour"
	inventory
	cp "$WORK/kubewright.yaml" "$WORK/lab.yaml"
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first
	is "$flavour: kubelets have what is built in" "$(living '.maxPods')" "5x[110]"

	with 'maxPods: 77, containerLogMaxFiles: 9, '
	kw plan plan -f "$WORK/kubewright.yaml"
	has "$flavour: plan shows the difference" "$WORK/plan.out" 'maxPods from (110|what is built in) to 77'
	writes_begin
	apply change
	writes_end
	is "$flavour: apply ends with 0 (${seconds} s)" "$status" 0
	show change 30
	is "$flavour: every kubelet has it" "$(living '.maxPods, .containerLogMaxFiles')" "5x[77,9]"
	is "$flavour: and the ConfigMap" "$(stored '"\?maxPods"\?: 77')" 1
	is "$flavour: no acknowledged write is lost" "$(writes_lost)" 0
	figure "settings of five kubelets: ${seconds} s; $(writes_told)"
	apply again
	is "$flavour: apply has nothing left to do" "$status $(grep -c 'nothing was changed' "$WORK/again.out")" "0 1" || show again

	with 'maxPods: 77, containerLogMaxFiles: 9, clusterDNS: [not-an-address], cpuManagerPolicy: "nonsense", '
	apply wrong
	# 8 when another host verifies the cluster
	is "$flavour: one that no kubelet starts with leaves the first host to do" "${status/5/8}" 8 || show wrong
	has "$flavour: it says what happened" "$WORK/wrong.out" 'does not start with the changed settings; those of before are back'
	show wrong 30
	ok "$flavour: five Ready nodes" until_ok 60 ready_is 5
	is "$flavour: every kubelet is as before" "$(living '.maxPods, .cpuManagerPolicy')" '5x[77,"none"]'
	is "$flavour: and the ConfigMap" "$(stored nonsense)" 0

	with ''
	apply back
	is "$flavour: apply without them ends with 0" "$status" 0 || show back
	is "$flavour: every kubelet has what is built in again" "$(living '.maxPods, .containerLogMaxFiles')" "5x[110,5]"
	scenario_end
done
summary
