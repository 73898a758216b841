# Installs containerd, kubelet, kubeadm, kubectl and what goes with them, by apt, in the wished versions, and holds what is to be held. Runs as a job,
# after sources.sh, undo.sh, packages-undo.sh and wish.sh.
# Parameters: part; wish (wish.sh): lines "package NAME VERSION FLOOR", VERSION "any" for any from FLOOR on; "hold NAME held"; "repository NAME URL SUITE
# COMPONENT KEY-URL FINGERPRINT", "-" for no component; list_NAME, the text of its file in base64. Of containerd the package may be another than the one that is named: see runtime_package.
# Answers: those of sources.sh and questions.sh about what is wished, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
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

# Sets kw_failed to the first thing that apt could not fetch: it ends well all the same when only some of the sources fail. And kw_offers to what there is.
update() {
	patiently apt_get update || true
	[ -n "$kw_failed" ] || kw_failed=$(grep -E '^(E: |W: (Failed to fetch|GPG error|An error occurred|.* (is not signed|does not have a Release file)))' "$work/said" |
		head -n 1 | cut -c4-)
	# shellcheck disable=SC2046
	kw_offers=$(apt-cache madison $(keys package) containerd containerd.io 2>/dev/null)
}

# The versions of a package that the sources have, the newest first.
versions() { printf '%s\n' "$kw_offers" | awk -v p="$1" '$1 == p { print $3 }'; }

# fail_first WHAT [HINT]: fail, for what may follow from sources that could not be fetched: the first error is the one that is reported.
fail_first() {
	[ -n "$kw_failed" ] || fail "$@"
	fail "'apt-get update' fails on this host: $kw_failed" "fix that first: repository unreachable, wrong key, clock off? then: $1"
}

installed() { dpkg-query -W -f '${db:Status-Abbrev} ${Version}\n' "$1" 2>/dev/null | sed -n 's/^[ih]i *//p'; }

# version_is VERSION WANT: whether the upstream part of a package's version is WANT, or of WANT when that is its first parts; WANT may be "any".
version_is() {
	case ${1#*:} in "$2" | "$2"[-.+]* | "$2~ds"*) return 0 ;; *) [ "$2" = any ] ;; esac
}

# The newest version of the package $1 that is of $2.
available() {
	versions "$1" | while read -r kw_v; do
		! version_is "$kw_v" "$2" || { echo "$kw_v"; break; }
	done
}

# have_not PACKAGE: fails, for no repository has it in the version $2.
have_not() {
	fail_first "the package repositories have no $1 $2" "they have: $(versions "$1" | head -n 5 | tr '\n' ' ')"
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
	log "removed kubewright's own package sources, with which apt could not read the others: $kw_says"
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

# repository NAME "URL SUITE COMPONENT KEY-URL FINGERPRINT": a source that is there and is signed by the pinned key alone is used unchanged; another one of
# the same place is refused, as apt reads no source at all when two name different keys. Else ours is written, and taken back when apt refuses it.
repository() {
	kw_name=$1
	kw_key=$keyrings/kubewright-$1.gpg
	kw_list=/etc/apt/sources.list.d/kubewright-$1.list
	kw_put="$kw_put $kw_key $kw_list"
	# shellcheck disable=SC2086
	set -- "$1" $2
	[ "$4" != - ] || set -- "$1" "$2" "$3" '' "$5" "$6"
	kw_there=$(source_there "$2" "$3" "$4" "$6")
	say "source.$1" "$kw_there"
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
	eval "put_file \"\$kw_list\" 644 \"\$list_$1\""
	kw_says=$(apt_refuses)
	[ -n "$kw_says" ] || return 0
	mv -f "$work/list" "$kw_list" 2>/dev/null || rm -f "$kw_list"
	fail "apt refuses the package source for $2: $kw_says" "kubewright took its own line back; correct what is in /etc/apt for that place"
}

# Whether the installed one is to stay.
runtime_suits() { [ -n "$kw_have" ] && version_is "$kw_have" "$runtime_version"; }

# Sets kw_runtime to the name of the package that containerd comes from, and kw_have to the version that is installed.
runtime_package() {
	for kw_runtime in containerd.io containerd; do
		kw_have=$(installed "$kw_runtime")
		[ -z "$kw_have" ] || break
	done
	if [ -z "$kw_have" ]; then
		kw_runtime=containerd.io
		[ -n "$(wish_of repository containerd)" ] || ! system_has_runtime || kw_runtime=containerd
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
	if [ "$runtime_version" != any ]; then
		[ -n "$(available containerd "$runtime_version")" ]
		return
	fi
	kw_candidate=$(apt-cache policy containerd | sed -n 's/^ *Candidate: *//p')
	[ -n "$kw_candidate" ] && [ "$kw_candidate" != "(none)" ] && at_least "$kw_candidate" "$runtime_floor"
}

# Sets kw_install to what apt is to install of kw_runtime.
runtime_wanted() {
	kw_install=$kw_runtime
	# one that is here and will do stays unchanged
	! { [ "$runtime_version" = any ] && [ -n "$kw_have" ]; } || kw_install=
	[ "$runtime_version" != any ] || return 0
	kw_version=$kw_have
	runtime_suits || kw_version=$(available "$kw_runtime" "$runtime_version")
	[ -n "$kw_version" ] || have_not "$kw_runtime" "$runtime_version"
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
	# an upgrade says in brackets from which version
	kw_lines=$(sed -n -e 's/^Inst \([^ ]*\) \[\([^]]*\)\].*/package|\1|\2/p' -e t -e 's/^Inst \([^ ]*\).*/package|\1|absent/p' "$work/plan")
	[ -n "$kw_lines" ] || return 0
	kw_dirs
	ledger_add list "$kw_lines"
	ledger_add marks "$(printf '%s\n' "$kw_lines" | sed "s#[^|]*\$#$kw_mark|#")"
}

# ---- what is wished ----

is_runtime() { case $1 in containerd | containerd.io) return 0 ;; *) return 1 ;; esac; }

# missing NAME "VERSION FLOOR": adds to kw_missing what is not here as it is wished.
missing() {
	if is_runtime "$1"; then
		runtime_version=${2% *} runtime_floor=${2#* }
		kw_have=$(installed containerd.io)
		[ -n "$kw_have" ] || kw_have=$(installed containerd)
	else
		kw_have=$(installed "$1")
	fi
	[ -n "$kw_have" ] && version_is "$kw_have" "${2% *}" || kw_missing="$kw_missing $1"
}

# wanted NAME "VERSION FLOOR": adds to kw_want what apt is given. Of which any will do, what is here is not brought to another version.
wanted() {
	! is_runtime "$1" || return 0
	if [ "${2% *}" != any ]; then
		kw_version=$(available "$1" "${2% *}")
		[ -n "$kw_version" ] || have_not "$1" "${2% *}"
		kw_want="$kw_want $1=$kw_version"
	elif [ -z "$(installed "$1")" ]; then
		kw_want="$kw_want $1"
	fi
}

install() {
	# shellcheck disable=SC2086
	{
		note_new $kw_want
		log "installing$kw_want"
		apt_get install -y --no-install-recommends --allow-change-held-packages --allow-downgrades $kw_want ||
			fail_first "apt cannot install$kw_want" "the log above is apt's own; 'apt-get -f install' on the host may show more"
	}
}

# hold NAME: adds to kw_hold what apt is to hold. What somebody held himself stays so.
hold() {
	kw_name=$1
	! is_runtime "$1" || kw_name=$kw_runtime
	case "$kw_held" in
	*" $kw_name "*) ! ledger_has hold "$kw_name" || ledger_note hold "$kw_name" no ;;
	*) ledger_note hold "$kw_name" no && kw_hold="$kw_hold $kw_name" ;;
	esac
}

# shellcheck disable=SC2034 # kw_mark is lib.sh's
main() {
	work=$(mktemp -d /run/kubewright/packages.XXXXXX) || fail "cannot make a folder in /run/kubewright"
	trap 'rm -rf "$work"' EXIT
	# apt's sandbox user must reach what it downloads
	chmod 755 /run/kubewright "$work"
	if [ -n "$(dpkg --audit)" ]; then
		log "dpkg was interrupted before; finishing its work"
		patiently dpkg --configure -a || fail "the package manager is broken and 'dpkg --configure -a' does not fix it" "fix it by hand, then run kubewright again"
	fi
	kw_mark=$part
	kw_failed='' kw_changed='' kw_put='' kw_missing=
	wished gone gone
	wished gone forgotten
	kw_changed=
	sources_mended
	wished repository repository
	wished package missing
	[ -z "$kw_changed$kw_missing" ] || update
	runtime_package
	kw_more=$(wish_of maybe containerd)
	if [ "$kw_runtime" = containerd.io ] && ! runtime_suits && [ -n "$kw_more" ]; then
		repository containerd "$kw_more"
		update
	fi
	if [ -n "$kw_missing" ]; then
		kw_want=
		wished package wanted
		runtime_wanted
		kw_want="$kw_want $kw_install"
		install
	fi
	kw_hold='' kw_held=" $(apt-mark showhold | tr '\n' ' ')"
	wished hold hold
	# shellcheck disable=SC2086
	[ -z "$kw_hold" ] || apt-mark hold $kw_hold >&2
	kw_mark=
	ledger_unit kubelet.service
	systemctl enable --quiet kubelet || fail "cannot enable kubelet.service"
	# shellcheck disable=SC2046
	packages_told $(keys package) containerd containerd.io
	# shellcheck disable=SC2086
	files_told $kw_put
	owned_told
	# it could install
	say apt_refuses ''
}
main </dev/null
