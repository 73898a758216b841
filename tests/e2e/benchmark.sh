#!/usr/bin/env bash
# check --security on real hosts: what a cluster of kubeadm's fails, with the hosts; then the profile cis comes and goes while a writer writes through the VIP, and what it is
# the remedy of passes meanwhile.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# what security.profile remedies; and what passes on every cluster
REMEDIED='1.2.15 1.2.16 1.2.17 1.2.18 1.2.19 1.2.29 1.2.30 1.3.1 1.3.2 1.4.1 4.2.8 4.2.12 4.2.14'
WELL='1.1.1 1.1.2 1.1.11 1.1.19 1.1.21 1.2.2 1.2.6 1.2.7 1.2.8 1.2.14 1.2.26 1.3.7 1.4.2 2.1 2.2 2.5 2.7 4.1.5 4.2.1 4.2.2 4.2.4 4.2.10 4.3.1'
# with LINE: the inventory with it
with() {
	cp "$WORK/lab.yaml" "$WORK/kubewright.yaml"
	[ -z "$1" ] || printf '%s\n' "$1" >>"$WORK/kubewright.yaml"
}
# looked NAME: the benchmark into NAME.json; its exit status into status
looked() {
	status=0
	"$KUBEWRIGHT" check --security -o json -f "$WORK/kubewright.yaml" >"$WORK/$1.json" 2>"$WORK/$1.err" || status=$?
}
# states NAME ID…: how often each state comes to these items: "13x failed"
states() {
	local name=$1
	shift
	jq -r --args '.items[] | select(.id as $id | $ARGS.positional | index($id)) | .state' "$@" <"$WORK/$name.json" | sort | uniq -c | awk '{ print $1 "x " $2 }' | paste -sd' '
}
# all NAME: each item with its state; on_host NAME ID HOST: that of one host
all() { jq -r '.items[] | .id + " " + .state' <"$WORK/$1.json"; }
on_host() { jq -r --arg id "$2" --arg host "$3" '.items[] | select(.id == $id) | .hosts[] | select(.name == $host) | .state' <"$WORK/$1.json"; }
# in_state NAME STATE: the items in it
in_state() { jq -r --arg state "$2" '[.items[] | select(.state == $state) | .id] | join(" ")' <"$WORK/$1.json"; }
# each control plane's programs and each host's kubelet: another list means that something restarted
processes() { for host in cp1 cp2 cp3 w1 w2; do "$LAB" exec "$host" sh -c 'pgrep -f "^kube-|^etcd|^/usr/bin/kubelet " || true'; done | paste -sd' '; }
# what each kubelet itself says that it has of a field, one line for all
living() {
	local node
	for node in cp1 cp2 cp3 w1 w2; do
		kc get --raw "/api/v1/nodes/$node/proxy/configz" | jq -c ".kubeletconfig.$1"
	done | sort | uniq -c | awk '{ print $1 "x" $2 }' | paste -sd' '
}

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "benchmark, $flavour"
	fresh "$flavour"
	inventory
	cp "$WORK/kubewright.yaml" "$WORK/lab.yaml"
	remedied=$REMEDIED
	# 1.20 has no default of seccomp
	[ "$flavour" != debian ] || remedied=${REMEDIED% *}
	# shellcheck disable=SC2086 # words of their own
	set_of() { set -- $remedied && echo $#; }
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first

	before=$(processes)
	looked default
	is "$flavour: items fail, so that it ends with 6" "$status" 6 || cat "$WORK/default.err"
	# shellcheck disable=SC2086
	is "$flavour: all that the profile remedies fails" "$(states default $remedied)" "$(set_of)x failed"
	# shellcheck disable=SC2086
	is "$flavour: what kubeadm does passes" "$(states default $WELL)" "$(wc -w <<<"$WELL")x passed"
	is "$flavour: nothing is unknown" "$(in_state default unknown)" ""
	note "failed: $(in_state default failed)"
	note "by hand: $(in_state default by-hand)"
	note "not applicable: $(in_state default not-applicable)"
	is "$flavour: nothing restarted" "$(processes)" "$before"
	kw table check --security -f "$WORK/kubewright.yaml"
	has "$flavour: the table names the item" "$WORK/table.out" '^1\.2\.15  failed'
	has "$flavour: and the hosts" "$WORK/table.out" '^ *cp1, cp2, cp3: --profiling is not set'

	"$LAB" exec cp2 chmod 644 /etc/kubernetes/manifests/etcd.yaml
	"$LAB" exec w2 systemctl stop kubelet
	looked worse
	is "$flavour: a mode that somebody changed is seen there alone" "$(on_host worse 1.1.7 cp1) $(on_host worse 1.1.7 cp2)" "passed failed"
	is "$flavour: what a kubelet goes by that does not run is unknown" "$(on_host worse 4.2.1 w1) $(on_host worse 4.2.1 w2)" "passed unknown"
	"$LAB" exec cp2 chmod 600 /etc/kubernetes/manifests/etcd.yaml
	"$LAB" exec w2 systemctl start kubelet
	ok "$flavour: all Nodes are Ready" until_ok 120 ready_is 5

	with 'security: {profile: cis}'
	kw plan plan -f "$WORK/kubewright.yaml"
	has "$flavour: plan shows the arguments" "$WORK/plan.out" 'scheduler.extraArgs profiling'
	has "$flavour: and the settings of kubelets" "$WORK/plan.out" 'gives the kubelet other settings: .*eventRecordQPS'
	writes_begin
	apply profile
	writes_end
	is "$flavour: apply of the profile ends with 0 (${seconds} s)" "$status" 0
	show profile 30
	is "$flavour: no acknowledged write is lost" "$(writes_lost)" 0
	figure "the profile cis on five hosts: ${seconds} s; $(writes_told)"
	looked cis
	# shellcheck disable=SC2086
	is "$flavour: what failed passes" "$(states cis $remedied)" "$(set_of)x passed"
	is "$flavour: nothing is unknown" "$(in_state cis unknown)" ""
	note "still failed: $(in_state cis failed)"
	ok "$flavour: the Pods of kube-system are Ready" system_pods_ready
	apply again
	is "$flavour: apply has nothing left to do" "$status $(grep -c 'nothing was changed' "$WORK/again.out")" "0 1" || show again

	sed 's/^kubelet: {config: {/&eventRecordQPS: 7, /' "$WORK/lab.yaml" >"$WORK/kubewright.yaml"
	echo 'security: {profile: cis}' >>"$WORK/kubewright.yaml"
	apply own
	is "$flavour: a setting of the operator's (${seconds} s)" "$status $(living eventRecordQPS)" "0 5x7" || show own
	has "$flavour: is reported" "$WORK/own.out" 'security.profile does not set eventRecordQPS'

	with ''
	writes_begin
	apply back
	writes_end
	is "$flavour: apply without it ends with 0 (${seconds} s)" "$status" 0 || show back
	is "$flavour: no acknowledged write is lost by that" "$(writes_lost)" 0
	looked back
	is "$flavour: and all is as it was" "$(all back)" "$(all default)" || diff "$WORK/default.json" "$WORK/back.json" | head -n 40
	kw check repair --check -f "$WORK/kubewright.yaml"
	is "$flavour: nothing is to be repaired" "$status" 0 || show check
	scenario_end
done
summary
