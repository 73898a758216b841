#!/usr/bin/env bash
# What an operator's night brings: dead workers, a killed kubewright, cut cables, power failures, two operators at once.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# ---- a worker dead from the start -----------------------------------------------------------------------------------------------

# When the last step of the living hosts ended, in seconds since the run's start, by the run's journal.
done_without() { jq -rs --arg h "$1" '[.[] | select(.kind == "step-done" and .host != $h and .step != "unlock") | .at] | max / 1000 | floor' "$2"; }

dead_worker() {
	local how=$1
	scenario "$flavour: a worker that is dead from the start ($how)"
	fresh "$flavour" --hosts cp1,w1,w2
	inventory --single
	[ "$how" = none ] || "$LAB" "$how" w2
	apply dead
	figure "living hosts done after $(done_without w2 "$(journal)") s, the run after $seconds s"
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
	inflict "$fault" "$host" "$pid"
	wait "$pid" 2>/dev/null
	status=$?
	make_good "$fault" "$host"
	note "$fault on $host during $job: exit $status after $((SECONDS - begin)) s"
	[ "$status" -ne 0 ] || note "(the run came through it)"
	case $fault in
	kill) ;;
	*) has "$flavour: $fault during $job: the output names $host" "$WORK/strike.out" "$host" ;;
	esac
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

# ---- two at once --------------------------------------------------------------------------------------------------------------------

# other_machine ARGS…: kubewright as on another machine: another id of it, another state; the cluster's keys are the same.
other_machine() {
	# shellcheck disable=SC2016
	XDG_STATE_HOME=$WORK/other exec unshare -m sh -c 'mount --bind "$0" /etc/machine-id && exec "$@"' "$WORK/machine-id" "$KUBEWRIGHT" "$@"
}
no_job() { ! "$LAB" exec "$1" systemctl is-active --quiet "kubewright-$2.service"; }
lock_of() { "$LAB" exec "$1" sed -n "s/^$2=//p" /var/lib/kubewright/lock 2>/dev/null; }

# A run that sleeps on another machine loses its lock, and notices when it wakes; one that is killed there loses it too.
taken_away() {
	local pid
	other_machine apply "${site[@]}" >"$WORK/asleep.out" 2>&1 &
	pid=$!
	ok "$flavour: a run of another machine begins" until_ok 120 running cp1 packages
	is "$flavour: the lock names its step" "$(lock_of cp1 step)" packages
	kill -STOP "$pid"
	kw locked apply "${site[@]}"
	is "$flavour: from here apply ends with 7" "$status" 7
	has "$flavour: with the way out" "$WORK/locked.out" "hint: at work since .*, at step packages, .*'kubewright unlock' removes its lock"
	kw refused unlock "${site[@]}" --yes
	show refused 6
	is "$flavour: while its job runs, unlock is refused" "$status" 7
	has "$flavour: and names the job" "$WORK/refused.out" 'job packages of run .* is still running on cp1'
	until_ok 300 no_job cp1 packages || fail "$flavour: the job ends without its run"
	kw unasked unlock "${site[@]}" </dev/null
	is "$flavour: unlock wants a word" "$status" 2
	kw unlock unlock "${site[@]}" --yes
	show unlock 6
	is "$flavour: then unlock does it" "$status $(lock_of cp1 run)" "0 "
	has "$flavour: and says where" "$WORK/unlock.out" '^unlocked cp1$'
	kw nothing unlock "${site[@]}" --yes
	is "$flavour: once more there is nothing to do" "$status $(grep -c 'no host is locked' "$WORK/nothing.out")" "0 1"
	kill -CONT "$pid"
	wait "$pid"
	is "$flavour: the run that wakes fails" $? 7
	has "$flavour: fenced off" "$WORK/asleep.out" 'this run has lost the lock of cp1: it was removed'
	other_machine apply "${site[@]}" >"$WORK/killed.out" 2>&1 &
	pid=$!
	ok "$flavour: another one comes further" until_ok 120 running cp1 images
	kill -9 "$pid"
	wait "$pid"
	until_ok 120 no_job cp1 images || fail "$flavour: the job ends without its run"
	kw killed2 unlock "${site[@]}" --yes
	is "$flavour: killed, it loses its lock" "$status $(lock_of cp1 run)" "0 "
}

two_at_once() {
	local pid watcher site
	scenario "$flavour: two kubewrights at once"
	fresh "$flavour" --hosts cp1
	inventory --single
	head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$WORK/machine-id"
	site=(-f "$WORK/kubewright.yaml" --accept-new-host-keys --set "pki.store=$WORK/pki")
	taken_away
	"$KUBEWRIGHT" apply "${site[@]}" >"$WORK/one.out" 2>&1 &
	pid=$!
	ok "$flavour: the first begins" until_ok 120 running cp1 init
	# another operator's: another state, which knows nothing of the first
	XDG_STATE_HOME=$WORK/third kw two apply "${site[@]}"
	show two 6
	is "$flavour: the second ends with 7" "$status" 7
	has "$flavour: and says who holds the lock" "$WORK/two.out" "pid $pid, run|$(id -un)@"
	has "$flavour: and how to follow it" "$WORK/two.out" "hint: .*'kubewright watch 2"
	"$KUBEWRIGHT" watch >"$WORK/watch.out" 2>&1 &
	watcher=$!
	"$KUBEWRIGHT" watch -o json >"$WORK/watch.jsonl" 2>&1 &
	(XDG_STATE_HOME=$WORK/third other_machine status "${site[@]}") >"$WORK/status.out" 2>&1
	has "$flavour: another machine's status shows it" "$WORK/status.out" "locked +by $(id -un)@.* pid $pid, run .*, at step init, last sign of life [0-9]+.* ago, on cp1"
	has "$flavour: and its job" "$WORK/status.out" "its job init runs on cp1"
	wait "$pid"
	is "$flavour: the first continues to its end" $? 0 || show one
	wait "$watcher"
	is "$flavour: watch ends with the same exit status" $? 0
	has "$flavour: and has followed to the end" "$WORK/watch.out" '^Done after .*, with exit status 0$'
	wait
	is "$flavour: as JSON it is the recording" "$(cmp "$WORK/watch.jsonl" "$(journal)" && echo same)" same
	kw none watch
	is "$flavour: afterwards there is none to watch" "$status" 2
	scenario_end
}

# Another machine's run has one control plane of three: this one must not continue with the other two.
one_is_held() {
	local h
	scenario "$flavour: another run holds one control plane of three"
	fresh "$flavour" --hosts cp1,cp2,cp3,w1
	inventory
	"$LAB" exec cp2 sh -c 'umask 077; mkdir -p /var/lib/kubewright; printf "owner=ana@jump01 pid 7\nmachine=m\nrun=other\nstep=join\nsince=now\n" >/var/lib/kubewright/lock'
	apply held
	show held 30
	is "$flavour: apply ends with 7" "$status" 7
	is "$flavour: and says why once" "$(grep -c '^error: .*nothing is changed on any host while the control plane cp2 is locked by another run: ana@jump01 pid 7, run other' "$WORK/held.out")" 1
	for h in cp1 cp2 cp3 w1; do
		ok "$flavour: nothing was begun on $h" "$LAB" exec $h test ! -e /var/lib/kubewright/ledger -a ! -e /var/lib/kubewright/history
	done
	is "$flavour: no lock of its own is left, and the other's stands" "$(for h in cp1 cp2 cp3 w1; do printf '%s,' "$(lock_of $h run)"; done)" ",other,,,"
	kw reset reset -f "$WORK/kubewright.yaml" --yes
	is "$flavour: so does reset" "$status" 7
	scenario_end
}

for flavour in "$@"; do
	if ! flavour_present "$flavour"; then
		skip "$flavour: no Kubernetes release in $RELEASE"
		continue
	fi
	for part in ${E2E_PARTS:-two held dead middle}; do
		case $part in
		two) two_at_once ;;
		held) one_is_held ;;
		dead) for how in none cut refuse hang; do dead_worker $how; done ;;
		middle) for fault in kill cut power; do faults_in_the_middle $fault; done ;;
		esac
	done
done
summary
