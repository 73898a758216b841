#!/bin/sh
# The lab's pod network on one node: the CNI configuration for this node's podCIDR, and a route to every other node's.
# Environment: NODE_NAME. Host's /etc/cni/net.d at /host/net.d.
set -u

write_conflist() {
	target=/host/net.d/10-lab.conflist
	cat >"$target.new" <<-JSON
		{
		  "cniVersion": "0.4.0",
		  "name": "lab",
		  "plugins": [
		    {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true, "mtu": 1500,
		     "ipam": {"type": "host-local", "ranges": [[{"subnet": "$1"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
		    {"type": "portmap", "capabilities": {"portMappings": true}}
		  ]
		}
	JSON
	if cmp -s "$target.new" "$target"; then rm "$target.new"; else mv "$target.new" "$target"; fi
}

# Each change of a node arrives as: name podCIDR address. A node without podCIDR has <none>, and is told of again later.
follow() {
	kubectl get nodes --watch --no-headers \
		-o 'custom-columns=N:.metadata.name,C:.spec.podCIDR,A:.status.addresses[?(@.type=="InternalIP")].address' |
		while read -r name cidr address; do
			case $cidr in
			*/*) ;;
			*) continue ;;
			esac
			if [ "$name" = "$NODE_NAME" ]; then
				write_conflist "$cidr"
			else
				ip route replace "$cidr" via "$address" || echo "no route to $cidr via $address yet"
			fi
		done
}

trap 'exit 0' TERM
while :; do
	follow &
	wait $!
	# The watch ended: the API server went away, or is not there yet.
	sleep 1
done
