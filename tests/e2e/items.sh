#!/usr/bin/env bash
# What a host should be: drift of each kind is shown and mended, what leaves the inventory leaves the host and nothing else does, and reset leaves the host as it
# was found, also where the undo ledger was begun by an earlier version, which did not note whose wish a change was.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/system.sh
. "$(dirname "$0")/system.sh"

DROP_IN=/etc/containerd/conf.d/90-kubewright.toml
OURS='/etc/apt/sources.list.d/kubewright-containerd.list /etc/apt/keyrings/kubewright-containerd.gpg'
CONFIG='  config: |\n    version = 2\n    [metrics]\n      address = "127.0.0.1:1338"\n'
# containerd LINES…: the inventory with these of containerd; what the lab's says of it (its repository) is in $WORK/containerd
containerd() {
	{
		[ $# = 0 ] || { printf 'containerd:\n' && cat "$@"; }
		cat "$WORK/plain.yaml"
	} >"$WORK/kubewright.yaml"
}
with_config() { containerd "$WORK/containerd" "$WORK/version" "$WORK/config"; }
without_config() { containerd "$WORK/containerd" "$WORK/version"; }
# runtime_is HOST: the package that containerd is of there, and its version
runtime_is() { on "$1" dpkg-query -W -f '${Package} ${Version}\n' containerd containerd.io 2>/dev/null | awk 'NF == 2'; }
held() { on "$1" sh -c 'apt-mark showhold | tr "\n" " "'; }
started() { on "$1" systemctl show -p ActiveEnterTimestampMonotonic --value "$2"; }
files_of() { on "$1" sh -c 'find /etc -xdev -type f -exec sha256sum {} + | sort -k 2'; }

# drift NAME HOST BREAK PLAN TEST: what somebody changed is shown by plan and status, and mended by apply
drift() {
	on "$2" sh -c "$3"
	kw drift plan -f "$WORK/kubewright.yaml"
	has "$1: plan shows it" "$WORK/drift.out" "$4"
	apply mend
	is "$1: apply ends with 0 (${seconds} s)" "$status" 0 || show mend
	ok "$1: and it is mended" on "$2" sh -c "$5"
}

converged() {
	local before
	before=$(fingerprint cp1 w1)
	apply again
	is "$1: apply ends with 0 (${seconds} s)" "$status" 0 || show again
	is "$1: it changes nothing" "$(fingerprint cp1 w1 | diff - <(printf '%s\n' "$before") | head -n 5)" ""
}

# What counts only at birth: reported when it differs, and nothing is done about it.
birth() {
	kw birth plan -f "$WORK/kubewright.yaml"
	is "$flavour: the cluster is as the inventory says" "$(grep -c 'counts only when' "$WORK/birth.out")" 0
	kw birth plan -f "$WORK/kubewright.yaml" --set network.pods=10.245.0.0/16
	has "$flavour: another network.pods: plan says that it does not count" "$WORK/birth.out" 'network\.pods is 10\.244\.0\.0/16 in the living cluster and 10\.245\.0\.0/16 in the inventory'
	has "$flavour: and has nothing to do" "$WORK/birth.out" 'Nothing to do'
	kw birth plan -f "$WORK/kubewright.yaml" --set 'kubelet.config={clusterDomain: cluster.local, maxPods: 250}'
	has "$flavour: kubelet.config: plan compares value by value" "$WORK/birth.out" 'kubelet\.config\.maxPods is not set in the living cluster and 250 in the inventory'
	is "$flavour: and what is the same is not told" "$(grep -c 'counts only when' "$WORK/birth.out")" 1
}

config_leaves() {
	local before restarted
	files_of w1 >"$WORK/files"
	restarted=$(started w1 containerd)
	kubelet=$(started w1 kubelet)
	without_config
	# cp1 is as an earlier version left it
	on cp1 rm /var/lib/kubewright/ledger/marks
	kw leaves plan -f "$WORK/kubewright.yaml"
	has "$flavour: containerd.config is gone from the inventory: plan says so" "$WORK/leaves.out" "puts $DROP_IN back as it was before kubewright"
	apply leaves
	is "$flavour: apply ends with 0 (${seconds} s)" "$status" 0 || show leaves
	is "$flavour: w1 has all the files that it had, but for that one" "$(files_of w1 | diff "$WORK/files" - | grep '^[<>]' | awk '{ print $1, $3 }')" "< $DROP_IN"
	is "$flavour: cp1 has it no more either" "$(on cp1 sh -c "ls $DROP_IN 2>/dev/null; grep -c 90-kubewright /var/lib/kubewright/ledger/list")" 0
	ok "$flavour: containerd has taken that up" test "$(started w1 containerd)" != "$restarted"
	is "$flavour: the kubelet was left alone" "$(started w1 kubelet)" "$kubelet"
	converged "$flavour: without it"
}

# The version that a host could install, without its Debian part: of the lab's repository, or else of the system's.
runtime_version() {
	if [ -s "$WORK/containerd" ]; then
		sed -n 's/^Version: \([0-9.]*\).*/\1/p' "$STATE/repo/www/docker/dists/bookworm/stable/binary-amd64/Packages" | head -n 1
	else
		on w1 sh -c 'apt-get -q update >/dev/null 2>&1; apt-cache policy containerd' | sed -n 's/^ *Candidate: \([0-9.]*\).*/\1/p'
	fi
}

# The hold goes with the version; where the inventory named a repository, so do its source and its key.
repository_leaves() {
	local before gone='' runtime
	runtime=$(runtime_is w1)
	[ ! -s "$WORK/containerd" ] || gone=$OURS
	files_of w1 >"$WORK/files"
	before=$(started w1 containerd)
	containerd
	kw leaves plan -f "$WORK/kubewright.yaml"
	has "$flavour: containerd is gone from the inventory: plan says so" "$WORK/leaves.out" "no longer holds ${runtime% *}"
	apply leaves
	is "$flavour: apply ends with 0 (${seconds} s)" "$status" 0 || show leaves
	is "$flavour: w1 has all the files that it had, but for its source and key" "$(files_of w1 | diff "$WORK/files" - | sed -n 's/^[<>] [^ ]* *//p' | sort | tr '\n' ' ')" \
		"$(for f in $gone; do echo "$f"; done | sort | tr '\n' ' ' | sed 's/^ $//')"
	is "$flavour: cp1 has neither" "$(on cp1 sh -c "ls $OURS 2>/dev/null; grep -c kubewright-containerd /var/lib/kubewright/ledger/list")" 0
	is "$flavour: containerd is what it was, and is held no more" "$(runtime_is w1), $(held w1)" "$runtime, kubeadm kubectl kubelet "
	is "$flavour: and was left alone" "$(started w1 containerd)" "$before"
	converged "$flavour: without it"
	is "$flavour: two commands a host" "$(before=$(execs w1); apply count; echo $(($(execs w1) - before)))" 2
}

vip_leaves() {
	local cp1=$NETWORK.11
	cp1=$(sed -n 's/.*name: cp1, address: \([0-9.]*\).*/\1/p' "$WORK/plain.yaml")
	sed -i "s/^endpoint: .*/endpoint: {host: $cp1}/" "$WORK/plain.yaml"
	containerd
	for h in cp1 w1; do on "$h" sh -c "sed -i 's|$VIP|$cp1|' /etc/kubernetes/kubelet.conf; systemctl restart kubelet"; done
	apply early
	has "$flavour: the cluster does not know of its other endpoint yet: the virtual IP stays" "$WORK/early.out" "endpoint is still $VIP"
	is "$flavour: cp1 holds it" "$(on cp1 ip -o -4 addr show | grep -c " $VIP/")" 1
	kc -n kube-system get configmap kubeadm-config kube-proxy -o yaml | sed "s/$VIP/$cp1/" | kc replace -f - >/dev/null
	apply vip
	is "$flavour: endpoint.vip is gone from the inventory: apply ends with 0 (${seconds} s)" "$status" 0 || show vip
	is "$flavour: nobody holds the address" "$(on cp1 ip -o -4 addr show | grep -c " $VIP/")" 0
	is "$flavour: keepalived is stopped, its files are gone" "$(on cp1 sh -c 'systemctl is-active keepalived; ls /etc/keepalived/keepalived.conf /etc/keepalived/kubewright-check 2>/dev/null')" inactive
	ok "$flavour: two Ready nodes" until_ok 60 ready_is 2
	converged "$flavour: without the virtual IP"
}

for flavour in "$@"; do
	if ! flavour_present "$flavour"; then
		skip "$flavour: no Kubernetes release in $RELEASE"
		continue
	fi
	scenario "items, $flavour"
	fresh "$flavour" --hosts cp1,w1
	inventory
	sed -n '/^containerd:/,/^[^ ]/{/^ /p}' "$WORK/kubewright.yaml" >"$WORK/containerd"
	sed '/^containerd:/,/^[^ ]/{/^ /d;/^containerd:/d}' "$WORK/kubewright.yaml" >"$WORK/plain.yaml"
	version=$(runtime_version)
	printf '  version: %s\n' "$version" >"$WORK/version"
	printf '%b' "$CONFIG" >"$WORK/config"
	for h in cp1 w1; do system_of "$h" >"$WORK/$h.before"; done
	with_config
	apply first
	is "$flavour: apply ends with 0 (${seconds} s)" "$status" 0 || show first
	is "$flavour: containerd $version is installed" "$(runtime_is w1 | sed 's/^\([^ ]*\) \([0-9.]*\).*/\2/')" "$version"
	is "$flavour: and held" "$(held w1)" "$(runtime_is w1 | cut -d' ' -f1) kubeadm kubectl kubelet "
	is "$flavour: from the repository that is named, when one is" "$(on w1 sh -c "ls $OURS 2>/dev/null | wc -l")" "$([ -s "$WORK/containerd" ] && echo 2 || echo 0)"
	is "$flavour: the drop-in is there, for root alone" "$(on w1 stat -c '%a %u' $DROP_IN)" "600 0"
	has "$flavour: the ledger notes whose wish it was" <(on w1 cat /var/lib/kubewright/ledger/marks) "^file\|$DROP_IN\|runtime/containerd\|"
	converged "$flavour: the same again"
	is "$flavour: two commands a host" "$(before=$(execs w1); apply count; echo $(($(execs w1) - before)))" 2
	birth
	drift "$flavour: a setting" w1 'sysctl -qw net.ipv4.ip_forward=0' 'net\.ipv4\.ip_forward: 0 -> 1' '[ "$(sysctl -n net.ipv4.ip_forward)" = 1 ]'
	drift "$flavour: a file" w1 'echo "net.ipv4.ip_forward = 0" >/etc/sysctl.d/zz-kubewright.conf' '^ *\+net\.ipv4\.ip_forward = 1' 'grep -q "ip_forward = 1" /etc/sysctl.d/zz-kubewright.conf'
	drift "$flavour: a unit" cp1 'systemctl stop keepalived' 'keepalived: inactive -> active' 'systemctl is-active --quiet keepalived'
	drift "$flavour: a hold" w1 "apt-mark unhold $(runtime_is w1 | cut -d' ' -f1)" 'not held -> held' "apt-mark showhold | grep -q containerd"
	drift "$flavour: a package source" w1 'rm /etc/apt/sources.list.d/kubewright-kubernetes.list' '^ *\+deb \[signed-by=/etc/apt/keyrings/kubewright-kubernetes' 'grep -q ^deb /etc/apt/sources.list.d/kubewright-kubernetes.list'
	drift "$flavour: a drop-in" w1 "rm $DROP_IN" "$DROP_IN: is written again; not shown" "[ -f $DROP_IN ]"
	config_leaves
	repository_leaves
	vip_leaves
	kw reset reset -f "$WORK/kubewright.yaml" --yes
	is "$flavour: reset ends with 0 (${seconds} s)" "$status" 0 || show reset
	for h in cp1 w1; do compared "$h is as it was" "$h" 'nothing'; done
	scenario_end
done
summary
