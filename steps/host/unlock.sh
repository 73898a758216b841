# Releases the lock, if it is still that of a run: this one's own, or of one that has died, and then only while no job of it runs here.
# Parameters: holder (id of the run whose lock goes).
# Answers: unlocked (yes, or no: it is not that run's any more), job (of that run, which still runs; nothing was done).
# shellcheck shell=sh disable=SC2154,SC2015

# The name of a job of run `holder` that runs, into kw_job.
running_job() {
	for kw_dir in "$kw_state"/jobs/*; do
		[ "$(cat "$kw_dir/run" 2>/dev/null)" = "$holder" ] || continue
		kw_job=${kw_dir##*/}
		case $(systemctl is-active "kubewright-$kw_job.service" 2>/dev/null) in
		active | *ing) return 0 ;;
		# cannot be asked: better too careful
		'') [ "$(cat "$kw_dir/state" 2>/dev/null)" != running ] || return 0 ;;
		esac
	done
	return 1
}

# Under flock on the folder, as all that write the lock.
unlock() {
	! command -v flock >/dev/null 2>&1 || flock -w 5 9 ||
		fail "cannot lock the folder $kw_state" "is another kubewright at work on this host? see 'kubewright status'"
	kw_holder=$(sed -n 's/^run=//p' "$kw_state/lock" 2>/dev/null) || kw_holder=
	if [ "$kw_holder" != "$holder" ]; then
		say unlocked no
	elif [ "$holder" != "$run" ] && running_job; then
		say job "$kw_job"
	else
		rm -f "$kw_state/lock" || fail "cannot remove $kw_state/lock" "is the file system read-only?"
		say unlocked yes
	fi
}

main() {
	if [ -d "$kw_state" ]; then
		unlock 9<"$kw_state"
	else
		say unlocked no
	fi
}
main </dev/null
