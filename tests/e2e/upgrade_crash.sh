#!/usr/bin/env bash
# The crash matrix of an upgrade: one upgrade of a living cluster in which kubewright is killed once in every step of the plan, hosts lose their cable and their power in the midst of
# others, and each next `kubewright upgrade` continues, every other time from a machine that does not know what the one before did. A writer writes through the VIP all the while.
# debian: a patch version, so nothing drains; release: to the first of the folders in KUBEWRIGHT_LAB_MORE, best one of the next minor version.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

HOSTS="cp1 cp2 cp3 w1 w2"
target() {
	case $1 in
	debian) echo 1.20.3 ;;
	release) tr : '\n' <<<"${KUBEWRIGHT_LAB_MORE-}" | while read -r folder; do [ -z "$folder" ] || sed 's/^v//' "$folder/version"; done | sort -V | head -n 1 ;;
	esac
}

# What strikes where, once each: FAULT STEP@HOST, in whatever order a run comes by. While a host has no power the run continues with the next one: what strikes there is a kill, so
# that no two hosts are lost at once.
strikes() {
	cat <<-'END'
		kill probe@w2
		kill survey@cp2
		kill ask-etcd@any
		kill decide@any
		kill snapshot@any
		kill kubeadm@cp1
		kill upgrade@cp1
		cut upgrade@cp2
		cut kubeadm@cp3
		power upgrade@cp3
		kill drain@cp1
		power packages@cp1
		kill runtime@cp1
		kill packages@cp2
		power kubelet@cp2
		kill uncordon@cp2
		kill kubelet@cp3
		kill worker-kubeadm@w1
		power worker-upgrade@w1
		cut worker-drain@w1
		cut worker-packages@w1
		kill worker-kubelet@w1
		kill worker-upgrade@w2
		kill worker-drain@w2
		kill worker-packages@w2
		kill worker-runtime@w2
		kill worker-uncordon@w2
		kill verify@any
		kill unlock@any
	END
}
drains() { [ "${from%.*}" != "${to%.*}" ]; }
# The strikes that this upgrade has steps for: a patch version drains no Node.
due() { if drains; then strikes; else strikes | grep -Ev '(drain|uncordon)@'; fi; }

# The machine of before is gone with its run: nobody else knows that it is dead.
unlocked() { "$KUBEWRIGHT" unlock --yes -f "$WORK/kubewright.yaml" --accept-new-host-keys >"$WORK/unlock.out" 2>&1; }
serves() { [ "${1#w}" != "$1" ] || "$LAB" exec "$1" curl -sk --max-time 3 https://127.0.0.1:6443/readyz | grep -x ok >/dev/null; }

# One that came too late is tried again wherever the step comes next.
again() {
	tries[$2]=$((${tries[$2]:-0} + 1))
	[ "${tries[$2]}" -gt 3 ] || left="$left$1 $2@any
"
}

# One run on the machine HERE, struck wherever it comes by one of $left until it is killed or ends; how that went goes to $WORK/rows.
run() {
	local here=$1 pid word host when fault off='' hits='' begin
	begin=$(now_ms)
	"$KUBEWRIGHT" upgrade "$to" --yes -f "$WORK/kubewright.yaml" --accept-new-host-keys --connect-timeout 5 >"$WORK/strike.out" 2>&1 &
	pid=$!
	while [ -n "$left" ]; do
		# shellcheck disable=SC2046
		read -r word host when < <("$TOP/tests/e2e/breakpoint.py" "$pid" "$XDG_STATE_HOME/kubewright/lab/runs" $(printf '%s' "$left" | cut -d' ' -f2))
		[ "$word" != ended ] || break
		fault=$(printf '%s' "$left" | grep -m 1 " $word\$" | cut -d' ' -f1)
		# one host at a time is lost: this one's turn comes in another run
		if [ -n "$off" ] && [ "$fault" != kill ]; then
			kill -9 "$pid"
			break
		fi
		inflict "$fault" "$host" "$pid"
		left=$(printf '%s' "$left" | grep -vx "$fault $word")
		left=${left:+$left
}
		hits="$hits $fault:$word"
		printf '%-6s %-16s %-4s %s\n' "$fault" "${word%@*}" "$host" "$when" >>"$WORK/rows"
		[ "$when" = inside ] || again "$fault" "${word%@*}"
		[ "$fault" != kill ] || break
		kill -CONT "$pid"
		case $fault in
		cut)
			until_ok 120 noticed "$host" "$pid" || fail "$flavour: $word: the run notices that $host is cut off"
			make_good cut "$host"
			;;
		power) off=$host ;;
		esac
	done
	wait "$pid" 2>/dev/null
	status=$?
	ms=$(($(now_ms) - begin))
	printf '# %-5s exit %3d %4d.%d s %s\n' "$here" $status $((ms / 1000)) $((ms % 1000 / 100)) "$hits"
	if [ -n "$off" ]; then
		make_good power "$off"
		until_ok 180 serves "$off" || fail "$flavour: $off serves again after its power failure"
	fi
	case $status in
	0 | 137) ;;
	4 | 5 | 8) case $hits in *cut:* | *power:*) ;; *) fail "$flavour: a run that lost no host ends with $status" || show strike ;; esac ;;
	*) fail "$flavour: a run ends with $status" || show strike ;;
	esac
}

# kubeadm's upgrade of a host that ended well is not run again.
upgraded_once() {
	"$LAB" exec "$1" awk '$3 == "upgrade" && $4 == "start" { n++; again = again || done }
		$3 == "upgrade" && $4 == "end" && $5 == 0 { done = 1 }
		END { print again ? "again after it ended well" : done ? "once" : "never" }' /var/lib/kubewright/history
}
starts() { for h in $HOSTS; do runs "$h" upgrade; done | paste -sd' '; }

# Two runs on this machine, two on another, and so on: each has files of its own, and no other way to know what the one before did than to look.
matrix() {
	local n=0 here before=this began=$SECONDS
	left=$(due)
	left="$left
"
	# containerd keeps its settings in most upgrades: a change by hand gives the step something to do
	for h in cp1 w2; do "$LAB" exec $h sh -c "echo '# struck' >>/etc/containerd/config.toml"; done
	writes_begin
	while [ -n "$left" ] && [ $n -lt 60 ]; do
		here=this && [ $((n / 2 % 2)) = 0 ] || here=other
		XDG_STATE_HOME=$WORK/state && [ $here = this ] || XDG_STATE_HOME=$WORK/other
		[ $here = $before ] || until_ok 600 unlocked || fail "$flavour: the lock of the machine before is removed" || show unlock
		run $here
		before=$here n=$((n + 1))
		# what is left now comes in no run any more
		[ $status != 0 ] || printf '%s' "$left" | grep -Eq ' (probe|survey|ask-etcd|decide|verify|unlock)@' || break
	done
	XDG_STATE_HOME=$WORK/state
	[ $before = this ] || until_ok 600 unlocked
	kw upgrade upgrade "$to" --yes -f "$WORK/kubewright.yaml"
	is "$flavour: the last run ends with 0 (${seconds} s)" "$status" 0 || show upgrade
	writes_end
	took=$((SECONDS - began)) runs=$n
}

# Each was struck inside.
all_struck() {
	local fault at
	while read -r fault at <&3; do
		if grep -Eq "^$fault +${at%@*} +[a-z0-9]+ +inside" "$WORK/rows"; then pass "$flavour: $fault in ${at%@*}"; else fail "$flavour: $fault in ${at%@*}"; fi
	done 3< <(due)
	sed 's/^/# /' "$WORK/rows"
}

whole() {
	is "$flavour: every kubelet is $to" "$(kc get nodes -o jsonpath='{range .items[*]}{.status.nodeInfo.kubeletVersion}{"\n"}{end}' | sort | uniq -c | awk '{ print $1, $2 }')" "5 v$to"
	for h in cp1 cp2 cp3; do
		is "$flavour: $h: its static Pods are $to" "$("$LAB" exec "$h" sh -c "cat /etc/kubernetes/manifests/kube-*.yaml" | sed -n 's/^ *image: .*:v//p' | sort | uniq -c | awk '{ print $1, $2 }')" "3 $to"
	done
	is "$flavour: kube-proxy too" "$(kc -n kube-system get daemonset kube-proxy -o jsonpath='{.spec.template.spec.containers[0].image}' | sed 's/.*:v//')" "$to"
	is "$flavour: nobody is cordoned" "$(kc get nodes --no-headers | grep -c SchedulingDisabled)" 0
	is "$flavour: nor noted as being upgraded" "$(kc get nodes -o json | grep -c '"kubewright/')" 0
	ok "$flavour: five Ready nodes" until_ok 60 ready_is 5
	is "$flavour: three voters, no other member" "$(voters cp1) $(members cp1)" "3 3"
	is "$flavour: no acknowledged write is lost" "$(writes_lost)" 0
	for h in $HOSTS; do
		is "$flavour: $h: kubeadm upgrade" "$(upgraded_once "$h")" once
		is "$flavour: $h: no copy of etcd's data is left" "$("$LAB" exec "$h" sh -c 'find /etc/kubernetes/tmp -maxdepth 1 -name "kubeadm-backup-etcd-*" 2>/dev/null | wc -l')" 0
	done
	figure "$flavour: $from to $to in $runs runs, struck $(grep -c inside "$WORK/rows") times inside a step: $took s; kubeadm upgrade began $(starts) times on $HOSTS; $(writes_told)"
	has "$flavour: the inventory says it" "$WORK/kubewright.yaml" "version: \"?$to"
	apply after
	is "$flavour: apply has nothing left to do" "$status $(grep -c 'nothing was changed' "$WORK/after.out")" "0 1" || show after
	kw again upgrade -f "$WORK/kubewright.yaml" --yes
	is "$flavour: nor has upgrade" "$status $(grep -c 'Every host' "$WORK/again.out")" "0 1" || show again
	kw well repair --check -f "$WORK/kubewright.yaml"
	is "$flavour: nor has repair" "$status" 0 || show well
}

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	to=$(target "$flavour")
	[ -n "$to" ] || { skip "$flavour: no version to upgrade to: see KUBEWRIGHT_LAB_MORE" && continue; }
	scenario "upgrade_crash, $flavour"
	fresh "$flavour"
	inventory
	from=$(sed -n 's/^  version: "\{0,1\}\([0-9.]*\).*/\1/p' "$WORK/kubewright.yaml" | head -n 1)
	drains || note "$from to $to is a patch: no Node is drained"
	declare -A tries=()
	: >"$WORK/rows"
	mkdir "$WORK/other"
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first
	matrix
	show upgrade 30
	all_struck
	whole
	scenario_end
done
summary
