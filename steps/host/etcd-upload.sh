# Makes room for a snapshot that is sent in pieces, and says how much of it is there already.
# Parameters: file (its path), size (bytes that it will have).
# Answers: have (bytes), error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
main() {
	fence
	kw_dirs
	(umask 077 && mkdir -p "$kw_state/etcd" && : >>"$file") || fail "cannot write $file" "is the disk full or read-only? see 'df /var/lib'"
	kw_have=$(stat -c %s "$file")
	kw_free=$(df -Pk "$kw_state" | awk 'NR == 2 { print $4 }')
	[ "$kw_free" -gt $(((size - kw_have) / 1024 + 10240)) ] ||
		fail "the snapshot needs $((size / 1048576)) MiB in $kw_state, and only $((kw_free / 1024)) MiB are free" "make room on this host, then run it again"
	say have "$kw_have"
}
main </dev/null
