# shellcheck shell=bash
# An operator at a terminal: kubewright in a tmux of its own, keys pressed, the screen read. Sourced after lib.sh.

SOCKET='' terminals=0
on_screen() { tmux -L "$SOCKET" -f /dev/null "$@"; }

# terminal WIDTH HEIGHT COMMAND…: a new terminal in $WORK/desk that runs it; what it ended with goes to $WORK/wizard.status
terminal() {
	local size=(-x "$1" -y "$2")
	shift 2
	mkdir -p "$WORK/desk"
	rm -f "$WORK/wizard.status"
	terminal_end
	# a server of its own: the last one may still be on its way out, and its environment is not this one's
	SOCKET=kubewright-e2e-$$-$((++terminals))
	(cd "$WORK/desk" && LC_ALL=C.UTF-8 on_screen new-session -d "${size[@]}" "$* ; echo \$? >$WORK/wizard.status; exec cat")
	on_screen set-option -g remain-on-exit on >/dev/null
}
screen() { on_screen capture-pane -p; }
shown() { screen | grep -E -- "$1" >/dev/null; }
not_shown() { ! shown "$1"; }
# sees SECONDS PATTERN: the check that it comes on the screen, on a busy machine after three times as long; the screen is printed when not
sees() {
	until_ok $((3 * $1)) shown "$2" && return
	fail "${flavour:-}: the screen shows '$2' within $1 s" || screen | sed 's/^/#   |/'
}
# keys KEY…: by tmux's names
keys() { on_screen send-keys "$@"; }
types() { on_screen send-keys -l -- "$1"; }
# line TEXT: types it and presses Enter
line() { types "$1" && keys Enter; }
# field PATH VALUE: in a form, goes to the field by search, and gives it the value
field() {
	types "/$1"
	keys Enter
	sees 5 "^$1( |\$)"
	keys Enter C-u
	line "$2"
	until_ok 5 not_shown 'Enter accepts it' || fail "${flavour:-}: the form takes '$2' for $1"
}
terminal_end() { [ -z "$SOCKET" ] || on_screen kill-server 2>/dev/null; }

# ---- the Dashboard of a cluster of cp1 to cp3 and w1

healthy() { shown '3 voters; quorum 2, tolerates 1 lost' && shown 'findings +none' && [ "$(screen | grep -c ' Ready ')" = 4 ]; }
# plan_and_do WHAT [SECONDS]: presses a on the Plan page, confirms, and follows the run back to the Dashboard
plan_and_do() {
	sees 60 "a starts the $1"
	screen | sed 's/^/#   |/'
	keys a
	sees 5 "Start the $1"
	line lab
	sees 30 'kubewright  Run'
	sees "${2:-300}" 'The run is over'
	screen | sed 's/^/#   |/'
	keys Enter
	sees 10 'kubewright  Dashboard'
	until_ok 180 healthy || fail "$flavour: the Dashboard shows a healthy cluster after the $1"
	screen | sed 's/^/#   |/'
	is "$flavour: three voters after the $1" "$(voters cp1)" 3
	ok "$flavour: four Ready nodes after the $1" until_ok 60 ready_is 4
}
select_host() {
	types "/$1"
	keys Enter
	sees 5 "── $1: "
}
# begin_dashboard FLAVOUR: installs it, and opens it in the wizard
begin_dashboard() {
	fresh "$1" --hosts cp1,cp2,cp3,w1
	inventory
	apply first
	is "$flavour: apply ends with 0 (${seconds} s)" "$status" 0 || show first
	mkdir -p "$WORK/desk"
	cp "$WORK/kubewright.yaml" "$WORK/desk/"
	terminal 80 24 "$KUBEWRIGHT"
	sees 10 'apply ended'
	keys Enter
	sees 5 'kubewright  Dashboard'
	until_ok 180 healthy || fail "$flavour: the Dashboard shows a healthy cluster"
	screen | sed 's/^/#   |/'
}
