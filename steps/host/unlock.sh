# Gives back the lock, if it is still this run's.
# Answers: unlocked.
# shellcheck shell=sh disable=SC2154,SC2015
main() {
	kw_holder=$(sed -n 's/^run=//p' "$kw_state/lock" 2>/dev/null) || kw_holder=
	if [ "$kw_holder" = "$run" ]; then
		rm -f "$kw_state/lock"
	fi
	say unlocked yes
}
main </dev/null
