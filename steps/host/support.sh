# Gathers what a helper needs to see of this host, each piece as it is: it is cut, sieved and named on the other side. Changes nothing.
# Parameters: pieces, lines "NAME KIND LIMIT ARGUMENT": KIND is unit (ARGUMENT: its name, or -k for the kernel), container (of a static Pod), file, job, or a
# word that `overview` knows; LIMIT is in bytes. Answers: piece.NAME, the last LIMIT + 1 bytes of it, so that it shows whether it was cut; error, hint.
# shellcheck shell=sh disable=SC2154

# No command holds up the others, and all of it takes 45 s at most.
look() {
	read -r kw_up _ </proc/uptime
	kw_left=$((kw_end - ${kw_up%%.*}))
	[ "$kw_left" -gt 0 ] || return 0
	[ "$kw_left" -le 8 ] || kw_left=8
	timeout -k 1 "$kw_left" "$@" </dev/null 2>&1
}

journal() {
	case $1 in
	-k) set -- -k ;;
	*) set -- -u "$1" ;;
	esac
	look journalctl -q --no-pager -o short-iso -n 20000 "$@"
}

# The two newest logs of a container, the older one first: what the last one that died had to say is in the first.
container() {
	# names of static Pods and containers have no blanks
	# shellcheck disable=SC2012
	ls -t /var/log/pods/kube-system_"$1"-*/"$1"/*.log 2>/dev/null | head -n 2 | sed -n '1h; 2p; ${ x; p; }' | while read -r kw_log; do
		echo "== $kw_log"
		look tail -c "$kw_limit" "$kw_log"
	done
}

# The ends of the logs of all jobs, the newest last.
jobs() {
	# names of jobs are kubewright's own: no blanks
	# shellcheck disable=SC2012
	ls -tr "$kw_state/jobs" 2>/dev/null | while read -r kw_job; do
		echo "== $kw_job, status $(head -c 20 "$kw_state/jobs/$kw_job/status" 2>/dev/null)"
		look tail -c 65536 "$kw_state/jobs/$kw_job/log"
	done
}

versions() {
	look uname -srvm
	cat /etc/os-release
	for kw_command in 'kubelet --version' 'kubeadm version -o short' 'kubectl version --client' 'containerd --version' 'runc --version' 'crictl --version' \
		'keepalived --version' 'systemctl --version'; do
		command -v "${kw_command%% *}" >/dev/null || continue
		echo "== $kw_command"
		# shellcheck disable=SC2086
		look $kw_command | head -n 3
	done
}

system() {
	for kw_command in date uptime 'free -m' 'df -h' 'df -i' 'ip -br addr' 'ip route' 'ss -Hltn' 'systemctl --no-pager --failed' \
		'systemctl --no-pager status kubelet containerd keepalived -n 0' 'crictl -r unix:///run/containerd/containerd.sock ps -a'; do
		command -v "${kw_command%% *}" >/dev/null || continue
		echo "== $kw_command"
		# shellcheck disable=SC2086
		look $kw_command
	done
}

piece() {
	case $1 in
	unit) journal "$2" ;;
	container) container "$2" ;;
	file) look tail -c "$((kw_limit + 1))" "$2" ;;
	jobs | versions | system) "$1" ;;
	esac
}

main() {
	read -r kw_up _ </proc/uptime
	kw_end=$((${kw_up%%.*} + 45))
	while read -r kw_name kw_kind kw_limit kw_argument; do
		[ -n "$kw_name" ] || continue
		piece "$kw_kind" "$kw_argument" </dev/null 2>/dev/null | tail -c "$((kw_limit + 1))" | say64 "piece.$kw_name"
	done <<END
$pieces
END
}
main </dev/null
