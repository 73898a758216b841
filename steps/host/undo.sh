# How one thing that was changed becomes what the ledger says it was: sent before put.sh, clean.sh and reset.sh, after lib.sh.
# shellcheck shell=sh disable=SC2154,SC2015

# file_back PATH WAS
file_back() {
	if [ "$2" != saved ]; then
		rm -f "$1"
		return
	fi
	# a package that was purged took its folder along; its file goes with it
	[ -d "$(dirname "$1")" ] || return 0
	kw_tmp=$(dirname "$1")/.kubewright.$$
	# a bind mount cannot be renamed over
	cp -a "$kw_ledger/files/$(flat "$1")" "$kw_tmp" && { mv -fT "$kw_tmp" "$1" 2>/dev/null || { cat "$kw_tmp" >"$1" && rm -f "$kw_tmp"; }; } || {
		rm -f "$kw_tmp"
		fail "cannot put $1 back" "is the disk full or read-only?"
	}
}

# unit_back UNIT WAS
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
	*" active") systemctl start "$1" || log "warning: cannot start $1 again" ;;
	*" inactive") systemctl stop "$1" 2>/dev/null ;;
	esac
}

sysctl_back() {
	[ "$(sysctl -n "$1" 2>/dev/null)" = "$2" ] || sysctl -q -w "$1=$2" || log "warning: cannot set $1 back to $2"
}

module_back() {
	modprobe -q -r "$1" 2>/dev/null || log "the kernel module $1 is in use and stays until the next boot"
}
