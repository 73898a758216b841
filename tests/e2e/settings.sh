#!/usr/bin/env bash
# Settings of a living cluster change, and change back, while a writer writes through the VIP; one that no kubelet, or no kube-proxy, starts with stops on the first host.
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

# with_proxy MEMBERS: the inventory with these in kubeproxy.config in the place of the lab's mode
with_proxy() { sed "s/^\(kubeproxy: {config: {\)mode: [a-z]*/\1$1/" "$WORK/lab.yaml" >"$WORK/kubewright.yaml"; }
# the mode that each kube-proxy reports at this port of its host, one line for all
proxies() {
	local host
	for host in cp1 cp2 cp3 w1 w2; do
		# workers have no curl
		"$LAB" exec "$host" timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1 && printf 'GET /proxyMode HTTP/1.0\\r\\n\\r\\n' >&3 && tail -n 1 <&3" 2>/dev/null || printf none
		echo
	done | sort | uniq -c | awk '{ print $1 "x" $2 }' | paste -sd' '
}
proxy_stored() { kc -n kube-system get configmap kube-proxy -o json | jq -r '.data."config.conf"' | grep -c "$1"; }
# the generation of its Pods' template
proxy_template() { kc -n kube-system get daemonset kube-proxy -o jsonpath='{.metadata.generation}'; }
proxy_pods() { kc -n kube-system get pods -l k8s-app=kube-proxy -o name | sort; }

# proxy MODE OTHER PORT MEMBERS: kubeproxy.config changed from the lab's, with MODE, to MEMBERS, with OTHER at PORT; refused on the first Node; and back
proxy() {
	local mode=$1 other=$2 port=$3 members=$4 template pods
	is "$flavour: every kube-proxy has the lab's mode" "$(proxies 10249)" "5x$mode"
	with_proxy "$members"
	kw plan plan -f "$WORK/kubewright.yaml"
	has "$flavour: plan shows the difference of kube-proxy" "$WORK/plan.out" 'gives kube-proxy other settings: '
	writes_begin
	apply proxy
	writes_end
	is "$flavour: apply of kubeproxy.config ends with 0 (${seconds} s)" "$status" 0
	show proxy 30
	is "$flavour: every kube-proxy has it" "$(proxies "$port")" "5x$other"
	is "$flavour: no acknowledged write is lost by that" "$(writes_lost)" 0
	figure "settings of five kube-proxies: ${seconds} s; $(writes_told)"
	template=$(proxy_template)
	apply proxy-again
	is "$flavour: apply has nothing left to do for kube-proxy" "$status $(grep -c 'nothing was changed' "$WORK/proxy-again.out")" "0 1" || show proxy-again
	is "$flavour: its template is the same" "$(proxy_template)" "$template"

	pods=$(proxy_pods)
	with_proxy "${members/mode: $other/mode: nonsense}"
	apply proxy-wrong
	is "$flavour: a mode that kube-proxy does not know leaves something to do" "${status/5/8}" 8 || show proxy-wrong
	has "$flavour: it says on which Node, and why" "$WORK/proxy-wrong.out" 'kube-proxy on [a-z0-9]+ does not start with the changed settings: .*nonsense'
	has "$flavour: and that it was put back" "$WORK/proxy-wrong.out" 'those of before are back'
	show proxy-wrong 30
	is "$flavour: every kube-proxy is as before" "$(proxies "$port")" "5x$other"
	is "$flavour: and its ConfigMap" "$(proxy_stored nonsense)" 0
	is "$flavour: one Pod alone was replaced" "$(comm -12 <(echo "$pods") <(proxy_pods) | wc -l)" 4

	cp "$WORK/lab.yaml" "$WORK/kubewright.yaml"
	apply proxy-back
	is "$flavour: apply with the lab's kubeproxy.config ends with 0" "$status" 0 || show proxy-back
	is "$flavour: every kube-proxy has the lab's mode again" "$(proxies 10249)" "5x$mode"
}

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

	# the older one knows no other mode that works here
	case $flavour in
	release) proxy nftables iptables 10249 'mode: iptables' ;;
	*) proxy iptables iptables 10349 'mode: iptables, metricsBindAddress: "127.0.0.1:10349"' ;;
	esac
	scenario_end
done
summary
