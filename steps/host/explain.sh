# Gathers what may explain why a step failed on this host. Changes nothing. Each answer has 200 lines or 32 KiB at most; all of it takes 15 s at most.
# Parameters: job (name of the job that failed; empty: none, the last quarter of an hour is looked at).
# Answers: job (the end of its log), kubelet, containerd, keepalived (their journals since the job began), pods (last words of the control plane's dead
# containers), system (disks, memory, clock, what the kernel complained of), error, hint.
# shellcheck shell=sh disable=SC2154
uptime_s() {
	read -r kw_up _ </proc/uptime
	echo "${kw_up%%.*}"
}

# look COMMAND…: 5 s for each, and no longer than all of it may take.
look() {
	kw_left=$((kw_end - $(uptime_s)))
	[ "$kw_left" -gt 0 ] || return 0
	[ "$kw_left" -le 5 ] || kw_left=5
	timeout -k 1 "$kw_left" "$@" </dev/null
}

bounded() { tail -n 200 | tail -c 32768; }

# When the job began, by this host's clock; a clock that was set back since says nothing.
began() {
	kw_now=$(date +%s)
	kw_dir=$kw_state/jobs/${job:-none}
	kw_since=$(head -c 20 "$kw_dir/started" 2>/dev/null)
	case $kw_since in
	'' | *[!0-9]*) kw_since=$((kw_now - 900)) ;;
	esac
	[ "$kw_since" -le "$kw_now" ] || kw_since=$((kw_now - 900))
}

journal() { look journalctl -q --no-pager -o cat --since "@$kw_since" -n 2000 "$@" 2>/dev/null | without_stacks; }

dead_container() {
	command -v crictl >/dev/null || return 0
	look crictl -r unix:///run/containerd/containerd.sock ps -a --state exited --name "^$1\$" -q 2>/dev/null | head -n 1
}

# Without crictl nobody knows which container is dead: the newest log then.
newest_log() {
	command -v crictl >/dev/null && look crictl -r unix:///run/containerd/containerd.sock version >/dev/null 2>&1 && return 0
	# names of static Pods and containers have no blanks
	# shellcheck disable=SC2012
	ls -t /var/log/pods/kube-system_"$1"-*/"$1"/*.log 2>/dev/null | head -n 1
}

pods() {
	for kw_static in kube-proxy $kw_statics; do
		kw_name=${kw_static%:*}
		kw_id=$(dead_container "$kw_name")
		kw_log=
		[ -n "$kw_id" ] || kw_log=$(newest_log "$kw_name")
		if [ -n "$kw_id" ]; then
			echo "$kw_name, ended:"
			look crictl -r unix:///run/containerd/containerd.sock logs --tail 2000 "$kw_id" 2>&1 | without_stacks | tail -n 40
		elif [ -n "$kw_log" ]; then
			echo "$kw_name, $kw_log:"
			look tail -n 2000 "$kw_log" 2>/dev/null | without_stacks | tail -n 40
		fi
	done
}

disks() {
	look df -k --output=avail,size,iavail,itotal,target / /var /var/lib/etcd 2>/dev/null | awk '
		NR == 1 || seen[$5]++ { next }
		{ printf "disk %s: %d MiB free of %d MiB, %s inodes free of %s\n", $5, $1 / 1024, $2 / 1024, $3, $4 }
		$1 < 51200 { print "disk full: " $5 }
		$4 > 0 && $3 < 100 { print "inodes used up: " $5 }'
}

clock() {
	look timedatectl 2>/dev/null | grep -E 'synchronized|NTP service' | sed 's/^ *//'
	if command -v chronyc >/dev/null; then
		look chronyc -n tracking 2>/dev/null | grep -E '^(System time|Leap status)'
	else
		look timedatectl timesync-status 2>/dev/null | grep Offset | sed 's/^ *//'
	fi
	journal -u chrony -u chronyd -u systemd-timesyncd | tail -n 20
}

# Only what the kernel said since the job began: an old complaint explains nothing.
kernel() {
	look dmesg 2>/dev/null | awk -F '[][]' -v from="$(($(uptime_s) - kw_now + kw_since))" '$2 + 0 >= from' |
		grep -iE 'out of memory|oom-kill|killed process|i/o error|read-only|blocked for more than|table full|avc:  denied' |
		tail -n 40
}

system() {
	disks
	grep -E '^(MemTotal|MemAvailable|SwapTotal|SwapFree):' /proc/meminfo
	echo "load $(cat /proc/loadavg)"
	clock
	kernel
}

main() {
	kw_end=$(($(uptime_s) + 15))
	began
	[ ! -f "$kw_dir/log" ] || bounded <"$kw_dir/log" | say64 job
	journal -u kubelet | bounded | say64 kubelet
	journal -u containerd | bounded | say64 containerd
	journal -u keepalived | bounded | say64 keepalived
	pods | bounded | say64 pods
	system | bounded | say64 system
}
main </dev/null
