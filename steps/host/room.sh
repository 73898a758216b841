# How much room the kubelet and the container runtime have: sent before probe.sh, whose `has` and `say` it uses. Changes nothing.
# shellcheck shell=sh disable=SC2154,SC2015

# Lines "nodefs|imagefs PATH SIZE_KB AVAILABLE_KB INODES INODES_FREE": what the kubelet's thresholds are about.
filesystems() {
	for kw_fs in nodefs:/var/lib/kubelet imagefs:/var/lib/containerd; do
		kw_dir=${kw_fs#*:}
		while [ ! -d "$kw_dir" ]; do kw_dir=$(dirname "$kw_dir"); done
		timeout 3 df -k --output=size,avail,itotal,iavail "$kw_dir" 2>/dev/null | while read -r kw_size kw_avail kw_itotal kw_iavail; do
			case $kw_size in '' | *[!0-9]*) continue ;; esac
			printf '%s %s %s %s %s %s\n' "${kw_fs%%:*}" "${kw_fs#*:}" "$kw_size" "$kw_avail" "${kw_itotal#-}" "${kw_iavail#-}"
		done
	done
}

# Whether one of them is so full that its largest folders are of interest: by a fifth, or by what this kubelet was given.
short_of_room() {
	kw_floor=$(sed -n 's/^ *\(nodefs\|imagefs\)\.available: *["'"'"']\{0,1\}\([0-9]\{1,2\}\)%.*/\2/p' /var/lib/kubelet/config.yaml 2>/dev/null | sort -n | tail -n 1)
	[ "${kw_floor:-0}" -gt 20 ] || kw_floor=20
	while read -r _ _ kw_size kw_avail kw_itotal kw_iavail; do
		[ "${kw_size:-0}" -eq 0 ] || [ $((kw_avail * 100)) -ge $((kw_size * kw_floor)) ] || return 0
		[ "${kw_itotal:-0}" -le 0 ] || [ $((kw_iavail * 10)) -ge "$kw_itotal" ] || return 0
	done <<END
$1
END
	return 1
}

# Lines "KB PATH", the largest first; what is not counted within 4 s is left out.
fills() {
	for kw_dir in /var/lib/containerd /var/lib/kubelet /var/lib/etcd /var/lib/docker /var/log/pods /var/log/journal /var/cache /home /root /opt /srv /tmp; do
		[ ! -d "$kw_dir" ] || [ -L "$kw_dir" ] || timeout 4 du -skx "$kw_dir" 2>/dev/null &
	done
	wait
}

room() {
	kw_room=$(filesystems)
	say filesystems "$kw_room"
	if has health && short_of_room "$kw_room"; then say fills "$(fills | sort -rn | head -n 4 | tr '\t' ' ')"; fi
}
