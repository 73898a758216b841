#!/usr/bin/env bash
# A lost control plane comes back: each of the three has its disk wiped in turn, the first one and the virtual IP's holder among them, while a counter is written
# through the virtual IP; what would lose etcd's quorum is refused.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# Counts up in a ConfigMap through the virtual IP until stopped; every acknowledged number and its time go to $WORK/written.
write_counter() {
	local n=0
	kc create configmap counter --from-literal=n=0 >/dev/null
	while [ ! -e "$WORK/stop" ]; do
		n=$((n + 1))
		if kc --request-timeout=2s patch configmap counter --type merge -p "{\"data\":{\"n\":\"$n\"}}" >/dev/null 2>&1; then
			printf '%s %s\n' "$(now_ms)" "$n" >>"$WORK/written"
		fi
	done
}
counter() { kc get configmap counter -o jsonpath='{.data.n}'; }
# The longest time between two acknowledged writes, in ms.
longest_gap() { awk 'NR > 1 && $1 - last > gap { gap = $1 - last } { last = $1 } END { print gap + 0 }' "$WORK/written"; }

held() { [ -n "$(vip_holder)" ]; }
other_than() { for h in cp1 cp2 cp3; do [ "$h" = "$1" ] || { echo $h; return; }; done; }

lost_and_back() {
	local lost=$1 stays
	stays=$(other_than "$lost")
	note "$lost loses its disk; $(vip_holder) holds $VIP"
	"$LAB" wipe "$lost" || fail "$flavour: $lost is wiped"
	"$LAB" start "$lost" || fail "$flavour: $lost comes up again"
	# its host key is a new one: the operator takes the old one out, as the message says
	sed -i "/^$(address_of "$lost") /d" "$XDG_STATE_HOME/kubewright/lab/known_hosts"
	apply reinstalled
	has "$flavour: apply does not guess what became of $lost" "$WORK/reinstalled.out" "kubewright rejoin $lost"
	kw rejoin rejoin "$lost" -f "$WORK/kubewright.yaml" --yes
	show rejoin 16
	is "$flavour: rejoin $lost ends with 0 (${seconds} s)" "$status" 0
	ok "$flavour: three voters again" until_ok 30 voters_are "$stays" 3
	ok "$flavour: four Ready nodes" until_ok 60 ready_is 4
	is "$flavour: kubeadm joined $lost once" "$(runs "$lost" join)" 1
}
address_of() { sed -n "s/.*name: $1, address: \([0-9.]*\).*/\1/p" "$WORK/kubewright.yaml"; }

each_in_turn() {
	local writer last holder
	fresh "$1" --hosts cp1,cp2,cp3,w1
	inventory
	apply first
	is "$1: apply ends with 0 (${seconds} s)" "$status" 0
	write_counter &
	writer=$!
	lost_and_back cp1
	ok "$1: the virtual IP is held" until_ok 30 held
	holder=$(vip_holder)
	lost_and_back "$holder"
	for h in cp2 cp3; do [ "$h" = "$holder" ] || lost_and_back $h; done
	touch "$WORK/stop"
	wait "$writer"
	last=$(tail -n 1 "$WORK/written" | cut -d' ' -f2)
	figure "$(wc -l <"$WORK/written") writes were acknowledged; the longest wait between two was $(longest_gap) ms"
	[ "$(counter)" -ge "$last" ] && pass "$1: no acknowledged write is lost" || fail "$1: no acknowledged write is lost: $(counter) of $last"
	apply again
	show again 12
	is "$1: apply finds nothing to do afterwards" "$status $(grep -c 'nothing was changed' "$WORK/again.out")" "0 1"
}

quorum_refused() {
	local before
	"$LAB" kill cp3
	before=$(voters cp1)
	kw refused rejoin cp2 -f "$WORK/kubewright.yaml" --yes
	show refused 12
	is "$1: rejoin of one of the two that hold the quorum is refused" "$([ "$status" = 0 ] || echo refused)" refused
	has "$1: with the sum" "$WORK/refused.out" "removing cp2 would lose etcd's quorum: of 2 voters 1 would be healthy, and 2 are needed"
	has "$1: what comes next is the same command" "$WORK/refused.out" "run 'kubewright rejoin' again"
	is "$1: and the members are as they were" "$(voters cp1)" "$before"
	is "$1: and no pod had to go for it" "$(kc get node cp2 -o jsonpath='{.spec.unschedulable}')" ""
	kw unreachable rejoin cp3 -f "$WORK/kubewright.yaml" --yes --connect-timeout 3
	has "$1: a host that cannot be reached is not taken for dead" "$WORK/unreachable.out" 'cp3 could not be looked at: its place in the cluster stays unchanged'
	is "$1: its member is still there" "$(voters cp1)" "$before"
	kw unknown rejoin cp9 -f "$WORK/kubewright.yaml" --yes
	is "$1: an unknown host is a wrong usage" "$status" 2
	kw unasked rejoin cp2 -f "$WORK/kubewright.yaml" </dev/null
	is "$1: nothing without a word" "$status" 2
}

for flavour in "$@"; do
	if ! flavour_present "$flavour"; then
		skip "$flavour: no Kubernetes release in $RELEASE"
		continue
	fi
	scenario "rejoin, $flavour"
	for part in ${E2E_PARTS:-each_in_turn quorum_refused}; do $part "$flavour"; done
	scenario_end
done
summary
