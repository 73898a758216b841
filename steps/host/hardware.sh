# What the machine is made of, for people: sent before probe.sh, whose `first` and `say` it uses. No forks: sysfs and shell words alone.
# Answers: cpu_model, serial, uptime_s, pods (that run here, static ones of the control plane left out), containers (Docker's), and lines: block_devices
# "nvme0n1 3840 GB", nics "eno1 25 Gbit/s" ("no link"), gpus "2 x NVIDIA".
# shellcheck shell=sh disable=SC2154,SC2015

cpu_model() {
	while IFS=: read -r kw_key kw_value; do
		case $kw_key in
		"model name"*)
			say cpu_model "${kw_value# }"
			return
			;;
		esac
	done </proc/cpuinfo
}

# Whole disks; loops, RAM disks, optical drives and what is made of other disks are none.
block_devices() {
	kw_list=
	for kw_dir in /sys/block/*; do
		kw_name=${kw_dir##*/}
		case $kw_name in loop* | ram* | zram* | sr* | fd* | dm-* | md* | nbd* | '*') continue ;; esac
		first "$kw_dir/size"
		case $kw_line in '' | 0 | *[!0-9]*) continue ;; esac
		kw_gb=$((kw_line / 1953125))
		first "$kw_dir/queue/rotational"
		kw_kind=
		[ "$kw_line" != 1 ] || kw_kind=' rotating'
		kw_list="$kw_list${kw_list:+
}$kw_name $kw_gb GB$kw_kind"
	done
	say block_devices "$kw_list"
}

# Network cards: interfaces with a device behind them, InfiniBand's among them.
nics() {
	kw_list=
	for kw_dir in /sys/class/net/*; do
		[ -e "$kw_dir/device" ] || continue
		first "$kw_dir/speed"
		case $kw_line in
		'' | 0 | *[!0-9]*) kw_speed='no link' ;;
		*[0-9]000) kw_speed="$((kw_line / 1000)) Gbit/s" ;;
		*) kw_speed="$kw_line Mbit/s" ;;
		esac
		kw_list="$kw_list${kw_list:+
}${kw_dir##*/} $kw_speed"
	done
	say nics "$kw_list"
}

# Display and 3D controllers and processing accelerators of the makers whose cards compute.
gpus() {
	kw_nvidia=0 kw_amd=0 kw_intel=0
	for kw_dir in /sys/bus/pci/devices/*; do
		first "$kw_dir/class"
		case $kw_line in 0x0300* | 0x0302* | 0x0380* | 0x1200*) ;; *) continue ;; esac
		first "$kw_dir/vendor"
		case $kw_line in
		0x10de) kw_nvidia=$((kw_nvidia + 1)) ;;
		0x1002) kw_amd=$((kw_amd + 1)) ;;
		0x8086) kw_intel=$((kw_intel + 1)) ;;
		esac
	done
	kw_list=
	for kw_value in "$kw_nvidia x NVIDIA" "$kw_amd x AMD" "$kw_intel x Intel"; do
		[ "${kw_value%% *}" = 0 ] || kw_list="$kw_list${kw_list:+
}$kw_value"
	done
	say gpus "$kw_list"
}

# The machine's serial number, or its board's; what makers leave in when they have none is none.
serial() {
	for kw_value in product_serial board_serial; do
		first "/sys/class/dmi/id/$kw_value"
		case $kw_line in
		'' | 0 | [Nn]one | "Not Specified" | "Not Applicable" | "Default string" | "System Serial Number" | "To "[Bb]"e "[Ff]"illed "*) ;;
		*)
			say serial "$kw_line"
			return
			;;
		esac
	done
}

# By containerd's own folders of what runs; each sandbox's log folder names its pod. One grep, and only where pods are.
workload() {
	kw_pods=0 kw_containers=0
	for kw_dir in /run/containerd/io.containerd.runtime.v2.task/moby/*/; do
		[ ! -d "$kw_dir" ] || kw_containers=$((kw_containers + 1))
	done
	set -- /run/containerd/io.containerd.runtime.v2.task/k8s.io/*/config.json
	if [ -e "$1" ]; then
		while IFS=/ read -r _ _ _ _ kw_value; do
			case $kw_value in
			'' | kube-system_etcd-* | kube-system_kube-apiserver-* | kube-system_kube-controller-manager-* | kube-system_kube-scheduler-*) ;;
			*) kw_pods=$((kw_pods + 1)) ;;
			esac
		done <<END
$(grep -oh '"io.kubernetes.cri.sandbox-log-directory":"[^"]*"' "$@" 2>/dev/null | sort -u)
END
	fi
	say pods "$kw_pods"
	say containers "$kw_containers"
}

# Since process 1 began, which is what "the host has started" means in a container, too. Field 22 of its stat, in hundredths of a second.
uptime() {
	first /proc/uptime
	kw_up=${kw_line%%.*}
	first /proc/1/stat
	# shellcheck disable=SC2086 # words
	set -- ${kw_line##*) }
	[ $# -lt 20 ] || kw_up=$((kw_up - ${20} / 100))
	say uptime_s "$kw_up"
}

hardware() {
	cpu_model
	serial
	uptime
	workload
	block_devices
	nics
	gpus
}
