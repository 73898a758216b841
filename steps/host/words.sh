# What of a log an operator can use: sent before health.sh and explain.sh.
# shellcheck shell=sh

# Go ends with the stacks of all goroutines, which are longer than all that is sent: what was said before them counts. Lines of the container runtime's too.
without_stacks() {
	kw_tab=$(printf '\t')
	grep -vE "^([^ ]+ std(err|out) [FP] )?($kw_tab|goroutine [0-9]|created by |[^ ]+\\(.*\\)\$|\$)"
}
