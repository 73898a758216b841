#!/usr/bin/env bash
# A cluster that a plain shell script made with kubeadm is taken over: nothing changes on any host by that; then a control plane that lost its disk is rejoined, and the
# cluster upgraded. reset refuses what was there before.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# What a reading may not change: files with their times (the pod network writes its own folder again and again), and when each component began.
seen_of() {
	"$LAB" exec "$1" sh -c 'find /etc /root /home /opt /usr/local /var/lib/kubewright /var/lib/kubelet/pki /var/lib/kubelet/config.yaml -xdev ! -path /etc/cni/net.d -printf "%p %T@ %s %m\n" 2>/dev/null | sort
		ps -eo lstart=,args= | grep -E "^.{24} +(/usr/s?bin/)?(etcd|kube-|kubelet|containerd |keepalived)" | sort'
}
all_seen() { for h in cp1 cp2 cp3 w1 w2; do seen_of "$h" | sed "s/^/$h /"; done >"$WORK/seen-$1"; }
# One thing of the inventory that the lab would have written: SECTION KEY.
of_lab() { sed -n "/^$1:/,/^[a-z]/s/.*$2: \"\\{0,1\\}\\([^\",} ]*\\).*/\\1/p" "$WORK/kubewright.yaml" | head -n 1; }
adopt() {
	local sets=(--set "ssh.key=$(of_lab ssh key)" --set "kubernetes.repository.url=$(of_lab kubernetes url)"
		--set "kubernetes.repository.fingerprint=$(of_lab kubernetes fingerprint)")
	[ "$flavour" = debian ] || sets+=(--set "containerd.repository.url=$(of_lab containerd url)" --set "containerd.repository.fingerprint=$(of_lab containerd fingerprint)")
	! grep -q '^preflight' "$WORK/kubewright.yaml" || sets+=(--set "preflight.ignore=$(sed -n 's/^preflight: {ignore: \(.*\)}/\1/p' "$WORK/kubewright.yaml")")
	kw "$1" adopt "root@$NETWORK.11" --cluster lab --out "$WORK/adopted.yaml" --accept-new-host-keys "${sets[@]}" "${@:2}"
}
three_voters() { [ "$(voters cp1)" = 3 ]; }
on_adopted() { kw "$1" "${@:2}" -f "$WORK/adopted.yaml"; }

taken_over() {
	all_seen before
	adopt adopt
	show adopt 60
	is "$flavour: adopt ends with 0 (${seconds} s)" "$status" 0
	is "$flavour: three control planes and two workers" "$(grep -c 'role: control-plane' "$WORK/adopted.yaml") $(grep -c 'role: worker' "$WORK/adopted.yaml")" "3 2"
	adopt keys --take-ca-keys
	is "$flavour: the CAs' keys are taken when asked for" "$status" 0 || show keys
	all_seen after
	ok "$flavour: no file of any host has changed, and nothing was restarted" diff "$WORK/seen-before" "$WORK/seen-after"
	on_adopted status status
	is "$flavour: status ends with 0" "$status" 0 || show status
	on_adopted plan plan
	show plan 60
	on_adopted reset reset --yes
	has "$flavour: reset refuses it" "$WORK/reset.out" "kubewright did not install it" || show reset
	on_adopted kubeconfig kubeconfig --write
	ok "$flavour: and five Nodes are Ready" until_ok 60 ready_is 5
}

rejoined() {
	"$LAB" wipe cp2 && "$LAB" start cp2 || fail "$flavour: cp2 loses its disk"
	sed -i "/^$NETWORK.12 /d" "$XDG_STATE_HOME/kubewright/lab/known_hosts"
	on_adopted rejoin rejoin cp2 --yes --accept-new-host-keys
	show rejoin 30
	is "$flavour: rejoin cp2 ends with 0 (${seconds} s)" "$status" 0
	ok "$flavour: three voters" until_ok 60 three_voters
	ok "$flavour: five Ready Nodes" until_ok 120 ready_is 5
}

upgraded() {
	local to=1.20.3
	if [ "$flavour" = release ]; then
		to=$(tr : '\n' <<<"${KUBEWRIGHT_LAB_MORE-}" | while read -r folder; do [ -z "$folder" ] || sed 's/^v//' "$folder/version"; done | sort -V | tail -n 1)
		[ -n "$to" ] || { skip "$flavour: no version to upgrade to: see KUBEWRIGHT_LAB_MORE" && return; }
	fi
	on_adopted upgrade upgrade "$to" --yes
	show upgrade 40
	is "$flavour: upgrade to $to ends with 0 (${seconds} s)" "$status" 0
	is "$flavour: every kubelet is $to" "$(kc get nodes -o jsonpath='{range .items[*]}{.status.nodeInfo.kubeletVersion}{"\n"}{end}' | sort -u)" "v$to"
}

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "adopt, $flavour"
	fresh "$flavour"
	inventory
	note "$("$TOP/tests/bench/shell-install" "$flavour")"
	ok "$flavour: all that the script started is Ready" system_pods_ready
	for part in ${E2E_PARTS:-taken_over rejoined upgraded}; do $part; done
	ok "$flavour: no secret is readable" secrets_hidden
	scenario_end
done
summary
