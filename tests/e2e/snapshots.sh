#!/usr/bin/env bash
# Control planes save etcd's data by themselves: an existing cluster sees in plan what comes, and gets it by apply; a snapshot is taken by the timer's own service, seen, kept root's
# alone; what fails is reported and costs none that is there; a Secret that was deleted comes back from one; what is wanted no more goes, and the snapshots stay.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

FOLDER=/var/lib/kubewright/snapshots
UNIT=kubewright-etcd-snapshot
CONTROL_PLANES='cp1 cp2 cp3'
on() { "$LAB" exec "$@"; }
timers() { for h in $CONTROL_PLANES; do on "$h" systemctl is-active "$UNIT.timer"; done | grep -cx active; }
count_on() { on "$1" sh -c "ls $FOLDER 2>/dev/null | wc -l"; }
take_on() { on "$1" systemctl start "$UNIT.service"; }
last_try() { jq -r --arg h "$1" '.hosts[] | select(.name == $h) | .snapshot.last_try' "$WORK/status.out"; }
finding_on() { jq -r --arg h "$1" --arg n "$2" '[.findings[] | select(.host == $h and .name == $n)] | length' "$WORK/status.out"; }
status_json() { kw status status -f "$WORK/kubewright.yaml" -o json; }
secret_is() { [ "$(kc get secret known -o jsonpath='{.data.v}' 2>/dev/null)" = "$(printf %s "$1" | base64)" ]; }

# as a cluster is that was made before there were schedules
installed() {
	fresh "$1" --hosts cp1,cp2,cp3,w1,w2
	inventory
	apply first --set etcd.snapshots.every=never
	is "$1: apply ends with 0 (${seconds} s)" "$status" 0
	is "$1: no timer is there" "$(timers)" 0
}

scheduled() {
	kw plan plan -f "$WORK/kubewright.yaml"
	has "$1: plan shows the schedule" "$WORK/plan.out" '^\+?.*OnCalendar=\*-\*-\* 02/12:24:00 UTC'
	is "$1: and nothing was done" "$(timers)" 0
	apply second
	show second 12
	is "$1: apply ends with 0 (${seconds} s)" "$status" 0
	is "$1: three timers run" "$(timers)" 3
	is "$1: they start with the host" "$(for h in $CONTROL_PLANES; do on "$h" systemctl is-enabled "$UNIT.timer"; done | grep -cx enabled)" 3
	is "$1: no worker has one" "$(on w1 sh -c "ls /etc/systemd/system | grep -c $UNIT")" 0
	is "$1: each has a turn of its own" "$(for h in $CONTROL_PLANES; do on "$h" grep OnCalendar "/etc/systemd/system/$UNIT.timer"; done | sort -u | wc -l)" 3
	apply third
	is "$1: apply again ends with 0" "$status" 0
	status_json
	is "$1: nothing is reported before one is due" "$(jq '[.findings[] | select(.name | startswith("snapshot-"))] | length' "$WORK/status.out")" 0
}

taken() {
	local f
	kc create secret generic known --from-literal=v=before >/dev/null || fail "$1: a Secret is made"
	for h in $CONTROL_PLANES; do ok "$1: $h takes one" take_on "$h"; done
	on cp1 journalctl -u "$UNIT" --no-pager -o cat | tail -n 3 | sed 's/^/#   /'
	f=$(on cp1 sh -c "ls $FOLDER/*.db")
	is "$1: root's alone" "$(on cp1 sh -c "stat -c '%a %U' $FOLDER $f" | tr '\n' ' ')" '700 root 600 root '
	is "$1: whole" "$(on cp1 sh -c "head -c -32 $f | sha256sum | cut -d' ' -f1")" "$(on cp1 sh -c "tail -c 32 $f | od -An -v -tx1 | tr -d ' \n'")"
	status_json
	is "$1: status says so of each" "$(for h in $CONTROL_PLANES; do last_try "$h"; done | grep -cx ok)" 3
	kw plain status -f "$WORK/kubewright.yaml"
	has "$1: and for people" "$WORK/plain.out" 'snapshots +cp1 [0-9]+ min old, [0-9.]+ MiB; cp2 '
	kw list etcd snapshots -f "$WORK/kubewright.yaml"
	show list
	is "$1: etcd snapshots ends with 0 (${seconds} s)" "$status" 0
	is "$1: and lists three" "$(grep -c "$FOLDER/lab-" "$WORK/list.out")" 3
	kw json etcd snapshots -f "$WORK/kubewright.yaml" -o json
	is "$1: as JSON, all of this cluster" "$(jq -c '[(.snapshots | length), ([.snapshots[] | select(.this_cluster)] | length)]' "$WORK/json.out")" '[3,3]'
}

# a schedule of one that stays
kept() {
	apply fewer --set etcd.snapshots.keep=2
	is "$1: keep 2 is applied" "$status" 0
	for _ in 1 2 3; do
		sleep 1.1
		ok "$1: another one" take_on cp2
	done
	is "$1: two stay" "$(count_on cp2)" 2
	is "$1: others have what they had" "$(count_on cp1)" 1
}

fails() {
	local before
	before=$(on cp3 sh -c "sha256sum $FOLDER/*")
	on cp3 sh -c 'mv /etc/kubernetes/pki/etcd/healthcheck-client.key /root/aside.key'
	is "$1: without its key none is taken" "$(take_on cp3 >/dev/null 2>&1 && echo taken || echo failed)" failed
	on cp3 sh -c 'mv /root/aside.key /etc/kubernetes/pki/etcd/healthcheck-client.key'
	status_json
	is "$1: the try is told" "$(last_try cp3)" no-etcd
	is "$1: as a finding" "$(finding_on cp3 snapshot-failed)" 1
	is "$1: what was there stays, and nothing beside it" "$(on cp3 sh -c "sha256sum $FOLDER/* $FOLDER/.[!.]* 2>/dev/null")" "$before"
	# a disk of its own that is too small
	on cp3 sh -c "mkdir -p /srv/small && mount -t tmpfs -o size=64m none /srv/small"
	apply small --set etcd.snapshots.folder=/srv/small
	is "$1: little room: none is taken" "$(take_on cp3 >/dev/null 2>&1 && echo taken || echo failed)" failed
	has "$1: and its journal says why" <(on cp3 journalctl -u "$UNIT" --no-pager -o cat) 'at least 1024 MiB must stay free'
	kw status status -f "$WORK/kubewright.yaml" -o json --set etcd.snapshots.folder=/srv/small
	is "$1: as does status" "$(last_try cp3)" no-room
	on cp3 umount /srv/small
	apply back
	ok "$1: the next one is taken" take_on cp3
	status_json
	is "$1: and the finding is gone" "$(finding_on cp3 snapshot-failed)" 0
}

refused() {
	kw none etcd restore --snapshot cp1:nothing.db --override-quorum --yes -f "$WORK/kubewright.yaml"
	has "$1: one that is not there" "$WORK/none.out" "cp1 has no snapshot 'nothing.db'"
	on cp1 sh -c "cd $FOLDER && f=\$(ls | head -n 1) && cp \$f lab-00000000-20990101T000000Z.db && cp \$f \${f%-*}-20000101T000000Z.db && printf x | dd of=\${f%-*}-20000101T000000Z.db bs=1 seek=5000 conv=notrunc status=none"
	kw foreign etcd restore --snapshot cp1:lab-00000000-20990101T000000Z.db --override-quorum --yes -f "$WORK/kubewright.yaml"
	has "$1: one of another cluster" "$WORK/foreign.out" 'is not of this cluster'
	kw damaged etcd restore --snapshot "cp1:$(on cp1 sh -c "cd $FOLDER && ls *-20000101T000000Z.db")" --override-quorum --yes -f "$WORK/kubewright.yaml"
	has "$1: a damaged one" "$WORK/damaged.out" 'is damaged: its digest does not match'
	on cp1 sh -c "rm $FOLDER/lab-00000000-* $FOLDER/*-20000101T000000Z.db"
	is "$1: etcd was not touched" "$(voters cp1)" 3
}

comes_back() {
	local rest at
	ok "$1: all are of now" take_on cp1
	kc delete secret known >/dev/null || fail "$1: the Secret is deleted"
	kw restore etcd restore --snapshot latest --override-quorum --yes -f "$WORK/kubewright.yaml" -o json
	is "$1: etcd restore --snapshot latest ends with 0 (${seconds} s)" "$status" 0
	at=$(tail -n 1 "$WORK/restore.out" | jq -r .restored_on)
	ok "$1: the Secret is back" until_ok 60 secret_is before
	rest=$(for h in $CONTROL_PLANES; do echo "$h"; done | grep -vx "$at")
	# shellcheck disable=SC2086
	kw rejoin rejoin $rest --yes -f "$WORK/kubewright.yaml"
	show rejoin 12
	is "$1: the others join again" "$status" 0
	is "$1: three voters" "$(voters "$at")" 3
	ok "$1: five Ready nodes" until_ok 90 ready_is 5
	ok "$1: it is still there" secret_is before
	is "$1: and all timers run" "$(timers)" 3
	is "$1: a copy is on this machine, its owner's alone" "$(stat -c %a "$XDG_STATE_HOME"/kubewright/lab/snapshots/cp?-lab-*.db | sort -u)" 600
}

goes() {
	local before
	before=$(count_on cp1)
	apply never --set etcd.snapshots.every=never
	is "$1: every: never is applied" "$status" 0
	is "$1: no timer runs" "$(timers)" 0
	is "$1: no file of it is left" "$(on cp1 sh -c "ls -d /etc/kubewright /etc/systemd/system/$UNIT.* /etc/systemd/system/timers.target.wants/$UNIT.* /var/lib/systemd/timers/stamp-$UNIT.* 2>/dev/null | wc -l")" 0
	is "$1: the snapshots stay" "$(count_on cp1)" "$before"
	apply again
	is "$1: scheduled again" "$(timers)" 3
	kw reset reset --yes -f "$WORK/kubewright.yaml"
	is "$1: reset ends with 0" "$status" 0
	is "$1: no timer runs after it" "$(timers)" 0
	is "$1: nothing of it is left" "$(on cp1 sh -c "ls -d /etc/kubewright /etc/systemd/system/$UNIT.* /var/lib/systemd/timers/stamp-$UNIT.* 2>/dev/null | wc -l")" 0
	is "$1: the snapshots stay then, too" "$(count_on cp1)" "$before"
	has "$1: and reset says so" "$WORK/reset.out" "$FOLDER"
}

for flavour in "$@"; do
	if ! flavour_present "$flavour"; then
		skip "$flavour: no Kubernetes release in $RELEASE"
		continue
	fi
	scenario "snapshots, $flavour"
	for part in ${E2E_PARTS:-installed scheduled taken kept fails refused comes_back goes}; do $part "$flavour"; done
	secrets_hidden && pass "$flavour: no secret is readable" || fail "$flavour: a secret is readable"
	scenario_end
done
summary
