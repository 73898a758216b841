# The lock of this host: sent before probe.sh, whose `first`, `has`, `contains` and `say` it uses, and after whose `units` lock_step runs. POSIX sh.
# It is a file of lines owner=, machine=, run=, step=, since=; its time is the last sign of life of its run (fence in lib.sh).
# Parameters and answers: see probe.sh.
# shellcheck shell=sh disable=SC2154,SC2015,SC2034

lock_read() {
	kw_l_owner='' kw_l_run='' kw_l_since='' kw_l_machine='' kw_l_step='' kw_l_age=''
	[ -r "$kw_state/lock" ] || return 1
	while IFS='=' read -r kw_key kw_value; do
		case $kw_key in
		owner | run | since | machine | step) eval "kw_l_$kw_key=\$kw_value" ;;
		esac
	done 2>/dev/null <"$kw_state/lock"
	kw_age=$(stat -c %Y "$kw_state/lock" 2>/dev/null) || return 0
	kw_l_age=$((${kw_now%???} - kw_age))
}

lock_tell() {
	say lock "$1"
	[ -n "$kw_l_run" ] || return 0
	for kw_key in owner run since machine step age; do
		eval "say lock_$kw_key \"\$kw_l_$kw_key\""
	done
}

# Whether the lock that lock_read saw may be taken over.
lock_dead() {
	if [ -n "$kw_l_run" ] && contains "$dead_runs" "$kw_l_run"; then
		return 0
	fi
	for kw_name in $kw_active_jobs; do
		first "$kw_state/jobs/$kw_name/run"
		[ "$kw_line" != "$kw_l_run" ] || return 1
	done
	[ -n "$kw_l_age" ] || return 0
	# a clock that was set back makes no lock immortal
	[ "$kw_l_age" -gt "$ttl" ] || [ "$kw_l_age" -lt "-$ttl" ]
}

# Under flock on the folder, if there is one: two runs that find the same dead lock must not both take it.
lock_take() {
	! has flock || flock -w 20 9 || return 1
	kw_new=$kw_state/.lock.$$
	(
		umask 077
		printf 'owner=%s\nmachine=%s\nrun=%s\nstep=probe\nsince=%s\n' "$owner" "$machine" "$run" "$kw_iso" >"$kw_new"
	) 2>/dev/null || return 1
	kw_result=ours
	if ! ln "$kw_new" "$kw_state/lock" 2>/dev/null; then
		lock_read || return 1
		if [ "$kw_l_run" = "$run" ]; then
			touch "$kw_state/lock" 2>/dev/null || return 1
		elif lock_dead; then
			kw_result=taken-over
			mv -f "$kw_new" "$kw_state/lock" 2>/dev/null || return 1
		else
			kw_result=held
		fi
	fi
}

# What jobs that were killed have left: spools and work folders, and secrets in them; a link. Only where it is known which jobs run.
lock_sweep() {
	for kw_dir in /run/kubewright/*.*/; do
		kw_name=${kw_dir%/}
		kw_name=${kw_name##*/}
		[ -z "$kw_systemd" ] || contains "$kw_active_jobs" "${kw_name%%.*}" || rm -rf "$kw_dir"
	done
	# what component.sh lends to kubeadm, also when the host lost its power: a renewal would take it for a kubeconfig of its own
	kw_lent=/etc/kubernetes/super-admin.conf
	[ ! -L "$kw_lent" ] || [ -z "$kw_systemd" ] || [ -n "$kw_active_jobs" ] || [ "$(readlink "$kw_lent")" != admin.conf ] || rm -f "$kw_lent"
}

# What a drill of another run has begun here and did not end: by who has the lock, and by who only looks when that run is known to be dead.
lock_drill() {
	[ -f /run/kubewright/drill/putback ] || return 0
	first /run/kubewright/drill/run
	[ "$kw_line" != "$run" ] || return 0
	[ "$1" = owner ] || contains "$dead_runs" "$kw_line" || return 0
	first /run/kubewright/drill/fault
	if sh /run/kubewright/drill/putback >/dev/null 2>&1 </dev/null; then say drill "ended $kw_line"; else say drill "left $kw_line"; fi
}

lock_step() {
	kw_l_run=
	if [ "$lock" != yes ]; then
		lock_read || true
		lock_tell none
		return
	fi
	kw_result=unwritable
	if [ -d "$kw_state" ] || mkdir -m 700 "$kw_state" 2>/dev/null; then
		{ lock_take || kw_result=unwritable; } 2>/dev/null 9<"$kw_state" || true
		rm -f "$kw_state/.lock.$$" 2>/dev/null
	fi
	if [ "$kw_result" = ours ]; then
		lock_read || kw_result=unwritable
		[ "$kw_l_run" = "$run" ] || kw_result=unwritable
	fi
	case $kw_result in
	ours | taken-over)
		lock_sweep
		lock_drill owner
		;;
	esac
	lock_tell "$kw_result"
}
