#!/usr/bin/env bash
# sshd forbids TCP forwarding, in each of the ways that hardening guides have for it: everything works by another way. Where that way is closed too, on one of three control planes
# or on all: "cannot look", never "is down"; and etcd is not started again while its quorum may stand.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

CPS='cp1 cp2 cp3'
line=/etc/ssh/sshd_config.d/00-forbidden.conf

reload() { "$LAB" exec "$1" systemctl reload ssh; }
# config HOST LINE: in the first place, which wins
config() { "$LAB" exec "$1" sh -c "echo '$2' >$line" && reload "$1"; }
permit() { "$LAB" exec "$1" rm -f "$line" && reload "$1"; }
keys() { "$LAB" exec "$1" sh -c "sed -i '$2' ~ops/.ssh/authorized_keys"; }
# closed HOST: no bash either for who logs in
closed() { "$LAB" exec "$1" sh -c 'usermod -s /bin/sh ops && chmod 0700 /usr/bin/bash'; }
open() { "$LAB" exec "$1" chmod 0755 /usr/bin/bash; }

# all_work FLAVOUR NAME
all_work() {
	kw status status -f "$WORK/kubewright.yaml"
	is "$1: $2: status ends with 0 (${seconds} s)" "$status" 0 || show status
	has "$1: $2: the API server answers" "$WORK/status.out" 'the API server answers'
	kw check repair -f "$WORK/kubewright.yaml" --check
	is "$1: $2: repair --check finds nothing" "$status" 0 || show check
	kw members etcd members -f "$WORK/kubewright.yaml"
	has "$1: $2: etcd members" "$WORK/members.out" '3 voters, 3 healthy, tolerates 1'
	kw snapshot etcd snapshot "$WORK/$2.db" -f "$WORK/kubewright.yaml"
	is "$1: $2: etcd snapshot (${seconds} s)" "$status" 0 || show snapshot
	refused "$1" "$2" "etcd's quorum is not lost: 3 of 3 voters answer"
}
# refused FLAVOUR NAME TEXT: no restore, and nothing happened to etcd
refused() {
	kw restore etcd restore --from cp1 --yes -f "$WORK/kubewright.yaml" --connect-timeout 3
	is "$1: $2: etcd restore is refused" "$([ "$status" != 0 ] && echo so)" so
	has "$1: $2: and says why" "$WORK/restore.out" "$3"
	is "$1: $2: etcd has its members" "$(voters cp1)" 3
}

forbidden() {
	local h
	for h in $CPS; do config "$h" 'AllowTcpForwarding no'; done
	apply first
	is "$1: apply with AllowTcpForwarding no (${seconds} s)" "$status" 0 || show first
	figure "$1: apply of three control planes without forwarding: $seconds s"
	all_work "$1" AllowTcpForwarding
	for h in $CPS; do config "$h" 'DisableForwarding yes'; done
	all_work "$1" DisableForwarding
	for h in $CPS; do config "$h" 'PermitOpen none'; done
	all_work "$1" PermitOpen
	for h in $CPS; do config "$h" 'MaxSessions 1' && keys "$h" 's/^/restrict /'; done
	all_work "$1" restrict
	for h in $CPS; do keys "$h" 's/^restrict //' && permit "$h"; done
	all_work "$1" permitted
}

one_of_three() {
	config cp1 'AllowTcpForwarding no' && closed cp1
	kw status status -f "$WORK/kubewright.yaml"
	show status 12
	has "$1: one of three: the API server answers through another" "$WORK/status.out" 'the API server answers \(asked through cp[23]\)'
	has "$1: one of three: it says where it cannot look" "$WORK/status.out" 'cp1  cannot-look: cannot look at 127.0.0.1'
	has "$1: one of three: nor is its member said to be down" "$WORK/status.out" 'cp1 .*cannot be asked'
	is "$1: one of three: there is nothing else" "$(grep -c '^ *error ' "$WORK/status.out")" 1
	refused "$1" 'one of three' "etcd's quorum is not lost"
	"$LAB" kill cp3
	refused "$1" 'one of three and one off' "etcd's quorum is not lost: 2 of 3|it is unknown"
	"$LAB" start cp3
	ok "$1: cp3 is back" until_ok 90 etcd_answers cp3
}
etcd_answers() { [ "$(voters "$1")" = 3 ]; }

none() {
	local h
	for h in cp2 cp3; do config "$h" 'AllowTcpForwarding no' && closed "$h"; done
	kw status status -f "$WORK/kubewright.yaml"
	show status 8
	has "$1: none: status cannot look" "$WORK/status.out" '^Cluster lab: cannot look at 127.0.0.1:[0-9]+ from cp1: its sshd forbids TCP forwarding'
	is "$1: none: and it is not a failure of the cluster" "$(grep -c 'no API server answers\|api-not-ready\|quorum is lost' "$WORK/status.out")" 0
	for c in plan apply; do
		kw $c $c -f "$WORK/kubewright.yaml"
		is "$1: none: $c ends with 4" "$status" 4
		has "$1: none: $c says why" "$WORK/$c.out" 'error: .*cannot look at 127.0.0.1:6443'
		has "$1: none: $c says what to do" "$WORK/$c.out" 'AllowTcpForwarding local'
	done
	kw members etcd members -f "$WORK/kubewright.yaml"
	has "$1: none: etcd members says why" "$WORK/members.out" 'cannot look at 127.0.0.1'
	refused "$1" none "it is unknown whether etcd's quorum is lost"
	for h in $CPS; do open "$h" && permit "$h"; done
	kw after status -f "$WORK/kubewright.yaml"
	is "$1: permitted again: status ends with 0" "$status" 0 || show after
}

for flavour in "$@"; do
	if ! flavour_present "$flavour"; then
		skip "$flavour: no Kubernetes release in $RELEASE"
		continue
	fi
	scenario "forwarding $flavour"
	fresh "$flavour" --hosts cp1,cp2,cp3
	inventory
	for part in ${E2E_PARTS:-forbidden one_of_three none}; do $part "$flavour"; done
	scenario_end
done
summary
