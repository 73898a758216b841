# shellcheck shell=bash
# Faults, and healing them. Each acts from outside the host.

# The cable is pulled. The machine keeps the host's address resolved, so that connects from here go unanswered, as they
# would beyond a router, instead of failing at ARP.
fault_cut() {
	need_created "$1"
	ip neigh replace "$(host_address "$1")" lladdr "$(host_mac "$1")" dev "$BRIDGE" nud permanent
	ip link set "$(host_link "$1")" down
	! host_is_machine "$1" || machine_cable "$1" false
}

# ss_of HOST FILTER: who listens there. A namespace needs no program of the host's.
ss_of() { if host_is_machine "$1"; then exec_in_host "$1" ss -Hltn "$2"; else in_netns "$1" ss -Hltn "$2"; fi; }

sshd_stop() { exec_in_host "$1" systemctl stop ssh.socket ssh.service 2>/dev/null || true; }

# New connections to the sshd port are refused; sessions stay.
fault_refuse() {
	need_created "$1"
	hang_end "$1" || true
	sshd_stop "$1"
	wait_until 10 "sshd of $1 to stop" port_closed "$1" || die "something else listens on port 22 of $1"
}

port_closed() { [ -z "$(ss_of "$1" 'sport = :22')" ]; }

# New connections to the sshd port are accepted, then nothing comes.
fault_hang() {
	fault_refuse "$1"
	if host_is_machine "$1"; then
		exec_in_host "$1" systemd-run --quiet --collect --unit=kwlab-hang --socket-property=ListenStream=22 sleep infinity
		return
	fi
	(
		exec 9>&-
		mark_service "hang-$1"
		exec setsid nsenter --net="$(host_netns "$1")" "$PYTHON" "$LAB/lib/service.py" silent 0.0.0.0 22
	) </dev/null >"$(host_dir "$1")/hang.log" 2>&1 &
	wait_until 10 "the silent listener of $1" port_listens "$1" || die "see $(host_dir "$1")/hang.log"
}

port_listens() { [ -n "$(ss_of "$1" 'sport = :22')" ]; }

hang_end() {
	! host_is_machine "$1" || exec_in_host "$1" systemctl stop kwlab-hang.socket kwlab-hang.service 2>/dev/null || true
	kill_marked "hang-$1"
}

fault_heal() {
	need_created "$1"
	host_running "$1" || die "host $1 is off: run 'lab start $1'"
	wait_until 60 "the silent listener of $1 to end" hang_end "$1"
	ip link set "$(host_link "$1")" up
	ip neigh del "$(host_address "$1")" dev "$BRIDGE" 2>/dev/null || true
	if host_is_machine "$1"; then
		machine_cable "$1" true
	else
		# A link that was down has lost its routes in no case, but a wiped address comes back here.
		in_netns "$1" ip addr replace "$(host_address "$1")/24" dev eth0
		in_netns "$1" ip route replace default via "$BRIDGE_ADDRESS"
	fi
	exec_in_host "$1" systemctl start ssh.service
	host_ready "$1"
}
