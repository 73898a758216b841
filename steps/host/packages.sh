# Installs containerd, kubelet, kubeadm, kubectl and what goes with them, by apt, in exactly the wanted version, and holds them. Runs as a job.
# Parameters: kube_version, kube_url, kube_key_url, kube_fingerprint, runtime_floor, runtime_url, runtime_key_url, runtime_fingerprint,
# codename, extra (further packages), time_service (yes|no).
# Answers: containerd_package, containerd_version, kubelet_version, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 NEEDRESTART_MODE=l APT_LISTCHANGES_FRONTEND=none
keyrings=/etc/apt/keyrings

apt_get() {
	# the lock of dpkg is waited for: unattended-upgrades may hold it for minutes
	apt-get -q -o DPkg::Lock::Timeout=900 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
		-o Acquire::Retries=3 -o APT::Color=0 "$@" >&2
}

# patiently COMMAND…: again while another process holds apt's or dpkg's lock, which DPkg::Lock::Timeout covers for installations only.
patiently() {
	kw_end=$(($(date +%s) + 900))
	while :; do
		"$@" >"$work/said" 2>&1 && { cat "$work/said" >&2; return 0; }
		grep -qE 'Could not get lock|locked by another process' "$work/said" || break
		[ "$(date +%s)" -lt "$kw_end" ] || break
		log "another process holds the package manager's lock; waiting"
		sleep 2
	done
	cat "$work/said" >&2
	return 1
}

update() { patiently apt_get update; }

installed() { dpkg-query -W -f '${db:Status-Abbrev} ${Version}\n' "$1" 2>/dev/null | sed -n 's/^[ih]i *//p'; }

# newest VERSION of PACKAGE whose upstream part is $2
available() {
	apt-cache madison "$1" | awk -v want="$2" '{ v = $3; u = v; sub(/^[0-9]+:/, "", u); if (u == want || index(u, want "-") == 1) { print v; exit } }'
}

# at_least VERSION FLOOR, as dpkg compares
at_least() { dpkg --compare-versions "${1#*:}" ge "$2"; }

# OpenPGP v4 fingerprint of the first key in a binary keyring: SHA-1 over 0x99, two bytes of length, and the body of its packet (RFC 4880, 12.2).
fingerprint() {
	set -- "$1" "$(od -An -tu1 -N6 "$1" | tr -s ' ')"
	# shellcheck disable=SC2086
	set -- "$1" $2
	case $2 in
	153) kw_head=3 kw_len=$(($3 * 256 + $4)) ;;
	152) kw_head=2 kw_len=$3 ;;
	198) if [ "$3" -lt 192 ]; then
		kw_head=2 kw_len=$3
	else
		kw_head=3 kw_len=$((($3 - 192) * 256 + $4 + 192))
	fi ;;
	*) return 1 ;;
	esac
	{
		# shellcheck disable=SC2059
		printf "\\231\\$(printf %o $((kw_len / 256)))\\$(printf %o $((kw_len % 256)))"
		tail -c +$((kw_head + 1)) "$1" | head -c "$kw_len"
	} | sha1sum | cut -c1-40 | tr a-f A-F
}

# repository NAME LINE KEYURL FINGERPRINT: key fetched, checked against the pinned fingerprint, placed; source written.
repository() {
	kw_key=$keyrings/kubewright-$1.gpg
	kw_list=/etc/apt/sources.list.d/kubewright-$1.list
	if [ ! -s "$kw_key" ] || [ "$(fingerprint "$kw_key")" != "$4" ]; then
		log "fetching the key $3"
		rm -f "$work/key"
		/usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file "$3" "$work/key" >&2 ||
			fail "cannot download the key of the $1 package repository from $3" \
				"can this host reach it? a proxy belongs into /etc/apt/apt.conf.d"
		if grep -q 'BEGIN PGP' "$work/key"; then
			# armor: the base64 between the blank line and the checksum
			sed -e '1,/^\r\{0,1\}$/d' -e '/^=/,$d' -e '/^-----END/,$d' "$work/key" | tr -d '\r' | base64 -d >"$work/key.bin" ||
				fail "the key at $3 is not an OpenPGP key"
		else
			cp "$work/key" "$work/key.bin"
		fi
		kw_seen=$(fingerprint "$work/key.bin") || fail "the key at $3 is not an OpenPGP key"
		[ "$kw_seen" = "$4" ] ||
			fail "the key at $3 has the fingerprint $kw_seen, not the pinned $4" \
				"either the repository was replaced or the inventory's fingerprint is wrong; nothing was installed"
		put_file "$kw_key" 644 "$(base64 -w0 "$work/key.bin")"
	fi
	put_file "$kw_list" 644 "$(printf '%s\n' "deb [signed-by=$kw_key] $2" | base64 -w0)"
}

# Sets kw_runtime to the name of the package that containerd comes from.
runtime_package() {
	for kw_runtime in containerd.io containerd; do
		kw_have=$(installed "$kw_runtime")
		[ -n "$kw_have" ] || continue
		at_least "$kw_have" "$runtime_floor" ||
			fail "$kw_runtime $kw_have is installed here; this Kubernetes needs at least containerd $runtime_floor" \
				"kubewright does not replace a container runtime it did not install: upgrade or remove it"
		return
	done
	kw_candidate=$(apt-cache policy containerd | sed -n 's/^ *Candidate: *//p')
	if [ -n "$kw_candidate" ] && [ "$kw_candidate" != "(none)" ] && at_least "$kw_candidate" "$runtime_floor"; then
		kw_runtime=containerd
	else
		kw_runtime=containerd.io
	fi
}

note_new() {
	# what the install is going to add is noted before it is added
	apt-get -s -q -o APT::Get::Show-User-Simulation-Note=no install --no-install-recommends --allow-change-held-packages --allow-downgrades "$@" >"$work/plan" 2>"$work/plan.err" || {
		cat "$work/plan.err" >&2
		fail "apt cannot install $*" "the log above is apt's own; broken or held packages? see 'apt-get -f install'"
	}
	sed -n 's/^Remv \([^ ]*\).*/\1/p' "$work/plan" >"$work/removed"
	[ ! -s "$work/removed" ] ||
		fail "installing would remove: $(tr '\n' ' ' <"$work/removed")" "kubewright removes nothing it did not install; resolve the conflict first"
	sed -n 's/^Inst \([^ ]*\).*/\1/p' "$work/plan" | while read -r kw_name; do
		ledger_note package "$kw_name" "$(installed "$kw_name" | grep . || echo absent)"
	done
}

main() {
	work=$(mktemp -d /run/kubewright/packages.XXXXXX) || fail "cannot make a folder in /run/kubewright"
	trap 'rm -rf "$work"' EXIT
	# apt's sandbox user must reach what it downloads
	chmod 755 /run/kubewright "$work"
	if [ -n "$(dpkg --audit)" ]; then
		log "dpkg was interrupted before; finishing its work"
		patiently dpkg --configure -a || fail "the package manager is broken and 'dpkg --configure -a' does not mend it" "mend it by hand, then run kubewright again"
	fi
	repository kubernetes "$kube_url /" "$kube_key_url" "$kube_fingerprint"
	kw_updated=yes
	update || kw_updated=no
	runtime_package
	if [ "$kw_runtime" = containerd.io ] && [ -z "$(installed containerd.io)" ]; then
		repository containerd "$runtime_url $codename stable" "$runtime_key_url" "$runtime_fingerprint"
		update || kw_updated=no
	fi
	kw_want=
	for kw_name in kubelet kubeadm kubectl; do
		kw_version=$(available "$kw_name" "$kube_version")
		if [ -z "$kw_version" ]; then
			[ "$kw_updated" = yes ] || fail "'apt-get update' fails on this host and $kw_name $kube_version is not known" \
				"the log above is apt's own: repository unreachable, wrong key, clock off?"
			fail "the package repository has no $kw_name $kube_version" "it has: $(apt-cache madison "$kw_name" | awk '{ print $3 }' | head -n 5 | tr '\n' ' ')"
		fi
		kw_want="$kw_want $kw_name=$kw_version"
	done
	kw_want="$kw_want $kw_runtime"
	# what is here already is not brought to another version
	for kw_name in $extra; do
		[ -n "$(installed "$kw_name")" ] || kw_want="$kw_want $kw_name"
	done
	if [ "$time_service" = yes ]; then
		kw_want="$kw_want systemd-timesyncd"
	fi
	# shellcheck disable=SC2086
	{
		note_new $kw_want
		log "installing$kw_want"
		apt_get install -y --no-install-recommends --allow-change-held-packages --allow-downgrades $kw_want ||
			fail "apt cannot install$kw_want" "the log above is apt's own; 'apt-get -f install' on the host may tell more"
	}
	for kw_name in kubelet kubeadm kubectl; do
		apt-mark showhold | grep -qx "$kw_name" || {
			ledger_note hold "$kw_name" no
			apt-mark hold "$kw_name" >&2
		}
	done
	ledger_unit kubelet.service
	systemctl enable --quiet kubelet || fail "cannot enable kubelet.service"
	say containerd_package "$kw_runtime"
	say containerd_version "$(installed "$kw_runtime")"
	say kubelet_version "$(installed kubelet)"
}
main </dev/null
