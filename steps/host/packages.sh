# Installs containerd, kubelet, kubeadm, kubectl and what goes with them, by apt, in exactly the wanted version, and holds them. Runs as a job,
# with sources.sh before it.
# Parameters: kube_version, kube_url, kube_key_url, kube_fingerprint, runtime_version (empty: any from runtime_floor on), runtime_floor, runtime_own (yes:
# the inventory names the repository, so nothing else will do), runtime_url, runtime_key_url, runtime_fingerprint,
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

# Sets kw_failed to the first thing that apt could not fetch: it ends well all the same when only some of the sources fail.
update() {
	patiently apt_get update || true
	[ -n "$kw_failed" ] || kw_failed=$(grep -E '^(E: |W: (Failed to fetch|GPG error|An error occurred|.* (is not signed|does not have a Release file)))' "$work/said" |
		head -n 1 | cut -c4-)
}

# fail_first WHAT [HINT]: fail, for what may follow from sources that could not be fetched: the first error is the one that is told.
fail_first() {
	[ -n "$kw_failed" ] || fail "$@"
	fail "'apt-get update' fails on this host: $kw_failed" "mend that first: repository unreachable, wrong key, clock off? after it: $1"
}

installed() { dpkg-query -W -f '${db:Status-Abbrev} ${Version}\n' "$1" 2>/dev/null | sed -n 's/^[ih]i *//p'; }

# newest VERSION of PACKAGE whose upstream part is $2
available() {
	apt-cache madison "$1" | awk -v want="$2" '{ v = $3; u = v; sub(/^[0-9]+:/, "", u); if (u == want || index(u, want "-") == 1) { print v; exit } }'
}

# at_least VERSION FLOOR, as dpkg compares
at_least() { dpkg --compare-versions "${1#*:}" ge "$2"; }

# Our own sources go when apt cannot read its sources because of them: others named another key for the same place since, or before.
sources_mended() {
	kw_says=$(apt_refuses)
	[ -n "$kw_says" ] || return 0
	mkdir "$work/ours"
	mv /etc/apt/sources.list.d/kubewright-*.list "$work/ours/" 2>/dev/null || true
	kw_still=$(apt_refuses)
	if [ -n "$kw_still" ]; then
		mv "$work/ours/"* /etc/apt/sources.list.d/ 2>/dev/null || true
		fail "apt cannot read its package sources: $kw_still" "correct the file in /etc/apt that it names; 'apt-get update' on the host says the same"
	fi
	log "took away kubewright's own package sources, with which apt could not read the others: $kw_says"
}

# put_key RING URL FINGERPRINT: fetches the key and places it, and no other that may come with it.
put_key() {
	log "fetching the key $2"
	rm -f "$work/key"
	/usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file "$2" "$work/key" >&2 ||
		fail_first "cannot download the key of the $kw_name package repository from $2" \
			"can this host reach it? a proxy belongs in /etc/apt/apt.conf.d"
	kw_seen=$(keys_of "$work/key") || fail "the key at $2 is not an OpenPGP public key" "is it a page of a proxy or of a login? nothing was installed"
	pinned_key "$work/key" "$3" >"$work/key.bin" ||
		fail "the key at $2 has the fingerprint $(printf '%s\n' "$kw_seen" | cut -d' ' -f1 | head -n 4 | paste -sd' '), not the pinned $3" \
			"either the repository was replaced or the inventory's fingerprint is wrong; nothing was installed"
	put_file "$1" 644 "$(base64 -w0 "$work/key.bin")"
}

# repository NAME URL SUITE COMPONENT KEYURL FINGERPRINT: a source that is there and is signed by the pinned key alone is used as it is; another one of
# the same place is refused, as apt reads no source at all when two name different keys. Else ours is written, and taken back when apt refuses it.
repository() {
	kw_name=$1
	kw_key=$keyrings/kubewright-$1.gpg
	kw_list=/etc/apt/sources.list.d/kubewright-$1.list
	kw_there=$(source_there "$2" "$3" "$4" "$6")
	case $kw_there in
	right*)
		log "the $1 packages come from the source in ${kw_there#right }"
		rm -f "$kw_list"
		return 0
		;;
	wrong*)
		kw_there=${kw_there#wrong }
		fail "a package source for $2 is there and cannot be used: ${kw_there%% *} ${kw_there#* }" \
			"take it out, and kubewright adds its own; or give it a signed-by with the key $6 alone"
		;;
	esac
	only_pinned "$6" "$kw_key" 2>/dev/null || put_key "$kw_key" "$5" "$6"
	cp -p "$kw_list" "$work/list" 2>/dev/null || rm -f "$work/list"
	put_file "$kw_list" 644 "$(printf '%s\n' "deb [signed-by=$kw_key] $2 $3${4:+ $4}" | base64 -w0)"
	kw_says=$(apt_refuses)
	[ -n "$kw_says" ] || return 0
	mv -f "$work/list" "$kw_list" 2>/dev/null || rm -f "$kw_list"
	fail "apt refuses the package source for $2: $kw_says" "kubewright took its own line back; correct what is in /etc/apt for that place"
}

# version_is VERSION WANT: whether the upstream part of a package's version is WANT, or of WANT when that is a minor.
version_is() {
	case ${1#*:} in "$2" | "$2"[-.+]* | "$2~ds"*) return 0 ;; esac
	return 1
}

# The newest version of the package $1 that the inventory wants.
runtime_available() {
	apt-cache madison "$1" | awk '{ print $3 }' | while read -r kw_v; do
		! version_is "$kw_v" "$runtime_version" || { echo "$kw_v"; break; }
	done
}

# Whether the installed one is to stay.
runtime_suits() { [ -n "$kw_have" ] && { [ -z "$runtime_version" ] || version_is "$kw_have" "$runtime_version"; }; }

# Sets kw_runtime to the name of the package that containerd comes from, and kw_have to the version that is installed.
runtime_package() {
	for kw_runtime in containerd.io containerd; do
		kw_have=$(installed "$kw_runtime")
		[ -z "$kw_have" ] || break
	done
	if [ -z "$kw_have" ]; then
		kw_runtime=containerd.io
		[ "$runtime_own" = yes ] || ! system_has_runtime || kw_runtime=containerd
	elif runtime_suits; then
		at_least "$kw_have" "$runtime_floor" ||
			fail "$kw_runtime $kw_have is installed here; this Kubernetes needs at least containerd $runtime_floor" \
				"kubewright does not replace a container runtime it did not install: upgrade or remove it"
	elif ! entries package | grep -q "^$kw_runtime|absent$"; then
		fail "$kw_runtime $kw_have is installed here, and containerd.version of the inventory is $runtime_version" \
			"kubewright does not replace a container runtime it did not install: bring it to that version or remove it, or set containerd.version to what is there"
	fi
}

# Whether the sources that are there have the package containerd as it is wanted.
system_has_runtime() {
	if [ -n "$runtime_version" ]; then
		[ -n "$(runtime_available containerd)" ]
		return
	fi
	kw_candidate=$(apt-cache policy containerd | sed -n 's/^ *Candidate: *//p')
	[ -n "$kw_candidate" ] && [ "$kw_candidate" != "(none)" ] && at_least "$kw_candidate" "$runtime_floor"
}

# Sets kw_install to what apt is to install of kw_runtime.
runtime_wanted() {
	kw_install=$kw_runtime
	[ -n "$runtime_version" ] || return 0
	kw_version=$kw_have
	runtime_suits || kw_version=$(runtime_available "$kw_runtime")
	[ -n "$kw_version" ] ||
		fail_first "the package repositories have no $kw_runtime $runtime_version" "they have: $(apt-cache madison "$kw_runtime" | awk '{ print $3 }' | head -n 5 | tr '\n' ' ')"
	kw_install=$kw_runtime=$kw_version
}

note_new() {
	# what the install is going to add is noted before it is added
	apt-get -s -q -o APT::Get::Show-User-Simulation-Note=no install --no-install-recommends --allow-change-held-packages --allow-downgrades "$@" >"$work/plan" 2>"$work/plan.err" || {
		cat "$work/plan.err" >&2
		fail_first "apt cannot install $*" "the log above is apt's own; broken or held packages? see 'apt-get -f install'"
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
	kw_failed=
	sources_mended
	repository kubernetes "$kube_url" / '' "$kube_key_url" "$kube_fingerprint"
	update
	runtime_package
	if [ "$kw_runtime" = containerd.io ] && ! runtime_suits; then
		repository containerd "$runtime_url" "$codename" stable "$runtime_key_url" "$runtime_fingerprint"
		update
	fi
	runtime_wanted
	kw_want=
	for kw_name in kubelet kubeadm kubectl; do
		kw_version=$(available "$kw_name" "$kube_version")
		if [ -z "$kw_version" ]; then
			fail_first "the package repository has no $kw_name $kube_version" "it has: $(apt-cache madison "$kw_name" | awk '{ print $3 }' | head -n 5 | tr '\n' ' ')"
		fi
		kw_want="$kw_want $kw_name=$kw_version"
	done
	kw_want="$kw_want $kw_install"
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
			fail_first "apt cannot install$kw_want" "the log above is apt's own; 'apt-get -f install' on the host may tell more"
	}
	for kw_name in kubelet kubeadm kubectl ${runtime_version:+$kw_runtime}; do
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
