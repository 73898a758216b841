#!/usr/bin/env bash
# All hosts of a living cluster restart, one control plane after the other, while a writer writes through the VIP; killed on the way; refused when etcd can spare none.
# One worker is a machine whose power goes off and on: its kernel, its disk and its firmware start again.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

HOSTS="cp1 cp2 cp3 w1 w2"
! machines_possible || HOSTS="$HOSTS w3"
hosts() { wc -w <<<"$HOSTS"; }
boots() { for h in ${1:-$HOSTS}; do "$LAB" exec "$h" cat /proc/sys/kernel/random/boot_id; done; }
cordoned() { kc get nodes --no-headers | grep -c SchedulingDisabled; }
# restarted BEFORE: the hosts whose boot is another one
restarted() { paste -d' ' <(tr ' ' '\n' <<<"$HOSTS") <(cat "$1") <(boots) | awk '$2 != $3 { print $1 }' | paste -sd' '; }
reboot() { kw "$1" reboot "${@:2}" --yes -f "$WORK/kubewright.yaml"; }

all() {
	boots >"$WORK/boots"
	writes_begin
	reboot all --all --batch 100%
	writes_end
	show all 50
	is "$flavour: reboot --all ends with 0 (${seconds} s)" "$status" 0
	is "$flavour: every host runs another boot" "$(restarted "$WORK/boots")" "$HOSTS"
	is "$flavour: nobody is cordoned" "$(cordoned)" 0
	ok "$flavour: all Nodes Ready" ready_is "$(hosts)"
	is "$flavour: three voters" "$(voters cp1)" 3
	is "$flavour: no acknowledged write is lost" "$(writes_lost)" 0
	figure "reboot of $(hosts) hosts: ${seconds} s; $(writes_told)"
}

pending() {
	boots >"$WORK/boots"
	killed worker-reboot@w1 reboot w1 w2
	"$LAB" exec w2 sh -c 'echo linux-image-amd64 >/run/reboot-required.pkgs && : >/run/reboot-required'
	kw pending status -f "$WORK/kubewright.yaml"
	has "$flavour: status tells of a pending reboot" "$WORK/pending.out" "a reboot is pending: packages ask for it: linux-image-amd64"
	reboot rest --all --pending
	is "$flavour: reboot --all --pending ends with 0" "$status" 0 || show rest
	is "$flavour: the host that was interrupted and the one that waited were restarted" "$(restarted "$WORK/boots")" "w1 w2"
	is "$flavour: nobody is cordoned then" "$(cordoned)" 0
	boots >"$WORK/boots"
	reboot nothing --all --pending
	is "$flavour: then nothing is pending" "$status $(restarted "$WORK/boots")" "0 " || show nothing
}

refused() {
	boots "cp1 cp2" >"$WORK/boots"
	"$LAB" kill cp3
	until_ok 60 quorum_is 2
	reboot two cp1
	is "$flavour: with a control plane lost no other one restarts" "$status" 4 || show two
	has "$flavour: and the sum is told" "$WORK/two.out" "of 3 etcd voters 1 would be healthy, and 2 are needed"
	is "$flavour: nothing was touched" "$(boots "cp1 cp2" | paste -sd' ') $(cordoned)" "$(paste -sd' ' "$WORK/boots") 0"
	"$LAB" start cp3
	until_ok 120 quorum_is 3
	kw usage reboot --yes -f "$WORK/kubewright.yaml"
	is "$flavour: without hosts it is refused" "$status" 2
}
quorum_is() { [ "$("$KUBEWRIGHT" etcd members -o json -f "$WORK/kubewright.yaml" 2>/dev/null | jq -r .healthy)" = "$1" ]; }

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "reboot, $flavour"
	machines_possible || skip "$flavour: a worker whose power goes off: there can be none here (see 'tests/lab/lab doctor')"
	# shellcheck disable=SC2046
	fresh "$flavour" --hosts cp1,cp2,cp3,w1,w2 $(! machines_possible || echo --machines w3)
	inventory
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first
	ok "$flavour: all its Nodes get Ready" until_ok 600 ready_is "$(hosts)"
	all
	pending
	refused
	scenario_end
done
summary
