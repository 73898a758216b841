# One fault on purpose, and its end: for `kubewright drill`. The host puts itself back by a timer after so many seconds, with the probe of the next run that has the lock, or
# by a restart: everything that is needed for that lies in /run/kubewright/drill before anything is done.
# Parameters: act (look | begin | end), fault (worker | vip | api | etcd | etcd-leader | link), seconds (until the host puts itself back), vip.
# Answers: held (yes | no: this host has the virtual IP), filter (yes | no: nft is there), ended (run: by this one | itself: before it came), error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
kw_drill=/run/kubewright/drill
kw_drill_unit=kubewright-drill

putback() {
	cat <<'END'
#!/bin/sh
# Ends what 'kubewright drill' has begun on this host. Run by a timer, by the next run of kubewright, or by hand.
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
export LC_ALL PATH
dir=/run/kubewright/drill
[ -d "$dir" ] || exit 0
exec 9>>"$dir/lock" && flock 9 || exit 1
case $(cat "$dir/fault" 2>/dev/null) in
worker) systemctl start kubelet || exit 1 ;;
vip) systemctl start keepalived || exit 1 ;;
link)
	for family in inet arp; do
		! nft list table $family kubewright_drill >/dev/null 2>&1 || nft delete table $family kubewright_drill || exit 1
	done
	;;
measure)
	: >"$dir/stop"
	kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir="$dir/cache" --request-timeout=10s delete namespaces --selector=kubewright/drill=yes --wait=false >/dev/null || exit 1
	;;
esac
systemctl stop kubewright-drill.timer 2>/dev/null
rm -rf "$dir"
END
}

# What an earlier one has left, and then what this one is to be ended by.
arm() {
	if [ -d "$kw_drill" ]; then
		sh "$kw_drill/putback" >&2 </dev/null || fail "what an earlier drill has begun on this host cannot be ended" "see $kw_drill/putback"
	fi
	(umask 077 && mkdir -p "$kw_drill" && printf '%s\n' "$1" >"$kw_drill/fault" && printf '%s\n' "$run" >"$kw_drill/run" && putback >"$kw_drill/putback") ||
		fail "cannot write to $kw_drill" "is the disk full? see 'df /run'"
	systemctl stop "$kw_drill_unit.timer" 2>/dev/null || true
	systemctl reset-failed "$kw_drill_unit.timer" "$kw_drill_unit.service" 2>/dev/null || true
	systemd-run --quiet --collect --unit="$kw_drill_unit" --description="kubewright: end the drill" --on-active="$seconds" \
		--timer-property=AccuracySec=200ms /bin/sh "$kw_drill/putback" >&2 || {
		rm -rf "$kw_drill"
		fail "systemd cannot start the timer that ends the fault; nothing was done" "see 'systemctl status $kw_drill_unit.timer' on the host"
	}
}

# disarm: ends it, unless the host has done so itself.
disarm() {
	if [ -f "$kw_drill/putback" ]; then
		sh "$kw_drill/putback" >&2 </dev/null ||
			fail "the fault cannot be ended" "the host tries again by itself; see $kw_drill/putback there"
		say ended run
	else
		say ended itself
	fi
}

# kill_static NAME: the process of a static Pod.
kill_static() {
	kw_pids=$(static_pids "$1")
	[ -n "$kw_pids" ] || fail "no process of the static Pod $1 runs on this host"
	# shellcheck disable=SC2086
	kill -KILL $kw_pids || fail "the process of $1 ($kw_pids) cannot be killed"
	log "killed $1, process $kw_pids"
}

# Ports that sessions of sshd go through, no matter who listens for them.
ssh_ports() { ss -tnpH state established | awk '/"sshd/ { n = split($3, a, ":"); print a[n] }' | sort -un | paste -sd, -; }

cut_off() {
	kw_ports=$(ssh_ports)
	[ -n "$kw_ports" ] || fail "the port of this SSH connection is not known, so the host is not cut off"
	arm link
	{
		printf 'table inet kubewright_drill {\n'
		printf ' chain in { type filter hook input priority -400; policy drop; iif lo accept; tcp dport { %s } accept; icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; }\n' "$kw_ports"
		printf ' chain out { type filter hook output priority -400; policy drop; oif lo accept; tcp sport { %s } accept; icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; }\n' "$kw_ports"
		printf ' chain forward { type filter hook forward priority -400; policy drop; }\n}\n'
		# who is cut off answers for no address either
		[ -z "$vip" ] || printf 'table arp kubewright_drill {\n chain out { type filter hook output priority 0; arp saddr ip %s drop; }\n}\n' "$vip"
	} | nft -f - || {
		sh "$kw_drill/putback" >&2 </dev/null || true
		fail "nft refuses the rules that cut this host off; nothing was done"
	}
}

begin() {
	fence
	case $fault in
	worker) arm worker && { systemctl stop kubelet || fail "the kubelet does not stop"; } ;;
	vip) arm vip && { systemctl stop keepalived || fail "keepalived does not stop"; } ;;
	api) kill_static kube-apiserver ;;
	etcd | etcd-leader) kill_static etcd ;;
	link) cut_off ;;
	*) fail "no fault is called $fault" ;;
	esac
}

look() {
	if [ -n "$vip" ] && ip -o -4 addr show | grep -qF " $vip/"; then say held yes; else say held no; fi
	if command -v nft >/dev/null; then say filter yes; else say filter no; fi
}

main() {
	case $act in
	look) look ;;
	begin) begin ;;
	end) disarm ;;
	esac
}
[ "$act" = library ] || main </dev/null
