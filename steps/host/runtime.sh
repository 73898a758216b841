# Configures containerd and makes it run. Restarted only when it does not run with this configuration.
# Parameters: files… (lib.sh).
# Answers: containerd_version, restarted, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
ready() { timeout 5 ctr version >/dev/null 2>&1; }

main() {
	fence
	make_dir /etc/containerd/conf.d 755
	make_dir /etc/containerd/certs.d 755
	ledger_unit containerd.service
	put_files_of containerd
	if [ -n "$kw_changed" ]; then
		kw_says=$(timeout 20 containerd --config /etc/containerd/config.toml config dump 2>&1 >/dev/null </dev/null) || {
			put_back containerd
			log "$kw_says"
			fail "containerd refuses the configuration: $(printf '%s\n' "$kw_says" | grep . | tail -n 1 | cut -c1-300)" \
				"what was there is back and containerd was not touched; correct containerd.config of the inventory"
		}
	fi
	if [ "$kw_restart" = yes ]; then
		systemctl enable --quiet containerd || true
		log "restarting containerd"
		systemctl restart containerd || {
			journalctl -u containerd -n 15 --no-pager -o cat >&2
			[ -z "$kw_changed" ] || { put_back containerd; systemctl restart containerd || true; }
			fail "containerd does not start" "see 'journalctl -u containerd' on the host"
		}
		say restarted yes
	fi
	wait_for 60 ready || {
		journalctl -u containerd -n 15 --no-pager -o cat >&2
		fail "containerd does not answer within 60 s" "see 'journalctl -u containerd' on the host"
	}
	taken_up containerd
	say containerd_version "$(containerd --version | awk '{ print $3 }')"
}
main </dev/null
