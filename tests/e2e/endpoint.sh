#!/usr/bin/env bash
# The cluster moves to another virtual IP, and back, while a writer writes through the one of the kubeconfig; a worker that is away keeps the earlier one alive. Then to a load
# balancer at another port, and back.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

HOSTS='cp1 cp2 cp3 w1 w2'
# who holds an address
holders() { for h in cp1 cp2 cp3; do "$LAB" exec "$h" ip -o -4 addr show | grep -q " $1/32 " && printf '%s ' "$h"; done | sed 's/ $//'; }
holders_of() { [ "$(holders "$1" | wc -w)" = "$2" ]; }
# what of a host's kubeconfigs goes by an address: how many hosts have it
kubelets_by() { for h in $HOSTS; do "$LAB" exec "$h" grep -l "https://$1:6443" /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf 2>/dev/null; done | wc -l; }
# what the cluster says: kubeadm-config, cluster-info, kube-proxy
tells() {
	{
		kc -n kube-system get configmap kubeadm-config -o json | jq -r .data.ClusterConfiguration
		kc -n kube-public get configmap cluster-info -o json | jq -r .data.kubeconfig
		kc -n kube-system get configmap kube-proxy -o json | jq -r '.data["kubeconfig.conf"]'
	} | grep -c "$1:${2:-6443}"
}
proxies_are_whole() { kc -n kube-system get daemonset kube-proxy -o json | jq -e '.status | .updatedNumberScheduled == .desiredNumberScheduled and .numberAvailable == .desiredNumberScheduled' >/dev/null; }
# of the static Pods' manifests
manifests() { for h in cp1 cp2 cp3; do "$LAB" exec "$h" sh -c 'cat /etc/kubernetes/manifests/*.yaml'; done | sha256sum; }
# an address of its own on w1, and what leads from there to cp2: systemd's own forwarder
balancer() {
	"$LAB" exec w1 sh -c "ip addr add $1/24 dev eth0 && systemd-run -q --unit balancer --socket-property=ListenStream=$1:7443 --socket-property=FreeBind=yes \
		/lib/systemd/systemd-socket-proxyd $NETWORK.12:6443"
}
behind_balancer() {
	local host=$NETWORK.120
	ok "$flavour: a load balancer is there" balancer "$host"
	sed "s/^endpoint:.*/endpoint: {host: $host, port: 7443}/" "$WORK/lab.yaml" >"$WORK/kubewright.yaml"
	writes_begin
	apply balanced
	writes_end
	is "$flavour: behind a load balancer at another port (${seconds} s)" "$status" 0 || show balanced
	show balanced 30
	is "$flavour: nobody holds the virtual IP" "$(holders "$old")" ""
	is "$flavour: the cluster tells the balancer" "$(tells "$old") $(tells "$host" 7443)" "0 3"
	is "$flavour: the kubeconfig here goes by it" "$(kc config view -o 'jsonpath={.clusters[0].cluster.server}')" "https://$host:7443"
	ok "$flavour: five Nodes are Ready there" until_ok 60 ready_is 5
	figure "to a load balancer: ${seconds} s; $(writes_told)"
	is "$flavour: no acknowledged write is lost on the way there" "$(writes_lost)" 0
	apply balanced_again
	is "$flavour: nothing is left to do there" "$status $(grep -c 'nothing was changed' "$WORK/balanced_again.out")" "0 1" || show balanced_again
	to "$old"
	apply from_balancer
	is "$flavour: and back from it (${seconds} s)" "$status" 0 || show from_balancer
	is "$flavour: the virtual IP is held by one again" "$(holders "$old" | wc -w)" 1
	is "$flavour: the cluster tells it" "$(tells "$old") $(tells "$host" 7443)" "3 0"
	"$LAB" exec w1 systemctl stop balancer.socket balancer.service
	apply without
	is "$flavour: nobody needs the balancer any more" "$status $(grep -c 'nothing was changed' "$WORK/without.out")" "0 1" || show without
}
to() { sed "s/$old/$1/" "$WORK/lab.yaml" >"$WORK/kubewright.yaml"; }

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "another endpoint, $flavour"
	fresh "$flavour"
	inventory
	cp "$WORK/kubewright.yaml" "$WORK/lab.yaml"
	old=$(sed -n 's/.*vip: *\([0-9.]*\).*/\1/p' "$WORK/lab.yaml")
	new=${old%.*}.$((${old##*.} + 1))
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first
	born=$(manifests)

	to "$new"
	kw plan plan -f "$WORK/kubewright.yaml"
	has "$flavour: plan shows the move" "$WORK/plan.out" "gives the cluster the endpoint $new:6443 instead of $old:6443"
	"$LAB" kill w2
	writes_begin
	apply away
	writes_end
	is "$flavour: without w2 apply leaves something to do" "${status/4/8}" 8 || show away
	is "$flavour: the earlier address is held by one" "$(holders "$old" | wc -w)" 1
	is "$flavour: the new one, too" "$(holders "$new" | wc -w)" 1
	is "$flavour: no acknowledged write is lost" "$(writes_lost)" 0
	figure "without w2: ${seconds} s; $(writes_told)"
	has "$flavour: it names who is missing" "$WORK/away.out" "as w2 still goes by it"
	show away 40
	"$LAB" start w2
	writes_begin
	apply change
	writes_end
	is "$flavour: apply ends with 0 (${seconds} s)" "$status" 0
	show change 30
	is "$flavour: no component was restarted for another name" "$(manifests)" "$born"
	is "$flavour: nobody holds the earlier address" "$(holders "$old")" ""
	ok "$flavour: one holds the new one" until_ok 30 holders_of "$new" 1
	is "$flavour: no kubeconfig of a host goes by the earlier one" "$(kubelets_by "$old")" 0
	is "$flavour: nor does the cluster tell it" "$(tells "$old") $(tells "$new")" "0 3"
	ok "$flavour: kube-proxy is whole on all hosts" until_ok 120 proxies_are_whole
	is "$flavour: no acknowledged write is lost meanwhile" "$(writes_lost)" 0
	figure "another virtual IP: ${seconds} s; $(writes_told)"
	apply again
	is "$flavour: apply has nothing left to do" "$status $(grep -c 'nothing was changed' "$WORK/again.out")" "0 1" || show again

	to "$old"
	writes_begin
	apply back
	writes_end
	is "$flavour: and back (${seconds} s)" "$status" 0 || show back
	is "$flavour: the cluster tells the first one again" "$(tells "$old") $(tells "$new")" "3 0"
	is "$flavour: nobody holds the other" "$(holders "$new")" ""
	is "$flavour: no acknowledged write is lost on the way back" "$(writes_lost)" 0
	figure "back: ${seconds} s; $(writes_told)"
	apply settled
	is "$flavour: and nothing is left to do" "$status $(grep -c 'nothing was changed' "$WORK/settled.out")" "0 1" || show settled
	behind_balancer
	scenario_end
done
summary
