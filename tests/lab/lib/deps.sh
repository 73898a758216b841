# shellcheck shell=bash
# What the machine must have, on a bare Debian 12.

DEPS=(mmdebstrap systemd-container umoci skopeo iptables golang-1.19-go rsync jq apt-utils dpkg-dev sudo
	openssh-client gpg gpg-agent ca-certificates make gcc libc6-dev iproute2 util-linux psmisc python3-minimal python3 curl zstd procps file)

deps_missing() {
	local package
	for package in "${DEPS[@]}"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
	done
}

deps_install() {
	local missing
	mapfile -t missing < <(deps_missing)
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing ${missing[*]}"
	mkdir -p "$CACHE"
	{
		apt-get -q update &&
			DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "${missing[@]}"
	} >"$CACHE/install-deps.log" 2>&1 || die "apt-get failed: see $CACHE/install-deps.log"
}
