#!/usr/bin/env bash
# A machine with a kernel of its own, Debian as its installer leaves it (cgroup v2, swap, a name on 127.0.1.1, unattended upgrades), and an inventory without
# any exception: it becomes a cluster; a second apply changes nothing; reboot and power failure are survived without help; reset leaves it as it was.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/system.sh
. "$(dirname "$0")/system.sh"

# took NAME: seconds since the mark, as a figure
mark() { marked=$(now_ms); }
took() { figure "$1: $((($(now_ms) - marked) / 1000)) s"; }
boot_id() { on cp1 cat /proc/sys/kernel/random/boot_id 2>/dev/null || true; }
booted_anew() { local id; id=$(boot_id) && [ -n "$id" ] && [ "$id" != "$1" ]; }
quiet() { kw status status -f "$WORK/kubewright.yaml" && [ "$status" = 0 ]; }
# every container is up again: asked for from outside, for each look by kubewright costs the emulated machine half a minute of its own
settled() { kc -n kube-system get pods -o jsonpath='{.items[*].status.containerStatuses[*].ready}' | grep -v false | grep -q true; }
healthy() { kw check repair --check -f "$WORK/kubewright.yaml" && [ "$status" = 0 ]; }

is_a_machine() {
	is "$flavour: systemd is pid 1 on cgroup v2" "$(on cp1 sh -c 'cat /proc/1/comm; stat -f -c %T /sys/fs/cgroup' | paste -sd' ')" "systemd cgroup2fs"
	is "$flavour: swap is on, and in fstab" "$(on cp1 sh -c 'grep -c partition /proc/swaps; grep -c "^UUID=.* swap " /etc/fstab' | paste -sd' ')" "1 1"
	is "$flavour: the installer's line for its own name" "$(on cp1 grep -c '^127\.0\.1\.1.cp1$' /etc/hosts)" 1
	is "$flavour: the timers of upgrades are on" "$(on cp1 systemctl is-active apt-daily.timer apt-daily-upgrade.timer | sort -u)" active
	is "$flavour: the inventory makes no exception" "$(grep -cE 'preflight|kubelet:|kubeproxy:|runtime:' "$WORK/kubewright.yaml")" 0
}

installs() {
	apply first
	show first 60
	is "$flavour: apply ends with 0 (${seconds} s)" "$status" 0 || return 1
	figure "install of a single control plane: ${seconds} s; $(sed -n 's/^ *//; /^[0-9]* steps/p' "$WORK/first.out" | tail -n 1)"
	ok "$flavour: the Node is Ready" until_ok 600 ready_is 1
	is "$flavour: swap is off, now and at the next boot" "$(on cp1 sh -c 'grep -c partition /proc/swaps; grep -Ec "^[^#].* swap " /etc/fstab' | paste -sd' ')" "0 0"
	is "$flavour: kubelet and containerd leave the groups to systemd" "$(on cp1 sh -c 'grep -h cgroupDriver /var/lib/kubelet/config.yaml; grep -hio "SystemdCgroup *= *true" /etc/containerd/config.toml' | tr -d ' ' | paste -sd' ')" "cgroupDriver:systemd SystemdCgroup=true"
	figure "memory in use on the machine: $(on cp1 awk '/^MemTotal/ { t = $2 } /^MemAvailable/ { a = $2 } END { printf "%d MiB of %d", (t - a) / 1024, t / 1024 }' /proc/meminfo)"
}

changes_nothing() {
	ok "$flavour: what kubeadm began has come to rest" kc -n kube-system rollout status deployment/coredns --timeout=600s --request-timeout=0
	fingerprint cp1 >"$WORK/before"
	apply again
	show again 12
	fingerprint cp1 >"$WORK/after"
	is "$flavour: a second apply ends with 0 (${seconds} s)" "$status" 0
	ok "$flavour: nothing changed on the host or in the cluster" diff "$WORK/before" "$WORK/after"
}

# back WHAT: after the fault, without help
back() {
	ok "$flavour: $1: the Node is Ready without help" until_ok 1200 ready_is 1
	until_ok 900 settled
	ok "$flavour: $1: status is clean without help" until_ok 900 quiet || show status
	took "$1, until status is clean"
	ok "$flavour: $1: repair --check finds nothing" until_ok 300 healthy || show check
	is "$flavour: $1: no swap" "$(on cp1 grep -c partition /proc/swaps)" 0
}

reboots() {
	local id
	id=$(boot_id)
	mark
	on cp1 systemctl reboot >/dev/null 2>&1 || true
	ok "$flavour: it boots again" until_ok 900 booted_anew "$id"
	back "a reboot"
}

loses_power() {
	mark
	"$LAB" kill cp1
	"$LAB" start cp1 || fail "$flavour: it starts again"
	back "a power failure"
	apply healed
	is "$flavour: apply after it finds nothing to do" "$status $(grep -c 'nothing was changed' "$WORK/healed.out")" "0 1" || show healed
}

# Compared after a boot: modules that the kernel loaded when Pods asked for them, and their sysctls, go with it, and what it makes again
# (process ids of sshd, counters of links, a reserve by free memory, the root's check of each later boot) is not compared.
resets() {
	local id
	kw reset reset -f "$WORK/kubewright.yaml" --yes
	show reset 30
	is "$flavour: reset ends with 0 (${seconds} s)" "$status" 0
	id=$(boot_id)
	on cp1 systemctl reboot >/dev/null 2>&1 || true
	ok "$flavour: it boots again after reset" until_ok 900 booted_anew "$id"
	on cp1 systemctl is-system-running --wait >/dev/null || true
	sed -i -E '/^(sshd |carrier changes |sysctl vm.user_reserve_kbytes:)/d' "$WORK/cp1.before"
	compared "cp1 is as it was" cp1 'sshd (MainPID|Active)|carrier changes |sysctl vm/user_reserve_kbytes:|unit systemd-fsck-root'
}

for flavour in "$@"; do
	if ! flavour_present "$flavour"; then
		skip "$flavour: no Kubernetes release in $RELEASE"
		continue
	elif ! machines_possible; then
		skip "$flavour: no machine with a kernel of its own here: see 'tests/lab/lab doctor'"
		continue
	fi
	scenario "machine, $flavour"
	mark
	fresh "$flavour" --machines cp1
	took 'a new disk, and boot'
	"$LAB" inventory --single >"$WORK/kubewright.yaml"
	is_a_machine
	system_of cp1 >"$WORK/cp1.before"
	if installs; then
		for part in ${E2E_PARTS:-changes_nothing reboots loses_power resets}; do $part; done
	fi
	scenario_end
done
summary
