# Says what was done on this host and the logs of it. Changes nothing.
# Parameters: lines (of each). Answers: history, job (name of the last job), log (of it), kubelet (end of its journal), error, hint.
# shellcheck shell=sh disable=SC2154
main() {
	tail -n "$lines" "$kw_state/history" 2>/dev/null | head -c 500000 | say64 history
	# names of jobs are kubewright's own: no blanks
	# shellcheck disable=SC2012
	kw_job=$(ls -t "$kw_state/jobs" 2>/dev/null | head -n 1)
	say job "$kw_job"
	[ -z "$kw_job" ] || tail -n "$lines" "$kw_state/jobs/$kw_job/log" 2>/dev/null | head -c 500000 | say64 log
	journalctl --no-pager -o short-iso -u kubelet -n "$lines" 2>/dev/null </dev/null | head -c 500000 | say64 kubelet
}
main </dev/null
