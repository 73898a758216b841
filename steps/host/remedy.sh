# The safe remedy of one finding.
# Parameters: finding, its name (lib.sh).
# Answers: remedied, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015

# Not into the ledger: the old one is another machine's, and taking it back would break both again.
machine_id() {
	kw_old=$(cat /etc/machine-id 2>/dev/null) || kw_old=
	rm -f /var/lib/dbus/machine-id
	: >/etc/machine-id || fail "cannot write /etc/machine-id" "is the root file system read-only?"
	systemd-machine-id-setup >&2 || fail "systemd-machine-id-setup fails" "see what it says above"
	kw_new=$(cat /etc/machine-id)
	# a virtual machine's id comes from its hypervisor, which may have cloned that too
	if [ "$kw_new" = "$kw_old" ]; then
		: >/etc/machine-id
		tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
		kw_new=$(cat /etc/machine-id)
	fi
	[ ${#kw_new} -eq 32 ] || fail "/etc/machine-id is not right: '$kw_new'" "write one by hand: 'systemd-machine-id-setup'"
	chmod 444 /etc/machine-id
	sync /etc/machine-id
	ln -sf /etc/machine-id /var/lib/dbus/machine-id 2>/dev/null || true
	log "machine-id is $kw_new now"
}

hostname_set() {
	ledger_file /etc/hostname
	if ! hostnamectl set-hostname "$node" >&2; then
		printf '%s\n' "$node" >/etc/hostname && hostname "$node" || fail "cannot set the host name" "see 'hostnamectl' on the host"
	fi
	log "the host name is $node now"
}

main() {
	fence
	case $finding in
	duplicate-machine-id) machine_id ;;
	duplicate-hostname) hostname_set ;;
	*) fail "there is no safe remedy for $finding" ;;
	esac
	say remedied yes
}
main </dev/null
