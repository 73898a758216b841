# How one thing that was changed becomes what the ledger says it was: sent before put.sh, clean.sh and reset.sh, after lib.sh.
# shellcheck shell=sh disable=SC2154,SC2015

# A unit of ours ends before its file goes, and systemd forgets it.
unit_leaves() {
	kw_own=${1#/etc/systemd/system/}
	case $kw_own in */*) return 0 ;; *.timer | *.service) ;; *) return 0 ;; esac
	[ -e "$1" ] || return 0
	systemctl disable --now --quiet "$kw_own" 2>/dev/null || systemctl stop "$kw_own" || log "warning: cannot stop $kw_own"
	systemctl reset-failed "$kw_own" 2>/dev/null || true
	rm -f "/var/lib/systemd/timers/stamp-$kw_own"
	# where it notes what it has done
	case $kw_own in kubewright-*.service) rm -rf "/run/${kw_own%.service}" ;; esac
}

# file_back PATH WAS. 1: its folder is gone, as when the package was purged that brought it.
file_back() {
	kw_copy=$kw_ledger/files/$(flat "$1") kw_folder=$(dirname "$1")
	[ -d "$kw_folder" ] || return 1
	# what a script that was cut has left
	rm -f "$kw_folder"/.kubewright.*
	if [ "$2" = absent ]; then
		unit_leaves "$1"
		rm -f "$1" || fail "cannot remove $1" "is it immutable, or something else mounted there? see 'lsattr $1' and 'findmnt $1'"
		return
	fi
	[ -e "$kw_copy" ] || [ -L "$kw_copy" ] ||
		fail "the undo ledger has no copy of $1 and records '$2'" "correct the file by hand, then remove its line from $kw_ledger/list"
	kw_tmp=$kw_folder/.kubewright.$$
	# a bind mount cannot be renamed over
	cp -a "$kw_copy" "$kw_tmp" && { [ -L "$kw_tmp" ] || sync "$kw_tmp"; } &&
		{ mv -fT "$kw_tmp" "$1" 2>/dev/null || { cat "$kw_tmp" >"$1" && rm -f "$kw_tmp"; }; } || {
		rm -f "$kw_tmp"
		fail "cannot put $1 back" "is the disk full or read-only?"
	}
}

# unit_back UNIT WAS. 1: it did not start, or did not stop.
unit_back() {
	case $2 in
	masked*) return 0 ;;
	absent* | not-found*) ;;
	enabled*) systemctl unmask --quiet "$1"; systemctl enable --quiet "$1" ;;
	disabled*) systemctl disable --quiet "$1" ;;
	*) systemctl unmask --quiet "$1" ;;
	esac 2>/dev/null
	# it may be gone with its package
	systemctl cat "$1" >/dev/null 2>&1 || return 0
	case $2 in
	absent* | not-found*) ;;
	*" active") systemctl start "$1" || { log "warning: cannot start $1 again"; return 1; } ;;
	*" inactive") systemctl stop "$1" || { log "warning: cannot stop $1"; return 1; } ;;
	esac
}

sysctl_back() {
	[ "$(sysctl -n "$1" 2>/dev/null)" = "$2" ] || sysctl -q -w "$1=$2" || { log "warning: cannot set $1 back to $2"; return 1; }
}

module_back() {
	modprobe -q -r "$1" 2>/dev/null || log "the kernel module $1 is in use and stays until the next boot"
}
