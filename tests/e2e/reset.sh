#!/usr/bin/env bash
# Reset leaves nothing behind and takes nothing along: whole systems with rules, routes, packages and files of their owner are compared before and after, and a
# session that was open stays open. A reset that cuts the operator off is taken back by the host itself; hosts that are another's are refused.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/system.sh
. "$(dirname "$0")/system.sh"

armed() { on "$1" systemctl is-active --quiet kubewright-deadman.timer; }

# ---- what is the owner's --------------------------------------------------------------------------------------------------------

# What may be on w1 then: what is its owner's, and packages that the owner's needs.
w1_more='foreign|198\.51\.100\.7 |package ii +(nftables|libnftables1|libjansson4|cri-tools) |unit-file nftables'
# owners_package HOST NAME DEPENDS: a package of the owner's, installed
owners_package() {
	on "$1" sh -c 'd=$(mktemp -d) && mkdir -p $d/p/DEBIAN $d/p/usr/share/foreign && echo "$1" >$d/p/usr/share/foreign/$1 &&
		printf "Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: owner <owner@localhost>\nDescription: of the owner\nDepends: %s\n" "$1" "$2" >$d/p/DEBIAN/control &&
		dpkg-deb -b $d/p $d/p.deb >/dev/null && dpkg -i $d/p.deb >/dev/null 2>&1; s=$?; rm -rf $d; exit $s' sh "$2" "$3"
}
owner_before() {
	local h
	# one host has an nft of its own; the other gets one with Kubernetes, and loses it again
	on cp1 sh -c 'apt-get -qq update && apt-get -qq install -y --no-install-recommends nftables' >/dev/null 2>&1 || fail "$flavour: nftables on cp1"
	for h in cp1 w1; do
		nft_of "$h" 'add table inet foreign; add chain inet foreign in { type filter hook input priority 10; policy accept; }
			add set inet foreign bad { type ipv4_addr; elements = { 192.0.2.66 } }; add rule inet foreign in ip saddr @bad drop'
		on "$h" sh -c 'iptables -A INPUT -p tcp --dport 12346 -m comment --comment "no -j KUBE-FIREWALL of theirs" -j DROP
			iptables -t nat -A POSTROUTING -s 192.0.2.0/24 -d 198.51.100.0/24 -j MASQUERADE
			iptables -N MINE && iptables -A FORWARD -s 192.0.2.0/24 -j MINE && ip6tables -A INPUT -p tcp --dport 12346 -j REJECT
			ip route add 198.51.100.0/24 via '"$NETWORK.1"' && ip route add 203.0.113.0/24 dev eth0 table 100 && ip rule add from 192.0.2.7 lookup 100
			mkdir -p /etc/containerd/certs.d/mine.example /etc/cni/net.d /etc/sysctl.d /opt/cni/bin
			echo server >/etc/containerd/certs.d/mine.example/hosts.toml && echo "# mine" >/etc/sysctl.d/10-mine.conf
			echo "{}" >/etc/cni/net.d/87-mine.conflist.disabled && chmod 640 /etc/cni/net.d/87-mine.conflist.disabled
			echo mine >/opt/cni/bin/mine && chown 1000:1000 /opt/cni/bin/mine'
		system_of "$h" >"$WORK/$h.before"
	done
}
owner_after() {
	# of one table both tools have a hand in
	nft_of cp1 'add rule ip filter FORWARD ip saddr { 192.0.2.1, 192.0.2.2 } counter accept comment "foreign, jump KUBE-FORWARD"'
	nft_of w1 'add rule inet foreign in tcp dport 12347 drop comment "foreign"'
	on cp1 sh -c 'echo "# foreign" >/etc/containerd/conf.d/foreign.toml; echo "# foreign" >/etc/sysctl.d/99-foreign.conf'
	on w1 sh -c 'echo "# foreign" >/etc/containerd/foreign.toml; ip route add 198.51.100.7 via '"$NETWORK.1"' metric 77'
	# one of them needs what came with Kubernetes
	ok "$flavour: the owner's package is installed on cp1" owners_package cp1 foreign-tool libc6
	needed=$(on w1 sed -n 's/^package|\(nftables\|cri-tools\)|absent$/\1/p' /var/lib/kubewright/ledger/list | head -n 1)
	ok "$flavour: and on w1, where it needs ${needed:=nothing}" owners_package w1 foreign-tool "$needed"
}

cluster_stands() {
	apply "$1"
	is "$flavour: $1: apply ends with 0 (${seconds} s)" "$status" 0 || show "$1"
	ok "$flavour: $1: two Ready nodes" until_ok 90 ready_is 2
	ok "$flavour: $1: DNS is there" kc -n kube-system rollout status deployment/coredns --timeout=90s --request-timeout=0
}

# A session that is open before and is asked something after.
session_open() {
	mkfifo "$WORK/in"
	"$LAB" ssh w1 cat <"$WORK/in" >"$WORK/said" 2>&1 &
	session=$!
	exec 5>"$WORK/in"
	echo before >&5
	until_ok 20 grep -q before "$WORK/said"
}
session_answers() {
	echo after >&5
	until_ok 20 grep -q after "$WORK/said"
}

leaves_nothing() {
	cluster_stands first
	owner_after
	session_open || fail "$flavour: a session is opened"
	kw reset reset -f "$WORK/kubewright.yaml" --yes
	show reset 40
	is "$flavour: reset ends with 0 (${seconds} s)" "$status" 0
	for h in cp1 w1; do
		has "$flavour: $h was shown with what is recorded there" "$WORK/reset.out" "^  $h +$NETWORK\.[0-9]+ .* [0-9]+ pods? +lab as $h\$"
	done
	ok "$flavour: a session that was open before still answers" session_answers
	exec 5>&-
	wait "$session"
	compared "cp1 is as it was, with what its owner added" cp1 'foreign|d 755 root:root /etc/containerd/conf\.d '
	# of the packages that stay: these very files and folders, in /usr where the package says /lib
	stays=" ($(on w1 sh -c 'for p in nftables libnftables1 libjansson4 cri-tools; do dpkg -L $p 2>/dev/null; done' | grep -v '^/\.$' | sed 's|^/lib/|/usr/lib/|; s/[.+]/\\&/g' | paste -sd '|'))( |\$)"
	compared "w1 is as it was, with what its owner added" w1 "$w1_more|$stays"
	for h in cp1 w1; do
		is "$flavour: $h: the owner's package stays" "$(on "$h" sh -c 'dpkg-query -W -f "\${db:Status-Abbrev}" foreign-tool; dpkg --audit')" "ii "
	done
	is "$flavour: w1: and what it needs" "$(on w1 dpkg-query -W -f '${db:Status-Abbrev}' "$needed")" "ii "
	is "$flavour: w1: nothing else of Kubernetes stays" "$(on w1 dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | grep -E ' (kube.*|containerd.*|cri-tools|nftables)$')" "ii  $needed"
	is "$flavour: cp1: a rule beside those of Kubernetes stays" "$(nft_of cp1 list chain ip filter FORWARD | grep -c foreign)" 1
	is "$flavour: w1: a route that came later stays" "$(on w1 ip route show 198.51.100.7 | grep -c 'metric 77')" 1
	is "$flavour: files that came later stay" "$(on cp1 cat /etc/containerd/conf.d/foreign.toml /etc/sysctl.d/99-foreign.conf | grep -c foreign) $(on w1 cat /etc/containerd/foreign.toml)" "2 # foreign"
}

# ---- the wrong host ---------------------------------------------------------------------------------------------------------------

guard_refuses() {
	local before
	before=$(fingerprint cp1 w1)
	# w1 asks for a password of sudo; by the wrong name too
	sed "s/role: control-plane}/role: control-plane, ssh: {sudo: \"env:LAB_SUDO\"}}/; s/name: cp1, address: $(address_of cp1)/name: cp1, address: X/; s/name: w1, address: $(address_of w1)/name: w1, address: $(address_of cp1)/; s/address: X/address: $(address_of w1)/" \
		"$WORK/kubewright.yaml" >"$WORK/swapped.yaml"
	XDG_STATE_HOME=$WORK/other kw swapped reset -f "$WORK/swapped.yaml" --yes --accept-new-host-keys
	show swapped 20
	is "$flavour: reset refuses two exchanged addresses" "$status" 6
	has "$flavour: it says so of the first" "$WORK/swapped.out" 'cp1: this host was installed as w1; the inventory calls it cp1'
	has "$flavour: and of the second" "$WORK/swapped.out" 'w1: this host was installed as cp1; the inventory calls it w1'
	kw cluster reset -f "$WORK/kubewright.yaml" --yes --set cluster=other --accept-new-host-keys
	is "$flavour: and another cluster's hosts" "$status $(grep -c 'this host belongs to the cluster lab' "$WORK/cluster.out")" "6 2"
	on w1 mv /var/lib/kubewright/ledger/list /var/lib/kubewright/ledger/list.away
	kw strange reset -f "$WORK/kubewright.yaml" --yes --hosts w1
	on w1 mv /var/lib/kubewright/ledger/list.away /var/lib/kubewright/ledger/list
	is "$flavour: and a Kubernetes that kubewright did not install" "$status $(grep -c 'kubewright did not install it' "$WORK/strange.out")" "6 1"
	kw unasked reset -f "$WORK/kubewright.yaml" </dev/null
	is "$flavour: nothing without a word" "$status" 2
	is "$flavour: nothing was changed by any of them" "$(fingerprint cp1 w1 | diff - <(printf '%s\n' "$before") | head -n 5)" ""
}
address_of() { sed -n "s/.*name: $1, address: \([0-9.]*\).*/\1/p" "$WORK/kubewright.yaml"; }

# ---- cut off ----------------------------------------------------------------------------------------------------------------------

# The owner's firewall lets new sessions in by a mark that a chain of Kubernetes sets: with that chain the way in goes.
lean_on_kubernetes() {
	on w1 sh -c 'iptables -t mangle -N KUBE-LEAN; iptables -t mangle -A KUBE-LEAN -j MARK --set-xmark 0x7000/0x7000; iptables -t mangle -I PREROUTING -p tcp --dport 22 -j KUBE-LEAN'
	nft_of w1 'add table inet guard; add chain inet guard in { type filter hook input priority 20; policy accept; }; add rule inet guard in tcp dport 22 ct state new meta mark and 0x7000 != 0x7000 drop'
}
new_session() { timeout 5 "$LAB" ssh w1 true; }
no_new_session() { ! new_session; }
network_of() {
	# elements of sets come in any order
	nft_of w1 -s list ruleset 2>/dev/null | tr ',{}' '\n' | tr -d ' \t' | sort
	on w1 sh -c 'ip -o -4 addr show eth0 | sed "s/valid_lft.*//"; ip -4 route show; sysctl net.ipv4.ip_forward; iptables-save -t mangle | grep ^-'
}
network_is() { [ "$(network_of)" = "$(cat "$WORK/network")" ]; }

cut_off() {
	local run before
	cluster_stands again
	guard_refuses
	lean_on_kubernetes
	ok "$flavour: sessions get in" new_session
	# pods and their interfaces go in any case: without them
	"$KUBEWRIGHT" reset -f "$WORK/kubewright.yaml" --yes --hosts w1 >"$WORK/killed.out" 2>&1 &
	run=$!
	ok "$flavour: the timer is armed before the network is changed" until_ok 120 armed w1
	ok "$flavour: nobody gets in now" until_ok 30 no_new_session
	kill -9 "$run"
	wait "$run" 2>/dev/null
	ok "$flavour: kubewright is dead: the host puts its network back by itself" until_ok 90 new_session
	network_of >"$WORK/network"
	is "$flavour: the chain it leaned on is back" "$(on w1 iptables-save -t mangle | grep -c 'KUBE-LEAN')" 3
	kw cut reset -f "$WORK/kubewright.yaml" --yes --connect-timeout 3
	show cut 30
	is "$flavour: a reset that cuts the operator off fails (${seconds} s)" "$status" 5
	has "$flavour: it names the host and when the network was put back" "$WORK/cut.out" "w1 .*so the host put its network back at [0-9]{2}:[0-9]{2}:[0-9]{2} [A-Z]+"
	has "$flavour: and what to do" "$WORK/cut.out" "hint: a rule of your own there allows SSH only with what was removed"
	ok "$flavour: the other host is done" on cp1 sh -c '! command -v kubelet'
	ok "$flavour: a new session gets in again" new_session
	ok "$flavour: the network is as it was" network_is || network_of | diff "$WORK/network" - | head -n 20
	nft_of w1 delete table inet guard
	before=$(runs w1 reset)
	"$KUBEWRIGHT" reset -f "$WORK/kubewright.yaml" --yes --hosts w1 >"$WORK/middle.out" 2>&1 &
	run=$!
	ok "$flavour: mended by its owner, w1 is on its way" until_ok 60 on w1 systemctl is-active --quiet kubewright-reset.service
	kill -9 "$run"
	wait "$run" 2>/dev/null
	kw mended reset -f "$WORK/kubewright.yaml" --yes
	is "$flavour: kubewright was killed in the middle: the next reset ends with 0 (${seconds} s)" "$status" 0 || show mended
	is "$flavour: w1: and continues with what runs there" "$(runs w1 reset)" $((before + 1))
	compared "cp1 is as it was, the second time" cp1 'foreign|d 755 root:root /etc/containerd/conf\.d '
	compared "w1 is as it was, the second time" w1 "$w1_more|$stays"
	kw none reset -f "$WORK/kubewright.yaml" --yes
	is "$flavour: nothing is left to do" "$status $(grep -c 'nothing from kubewright' "$WORK/none.out")" "0 2"
}

for flavour in "$@"; do
	if ! flavour_present "$flavour"; then
		skip "$flavour: no Kubernetes release in $RELEASE"
		continue
	fi
	scenario "reset, $flavour"
	fresh "$flavour" --hosts cp1,w1
	"$LAB" inventory --single >"$WORK/kubewright.yaml"
	owner_before
	leaves_nothing
	cut_off
	scenario_end
done
summary
