#!/usr/bin/env bash
# etcd's quorum is lost for good: two of three control planes lose their disks. It starts again from what the third has, then, the next time, from a snapshot; each time the two
# join again. Before that: etcd is defragmented while a writer writes, and alarms are cleared, or not; what is alive is not taken for dead, and what would lose the quorum is refused.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

address_of() { sed -n "s/.*name: $1, address: \([0-9.]*\).*/\1/p" "$WORK/kubewright.yaml"; }
note_value() { kc create configmap known --from-literal=v="$1" --dry-run=client -o yaml | kc apply -f - >/dev/null; }
value() { kc get configmap known -o jsonpath='{.data.v}'; }
# a new API server knows its roles a moment after it answers
value_is() { [ "$(value)" = "$1" ]; }
# a write that goes through shows that the quorum is there
writes() { kc create configmap "write-$RANDOM-$RANDOM" --from-literal=v=1 >/dev/null 2>&1; }
forced() {
	"$LAB" exec "$1" sh -c 'grep -c force-new-cluster /etc/kubernetes/manifests/etcd.yaml
		for p in /proc/[0-9]*/cmdline; do tr "\0" "\n" <$p 2>/dev/null | grep -x -e --force-new-cluster; done | wc -l' | tr '\n' ' '
}
etcd_manifest() { "$LAB" exec "$1" sha256sum /etc/kubernetes/manifests/etcd.yaml; }
# a snapshot is the database and the digest of it
whole() { [ "$(head -c -32 "$1" | sha256sum | cut -d' ' -f1)" = "$(tail -c 32 "$1" | od -An -v -tx1 | tr -d ' \n')" ]; }

installed() {
	fresh "$1" --hosts cp1,cp2,cp3,w1
	inventory
	apply first
	is "$1: apply ends with 0 (${seconds} s)" "$status" 0
	note_value before
}

members_told() {
	kw members etcd members -f "$WORK/kubewright.yaml"
	show members
	is "$1: etcd members ends with 0 (${seconds} s)" "$status" 0
	has "$1: with the sum" "$WORK/members.out" '3 voters, 3 healthy, tolerates 1'
	kw json etcd members -f "$WORK/kubewright.yaml" -o json
	is "$1: and as JSON" "$(jq -c '[.voters, .healthy, .tolerates, .quorum, (.members | map(select(.leader)) | length)]' "$WORK/json.out")" '[3,3,1,true,1]'
	is "$1: its ids are etcd's" "$(jq -r '.members[].id' "$WORK/json.out" | sort | tr '\n' ' ')" "$(member_ids cp1)"
}
member_ids() {
	"$LAB" exec "$1" sh -c 'curl -s --max-time 5 --cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/healthcheck-client.crt \
		--key /etc/kubernetes/pki/etcd/healthcheck-client.key -X POST -d "{}" https://127.0.0.1:2379/v3/cluster/member/list' |
		jq -r '.members[].ID' | while read -r id; do printf '%x\n' "$id"; done | sort | tr '\n' ' '
}

# ---- care: what grew shrinks again while a writer writes; alarms

status_of() { etcd_of "$1" /v3/maintenance/status -d '{}'; }
db_sizes() { for h in cp1 cp2 cp3; do status_of "$h" | jq -r .dbSize; done; }
member_of() { status_of "$1" | jq -r .header.member_id; }
leader_name() { "$KUBEWRIGHT" etcd members -o json -f "$WORK/kubewright.yaml" 2>/dev/null | jq -r '.members[] | select(.leader) | .name'; }
# 40 MiB are written and deleted, and the revisions that held them are compacted
fragment() {
	local n
	head -c 700000 /dev/zero | tr '\0' x >"$WORK/large"
	for n in $(seq 1 60); do kc create configmap "large-$n" --from-file=v="$WORK/large" >/dev/null || return; done
	seq -f 'large-%g' 1 60 | xargs "$(kubectl_program)" --kubeconfig "$XDG_STATE_HOME/kubewright/lab/kubeconfig" delete configmap >/dev/null || return
	etcd_of cp1 /v3/kv/compaction -d "{\"revision\": \"$(status_of cp1 | jq -r .header.revision)\", \"physical\": true}" | jq -e .header >/dev/null
}
# shrunk FILE: how many members have a database smaller than there by 20 MiB
shrunk() { paste -d' ' "$1" <(db_sizes) | awk '$1 - $2 > 20 * 1048576' | wc -l; }

defragmented() {
	local leads
	ok "$1: etcd's database is fragmented" fragment
	db_sizes >"$WORK/sizes"
	kw unasked etcd defrag -f "$WORK/kubewright.yaml" </dev/null
	is "$1: etcd defrag wants a word" "$status" 2
	is "$1: and nothing was done without it" "$(shrunk "$WORK/sizes")" 0
	leads=$(leader_name)
	writes_begin
	kw defrag etcd defrag --yes -f "$WORK/kubewright.yaml"
	writes_end
	show defrag
	is "$1: etcd defrag ends with 0 (${seconds} s)" "$status" 0
	is "$1: every member's database is smaller" "$(shrunk "$WORK/sizes")" 3
	is "$1: the leader was the last one" "$(jq -r 'select(.code == "defragmented") | .fields.host' "$(journal)" | tail -n 1)" "$leads"
	is "$1: no acknowledged write is lost" "$(writes_lost)" 0
	is "$1: three voters after it" "$(voters cp1)" 3
	figure "etcd defrag of three members: ${seconds} s; $(writes_told)"
	kw again etcd defrag --yes -f "$WORK/kubewright.yaml" -o json
	is "$1: run again it ends with 0" "$status" 0
	note_value before
}

# alarm ACTION KIND, of cp2's member
alarm() { etcd_of cp1 /v3/maintenance/alarm -d "{\"action\": \"$1\", \"memberID\": \"$(member_of cp2)\", \"alarm\": \"$2\"}" | jq -e .header >/dev/null; }
disarmed() {
	ok "$1: an alarm is raised" alarm ACTIVATE NOSPACE
	kw full etcd members -f "$WORK/kubewright.yaml"
	is "$1: etcd members ends with 8" "$status" 8
	has "$1: and names the alarm" "$WORK/full.out" 'alarm NOSPACE of cp2: '
	ok "$1: nothing is written" refuses_writes
	kw disarm etcd disarm -f "$WORK/kubewright.yaml"
	show disarm 12
	is "$1: etcd disarm ends with 0 (${seconds} s)" "$status" 0
	ok "$1: it is written to again" until_ok 30 writes
	ok "$1: an alarm of damage is raised" alarm ACTIVATE CORRUPT
	kw corrupt etcd disarm -f "$WORK/kubewright.yaml"
	is "$1: etcd disarm refuses it" "$status" 5
	has "$1: and says what to do" "$WORK/corrupt.out" 'etcdctl endpoint hashkv --cluster'
	kw defrag-corrupt etcd defrag --yes -f "$WORK/kubewright.yaml"
	is "$1: as does etcd defrag" "$status" 5
	ok "$1: it is taken away by hand" alarm DEACTIVATE CORRUPT
	ok "$1: it is written to after that" until_ok 60 writes
}
refuses_writes() { ! writes; }

# Only the way from here is cut: the control planes see each other.
alive_is_not_dead() {
	"$LAB" exec cp3 iptables -I INPUT -s "$NETWORK.1" -p tcp --dport 22 -j DROP || fail "$1: the way to cp3 is cut"
	kw cut rejoin cp3 -f "$WORK/kubewright.yaml" --yes --connect-timeout 3
	show cut 12
	is "$1: rejoin of a host that only we cannot reach does not end well" "$([ "$status" != 0 ] && echo so)" so
	has "$1: it is not taken for dead" "$WORK/cut.out" 'so it is alive and only the connection from here is cut'
	is "$1: its member is still there" "$(voters cp1)" 3
	kw cut-remove remove cp3 -f "$WORK/kubewright.yaml" --yes --connect-timeout 3
	show cut-remove 12
	has "$1: nor removed as dead" "$WORK/cut-remove.out" 'it is alive, and only the connection from this machine is broken'
	is "$1: its member is still there after that" "$(voters cp1)" 3
	is "$1: and it is in the inventory" "$(grep -c 'name: cp3,' "$WORK/kubewright.yaml")" 1
	"$LAB" exec cp3 iptables -D INPUT -s "$NETWORK.1" -p tcp --dport 22 -j DROP
}

standing_quorum() {
	kw stands etcd restore -f "$WORK/kubewright.yaml" --yes
	is "$1: a restore is refused while the quorum stands" "$status" 5
	has "$1: and says so" "$WORK/stands.out" "etcd's quorum is not lost: 3 of 3 voters answer"
	kw unasked etcd restore -f "$WORK/kubewright.yaml" --override-quorum </dev/null
	is "$1: overriding alone is not confirming" "$status" 2
	"$LAB" kill cp3
	kw refused rejoin cp2 -f "$WORK/kubewright.yaml" --yes --connect-timeout 3
	show refused 12
	has "$1: rejoin of one of the two that hold the quorum is refused" "$WORK/refused.out" "removing cp2 would lose etcd's quorum"
	is "$1: and no pod had to go for it" "$(kc get node cp2 -o jsonpath='{.spec.unschedulable}')" ""
	is "$1: and the members are as they were" "$(voters cp1)" 3
	"$LAB" start cp3
	ok "$1: cp3 is back" until_ok 60 healthy_are 3
}
healthy_are() { [ "$("$KUBEWRIGHT" etcd members -f "$WORK/kubewright.yaml" -o json 2>/dev/null | jq .healthy)" = "$1" ]; }

snapshot_taken() {
	kw snapshot etcd snapshot "$WORK/one.db" -f "$WORK/kubewright.yaml"
	show snapshot
	is "$1: etcd snapshot ends with 0 (${seconds} s)" "$status" 0
	ok "$1: the snapshot is whole" whole "$WORK/one.db"
	is "$1: for its owner's eyes alone" "$(stat -c %a "$WORK/one.db")" 600
	kw again etcd snapshot "$WORK/one.db" -f "$WORK/kubewright.yaml"
	is "$1: a file that is there is not replaced" "$status" 2
	kw own etcd snapshot -f "$WORK/kubewright.yaml" -o json
	ok "$1: without a name it goes to the cluster's folder" whole "$(jq -r .file "$WORK/own.out")"
	note_value after
}

# lose HOST…: their disks
lose() {
	local h
	for h in "$@"; do
		"$LAB" wipe "$h" || fail "$flavour: $h is wiped"
		sed -i "/^$(address_of "$h") /d" "$XDG_STATE_HOME/kubewright/lab/known_hosts"
	done
}

come_back() {
	local stays=$1
	shift
	for h in "$@"; do "$LAB" start "$h" || fail "$flavour: $h comes up again"; done
	kw back rejoin "$@" -f "$WORK/kubewright.yaml" --yes --accept-new-host-keys
	show back 24
	is "$flavour: rejoin $* ends with 0 (${seconds} s)" "$status" 0
	ok "$flavour: three voters again" until_ok 30 voters_are "$stays" 3
	ok "$flavour: four Ready nodes" until_ok 90 ready_is 4
	ok "$flavour: and it is written to" writes
	kw sum etcd members -f "$WORK/kubewright.yaml"
	has "$flavour: all of them healthy" "$WORK/sum.out" '3 voters, 3 healthy, tolerates 1'
}

from_own_data() {
	local before killed n
	before=$(etcd_manifest cp1)
	for n in $(seq 1 20); do kc create configmap "count-$n" --from-literal=n="$n" >/dev/null || fail "$1: write $n"; done
	lose cp2 cp3
	kw lost etcd members -f "$WORK/kubewright.yaml" --connect-timeout 3
	show lost
	is "$1: etcd members without a quorum ends with 5" "$status" 5
	has "$1: and says that it is lost" "$WORK/lost.out" '3 voters, 1 healthy, quorum lost'
	kw status status -f "$WORK/kubewright.yaml" --connect-timeout 3
	show status 14
	has "$1: as status does" "$WORK/status.out" 'etcd +3 voters, 0 seen; fewer than the quorum of 2 were seen'
	kw unasked etcd restore -f "$WORK/kubewright.yaml" --connect-timeout 3 </dev/null
	is "$1: nothing without a word" "$status" 2
	# kubewright dies in the middle of it
	"$KUBEWRIGHT" etcd restore -f "$WORK/kubewright.yaml" --yes --connect-timeout 3 >"$WORK/killed.out" 2>&1 &
	killed=$!
	ok "$1: the restore is at work" until_ok 120 begun cp1
	kill -9 "$killed"
	wait "$killed" 2>/dev/null
	kw restore etcd restore -f "$WORK/kubewright.yaml" --yes --connect-timeout 3
	show restore 40
	is "$1: after a kill -9 it is finished by another run (${seconds} s)" "$status" 0
	has "$1: it says what comes next" "$WORK/restore.out" 'next: kubewright rejoin cp2 cp3'
	is "$1: etcd was made new once" "$(runs cp1 etcd-restore)" 1
	is "$1: one voter" "$(voters cp1)" 1
	is "$1: nothing is forced any more" "$(forced cp1)" '0 0 '
	is "$1: the manifest is what it was" "$(etcd_manifest cp1)" "$before"
	is "$1: the old data is kept" "$("$LAB" exec cp1 sh -c 'ls -d /var/lib/kubewright/etcd/before-*/member | wc -l')" 1
	ok "$1: the data is there" until_ok 30 value_is after
	is "$1: all that was counted" "$(kc get configmaps -o name | grep -c /count-)" 20
	come_back cp1 cp2 cp3
}
begun() { "$LAB" exec "$1" grep -q ' etcd-restore start$' /var/lib/kubewright/history; }

from_snapshot() {
	note_value late
	cp "$WORK/one.db" "$WORK/broken.db"
	printf x | dd of="$WORK/broken.db" bs=1 seek=5000 conv=notrunc status=none
	kw broken etcd restore --snapshot "$WORK/broken.db" -f "$WORK/kubewright.yaml" --yes
	has "$1: a broken snapshot is refused" "$WORK/broken.out" 'is damaged: its digest does not match'
	lose cp1 cp3
	kw restore etcd restore --snapshot "$WORK/one.db" -f "$WORK/kubewright.yaml" --yes --connect-timeout 3
	show restore 40
	is "$1: etcd restore --snapshot ends with 0 (${seconds} s)" "$status" 0
	is "$1: one voter" "$(voters cp2)" 1
	ok "$1: the value of the snapshot's time" until_ok 30 value_is before
	come_back cp2 cp1 cp3
	ok "$1: it is still that" until_ok 30 value_is before
}

for flavour in "$@"; do
	if ! flavour_present "$flavour"; then
		skip "$flavour: no Kubernetes release in $RELEASE"
		continue
	fi
	scenario "restore, $flavour"
	for part in ${E2E_PARTS:-installed members_told defragmented disarmed alive_is_not_dead standing_quorum snapshot_taken from_own_data from_snapshot}; do $part "$flavour"; done
	secrets_hidden && pass "$flavour: no secret is readable" || fail "$flavour: a secret is readable"
	scenario_end
done
summary
