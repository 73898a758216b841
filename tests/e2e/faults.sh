#!/usr/bin/env bash
# What an operator's night brings: dead workers, a killed kubewright, cut cables, power failures, two operators at once.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# ---- a worker dead from the start -----------------------------------------------------------------------------------------------

# When the last step of the living hosts ended, in seconds since the run's start, by the run's journal.
done_without() { jq -rs --arg h "$1" '[.[] | select(.kind == "step-done" and .host != $h and .step != "unlock") | .at] | max / 1000 | floor' "$2"; }
journal() { find "$XDG_STATE_HOME/kubewright/lab/runs" -name '*.jsonl' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2; }

dead_worker() {
	local how=$1
	scenario "$flavour: a worker that is dead from the start ($how)"
	fresh "$flavour" --hosts cp1,w1,w2
	inventory --single
	[ "$how" = none ] || "$LAB" "$how" w2
	apply dead
	note "living hosts done after $(done_without w2 "$(journal)") s, the run after $seconds s"
	if [ "$how" = none ]; then
		is "$flavour: single control plane without VIP: apply ends with 0" "$status" 0
		is "$flavour: three Ready nodes" "$(ready_nodes)" 3
		baseline=$(done_without w2 "$(journal)")
	else
		is "$flavour: $how: apply ends with 8" "$status" 8
		has "$flavour: $how: the summary names the host that is left" "$WORK/dead.out" 'w2'
		is "$flavour: $how: the others are Ready" "$(ready_nodes)" 2
		# two cores and five hosts: a few seconds either way are the machine's
		[ "$(done_without w2 "$(journal)")" -le $((baseline * 13 / 10 + 5)) ] && pass "$flavour: $how: the others no later than without it" ||
			fail "$flavour: $how: the others no later than without it ($baseline s)"
		"$LAB" heal w2
		apply back
		[ "$status" = 0 ] || show back
		is "$flavour: $how: once it is back, apply finishes it" "$status" 0
		is "$flavour: $how: three Ready nodes" "$(ready_nodes)" 3
	fi
	scenario_end
}

# ---- faults in the middle ---------------------------------------------------------------------------------------------------------

running() { "$LAB" exec "$1" sh -c "grep ' $2 ' /var/lib/kubewright/history | tail -n 1 | grep -q ' start\$'" 2>/dev/null; }
ended() { ! kill -0 "$1" 2>/dev/null; }

# strike FAULT HOST JOB HOSTS: begins an apply over HOSTS, strikes while JOB runs on HOST, heals, waits for the end
strike() {
	local fault=$1 host=$2 job=$3 pid begin=$SECONDS
	"$KUBEWRIGHT" apply -f "$WORK/kubewright.yaml" --accept-new-host-keys --without-missing --hosts "$4" >"$WORK/strike.out" 2>&1 &
	pid=$!
	if ! until_ok 300 running "$host" "$job"; then
		fail "$flavour: $fault: $job begins on $host"
		kill "$pid"
		wait "$pid"
		show strike
		return
	fi
	case $fault in
	kill) kill -9 "$pid" ;;
	cut) "$LAB" cut "$host" ;;
	power) "$LAB" kill "$host" ;;
	esac
	wait "$pid" 2>/dev/null
	status=$?
	case $fault in
	cut) "$LAB" heal "$host" ;;
	power) "$LAB" start "$host" ;;
	esac
	note "$fault on $host during $job: exit $status after $((SECONDS - begin)) s"
	[ "$status" -ne 0 ] || note "(the run came through it)"
	case $fault in
	kill) ;;
	*) has "$flavour: $fault during $job: the output names $host" "$WORK/strike.out" "$host" ;;
	esac
}

# each start of a job but the first has a clean between it and the one before
ran_once() {
	"$LAB" exec "$1" awk -v job="$2" '$3 == "clean" && $4 == "end" && $5 == 0 { cleaned = 1 }
		$3 == job && $4 == "start" { n++; if (n > 1 && !cleaned) bad = 1; cleaned = 0 }
		$3 == job && $4 == "end" { last = $5 }
		END { print (bad || n == 0 || last != 0) ? "again without a clean" : "once" }' /var/lib/kubewright/history
}

faults_in_the_middle() {
	local fault=$1
	scenario "$flavour: $fault during packages, init, a control plane's join, a worker's join"
	fresh "$flavour"
	inventory
	# only the hosts that a stage needs: a fault on one must not let the others run ahead of the next
	strike "$fault" cp1 packages cp1
	strike "$fault" cp1 init cp1
	strike "$fault" cp2 join cp1,cp2
	strike "$fault" w2 join cp1,cp2,w2
	apply converge
	[ "$status" = 0 ] || show converge
	is "$flavour: $fault: apply converges (${seconds} s)" "$status" 0
	until_ok 60 ready_is 5 || true
	is "$flavour: $fault: five Ready nodes" "$(ready_nodes)" 5
	is "$flavour: $fault: three voters, no other member" "$(voters cp1) $(members cp1)" "3 3"
	is "$flavour: $fault: init ran once" "$(ran_once cp1 init)" once
	for h in cp2 cp3 w1 w2; do
		is "$flavour: $fault: the join of $h ran once" "$(ran_once $h join)" once
	done
	ok "$flavour: $fault: no secret is readable" secrets_hidden
	scenario_end
}
members() {
	"$LAB" exec "$1" sh -c 'curl -s --max-time 5 --cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/healthcheck-client.crt \
		--key /etc/kubernetes/pki/etcd/healthcheck-client.key -X POST -d "{}" https://127.0.0.1:2379/v3/cluster/member/list' | jq '.members | length'
}

# ---- two at once --------------------------------------------------------------------------------------------------------------------

two_at_once() {
	local pid
	scenario "$flavour: two kubewrights at once"
	fresh "$flavour" --hosts cp1
	inventory --single
	"$KUBEWRIGHT" apply -f "$WORK/kubewright.yaml" --accept-new-host-keys >"$WORK/one.out" 2>&1 &
	pid=$!
	ok "$flavour: the first begins" until_ok 120 running cp1 packages
	# another machine: another state, which knows nothing of the first
	XDG_STATE_HOME=$WORK/other apply two
	show two 6
	is "$flavour: the second ends with 7" "$status" 7
	has "$flavour: and says who holds the lock" "$WORK/two.out" "pid $pid|$(id -un)@"
	wait "$pid"
	is "$flavour: the first goes on to its end" $? 0
	scenario_end
}

for flavour in "$@"; do
	if ! flavour_present "$flavour"; then
		skip "$flavour: no Kubernetes release in $RELEASE"
		continue
	fi
	for part in ${E2E_PARTS:-two dead middle}; do
		case $part in
		two) two_at_once ;;
		dead) for how in none cut refuse hang; do dead_worker $how; done ;;
		middle) for fault in kill cut power; do faults_in_the_middle $fault; done ;;
		esac
	done
done
summary
