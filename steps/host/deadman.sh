# The network's way back when a change cuts the operator off: sent after lib.sh and filter.sh and before a script that changes the packet filter, links, routes or
# settings of the kernel's network. deadman_arm keeps a copy of the network state and starts a timer that puts it back (putback.sh), unless a new session
# confirms in time that the operator still gets in (confirm.sh). Parameter: putback, the text of putback.sh.
# shellcheck shell=sh disable=SC2154,SC2015
kw_deadman=/run/kubewright/deadman
kw_deadman_unit=kubewright-deadman

deadman_save() {
	filter_save "$1"
	{
		entries sysctl | cut -d'|' -f1
		printf '%s\n' net.ipv4.ip_forward net.ipv6.conf.all.forwarding
	} | sort -u | while read -r kw_key; do
		kw_was=$(sysctl -n "$kw_key" 2>/dev/null) && printf '%s=%s\n' "$kw_key" "$kw_was"
	done >"$1/sysctls"
	ip -o link show up | sed 's/^[0-9]*: \([^:@]*\).*/\1/' >"$1/up"
	ip -o addr show >"$1/addresses"
	for kw_family in 4 6; do
		ip "-$kw_family" -o route show table all >"$1/routes-$kw_family" 2>/dev/null || true
	done
}

# deadman_arm SECONDS: of two that were not confirmed the first copy counts, as it does in the ledger.
deadman_arm() {
	(umask 077 && mkdir -p "$kw_deadman") && exec 9>"$kw_deadman/lock" && flock 9 ||
		fail "cannot write to $kw_deadman" "is the disk full? see 'df /run'"
	if [ ! -f "$kw_deadman/armed" ]; then
		rm -rf "$kw_deadman/saved" "$kw_deadman/restored" "$kw_deadman/confirmed"
		(umask 077 && mkdir "$kw_deadman/saved" && printf '%s' "$putback" >"$kw_deadman/putback") ||
			fail "cannot write to $kw_deadman" "is the disk full? see 'df /run'"
		(umask 077 && deadman_save "$kw_deadman/saved") || exit 1
	fi
	systemctl stop "$kw_deadman_unit.timer" 2>/dev/null || true
	systemctl reset-failed "$kw_deadman_unit.timer" "$kw_deadman_unit.service" 2>/dev/null || true
	printf '%s\n' "$run" >"$kw_deadman/armed"
	systemd-run --quiet --collect --unit="$kw_deadman_unit" --description="kubewright: put the network back unless confirmed" \
		--on-active="$1" --timer-property=AccuracySec=200ms /bin/sh "$kw_deadman/putback" >&2 || {
		rm -f "$kw_deadman/armed"
		fail "systemd cannot start the timer that puts the network back if the connection is lost; the network was not changed" \
			"see 'systemctl status $kw_deadman_unit.timer' on the host"
	}
	exec 9>&-
	log "the network's state is put back in $1 s unless a new session confirms that the host can be reached"
}
