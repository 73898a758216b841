# What this machine is made of, as its kernel shows it: files below /sys and /proc as they are, for kubewright to make sense of. Needs no tool but those of every system;
# what devices must be asked for needs perl, which every Debian has.
# Changes nothing. What is missing among the answers is not there, or cannot be read: unknown, not none.
# Answers:
#   sys proc udev       "PATH", NUL, "VALUE", newline, for each line of a file; paths are relative to /sys, /proc ("." before them) and /run/udev/data
#   asked               the same, of what no file shows: nvmeN/NUMBER of a disk's own counts, NIC/firmware
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

# NVMe's log 02h "SMART / Health Information" (NVM Express Base Specification) by NVME_IOCTL_ADMIN_CMD, of each controller in a process of its own: one that is dead
# may never answer, and then its process cannot be ended either. The cards' firmware by ETHTOOL_GDRVINFO (linux/ethtool.h). Counts that cannot be are left out.
# shellcheck disable=SC2016 # of another language
kw_ask='use strict;
use warnings;
use Socket;
use POSIX ();
sub nvme {
	my ($name) = @_;
	my $log = "\0" x 512;
	my @command = (2, 0, 0, 0xffffffff, 0, 0, 0, unpack("J", pack("P", $log)), 0, 512, 127 << 16 | 2, 0, 0, 0, 0, 0, 2000, 0);
	my $command = pack("CCSLLLQQL10", @command);
	open(my $device, "<", "/dev/$name") or return "";
	my $status = ioctl($device, 0xC0484E41, $command);
	return "" if !defined $status || $status != 0;
	my ($critical, undef, $spare, $least, $wear) = unpack("CvCCC", $log);
	my @counts = (["critical", $critical], ["spare", $spare], ["spare-least", $least], ["wear", $wear]);
	for (["written", 48], ["hours", 128], ["unsafe", 144], ["media", 160]) {
		my ($low, $high) = unpack("Q<Q<", substr($log, $_->[1], 16));
		push @counts, [$_->[0], $low] if !$high && $low < 1 << 53;
	}
	return join "", map { "$name/$_->[0]\0$_->[1]\n" } @counts;
}
sub cards {
	my $said = "";
	socket(my $s, PF_INET, SOCK_DGRAM, 0) or return "";
	for (@_) {
		my $about = pack("L", 3) . "\0" x 192;
		my $request = pack("a16P", $_, $about) . "\0" x 32;
		next if !defined ioctl($s, 0x8946, $request);
		my $firmware = unpack("Z32", substr($about, 68, 32));
		$firmware =~ s/[^ -~]//g;
		$said .= "$_/firmware\0$firmware\n";
	}
	return $said;
}
my @nvme = grep { /^nvme\d+$/ } map { s{.*/}{}r } glob "class/nvme/*";
my @cards = map { m{^class/net/([^/]+)/} ? $1 : () } glob "class/net/*/device";
my (%from, $bits);
for my $name (@nvme[0 .. ($#nvme < 255 ? $#nvme : 255)], @cards ? "" : ()) {
	pipe(my $read, my $write) or next;
	my $pid = fork // next;
	if (!$pid) {
		close STDIN;
		close STDOUT;
		close STDERR;
		syswrite $write, $name eq "" ? cards(@cards) : nvme($name);
		POSIX::_exit(0);
	}
	$from{fileno $read} = [$read, $pid, ""];
}
my $until = time + 4;
while (%from && time <= $until) {
	my $r = "";
	vec($r, $_, 1) = 1 for keys %from;
	next if select($r, undef, undef, 0.5) <= 0;
	for my $fd (grep { vec($r, $_, 1) } keys %from) {
		my $f = $from{$fd};
		next if sysread($f->[0], $f->[2], 65536, length $f->[2]);
		print $f->[2];
		waitpid $f->[1], 0;
		delete $from{$fd};
	}
}
kill "KILL", map { $_->[1] } values %from;
'
machine_asked() {
	cd /sys/ 2>/dev/null && has perl || return 0
	for kw_f in class/nvme/nvme* class/net/*/device; do
		[ -e "$kw_f" ] || continue
		timeout -k 2 15 perl -e "$kw_ask" 3>&- 2>/dev/null | head -c $kw_bytes_max | say64 asked
		return 0
	done
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
	(machine_asked)
	! has systemd-detect-virt || say virtual "$(systemd-detect-virt --vm 2>/dev/null)"
}
main </dev/null
