#!/usr/bin/env bash
# Two operators on one cluster. The first waits in a drain for longer than a lock lasts and keeps the second away; then it stands still for so long, the second takes over, and the
# first does nothing more when it wakes: to hosts, API or etcd, as they show themselves. And what is deleted at the end of a run: the token, and what a killed job has left.
# The program is built again with locks that last 30 s instead of a quarter of an hour.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

TTL=30

lock_of() { "$LAB" exec "$1" sed -n "s/^$2=//p" /var/lib/kubewright/lock 2>/dev/null; }
# Seconds since the last sign of life in a host's lock.
age_of() { "$LAB" exec "$1" sh -c 'echo $(($(date +%s) - $(stat -c %Y /var/lib/kubewright/lock)))' 2>/dev/null || echo 0; }
old() { [ "$(age_of cp1)" -gt "$TTL" ] && [ "$(age_of w1)" -gt "$TTL" ]; }
tokens() { kc get secrets -n kube-system -o name | grep -c bootstrap-token; }
# What there is on the API server and in etcd, by identity and version: the pod on w1, its Node's wishes, the members.
cluster_now() {
	kc get pods -o jsonpath='{range .items[*]}{.metadata.name} {.metadata.uid} {.metadata.deletionTimestamp} {.spec.nodeName}{"\n"}{end}' | sort
	kc get nodes -o jsonpath='{range .items[*]}{.metadata.name} {.metadata.uid} {.metadata.generation} {.spec.unschedulable}{"\n"}{end}' | sort
	kc get secrets,configmaps -n kube-system -o jsonpath='{range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\n"}{end}' | sort
	members cp1
}
records() { for h in cp1 w1; do "$LAB" exec "$h" sh -c 'sha256sum /var/lib/kubewright/history /var/lib/kubewright/host.conf; systemctl show -p ActiveEnterTimestamp kubelet containerd'; done; }

# A pod on w1 that a budget holds there.
hold_a_pod() {
	local image=registry.k8s.io/lab/probe:1 policy=policy/v1
	[ "$1" = release ] || { image=k8s.gcr.io/lab/probe:1 policy=policy/v1beta1; }
	kc apply -f - >/dev/null <<-END || return 1
		{"apiVersion": "v1", "kind": "List", "items": [
		 {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
		  "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": "web", "image": "$image", "command": ["sleep", "3600"]}]}}}},
		 {"apiVersion": "$policy", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}}]}
	END
	until_ok 90 held_there
}
held_there() { [ "$(kc get pods -l app=web -o name 2>/dev/null | wc -l) $(kc get poddisruptionbudget web -o jsonpath='{.status.currentHealthy}' 2>/dev/null)" = "1 1" ]; }

waits_and_keeps() {
	local end=$((SECONDS + 2 * TTL)) oldest=0 tried=0 age
	while [ $SECONDS -lt $end ]; do
		XDG_STATE_HOME=$WORK/other kw other apply "${site[@]}"
		tried=$((tried + 1))
		[ "$status" = 7 ] || { show other 10 && break; }
		for h in cp1 w1; do
			age=$(age_of "$h")
			[ "$age" -le "$oldest" ] || oldest=$age
		done
		sleep 1
	done
	is "$flavour: for twice as long as a lock lasts another run is refused" "$status" 7
	figure "$flavour: $tried runs of another operator refused in $((2 * TTL)) s; the oldest sign of life was $oldest s old"
	[ "$oldest" -lt $((TTL / 2)) ] || fail "$flavour: signs of life come in time: one was $oldest s old"
}

scenario_of() {
	local flavour=$1 site pid before after execs_before
	scenario "operators $flavour"
	fresh "$flavour" --hosts cp1,w1
	inventory
	site=(-f "$WORK/kubewright.yaml" --accept-new-host-keys)
	apply install
	is "$flavour: install" "$status" 0 || show install
	is "$flavour: the token of the run is deleted" "$(tokens)" 0
	mkdir -p "$WORK/other/kubewright" && cp -r "$WORK/state/kubewright/lab" "$WORK/other/kubewright/lab" && rm -rf "$WORK/other/kubewright/lab/runs"
	# without it there is no drain to wait in
	ok "$flavour: a pod that may not be evicted" hold_a_pod "$flavour" || return

	"$KUBEWRIGHT" remove w1 "${site[@]}" --yes -v --drain-timeout 900 >"$WORK/first.out" 2>&1 &
	pid=$!
	ok "$flavour: the first operator drains" until_ok 60 grep -q 'pods are still to leave w1' "$WORK/first.out"
	waits_and_keeps

	kill -STOP "$pid"
	ok "$flavour: it stands still until its locks are old" until_ok $((TTL + 30)) old
	XDG_STATE_HOME=$WORK/other kw second apply "${site[@]}"
	is "$flavour: the second takes over" "$status" 0 || show second
	has "$flavour: and says so" "$WORK/second.out" 'took over the lock of a run that has died'
	# what the first would do at once if it still might
	kc delete poddisruptionbudget web >/dev/null
	before=$(cluster_now && records) execs_before=$(execs w1)
	kill -CONT "$pid"
	wait "$pid"
	is "$flavour: the first ends with 7 when it wakes" $? 7
	has "$flavour: because of its lock" "$WORK/first.out" 'lost the lock of'
	after=$(cluster_now && records)
	is "$flavour: it changed nothing in the cluster, nor on its hosts" "$after" "$before"
	# each of them a sign of life that failed, or the giving back
	[ $(($(execs w1) - execs_before)) -le 3 ] && pass "$flavour: $(($(execs w1) - execs_before)) execs on w1 after it woke" ||
		fail "$flavour: $(($(execs w1) - execs_before)) execs on w1 after it woke" || show first
	is "$flavour: no lock is left" "$(lock_of cp1 run)$(lock_of w1 run)" ''
	left_in_run
	scenario_end
}

# A job that is killed leaves nothing in /run: the join has the token in its script.
left_in_run() {
	local pid
	kc uncordon w1 >/dev/null
	"$KUBEWRIGHT" rejoin w1 "${site[@]}" --yes >"$WORK/rejoin.out" 2>&1 &
	pid=$!
	ok "$flavour: a join runs" until_ok 120 "$LAB" exec w1 systemctl is-active --quiet kubewright-join.service
	is "$flavour: its script is root's alone" "$("$LAB" exec w1 sh -c 'stat -c %a /run/kubewright/join.*/script' | sort -u)" 600
	"$LAB" exec w1 systemctl kill -s KILL kubewright-join.service
	wait "$pid" && fail "$flavour: a join that is killed fails"
	is "$flavour: killed, it leaves nothing" "$("$LAB" exec w1 sh -c 'ls -d /run/kubewright/*.*' 2>/dev/null)" ''
	"$LAB" exec w1 sh -c 'mkdir -p /run/kubewright/join.19700101T000000-dead && echo secret >/run/kubewright/join.19700101T000000-dead/script'
	apply again
	is "$flavour: apply takes it back and joins again" "$status" 0 || show again
	is "$flavour: and sweeps what an earlier run has left" "$("$LAB" exec w1 sh -c 'ls -d /run/kubewright/*.*' 2>/dev/null)" ''
	is "$flavour: no token is left" "$(tokens)" 0
}

ok "a program whose locks last $TTL s" make -C "$TOP" --no-print-directory all BUILD=build-ttl CFLAGS="-g -DLOCK_TTL_S=$TTL"
KUBEWRIGHT=$TOP/build-ttl/kubewright
for flavour in "${@:-debian}"; do
	if flavour_present "$flavour"; then scenario_of "$flavour"; else skip "$flavour: its binaries are not here"; fi
done
"$LAB" down
summary
