# shellcheck shell=bash
# What every end-to-end scenario stands on: the lab, the program under test, and looks at the hosts from outside of both.
set -uo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LAB=$TOP/tests/lab/lab
KUBEWRIGHT=${KUBEWRIGHT:-$TOP/build/kubewright}
NUMBER=${KUBEWRIGHT_LAB_NUMBER:-0}
STATE=${KUBEWRIGHT_LAB_STATE:-/var/lib/kubewright-lab${NUMBER#0}}
NETWORK=10.213.$((7 + NUMBER))
CACHE=${KUBEWRIGHT_LAB_CACHE:-/var/cache/kubewright-lab}
RELEASE=${KUBEWRIGHT_LAB_RELEASE:-$CACHE/release}
VIP=$NETWORK.100
export LAB_SUDO=lab-sudo-secret
export NO_COLOR=1

passed=0 failed=0 skipped=0
failed_names=

pass() { passed=$((passed + 1)) && printf 'ok - %s\n' "$*"; }
fail() {
	failed=$((failed + 1))
	failed_names="$failed_names; $*"
	printf 'not ok - %s\n' "$*"
	return 1
}
skip() { skipped=$((skipped + 1)) && printf 'skipped - %s\n' "$*"; }
note() { printf '# %s\n' "$*"; }
# figure TEXT: a measurement, which tests/e2e/run repeats in its table
figure() { printf '# figure: %s\n' "$*"; }
# is NAME GOT WANT
is() { if [ "$2" = "$3" ]; then pass "$1"; else fail "$1: got '$2', want '$3'"; fi; }
# ok NAME COMMAND…: passes when the command succeeds; what it printed is shown when not
ok() {
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then pass "$name"; else fail "$name" || printf '%s\n' "$said" | head -n 10 | sed 's/^/#   /'; fi
}
# has NAME FILE PATTERN
has() { if grep -Eq -- "$3" "$2"; then pass "$1"; else fail "$1: no line like '$3' in $2" || tail -n 20 "$2" | sed 's/^/#   /'; fi; }
# until_ok SECONDS COMMAND…: polls a condition
until_ok() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.3
	done
}
now_ms() { date +%s%3N; }

# A folder per scenario with its own state: no test sees what another remembers.
scenario() {
	SCENARIO=$1
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/kubewright-e2e.XXXXXX")
	export XDG_STATE_HOME=$WORK/state HOME=$WORK/home
	mkdir -p "$HOME"
	printf '\n== %s (%s)\n' "$SCENARIO" "$(date +%T)"
}
scenario_end() { rm -rf "$WORK"; }

flavour_present() { [ "$1" = debian ] || [ -x "$RELEASE/kubeadm" ]; }
# QEMU and what it needs: hosts of kind machine
machines_possible() { "$LAB" doctor | grep 'machines with a kernel of their own *yes' >/dev/null; }
kubectl_program() { "$LAB" kubectl; }
kc() { "$(kubectl_program)" --kubeconfig "$XDG_STATE_HOME/kubewright/lab/kubeconfig" --request-timeout=10s "$@"; }

# fresh FLAVOUR [lab up options]: a lab with new disks
fresh() {
	local flavour=$1
	shift
	if ! { "$LAB" down && "$LAB" up --flavour "$flavour" "$@"; }; then
		fail "the lab comes up"
		exit 1
	fi
}
inventory() { "$LAB" inventory "$@" >"$WORK/kubewright.yaml"; }
# kw NAME ARGS…: runs kubewright, output in $WORK/NAME.out, sets status and seconds
kw() {
	local name=$1 begin
	shift
	begin=$(now_ms)
	"$KUBEWRIGHT" "$@" >"$WORK/$name.out" 2>&1
	status=$?
	ms=$(($(now_ms) - begin))
	seconds=$((ms / 1000)).$((ms % 1000 / 100))
}
apply() { kw "$1" apply -f "$WORK/kubewright.yaml" --accept-new-host-keys "${@:2}"; }
show() { sed 's/^/#   /' "$WORK/$1.out" | tail -n "${2:-40}"; }

ready_nodes() { kc get nodes --no-headers 2>/dev/null | awk '$2 ~ /^Ready/' | wc -l; }
# By kubectl on a control plane: also before this machine has a kubeconfig.
system_pods_ready() { "$LAB" exec cp1 kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system wait --for=condition=Ready pod --all --timeout=300s; }
ready_is() { [ "$(ready_nodes)" = "$1" ]; }
# etcd_of HOST PATH [OPTIONS]: asks etcd itself on a control plane, by none of kubewright's code.
etcd_of() {
	"$LAB" exec "$1" curl -s --max-time 5 --cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/healthcheck-client.crt \
		--key /etc/kubernetes/pki/etcd/healthcheck-client.key "${@:3}" "https://127.0.0.1:2379$2"
}
# Started voters, and members of any kind.
voters() { etcd_of "$1" /v3/cluster/member/list -d '{}' | jq '[.members[] | select(.isLearner != true and (.name // "") != "")] | length'; }
voters_are() { [ "$(voters "$1")" = "$2" ]; }
members() { etcd_of "$1" /v3/cluster/member/list -d '{}' | jq '.members | length'; }
vip_holders() {
	local h
	for h in $("$LAB" status | awk '$3 == "up" && $1 ~ /^cp/ { print $1 }'); do
		# not grep -q: what it leaves unread makes the pipe fail
		"$LAB" exec "$h" ip -o -4 addr show | grep " $VIP/" >/dev/null && echo "$h"
	done
}
one_holds() {
	holders=$(vip_holders)
	[ "$(wc -w <<<"$holders")" = 1 ]
}
# The one that holds the virtual IP; while that moves, a look at one host after the other finds none or two.
vip_holder() {
	local holders
	until_ok 60 one_holds && echo "$holders"
}
# runs HOST JOB: how often a job began there, by the host's own record
runs() { "$LAB" exec "$1" sh -c "grep -c ' $2 start\$' /var/lib/kubewright/history" 2>/dev/null || true; }
# each start of a job but the first has a clean between it and the one before
ran_once() {
	"$LAB" exec "$1" awk -v job="$2" '$3 == "clean" && $4 == "end" && $5 == 0 { cleaned = 1 }
		$3 == job && $4 == "start" { n++; if (n > 1 && !cleaned) bad = 1; cleaned = 0 }
		$3 == job && $4 == "end" { last = $5 }
		END { print (bad || n == 0 || last != 0) ? "again without a clean" : "once" }' /var/lib/kubewright/history
}
# journal: that of the newest run
journal() { find "$XDG_STATE_HOME/kubewright/lab/runs" -name '*.jsonl' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2; }

# request NAME CN O SIGNER USAGES [AS [GROUPS]]: a CertificateSigningRequest as somebody sends it; REQUEST_NAMES: for a server of these names.
request() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$WORK/$1.key" -subj "/O=$3/CN=$2" ${REQUEST_NAMES:+-addext "subjectAltName=$REQUEST_NAMES"} -out "$WORK/$1.csr" 2>/dev/null
	local group as=()
	for group in ${6:+${7:-system:nodes} system:authenticated}; do as+=(--as-group="$group"); done
	kc ${6:+--as="$6"} "${as[@]}" create -f - <<-TEXT >/dev/null
		{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"$1"},
		 "spec":{"request":"$(base64 -w 0 <"$WORK/$1.csr")","signerName":"$4","usages":[$5]}}
	TEXT
}
certificate_of() { kc get csr "$1" -o jsonpath='{.status.certificate}' | base64 -d; }

# ---- a writer through the virtual IP

# Writes one after the other until it is to stop; a line for each that was acknowledged. No name comes twice, as what an earlier writer left may still be there.
write_on() {
	local n=0 first
	first=$(now_ms)
	while [ ! -e "$WORK/stop" ]; do
		n=$((n + 1))
		kc --request-timeout=2s create configmap "write-$first-$n" >/dev/null 2>&1 && echo "$(now_ms) write-$first-$n" >>"$WORK/written"
	done
}
writes_begin() {
	kc delete --raw /api/v1/namespaces/default/configmaps --request-timeout=120s >/dev/null
	rm -f "$WORK/stop" "$WORK/written"
	write_on &
	writer=$!
}
writes_end() { : >"$WORK/stop" && wait "$writer"; }
# how many of those that were acknowledged are not there
writes_lost() { kc get configmaps -o name | sed 's|configmap/||' | sort >"$WORK/there" && cut -d' ' -f2 "$WORK/written" | sort | comm -23 - "$WORK/there" | wc -l; }
writes_told() {
	printf '%d writes acknowledged, the longest wait between two %d ms' "$(wc -l <"$WORK/written")" \
		"$(awk 'NR > 1 && $1 - last > gap { gap = $1 - last } { last = $1 } END { print gap + 0 }' "$WORK/written")"
}

# ---- faults: kill (of kubewright, by its PID), cut, power

# inflict FAULT HOST PID
inflict() {
	case $1 in
	kill) kill -9 "$3" ;;
	cut) "$LAB" cut "$2" ;;
	power) "$LAB" kill "$2" ;;
	esac
}
# noticed HOST PID: the run has lost the host, or is over
noticed() { grep -q "\"kind\":\"host-state\",\"host\":\"$1\",\"code\":\"lost\"" "$(journal)" || ! kill -0 "$2" 2>/dev/null; }
# killed STEP@HOST COMMAND…: kills kubewright's command while it is in that step
killed() {
	local at=$1 pid word when
	shift
	"$KUBEWRIGHT" "$@" --yes -f "$WORK/kubewright.yaml" >"$WORK/killed.out" 2>&1 &
	pid=$!
	read -r word _ when < <("$TOP/tests/e2e/breakpoint.py" "$pid" "$XDG_STATE_HOME/kubewright/lab/runs" "$at")
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	is "$flavour: $1 is killed in $at" "$word $when" "$at inside" || show killed
}
# make_good FAULT HOST
make_good() {
	case $1 in
	cut) "$LAB" heal "$2" ;;
	power) "$LAB" start "$2" ;;
	esac
}

# pods_talk [WORKER WORKER]: a pod on each, each asked by the other's.
pods_talk() {
	local image=registry.k8s.io/lab/probe:1 one=${1:-w1} other=${2:-w2} w
	[ "$(cat "$STATE/flavour")" = release ] || image=k8s.gcr.io/lab/probe:1
	for w in "$one" "$other"; do
		kc run "talk-$w" --image="$image" --restart=Never --overrides="{\"spec\":{\"nodeName\":\"$w\",\"terminationGracePeriodSeconds\":0}}" \
			--command -- sh -c "mkdir /www; echo from-$w >/www/index.html; exec httpd -f -p 8080 -h /www" >/dev/null || return 1
	done
	until_ok 300 pods_running || return 1
	[ "$(kc exec "talk-$one" -- wget -qO- "http://$(pod_ip "talk-$other"):8080/")" = "from-$other" ] &&
		[ "$(kc exec "talk-$other" -- wget -qO- "http://$(pod_ip "talk-$one"):8080/")" = "from-$one" ]
}
pods_running() { [ "$(kc get pods --no-headers 2>/dev/null | grep -c '^talk-.* Running ')" = 2 ]; }
pod_ip() { kc get pod "$1" -o jsonpath='{.status.podIP}'; }

# What a converged apply must leave alone, as seen from outside: digests and times of files, start times of units, containers, versions of objects.
fingerprint() {
	local h
	for h in "$@"; do
		"$LAB" exec "$h" sh -c 'find /etc /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env /var/lib/kubelet/pki -xdev -type f ! -name "*.swp" -printf "%p %T@ %s\n" | sort
			find /etc -xdev -type f -exec sha256sum {} + | sort
			systemctl show -p ActiveEnterTimestamp kubelet containerd keepalived ssh
			ctr -n k8s.io containers ls -q | sort' | sed "s/^/$h /"
	done
	kc get nodes,deployments,daemonsets,configmaps,secrets -A \
		-o jsonpath='{range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name} {.metadata.generation}{"\n"}{end}' | sort
	kc get deployments,daemonsets,configmaps,secrets -A -o jsonpath='{range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\n"}{end}' | sort
}
# Sessions that sshd gave to commands on a host so far.
execs() { "$LAB" exec "$1" sh -c "journalctl -t sshd --no-pager -o cat | grep -c 'Starting session: command'" 2>/dev/null || true; }

# The secrets of the cluster and of the operator, a line each.
secrets_known() {
	{
		echo "$LAB_SUDO"
		find "$XDG_STATE_HOME" -name '*.key' -exec sed -n '2p' {} +
		kc get secrets -n kube-system -o jsonpath='{range .items[?(@.type=="bootstrap.kubernetes.io/token")]}{.data.token-secret}{"\n"}{end}' 2>/dev/null |
			while read -r t; do printf '%s' "$t" | base64 -d && echo; done
	} | grep -E '.{8}'
}

# No secret of the cluster or of the operator in any log, journal, argv or world-readable file: on the hosts and here.
secrets_hidden() {
	local h found=0 pattern
	pattern=$(mktemp)
	secrets_known >"$pattern"
	note "searching for $(wc -l <"$pattern") secrets"
	for h in $("$LAB" status | awk '$3 == "up" { print $1 }'); do
		grep -q "name: $h," "$WORK/kubewright.yaml" || continue
		{
			"$LAB" exec "$h" sh -c 'journalctl --no-pager -o cat; cat /var/lib/kubewright/history /var/lib/kubewright/jobs/*/log /var/lib/kubewright/jobs/*/stdout 2>/dev/null
				for p in /proc/[0-9]*; do tr "\0" " " <$p/cmdline; tr "\0" " " <$p/environ; done 2>/dev/null
				find / -xdev -type f -perm -o+r ! -path "/proc/*" ! -path "/sys/*" -size -2M -newer /etc/machine-id -exec cat {} + 2>/dev/null'
		} 2>/dev/null | grep -aFf "$pattern" | head -n 3 | grep -a . && { note "a secret is readable on $h" && found=1; }
	done
	grep -rlaFf "$pattern" "$WORK"/*.out "$XDG_STATE_HOME"/kubewright/*/runs 2>/dev/null && found=1
	rm -f "$pattern"
	[ $found = 0 ]
}

summary() {
	[ -z "$failed_names" ] || printf '# failed:%s\n' "${failed_names#;}"
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	[ "$failed" -eq 0 ]
}
