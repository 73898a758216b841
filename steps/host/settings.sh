# Gives the kubelet the configuration that its ConfigMap holds, and takes it back when the kubelet does not work with it.
# Parameters: phase (begin: writes and restarts, the earlier file is kept | accept: its Node works with it | back: it does not); digest (of what the
#   inventory says), patches (kubeadm's folder of those, or empty).
# Answers: record.settings, as the probe; error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
kw_config=/var/lib/kubelet/config.yaml
kw_before=$kw_state/settings.$digest

listens() { [ -n "$(ss -Hltn 'sport = :10250' 2>/dev/null)" ] && systemctl is-active --quiet kubelet; }
kubelet_pid() { systemctl show -p MainPID --value kubelet; }

# Much of what is wrong shows only after it listens: it has to stay for ten seconds.
restart() {
	systemctl restart kubelet >&2 && wait_for 90 listens || return 1
	kw_pid=$(kubelet_pid)
	! wait_for 10 gone
}
gone() { ! listens || [ "$(kubelet_pid)" != "$kw_pid" ]; }

# The reason that it gave before it ended, without the time and place that its lines begin with.
last_words() {
	journalctl -u kubelet -n 1000 --no-pager -o cat | grep -E '^[EF][0-9]{4}|err=' | tail -n 1 | sed 's/^[EWIF][0-9]* [^]]*\] *//' | cut -c1-250
}

back() {
	mv -f "$kw_before" "$kw_config" && restart || fail "$1, nor with those of before" "see 'journalctl -u kubelet' on the host"
	fail "$1; those of before are back" "$2"
}

begin() {
	# of a run that was interrupted here the copy is that of before; what another change has left says nothing
	if [ ! -e "$kw_before" ]; then
		rm -f "$kw_state"/settings.*
		cp -p "$kw_config" "$kw_state/.settings" && sync "$kw_state/.settings" && mv -f "$kw_state/.settings" "$kw_before" ||
			fail "cannot keep a copy of $kw_config" "is the disk full? see 'df /var/lib'"
	fi
	unset http_proxy https_proxy no_proxy all_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY
	kubeadm upgrade node phase kubelet-config ${patches:+--patches "$patches"} >&2 ||
		back 'kubeadm cannot write the configuration of the kubelet' "the log above is kubeadm's own"
	restart && return 0
	kw_said=$(last_words)
	journalctl -u kubelet -n 15 --no-pager -o cat >&2
	back 'the kubelet does not start with the changed settings' "correct kubelet.config in the inventory${kw_said:+; the kubelet says: $kw_said}"
}

main() {
	fence
	kw_dirs
	case $phase in
	begin) begin && say record.settings '' ;;
	back) back 'the Node does not get Ready with the changed settings of its kubelet' "correct kubelet.config in the inventory; see 'journalctl -u kubelet' on the host" ;;
	*)
		keep_copies
		record settings "$digest"
		rm -f "$kw_before"
		say record.settings "$digest"
		;;
	esac
}
main </dev/null
