# What this machine is made of, as its kernel shows it: files below /sys and /proc as they are, for kubewright to make sense of. Needs no tool but those of every system.
# Changes nothing. What is missing among the answers is not there, or cannot be read: unknown, not none.
# Answers:
#   sys proc udev       "PATH", NUL, "VALUE", newline, for each line of a file; paths are relative to /sys, /proc ("." before them) and /run/udev/data
#   links               "PATH", NUL, "TARGET", newline, of links below /sys
#   cpuinfo             lines: the first processor's
#   smbios              the firmware's table
#   efi                 yes | no       secure_boot   0 | 1       virtual   as systemd-detect-virt says       iommu_groups   how many
#   error hint          as every script
# shellcheck shell=sh disable=SC2154
kw_bytes_max=1500000

# lines_of FOLDER FILE…: lines of these files in the folders; all may be patterns. One that cannot be read, as the speed of a card without a cable, is left out.
lines_of() {
	kw_folder=$1 kw_list=
	shift
	for kw_f in "$@"; do kw_list="$kw_list $kw_folder/$kw_f"; done
	# shellcheck disable=SC2086 # patterns
	grep -aZsH '' $kw_list
}

machine_files() {
	lines_of class/dmi/id sys_vendor product_name product_serial board_vendor board_name bios_vendor bios_version bios_date chassis_type
	lines_of devices/system/cpu online offline isolated nohz_full smt/active smt/control intel_pstate/status intel_pstate/no_turbo cpufreq/boost 'vulnerabilities/*' \
		cpu0/cpufreq/scaling_driver cpu0/cpufreq/cpuinfo_max_freq cpu0/microcode/version
	lines_of 'devices/system/cpu/cpu[0-9]*' topology/physical_package_id topology/core_id cpufreq/scaling_governor
	lines_of 'devices/system/node/node[0-9]*' cpulist distance 'hugepages/hugepages-*/nr_hugepages'
	grep -aZsH MemTotal devices/system/node/node[0-9]*/meminfo
	lines_of devices/system/clocksource/clocksource0 current_clocksource available_clocksource
	lines_of 'devices/system/edac/mc/mc*' mc_name ce_count ue_count 'dimm*/dimm_label' 'dimm*/dimm_ce_count' 'dimm*/dimm_ue_count'
	lines_of 'bus/pci/devices/*' class vendor device numa_node sriov_totalvfs sriov_numvfs current_link_speed current_link_width max_link_speed max_link_width
	grep -aZsH TOTAL_ERR bus/pci/devices/*/aer_dev_correctable bus/pci/devices/*/aer_dev_nonfatal bus/pci/devices/*/aer_dev_fatal
	lines_of 'class/net/*' address addr_assign_type type mtu speed duplex carrier operstate bonding/mode bonding/ad_partner_mac bonding/active_slave \
		bonding_slave/perm_hwaddr bonding_slave/ad_aggregator_id bonding_slave/mii_status bridge/bridge_id
	lines_of 'class/infiniband/*' fw_ver hca_type board_id node_guid 'ports/*/state' 'ports/*/phys_state' 'ports/*/rate' 'ports/*/link_layer' 'ports/*/lid' \
		'ports/*/gid_attrs/ndevs/0'
	lines_of 'block/*' size removable ro dev queue/rotational queue/logical_block_size queue/physical_block_size device/model device/vendor device/rev device/state \
		'*/partition' '*/dev'
	lines_of 'class/nvme/nvme*' model serial firmware_rev state transport numa_node
	lines_of 'class/hwmon/hwmon*' name 'temp*_input' 'temp*_label' 'temp*_crit'
	lines_of kernel security/lockdown
	lines_of 'bus/event_source/devices/cpu*' type
}

machine_sys() {
	cd /sys/ 2>/dev/null || return 0
	machine_files | head -c $kw_bytes_max | say64 sys
	find bus/pci/devices/*/driver bus/pci/devices/*/physfn class/net/* class/net/*/device class/net/*/device/driver class/net/*/master class/net/*/lower_* class/infiniband/* class/nvme/* block/* block/*/holders/* \
		block/*/*/holders/* class/ipmi/* -maxdepth 0 -type l -printf '%p\0%l\n' 2>/dev/null | head -c $kw_bytes_max | say64 links
	kw_count=0
	for kw_f in kernel/iommu_groups/*; do [ ! -e "$kw_f" ] || kw_count=$((kw_count + 1)); done
	say iommu_groups "$kw_count"
	kw_f=no
	[ ! -d firmware/efi ] || kw_f=yes
	say efi $kw_f
	kw_f=firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
	[ ! -r $kw_f ] || say secure_boot "$(tail -c 1 $kw_f 2>/dev/null | od -An -tu1 | tr -d ' ')"
	[ ! -r firmware/dmi/tables/DMI ] || head -c 262144 firmware/dmi/tables/DMI 2>/dev/null | say64 smbios
}

machine_proc() {
	cd /proc/ 2>/dev/null || return 0
	sed '/^[[:space:]]*$/q' cpuinfo 2>/dev/null | head -c 16384 | say64 cpuinfo
	{
		lines_of . cmdline sys/kernel/osrelease sys/kernel/tainted swaps net/vlan/config driver/nvidia/version 'driver/nvidia/gpus/*/information'
		grep -aZsH MemTotal ./meminfo
		grep -aZsH '^cpu ' ./stat
		grep -aZsH '^[0-9]' ./self/mountinfo
	} | head -c $kw_bytes_max | say64 proc
}

# What udev has read of disks, and by which names they stay the same.
machine_disks() {
	cd /run/udev/data 2>/dev/null || return 0
	grep -aZsH '^E:ID_\(SERIAL_SHORT\|WWN\|FS_TYPE\|BUS\)=\|^S:disk/by-id/' b* | head -c $kw_bytes_max | say64 udev
}

main() {
	(machine_sys)
	(machine_proc)
	(machine_disks)
	! has systemd-detect-virt || say virtual "$(systemd-detect-virt --vm 2>/dev/null)"
}
main </dev/null
