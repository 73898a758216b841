# Puts the network back as deadman.sh kept it. Run by a timer on the host, unless confirm.sh was there first; runs alone (without lib.sh). POSIX sh.
# Whatever cannot be put back leaves the rest to be.
# shellcheck shell=sh
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
dir=/run/kubewright/deadman
saved=$dir/saved

# Chains and tables of Kubernetes, as filter_save kept them; no others.
filters() {
	for tool in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
		[ ! -s "$saved/$tool" ] || "$tool-restore" --noflush <"$saved/$tool"
	done
	[ ! -s "$saved/nft" ] || nft -f "$saved/nft"
}

sysctls() {
	while IFS='=' read -r key was; do
		[ "$(sysctl -n "$key" 2>/dev/null)" = "$was" ] || sysctl -q -w "$key=$was"
	done <"$saved/sysctls"
}

links() {
	while read -r link; do
		ip link set dev "$link" up
	done <"$saved/up"
}

# "2: eth0    inet 10.0.0.5/24 brd 10.0.0.255 scope global eth0\       valid_lft forever …"
addresses() {
	while read -r _ link family cidr word other _; do
		ip -o addr show dev "$link" 2>/dev/null | grep -qF " $family $cidr " && continue
		case $word in
		brd | peer) ip addr add "$cidr" "$word" "$other" dev "$link" ;;
		*) ip addr add "$cidr" dev "$link" ;;
		esac
	done <"$saved/addresses"
}

# The kernel's own come back by themselves; what a gateway is reached by goes before what is reached by the gateway.
routes() {
	for family in 4 6; do
		ip "-$family" -o route show table all 2>/dev/null >"$dir/routes-now"
		for pass in link via; do
			grep -v -e ' table local ' -e ' table local$' -e '^local ' -e '^broadcast ' -e '^multicast ' -e '^anycast ' "$saved/routes-$family" |
				grep -vxFf "$dir/routes-now" | sed -e 's/ linkdown//g; s/ dead//g; s/ expires [0-9]*sec//; s/ error -\{0,1\}[0-9]*//; s/\\/ /g' |
				while read -r route; do
					case $pass:$route in link:*" via "*) continue ;; via:*" via "*) ;; via:*) continue ;; esac
					# shellcheck disable=SC2086
					ip "-$family" route replace $route
				done
		done
	done
}

main() {
	exec 9>"$dir/lock" && flock 9
	[ -f "$dir/armed" ] || exit 0
	echo "it was not confirmed that this host can still be reached: putting the network back"
	links
	addresses
	routes
	sysctls
	filters
	date '+%H:%M:%S %Z' >"$dir/restored"
	printf '%s %s deadman the network was put back\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(cat "$dir/armed")" >>/var/lib/kubewright/history
	rm -f "$dir/armed"
}
main </dev/null
