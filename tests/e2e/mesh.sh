#!/usr/bin/env bash
# Hosts that ask each other, before anything is installed: four of this machine's kernel and a machine with one of its own, for its clock and its disk. First all is well; then a
# packet filter drops VXLAN one way, a path carries 1400 bytes one way, a clock is off and a disk is slow: each is found where it is, in its direction. No host keeps anything of it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

flannel() {
	cat >"$WORK/flannel.yaml" <<-'TEXT'
		apiVersion: v1
		kind: ConfigMap
		metadata: {name: kube-flannel-cfg, namespace: kube-flannel}
		data:
		  net-conf.json: |
		    {"Network": "10.244.0.0/16", "Backend": {"Type": "vxlan"}}
		---
		apiVersion: v1
		kind: Namespace
		metadata:
		  name: kube-flannel
	TEXT
}
address_of() { sed -n "s/.*name: $1, address: \([0-9.]*\).*/\1/p" "$WORK/kubewright.yaml"; }
# mesh NAME: as people and as programs see it
mesh() {
	kw "$1" check --mesh --set "network.cni=$WORK/flannel.yaml" --accept-new-host-keys -f "$WORK/kubewright.yaml"
	"$KUBEWRIGHT" check --mesh -o json --set "network.cni=$WORK/flannel.yaml" -f "$WORK/kubewright.yaml" >"$WORK/mesh.json" 2>"$WORK/mesh.err"
	json_status=$?
}
# Without what a busy machine does to the disk that all hosts but the emulated one share.
found() { jq -r --arg own "$slow" '[.findings[] | select(.name != "mesh-fsync" or .host == $own) | "\(.host) \(.name)"] | sort | join(", ")' "$WORK/mesh.json"; }
# failing: each direction that is not well, with its ports and its path
failing() {
	jq -r '[.directions[] | select(.state == "failed" or .state == "warning") | "\(.from)>\(.to) \([.ports[] | select(.state != "ok") | "\(.protocol)\(.port)"] | join("+"))"] | join(", ")' "$WORK/mesh.json"
}
direction() { jq -r ".directions[] | select(.from == \"$1\" and .to == \"$2\") | $3" "$WORK/mesh.json"; }
remedy() { jq -r ".findings[] | select(.name == \"$1\") | .remedy" "$WORK/mesh.json"; }
# what a host would keep: files that are new, processes, rules, sockets
left_on() { "$LAB" exec "$1" sh -c 'find / -xdev -newer /run/before -name "*kubewright-mesh*"; pgrep -a perl; ss -Hlntu | awk "{ print \$1, \$5 }" | sort'; }

# An emulated machine begins with whole seconds. By its own clock: until a word is there from outside, time passes.
clock_is_right() {
	local off
	mesh clock
	off=$(jq -r '.hosts[] | select(.name == "cp3") | ."clock-ahead-us"' "$WORK/mesh.json")
	[ "${off#-}" -ge 200000 ] || return 0
	"$LAB" exec cp3 sh -c "date -s \"@\$(date +%s.%N | awk '{ printf \"%.6f\", \$1 - ($off) / 1000000 }')\"" >/dev/null
	return 1
}

all_well() {
	local h
	[ -z "$machine" ] || ok "$flavour: the machine's clock is right" until_ok 300 clock_is_right
	for h in cp1 w1; do
		"$LAB" exec $h touch /run/before
		left_on $h >"$WORK/left-$h"
	done
	mesh well
	show well 60
	is "$flavour: all directions are well (${seconds} s)" "$status $json_status $(found)" "0 0 "
	is "$flavour: twenty directions" "$(jq '.directions | length' "$WORK/mesh.json")" 20
	is "$flavour: which pod network it is for" "$(jq -r '."pod-network"' "$WORK/mesh.json")" "flannel with VXLAN"
	is "$flavour: a disk of etcd's data was measured on control planes alone" "$(jq -r '[.hosts[] | select(.fsync.writes > 0) | .name] | join(" ")' "$WORK/mesh.json")" "cp1 cp2 cp3"
	is "$flavour: a path is as wide as its interface" "$(direction cp1 w2 '."path-mtu"')" "$("$LAB" exec cp1 cat /sys/class/net/eth0/mtu)"
	for h in cp1 w1; do
		ok "$flavour: nothing is left on $h" diff "$WORK/left-$h" <(left_on $h)
	done
	figure "check --mesh of five hosts: ${seconds} s"
}

spoil() {
	"$LAB" exec w2 iptables -I INPUT -s "$(address_of w1)" -p udp --dport 8472 -j DROP
	"$LAB" exec w2 iptables -I INPUT -s "$(address_of cp1)" -p udp -m length --length 1401:65535 -j DROP
	[ -z "$machine" ] || {
		slow=cp3
		"$LAB" exec cp3 date -s '+3 seconds' >/dev/null
		# of the emulator: each write waits for its turn
		printf '{"execute":"block_set_io_throttle","arguments":{"device":"disk","bps":0,"bps_rd":0,"bps_wr":0,"iops":0,"iops_rd":0,"iops_wr":50}}\n' >"$STATE/hosts/cp3/qmp"
	}
}

spoiled() {
	local more=''
	[ -z "$machine" ] || more='cp3 mesh-clock, cp3 mesh-fsync, '
	mesh spoiled
	show spoiled 90
	is "$flavour: it ends with 6" "$status $json_status" "6 6"
	is "$flavour: each is found, and nothing else" "$(found)" "cp1 mesh-path-mtu, ${more}w2 mesh-port-blocked"
	is "$flavour: VXLAN is dropped from w1 to w2, and not back; the path from cp1 to w2 is narrow" "$(failing)" "cp1>w2 , w1>w2 udp8472"
	is "$flavour: by 100 bytes, and not back" "$(direction cp1 w2 '."path-mtu"') $(direction w2 cp1 '."path-mtu"')" "1400 1500"
	remedy mesh-port-blocked >"$WORK/remedy"
	has "$flavour: the rule that opens it is shown" "$WORK/remedy" "iptables .*$(address_of w1).*8472"
	[ -z "$machine" ] || {
		ok "$flavour: the clock is three seconds ahead" jq -e '.hosts[] | select(.name == "cp3") | ."clock-ahead-us" > 2500000 and ."clock-ahead-us" < 3500000' "$WORK/mesh.json"
		ok "$flavour: the disk needs over 10 ms a write" jq -e '.hosts[] | select(.name == "cp3") | .fsync."p99-us" > 10000' "$WORK/mesh.json"
	}
}

# A first apply asks before it begins anything.
begun() {
	local h
	for h in cp1 cp2 cp3 w1 w2; do
		"$LAB" exec "$h" sh -c 'ls -d /var/lib/kubewright /etc/kubernetes /usr/bin/kubelet 2>/dev/null' | sed "s/^/$h /"
	done
}
refused() {
	kw refused apply --set "network.cni=$WORK/flannel.yaml" -f "$WORK/kubewright.yaml"
	show refused
	is "$flavour: apply is refused (${seconds} s)" "$status" 6
	has "$flavour: it says what does not get through" "$WORK/refused.out" 'mesh-port-blocked: UDP 8472 .* does not arrive here from w1'
	is "$flavour: nothing was begun on any host" "$(begun)" ""
}

# The rule of the remedy, as an operator types it.
remedied() {
	local rule
	rule=$(sed -n "s/.*'\(iptables [^']*\)'.*/\1/p" "$WORK/remedy")
	note "on w2: $rule"
	"$LAB" exec w2 sh -c "$rule"
	mesh remedied
	is "$flavour: with that rule it gets through" "$(direction w1 w2 .state)" ok
}

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "mesh, $flavour"
	machine='' slow=''
	fresh "$flavour" --hosts cp1,cp2,w1,w2
	if machines_possible; then
		"$LAB" up --flavour "$flavour" --machines cp3 --hardware memory=1024 && machine=yes || fail "$flavour: a machine comes up"
	else
		skip "$flavour: clock and disk of a machine: there can be none here (see 'tests/lab/lab doctor')"
		"$LAB" up --flavour "$flavour" --hosts cp3
	fi
	inventory
	flannel
	all_well
	spoil
	spoiled
	refused
	remedied
	scenario_end
done
summary
