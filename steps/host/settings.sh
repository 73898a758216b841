# Gives the kubelet the configuration that its ConfigMap holds; one that it does not start with is taken back.
# Parameters: digest (of what the inventory says), patches (kubeadm's folder of those, or empty).
# Answers: record.settings, as the probe; error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
kw_config=/var/lib/kubelet/config.yaml
kw_before=$kw_state/settings.before

listens() { [ -n "$(ss -Hltn 'sport = :10250' 2>/dev/null)" ] && systemctl is-active --quiet kubelet; }

restart() {
	systemctl restart kubelet >&2 && wait_for 90 listens
}

# The reason that it gave before it ended, without the time and place that its lines begin with.
last_words() {
	journalctl -u kubelet -n 60 --no-pager -o cat | grep -E '^E[0-9]{4}|err=' | tail -n 1 | sed 's/^[EWIF][0-9]* [^]]*\] *//' | cut -c1-250
}

main() {
	fence
	kw_dirs
	# of a run that was interrupted here the copy is that of before
	[ -e "$kw_before" ] || { cp -p "$kw_config" "$kw_before.new" && sync "$kw_before.new" && mv -f "$kw_before.new" "$kw_before"; } ||
		fail "cannot keep a copy of $kw_config" "is the disk full? see 'df /var/lib'"
	unset http_proxy https_proxy no_proxy all_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY
	if kubeadm upgrade node phase kubelet-config ${patches:+--patches "$patches"} >&2; then
		kw_wrong='the kubelet does not start with the changed settings'
		if restart; then kw_wrong=; else kw_hint="correct kubelet.config in the inventory; the kubelet says: $(last_words)"; fi
	else
		kw_wrong='kubeadm cannot write the configuration of the kubelet' kw_hint="the log above is kubeadm's own"
	fi
	if [ -n "$kw_wrong" ]; then
		journalctl -u kubelet -n 15 --no-pager -o cat >&2
		mv -f "$kw_before" "$kw_config" && restart || fail "$kw_wrong, nor with those of before" "see 'journalctl -u kubelet' on the host"
		fail "$kw_wrong; those of before are back" "$kw_hint"
	fi
	rm -f "$kw_before"
	keep_copies
	record settings "$digest"
	say record.settings "$digest"
}
main </dev/null
