# A sign of life of this run in its lock. Sent after lib.sh; `step` is empty: the lock keeps naming the step that it names.
# Answers: holder (id of the run that has the lock, or none), holder_owner (who that is).
# shellcheck shell=sh disable=SC2154
main() {
	kw_holder=
	[ ! -d "$kw_state" ] || fence_held 9<"$kw_state" || true
	say holder "${kw_holder:-none}"
	[ "$kw_holder" = "$run" ] || say holder_owner "$(sed -n 's/^owner=//p' "$kw_state/lock" 2>/dev/null)"
}
main </dev/null
