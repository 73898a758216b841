#!/usr/bin/env bash
# What machines are made of: three with kernels of their own, two processors and NUMA nodes each, two NVMe disks, a DIMM, cards in a bond with a VLAN, soft RoCE and a BMC. Every one
# of them is in the map as the lab made it; one machine differs from the two others; then a disk goes away. Nothing is installed: the flavour does not matter.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

COMMON='cpus=2 sockets=2 numa=2 nvme=SN1,SN2 dimm=D1 nics=3 bmc'
# the bond's switch speaks no LACP, which active-backup does without
CARDS='modprobe bonding && modprobe 8021q && modprobe rdma_rxe &&
	ip link add bond0 type bond mode active-backup miimon 100 && ip link set ens23 down && ip link set ens24 down &&
	ip link set ens23 master bond0 && ip link set ens24 master bond0 && ip link set bond0 up &&
	ip link add link bond0 name bond0.100 type vlan id 100 && rdma link add rxe0 type rxe netdev ens3'

machines_up() {
	fresh "$1" --machines cp1,cp2 --hardware "$COMMON memory=1536 speed=10000 microcode=0x65"
	"$LAB" up --flavour "$1" --machines cp3 --hardware "$COMMON memory=1024 speed=1000 microcode=0x64" || fail "the odd machine comes up"
	for h in cp1 cp2 cp3; do
		ok "$h: a bond with a VLAN, and soft RoCE" "$LAB" exec $h sh -c "$CARDS"
		ok "$h: a BMC" until_ok 120 bmc_answers $h
		# so that what it executes can be counted
		"$LAB" exec $h sh -c 'echo "LogLevel VERBOSE" >/etc/ssh/sshd_config.d/count.conf && systemctl reload ssh' || fail "$h: its sshd counts"
	done
}

# Emulated by a busy machine it may not answer its driver in time.
bmc_answers() { "$LAB" exec "$1" sh -c 'test -e /dev/ipmi0 || { modprobe -r ipmi_si; modprobe ipmi_si; false; }'; }

# of HOST FILTER: what the map says, a line
of() { jq -r ".hosts[] | select(.name == \"$1\") | .hardware | $2" "$WORK/map.json"; }
look() {
	"$KUBEWRIGHT" hardware -o json --accept-new-host-keys -f "$WORK/kubewright.yaml" "$@" >"$WORK/map.json" 2>"$WORK/map.err"
	status=$?
}
found() { jq -r '[.findings[] | "\(.host) \(.name)"] | sort | join(", ")' "$WORK/map.json"; }

# Each value beside what QEMU was given, or what another program of the machine says.
whole() {
	is "$1: its maker and serial number" "$(of "$1" '.system | "\(.vendor) \(.product) \(.serial)"')" "Lab Machine LAB-$1"
	is "$1: it is seen that it is virtual, and its BMC" "$(of "$1" '.system | "\(.virtual.by) \(.bmc)"')" "qemu true"
	is "$1: two sockets with a core each" "$(of "$1" '.cpu | "\(.sockets) \(.cores) \(.threads)"')" "2 2 2"
	is "$1: its microcode" "$(of "$1" .cpu.microcode)" "$2"
	is "$1: its memory is the kernel's" "$(of "$1" .memory.bytes)" "$("$LAB" exec "$1" awk '/^MemTotal/ { printf "%d\n", $2 * 1024 }' /proc/meminfo)"
	is "$1: one DIMM" "$(of "$1" '.memory.dimms | map("\(.bytes) \(.serial) \(.part)") | join(", ")')" "$(($3 << 20)) D1 LAB-DDR4"
	is "$1: two NUMA nodes with their processors" "$(of "$1" '.memory.nodes | map("\(.id): \(.cpus)") | join(", ")')" "0: 0, 1: 1"
	is "$1: two NVMe disks of 4 GiB" "$(of "$1" '[.disks[] | select(.bus == "nvme") | "\(.serial) \(.bytes) \(.model)"] | sort | join(", ")')" \
		"SN1 $((4 << 30)) QEMU NVMe Ctrl, SN2 $((4 << 30)) QEMU NVMe Ctrl"
	is "$1: which say that they are well" "$(of "$1" '[.disks[] | select(.bus == "nvme") | .health | "\(."critical-warning") \(."wear-percent") \(."media-errors")"] | join(", ")')" "0 0 0, 0 0 0"
	is "$1: the disk with the system is held" "$(of "$1" '[.disks[] | select(.held != null) | .name] | length')" 1
	is "$1: three cards" "$(of "$1" '[.nics[] | "\(.name) \(.driver) \(.mbit) \(.link)"] | sort | join(", ")')" \
		"ens23 virtio_net $4 true, ens24 virtio_net $4 true, ens3 virtio_net $4 true"
	is "$1: the bond's members" "$(of "$1" '.bonds | map("\(.name) \(.mode) \([.members[].name] | sort | join("+"))") | join(", ")')" "bond0 active-backup ens23+ens24"
	is "$1: the VLAN" "$(of "$1" '.vlans | map("\(.name) \(.id) \(.on)") | join(", ")')" "bond0.100 100 bond0"
	is "$1: soft RoCE" "$(of "$1" '.infiniband | map("\(.device) \(.port) \(.state) \(.["link-layer"]) \(.nic)") | join(", ")')" "rxe0 1 ACTIVE Ethernet ens3"
	is "$1: kernel and clock are its own" "$(of "$1" '.system.kernel')" "$("$LAB" exec "$1" uname -r)"
}

for flavour in "${@: -1}"; do
	machines_possible || { skip "hardware: there can be no machine with a kernel of its own here (see 'tests/lab/lab doctor')" && continue; }
	scenario hardware
	machines_up "$flavour"
	"$LAB" inventory --hosts cp1,cp2,cp3 >"$WORK/kubewright.yaml"
	look
	is "the look ends with 0" "$status" 0 || sed 's/^/#   /' "$WORK/map.err"
	for h in cp1 cp2; do whole $h 0x65 1536 10000; done
	whole cp3 0x64 1024 1000
	is "the odd one is named, and nothing else" "$(found)" "cp3 odd-cards, cp3 odd-dimms, cp3 odd-memory, cp3 odd-microcode, cp3 odd-rdma"
	before=$(execs cp1)
	kw again hardware -f "$WORK/kubewright.yaml"
	show again 90
	is "one request a host" "$(($(execs cp1) - before))" 1
	figure "hardware of three emulated machines: ${seconds} s"

	# of the emulator: what the disk keeps in its cache is lost when the power fails
	printf '{"execute":"qom-set","arguments":{"path":"/machine/peripheral/SN1","property":"smart_critical_warning","value":16}}\n' >"$STATE/hosts/cp1/qmp"
	look
	is "a disk that warns is named" "$(jq -r '.findings[] | select(.name == "disk-critical") | "\(.host) \(.what)"' "$WORK/map.json")" \
		"cp1 the disk nvme0n1 says that it loses what is in its cache when the power fails"
	"$LAB" exec cp2 sh -c 'echo 1 >"$(readlink -f /sys/class/nvme/nvme1)/device/remove"'
	"$LAB" exec cp1 ip link set ens24 down
	look
	has "a disk that is gone is named" "$WORK/map.json" '"gone-disk"'
	is "by its host" "$(jq -r '.findings[] | select(.name == "gone-disk") | .host' "$WORK/map.json")" cp2
	look cp2 --forget
	look
	is "until it is forgotten" "$(grep -c '"gone-disk"' "$WORK/map.json")" 0
	scenario_end
done
summary
