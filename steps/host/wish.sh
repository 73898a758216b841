# What a wish is, and what of it is wanted no more: sent after lib.sh and undo.sh, before put.sh and packages.sh.
# Parameter: wish, lines "KIND KEY VALUE", "maybe KEY VALUE" (a repository that is added only when a package is not to be had without it) and
# "gone KIND KEY READER".
# shellcheck shell=sh disable=SC2154,SC2015

# wished KIND COMMAND: COMMAND KEY VALUE for each. Of "gone": COMMAND KIND KEY READER.
wished() {
	while read -r kw_kind kw_1 kw_2 kw_3; do
		# a value may have blanks
		[ "$kw_kind" = gone ] || kw_2="$kw_2${kw_3:+ $kw_3}"
		[ "$kw_kind" != "$1" ] || "$2" "$kw_1" "$kw_2" "$kw_3" </dev/null
	done <<END
$wish
END
}
keys() { printf '%s\n' "$wish" | awk -v k="$1" '$1 == k { printf "%s ", $2 }'; }
# wish_of KIND KEY: its value, when it is wished.
wish_of() { printf '%s\n' "$wish" | sed -n "s|^$1 $2 ||p"; }

service() { case $1 in *.*) echo "$1" ;; *) echo "$1.service" ;; esac; }

# gone KIND KEY READER: what is wanted no more is as it was before, when the ledger says that it is ours. That is forgotten last: see forgotten.
gone() {
	kw_key=$2
	[ "$1" != unit ] || kw_key=$(service "$2")
	kw_was=$(ledger_lines list "$1" "$kw_key")
	[ -n "$kw_was" ] || return 0
	kw_was=${kw_was#"$1|$kw_key|"} kw_now=$(ledger_lines marks "$1" "$kw_key")
	kw_now=${kw_now#"$1|$kw_key|"}
	kw_now=${kw_now#*|}
	case $1 in
	file)
		log "putting $2 back as it was"
		edited_kept "$2"
		file_back "$2" "$kw_was" || [ "$kw_was" = absent ] ||
			fail "cannot put $2 back as it was: its folder is gone" "create the folder $(dirname "$2"), or leave this to 'kubewright reset'"
		kw_changed="$kw_changed $2" kw_put="$kw_put $2"
		[ "$3" = - ] || kw_touched="$kw_touched $3"
		;;
	unit)
		log "putting $kw_key back as it was"
		unit_back "$kw_key" "$kw_was" || fail "cannot put $kw_key back as it was: $kw_was" "see 'systemctl status $kw_key' on the host"
		say "unit.$2" "$(systemctl is-active "$2")"
		;;
	hold) hold_back "$2" ;;
	sysctl)
		kw_old=$(sysctl -n "$2" 2>/dev/null) || return 0
		kw_old=$(printf '%s' "$kw_old" | tr -s ' \t' '  ')
		if [ -n "$kw_now" ] && [ "$kw_old" != "$kw_now" ]; then
			log "$2 was changed since kubewright set it, and stays $kw_old"
			ledger_forget sysctl "$2"
		else
			sysctl_back "$2" "$kw_was" || fail "cannot set $2 back to $kw_was" "'sysctl -w $2=$kw_was' on the host shows why not"
		fi
		;;
	module) module_back "$2" ;;
	esac
}

# What somebody has changed since in a file of ours is kept, beside what was kept before. What a run that was cut has put back is not such a change.
edited_kept() {
	[ -n "$kw_now" ] && [ -f "$1" ] && [ "$(sum_of "$1")" != "$kw_now" ] || return 0
	! cmp -s "$1" "$kw_ledger/files/$(flat "$1")" || return 0
	kw_copy=$kw_state/edited/$(flat "$1")
	(umask 077 && mkdir -p "$kw_state/edited") && cp -p --backup=numbered "$1" "$kw_copy" && sync "$kw_copy" || fail "cannot keep a copy of $1" "is the disk full? see 'df /var/lib'"
	log "warning: $1 was changed since kubewright wrote it; the changed file is kept as $kw_copy"
}

# Once units have taken it up. How settings and modules were stays noted for reset: the kubelet changes some by itself.
forgotten() {
	case $1 in
	sysctl | module) ledger_unmark "$1" "$2" ;;
	unit) ledger_forget unit "$(service "$2")" ;;
	file)
		ledger_forget file "$2"
		rm -f "$kw_ledger/files/$(flat "$2")"
		folders_back "$2"
		;;
	*) ledger_forget "$1" "$2" ;;
	esac
}

# folders_back FILE: those that were made for it go with it, unless something else is in them.
folders_back() {
	entries dir | while IFS='|' read -r kw_top _; do
		case $1 in "$kw_top"/*) ;; *) continue ;; esac
		kw_below=${1#"${kw_top%/*}/"}
		(cd "${kw_top%/*}" && rmdir -p "${kw_below%/*}" 2>/dev/null) || true
		[ -d "$kw_top" ] || ledger_forget dir "$kw_top"
	done || exit 1
}
