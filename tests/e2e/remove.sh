#!/usr/bin/env bash
# A cluster that changes its shape: hosts leave for good, with pods on them, dead, or with kubewright killed in the middle; a worker becomes a control plane and a
# control plane a worker; another machine takes a control plane's place. Seen from outside each time, and apply finds nothing to do afterwards.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

YAML() { printf '%s\n' "$WORK/kubewright.yaml"; }
address_of() { sed -n "s/.*name: $1, address: \([0-9.]*\).*/\1/p" "$(YAML)"; }
change() { sed -i "/name: $1,/s/$2/$3/" "$(YAML)"; }
nodes() { kc get nodes -o jsonpath='{.items[*].metadata.name}' 2>/dev/null; }
nodes_are() { [ "$(nodes)" = "$*" ]; }
held() { [ -n "$(vip_holder)" ]; }
running() { "$LAB" exec "$1" sh -c "grep ' $2 ' /var/lib/kubewright/history | tail -n 1 | grep -q ' start\$'" 2>/dev/null; }
pods_on() { kc get pods -A -o jsonpath='{range .items[?(@.spec.nodeName=="'"$1"'")]}{.metadata.name}{"\n"}{end}'; }
web_on() { kc get pods -l app=web --no-headers -o wide 2>/dev/null | awk -v h="$1" '$3 == "Running" && $7 == h' | wc -l; }
budget_counts() { [ "$(kc get poddisruptionbudget web -o jsonpath='{.status.currentHealthy}')" = "$1" ]; }
web_is() { [ "$(web_on "$1")" = "$2" ]; }
# The control planes whose keepalived names HOST's address.
told_of() {
	local h
	for h in $2; do "$LAB" exec "$h" grep -qx " *$(address_of_lab "$1")" /etc/keepalived/keepalived.conf && printf '%s ' "$h"; done
}
address_of_lab() { "$LAB" inventory | sed -n "s/.*name: $1, address: \([0-9.]*\).*/\1/p"; }

unchanged() {
	apply again
	[ "$status" = 0 ] && grep -q 'nothing was changed' "$WORK/again.out" || show again 20
	is "$flavour: apply finds nothing to do afterwards" "$status $(grep -c 'nothing was changed' "$WORK/again.out")" "0 1"
}

# Nothing that a control plane has is left on a host that is none any more.
bare_of_control_plane() {
	"$LAB" exec "$1" sh -c 'ls -A /etc/kubernetes/manifests 2>/dev/null
		for p in /var/lib/etcd/member /etc/kubernetes/admin.conf /etc/kubernetes/super-admin.conf /etc/kubernetes/pki/ca.key /etc/kubernetes/pki/etcd /etc/keepalived/keepalived.conf \
			/etc/keepalived/kubewright-check; do [ ! -e $p ] || echo "$p"; done
		! systemctl is-active --quiet keepalived || echo "keepalived runs"
		! systemctl is-enabled --quiet keepalived || echo "keepalived is enabled"
		ss -ltn | grep -E ":(6443|2379|2380|10257|10259)\$" || true
		ip -o -4 addr show | grep " '"$VIP"'/" || true'
}

odd_to_begin_with() {
	sed -i '/name: cp3,/d' "$(YAML)"
	apply even
	is "$flavour: a new cluster of two control planes is refused" "$status" 3
	has "$flavour: with the sum" "$WORK/even.out" '^error: .*2 control planes: etcd needs 2 of 2 \(its quorum\), so 0 may fail'
	is "$flavour: and nothing is changed" "$("$LAB" exec cp1 sh -c 'command -v kubeadm')" ""
}

a_cluster_with_pods() {
	"$LAB" inventory --hosts cp1,cp2,cp3,w1,w2 >"$(YAML)"
	sed -i 's/^hosts:$/hosts:\n  # rack 4, upper half/; s/^\(  - {name: w1,.*\)$/\1 # on loan/; s/^\(  - {name: w2,.*\)$/  # stays\n\1/' "$(YAML)"
	apply first
	[ "$status" = 0 ] || show first
	is "$flavour: apply ends with 0 (${seconds} s)" "$status" 0
	# whole at once: a change would be a roll-out, and its old pods seem to be the new ones
	kc create deployment web --image="$image" --replicas=2 --dry-run=client -o json -- sleep 1000000 | jq '.spec.template.spec += {"terminationGracePeriodSeconds":0,
		"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"kubernetes.io/hostname","whenUnsatisfiable":"ScheduleAnyway","labelSelector":{"matchLabels":{"app":"web"}}}]}' |
		kc create -f - >/dev/null
	kc create poddisruptionbudget web --selector=app=web --min-available=2 >/dev/null
	kc run bare --image="$image" --restart=Never --overrides='{"spec":{"nodeName":"w1","terminationGracePeriodSeconds":0}}' --command -- sleep 1000000 >/dev/null
	ok "$flavour: a pod on each worker" until_ok 90 web_is w1 1
	ok "$flavour: the budget counts them" until_ok 90 budget_counts 2
}

a_worker_goes() {
	kw bare remove w1 -f "$(YAML)" --yes
	is "$flavour: a pod without a controller is not taken away" "$([ "$status" = 0 ] || echo refused)" refused
	has "$flavour: it is named" "$WORK/bare.out" 'w1 runs pods without a controller; they would be lost: default/bare'
	is "$flavour: w1 is not even cordoned" "$(kc get node w1 -o jsonpath='{.spec.unschedulable}')" ""
	kc delete pod bare --wait=true >/dev/null
	kw budget remove w1 -f "$(YAML)" --yes --drain-timeout 5
	show budget 8
	is "$flavour: what a PodDisruptionBudget forbids is not done" "$([ "$status" = 0 ] || echo refused)" refused
	has "$flavour: the pod is named, with the budget's words" "$WORK/budget.out" 'default/web-[^ ]* \(The disruption budget web needs 2 healthy pods and has 2 currently\)'
	is "$flavour: w1 is cordoned" "$(kc get node w1 -o jsonpath='{.spec.unschedulable}')" true
	is "$flavour: w1 is still in the inventory" "$(grep -c 'name: w1,' "$(YAML)")" 1
	kc patch poddisruptionbudget web --type merge -p '{"spec":{"minAvailable":1}}' >/dev/null
	kw out remove w1 -f "$(YAML)" --yes
	show out 20
	is "$flavour: remove w1 ends with 0 (${seconds} s)" "$status" 0
	ok "$flavour: its pod runs on w2" until_ok 60 web_is w2 2
	ok "$flavour: the Node is gone" nodes_are cp1 cp2 cp3 w2
	is "$flavour: nothing of Kubernetes is left on w1" "$("$LAB" exec w1 sh -c 'command -v kubelet kubeadm containerd; ls -d /etc/kubernetes /var/lib/kubelet 2>/dev/null')" ""
	has "$flavour: it says that the file changed" "$WORK/out.out" 'w1 was removed from the cluster and from .*kubewright.yaml'
	is "$flavour: the entry is out of the inventory" "$(grep -c w1 "$(YAML)")" 0
	is "$flavour: the comments of others are still there" "$(grep -c 'rack 4, upper half\|# stays' "$(YAML)")" 2
	kw twice remove w1 -f "$(YAML)" --yes
	is "$flavour: it cannot be removed twice" "$status" 2
	unchanged
}

a_control_plane_goes() {
	local pid
	"$KUBEWRIGHT" remove cp3 -f "$(YAML)" --yes >"$WORK/killed.out" 2>&1 &
	pid=$!
	ok "$flavour: the reset of cp3 begins" until_ok 120 running cp3 reset
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	is "$flavour: kubewright was killed; cp3 is still in the inventory" "$(grep -c 'name: cp3,' "$(YAML)")" 1
	kw cp3 remove cp3 -f "$(YAML)" --yes -o json
	tail -n 1 "$WORK/cp3.out" | jq -c . | sed 's/^/#   /'
	is "$flavour: remove cp3 again ends with 0 (${seconds} s)" "$status" 0
	is "$flavour: the summary says it" "$(tail -n 1 "$WORK/cp3.out" | jq -c '[.exit, (.hosts[] | select(.name == "cp3") | .state, .reset)]')" '[0,"removed",true]'
	is "$flavour: two voters" "$(voters cp1)" 2
	ok "$flavour: the Node is gone" nodes_are cp1 cp2 w2
	is "$flavour: nobody's keepalived names cp3" "$(told_of cp3 'cp1 cp2')" ""
	is "$flavour: nothing of Kubernetes or keepalived is left on cp3" \
		"$("$LAB" exec cp3 sh -c 'command -v kubelet kubeadm containerd keepalived; ls -d /etc/kubernetes /var/lib/etcd /var/lib/kubelet 2>/dev/null')" ""
	is "$flavour: the entry is out of the inventory" "$(grep -c cp3 "$(YAML)")" 0
	ok "$flavour: the virtual IP is held" until_ok 30 held
	unchanged
	has "$flavour: an even number is warned of, with the sum and its place" "$WORK/again.out" 'kubewright.yaml:[0-9]+:[0-9]+: warning: 2 control planes: etcd needs 2 of 2'
}

a_worker_becomes_a_control_plane() {
	kc delete deployment web >/dev/null
	change w2 'role: worker' 'role: control-plane'
	apply role
	is "$flavour: apply does not change roles" "$status" 3
	has "$flavour: it says what does" "$WORK/role.out" "'kubewright rejoin w2' removes it and joins it as a control plane"
	kw up rejoin w2 -f "$(YAML)" --yes
	[ "$status" = 0 ] || show up 30
	is "$flavour: w2 joins as a control plane (${seconds} s)" "$status" 0
	ok "$flavour: three voters" until_ok 30 voters_are cp1 3
	is "$flavour: its Node is a control plane's" "$(kc get node w2 -o json | jq -c '[(.metadata.labels | has("node-role.kubernetes.io/control-plane")), (.spec.taints // [] | map(.key) | index("node-role.kubernetes.io/control-plane") != null), .spec.unschedulable]')" '[true,true,null]'
	is "$flavour: the others' keepalived names it" "$(told_of w2 'cp1 cp2')" "cp1 cp2 "
	unchanged
}

another_machine() {
	local old new
	old=$(address_of cp2) new=${NETWORK}.31
	change cp2 "$old" "$new"
	change cp2 ', ssh: {sudo: "env:LAB_SUDO"}' ''
	apply address
	is "$flavour: apply does not exchange machines" "$status" 3
	has "$flavour: it says what does" "$WORK/address.out" "'kubewright rejoin cp2' removes the old one and joins the new one"
	kw early rejoin cp2 -f "$(YAML)" --yes --accept-new-host-keys
	is "$flavour: not while the old machine runs" "$([ "$status" = 0 ] || echo refused)" refused
	has "$flavour: it says so" "$WORK/early.out" "the old machine of cp2 still runs at $old"
	is "$flavour: and the members are as they were" "$(voters cp1)" 3
	"$LAB" kill cp2
	kw exchange rejoin cp2 -f "$(YAML)" --yes --accept-new-host-keys
	[ "$status" = 0 ] || show exchange 30
	is "$flavour: the new machine joins as cp2 (${seconds} s)" "$status" 0
	has "$flavour: the old one is warned of" "$WORK/exchange.out" "cp2 was at $old before: wipe that machine's disk before it boots again"
	ok "$flavour: three voters" until_ok 30 voters_are cp1 3
	is "$flavour: cp2 is at the new address" "$(kc get node cp2 -o jsonpath='{.status.addresses[?(@.type=="InternalIP")].address}')" "$new"
	ok "$flavour: three Ready nodes" until_ok 60 ready_is 3
	unchanged
}

a_control_plane_becomes_a_worker() {
	change w2 'role: control-plane' 'role: worker'
	kw down rejoin w2 -f "$(YAML)" --yes
	[ "$status" = 0 ] || show down 30
	is "$flavour: w2 joins as a worker (${seconds} s)" "$status" 0
	is "$flavour: two voters" "$(voters cp1)" 2
	is "$flavour: nothing of a control plane is left on it" "$(bare_of_control_plane w2)" ""
	is "$flavour: its Node is a worker's" "$(kc get node w2 -o json | jq -c '[(.metadata.labels | has("node-role.kubernetes.io/control-plane")), (.spec.taints // [] | length), .spec.unschedulable]')" '[false,0,null]'
	is "$flavour: nobody's keepalived names it" "$(told_of w2 cp1)" ""
	ok "$flavour: three Ready nodes" until_ok 60 ready_is 3
	unchanged
}

a_dead_worker_goes() {
	"$LAB" kill w2
	kw alive remove w2 -f "$(YAML)" --yes --connect-timeout 3
	is "$flavour: a host that has just gone is not taken for dead" "$([ "$status" = 0 ] || echo refused)" refused
	is "$flavour: and is still in the inventory" "$(grep -c 'name: w2,' "$(YAML)")" 1
	ok "$flavour: its Node is not Ready any more" until_ok 120 ready_is 2
	kw dead remove w2 -f "$(YAML)" --yes --connect-timeout 3
	show dead 20
	is "$flavour: a dead worker is removed (${seconds} s)" "$status" 0
	has "$flavour: it says that the host itself was not reset" "$WORK/dead.out" 'could not be reached and was not reset'
	ok "$flavour: the Node is gone" nodes_are cp1 cp2
	is "$flavour: the entry is out of the inventory" "$(grep -c w2 "$(YAML)")" 0
	unchanged
}

refused() {
	kw last remove cp1 cp2 -f "$(YAML)" --yes
	is "$flavour: the last control plane stays" "$status" 2
	has "$flavour: it says what takes a cluster away" "$WORK/last.out" "'kubewright reset' removes a whole cluster"
	kw unasked remove cp2 -f "$(YAML)" </dev/null
	is "$flavour: nothing without a word" "$status" 2
	kw unchosen remove cp2 -f "$(YAML)" --yes --hosts cp1
	is "$flavour: not one that --hosts leaves out" "$status" 2
	is "$flavour: two voters still" "$(voters cp1)" 2
}

for flavour in "$@"; do
	if ! flavour_present "$flavour"; then
		skip "$flavour: no Kubernetes release in $RELEASE"
		continue
	fi
	scenario "remove, $flavour"
	image=registry.k8s.io/lab/probe:1
	[ "$flavour" = release ] || image=k8s.gcr.io/lab/probe:1
	fresh "$flavour" --hosts cp1,cp2,cp3,w1,w2,s1
	"$LAB" inventory --hosts cp1,cp2,cp3 >"$(YAML)"
	# each part continues from what those before it left
	for part in ${E2E_PARTS:-odd_to_begin_with a_cluster_with_pods a_worker_goes a_control_plane_goes a_worker_becomes_a_control_plane another_machine \
		a_control_plane_becomes_a_worker a_dead_worker_goes refused}; do $part; done
	scenario_end
done
summary
