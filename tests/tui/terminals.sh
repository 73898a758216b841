#!/usr/bin/env bash
# The wizard in terminals of several types, by keys alone: what is on the screen at each step, and that the terminal is given back whatever happens. tmux is the
# terminal; no host is contacted but closed ports of this machine. KUBEWRIGHT: the program. The last line is "N passed, N failed, N skipped".
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"
KUBEWRIGHT=$(realpath "$KUBEWRIGHT")
unset NO_COLOR TMUX
ulimit -c 0

SOCKET='' terminals=0
PROMPT=ready
WAIT=15
LOST=99 # tmux itself has ended, which it rarely does by itself when a pane is resized
tm() { tmux -u -L "$SOCKET" -f /dev/null "$@"; }
trap 'tm kill-server 2>/dev/null; [ -z "${WORK:-}" ] || scenario_end' EXIT

# ---- hands and eyes ---------------------------------------------------------------------------------------------------------------

keys() { tm send-keys "$@"; }
line() { tm send-keys -l -- "$1" && tm send-keys Enter; }
screen() { tm capture-pane -p; }
shown() { screen | grep -E -- "$1" >/dev/null; }
not_shown() { ! shown "$1"; }
# line_shows NUMBER PATTERN
line_shows() { screen | sed -n "$1p" | grep -Eq -- "$2"; }
# soon NAME COMMAND…: the check that it comes true; the screen is printed when not
soon() {
	local name=$1 end=$((SECONDS + WAIT))
	shift
	until "$@"; do
		if [ $SECONDS -ge $end ]; then
			tm has-session 2>/dev/null || exit $LOST
			fail "$case: $name" || screen | sed 's/^/#   |/'
			return 1
		fi
		sleep 0.05
	done
	pass "$case: $name"
}
sees() { soon "the screen shows '$1'" shown "$1"; }
of_pane() { tm display-message -p "#{$1}"; }
size() { tm resize-window -x "$1" -y "$2"; }
# prompt STATUS: the shell's, after one more command, with its exit status; the prompt counts commands
prompted() {
	local at
	at=$(screen | sed '/^$/d' | tail -n 1 | sed -nE "s/^\\[$1\\] $PROMPT ([0-9]+)>\$/\\1/p")
	[ "${at:-0}" -gt "$commands" ] && commands=$at
}
prompt() { soon "the shell's prompt is back, with status $1" prompted "$1"; }
# run COMMAND: on a clear screen, and waits for it
run() {
	keys C-l
	line "$1"
	prompt 0
}
# the wizard's process in this terminal, and no other one
wizard() { pgrep -s "$(of_pane pane_pid)" -x "$(basename "$KUBEWRIGHT" | cut -c -15)"; }
has_wizard() { wizard >/dev/null; }
no_wizard() { ! has_wizard; }

# terminal TERM LOCALE [NO_COLOR]: an interactive bash in an empty folder
terminal() {
	scenario "terminal: $case"
	commands=0
	mkdir "$WORK/desk"
	# a server of its own: the last one may still be on its way out
	SOCKET=kubewright-tui-$BASHPID-$((++terminals))
	(cd "$WORK/desk" && tm new-session -d -x 80 -y 24 "$(
		printf '%q ' env -u TMUX -u NO_COLOR TERM="$1" LC_ALL="$2" ${3:+NO_COLOR="$3"} HOME="$HOME" XDG_STATE_HOME="$XDG_STATE_HOME" \
			PS1="[\$?] $PROMPT \\#> " bash --norc --noprofile -i
	)") || exit $LOST
	tm pipe-pane -o "cat >'$WORK/raw'"
	prompt 0
}
terminal_end() {
	tm kill-server
	scenario_end
}
modes() { run "stty -g >$1"; }
same_modes() { is "$case: the modes of the terminal are the same $2" "$(cat "$WORK/desk/$1")" "$(cat "$WORK/desk/before")"; }
given_back() {
	is "$case: the cursor shows $1" "$(of_pane cursor_flag)" 1
	is "$case: the shell's screen is back $1" "$(of_pane alternate_on)" 0
	is "$case: the keys of the terminal are as before $1" "$(of_pane keypad_flag)$(of_pane keypad_cursor_flag)" 00
}
usable() {
	run "echo usable-\$((6 * 7))"
	ok "$case: what is typed shows" shown '^\[[0-9]+\] ready [0-9]+> echo usable'
	ok "$case: and is done" shown '^usable-42$'
}

# ---- what an operator does ----------------------------------------------------------------------------------------------------------

new_cluster() {
	line "$KUBEWRIGHT"
	sees 'New cluster in this folder'
	keys Enter
	sees "The cluster's name"
	keys C-u
	line rack7
	sees 'No hosts yet'
	keys m
	sees 'Ranges or lists'
	line 'cp[1-3]=10.0.0.[11-13] w[1-2]=10.0.0.[21-22]'
	sees '3 control planes, 2 workers'
	sees 'w2 +worker +10\.0\.0\.22'
}
on_w2() { screen | grep -Eq "^ *($pointer) *w2 "; }

look_around() {
	keys '?'
	sees 'Help: Hosts'
	sees 'Keys here'
	keys Escape
	soon 'help is left' not_shown 'Help: Hosts'
	keys /
	line w2
	soon 'the search finds w2' on_w2
}

sizes() {
	size 200 60
	soon 'at 200x60 the bar is at the bottom' line_shows 60 'Help'
	ok "$case: and the title at the top" line_shows 1 'kubewright +Hosts .*rack7 *$'
	soon 'w2 is still selected' on_w2
	size 60 20
	sees 'too small: 60x20 \(need 80x24\)'
	ok "$case: nothing but that" not_shown '[0-9]+\.0\.0'
	size 80 24
	soon 'at 80x24 the bar is at the bottom' line_shows 24 'Help'
	soon 'w2 is selected again' on_w2
}

stop_and_go_on() {
	keys C-z
	sees 'Stopped'
	prompt 148
	given_back 'while stopped'
	modes stopped
	same_modes stopped 'while stopped'
	run 'echo scribble-$((6 * 7))'
	line fg
	soon 'after fg w2 is selected' on_w2
	soon 'and the page is whole' line_shows 24 'Help'
	ok "$case: nothing of the shell is left on it" not_shown 'scribble|\] ready [0-9]'
	keys Home
	soon 'keys are taken' screen_has_pointer_at cp1
}
screen_has_pointer_at() { screen | grep -Eq "^ *($pointer) *$1 "; }

leave() {
	keys Escape
	sees 'New cluster in this folder'
	ok "$case: the new inventory is written" test -s "$WORK/desk/kubewright.yaml"
	ok "$case: and listed" shown 'rack7'
	keys Escape
	prompt 0
	given_back 'at the end'
	modes after
	same_modes after 'at the end'
	usable
}

colored() { LC_ALL=C grep -aqE $'\x1b''\[([0-9]*;)*(3[0-9]|4[0-9]|9[0-7]|10[0-7])(;[0-9]*)*m' "$WORK/raw"; }
not_colored() { ! colored; }
only_ascii() { ! LC_ALL=C grep -aqP '[\x80-\xff]' "$WORK/raw"; }

# walk TERM LOCALE NO_COLOR
walk() {
	local pointer='▶'
	case="$1 $2${3:+ NO_COLOR}"
	[ "$2" != C ] || pointer='>'
	terminal "$@"
	modes before
	new_cluster
	look_around
	sizes
	stop_and_go_on
	leave
	if [ -n "$3" ] || [ "$(tput -T "$1" colors)" -lt 8 ]; then
		ok "$case: no colours were sent" not_colored
	else
		ok "$case: colours were sent" colored
	fi
	[ "$2" != C ] || ok "$case: nothing but ASCII was sent" only_ascii
	terminal_end
}

# ---- what happens to it --------------------------------------------------------------------------------------------------------------

# A shell that neither puts back modes nor handles jobs: what it finds is what the program left.
start_under_sh() {
	# where there is one screen only the last page may still be on it
	keys C-l
	line "sh -c '\"\$0\"; echo \$? >status; stty -g >after' $KUBEWRIGHT"
	begun
}
begun() {
	soon 'the wizard runs' has_wizard
	sees 'New cluster in this folder'
}
# ends SIGNAL STATUS
ends() {
	start_under_sh
	kill "-$1" "$(wizard)"
	prompt 0
	is "$case: its exit status after SIG$1" "$(cat "$WORK/desk/status")" "$2"
	same_modes after "after SIG$1"
	given_back "after SIG$1"
	usable
	soon 'the process is gone' no_wizard
}
# The terminal was written on while the wizard stood still.
scribbled() {
	local pid
	start_under_sh
	pid=$(wizard)
	kill -STOP "$pid"
	printf '\r\nscribble on the screen\r\n' >"$(of_pane pane_tty)"
	sees 'scribble on the screen'
	kill -CONT "$pid"
	soon 'after SIGCONT the screen is redrawn' not_shown 'scribble'
	soon 'and whole' shown 'New cluster in this folder'
	keys Escape
	prompt 0
}
# Stopped from outside: the shell is in front, with modes of its own.
stopped() {
	keys C-l
	line "$KUBEWRIGHT"
	begun
	kill -STOP "$(wizard)"
	sees 'Stopped'
	line fg
	soon 'after SIGSTOP and fg the bar is at the bottom' line_shows 24 'Help'
	soon 'and the page is whole' shown 'New cluster in this folder'
	ok "$case: nothing of the shell is left on it" not_shown 'Stopped|\] ready [0-9]'
	keys Escape
	prompt 0
}
signals() {
	case="$1 signals"
	terminal "$1" C.UTF-8
	modes before
	ends TERM 130
	ends HUP 130
	ends SEGV 139
	ends ABRT 134
	scribbled
	stopped
	terminal_end
}

# Keys that all wait when the wizard looks: more than it takes in one turn, and Escape as the last one of a turn, for which curses has read the key behind it.
fast_keys() {
	local pid n
	case='many keys at once'
	terminal xterm-256color C.UTF-8
	start_under_sh
	pid=$(wizard)
	for n in 58 59 60 61 62 63 400; do
		kill -STOP "$pid"
		# a name is typed, and given up
		tm send-keys -l -- $'\r'"$(printf '%*s' "$n" '' | tr ' ' x)"$'\e?'
		kill -CONT "$pid"
		soon "the last of $((n + 3)) keys is taken" shown 'Help: Start'
		keys Escape
		soon 'help is left' not_shown 'Help: Start'
	done
	keys Escape
	prompt 0
	terminal_end
}

# By the Dashboard; the hosts are closed ports of this machine.
certificates() {
	case='certificates'
	terminal xterm-256color C.UTF-8
	cat >"$WORK/desk/closed.yaml" <<-EOF
		cluster: rack7
		kubernetes: {version: 1.36.2}
		endpoint: {vip: 10.0.0.100}
		network: {cni: none}
		hosts:
		  - {name: cp1, address: 10.0.0.11, role: control-plane, ssh: {address: 127.0.0.1, port: 1}}
		  - {name: w1, address: 10.0.0.21, role: worker, ssh: {address: 127.0.0.1, port: 2}}
	EOF
	line "$KUBEWRIGHT -f closed.yaml"
	sees 'kubewright +Hosts'
	keys b
	sees 'kubewright +Dashboard'
	keys c
	sees '0 certificates, 2 hosts did not answer'
	sees 'cp1, control plane: cannot connect to cp1'
	sees 'this machine: no certificates'
	keys v
	keys Enter
	sees 'what it has may have expired'
	keys Escape
	keys e
	sees 'kubewright certs -f .*closed.yaml'
	keys Escape
	sees 'kubewright +Certificates'
	keys Escape
	sees 'kubewright +Dashboard'
	keys Escape
	sees 'Which cluster'
	keys Escape
	prompt 0
	terminal_end
}

# refuses TERM PATTERN
refuses() {
	case="TERM=$1"
	terminal xterm-256color C.UTF-8
	modes before
	line "TERM=$1 sh -c '\"\$0\"; echo \$? >status; stty -g >after' $KUBEWRIGHT"
	prompt 0
	is "$case: exit status" "$(cat "$WORK/desk/status")" 2
	sees "$2"
	sees 'kubewright --help'
	same_modes after 'afterwards'
	terminal_end
}

without_terminal() {
	local status
	case='without a terminal'
	scenario "$case"
	"$KUBEWRIGHT" <&- >"$WORK/out" 2>"$WORK/err"
	status=$?
	is "$case: exit status" $status 2
	has "$case: help goes to stderr" "$WORK/err" '^usage: kubewright'
	has "$case: and what is wrong" "$WORK/err" 'the wizard needs a terminal'
	is "$case: nothing goes to stdout" "$(cat "$WORK/out")" ''
	"$KUBEWRIGHT" replay some-run </dev/null >"$WORK/out" 2>"$WORK/err"
	status=$?
	is "$case: exit status of replay" $status 2
	has "$case: replay says so" "$WORK/err" 'replay needs a terminal'
	is "$case: replay writes nothing to stdout" "$(cat "$WORK/out")" ''
	scenario_end
}

# attempt CASE…: in a shell of its own; what was judged before tmux was lost does not count
attempt() {
	local out line status
	out=$(mktemp)
	for _ in 1 2 3; do
		("$@") >"$out" 2>&1
		status=$?
		[ $status = $LOST ] || break
		note "$*: tmux was lost; once more"
	done
	cat "$out"
	[ $status != $LOST ] || fail "$*: tmux was lost three times"
	passed=$((passed + $(grep -ac '^ok - ' "$out")))
	while read -r line; do
		failed=$((failed + 1))
		failed_names="$failed_names; ${line#not ok - }"
	done < <(grep -a '^not ok - ' "$out")
	rm -f "$out"
}

WORK=
attempt without_terminal
attempt refuses dumb 'needs a full-screen terminal'
attempt refuses nonsense "no full screen on a terminal of type 'nonsense'"
attempt fast_keys
attempt certificates
for term in ${TERMS:-linux vt220 xterm-256color screen tmux}; do
	if ! infocmp "$term" >/dev/null 2>&1; then
		skip "$term: this machine does not know it"
		continue
	fi
	for locale in C.UTF-8 C; do
		for no_color in '' 1; do
			attempt walk "$term" "$locale" "$no_color"
		done
	done
	attempt signals "$term"
done
WORK=
summary
