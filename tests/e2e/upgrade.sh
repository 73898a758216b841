#!/usr/bin/env bash
# A living cluster is brought to a newer version, one host after the other, while a writer writes through the VIP. debian: a patch version; release: to the newest of
# the folders in KUBEWRIGHT_LAB_MORE; E2E_THROUGH: one of their versions that is reached by --through, those before it being what it leads through.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# A pod on each worker that answers, and keeps to its Node when that is drained.
pods_on_workers() {
	local image=registry.k8s.io/lab/probe:1
	[ "$flavour" = release ] || image=k8s.gcr.io/lab/probe:1
	kc apply -f - >/dev/null <<-EOF
		apiVersion: apps/v1
		kind: DaemonSet
		metadata: {name: web}
		spec:
		  selector: {matchLabels: {app: web}}
		  template:
		    metadata: {labels: {app: web}}
		    spec:
		      terminationGracePeriodSeconds: 0
		      containers:
		        - {name: web, image: "$image", command: [sh, -c, "mkdir -p /www; echo here >/www/index.html; exec httpd -f -p 8080 -h /www"]}
	EOF
	until_ok 300 pods_are_up
}
pods_are_up() { [ "$(kc get pods -l app=web --no-headers 2>/dev/null | grep -c ' 1/1 .*Running ')" = 2 ]; }
pods_shown() { kc get pods -l app=web -o jsonpath="{range .items[*]}$1{\"\\n\"}{end}" | sort; }
# ask_on NODE ADDRESS: when it answered, in ms, asked from where no upgrade restarts anything: a control plane's own network
ask_on() {
	"$LAB" exec cp1 sh -c "while [ -e /run/asks ]; do curl -sf -m 1 http://$2:8080/ >/dev/null && date +%s%3N; sleep 0.1; done" >"$WORK/answered-$1"
}
answers_begin() {
	rm -f "$WORK"/answered-*
	"$LAB" exec cp1 touch /run/asks
	pods_shown '{.spec.nodeName} {.metadata.uid} {.status.containerStatuses[0].restartCount}' >"$WORK/pods"
	askers=()
	while read -r node address; do
		ask_on "$node" "$address" </dev/null &
		askers+=($!)
	done < <(pods_shown '{.spec.nodeName} {.status.podIP}')
}
answers_end() {
	"$LAB" exec cp1 rm /run/asks
	wait "${askers[@]}"
	for f in "$WORK"/answered-*; do
		awk -v w="${f##*-}" 'NR > 1 && $1 - last > gap { gap = $1 - last } { last = $1 } END { printf "%s: %d answers, the longest wait between two %d ms; ", w, NR, gap }' "$f"
	done >"$WORK/answers"
	is "$flavour: the pods of the workers are those of before, none restarted" \
		"$(pods_shown '{.spec.nodeName} {.metadata.uid} {.status.containerStatuses[0].restartCount}' | diff "$WORK/pods" - | grep -c '^[<>]')" 0
	figure "pods on workers: $(cat "$WORK/answers")"
}

# The versions that there are to upgrade to, oldest first.
targets() {
	case $1 in
	debian) echo 1.20.3 ;;
	release) tr : '\n' <<<"${KUBEWRIGHT_LAB_MORE-}" | while read -r folder; do [ -z "$folder" ] || sed 's/^v//' "$folder/version"; done | sort -V ;;
	esac
}

kubelets() { kc get nodes -o jsonpath='{range .items[*]}{.status.nodeInfo.kubeletVersion}{"\n"}{end}' | sort | uniq -c | awk '{ print $2 " x" $1 }' | paste -sd' '; }
api_images() { for h in cp1 cp2 cp3; do "$LAB" exec "$h" sed -n 's/.*image: .*kube-apiserver:v//p' /etc/kubernetes/manifests/kube-apiserver.yaml; done | sort -u | paste -sd' '; }

upgrades() { for h in cp1 cp2 cp3 w1 w2; do runs "$h" upgrade; done; }

# Killed while kubeadm works on a control plane, and again while the kubelets change; the rest is done from another machine, which has no file of this cluster.
interrupted() {
	local to=$1 before
	before=$(upgrades)
	killed upgrade@cp2 upgrade "$to"
	killed kubelet@cp2 upgrade "$to"
	apply older
	is "$flavour: apply of the earlier version is refused" "$status" 3 || show older
	has "$flavour: and says how it continues" "$WORK/older.out" "continue it with 'kubewright upgrade $to'"
	apply half --set "kubernetes.version=$to"
	is "$flavour: apply of the new one leaves the versions of a half-upgraded cluster alone" "$status" 0 || show half
	has "$flavour: and says so" "$WORK/half.out" "'kubewright upgrade $to' continues it"
	mkdir "$WORK/other"
	XDG_STATE_HOME=$WORK/other kw upgrade upgrade "$to" --batch 100% --yes -f "$WORK/kubewright.yaml" --accept-new-host-keys
	is "$flavour: each host was upgraded once" "$(paste <(upgrades) - <<<"$before" | awk '{ print $1 - $2 }' | paste -sd' ')" "1 1 1 1 1"
}

# Of the last run, by its recording: what each host took for what an upgrade asks of it, and for how long none of that was under way anywhere, which is kubewright's own share.
told_by_host() {
	"$KUBEWRIGHT" replay --timeline -o json | jq -r '
		def s: . / 100 | round / 10 | tostring + " s";
		def asked: test("^(worker-)?(kubeadm|upgrade|drain|packages|runtime|kubelet|uncordon)$");
		def span: sort | reduce .[] as [$from, $to] ({end: 0, sum: 0};
			([$from, .end] | max) as $begin | .sum += ([$to - $begin, 0] | max) | .end = ([.end, $to] | max)) | .sum;
		[.steps[] | select(.step | asked)] as $steps
		| ($steps | group_by(.host) | map(.[0].host + " " + (map(.end_ms - .start_ms) | add | s)) | join(", "))
		+ "; own share \(.wall_ms - ($steps | map([.start_ms, .end_ms]) | span) | s) of \(.wall_ms | s)"'
}

upgraded_to() {
	local to=$1 first=${3:-$1} through=() state=$XDG_STATE_HOME
	[ -z "${2-}" ] || through=("$2")
	kw look upgrade "$to" "${through[@]}" --check -f "$WORK/kubewright.yaml" --accept-new-host-keys
	is "$flavour: upgrade --check to $to ends with 0" "$status" 0 || show look
	is "$flavour: it shows what would run where" "$(grep -c "kubeadm upgrade apply, to $first" "$WORK/look.out") $(grep -c "kubeadm upgrade node, to $first" "$WORK/look.out")" "1 4" || show look 60
	answers_begin
	writes_begin
	if [ -n "${interrupt-}" ]; then
		interrupt='' state=$WORK/other && interrupted "$to"
	else
		kw upgrade upgrade "$to" "${through[@]}" --yes -f "$WORK/kubewright.yaml" --accept-new-host-keys
	fi
	writes_end
	answers_end
	show upgrade 60
	is "$flavour: upgrade to $to ends with 0 (${seconds} s)" "$status" 0
	is "$flavour: every API server is $to" "$(api_images)" "$to"
	is "$flavour: and every kubelet" "$(kubelets)" "v$to x5"
	is "$flavour: nobody is cordoned" "$(kc get nodes --no-headers | grep -c SchedulingDisabled)" 0
	is "$flavour: three voters" "$(voters cp1)" 3
	is "$flavour: no acknowledged write is lost" "$(writes_lost)" 0
	figure "upgrade to $to: ${seconds} s; $(writes_told); $(XDG_STATE_HOME=$state told_by_host)"
	has "$flavour: the inventory says it" "$WORK/kubewright.yaml" "version: \"?$to"
	apply after
	is "$flavour: apply has nothing left to do" "$status $(grep -c 'nothing was changed' "$WORK/after.out")" "0 1" || show after
	kw again upgrade -f "$WORK/kubewright.yaml" --yes
	is "$flavour: nor has upgrade" "$status $(grep -c 'Every host' "$WORK/again.out")" "0 1" || show again
}

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	[ -n "$(targets "$flavour")" ] || { skip "$flavour: no version to upgrade to: see KUBEWRIGHT_LAB_MORE" && continue; }
	scenario "upgrade, $flavour"
	fresh "$flavour"
	inventory
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first
	ok "$flavour: a pod on each worker" pods_on_workers
	kw few upgrade --hosts w1 --yes -f "$WORK/kubewright.yaml"
	is "$flavour: a worker alone cannot be upgraded" "$status" 2 || show few
	kw down upgrade 1.10.1 --yes -f "$WORK/kubewright.yaml"
	is "$flavour: a version that is not supported is refused" "$status" 3
	interrupt=yes first=
	for to in $(targets "$flavour"); do
		case $to in
		"${E2E_THROUGH:-none}")
			interrupt='' && upgraded_to "$to" --through "$first"
			interrupt=yes E2E_THROUGH=
			;;
		*) if [ -n "${E2E_THROUGH-}" ]; then first=${first:-$to}; else upgraded_to "$to"; fi ;;
		esac
	done
	scenario_end
done
summary
