# Starts a job and follows it, or follows the one of this name that still runs. The job continues when the connection is lost;
# systemd's unit name is the mutex. Parameters: job (name), input (digest of what it does), script (text), script_sum (its SHA-256),
# expect_run (id of the run whose job was seen running, or empty), follow (no: it is left to itself, and another call takes its result), beat (seconds
# between two signs of life in the lock).
# Answers: attached (yes|no); of one that was followed: status, ran_input, ran_run, stdout (the job's own answer), error, hint.
# The log of the job goes to stderr as it grows.
# shellcheck shell=sh disable=SC2154,SC2015
wrapper() {
	cat <<'END'
#!/bin/sh
# Runs one job of kubewright; see /var/lib/kubewright/jobs.
dir=$1 spool=$2 run=$3 job=$4
umask 077
note() {
	printf '%s %s %s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$run" "$job" "$1" >>/var/lib/kubewright/history
	sync /var/lib/kubewright/history
}
put() {
	printf '%s\n' "$2" >"$dir/$1.new" && sync "$dir/$1.new" && mv -f "$dir/$1.new" "$dir/$1"
}
ours() {
	holder=$(sed -n 's/^run=//p' /var/lib/kubewright/lock 2>/dev/null)
	[ "$holder" = "$run" ]
}
# when this shell is killed, ExecStopPost does it
trap 'rm -rf "$spool"' EXIT
if ! ours; then
	echo "the lock is held by another run: ${holder:-none}" >>"$dir/log"
	put status 75
	put state done
	exit 75
fi
put run "$run"
put input "$(cat "$spool/input")"
put started "$(date +%s)"
rm -f "$dir/status" "$dir/finished"
put state running
note start
/bin/sh -s <"$spool/script" >"$dir/stdout" 2>>"$dir/log"
status=$?
rm -rf "$spool"
# the lock of a run whose job runs is not taken over: its time begins now
! ours || touch -c /var/lib/kubewright/lock
put status "$status"
put finished "$(date +%s)"
put state done
note "end $status"
exit 0
END
}

follow() {
	kw_pid=$(systemctl show -p MainPID --value "$kw_unit")
	if [ "${kw_pid:-0}" -gt 0 ]; then
		# a job may be one of an earlier run, and may take longer than a lock lasts
		while sleep "$beat" && kill -0 "$kw_pid"; do
			fence_held 9<"$kw_state"
		done >/dev/null 2>&1 3>&- &
		kw_beats=$!
		tail -s 0.1 -n +1 -f "--pid=$kw_pid" "$kw_dir/log" >&2
		kill "$kw_beats" 2>/dev/null || true
	else
		cat "$kw_dir/log" >&2
	fi
	# the unit is gone a moment after its process
	wait_for 30 not_active || fail "the job $job does not stop" "see 'systemctl status $kw_unit' on the host"
}

# shellcheck disable=SC2317
not_active() { ! systemctl is-active --quiet "$kw_unit"; }

# What jobs that were killed have left: spools and work folders, and secrets in them.
sweep() {
	for kw_left in /run/kubewright/*.*/; do
		kw_name=${kw_left%/}
		kw_name=${kw_name##*/}
		case $(systemctl is-active "kubewright-${kw_name%%.*}.service" 2>/dev/null) in
		inactive | failed | unknown) rm -rf "$kw_left" ;;
		esac
	done
}

start() {
	fence
	sweep
	kw_spool=/run/kubewright/$job.$run
	rm -rf "$kw_spool"
	(
		umask 077
		mkdir -p "$kw_dir" "$kw_spool" &&
			printf '%s' "$script" >"$kw_spool/script" &&
			printf '%s\n' "$input" >"$kw_spool/input" &&
			wrapper >"$kw_spool/wrapper" &&
			rm -f "$kw_dir/stdout" "$kw_dir/status" "$kw_dir/finished" && : >"$kw_dir/log" &&
			sync "$kw_dir"
	) || fail "cannot spool the job $job" "is the disk full or read-only? see 'df /run /var/lib'"
	kw_sum=$(sha256sum <"$kw_spool/script")
	[ "${kw_sum%% *}" = "$script_sum" ] || fail "the job $job did not arrive whole" "run kubewright again"
	systemctl reset-failed "$kw_unit" 2>/dev/null || true
	systemd-run --quiet --unit="$kw_unit" --description="kubewright: $job" --property=TimeoutStopSec=20 \
		--property=KillMode=mixed "--property=ExecStopPost=/bin/sh -c 'rm -rf /run/kubewright/$job.*'" /bin/sh "$kw_spool/wrapper" "$kw_dir" "$kw_spool" "$run" "$job" 2>"$kw_dir/start.err" || {
		cat "$kw_dir/start.err" >&2
		fail "systemd cannot start the job $job" "see 'systemctl status $kw_unit' on the host"
	}
}

main() {
	kw_dirs
	kw_dir=$kw_state/jobs/$job
	kw_unit=kubewright-$job.service
	case $(systemctl is-active "$kw_unit" 2>/dev/null) in
	active | activating | deactivating)
		log "following the job $job that is still running"
		say attached yes
		;;
	*)
		if [ -n "$expect_run" ] && [ "$(cat "$kw_dir/run" 2>/dev/null)" = "$expect_run" ]; then
			# it ran when this host was looked at, and has ended since: its result is what was waited for
			say attached yes
		else
			start
			say attached no
		fi
		;;
	esac
	[ "$follow" = yes ] || return 0
	follow
	if [ ! -f "$kw_dir/status" ]; then
		fail "the job $job ended without a result" "did the host restart or run out of memory? run kubewright again"
	fi
	say status "$(cat "$kw_dir/status")"
	say ran_input "$(cat "$kw_dir/input" 2>/dev/null)"
	say ran_run "$(cat "$kw_dir/run" 2>/dev/null)"
	[ ! -f "$kw_dir/stdout" ] || say64 stdout <"$kw_dir/stdout"
}
main </dev/null
