# shellcheck shell=bash
# The hosts there can be, and where each one's things are.

ALL_HOSTS=(cp1 cp2 cp3 w1 w2 w3 s1 s2)
DEFAULT_HOSTS=(cp1 cp2 cp3 w1 w2)

host_known() {
	local name
	for name in "${ALL_HOSTS[@]}"; do
		[ "$name" != "$1" ] || return 0
	done
	return 1
}

need_host() {
	[ -n "${1:-}" ] || usage_error "which host? one of: ${ALL_HOSTS[*]}"
	host_known "$1" || usage_error "no host '$1': the lab has ${ALL_HOSTS[*]}"
}

need_created() {
	need_host "$@"
	[ -d "$STATE/hosts/$1/disk" ] || die "host $1 was never started: run 'lab up --hosts $1'"
}

host_number() {
	case $1 in
	cp[1-3]) printf '1%s\n' "${1#cp}" ;;
	w[123]) printf '2%s\n' "${1#w}" ;;
	s[12]) printf '3%s\n' "${1#s}" ;;
	esac
}

host_address() { printf '%s.%s\n' "$NETWORK" "$(host_number "$1")"; }
# A locally administered address that differs in its last byte only.
host_mac() { printf '02:6b:77:1a:b0:%s\n' "$(host_number "$1")"; }
host_dir() { printf '%s/hosts/%s\n' "$STATE" "$1"; }
host_link() { printf '%s-%s\n' "$PREFIX" "$1"; }
host_netns() { printf '%s/hosts/%s/netns\n' "$STATE" "$1"; }

# What its administrator left different on one host each: a resolver of its own, and a name that resolves to nothing.
RESOLVED_HOST=w2
NAMELESS_HOST=s1

# Hosts where user ops must give a password to sudo.
host_sudo_asks() {
	case $1 in
	cp2 | w1 | s2) return 0 ;;
	*) return 1 ;;
	esac
}

host_role() {
	case $1 in
	cp*) printf 'control-plane\n' ;;
	*) printf 'worker\n' ;;
	esac
}

# Names of hosts with a disk, in topology order.
hosts_created() {
	local name
	for name in "${ALL_HOSTS[@]}"; do
		[ ! -d "$STATE/hosts/$name/disk" ] || printf '%s\n' "$name"
	done
}

# split_hosts LIST: comma separated names, each checked, one a line; empty means the default five.
split_hosts() {
	local list=${1:-} name names
	if [ -z "$list" ]; then
		printf '%s\n' "${DEFAULT_HOSTS[@]}"
		return
	fi
	IFS=, read -r -a names <<<"$list"
	for name in "${names[@]}"; do
		need_host "$name"
		printf '%s\n' "$name"
	done
}

lab_flavour() { cat "$STATE/flavour" 2>/dev/null || printf 'debian\n'; }
