#!/usr/bin/env bash
# The crash matrix: for each fault one installation in which it strikes once in every step of the plan, and the next apply continues. A step is
# struck by a breakpoint in the run's journal (breakpoint.py), so that the fault lands while the step is at work, however short it is.
# E2E_PARTS: which faults (kill cut power) and rejoin; default all.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# Run by run: the hosts of the apply, then what is struck in it. A killed kubewright can be struck once in a run; hosts that are cut or lose their
# power can be struck at a step each, and what depends on them waits or is left for the next apply. Hosts are left out where they would run ahead
# of a strike that is still to come. back@HOSTS: a cut cable is put back as soon as the run has noticed, and the run reconnects and continues.
runs_of() {
	if [ "$1" = kill ]; then
		cat <<-'END'
			all probe@cp1
			all preflight@any
			all decide@any
			all os@cp2
			all packages@cp3
			cp1,w1 runtime@w1
			cp1,cp2 certificates@cp2
			cp1,cp3 endpoint@cp3
			cp1,w2 images@w2
			all init@cp1
			cp1 cni@cp1
			cp1,cp2 join-control-plane@cp2
			all join@w2
			all labels@any
			all verify@any
			all kubeconfig@any
			all survey@cp3
			all unlock@w1
		END
	else
		# preflight compares the control planes: it waits as long as one of them does not answer
		cat <<-'END'
			all probe@cp1 preflight@w2
			all decide@cp1 os@cp2 packages@cp3 runtime@w1 images@w2
			all certificates@cp2 endpoint@cp3 init@cp1
			cp1 cni@cp1
			cp1,cp2,w2 join-control-plane@cp2 join@w2
			back@all labels@any
			back@all verify@any
			back@all kubeconfig@any
			back@all survey@cp3 unlock@w1
		END
	fi
}
# Has something to do in every run: a strike that came too late is tried once more.
REPEATABLE=' probe preflight decide survey labels verify kubeconfig unlock '

# Makes sure that a step has something to do in the next apply.
give_work() {
	case $1 in
	kubeconfig) rm -f "$XDG_STATE_HOME/kubewright/lab/kubeconfig" ;;
	labels) sed -i -E "/name: cp1,/{s/, labels: \{[^}]*\}//;s/\}\$/, labels: {struck: \"$((++labelled))\"}}/}" "$WORK/kubewright.yaml" ;;
	esac
}
labelled=0 again=

# What the struck run itself says of a step's end.
end_of() { jq -r --arg s "$1" --arg h "$2" 'select(.kind == "step-done" and .step == $s and .host == $h) | .outcome' "$(journal)" 2>/dev/null | tail -n 1; }

# struck FAULT HOSTS STEP@HOST…: one run of $COMMAND over the hosts, struck at each of the steps; rows go to $WORK/rows, the strikes that did not land to $missed
struck() {
	local fault=$1 hosts=${2#back@} pid word host when begin options=() left=" ${*:3} " hit=() rows=() row
	missed=
	for word in "${@:3}"; do give_work "${word%@*}"; done
	[ "$hosts" = all ] || options=(--hosts "$hosts" --without-missing)
	begin=$(now_ms)
	"$KUBEWRIGHT" $COMMAND -f "$WORK/kubewright.yaml" --accept-new-host-keys --connect-timeout 5 "${options[@]}" >"$WORK/strike.out" 2>&1 &
	pid=$!
	while [ "$left" != ' ' ]; do
		# shellcheck disable=SC2086
		read -r word host when < <("$TOP/tests/e2e/breakpoint.py" $pid "$XDG_STATE_HOME/kubewright/lab/runs" $left)
		[ "$word" != ended ] || break
		inflict "$fault" "$host" $pid
		[ "$fault" = kill ] || kill -CONT $pid
		left=${left/ $word / }
		hit+=("$host")
		rows+=("${word%@*} $host $when")
		[ "$when" = inside ] || missed="$missed $word"
	done
	[ "$left" = ' ' ] || kill -9 $pid 2>/dev/null
	put_back=no
	if [ "$fault-${2%all}" = cut-back@ ]; then
		put_back=yes
		for host in "${hit[@]}"; do until_ok 90 noticed "$host" $pid && make_good cut "$host"; done
	fi
	wait $pid 2>/dev/null
	status=$?
	ms=$(($(now_ms) - begin))
	for host in "${hit[@]}"; do make_good "$fault" "$host" || fail "$flavour: $fault: $host is back"; done
	for word in $left; do rows+=("${word%@*} ${word#*@} never") && missed="$missed $word"; done
	for row in "${rows[@]}"; do
		read -r word host when <<<"$row"
		printf '%-6s %-19s %-5s %4d %4d.%d  %-7s %s\n' "$fault" "$word" "$host" $status $((ms / 1000)) $((ms % 1000 / 100)) "$when" "$(end_of "$word" "$host")" | tee -a "$WORK/rows" | sed 's/^/# /'
	done
	judge "$fault" "${hit[@]}"
}

# How a struck run may end: the killed one as it was killed; the others by themselves, naming the hosts that they left.
judge() {
	local fault=$1 host
	case $fault/$status in
	kill/137 | cut/0 | power/0) return ;;
	cut/4 | cut/5 | cut/8 | power/4 | power/5 | power/8) ;;
	*) fail "$flavour: $fault: the struck run ends with $status" || show strike ;;
	esac
	[ "$fault" != kill ] || return
	# where the cable is put back the run continues with the host
	[ "$put_back" = no ] || return
	for host in "${@:2}"; do
		grep -q "$host" "$WORK/strike.out" || fail "$flavour: $fault: the struck run names $host" || show strike
	done
}

# The control planes that are installed whole serve again: power is back a moment before the API is.
serving() {
	local h
	for h in cp1 cp2 cp3; do
		"$LAB" exec $h sh -c '[ "$(cat /var/lib/kubewright/jobs/init/status /var/lib/kubewright/jobs/join/status 2>/dev/null)" != 0 ] ||
			curl -sk --max-time 3 https://127.0.0.1:6443/readyz | grep -qx ok' || return 1
	done
}

# strike FAULT HOSTS STEP@HOST…: the same; what came too late and has something to do in every run is noted in $again
strike() {
	local word
	struck "$@"
	for word in $missed; do
		case $REPEATABLE in *" ${word%@*} "*) again="$again ${word%@*}" ;; esac
	done
	[ "$1" != power ] || until_ok 120 serving || fail "$flavour: power: the control planes serve again"
}

# once_more FAULT: what came too late, now that no run can get ahead of a strike that is still to come
once_more() {
	local word try
	for word in $again; do
		for try in 1 2 3; do
			struck "$1" all "$word@any"
			[ -n "$missed" ] || break
			note "$word: too late, the $try. time"
		done
	done
	again=
}

healthy() { etcd_of "$1" /health | jq -r .health; }

tidy() {
	local h
	for h in cp1 cp2 cp3 w1 w2; do
		"$LAB" exec $h sh -c '! find /etc /usr/local /var/lib/kubewright /run/kubewright -name ".kubewright.*" -o -name ".lock.*" -o -name "*.new" | grep .' || return 1
	done
}

# The cluster is as if nothing had happened.
whole() {
	local name=$1 h
	apply converge
	[ "$status" = 0 ] || show converge
	is "$name: apply converges (${seconds} s)" "$status" 0
	until_ok 60 ready_is 5 || true
	is "$name: five Ready nodes" "$(ready_nodes)" 5
	is "$name: three voters, no other member" "$(voters cp1) $(members cp1)" "3 3"
	is "$name: all of them healthy" "$(healthy cp1) $(healthy cp2) $(healthy cp3)" "true true true"
	is "$name: init ran once" "$(ran_once cp1 init)" once
	for h in cp2 cp3 w1 w2; do
		is "$name: the join of $h ran once" "$(ran_once $h join)" once
	done
	ok "$name: nothing half written is left" tidy
	apply again
	is "$name: apply finds nothing to do afterwards (${seconds} s)" "$status $(grep -c 'nothing was changed' "$WORK/again.out")" "0 1"
	ok "$name: no secret is readable" secrets_hidden
}

# all_steps FAULT STEP…: each was struck inside
all_steps() {
	local step
	for step in "${@:2}"; do
		if grep -Eq "^$1 +$step +[a-z0-9]+ +[0-9]+ +[0-9.]+ +inside" "$WORK/rows"; then pass "$flavour: $1 struck in $step"; else fail "$flavour: $1 struck in $step"; fi
	done
	figure "$flavour: $1: $(grep -c ' inside' "$WORK/rows") strikes inside a step, $(grep -vc ' inside' "$WORK/rows") beside one; $((SECONDS - began)) s with the lab's boot"
	printf '# %-6s %-19s %-5s %4s %6s  %-7s %s\n' fault step host exit seconds struck "the step's end" && sed 's/^/# /' "$WORK/rows"
}

matrix() {
	local fault=$1 began=$SECONDS hosts strikes
	COMMAND=apply
	scenario "$flavour: $fault in every step"
	fresh "$flavour"
	inventory
	while read -r hosts strikes <&3; do
		# shellcheck disable=SC2086
		strike "$fault" "$hosts" $strikes
	done 3< <(runs_of "$fault")
	once_more "$fault"
	whole "$flavour: $fault"
	# shellcheck disable=SC2046
	all_steps "$fault" $(runs_of "$fault" | grep -o ' [a-z-]*@' | tr -d ' @')
	[ "$fault" != kill ] || ! in_parts rejoin || rejoined
	scenario_end
}

# A control plane lost its disk; kubewright is killed as it puts it in again.
rejoined() {
	local began=$SECONDS
	: >"$WORK/rows"
	"$LAB" wipe cp3 && "$LAB" start cp3 || fail "$flavour: cp3 gets a new disk"
	sed -i "/^$NETWORK.13 /d" "$XDG_STATE_HOME/kubewright/lab/known_hosts"
	COMMAND='rejoin cp3 --yes'
	strike kill all expel@any
	strike kill all join-control-plane@cp3
	kw back rejoin cp3 --yes -f "$WORK/kubewright.yaml"
	[ "$status" = 0 ] || show back
	is "$flavour: rejoin: the next one ends with 0 (${seconds} s)" "$status" 0
	whole "$flavour: rejoin"
	all_steps kill expel join-control-plane
}

in_parts() { case " ${E2E_PARTS:-kill cut power rejoin} " in *" $1 "*) ;; *) return 1 ;; esac; }

for flavour in "$@"; do
	if ! flavour_present "$flavour"; then
		skip "$flavour: no Kubernetes release in $RELEASE"
		continue
	fi
	for fault in kill cut power; do
		! in_parts $fault || matrix $fault
	done
done
summary
