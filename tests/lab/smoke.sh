#!/usr/bin/env bash
# shellcheck disable=SC2317 # expect and refuted call these functions
# Does the lab keep its promises? Boots hosts, tries every fault, and compares the machine before and after.
# Usage: smoke.sh [debian|release]. Needs root and no lab up.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
lab=$here/lab
flavour=${1:-debian}
number=${KUBEWRIGHT_LAB_NUMBER:-0}
state=${KUBEWRIGHT_LAB_STATE:-/var/lib/kubewright-lab${number#0}}
network=10.213.$((7 + number))
work=$(mktemp -d)
passed=0 failed=0 skipped=0

ok() {
	printf 'ok   %s\n' "$*"
	passed=$((passed + 1))
}
bad() {
	printf 'FAIL %s\n' "$*"
	failed=$((failed + 1))
}
skip() {
	printf 'skip %s\n' "$*"
	skipped=$((skipped + 1))
}
# expect WHAT COMMAND…
expect() {
	local what=$1
	shift
	if "$@" >"$work/out" 2>&1; then ok "$what"; else bad "$what" && sed 's/^/     /' "$work/out"; fi
}
# refuted WHAT COMMAND…: must fail.
refuted() {
	local what=$1
	shift
	if "$@" >"$work/out" 2>&1; then bad "$what" && sed 's/^/     /' "$work/out"; else ok "$what"; fi
}

# The machine as others see it. Counters and what other programs change all the time are left out.
machine_state() {
	ip -o link show | sed 's/ qdisc .*//'
	ip -o addr show | awk '{ print $2, $3, $4 }'
	ip route show
	ip neigh show dev "kwlab$number" 2>/dev/null || true
	awk '{ print $5, $9 }' /proc/self/mountinfo | sort
	find /sys/fs/cgroup -type d -name 'kwlab*' 2>/dev/null
	iptables-save 2>/dev/null | grep -v '^#' || true
	! command -v nft >/dev/null || nft list ruleset
	find /etc -xdev \( -type f -o -type l \) -exec stat -c '%n %s %Y' {} + | sort
	for tree in kernel vm fs dev; do
		find "/proc/sys/$tree" -type f ! -path '*/random/*' ! -name 'ns_last_pid' ! -name 'pty' ! -path '*state' ! -name '*-nr' ! -path '*/quota/*' -readable -exec grep -H '' {} + 2>/dev/null
	done | grep -vE 'sched_domain|/inode-|/dentry-|/nr:|aio-nr|file-nr|usermodehelper|tainted' | sort
	find /dev -xdev | sort
	for program in systemd-nspawn qemu-system-x86 docker-registry containerd kubelet service.py gpg-agent; do
		pgrep -a "$program" | grep -v defunct || true
	done
}

ssh_code() { timeout 8 "$lab" ssh "$@"; }

# connect HOST: refused, silent, greets or timeout.
connect() {
	local address=$1 greeting=''
	if ! timeout 3 bash -c ": </dev/tcp/$address/22" 2>"$work/connect"; then
		if grep -q refused "$work/connect"; then printf 'refused\n'; else printf 'timeout\n'; fi
		return
	fi
	greeting=$(timeout 3 bash -c "read -r line </dev/tcp/$address/22 && printf '%s' \"\$line\"" 2>/dev/null || true)
	if [ -n "$greeting" ]; then printf 'greets\n'; else printf 'silent\n'; fi
}
connects() { [ "$(connect "$1")" = "$2" ]; }

distinct() { [ "$(sort -u <<<"$1" | wc -l)" -eq "$2" ] && ! grep -qx '' <<<"$1"; }

check_hosts() {
	local ids
	expect 'ssh as ops' ssh_code cp1 true
	expect 'sudo without password on cp1' ssh_code cp1 'sudo -n true'
	refuted 'sudo without password on w1' ssh_code w1 'sudo -n true'
	expect 'sudo with password on w1' ssh_code w1 "echo lab-sudo-secret | sudo -S -p '' true"
	expect 'systemd is pid 1 and content' "$lab" exec cp1 systemctl is-system-running --wait
	for file in /etc/machine-id /proc/sys/kernel/random/boot_id /usr/lib/kwlab/product_uuid /sys/class/net/eth0/address /etc/ssh/ssh_host_ed25519_key.pub; do
		ids=$(for host in cp1 w1; do "$lab" exec "$host" cat "$file"; done)
		expect "distinct $file" distinct "$ids" 2
	done
	expect 'hostname' test "$("$lab" exec w1 cat /proc/sys/kernel/hostname)" = w1
	expect 'its own name, as the installer writes it' "$lab" exec w1 grep -qx '127\.0\.1\.1[[:space:]]w1' /etc/hosts
	expect 'a line for swap in fstab' "$lab" exec w1 grep -q '^UUID=.* swap ' /etc/fstab
	expect 'the timers of upgrades' "$lab" exec w1 systemctl is-active --quiet apt-daily.timer apt-daily-upgrade.timer
	expect 'umask of a login' test "$(ssh_code cp1 umask)" = 0027
	expect 'which sudo adds to its own' test "$(ssh_code cp1 sudo -n sh -c umask)" = 0027
	expect 'nothing in a host may set the clock or load modules: its pid 1' lacks_capabilities "$("$lab" exec w1 grep CapBnd /proc/1/status)"
	expect 'the same for lab exec' lacks_capabilities "$("$lab" exec w1 grep CapEff /proc/self/status)"
	expect 'the same for a login' lacks_capabilities "$(ssh_code cp1 sudo -n grep CapEff /proc/self/status)"
	expect 'sysctls stay in the host' sysctl_stays
	expect 'hosts reach each other' "$lab" exec cp1 bash -c ": </dev/tcp/$network.21/22"
}

# lacks_capabilities LINE: of /proc/PID/status. Only looks: a test that tried the clock would set the machine's.
lacks_capabilities() {
	local mask=0x${1##*[[:space:]]}
	[ $(((mask >> 25) & 1)) -eq 0 ] && [ $(((mask >> 16) & 1)) -eq 0 ] && [ $(((mask >> 21) & 1)) -eq 1 ]
}

sysctl_stays() {
	local before
	before=$(cat /proc/sys/vm/swappiness)
	"$lab" exec cp1 sysctl -q -w vm.swappiness=$((before + 1)) &&
		[ "$("$lab" exec cp1 cat /proc/sys/vm/swappiness)" -eq $((before + 1)) ] &&
		[ "$(cat /proc/sys/vm/swappiness)" -eq "$before" ]
}

check_packages() {
	local base
	base=$("$lab" inventory | sed -n 's/.*url: "\([^"]*core[^"]*\)".*/\1/p')
	"$lab" exec cp1 sh -c 'mkdir -p /etc/apt/keyrings && cat >/etc/apt/keyrings/lab.asc' < <(fetch "${base}Release.key")
	"$lab" exec cp1 sh -c "echo 'deb [signed-by=/etc/apt/keyrings/lab.asc] $base /' >/etc/apt/sources.list.d/lab.list"
	expect 'the package mirror and the signed repository' "$lab" exec cp1 apt-get -q -o APT::Update::Error-Mode=any update
	expect 'install kubelet kubeadm kubectl' "$lab" exec cp1 env DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install kubelet kubeadm kubectl
	expect 'kubeadm runs' "$lab" exec cp1 kubeadm version
	"$lab" exec cp1 sh -c 'cat >/etc/apt/keyrings/lab.asc' < <(fetch "http://$network.1:8080/wrong/Release.key")
	refuted 'a wrong key is refused' "$lab" exec cp1 apt-get -q -o APT::Update::Error-Mode=any update
	"$lab" exec cp1 sh -c 'cat >/etc/apt/keyrings/lab.asc' < <(fetch "${base}Release.key")
	check_containerd
}

check_containerd() {
	local package=containerd registry=k8s.gcr.io
	if [ "$flavour" = release ]; then
		package=containerd.io registry=registry.k8s.io
		"$lab" exec cp1 sh -c 'cat >/etc/apt/keyrings/docker.asc' < <(fetch "http://$network.1:8080/docker/gpg")
		"$lab" exec cp1 sh -c "printf 'Types: deb\nURIs: http://$network.1:8080/docker/\nSuites: bookworm\nComponents: stable\nSigned-By: /etc/apt/keyrings/docker.asc\n' >/etc/apt/sources.list.d/docker.sources"
		expect "Docker's repository" "$lab" exec cp1 apt-get -q -o APT::Update::Error-Mode=any update
	fi
	expect "install $package" "$lab" exec cp1 env DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install "$package"
	expect 'pull and run an image' "$lab" exec cp1 sh -c "ctr image pull --hosts-dir /etc/containerd/certs.d $registry/lab/probe:1 >/dev/null && ctr run --rm $registry/lab/probe:1 t echo alive | grep -q alive"
}

# A machine with a kernel of its own: what only its kind can be asked.
check_machine() {
	wait "$machine_pid" || {
		expect 'a machine boots' false
		tail -n 20 "$work/machine" "$state/hosts/w3/console.log" | sed 's/^/#  /'
		return
	}
	expect 'a machine boots' true
	expect 'machine: ssh as ops' ssh_code w3 'sudo -n true'
	expect 'machine: systemd, cgroup v2, its own kernel' machine_is_one
	expect 'machine: exec passes words, input and status' machine_exec
	expect 'machine: exec works when its line stood still' machine_line_still
	expect 'machine: hardware as asked for' machine_hardware
	"$lab" cut w3
	expect 'machine: cut: no answer' connects "$network.23" timeout
	expect 'machine: cut: exec still works, and the carrier is gone' test "$("$lab" exec w3 cat /sys/class/net/ens3/carrier)" = 0
	"$lab" heal w3
	expect 'machine: heal after cut' ssh_code w3 true
	"$lab" hang w3
	expect 'machine: hang: accepts, silent' connects "$network.23" silent
	"$lab" heal w3
	expect 'machine: heal after hang' ssh_code w3 true
	"$lab" kill w3
	expect 'machine: kill: gone' connects "$network.23" timeout
}
machine_is_one() {
	[ "$("$lab" exec w3 sh -c 'cat /proc/1/comm; stat -f -c %T /sys/fs/cgroup' | paste -sd' ')" = 'systemd cgroup2fs' ] &&
		[ "$("$lab" exec w3 uname -r)" != "$(uname -r)" ] && "$lab" exec w3 modprobe overlay
}
machine_exec() { [ "$(printf 'in\n' | "$lab" exec w3 sh -c 'cat; printf "%s|" "$@"; exit 7' sh 'a b' "it's" ''; echo $?)" = "in
a b|it's||7" ]; }
machine_line_still() {
	local pid
	pid=$(pgrep -f "^socat - UNIX-CONNECT:$state/hosts/w3/exec.sock") && kill -STOP "$pid" &&
		[ "$(KUBEWRIGHT_LAB_LINE_WAIT=3 timeout 300 "$lab" exec w3 echo again)" = again ]
}
machine_hardware() {
	[ "$("$lab" exec w3 sh -c 'cat /sys/block/nvme0n1/device/serial | tr -d " "; ls -d /sys/devices/system/node/node[0-9]* | wc -l; ls /sys/class/net | grep -c ^ens
		udevadm info -q property /sys/class/dmi/id | sed -n s/MEMORY_DEVICE_0_SERIAL_NUMBER=//p; ls /dev/ipmi0' | paste -sd' ')" = 'SN1 2 2 D1 /dev/ipmi0' ]
}

fetch() { "${PYTHON:-/usr/bin/python3}" -c 'import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1], timeout=10).read())' "$1"; }

check_faults() {
	local id
	"$lab" cut w1
	expect 'cut: no answer' connects "$network.21" timeout
	expect 'cut: exec still works' "$lab" exec w1 true
	"$lab" heal w1
	expect 'heal after cut' ssh_code w1 true
	"$lab" refuse w1
	expect 'refuse: RST' connects "$network.21" refused
	"$lab" heal w1
	"$lab" hang w1
	expect 'hang: accepts, silent' connects "$network.21" silent
	"$lab" heal w1
	expect 'heal after hang' ssh_code w1 true
	"$lab" exec w1 sh -c 'echo kept >/root/mark'
	id=$("$lab" exec w1 cat /etc/machine-id)
	"$lab" kill w1
	expect 'kill: gone' connects "$network.21" timeout
	"$lab" start w1
	expect 'start: the disk was kept' "$lab" exec w1 grep -q kept /root/mark
	expect 'start: the same machine-id' test "$("$lab" exec w1 cat /etc/machine-id)" = "$id"
	cp "$state/ssh/known_hosts" "$work/known_hosts"
	"$lab" wipe w1
	"$lab" start w1
	refuted 'wipe: the disk is fresh' "$lab" exec w1 test -e /root/mark
	refuted 'wipe: another machine-id' test "$("$lab" exec w1 cat /etc/machine-id)" = "$id"
	refuted 'wipe: other host keys' cmp "$state/ssh/known_hosts" "$work/known_hosts"
	expect 'wipe: ssh again' ssh_code w1 true
	id=$("$lab" exec w1 cat /proc/sys/kernel/random/boot_id)
	"$lab" exec w1 systemctl reboot || true
	expect 'a host that reboots itself comes back' rebooted w1 "$id"
}

rebooted() {
	local host=$1 id=$2 limit=$((SECONDS + 60)) now
	while [ "$SECONDS" -lt "$limit" ]; do
		now=$(ssh_code "$host" cat /proc/sys/kernel/random/boot_id 2>/dev/null) || now=$id
		[ "$now" = "$id" ] || return 0
		sleep 0.2
	done
	return 1
}

if [ -d "$state" ]; then
	printf 'smoke: a lab is up (%s): run lab down first\n' "$state" >&2
	exit 2
fi
if [ "$flavour" = release ] && "$lab" doctor | grep -q 'Kubernetes release *absent'; then
	printf 'skip no Kubernetes release here (lab fetch-release)\n0 passed, 0 failed, 1 skipped\n'
	exit 0
fi
"$lab" install-deps
"$lab" prepare --flavour "$flavour"
machine_state >"$work/before"
trap '"$lab" down; rm -rf "$work"' EXIT
expect 'up' "$lab" up --flavour "$flavour" --hosts cp1,w1
expect 'up again changes nothing' "$lab" up --hosts cp1,w1
machine_pid=
if "$lab" doctor | grep 'machines with a kernel of their own *yes' >/dev/null; then
	"$lab" up --machines w3 --hardware 'nvme=SN1 numa=2 dimm=D1 nics=2 bmc' >"$work/machine" 2>&1 &
	machine_pid=$!
fi
check_hosts
check_packages
if [ -n "$machine_pid" ]; then check_machine; else skip 'a machine with a kernel of its own: see lab doctor'; fi
check_faults
"$lab" down
machine_state >"$work/after"
expect 'down leaves no trace' diff "$work/before" "$work/after"
expect 'doctor finds nothing left' "$lab" doctor
# Half an up, killed.
"$lab" up --flavour "$flavour" --hosts cp1,w1 >/dev/null 2>&1 &
pid=$!
while [ ! -d "$state/hosts/cp1" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
kill -KILL "$pid" 2>/dev/null || true
wait "$pid" 2>/dev/null || true
"$lab" down
machine_state >"$work/after"
expect 'down after a killed up leaves no trace' diff "$work/before" "$work/after"
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
