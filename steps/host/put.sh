# Makes of a host what a part of the wish says it should be: items, see want.h. After lib.sh, questions.sh, undo.sh, wish.sh and what the part adds to it: before,
# and after; accepts_UNIT, whether the unit would start with its files (else kw_why, kw_hint), and ready_UNIT, whether it works.
# Parameters: part; wish (wish.sh); files… with their readers (lib.sh); address.
# Answers: those of questions.sh about what is wished, put, error, hint.
# shellcheck shell=sh disable=SC2154,SC2015

# The name leaves every line that gives it another address, and its full name with it: the resolver prefers a loopback address wherever the line stands.
own_line() {
	awk -v node="$node" -v address="$address" '
		{ text = $0; more = ""; if (at = index(text, "#")) { more = " " substr(text, at); text = substr(text, 1, at - 1) } }
		{ count = split(text, f); ours = count && more == " # kubewright"; hit = 0; rest = "" }
		{ for (i = 2; i <= count; i++) if (f[i] == node && f[1] ~ /^[0-9.]+$/ && f[1] != address) hit = 1 }
		!ours && !hit { print; next }
		{ for (i = 2; i <= count; i++)
			if (f[i] == node) continue
			else if (index(f[i], node ".") != 1) rest = rest " " f[i]
			else if (index(" " names, " " f[i] " ") == 0) names = names f[i] " " }
		!ours && rest == "" { print "# kubewright: " $0 }
		!ours && rest != "" { print f[1] "\t" substr(rest, 2) more }
		END { print address "\t" names node " # kubewright" }'
}

name() {
	[ "$(timeout 3 getent ahostsv4 "$node" | awk 'NR == 1 { print $1 }')" != "$address" ] || return 0
	edit_file /etc/hosts own_line
	log "/etc/hosts: $node is $address"
}

swapless() { awk '$1 !~ /^#/ && $3 == "swap" && $4 !~ /(^|,)noauto(,|$)/ { $0 = "# kubewright: " $0 } { print }'; }

swap() {
	# what is on shows what is to come back after a reset, so all of it is noted first
	kw_boot=$(swap_boot)
	awk 'NR > 1 { print $1 }' /proc/swaps | while read -r kw_dev; do
		ledger_note swap "$kw_dev" on
	done || exit 1
	case $kw_boot in
	*fstab*)
		edit_file /etc/fstab swapless
		systemctl daemon-reload || true
		;;
	esac
	printf '%s\n' "$kw_boot" | sed -n 's/^unit //p' | while read -r kw_unit; do
		ledger_unit "$kw_unit"
		# a unit of /etc itself cannot be masked
		systemctl mask --quiet "$kw_unit" 2>/dev/null || systemctl disable --quiet "$kw_unit" ||
			fail "cannot keep $kw_unit off" "see 'systemctl status $kw_unit' on the host"
		case $kw_unit in *.service) systemctl stop "$kw_unit" || true ;; esac
		log "$kw_unit stays off"
	done || exit 1
	if [ "$(wc -l </proc/swaps)" -gt 1 ]; then
		log "turning swap off"
		swapoff -a || fail "cannot turn swap off" "is there enough free memory for what is swapped out? see 'free -m'"
	fi
}

module() {
	if [ -d "/sys/module/$1" ] || grep -qw "$1" /proc/modules; then
		return 0
	fi
	# built in, or not there at all: preflight has said so
	if modprobe -n -q "$1" 2>/dev/null; then
		ledger_note module "$1" absent
		modprobe "$1" || log "warning: the kernel module $1 cannot be loaded"
	fi
}

setting() {
	kw_old=$(sysctl -n "$1" 2>/dev/null) || return 0
	[ "$(printf '%s' "$kw_old" | tr -s ' \t' '  ')" != "$2" ] || return 0
	ledger_sysctl "$1" "$2"
	sysctl -q -w "$1=$2" || fail "cannot set $1 to $2" "does this kernel take that value? 'sysctl -w $1=$2' on the host shows why not"
}

# A reader that was somebody's before, and runs, takes up that its file is as it was.
readers_back() {
	for kw_unit in $kw_touched; do
		# one of ours is gone with its file
		contains "$units" "$kw_unit" || ! systemctl cat "$kw_unit" >/dev/null 2>&1 || systemctl try-restart "$kw_unit" || log "warning: cannot restart $kw_unit"
	done
}

# A function of the part's, not a program of the host's of that name.
of_part() { case $(command -V "$1" 2>/dev/null) in *function*) return 0 ;; *) return 1 ;; esac; }

# named WHAT UNIT: what is called after a unit, whatever characters that has.
named() { printf '%s_%s' "$1" "$2" | tr -c 'a-zA-Z0-9' _; }

# ---- units that read files ----

# Before files change: what was there is kept, and the host's record calls their readers stale. The next run must not take files in place for files in use,
# should this one be cut; and what is kept then is as it was before that run.
units_before() {
	kw_was_stale='' kw_touched='' kw_kept='' kw_was_in=/run/kubewright/was/$part
	for kw_unit in $units; do
		ledger_unit "$(service "$kw_unit")"
		! grep -qsx "$(named stale "$kw_unit")=yes" "$kw_state/host.conf" || kw_was_stale="$kw_was_stale $kw_unit"
	done
	[ -n "$kw_was_stale" ] || rm -rf "$kw_was_in"
	mkdir -p "$kw_was_in" && chmod 700 /run/kubewright/was "$kw_was_in" || fail "cannot make the folder $kw_was_in" "is /run full? see 'df /run'"
	kw_i=1
	while [ "$kw_i" -le "${files:-0}" ]; do
		eval "kept \"\$file_${kw_i}_path\""
		kw_i=$((kw_i + 1))
	done
	wished gone kept_gone
	for kw_unit in $units; do
		record "$(named stale "$kw_unit")" yes
	done
}
kept() {
	kw_kept="$kw_kept $1" kw_copy=$kw_was_in/$(flat "$1")
	if [ -e "$kw_copy" ] || [ -e "$kw_copy.absent" ]; then
		return 0
	elif [ -e "$1" ]; then
		cp -p "$1" "$kw_copy.part" && mv -f "$kw_copy.part" "$kw_copy"
	else
		: >"$kw_copy.absent"
	fi || fail "cannot keep a copy of $1" "is /run full? see 'df /run'"
}
kept_gone() { [ "$1" != file ] || kept "$2"; }

# The units would not start with what has just changed: it is as it was.
put_back() {
	for kw_p in $kw_kept; do
		kw_copy=$kw_was_in/$(flat "$kw_p")
		if [ -e "$kw_copy.absent" ]; then
			rm -f "$kw_p"
		elif ! cmp -s "$kw_copy" "$kw_p"; then
			kw_tmp=$(dirname "$kw_p")/.kubewright.$$
			cp -p "$kw_copy" "$kw_tmp" && sync "$kw_tmp" && mv -f "$kw_tmp" "$kw_p" || log "cannot put $kw_p back; it was: $kw_copy"
		fi
	done
	for kw_unit in $units; do
		if contains "$kw_was_stale" "$kw_unit"; then record "$(named stale "$kw_unit")" yes; else record "$(named stale "$kw_unit")" no; fi
	done
}

# unit UNIT HOW: restarted, or reloaded, only when it does not run with these files.
unit() {
	if contains "$kw_touched $kw_was_stale" "$1" && of_part "$(named accepts "$1")" && ! "$(named accepts "$1")"; then
		put_back
		fail "$kw_why" "$kw_hint"
	fi
	systemctl enable --quiet "$1" || true
	if contains "$kw_touched $kw_was_stale" "$1" || ! systemctl is-active --quiet "$1"; then
		log "systemctl $2 $1"
		systemctl "$2" "$1" || {
			journalctl -u "$1" -n 15 --no-pager -o cat >&2
			[ -z "$kw_changed$kw_was_stale" ] || { put_back; systemctl "$2" "$1" || true; }
			fail "$1 does not start" "see 'journalctl -u $1' on the host"
		}
	fi
	! of_part "$(named ready "$1")" || wait_for 60 "$(named ready "$1")" || {
		journalctl -u "$1" -n 15 --no-pager -o cat >&2
		fail "$1 does not answer within 60 s" "see 'journalctl -u $1' on the host"
	}
	record "$(named stale "$1")" no
	say "record.$(named stale "$1")" no
	say "unit.$1" "$(systemctl is-active "$1")"
}

# What was wished is asked as the probe asks it: whether it was enough.
told() {
	# shellcheck disable=SC2086
	files_told $kw_put
	[ -z "$(keys name)" ] || name_told
	[ -z "$(keys swap)" ] || swap_told
	# shellcheck disable=SC2034 # kernel_told asks
	sysctls=$(keys sysctl) modules=$(keys module)
	[ -z "$sysctls$modules" ] || kernel_told
	owned_told
}

main() {
	fence
	! of_part before || before
	wished name name
	wished swap swap
	# shellcheck disable=SC2034 # lib.sh's
	kw_mark=$part
	units=$(keys unit) kw_changed=
	units_before
	wished module module
	wished sysctl setting
	put_files
	kw_i=1
	while [ "$kw_i" -le "${files:-0}" ]; do
		eval "kw_p=\$file_${kw_i}_path kw_r=\$file_${kw_i}_reader"
		! contains "$kw_changed" "$kw_p" || kw_touched="$kw_touched $kw_r"
		kw_i=$((kw_i + 1))
	done
	wished gone gone
	case "$kw_changed$kw_was_stale " in */etc/systemd/system/* | *".timer "*) systemctl daemon-reload || true ;; esac
	readers_back
	wished unit unit
	wished gone forgotten
	rm -rf "$kw_was_in"
	rmdir /run/kubewright/was 2>/dev/null || true
	! of_part after || after
	told
	say put yes
}
main </dev/null
