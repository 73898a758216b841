# Restarts the kubelet after its package has changed.
# Parameters: none.
# Answers: restarted, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
main() {
	fence
	systemctl daemon-reload && systemctl restart kubelet || fail "the kubelet does not start" "see 'journalctl -u kubelet' on the host"
	wait_for 60 systemctl is-active --quiet kubelet || fail "the kubelet does not stay up" "see 'journalctl -u kubelet' on the host"
	# what kubeadm has rewritten is what repair puts back from now on
	keep_copies
	say restarted yes
}
main </dev/null
