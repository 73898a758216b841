# shellcheck shell=bash
# Processes of the lab carry a mark in their environment. It is found by reading /proc, so `down` needs no pid files
# and never touches a process it did not start.

MARK=KUBEWRIGHT_LAB_PROCESS

# Call in the subshell that becomes the process.
mark_service() { export "$MARK=$STATE:$1"; }

# Pids whose mark is NAME (or any name of this state folder, when NAME is empty).
marked_pids() {
	local file pid
	while read -r file; do
		pid=${file#/proc/}
		pid=${pid%/environ}
		[ "$pid" = "$BASHPID" ] || printf '%s\n' "$pid"
	done < <(grep -lszE "^$MARK=$STATE:${1:-.*}\$" /proc/[0-9]*/environ 2>/dev/null || true)
}

# Kills them; true when none is left.
kill_marked() {
	local pids
	mapfile -t pids < <(marked_pids "${1:-}")
	[ ${#pids[@]} -eq 0 ] || kill -KILL "${pids[@]}" 2>/dev/null || true
	[ -z "$(marked_pids "${1:-}")" ]
}

# service_start NAME COMMAND…: a background process of the lab, in its own session, log in the state folder.
service_start() {
	local name=$1
	shift
	[ -z "$(marked_pids "service-$name")" ] || return 0
	mkdir -p "$STATE/services"
	(
		exec 9>&-
		mark_service "service-$name"
		exec setsid "$@"
	) </dev/null >"$STATE/services/$name.log" 2>&1 &
	printf '%s\n' "$!" >"$STATE/services/$name.pid"
}
