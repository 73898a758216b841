# shellcheck shell=bash
# What the machine must have, on a bare Debian 12.

DEPS=(mmdebstrap systemd-container umoci skopeo iptables golang-1.19-go rsync jq apt-utils dpkg-dev sudo
	openssh-client gpg gpg-agent ca-certificates make gcc libc6-dev iproute2 util-linux psmisc python3-minimal python3 curl zstd procps file)

# deps_missing [PACKAGE…]: of these, else of all that no lab can do without.
deps_missing() {
	local package
	[ $# -gt 0 ] || set -- "${DEPS[@]}"
	for package in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
	done
}

deps_install() {
	local missing
	mkdir -p "$CACHE"
	mapfile -t missing < <(deps_missing)
	[ ${#missing[@]} -eq 0 ] || deps_apt "${missing[@]}" || die "apt-get failed: see $CACHE/install-deps.log"
	# without QEMU there is a lab, but no machines in it
	mapfile -t missing < <(deps_missing "${MACHINE_DEPS[@]}")
	[ ${#missing[@]} -eq 0 ] || deps_apt "${missing[@]}" || warn "no machines with a kernel of their own: see $CACHE/install-deps.log"
}

deps_apt() {
	say "installing $*"
	{
		apt-get -q update &&
			DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "$@"
	} >"$CACHE/install-deps.log" 2>&1
}
