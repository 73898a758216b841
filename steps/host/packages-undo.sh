# What was installed and held by apt, taken back: sent after undo.sh, before packages.sh and reset.sh.
# shellcheck shell=sh disable=SC2154,SC2015
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 NEEDRESTART_MODE=l APT_LISTCHANGES_FRONTEND=none

hold_back() { apt-mark unhold "$1" >&2 || true; }

# strangers PACKAGE…: what apt would take along that kubewright has not installed.
strangers() {
	apt-get -s -q -o APT::Get::Show-User-Simulation-Note=no purge "$@" 2>/dev/null | sed -n 's/^\(Remv\|Purg\) \([^ ]*\).*/\2/p' | while read -r kw_name; do
		case " $kw_gone " in *" $kw_name "*) ;; *) printf '%s ' "$kw_name" ;; esac
	done
}

# Sets kw_gone: what kubewright installed and nobody has built upon since.
packages_gone() {
	kw_gone=$(entries package | sed -n 's/|absent$//p' | while read -r kw_name; do
		! dpkg-query -W "$kw_name" >/dev/null 2>&1 || printf '%s ' "$kw_name"
	done)
	# its stop takes the whole packet filter away
	if systemctl is-enabled --quiet nftables 2>/dev/null || systemctl is-active --quiet nftables; then
		case " $kw_gone" in *" nftables "*) log "nftables.service is in use: the package stays" ;; esac
		kw_gone=$(printf '%s' "$kw_gone" | sed 's/\(^\| \)nftables /\1/')
	fi
	# shellcheck disable=SC2086
	[ -n "$kw_gone" ] && [ -n "$(strangers $kw_gone)" ] || return 0
	kw_all=$kw_gone kw_stay=
	for kw_one in $kw_all; do
		kw_by=$(strangers "$kw_one")
		[ -z "$kw_by" ] || kw_stay="$kw_stay$kw_one "
		[ -z "$kw_by" ] || log "the package $kw_one stays: needed by $kw_by"
	done
	kw_gone=
	for kw_one in $kw_all; do
		case " $kw_stay" in *" $kw_one "*) ;; *) kw_gone="$kw_gone$kw_one " ;; esac
	done
}

# Sets kw_theirs: files that the purged packages had brought.
# shellcheck disable=SC2034 # reset.sh asks
undo_packages() {
	for kw_name in $(entries hold | cut -d'|' -f1); do
		hold_back "$kw_name"
	done
	kw_theirs=
	packages_gone
	[ -n "$kw_gone" ] || return 0
	# shellcheck disable=SC2086
	kw_theirs=$(dpkg-query -W -f '${Conffiles}\n' $kw_gone 2>/dev/null | awk '{ print $1 }')
	log "removing packages: $kw_gone"
	# shellcheck disable=SC2086
	apt-get -q -y -o DPkg::Lock::Timeout=900 -o APT::AutoRemove::RecommendsImportant=0 purge $kw_gone >&2 ||
		fail "apt cannot remove the packages that kubewright installed" "the log above is apt's own"
}

# The lists of repositories that are gone.
packages_forgotten() { apt-get -q update >&2 || true; }
