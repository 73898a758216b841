# keepalived holds the virtual IP among the control planes.
# Parameters: vip, want_vip (yes: wait until this host holds it), files… (lib.sh).
# Answers: vip_held, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
held() { ip -o -4 addr show | grep -qF " $vip/"; }

main() {
	fence
	ledger_unit keepalived.service
	put_files_of keepalived
	systemctl enable --quiet keepalived || true
	if [ "$kw_restart" = yes ]; then
		# reload keeps the address where it is
		systemctl reload-or-restart keepalived || {
			journalctl -u keepalived -n 15 --no-pager -o cat >&2
			[ -z "$kw_changed" ] || { put_back keepalived; systemctl reload-or-restart keepalived || true; }
			fail "keepalived does not start" "see 'journalctl -u keepalived' on the host"
		}
	fi
	taken_up keepalived
	if [ "$want_vip" = yes ]; then
		wait_for 30 held || {
			journalctl -u keepalived -n 15 --no-pager -o cat >&2
			fail "keepalived does not take the virtual IP $vip within 30 s" \
				"is VRRP (IP protocol 112) blocked, or another VRRP router with this id on the segment?"
		}
	fi
	if held; then say vip_held yes; else say vip_held no; fi
}
main </dev/null
