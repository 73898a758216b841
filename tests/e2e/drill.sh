#!/usr/bin/env bash
# Faults on purpose in a cluster of three and two: each one, with the seconds that writes and reads wait; kubewright killed in the middle of each, after which the next command, a status,
# puts everything back, or the host by itself; refused where the cluster cannot do without.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

HOSTS="cp1 cp2 cp3 w1 w2"
drill() { kw "$1" drill "${@:2}" --yes -f "$WORK/kubewright.yaml"; }
# What a drill may have left: on hosts and in the cluster.
left_behind() {
	local h
	for h in $HOSTS; do
		"$LAB" exec "$h" sh -c 'ls -d /run/kubewright/drill 2>/dev/null; nft list tables 2>/dev/null | grep kubewright
			systemctl list-timers --all --no-legend "kubewright-drill*" | grep kubewright; systemctl is-active kubelet keepalived | grep -vx active | head -n '"$([ "${h#cp}" = "$h" ] && echo 0 || echo 2)"'
			systemctl is-active --quiet kubelet || echo kubelet' | sed "s/^/$h /"
	done
	kc get namespaces -o name | grep drill
}
# A namespace takes a moment to go.
nothing_left() { [ -z "$(left_behind)" ]; }
well() { ready_is 5 && [ "$(voters cp1)" = 3 ] && one_holds; }
value() { jq -r ".faults[] | select(.name == \"$1\") | $2" "$WORK/all.json"; }

all() {
	local f
	writes_begin
	"$KUBEWRIGHT" drill -o json --yes -f "$WORK/kubewright.yaml" >"$WORK/all.lines" 2>"$WORK/all.out"
	status=$?
	writes_end
	tail -n 1 "$WORK/all.lines" >"$WORK/all.json"
	is "$flavour: drill ends with 0" "$status" 0 || show all
	for f in $FAULTS; do
		is "$flavour: $f: done, and no write is lost" "$(value "$f" '"\(.state) \(."writes-lost")"')" "done 0" || value "$f" .
		ok "$flavour: $f: writes and reads were made meanwhile" test "$(value "$f" '[.writes, .reads] | min')" -gt 5
		figure "$f on $(value "$f" .host): writes waited $(value "$f" '."write-pause-ms"') ms, reads $(value "$f" '."read-pause-ms"') ms, expected $(value "$f" '."pause-expected-ms"'); well after $(value "$f" '."well-after-ms"') ms"
	done
	[ "$held" = link ] || is "$flavour: without nft no host is cut off" "$(value link '"\(.state): \(.why)"')" "left-out: link: nft is not on every control plane, and cuts one off"
	ok "$flavour: the worker's Node was seen not Ready (after $(value worker '."noticed-after-ms"') ms)" test "$(value worker '."noticed-after-ms"')" -gt 0
	is "$flavour: who measures is not who has the fault" "$(jq '[.faults[] | select(.host == ."measured-from")] | length' "$WORK/all.json")" 0
	is "$flavour: nor is one of another writer, by none of kubewright's code" "$(writes_lost)" 0
	figure "beside it, through the VIP: $(writes_told)"
	ok "$flavour: nothing is left of it" until_ok 120 nothing_left || left_behind
	ok "$flavour: the cluster is well" until_ok 60 well
}

# A person reads the table.
table() {
	drill table api
	is "$flavour: one by its name ends with 0 (${seconds} s)" "$status" 0
	show table
	kw look drill --check -f "$WORK/kubewright.yaml"
	is "$flavour: --check only looks" "$status" 0
	show look
	has "$flavour: the table has it" "$WORK/table.out" '^api +cp[123] +[0-9.]+ s +[0-9.]+ s +10 s +0 +[0-9.]+ s'
	is "$flavour: nothing is wider than 80 columns" "$(awk '/^FAULT/ { table = 1 } table && length > 80' "$WORK/table.out" "$WORK/look.out")" ""
	kw usage drill lightning --yes -f "$WORK/kubewright.yaml"
	is "$flavour: what is no fault is refused" "$status" 2
	"$KUBEWRIGHT" drill api -f "$WORK/kubewright.yaml" </dev/null >"$WORK/no.out" 2>&1
	is "$flavour: without a word from anybody nothing is done" $? 2
	has "$flavour: and it says what to give" "$WORK/no.out" 'must be confirmed'
}

# under_way FAULT: it has been made, by what its host or the run says
under_way() {
	local h
	case $1 in
	api | etcd*) grep -q "^.*$1: its process is killed" "$WORK/cut.out" ;;
	*)
		for h in $HOSTS; do
			[ "$("$LAB" exec "$h" cat /run/kubewright/drill/fault 2>/dev/null)" != "$1" ] || return 0
		done
		return 1
		;;
	esac
}
# cut_in FAULT: kubewright is killed while it is under way
cut_in() {
	local pid
	"$KUBEWRIGHT" drill "$1" --yes -f "$WORK/kubewright.yaml" >"$WORK/cut.out" 2>&1 &
	pid=$!
	ok "$flavour: $1 is under way" until_ok 300 under_way "$1" || show cut
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
}

# Pods of a Node that was not Ready are Ready again a while after it.
nothing_broken() {
	kw broken repair --check -f "$WORK/kubewright.yaml"
	[ "$status" = 0 ]
}

# The namespace goes through the API, which may not answer at the first look after it was killed.
put_back() {
	nothing_left || { kw again status -f "$WORK/kubewright.yaml" && nothing_left; }
}

killed_in_each() {
	local f
	for f in $FAULTS; do
		cut_in "$f"
		kw after status -f "$WORK/kubewright.yaml"
		case $f in
		api | etcd*) ;;
		*) has "$flavour: $f: it says what it has ended" "$WORK/after.out" "ended what a drill that was cut off had begun here: $f" ;;
		esac
		ok "$flavour: $f: everything is put back" until_ok 120 put_back || left_behind
		ok "$flavour: $f: the cluster is well" until_ok 120 well
		ok "$flavour: $f: and nothing is broken" until_ok 180 nothing_broken || show broken
	done
}

by_itself() {
	cut_in "$held"
	ok "$flavour: $held, killed: the host comes back by itself" until_ok 200 well
	ok "$flavour: and nothing is broken then" until_ok 180 nothing_broken || show broken
	ok "$flavour: nothing is left" until_ok 120 nothing_left || left_behind
}

# Ctrl-C puts back at once.
interrupted() {
	local pid
	"$KUBEWRIGHT" drill vip --yes -f "$WORK/kubewright.yaml" >"$WORK/cut.out" 2>&1 &
	pid=$!
	ok "$flavour: vip is under way" until_ok 300 under_way vip || show cut
	kill -INT "$pid"
	wait "$pid"
	is "$flavour: Ctrl-C ends it with 130" $? 130 || show cut
	ok "$flavour: everything is put back" until_ok 60 nothing_left || left_behind
	ok "$flavour: the cluster is well" until_ok 60 well
}

# A write that was acknowledged and is gone is noticed: one that is taken away behind its back.
first_writes() { kc -n kubewright-drill get configmap w-2 >/dev/null 2>&1; }
lost() {
	local pid
	"$KUBEWRIGHT" drill worker -o json --yes -f "$WORK/kubewright.yaml" >"$WORK/lost.lines" 2>"$WORK/lost.out" &
	pid=$!
	until_ok 120 first_writes
	kc -n kubewright-drill delete configmap w-2 >/dev/null
	wait "$pid"
	is "$flavour: a write that is gone makes it fail" $? 5 || show lost
	is "$flavour: and it is counted" "$(tail -n 1 "$WORK/lost.lines" | jq '[.faults[]."writes-lost"] | add')" 1
	ok "$flavour: everything is put back" until_ok 60 nothing_left || left_behind
}

refused() {
	"$LAB" kill cp3
	until_ok 60 members_healthy 2
	drill two etcd
	ok "$flavour: with a control plane lost nothing is done (status $status)" test "$status" -ne 0
	show two
	ok "$flavour: nothing was touched" nothing_left
	"$LAB" start cp3
	ok "$flavour: and back" until_ok 180 well
}
members_healthy() { [ "$("$KUBEWRIGHT" etcd members -o json -f "$WORK/kubewright.yaml" 2>/dev/null | jq -r .healthy)" = "$1" ]; }

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "drill, $flavour"
	fresh "$flavour" --hosts cp1,cp2,cp3,w1,w2
	inventory
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first
	ok "$flavour: all its Nodes get Ready" until_ok 600 ready_is 5
	FAULTS="worker vip api etcd etcd-leader link" held=link
	"$LAB" exec cp1 sh -c 'command -v nft' >/dev/null || FAULTS=${FAULTS% link} held=vip
	for part in ${E2E_PARTS:-all table interrupted lost killed_in_each by_itself refused}; do $part; done
	scenario_end
done
summary
