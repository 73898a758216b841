#!/usr/bin/env bash
# Faults of a living cluster, one at a time: each is found by its name, mended by repair, and the mending verified by a look of this script's own.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/screen.sh
. "$(dirname "$0")/screen.sh"
trap terminal_end EXIT

cases=0
table=

on() {
	local host=$1
	shift
	"$LAB" exec "$host" sh -c "$*"
}
check() {
	"$KUBEWRIGHT" repair --check -o json -f "$WORK/kubewright.yaml" >"$WORK/check.json" 2>"$WORK/check.err"
	status=$?
}
# The names of what repair finds on a host.
found_on() { jq -r --arg h "$1" '.findings[] | select(.host == $h) | .name' "$WORK/check.json"; }
finds() { check; found_on "$1" | grep -x -- "$2" >/dev/null; }
healthy() { check && [ "$(jq '.findings | length' "$WORK/check.json")" = 0 ]; }

# fault WHAT HOST FINDING INJECT PROBE: INJECT and PROBE are shell text run as root on HOST; "local …" runs here instead
fault() {
	local what=$1 host=$2 finding=$3 inject=$4 probe=$5 begin
	[ -z "${ONLY:-}" ] || [[ $what =~ $ONLY ]] || return 0
	cases=$((cases + 1))
	if ! does "$host" "$inject"; then
		fail "$flavour: $what: the fault is made on $host"
		return
	fi
	if ! until_ok 90 finds "$host" "$finding"; then
		fail "$flavour: $what: found as $finding"
		jq -r '.findings[] | "#   \(.host) \(.name): \(.what)"' "$WORK/check.json"
		return
	fi
	begin=$(now_ms)
	kw mended repair --yes -f "$WORK/kubewright.yaml"
	if [ "$status" != 0 ]; then
		fail "$flavour: $what: repair ends with 0" || show mended 40
		return
	fi
	if ! until_ok 60 does "$host" "$probe"; then
		fail "$flavour: $what: mended, as seen from outside ($probe)" || show mended 40
		return
	fi
	pass "$flavour: $what ($finding on $host) is found and mended"
	table="$table$(printf '%-44s %-5s %-24s %6.1f s' "$what" "$host" "$finding" "$(($(now_ms) - begin))e-3")
"
}
does() {
	case $2 in
	"local "*) ${2#local } >/dev/null 2>&1 ;;
	*) on "$1" "$2" >/dev/null 2>&1 ;;
	esac
}

# ---- looks of our own ----------------------------------------------------------------------------------------------------------------

etcd() {
	on "$1" "curl -s --max-time 5 --cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/healthcheck-client.crt \
		--key /etc/kubernetes/pki/etcd/healthcheck-client.key -X POST -d '$3' https://127.0.0.1:2379/v3/$2"
}
member_count() { [ "$(etcd cp1 cluster/member/list '{}' | jq '.members | length')" = "$1" ]; }
add_member() { etcd cp1 cluster/member/add "{\"peerURLs\": [\"https://$1:2380\"]${2:-}}" | jq -e .member; }
add_learner() { add_member "$NETWORK.98" ', "isLearner": true'; }
node_there() { kc get node "$1" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}' | grep -x True; }
control_plane_marked() {
	kc get node "$1" -o jsonpath='{.metadata.labels}' | grep -q node-role.kubernetes.io/control-plane && kc get node "$1" -o jsonpath='{.spec.taints}' | grep -q NoSchedule
}
node_back() { node_there "$1" && control_plane_marked "$1"; }
vip_once() {
	local h n=0
	for h in cp1 cp2 cp3; do on $h "ip -o -4 addr show | grep -F ' $VIP/'" >/dev/null && n=$((n + 1)); done
	[ $n = 1 ]
}
vip_add() { on "$1" "ip addr add $VIP/32 dev eth0"; }
vip_drop_all() { for h in cp1 cp2 cp3; do on $h "systemctl stop keepalived" || return; done; }
api_of() { on "$1" "curl -s --cacert /etc/kubernetes/pki/ca.crt https://127.0.0.1:6443/readyz" | grep -x ok; }
not_holder() { [ "$(vip_holder)" = cp3 ] && echo cp2 || echo cp3; }

PKI=/etc/kubernetes/pki
MANIFESTS=/etc/kubernetes/manifests
READY='curl -s --cacert /etc/kubernetes/pki/ca.crt https://127.0.0.1:6443/readyz | grep -x ok'
up() { echo "ss -Hltn | grep -q ':$1 '"; }
same_key() { echo "[ \"\$(openssl x509 -in $1.crt -noout -pubkey | sha256sum)\" = \"\$(openssl pkey -in $1.key -pubout | sha256sum)\" ]"; }

units() {
	fault "kubelet stopped" w1 kubelet-down "systemctl stop kubelet" "systemctl is-active kubelet"
	fault "kubelet disabled" w1 unit-not-enabled "systemctl disable kubelet" "systemctl is-enabled kubelet"
	fault "kubelet masked and stopped" cp2 kubelet-down "systemctl mask --now kubelet" "systemctl is-active kubelet && systemctl is-enabled kubelet"
	fault "containerd stopped" w1 containerd-down "systemctl stop containerd" "systemctl is-active containerd && ctr version"
	fault "containerd masked" cp3 containerd-down "systemctl mask --now containerd" "systemctl is-active containerd && ctr version"
	fault "containerd disabled" w1 unit-not-enabled "systemctl disable containerd" "systemctl is-enabled containerd"
	fault "containerd's configuration broken" w1 containerd-down "echo '[[[' >>/etc/containerd/config.toml; systemctl restart containerd; :" "systemctl is-active containerd && ctr version"
	fault "containerd's configuration broken, and a boot" w1 kubelet-down "echo '[[[' >>/etc/containerd/config.toml; systemctl restart containerd; systemctl restart kubelet; systemctl stop kubelet; :" \
		"systemctl is-active containerd kubelet && ctr version"
	fault "keepalived stopped" cp1 keepalived-down "systemctl stop keepalived" "systemctl is-active keepalived"
	fault "keepalived disabled" cp2 unit-not-enabled "systemctl disable keepalived" "systemctl is-enabled keepalived"
	fault "keepalived on no host" cp1 keepalived-down "local vip_drop_all" "systemctl is-active keepalived"
}

kubelet_files() {
	fault "kubelet's config.yaml lost" w1 kubelet-config-lost "rm /var/lib/kubelet/config.yaml; systemctl restart kubelet; :" "systemctl is-active kubelet && grep -q KubeletConfiguration /var/lib/kubelet/config.yaml"
	fault "kubelet's config.yaml corrupt" cp2 kubelet-config-lost "echo '{' >/var/lib/kubelet/config.yaml" "grep -q KubeletConfiguration /var/lib/kubelet/config.yaml"
	fault "kubelet's flags lost" w1 kubelet-config-lost "rm /var/lib/kubelet/kubeadm-flags.env" "grep -q node-ip /var/lib/kubelet/kubeadm-flags.env"
	fault "kubelet.conf lost" w1 kubelet-conf-lost "rm /etc/kubernetes/kubelet.conf; systemctl restart kubelet; :" "systemctl is-active kubelet && test -s /etc/kubernetes/kubelet.conf"
	fault "kubelet's certificate lost" cp2 kubelet-conf-lost "rm /var/lib/kubelet/pki/kubelet-client-*; systemctl restart kubelet; :" "systemctl is-active kubelet"
	fault "kubelet.conf lost on a control plane" cp3 kubelet-conf-lost "rm /etc/kubernetes/kubelet.conf" "systemctl is-active kubelet && test -s /etc/kubernetes/kubelet.conf"
}

manifests() {
	fault "etcd's manifest lost" cp3 manifest-lost "rm $MANIFESTS/etcd.yaml" "$(up 2379) && $READY"
	fault "kube-apiserver's manifest lost" cp1 manifest-lost "rm $MANIFESTS/kube-apiserver.yaml" "$(up 6443) && $READY"
	fault "kube-controller-manager's manifest lost" cp2 manifest-lost "rm $MANIFESTS/kube-controller-manager.yaml" "$(up 10257)"
	fault "kube-scheduler's manifest lost" cp2 manifest-lost "rm $MANIFESTS/kube-scheduler.yaml" "$(up 10259)"
	fault "kube-apiserver's manifest corrupt" cp3 manifest-broken "echo nonsense >$MANIFESTS/kube-apiserver.yaml" "$(up 6443) && $READY"
	fault "etcd's manifest corrupt" cp1 manifest-broken "head -c 100 $MANIFESTS/etcd.yaml >/root/cut && cp /root/cut $MANIFESTS/etcd.yaml" "$(up 2379) && $READY"
	fault "kube-apiserver crash-looping by a wrong flag" cp2 static-pod-down "sed -i 's/- kube-apiserver\$/&\n    - --no-such-flag=1/' $MANIFESTS/kube-apiserver.yaml" "! grep -q no-such-flag $MANIFESTS/kube-apiserver.yaml && $READY"
	fault "kube-scheduler crash-looping by a wrong flag" cp1 static-pod-down "sed -i 's/- kube-scheduler\$/&\n    - --no-such-flag=1/' $MANIFESTS/kube-scheduler.yaml" "$(up 10259)"
}

pki() {
	fault "apiserver.crt lost" cp1 certificate-lost "rm $PKI/apiserver.crt" "openssl verify -CAfile $PKI/ca.crt $PKI/apiserver.crt && $READY"
	fault "apiserver.key lost" cp2 certificate-lost "rm $PKI/apiserver.key" "$(same_key $PKI/apiserver) && $READY"
	fault "etcd/peer.crt corrupt" cp3 certificate-wrong "echo junk >$PKI/etcd/peer.crt" "openssl verify -CAfile $PKI/etcd/ca.crt $PKI/etcd/peer.crt && $READY"
	fault "etcd/server.crt of another host" cp1 certificate-wrong "local foreign_certificate" "openssl x509 -in $PKI/etcd/server.crt -noout -ext subjectAltName | grep -q 'IP Address:$NETWORK.11' && $READY"
	fault "apiserver.crt expired" cp3 certificate-expired "local expired_certificate" "openssl x509 -in $PKI/apiserver.crt -noout -checkend 86400 && $READY"
	fault "apiserver.crt about to end" cp2 certificate-expiring "local ending_certificate" "openssl x509 -in $PKI/apiserver.crt -noout -checkend 8640000 && $READY"
	fault "another key beside apiserver-etcd-client.crt" cp2 key-mismatch "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $PKI/apiserver-etcd-client.key" "$(same_key $PKI/apiserver-etcd-client) && $READY"
	fault "sa.key differs" cp3 pki-differs "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $PKI/sa.key" "local same_everywhere $PKI/sa.key"
	fault "the cluster's CA differs" cp2 pki-differs "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=other -days 9 -keyout $PKI/ca.key -out $PKI/ca.crt" "local same_everywhere $PKI/ca.crt"
	fault "admin.conf lost" cp1 certificate-lost "rm /etc/kubernetes/admin.conf" "kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes"
	fault "scheduler.conf corrupt" cp1 certificate-wrong "echo junk >/etc/kubernetes/scheduler.conf" "grep -q client-certificate-data /etc/kubernetes/scheduler.conf"
	fault "controller-manager.conf lost" cp3 certificate-lost "rm /etc/kubernetes/controller-manager.conf" "grep -q client-certificate-data /etc/kubernetes/controller-manager.conf && $(up 10257)"
}
foreign_certificate() { on cp2 "cat $PKI/etcd/server.crt" | "$LAB" exec cp1 sh -c "cat >$PKI/etcd/server.crt"; }
# signed HOST DAYS: apiserver.crt again with the same key and names, by the cluster's own CA, valid for so long from now; its digest noted as kubewright would have
signed() {
	on "$1" "cd $PKI && openssl req -new -key apiserver.key -subj /CN=kube-apiserver -out /root/csr &&
		printf 'extendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\nsubjectAltName=%s\n' \"\$(openssl x509 -in apiserver.crt -noout -ext subjectAltName | sed -n 's/IP Address/IP/g; s/^ *//; 2p')\" >/root/ext &&
		openssl x509 -req -in /root/csr -CA ca.crt -CAkey ca.key -CAserial /root/serial -CAcreateserial -extfile /root/ext -days $2 -out apiserver.crt"
}
expired_certificate() { signed cp3 -1; }
ending_certificate() { signed cp2 9; }
same_everywhere() { [ "$(for h in cp1 cp2 cp3; do on $h "sha256sum <$1"; done | sort -u | wc -l)" = 1 ]; }

cluster_wide() {
	fault "a worker's Node deleted" w1 node-missing "local kc delete node w1" "local node_there w1"
	fault "a control plane's Node deleted" cp2 node-missing "local kc delete node cp2" "local node_back cp2"
	fault "an etcd member of no host" "$(lead)" member-stale "local add_member $NETWORK.99" "local member_count 3"
	fault "an etcd learner of no host" "$(lead)" member-stale "local add_learner" "local member_count 3"
	fault "the virtual IP on two hosts" "$(not_holder)" vip-held-twice "local vip_add $(not_holder)" "local vip_once"
}
# The control plane that kubewright asks: what is about the cluster as a whole is reported there.
lead() { "$KUBEWRIGHT" status -f "$WORK/kubewright.yaml" | sed -n 's/.*asked through \(.*\))/\1/p'; }

# trouble WHAT HOST FINDING INJECT UNDO: found by its name, reported by status with these words, and gone once it is undone; repair has nothing to do about it.
trouble() {
	local what=$1 host=$2 finding=$3 words=$4 inject=$5 undo=$6
	[ -z "${ONLY:-}" ] || [[ $what =~ $ONLY ]] || return 0
	cases=$((cases + 1))
	does "$host" "$inject" || fail "$flavour: $what: the fault is made on $host"
	if ! until_ok 180 finds "$host" "$finding"; then
		fail "$flavour: $what: found as $finding"
		jq -r '.findings[] | "#   \(.host) \(.name): \(.what)"' "$WORK/check.json"
	else
		is "$flavour: $what: repair --check ends with" "$status" 8
		kw told status -f "$WORK/kubewright.yaml"
		is "$flavour: $what: status ends with" "$status" 8
		has "$flavour: $what: and names it" "$WORK/told.out" "$words"
	fi
	does "$host" "$undo" || fail "$flavour: $what: the fault is taken back"
	ok "$flavour: $what: nothing is left of it" until_ok 180 healthy
}
# What a Node, its kubelet and the Pods of kube-system say, and the way between them.
workloads() {
	fault "a worker's client certificate expired" w1 certificate-expired "local expired_kubelet" \
		"openssl x509 -in /var/lib/kubelet/pki/kubelet-client-current.pem -noout -checkend 86400 && systemctl is-active kubelet"
	fault "the kubelet's serving certificate expired" w1 certificate-expired \
		"cd /var/lib/kubelet/pki && openssl x509 -in kubelet.crt -signkey kubelet.key -days -1 -out /root/c && cp /root/c kubelet.crt" \
		"openssl x509 -in /var/lib/kubelet/pki/kubelet.crt -noout -checkend 86400"
	fault "the network of others comes first" w1 cni-leftover "local old_network" "test ! -e /etc/cni/net.d/00-old.conf && test -s /var/lib/kubewright/ledger/files/%etc%cni%net.d%00-old.conf"
	trouble "the kubelet's port dropped" w1 kubelet-unreachable 'kubelet-unreachable: .*port 10250' \
		"iptables -I INPUT -p tcp --dport 10250 -j DROP" "iptables -D INPUT -p tcp --dport 10250 -j DROP"
	trouble "a disk too full for the kubelet" w1 disk-pressure 'Ready,DiskPressure' \
		"cp /var/lib/kubelet/config.yaml /root/config; sed -i '/^evictionHard/,/^[^ ]/{/^evictionHard/d;/^ /d}' /var/lib/kubelet/config.yaml; printf 'evictionHard:\\n  nodefs.available: \"99%%\"\\nevictionPressureTransitionPeriod: 5s\\n' >>/var/lib/kubelet/config.yaml; systemctl restart kubelet" \
		"cp /root/config /var/lib/kubelet/config.yaml; systemctl restart kubelet"
	trouble "a resolv.conf that leads nowhere" w1 pod-not-ready 'resolv.conf' "local unresolved" \
		"rm /etc/resolv.conf; cp /root/resolv /etc/resolv.conf; systemctl restart kubelet"
}
# A client certificate of w1 that has ended, by the cluster's own CA.
expired_kubelet() {
	on cp1 "cd /root && openssl ecparam -genkey -name prime256v1 -out k && openssl req -new -key k -subj /O=system:nodes/CN=system:node:w1 -out csr &&
		echo extendedKeyUsage=clientAuth >ext && openssl x509 -req -in csr -CA $PKI/ca.crt -CAkey $PKI/ca.key -CAserial s -CAcreateserial -extfile ext -days -1 -out c && cat c k" >"$WORK/ended.pem" &&
		"$LAB" exec w1 sh -c "cat >/var/lib/kubelet/pki/ended.pem && ln -sf ended.pem /var/lib/kubelet/pki/kubelet-client-current.pem && systemctl restart kubelet" <"$WORK/ended.pem"
}
# The sandbox of kube-proxy ends, and cannot be made again.
unresolved() {
	on w1 'cp -L /etc/resolv.conf /root/resolv && ln -sf /run/nowhere /etc/resolv.conf && ctr -n k8s.io tasks kill -s KILL $(ctr -n k8s.io containers ls -q \
		"labels.\"io.cri-containerd.kind\"==sandbox,labels.\"io.kubernetes.pod.name\"~=kube-proxy")'
}
# As it was before the join: older than the ledger, and in its list.
old_network() {
	on w1 "echo '{\"cniVersion\":\"0.3.1\",\"name\":\"old\",\"type\":\"bridge\",\"bridge\":\"old0\",\"ipam\":{\"type\":\"host-local\",\"subnet\":\"10.99.0.0/24\"}}' >/etc/cni/net.d/00-old.conf &&
		touch -d '2020-01-01' /etc/cni/net.d/00-old.conf && echo /etc/cni/net.d/00-old.conf >>/var/lib/kubewright/ledger/trees"
}

settings() {
	fault "ip_forward off" w1 ip-forward-off "sysctl -w net.ipv4.ip_forward=0" "[ \$(sysctl -n net.ipv4.ip_forward) = 1 ]"
	fault "the sysctl file changed" w1 drift "echo net.ipv4.ip_forward=0 >/etc/sysctl.d/zz-kubewright.conf" "grep -q 'ip_forward = 1' /etc/sysctl.d/zz-kubewright.conf"
	fault "keepalived.conf changed" cp2 drift "echo '# x' >>/etc/keepalived/keepalived.conf" "! grep -q '# x' /etc/keepalived/keepalived.conf"
	fault "containerd's config.toml changed" w1 drift "echo '# x' >>/etc/containerd/config.toml" "! grep -q '# x' /etc/containerd/config.toml"
	fault "the Node's name resolves to nothing" w1 drift "sed -i '/kubewright/d' /etc/hosts" "getent ahostsv4 w1 | grep -q $NETWORK.21"
	fault "packages not held" w1 drift "apt-mark unhold kubelet" "apt-mark showhold | grep -x kubelet"
	fault "kubectl removed" w1 drift "apt-get -y --allow-change-held-packages remove kubectl" "kubectl version --client"
	fault "a half-done join" w1 half-done "echo 1 >/var/lib/kubewright/jobs/join/status" "[ \$(cat /var/lib/kubewright/jobs/join/status) = 0 ] && systemctl is-active kubelet"
}

# All API servers are gone at once: nobody can be asked, and the hosts still answer.
no_api() {
	cases=$((cases + 1))
	for h in cp1 cp2 cp3; do on $h "rm $MANIFESTS/kube-apiserver.yaml $MANIFESTS/etcd.yaml"; done
	until_ok 60 no_server
	kw down status -f "$WORK/kubewright.yaml"
	show down 30
	has "$flavour: status says that no API server answers" "$WORK/down.out" 'no API server answers'
	kw mended repair --yes -f "$WORK/kubewright.yaml"
	[ "$status" = 0 ] || show mended 60
	is "$flavour: repair brings a cluster back of which every API server and etcd is gone (${seconds} s)" "$status" 0
	is "$flavour: three voters again" "$(voters cp1)" 3
}
no_server() { ! api_of cp1 && ! api_of cp2 && ! api_of cp3; }

# Somebody at a terminal: looks, repairs and looks again with one answer.
asked_once() {
	on w1 "systemctl stop kubelet"
	terminal 100 60 "$KUBEWRIGHT" repair -f "$WORK/kubewright.yaml" --set ssh.sudo=ask
	sees 20 'sudo password of'
	line "$LAB_SUDO"
	sees 60 'Do it\?'
	line yes
	sees 120 'nothing is broken now'
	screen | sed 's/^/#   |/'
	is "$flavour: repair asks once for a secret" "$(screen | grep -c 'sudo password of')" 1
	is "$flavour: which is not shown" "$(screen | grep -c "$LAB_SUDO")" 0
	terminal_end
}

# A machine that has nothing of the first but the inventory and the login; and one with another cluster's keys.
second_machine() {
	local first=$XDG_STATE_HOME other=$WORK/second
	export XDG_STATE_HOME=$other
	kw second status -f "$WORK/kubewright.yaml" --accept-new-host-keys
	is "$flavour: status from a second machine" "$status" 0
	has "$flavour: and says that it copied the CAs" "$WORK/second.out" "copied the cluster's CAs and their keys from cp[1-3] to"
	ok "$flavour: it has taken the CAs from a control plane" test -s "$other/kubewright/lab/pki/ca.key"
	on w1 "systemctl stop kubelet"
	kw second repair --yes -f "$WORK/kubewright.yaml"
	[ "$status" = 0 ] || show second
	is "$flavour: repair from a second machine" "$status $(on w1 systemctl is-active kubelet)" "0 active"
	rejoin_from_nowhere
	export XDG_STATE_HOME=$WORK/third
	mkdir -p "$XDG_STATE_HOME/kubewright"
	wrong_store
	kw third repair --yes -f "$WORK/kubewright.yaml" --accept-new-host-keys
	show third 12
	[ "$status" != 0 ] && pass "$flavour: with another cluster's keys repair refuses (exit $status)" || fail "$flavour: with another cluster's keys repair refuses"
	has "$flavour: and says why" "$WORK/third.out" "cluster CA is not the one in"
	export XDG_STATE_HOME=$first
}
# A control plane whose disk is lost, from a machine that has never seen the cluster: the survivors have its keys.
rejoin_from_nowhere() {
	export XDG_STATE_HOME=$WORK/nowhere
	"$LAB" wipe cp3 && "$LAB" start cp3 || fail "$flavour: cp3 comes up with an empty disk"
	kw nowhere rejoin cp3 --yes -f "$WORK/kubewright.yaml" --accept-new-host-keys
	[ "$status" = 0 ] || show nowhere
	is "$flavour: rejoin from a machine that has never seen the cluster (${seconds} s)" "$status" 0
	is "$flavour: three voters after it" "$(voters cp1)" 3
	# its host key is a new one; the first machine still has the old one
	cp "$WORK/nowhere/kubewright/lab/known_hosts" "$first/kubewright/lab/known_hosts"
}
# The keys of a cluster that was never made.
wrong_store() {
	local dir=$XDG_STATE_HOME/kubewright/lab/pki n
	mkdir -p "$dir/etcd"
	cp -r "$WORK/second/kubewright/lab/pki/." "$dir/"
	for n in ca etcd/ca front-proxy-ca; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=other" -days 9 -keyout "$dir/$n.key" -out "$dir/$n.crt" 2>/dev/null
		chmod 600 "$dir/$n.key"
	done
}

for flavour in "$@"; do
	if ! flavour_present "$flavour"; then
		skip "$flavour: no Kubernetes release in $RELEASE"
		continue
	fi
	scenario "repair, $flavour"
	fresh "$flavour" --hosts cp1,cp2,cp3,w1
	inventory
	apply first
	is "$flavour: apply ends with 0 (${seconds} s)" "$status" 0
	ok "$flavour: a healthy cluster has no finding" until_ok 30 healthy
	for part in ${E2E_PARTS:-units kubelet_files manifests pki cluster_wide workloads settings no_api asked_once second_machine}; do $part; done
	ok "$flavour: nothing is left at the end" until_ok 60 healthy
	until_ok 60 ready_is 4
	is "$flavour: four Ready nodes, three voters" "$(ready_nodes) $(voters cp1)" "4 3"
	printf '%s' "$table" | sed 's/^/#   /'
	figure "$flavour: $cases faults, one at a time"
	scenario_end
done
summary
