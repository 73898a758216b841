# Where the virtual IP is, once keepalived has taken up its files: for put.sh.
# Parameters: vip, want_vip (yes: wait until this host holds it).
# Answers: vip_held.
# shellcheck shell=sh disable=SC2154,SC2015
held() { ip -o -4 addr show | grep -qF " ${vip:-none}/"; }

after() {
	if [ "$want_vip" = yes ] && [ -n "$vip" ]; then
		wait_for 30 held || {
			journalctl -u keepalived -n 15 --no-pager -o cat >&2
			fail "keepalived did not take the virtual IP $vip within 30 s" \
				"is VRRP (IP protocol 112) blocked, or another VRRP router with this id on the segment?"
		}
	fi
	if held; then say vip_held yes; else say vip_held no; fi
}
