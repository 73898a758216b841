# The folders that Kubernetes and its pods fill: what they were before, and how what came since is taken out. Sent after lib.sh and before os.sh or reset.sh.
# No file name passes through a line or a command line on its way to be deleted: pods choose names. POSIX sh.
# shellcheck shell=sh disable=SC2154,SC2015

kw_trees='/etc/kubernetes /etc/cni /opt/cni /usr/libexec/kubernetes /var/lib/cni /var/lib/etcd /var/lib/kubelet /var/log/containers /var/log/pods'
kw_runtime_trees='/var/lib/containerd /opt/containerd'

# What is in them before Kubernetes is: one name a line, '?' for a newline in one; and what each folder itself is, which a package's purge may take along.
trees_note() {
	kw_dirs
	[ ! -f "$kw_ledger/trees" ] || return 0
	kw_list=$kw_trees
	# of a runtime that was here before, nothing is taken out
	command -v containerd >/dev/null || kw_list="$kw_trees $kw_runtime_trees"
	# shellcheck disable=SC2086
	for kw_dir in $kw_list; do
		if [ -L "$kw_dir" ]; then
			ledger_note root "$kw_dir" "link $(readlink "$kw_dir")"
		elif [ -d "$kw_dir" ]; then
			ledger_note root "$kw_dir" "dir $(stat -c '%a %u:%g' "$kw_dir")"
		fi
	done
	# shellcheck disable=SC2086
	find -H $kw_list -xdev -print0 2>/dev/null | tr '\n\0' '?\n' >"$kw_ledger/trees.new" || true
	sync "$kw_ledger/trees.new" && mv -f "$kw_ledger/trees.new" "$kw_ledger/trees" ||
		fail "cannot write the undo ledger $kw_ledger/trees" "is the disk full or read-only? see 'df /var/lib'"
}

# The folders themselves as they were, as far as something has taken them away.
trees_back() {
	entries root | while IFS='|' read -r kw_dir kw_was; do
		case $kw_was in
		link*)
			[ ! -L "$kw_dir" ] || continue
			# an empty folder may have come in its place; a full one is somebody's
			rmdir "$kw_dir" 2>/dev/null || true
			[ -e "$kw_dir" ] || ln -s "${kw_was#link }" "$kw_dir" ||
				log "warning: cannot make the link $kw_dir to ${kw_was#link } again"
			;;
		dir*)
			[ ! -e "$kw_dir" ] && [ ! -L "$kw_dir" ] || continue
			kw_was=${kw_was#dir }
			mkdir -p "$kw_dir" && chmod "${kw_was% *}" "$kw_dir" && chown "${kw_was#* }" "$kw_dir" ||
				log "warning: cannot make the folder $kw_dir again"
			;;
		esac
	done
}

# patterns FOLDER: what find must leave alone in it, one pattern a line: what was there before, and what is mounted there, also from the same disk.
patterns() {
	kw_real=$(readlink -f "$1") || return 0
	{
		[ ! -f "$kw_ledger/trees" ] || awk -v d="$1" '$0 == d || index($0, d "/") == 1 { print "name", $0 }' "$kw_ledger/trees"
		# the kernel writes blanks and the like as \040
		awk -v d="$1" -v r="$kw_real" '{ gsub(/\\[0-7][0-7][0-7]/, "?", $5) }
			$5 == d || $5 == r { print "name", d }
			index($5, d "/") == 1 { print "mount", $5 }
			d != r && index($5, r "/") == 1 { print "mount", d substr($5, length(r) + 1) }' /proc/self/mountinfo
	} | sed -e 's/[][*\\]/\\&/g' -e 's/^mount \(.*\)$/\1\n\1\/*/' -e 's/^name //'
}

# trees_clear FOLDER…: what was there before Kubernetes stays. find deletes by descriptor: a folder that is exchanged for a link on the way is not followed.
trees_clear() {
	for kw_dir; do
		[ -d "$kw_dir" ] || continue
		kw_left=$(patterns "$kw_dir")
		set -- "$kw_dir" -xdev -depth
		while IFS= read -r kw_pattern; do
			[ -z "$kw_pattern" ] || set -- "$@" ! -path "$kw_pattern"
		done <<END
$kw_left
END
		find -H "$@" -delete 2>/dev/null || [ $? -lt 126 ] || log "warning: $kw_dir cannot be emptied: too much in it is not Kubernetes'"
	done
}
