# shellcheck shell=bash
# Names, messages, locks and waiting: what every other file of the lab leans on.

# Labs with different numbers, 0 to 9, stand side by side: each has its own state, bridge, addresses and cgroups.
NUMBER=${KUBEWRIGHT_LAB_NUMBER:-0}
STATE=${KUBEWRIGHT_LAB_STATE:-/var/lib/kubewright-lab${NUMBER#0}}
CACHE=${KUBEWRIGHT_LAB_CACHE:-/var/cache/kubewright-lab}
RELEASE=${KUBEWRIGHT_LAB_RELEASE:-/var/cache/kubewright-lab/release}
BRIDGE=kwlab$NUMBER
NETWORK=10.213.$((7 + NUMBER))
BRIDGE_ADDRESS=$NETWORK.1
VIP=$NETWORK.100
SUDO_SECRET=lab-sudo-secret
# Every cgroup, namespace and unit of the lab carries this prefix, so that `down` finds what a killed lab left behind.
PREFIX=kwlab${NUMBER#0}

say() { printf 'lab: %s\n' "$*" >&2; }
warn() { printf 'lab: warning: %s\n' "$*" >&2; }
die() {
	printf 'lab: error: %s\n' "$*" >&2
	exit 1
}
usage_error() {
	printf 'lab: %s (see lab help)\n' "$*" >&2
	exit 2
}

# wait_until SECONDS WHAT COMMAND…: polls a condition; the pause only paces the polling.
wait_until() {
	local limit=$1 what=$2 start=$SECONDS
	shift 2
	until "$@"; do
		if [ $((SECONDS - start)) -ge "$limit" ]; then
			warn "gave up after ${limit} s waiting for $what"
			return 1
		fi
		sleep 0.1
	done
}

# need COMMAND…: dies naming the way out when a program is missing.
need() {
	local program missing=()
	for program in "$@"; do
		command -v "$program" >/dev/null 2>&1 || missing+=("$program")
	done
	[ ${#missing[@]} -eq 0 ] || die "missing programs: ${missing[*]}: run 'lab install-deps'"
}

# Whole-lab commands exclude each other; the lock file lives outside the state so that `down` may remove the state.
# The descriptor is closed in children (9>&-) wherever one outlives the command.
take_lock() {
	mkdir -p "$CACHE"
	exec 9>"$CACHE/lock"
	flock -w "${KUBEWRIGHT_LAB_LOCK_WAIT:-900}" 9 ||
		die "another lab command holds $CACHE/lock: wait for it, or see 'fuser $CACHE/lock'"
}

# recipe_hash WORD… : short key over words and over name and text of files among them; caches are named by it. Where a
# checkout lies does not count: every clone finds what another has built.
recipe_hash() {
	local part
	for part in "$@"; do
		if [ -f "$part" ]; then
			printf '%s\0' "$(basename "$part")"
			cat "$part"
		else
			printf '%s\0' "$part"
		fi
	done | sha256sum | cut -c1-12
}

# publish TMP FINAL: a cache entry appears whole or not at all.
publish() {
	rm -rf "$2"
	mv -T "$1" "$2"
}
