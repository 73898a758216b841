#!/usr/bin/env bash
# The main job, both flavours: five bare hosts become a highly available cluster; a second apply changes nothing; a host is added; the VIP moves;
# a machine with a kernel of its own joins, which boots while the others install.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

five_hosts() {
	fresh "$1"
	inventory
	machine_begins "$1"
	apply first
	show first 30
	is "$1: apply ends with 0 (${seconds} s)" "$status" 0
	has "$1: its hosts asked each other before" "$WORK/first.out" '^5 of 5 hosts asked each other: 0 errors'
	until_ok 30 ready_is 5 || true
	is "$1: five Ready nodes through the VIP" "$(ready_nodes)" 5
	is "$1: three started voters" "$(voters cp1)" 3
	is "$1: five machine-ids" "$(for h in cp1 cp2 cp3 w1 w2; do "$LAB" exec $h cat /etc/machine-id; done | sort -u | wc -l)" 5
	for h in cp1 cp2 cp3; do
		is "$1: $h serves our certificate for its own address" "$(served_names "$h" | grep -c "$(address_of "$h")")" 1
	done
	note "kubeadm on cp1: $("$LAB" exec cp1 kubeadm version -o short) $("$LAB" exec cp1 sha256sum /usr/bin/kubeadm | cut -c1-64)"
}
address_of() { sed -n "s/.*name: $1, address: \([0-9.]*\).*/\1/p" "$WORK/kubewright.yaml"; }
served_names() {
	openssl s_client -connect "$(address_of "$1"):6443" </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName | tr ',' '\n'
}


nothing_changes() {
	local before after execs_before execs_after
	kc delete pod --all --wait --grace-period=1 >/dev/null
	# the kubelet sweeps up after them in its own time
	for h in w1 w2; do ok "$1: nothing is left of its pods on $h" until_ok 180 no_test_pods $h; done
	fingerprint cp1 cp2 cp3 w1 w2 >"$WORK/before"
	execs_before=$(for h in cp1 cp2 cp3 w1 w2; do execs $h; done | paste -sd' ')
	apply again
	show again 12
	execs_after=$(for h in cp1 cp2 cp3 w1 w2; do execs $h; done | paste -sd' ')
	fingerprint cp1 cp2 cp3 w1 w2 >"$WORK/after"
	is "$1: a second apply ends with 0 (${seconds} s)" "$status" 0
	figure "execs a host before: $execs_before, after: $execs_after"
	read -ra before <<<"$execs_before"
	read -ra after <<<"$execs_after"
	for i in 0 1 2 3 4; do
		[ $((after[i] - before[i])) -le 3 ] || fail "$1: at most three execs a host: $((after[i] - before[i]))"
	done
	ok "$1: nothing changed on any host or in the cluster" diff "$WORK/before" "$WORK/after"
}

healthy() {
	kw check repair --check -f "$WORK/kubewright.yaml"
	[ "$status" = 0 ] || show check
	is "$1: a healthy cluster has no finding (${seconds} s)" "$status $(grep -c 'Nothing is broken' "$WORK/check.out")" "0 1"
}

# Ports that programs of the cluster have are asked of them, and nothing of theirs is in the way.
meshed() {
	kw mesh check --mesh -f "$WORK/kubewright.yaml"
	is "$1: its hosts get through to one another (${seconds} s)" "$status" 0 || show mesh 60
}

# The certificates as openssl sees them on a host: none is missing, none ends soon, and the CAs are the same everywhere.
certificates() {
	"$KUBEWRIGHT" certs -o json -f "$WORK/kubewright.yaml" >"$WORK/certs.json" 2>"$WORK/certs.err"
	is "$1: certs ends with 0" $? 0
	is "$1: certs has looked at five hosts and found nothing that ends soon or differs" \
		"$(jq -r '"\([.hosts[] | select(.reached)] | length) \([.hosts[].certificates[] | select(.state != "ok" and .state != "unused")] | length) \(.differences | length)"' "$WORK/certs.json")" "5 0 0"
	is "$1: certs shows the certificates that are in cp2's pki" \
		"$(jq -r '.hosts[] | select(.name == "cp2") | .certificates[] | select(.file | endswith(".crt")) | select(.file | startswith("/etc")) | "\(.sha256) \(.file)"' "$WORK/certs.json" | sort)" \
		"$("$LAB" exec cp2 sh -c 'for f in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt; do echo "$(openssl x509 -in $f -outform der | sha256sum | cut -d" " -f1) $f"; done' | sort)"
	ok "$1: certs shows each worker its kubelet's" jq -e '[.hosts[] | select(.role == "worker") | .certificates | any(.file | endswith("kubelet-client-current.pem"))] | all' "$WORK/certs.json"
	is "$1: and no private key" "$(grep -c 'PRIVATE KEY' "$WORK/certs.json")" 0
}

# The record of what was given out is what openssl reads in the file, and works.
kubeconfigs() {
	"$KUBEWRIGHT" kubeconfig --user e2e --days 2 --out "$WORK/e2e.conf" -f "$WORK/kubewright.yaml" >/dev/null 2>"$WORK/e2e.err"
	is "$1: a kubeconfig for somebody" $? 0
	"$KUBEWRIGHT" kubeconfig --list -o json -f "$WORK/kubewright.yaml" >"$WORK/kubeconfigs.json"
	is "$1: it is recorded by the serial that openssl shows" \
		"$(jq -r '.kubeconfigs[] | select(.user == "e2e") | "serial=\(.serial) \(.to)"' "$WORK/kubeconfigs.json")" \
		"$(sed -n 's/.*client-certificate-data: //p' "$WORK/e2e.conf" | base64 -d | openssl x509 -noout -serial) $WORK/e2e.conf"
	ok "$1: and the API server takes it" "$(kubectl_program)" --kubeconfig "$WORK/e2e.conf" --request-timeout=10s get nodes
	rm -f "$WORK/e2e.conf"
}

# One archive for somebody who helps: each host's logs are in it, a run that can be replayed, and none of the secrets.
supported() {
	local in="$WORK/support" run
	rm -rf "$in" "$in.tar.gz"
	mkdir "$in"
	kw support support "$in.tar.gz" -f "$WORK/kubewright.yaml"
	[ "$status" = 0 ] || show support 30
	is "$1: support ends with 0 (${seconds} s)" "$status" 0
	is "$1: its archive is the operator's alone" "$(stat -c %a "$in.tar.gz")" 600
	ok "$1: tar unpacks it" tar -xzf "$in.tar.gz" -C "$in" --strip-components=1
	figure "support: $(stat -c %s "$in.tar.gz") bytes, unpacked $(du -sb "$in" | cut -f1)"
	is "$1: it has facts and the kubelet's log of five hosts, and etcd's and the API server's of three" \
		"$(for f in facts.json kubelet.log etcd.log kube-apiserver.log; do find "$in/hosts" -name $f -size +1 | wc -l; done | paste -sd' ')" "5 5 3 3"
	is "$1: and says that etcd has its quorum" "$(jq -r .etcd.quorum "$in/status.json")" true
	is "$1: none of $(secrets_known | wc -l) secrets is in it" "$(secrets_known | grep -rlaFf - "$in")" ""
	run=$(find "$in/runs" -name '*.jsonl' | sort | tail -n 1)
	ok "$1: its newest run is replayed" "$KUBEWRIGHT" replay --timeline "$run"
	rm -rf "$in" "$in.tar.gz"
}

# What stop_apiserver did is found by its name and undone.
repaired() {
	kw repair repair --yes -f "$WORK/kubewright.yaml"
	show repair 40
	is "$flavour: repair ends with 0 (${seconds} s)" "$status" 0
	has "$flavour: it had found the lost manifest" "$WORK/repair.out" 'manifest-lost: /etc/kubernetes/manifests/kube-apiserver.yaml is gone'
	has "$flavour: and finds nothing any more" "$WORK/repair.out" 'nothing is broken now'
	is "$flavour: the API server of $1 is ready" "$("$LAB" exec "$1" curl -s --cacert /etc/kubernetes/pki/ca.crt https://127.0.0.1:6443/readyz)" ok
}

one_more() {
	"$LAB" up --hosts s1 || fail "a spare comes up"
	fingerprint cp1 cp2 cp3 w2 | grep -v '^[a-z0-9]* [A-Z]' >"$WORK/before"
	inventory --hosts cp1,cp2,cp3,w1,w2,s1
	apply more
	show more 12
	is "$1: apply with one more host ends with 0 (${seconds} s)" "$status" 0
	is "$1: six Ready nodes" "$(ready_nodes)" 6
	is "$1: kubeadm joined the new one" "$(runs s1 join)" 1
	is "$1: and only it" "$(runs w1 join) $(runs cp1 init)" "1 1"
	fingerprint cp1 cp2 cp3 w2 | grep -v '^[a-z0-9]* [A-Z]' >"$WORK/after"
	ok "$1: the files of the others are as they were" diff <(grep -E '^(cp1|cp2|cp3|w2) /etc' "$WORK/before") \
		<(grep -E '^(cp1|cp2|cp3|w2) /etc' "$WORK/after")
}

# As a client with a retry does it: a connection that was begun into the gap is given up after 2 s, not after TCP's own backoff.
write_through_vip() { kc --request-timeout=2s create configmap "$1" >/dev/null 2>&1; }

# failover WHAT HOLDER FAULT: writes until one succeeds after the fault; prints the seconds from the fault on.
failover() {
	local what=$1 holder=$2 begin
	note "$holder holds $VIP"
	begin=$(now_ms)
	"$3" "$holder" || fail "$flavour: $what, on $holder"
	# some 5 s on a machine at rest; the limit is for one that is busy
	ok "$flavour: a write succeeds after $what" until_ok 120 write_through_vip "after-$RANDOM" || return
	begin=$(($(now_ms) - begin))
	figure "$what: a write through the VIP succeeded after $((begin / 1000)).$((begin % 1000 / 100)) s"
}
power_off() { "$LAB" kill "$1"; }
stop_apiserver() {
	"$LAB" exec "$1" sh -c 'mv /etc/kubernetes/manifests/kube-apiserver.yaml /root/ && kill -9 $(pidof kube-apiserver)'
}

# The newest flavour of those asked for gets the machine: under emulation each costs minutes.
machine_flavour() { for f in "$@"; do ! flavour_present "$f" || echo "$f"; done | sort | tail -n 1; }
machine_begins() {
	machine_pid=
	[ "$1" = "$wants_machine" ] || return 0
	if ! machines_possible; then
		skip "$1: a worker with a kernel of its own: there can be none here (see 'tests/lab/lab doctor')"
		return
	fi
	begun=$(now_ms)
	{ "$LAB" up --machines w3 >"$WORK/machine.out" 2>&1 && now_ms >"$WORK/machine.up"; } &
	machine_pid=$!
}

no_test_pods() { [ -z "$("$LAB" exec "$1" ctr -n k8s.io containers ls -q 'labels."io.kubernetes.pod.namespace"==default' || echo unknown)" ]; }

# The other hosts stand on this machine's kernel and cgroups, this one does not: one cluster all the same.
machine_joins() {
	[ -n "$machine_pid" ] || return 0
	wait "$machine_pid" || { fail "$1: w3 comes up: see below" || show machine 20; return; }
	figure "w3: a disk of its own and its boot beside the installation: $((($(cat "$WORK/machine.up") - begun) / 1000)) s"
	is "$1: w3 has a kernel and cgroups of its own" "$("$LAB" exec w3 sh -c 'stat -f -c %T /sys/fs/cgroup; grep -c partition /proc/swaps' | paste -sd' ')" "cgroup2fs 1"
	inventory
	apply machine
	show machine 30
	is "$1: apply with w3 ends with 0 (${seconds} s)" "$status" 0 || return
	figure "w3: apply until it has joined: ${seconds} s"
	ok "$1: seven Ready nodes" until_ok 600 ready_is 7
	ok "$1: pods on it and on another worker reach each other" pods_talk w2 w3
	kc delete pod --all --wait --grace-period=1 >/dev/null
	ok "$1: nothing is left of them on w3" until_ok 180 no_test_pods w3
	fingerprint w3 >"$WORK/before"
	apply again
	fingerprint w3 >"$WORK/after"
	is "$1: and apply after it finds nothing to do (${seconds} s)" "$status $(grep -c 'nothing was changed' "$WORK/again.out")" "0 1" || show again 12
	ok "$1: nothing changed on w3" diff "$WORK/before" "$WORK/after"
	figure "w3: memory in use: $("$LAB" exec w3 awk '/^MemTotal/ { t = $2 } /^MemAvailable/ { a = $2 } END { printf "%d MiB of %d", (t - a) / 1024, t / 1024 }' /proc/meminfo)"
}

wants_machine=$(machine_flavour "$@")
for flavour in "$@"; do
	if ! flavour_present "$flavour"; then
		skip "$flavour: no Kubernetes release in $RELEASE (see 'tests/lab/lab help', fetch-release)"
		continue
	fi
	scenario "install $flavour"
	five_hosts "$flavour"
	ok "$flavour: pods on two workers reach each other" pods_talk
	nothing_changes "$flavour"
	healthy "$flavour"
	meshed "$flavour"
	certificates "$flavour"
	kubeconfigs "$flavour"
	ok "$flavour: no secret in logs, journals, argv or world-readable files" secrets_hidden
	supported "$flavour"
	one_more "$flavour"
	holder_off=$(vip_holder)
	failover "the holder's power-off" "$holder_off" power_off
	"$LAB" start "$holder_off"
	ok "$flavour: $holder_off is Ready again" until_ok 180 ready_is 6
	ok "$flavour: three voters again" until_ok 60 voters_are "$holder_off" 3
	holder_off=$(vip_holder)
	failover "its API server's stop" "$holder_off" stop_apiserver
	repaired "$holder_off"
	apply healed
	is "$flavour: apply on the healed cluster ends with 0" "$status" 0
	machine_joins "$flavour"
	scenario_end
done
summary
