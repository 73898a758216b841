# shellcheck shell=bash
# The bridge on the machine and each host's namespace with its one link. Namespaces are bind mounts under the state
# folder, not `ip netns`: that would leave a mount of /run/netns behind.

in_netns() {
	local host=$1
	shift
	nsenter --net="$(host_netns "$host")" "$@"
}

bridge_up() {
	if ! ip link show "$BRIDGE" >/dev/null 2>&1; then
		if ip -4 route get "$BRIDGE_ADDRESS" 2>/dev/null | grep -q "dev .* src" &&
			ip -4 -o addr show | grep -qF " $NETWORK."; then
			die "$NETWORK.0/24 is in use on this machine: the lab needs it"
		fi
		ip link add "$BRIDGE" type bridge forward_delay 0
	fi
	ip addr replace "$BRIDGE_ADDRESS/24" dev "$BRIDGE"
	ip link set "$BRIDGE" up
}

netns_mounted() { [ "$(stat -f -c %T "$1" 2>/dev/null)" = nsfs ]; }

# Makes the host's namespace with eth0 in it, once per power-on.
host_network_up() {
	local host=$1 ns link
	ns=$(host_netns "$host")
	link=$(host_link "$host")
	host_network_down "$host"
	: >"$ns"
	unshare --net="$ns" true
	ip link add "$link" type veth peer name eth0 netns "$ns" address "$(host_mac "$host")"
	ip link set "$link" master "$BRIDGE" up
	in_netns "$host" ip link set lo up
	in_netns "$host" ip addr add "$(host_address "$host")/24" dev eth0
	in_netns "$host" ip link set eth0 up
	in_netns "$host" ip route add default via "$BRIDGE_ADDRESS"
}

host_network_down() {
	local ns
	ns=$(host_netns "$1")
	ip link del "$(host_link "$1")" 2>/dev/null || true
	while netns_mounted "$ns"; do
		umount "$ns"
	done
	rm -f "$ns"
	ip neigh del "$(host_address "$1")" dev "$BRIDGE" 2>/dev/null || true
}
