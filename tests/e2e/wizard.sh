#!/usr/bin/env bash
# The wizard, by keys alone: from an empty folder to five Ready nodes, with a wrong value, a failed preflight and a failing host on the way; and a run that is
# watched, resized, killed and taken up again. In E2E_PARTS alone: dashboard, a living cluster that breaks, is mended, rebooted and upgraded.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/screen.sh
. "$(dirname "$0")/screen.sh"

# of NAME: the value of a field in the inventory that the lab would write
of() { sed -nE "$1" "$WORK/lab.yaml" | head -n 1; }

begin_inventory() {
	terminal 80 24 "$KUBEWRIGHT"
	sees 10 'New cluster in this folder'
	keys Enter
	sees 5 "The cluster's name"
	keys C-u
	line lab
	sees 5 'No hosts yet'
	keys m
	sees 5 'Ranges or lists'
	line "cp[1-3]=$NETWORK.[11-13] w[1-2]=$NETWORK.[21-22]"
	sees 5 '3 control planes, 2 workers'
}

log_in() {
	keys u
	sees 5 'How to log in'
	field ssh.user ops
	field ssh.key "$STATE/ssh/id_ed25519"
	field ssh.sudo ask
	keys Escape
	sees 5 'cp3 .*not looked at yet'
	keys v
	sees 10 'sudo password of ops'
	line "$LAB_SUDO"
	sees 20 'host keys'
	is "$flavour: five new host keys stand in one table" "$(screen | grep -c '\[ \] .*SHA256:')" 5
	screen | sed 's/^/#   |/'
	keys a
	keys Enter
	sees 30 '5 of 5 looked at'
	screen | sed 's/^/#   |/'
	ok "$flavour: the screen shows the hardware" shown 'GiB'
	ok "$flavour: the password is not on the screen" not_shown "$LAB_SUDO"
}

cluster_settings() {
	keys F10
	sees 5 'Kubernetes version'
	field kubernetes.version "$(of 's/^  version: //p')"
	field kubernetes.repository.url "$(of '/^kubernetes:/,/^[a-z]*:$/s/.*repository: \{url: "([^"]*)".*/\1/p')"
	field kubernetes.repository.fingerprint "$(of '/^kubernetes:/,/^containerd/s/.*fingerprint: ([0-9A-F]*).*/\1/p')"
	if grep -q '^containerd:' "$WORK/lab.yaml"; then
		field containerd.repository.url "$(of '/^containerd:/,/^endpoint/s/.*repository: \{url: "([^"]*)".*/\1/p')"
		field containerd.repository.fingerprint "$(of '/^containerd:/,/^endpoint/s/.*fingerprint: ([0-9A-F]*).*/\1/p')"
	fi
	# a wrong value is refused where it is typed, and can be put right
	types /endpoint.vip
	keys Enter
	sees 5 '^endpoint.vip'
	keys Enter
	line "$NETWORK.300"
	sees 5 "error: .*$NETWORK.300"
	keys C-u
	line "$VIP"
	sees 5 "Virtual IP +$VIP"
	field endpoint.interface eth0
	field network.services 10.96.0.0/16
	field network.cni "$(of 's/.*cni: ([^}]*)\}.*/\1/p')"
	types /runtime.cgroup
	keys Enter
	keys Right
	sees 5 'cgroupfs'
	field kubelet.config "$(lab_json kubelet)"
	field kubeproxy.config "$(lab_json kubeproxy)"
	! grep -q '^preflight:' "$WORK/lab.yaml" || field preflight.ignore "$(of 's/^preflight: \{ignore: \[(.*)\]\}/\1/p')"
	ok "$flavour: nothing is wrong in the inventory now" not_shown 'F3 shows all'
	screen | sed 's/^/#   |/'
}
# A passthrough of the lab's inventory as JSON: kubelet or kubeproxy.
lab_json() {
	sed -nE "s/^$1: \\{config: (\\{.*\\})\\}\$/\\1/p" "$WORK/lab.yaml" | sed -E 's/([{ ])([A-Za-z0-9]+):/\1"\2":/g; s/: (nftables|iptables)/: "\1"/'
}

preflight() {
	keys F10
	sees 5 'kubewright  Preflight'
	until_ok 30 not_shown 'Looking at the hosts' || fail "$flavour: the check of the hosts ends"
	sees 5 'duplicate-machine-id'
	screen | sed 's/^/#   |/'
	types /duplicate-machine-id
	keys Enter
	keys Enter
	sees 5 'one machine'
	keys Escape
	keys f
	sees 5 'Apply the remedy'
	keys Right Enter
	until_ok 90 not_shown 'duplicate-machine-id' || fail "$flavour: the remedy takes the finding away"
	until_ok 30 not_shown 'Looking at the hosts' || fail "$flavour: the hosts are looked at again"
	is "$flavour: five machine-ids after the remedy" "$(for h in cp1 cp2 cp3 w1 w2; do "$LAB" exec $h cat /etc/machine-id; done | sort -u | wc -l)" 5
	screen | sed 's/^/#   |/'
}

plan_and_install() {
	keys F10
	sees 60 '[0-9]+ steps on 5 hosts'
	screen | sed 's/^/#   |/'
	# w1 installs nothing until somebody mends it: what no look at the host sees, and only the installation meets
	"$LAB" exec w1 sh -c 'echo "DPkg::Pre-Invoke { \"false\"; };" >/etc/apt/apt.conf.d/99broken'
	keys a
	sees 5 'Type the cluster.s name'
	line lab
	sees 30 'kubewright  Run'
}

failing_host() {
	sees 300 '1 host needs you'
	screen | sed 's/^/#   |/'
	"$LAB" exec w1 rm /etc/apt/apt.conf.d/99broken
	keys f
	keys r
	sees 120 'The run is over'
	screen | sed 's/^/#   |/'
	keys Enter
	sees 10 'kubectl'
	screen | sed 's/^/#   |/'
}

logins() { "$LAB" exec "$1" sh -c "journalctl -u ssh --no-pager -o cat | grep -c 'Accepted publickey for ops'" 2>/dev/null || true; }

all_logins() { for h in cp1 cp2 cp3 w1 w2; do logins $h; done | paste -sd' '; }

# The run again, from its journal: at its start nothing is done, at its end w1 is, after it had failed.
replayed() {
	terminal 80 24 "$KUBEWRIGHT replay"
	sees 10 'kubewright  Replay'
	keys Home
	sees 5 '0 of 5 hosts done'
	keys End
	sees 5 '5 of 5 hosts done'
	screen | sed 's/^/#   |/'
	keys Escape
	until_ok 10 test -s "$WORK/wizard.status" || fail "$flavour: replay is left"
	is "$flavour: replay's exit status" "$(cat "$WORK/wizard.status" 2>/dev/null)" 0
}

by_keys() {
	local before
	fresh "$1"
	# who logged in before was not the wizard
	all_logins >"$WORK/logins"
	"$LAB" inventory >"$WORK/lab.yaml"
	"$LAB" exec w1 cat /etc/machine-id | "$LAB" exec w2 sh -c 'cat >/etc/machine-id'
	begin_inventory
	log_in
	cluster_settings
	preflight
	plan_and_install
	failing_host
	keys Escape Escape Escape Escape Escape Escape Escape
	until_ok 20 test -s "$WORK/wizard.status" || fail "$flavour: the wizard is left"
	is "$flavour: the wizard's exit status" "$(cat "$WORK/wizard.status" 2>/dev/null)" 0
	before=$(cat "$WORK/logins")
	is "$flavour: one login a host served looking, remedy, plan and installation" "$(all_logins)" "$(for n in $before; do echo $((n + 1)); done | paste -sd' ')"
	until_ok 60 ready_is 5 || true
	is "$flavour: five Ready nodes through the VIP" "$(ready_nodes)" 5
	replayed
	cp "$WORK/desk/kubewright.yaml" "$WORK/kubewright.yaml"
	apply again --set ssh.sudo=env:LAB_SUDO
	show again 12
	is "$flavour: the command line finds nothing to do with the same file" "$status" 0
	has "$flavour: and says so" "$WORK/again.out" 'nothing was changed'
	ok "$flavour: no secret in logs, journals, argv or world-readable files" secrets_hidden
	terminal_end
}

wizard_pid() { pgrep -f "^$KUBEWRIGHT\$" | head -n 1; }
resize_often() {
	local i
	for i in $(seq 20); do
		on_screen resize-window -x $((60 + i * 13 % 150)) -y $((20 + i * 7 % 45))
		sees 5 '(Run|too small)' || return
	done
	on_screen resize-window -x 200 -y 60
}
joining() { "$LAB" exec cp2 test -d /var/lib/kubewright/jobs/join; }

killed() {
	fresh "$1"
	mkdir -p "$WORK/desk"
	"$LAB" inventory >"$WORK/desk/kubewright.yaml"
	terminal 200 60 "$KUBEWRIGHT"
	sees 10 'kubewright.yaml'
	keys Enter
	sees 5 '5 looked at'
	keys v
	sees 20 'host keys'
	keys a
	keys Enter
	sees 30 '5 of 5 looked at'
	keys F10
	sees 5 'Kubernetes version'
	keys F10
	sees 5 'kubewright  Preflight'
	until_ok 30 not_shown 'Looking at the hosts' || fail "$flavour: the check of the hosts ends"
	keys F10
	sees 60 '[0-9]+ steps on 5 hosts'
	keys a
	sees 5 'Type the cluster.s name'
	line lab
	sees 30 'kubewright  Run'
	resize_often
	screen | sed 's/^/#   |/'
	until_ok 200 joining || fail "$flavour: the second control plane begins to join"
	kill -9 "$(wizard_pid)"
	until_ok 5 test -s "$WORK/wizard.status"
	is "$flavour: killed in mid-run" "$(cat "$WORK/wizard.status")" 137
	terminal 200 60 "$KUBEWRIGHT"
	sees 10 'continues'
	screen | sed 's/^/#   |/' | head -n 12
	keys Enter
	sees 5 'cut off'
	keys Right
	sees 5 'cut off'
	keys Right Enter
	sees 300 'The run is over'
	screen | sed 's/^/#   |/'
	keys Enter
	sees 10 'kubectl'
	terminal_end
	until_ok 60 ready_is 5 || true
	is "$flavour: five Ready nodes" "$(ready_nodes)" 5
	is "$flavour: init ran once" "$(runs cp1 init)" 1
	for h in cp2 cp3 w1 w2; do is "$flavour: the join of $h ran once" "$(runs $h join)" 1; done
}

# A control plane loses its Pods, its kubelet and a manifest, by no way that kubewright knows of.
kill_control_plane() {
	"$LAB" exec "$1" sh -c 'systemctl stop kubelet && mv /etc/kubernetes/manifests/etcd.yaml /root/ &&
		ctr -n k8s.io tasks ls -q | xargs -n 1 ctr -n k8s.io tasks kill -s SIGKILL'
}
broken_and_repaired() {
	kill_control_plane cp3 || fail "$flavour: cp3 is broken"
	# nobody presses a key for it
	sees 60 '3 voters, 2 up; quorum 2, tolerates 0 lost'
	select_host cp3
	sees 30 'kubelet-down'
	sees 30 'manifest-lost'
	screen | sed 's/^/#   |/'
	keys r
	plan_and_do repair
}

wiped_and_back() {
	"$LAB" wipe cp2 || fail "$flavour: cp2 is wiped"
	"$LAB" start cp2 || fail "$flavour: cp2 comes up again"
	sees 60 'cp2 .*host key'
	screen | sed 's/^/#   |/'
	# its host key is a new one: the operator takes the old one out, as the message says
	sed -i "/^$NETWORK.12 /d" "$XDG_STATE_HOME/kubewright/lab/known_hosts"
	keys v
	sees 20 'Host keys that are not known yet'
	keys a
	keys Enter
	sees 60 '3 voters, 2 up'
	select_host cp2
	screen | sed 's/^/#   |/'
	keys J
	plan_and_do rejoin
	is "$flavour: kubeadm joined cp2 once" "$(runs cp2 join)" 1
}

boot_id() { "$LAB" exec "$1" cat /proc/sys/kernel/random/boot_id; }
rebooted() {
	local before
	before=$(boot_id w1)
	select_host w1
	keys b
	plan_and_do reboot 600
	is "$flavour: w1 runs another boot" "$([ "$(boot_id w1)" != "$before" ] && echo yes)" yes
}

proxy_serial() { "$LAB" exec "$1" openssl x509 -in /etc/kubernetes/pki/front-proxy-client.crt -noout -serial; }
AGED='cd /etc/kubernetes/pki && openssl x509 -x509toreq -in front-proxy-client.crt -signkey front-proxy-client.key -copy_extensions copyall -out /root/csr &&
	openssl x509 -req -in /root/csr -CA front-proxy-ca.crt -CAkey front-proxy-ca.key -set_serial 7 -copy_extensions copyall -days -1 -out front-proxy-client.crt'
# From the page of certificates.
renewed() {
	local before
	keys c
	sees 60 '[0-9] certificates'
	keys r
	sees 60 'every certificate was made within the last hour'
	# one that has expired, and that nothing of the cluster needs to stand
	"$LAB" exec cp1 sh -c "$AGED" || fail "$flavour: the front proxy's certificate of cp1 expires"
	before=$(proxy_serial cp1)
	keys Escape v
	sees 60 '1 expired'
	keys r
	plan_and_do renewal 600
	is "$flavour: cp1's front proxy has another certificate" "$([ "$(proxy_serial cp1)" != "$before" ] && echo yes)" yes
}

# By the version of the inventory, which is set on the page of the cluster.
upgraded() {
	local to=1.20.3
	[ "$flavour" = debian ] || to=$(sed 's/^v//' "${KUBEWRIGHT_LAB_MORE%%:*}/version" 2>/dev/null)
	[ -n "$to" ] || { skip "$flavour: no version to upgrade to: see KUBEWRIGHT_LAB_MORE" && return; }
	keys h
	sees 5 'kubewright  Hosts'
	keys F10
	sees 5 'Kubernetes version'
	field kubernetes.version "$to"
	screen | sed 's/^/#   |/'
	keys Escape
	sees 5 'kubewright  Hosts'
	keys Escape
	sees 10 'kubewright  Dashboard'
	keys u
	plan_and_do upgrade 1200
	is "$flavour: every kubelet is $to" "$(kc get nodes -o jsonpath='{.items[*].status.nodeInfo.kubeletVersion}' | tr ' ' '\n' | sort -u)" "v$to"
	cp "$WORK/desk/kubewright.yaml" "$WORK/kubewright.yaml"
}

snapshots() { find "$XDG_STATE_HOME/kubewright/lab/snapshots" -type f -perm 600 -size +1M | wc -l; }
# etcd's data in a file on this machine.
saved() {
	local before
	before=$(snapshots)
	keys s
	sees 60 "The run is over; etcd's data is saved"
	keys Enter
	sees 10 'saved in .*snapshots'
	screen | sed 's/^/#   |/'
	is "$flavour: one more snapshot, readable by its owner alone" "$(snapshots)" $((before + 1))
}

# A worker leaves the cluster, the inventory and the Dashboard.
removed() {
	# what it shows is looked at again after the snapshot
	until_ok 60 healthy || fail "$flavour: the Dashboard shows a healthy cluster after the snapshot"
	select_host w1
	keys x
	sees 60 'a starts the removal of w1'
	screen | sed 's/^/#   |/'
	keys a
	sees 5 'Start the removal of w1'
	line lab
	sees 300 'The run is over'
	screen | sed 's/^/#   |/'
	keys Enter
	sees 10 'the removal is done'
	ok "$flavour: three Ready nodes after the removal" until_ok 60 ready_is 3
	is "$flavour: w1 is not a Node" "$(kc get nodes --no-headers | grep -c '^w1 ')" 0
	is "$flavour: its entry left the inventory, and nothing else" "$(diff "$WORK/kubewright.yaml" "$WORK/desk/kubewright.yaml" | grep -c '^[<>]') $(grep -c 'name: w1' "$WORK/desk/kubewright.yaml")" "1 0"
	ok "$flavour: nothing of it is left on its host" "$LAB" exec w1 sh -c '! [ -e /etc/kubernetes/kubelet.conf ] && ! pgrep kubelet'
	until_ok 60 shown 'findings +none' || fail "$flavour: the Dashboard has nothing to say afterwards"
	screen | sed 's/^/#   |/'
}

# What `certs` shows, on its page: as many, and nothing of a new cluster needs attention.
certificates() {
	local all
	all=$("$KUBEWRIGHT" certs -f "$WORK/kubewright.yaml" 2>/dev/null | grep -Eo '^[0-9]+ certificates')
	ok "$flavour: certs counts them" test -n "$all"
	keys c
	sees 60 "$all +[0-9]+ s ago"
	screen | sed 's/^/#   |/'
	keys End
	sees 5 'this machine'
	keys f
	sees 5 'Nothing needs attention'
	keys Escape
	sees 10 'kubewright  Dashboard'
}

# The living cluster: what breaks shows by itself, and is mended by keys.
dashboard() {
	begin_dashboard "$1"
	certificates
	broken_and_repaired
	wiped_and_back
	rebooted
	renewed
	upgraded
	saved
	removed
	keys Escape Escape
	until_ok 20 test -s "$WORK/wizard.status" || fail "$flavour: the wizard is left"
	is "$flavour: the wizard's exit status" "$(cat "$WORK/wizard.status" 2>/dev/null)" 0
	cp "$WORK/desk/kubewright.yaml" "$WORK/kubewright.yaml"
	apply again
	show again 12
	is "$flavour: the command line finds nothing to do afterwards" "$status $(grep -c 'nothing was changed' "$WORK/again.out")" "0 1"
}

trap terminal_end EXIT
for flavour in "$@"; do
	if ! flavour_present "$flavour"; then
		skip "$flavour: no Kubernetes release in $RELEASE"
		continue
	fi
	for part in ${E2E_PARTS:-by_keys killed}; do
		scenario "the wizard: $part, $flavour"
		$part "$flavour"
		terminal_end
		scenario_end
	done
done
summary
