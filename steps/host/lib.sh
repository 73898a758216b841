# Functions shared by the scripts that change a host. Sent before them, never run alone. POSIX sh.
# Parameters that every script has: node (name in the inventory), run (id of this run), step (name of the script or job).
# The undo ledger keeps the first previous value of everything that is changed; `kubewright reset` plays it back.
# shellcheck shell=sh disable=SC2154,SC2015
LC_ALL=C
export LC_ALL
# packages' programs before those that somebody has put beside them: kubeadm looks for the kubelet by this
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
export PATH
umask 022
kw_state=/var/lib/kubewright
kw_ledger=$kw_state/ledger
# whose wish the notes are that follow, "PART" or "PART/READER"; empty: nobody's, and reset alone takes them back
kw_mark=

log() { printf '%s\n' "$*" >&2; }

# fail WHAT [HINT]: ends the script; both reach the operator.
fail() {
	say error "$1"
	[ -z "${2-}" ] || say hint "$2"
	exit 1
}

# The run id in the lock is a fencing token: a run that lost its lock changes nothing any more. The lock's time and step show others that it lives and
# how far it is.
fence() {
	kw_holder=
	fence_held 9<"$kw_state" || true
	[ "$kw_holder" = "$run" ] ||
		fail "the lock of this host is held by run ${kw_holder:-(none)} and no longer by this one" \
			"another kubewright has taken over; see 'kubewright status'"
}

# Fills kw_holder. Under flock on the folder, as all that write the lock: nobody takes it over between the look and the writing.
fence_held() {
	kw_flock=no
	! flock -w 5 9 2>/dev/null || kw_flock=yes
	kw_holder=$(sed -n 's/^run=//p' "$kw_state/lock" 2>/dev/null) || kw_holder=
	[ "$kw_holder" = "$run" ] || return 0
	touch "$kw_state/lock"
	[ $kw_flock = yes ] && [ -n "$step" ] || return 0
	(umask 077 && sed "s/^step=.*/step=$step/" "$kw_state/lock" >"$kw_state/.lock.$$") 2>/dev/null &&
		mv -f "$kw_state/.lock.$$" "$kw_state/lock" || rm -f "$kw_state/.lock.$$"
}

kw_dirs() {
	mkdir -p "$kw_ledger/files" && chmod 700 "$kw_state" "$kw_ledger" ||
		fail "cannot write to $kw_state" "is the disk full or read-only? see 'df /var/lib'"
}

# ledger_lines FILE KIND KEY: its lines of that kind and key.
ledger_lines() { kw_k="$2|$3|" awk 'index($0, ENVIRON["kw_k"]) == 1' "$kw_ledger/$1" 2>/dev/null; }

ledger_has() { [ -n "$(ledger_lines list "$1" "$2")" ]; }

# ledger_put FILE KIND KEY [LINE]: LINE instead of those of that kind and key. Whole or not at all: undo believes what it reads.
ledger_put() {
	[ -e "$kw_ledger/$1" ] || : >>"$kw_ledger/$1"
	kw_k="$2|$3|" kw_l="${4-}" awk '
		index($0, ENVIRON["kw_k"]) != 1
		END { if (ENVIRON["kw_l"] != "") print ENVIRON["kw_l"] }' "$kw_ledger/$1" >"$kw_ledger/$1.new" &&
		sync "$kw_ledger/$1.new" && mv -f "$kw_ledger/$1.new" "$kw_ledger/$1" ||
		fail "cannot write the undo ledger $kw_ledger/$1" "is the disk full or read-only? see 'df /var/lib'"
}

# ledger_add FILE LINES: those of a kind and key that it has not yet, in one writing.
ledger_add() {
	[ -e "$kw_ledger/$1" ] || : >>"$kw_ledger/$1"
	kw_new=$(kw_l=$2 awk -F'|' '
		{ has[$1, $2] }
		END {
			n = split(ENVIRON["kw_l"], line, "\n")
			for (i = 1; i <= n; i++) {
				split(line[i], f, "|")
				if (!((f[1], f[2]) in has)) print line[i]
			}
		}' "$kw_ledger/$1")
	[ -z "$kw_new" ] || ledger_put "$1" '' '' "$kw_new"
}

# ledger_note KIND KEY PREVIOUS [NOW]: into list, of which only the first note of a KIND and KEY counts; and into marks, who wants it now and what it becomes.
ledger_note() {
	kw_dirs
	ledger_has "$1" "$2" || ledger_put list "$1" "$2" "$1|$2|$3"
	[ -z "$kw_mark" ] || ledger_mark "$1" "$2" "${4-}"
}

# ledger_mark KIND KEY [NOW]: for kw_mark from now on.
ledger_mark() {
	[ "$(ledger_lines marks "$1" "$2")" = "$1|$2|$kw_mark|${3-}" ] || ledger_put marks "$1" "$2" "$1|$2|$kw_mark|${3-}"
}

# ledger_unmark KIND KEY: reset alone takes it back.
ledger_unmark() { [ -z "$(ledger_lines marks "$1" "$2")" ] || ledger_put marks "$1" "$2"; }

# ledger_forget KIND KEY: it is back.
ledger_forget() {
	ledger_unmark "$1" "$2"
	! ledger_has "$1" "$2" || ledger_put list "$1" "$2"
}

# Keeps a copy of a file as it was before its first change. PATH [NOW].
ledger_file() {
	kw_dirs
	kw_copy=$kw_ledger/files/$(flat "$1")
	if ledger_has file "$1"; then
		ledger_note file "$1" '' "${2-}"
	elif [ -e "$1" ] || [ -L "$1" ]; then
		# what a script that was cut has left may be a link
		rm -f "$kw_copy" && cp -a "$1" "$kw_copy" && { [ -L "$kw_copy" ] || sync "$kw_copy"; } ||
			fail "cannot keep a copy of $1" "is the disk full? see 'df /var/lib'"
		ledger_note file "$1" saved "${2-}"
	else
		rm -f "$kw_copy"
		ledger_note file "$1" absent "${2-}"
	fi
}

sum_of() { sha256sum <"$1" | cut -d' ' -f1; }

# A path as a name.
flat() { printf '%s' "$1" | tr / %; }

ledger_unit() {
	kw_enabled=$(systemctl is-enabled "$1" 2>/dev/null) || true
	kw_active=$(systemctl is-active "$1" 2>/dev/null) || true
	ledger_note unit "$1" "${kw_enabled:-absent} ${kw_active:-inactive}"
}

# ledger_sysctl KEY [NOW]
ledger_sysctl() {
	kw_value=$(sysctl -n "$1" 2>/dev/null) || return 0
	ledger_note sysctl "$1" "$kw_value" "${2-}"
}

# entries KIND: lines "KEY|PREVIOUS".
entries() { grep -s "^$1|" "$kw_ledger/list" | cut -d'|' -f2-; }

# Tables and chains of the packet filter, as words "ip/filter" and "ip/filter/INPUT". iptables-nft lists base chains too that are not there, all of a table
# that is: of it only those count that do something. Of the kernel's older tables only chains that somebody made.
filter_words() {
	{
		! command -v nft >/dev/null ||
			nft list chains 2>/dev/null | awk '$1 == "table" { t = $2 "/" $3; print t } $1 == "chain" { print t "/" $2 }'
		for kw_tool in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
			! command -v "$kw_tool-save" >/dev/null ||
				"$kw_tool-save" 2>/dev/null | awk -v f="${kw_tool%tables-*}" -v nft="${kw_tool##*-}" '
					/^\*/ { t = f "/" substr($1, 2) }
					/^\*/ && nft == "nft" { print t }
					/^:/ && ($2 == "-" || (nft == "nft" && $2 != "ACCEPT")) { print t "/" substr($1, 2) }
					/^-A/ && nft == "nft" { print t "/" $2 }'
		done
	} | sort -u | tr '\n' ' '
}

# edit_file PATH COMMAND…: through a filter goes a file that is others' too. Its owner, mode and attributes stay, and the link or bind mount that it is.
edit_file() {
	kw_path=$(readlink -f "$1") || fail "cannot find $1"
	shift
	kw_tmp=$(dirname "$kw_path")/.kubewright.$$
	ledger_file "$kw_path"
	if [ -e "$kw_path" ]; then
		cp -a "$kw_path" "$kw_tmp" && "$@" <"$kw_path" >"$kw_tmp"
	else
		"$@" </dev/null >"$kw_tmp"
	fi && sync "$kw_tmp" || {
		rm -f "$kw_tmp"
		fail "cannot write $kw_path" "is the disk full or read-only? see 'df $(dirname "$kw_path")'"
	}
	# a bind mount cannot be renamed over
	mv -f "$kw_tmp" "$kw_path" 2>/dev/null || { cat "$kw_tmp" >"$kw_path" && rm -f "$kw_tmp"; } || {
		rm -f "$kw_tmp"
		fail "cannot write $kw_path" "is it immutable, or its file system read-only? see 'lsattr $kw_path'"
	}
}

# make_dir PATH MODE: like mkdir -p, remembering the topmost directory that was not there.
make_dir() {
	[ -d "$1" ] && return 0
	kw_top=$1
	while [ ! -d "$(dirname "$kw_top")" ]; do
		kw_top=$(dirname "$kw_top")
	done
	ledger_note dir "$kw_top" absent
	mkdir -p "$1" && chmod "$2" "$1" || fail "cannot make the directory $1"
}

# put_file PATH MODE BASE64: replaces a file atomically unless it has this content already. Adds PATH to kw_changed.
put_file() {
	kw_tmp=$(dirname "$1")/.kubewright.$$
	make_dir "$(dirname "$1")" 755
	# what a script that was cut has left, keys among it
	rm -f "$(dirname "$1")"/.kubewright.*
	(umask 077 && printf '%s' "$3" | base64 -d >"$kw_tmp") || {
		rm -f "$kw_tmp"
		fail "cannot write $1" "is the disk full or read-only? see 'df $(dirname "$1")'"
	}
	chmod "$2" "$kw_tmp"
	if cmp -s "$kw_tmp" "$1" && [ "$(stat -c '%a %u:%g' "$1")" = "$2 $(id -u):$(id -g)" ]; then
		! ledger_has file "$1" || ledger_file "$1" "$(sum_of "$kw_tmp")"
		rm -f "$kw_tmp"
		return 0
	fi
	ledger_file "$1" "$(sum_of "$kw_tmp")"
	{ sync "$kw_tmp" && mv -f "$kw_tmp" "$1"; } || {
		rm -f "$kw_tmp"
		fail "cannot put $1 in place" "is the file immutable, or its file system read-only?"
	}
	kw_changed="$kw_changed $1"
	log "wrote $1"
}

# put_files: all of file_1_path, file_1_mode, file_1_data, file_1_reader … file_N_… where files=N. part, when it is set, wants them.
put_files() {
	kw_changed='' kw_put='' kw_i=1
	while [ "$kw_i" -le "${files:-0}" ]; do
		eval "kw_p=\$file_${kw_i}_path kw_m=\$file_${kw_i}_mode kw_d=\$file_${kw_i}_data kw_r=\$file_${kw_i}_reader"
		[ -z "${part-}" ] || kw_mark="$part${kw_r:+/$kw_r}"
		put_file "$kw_p" "$kw_m" "$kw_d"
		kw_put="$kw_put $kw_p"
		kw_i=$((kw_i + 1))
	done
}

# record KEY VALUE: into host.conf, what kubewright knows of this host.
record() {
	kw_dirs
	{
		sed "/^$1=/d" "$kw_state/host.conf" 2>/dev/null
		printf '%s=%s\n' "$1" "$2"
	} >"$kw_state/host.conf.new" && sync "$kw_state/host.conf.new" && mv -f "$kw_state/host.conf.new" "$kw_state/host.conf" ||
		fail "cannot write $kw_state/host.conf" "is the disk full? see 'df /var/lib'"
}

# Keeps copies of what kubeadm made, none of it secret, so that a file that is lost or damaged can be put back as it was.
keep_copies() {
	kw_dirs
	rm -rf "$kw_state/kept.new"
	set -- /var/lib/kubelet/config.yaml /var/lib/kubelet/instance-config.yaml /var/lib/kubelet/kubeadm-flags.env
	for kw_static in $kw_statics; do
		set -- "$@" "/etc/kubernetes/manifests/${kw_static%:*}.yaml"
	done
	for kw_f; do
		[ -f "$kw_f" ] || continue
		kw_copy=$kw_state/kept.new$kw_f
		mkdir -p "$(dirname "$kw_copy")" && cp -p "$kw_f" "$kw_copy" && sync "$kw_copy" ||
			fail "cannot keep a copy of $kw_f" "is the disk full? see 'df /var/lib'"
	done
	rm -rf "$kw_state/kept"
	[ ! -d "$kw_state/kept.new" ] || mv -f "$kw_state/kept.new" "$kw_state/kept"
}

# file_away FILE: overwritten, as far as its file system does that in place, and unlinked; also what it is a link to. That its bytes are gone from the disk nobody can promise.
file_away() {
	[ -e "$1" ] || [ -L "$1" ] || return 0
	kw_real=$(readlink -f "$1") || kw_real=
	[ -z "$kw_real" ] || [ ! -f "$kw_real" ] || shred -n 1 "$kw_real" 2>/dev/null || { dd if=/dev/zero of="$kw_real" bs="$(stat -c %s "$kw_real")" count=1 conv=notrunc,fsync 2>/dev/null || true; }
	rm -f ${kw_real:+"$kw_real"} "$1" && [ ! -e "$1" ] && [ ! -L "$1" ] ||
		fail "cannot remove $1" "is it immutable, or its file system read-only? see 'lsattr $1'"
	log "removed $1"
}

# Takes the keys of the CAs off this host, and copies that were kept of them: those first, so that one that is left is found by the keys.
ca_keys_away() {
	kw_copies=$(ca_key_copies)
	while read -r kw_copy; do
		[ -z "$kw_copy" ] || file_away "$kw_copy"
	done <<END
$kw_copies
END
	for kw_f in $kw_ca_keys; do
		file_away "/etc/kubernetes/pki/$kw_f"
		# reset has nothing to put back
		ledger_forget file "/etc/kubernetes/pki/$kw_f"
	done
}

# kubelet_takes FILE client|server: with its certificate and key, as a kubelet keeps them itself: under a date, and a link to it.
kubelet_takes() {
	kw_new=/var/lib/kubelet/pki/kubelet-$2-$(date +%Y-%m-%d-%H-%M-%S).pem
	sync "$1" && mv -f "$1" "$kw_new" && ln -s "$kw_new" "$1.link" && mv -fT "$1.link" "/var/lib/kubelet/pki/kubelet-$2-current.pem" ||
		fail "cannot write $kw_new" "is the disk full or read-only? see 'df /var/lib'"
	log "wrote $kw_new"
}

# What the kubelet of this host goes by, made by kubewright: secret_kubelet_conf, and its certificate with the key, secret_kubelet_pem.
kubelet_given() {
	kw_tmp=/var/lib/kubelet/pki/.kubewright.$$
	(umask 027 && mkdir -p /var/lib/kubelet/pki) && rm -f /var/lib/kubelet/pki/.kubewright.* &&
		(umask 077 && printf '%s' "$secret_kubelet_pem" >"$kw_tmp") || fail "cannot write to /var/lib/kubelet/pki" "is the disk full or read-only? see 'df /var/lib'"
	kubelet_takes "$kw_tmp" client
	kw_tmp=/etc/kubernetes/.kubewright.$$
	(umask 077 && printf '%s' "$secret_kubelet_conf" >"$kw_tmp") && sync "$kw_tmp" && mv -f "$kw_tmp" /etc/kubernetes/kubelet.conf ||
		fail "cannot write /etc/kubernetes/kubelet.conf" "is the disk full or read-only? see 'df /etc'"
	log "wrote /etc/kubernetes/kubelet.conf"
}

# wait_for SECONDS COMMAND…: until the command succeeds.
wait_for() {
	kw_end=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -lt "$kw_end" ] || return 1
		sleep 0.2
	done
}

# static_pids NAME: the processes of a static Pod on this host, by what the manifest calls them (an image may name its file otherwise) and kubeadm's folder, which no
# other Pod's etcd has in its arguments. The kubelet starts a container that has ended again.
static_pids() { pgrep -f "^([^ ]*/)?$1 .*=/etc/kubernetes/" | tr '\n' ' '; }

# vip_aside [PID]: this API server is restarted on purpose, so another control plane takes the virtual IP before that: as long as the process (this one) lives the check of
# keepalived (steps/endpoint.c) says no. Where no other one can take it, it stays.
vip_aside() {
	kw_keepalived=/etc/keepalived/keepalived.conf
	grep -qs vip-aside /etc/keepalived/kubewright-check && grep -A 1 'unicast_peer {' "$kw_keepalived" | grep -q '[0-9]' || return 0
	# a boot has emptied /run; what cannot be written keeps nobody from the change
	mkdir -p /run/kubewright && printf '%s\n' "${1:-$$}" >/run/kubewright/vip-aside || return 0
	wait_for 10 vip_is_elsewhere || log "no other control plane takes the virtual IP"
}
vip_is_elsewhere() {
	kw_vips=$(sed -n '/virtual_ipaddress/,/}/s|^ *\([0-9.]*/32\)$|\1|p' "$kw_keepalived")
	for kw_vip in $kw_vips; do
		! ip -o -4 addr show | grep -qF " $kw_vip " || return 1
	done
}
vip_back() { rm -f /run/kubewright/vip-aside; }

# A kubelet that has just started may refuse a static Pod because it does not know its own disk yet (1.20: "no set of running pods found to reclaim
# resources"), and never tries it again: it is restarted then. Watches until it is killed.
kubelet_watched() {
	kw_since=$(date +%s)
	kw_restarts=0
	while [ "$kw_restarts" -lt 3 ]; do
		if journalctl -q -u kubelet --since "@$kw_since" -o cat 2>/dev/null | grep -q 'Failed to admit pod'; then
			log "the kubelet refused a static Pod at its start; restarting it"
			systemctl restart kubelet || true
			kw_since=$(($(date +%s) + 1))
			kw_restarts=$((kw_restarts + 1))
		fi
		# the second that is left of it keeps nobody
		sleep 1 >/dev/null 2>&1
	done
}

# kubeadm_watched ARGUMENTS…: runs kubeadm, and watches the kubelet meanwhile. Its log goes to stderr.
kubeadm_watched() {
	kubelet_watched 3>&- &
	kw_watch=$!
	kw_status=0
	kubeadm "$@" </dev/null >&2 || kw_status=$?
	kill "$kw_watch" 2>/dev/null || true
	return "$kw_status"
}
