# The folder of the API server's audit logs, before its policy is there: for put.sh.
# Parameter: logs (the folder, or empty: none).
# shellcheck shell=sh disable=SC2154,SC2015
before() {
	[ -n "$logs" ] || return 0
	make_dir "$logs" 700
	chmod 700 "$logs" || fail "cannot change the mode of $logs" "is its file system read-only? see 'findmnt -T $logs'"
}
