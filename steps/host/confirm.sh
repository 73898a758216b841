# Comes by a session of its own after a change to the network: that it comes is the proof that the operator still gets in. Sent after lib.sh and deadman.sh.
# Parameters: job, the one that made the change; machine_id, of the host that is meant.
# Answers: deadman (confirmed | restored: too late | none: nothing waits here | other: another machine), at (when it was restored), error, hint.
# shellcheck shell=sh disable=SC2154,SC2015

# shellcheck disable=SC2317
change_over() { ! systemctl is-active --quiet "kubewright-$job.service"; }

main() {
	if [ "$(cat /etc/machine-id 2>/dev/null)" != "$machine_id" ]; then
		say deadman other
		return
	fi
	if [ ! -f "$kw_deadman/armed" ] && [ ! -f "$kw_deadman/restored" ] && [ ! -f "$kw_deadman/confirmed" ]; then
		say deadman none
		return
	fi
	wait_for 30 change_over || fail "the job $job does not stop" "see 'systemctl status kubewright-$job' on the host"
	exec 9>"$kw_deadman/lock" && flock 9
	if [ -f "$kw_deadman/restored" ]; then
		say deadman restored
		say at "$(cat "$kw_deadman/restored")"
	else
		: >"$kw_deadman/confirmed"
		rm -rf "$kw_deadman/armed" "$kw_deadman/saved"
		systemctl stop "$kw_deadman_unit.timer" 2>/dev/null || true
		say deadman confirmed
	fi
}
main </dev/null
