# Restarts the host, unless it has been since: the boot id that the caller has seen stands for that.
# Parameters: boot.
# Answers: boot_id; going, yes while what ran before still runs; error, hint.
# shellcheck shell=sh disable=SC2154
main() {
	fence
	first /proc/sys/kernel/random/boot_id
	say boot_id "$kw_line"
	[ "$kw_line" = "$boot" ] || return 0
	say going yes
	# it stops already, which takes its time, and who asks meanwhile is answered
	[ "$(systemctl is-system-running 2>/dev/null)" != stopping ] || return 0
	# until the next boot: /run goes with this one
	vip_aside 1
	sync
	systemctl --no-block reboot >&2 && return 0
	vip_back
	fail "systemd refuses to reboot $node" "see 'systemctl list-jobs' and 'systemd-inhibit --list' on the host"
}
main </dev/null
