# A component of this control plane gets another manifest by kubeadm, and all that was changed is taken back when it does not come up. Sent before components and
# custody, never run alone. POSIX sh. Set by them: kw_before (a folder for what the files were), undo_more (what else is taken back).
# shellcheck shell=sh disable=SC2154,SC2015
manifests=/etc/kubernetes/manifests
logs=/var/log/pods
kw_super=/etc/kubernetes/super-admin.conf

local_api() { kubectl --kubeconfig /etc/kubernetes/admin.conf --server https://127.0.0.1:6443 --tls-server-name kubernetes --request-timeout 5s "$@" 2>/dev/null; }
api_ready() { local_api get --raw /readyz >/dev/null; }

# pod_is NAME FIELDS: of its mirror Pod.
pod_is() { local_api -n kube-system get pod "$1-$node" -o jsonpath="$2"; }
pod_hash() { pod_is "$1" '{.metadata.annotations.kubernetes\.io/config\.hash}'; }

# Processes of a static Pod by its hash: it is the uid that the kubelet names its cgroup by.
runs() { grep -qs "pod$1" /proc/[0-9]*/cgroup; }

# Its hash is another one than kw_hash, and it is Ready. An old kubelet shows the new mirror Pod at once, with the state of the old one, which still answers.
is_new() {
	[ -z "$kw_hash" ] || ! runs "$kw_hash" || return 1
	[ "$1" != kube-apiserver ] || api_ready || return 1
	kw_now=$(pod_is "$1" '{.metadata.annotations.kubernetes\.io/config\.hash} {.status.conditions[?(@.type=="Ready")].status}')
	[ "${kw_now% *}" != "$kw_hash" ] && [ "${kw_now#* }" = True ] && runs "${kw_now% *}"
}

# The folder of the logs of its newest Pod: one file for each start of the container, by number.
newest_logs() {
	# names of static Pods and containers have no blanks
	# shellcheck disable=SC2012
	ls -td "$logs/kube-system_$1-${node}_"*/"$1" 2>/dev/null | head -n 1
}

# It has ended twice since: 2.log is of the third start.
crashes() {
	kw_logs=$(newest_logs "$1")
	[ -n "$kw_logs" ] && [ "$kw_logs" != "$kw_old_logs" ] && [ -e "$kw_logs/2.log" ]
}
settled() { is_new "$1" || crashes "$1"; }

# The reason that it gave before it ended: of the last start that is over, without what the runtime and klog put before it.
last_words() {
	kw_logs=$(newest_logs "$1")
	for kw_log in "$kw_logs"/1.log "$kw_logs"/0.log; do
		[ -s "$kw_log" ] || continue
		tail -n 200 "$kw_log" | cut -d' ' -f4- | grep -E '^([EF][0-9]{4}|Error|error|panic:|\{"level":"(fatal|error))' | tail -n 1 |
			sed 's/^[EWIF][0-9]* [^]]*\] *//' | cut -c1-250
		return 0
	done
}

kept() { printf '%s/%s' "$kw_before" "$(flat "$1")"; }

# put_back FILE…: as they were before.
put_back() {
	for kw_f; do
		kw_copy=$(kept "$kw_f")
		[ -e "$kw_copy" ] && ! cmp -s "$kw_copy" "$kw_f" || continue
		kw_tmp=$(dirname "$kw_f")/.kubewright.$$
		cp -p "$kw_copy" "$kw_tmp" && sync "$kw_tmp" && mv -f "$kw_tmp" "$kw_f" ||
			fail "$kw_why, and $kw_f cannot be put back" "its copy is $kw_copy: put it back by hand"
	done
}

# undo WHY HINT: what was changed here becomes what it was.
undo() {
	kw_why=$1
	# shellcheck disable=SC2086
	put_back $kw_all
	undo_more
	wait_for 180 api_ready || fail "$1; the earlier ones are back, and the API server of this host is not ready yet" "see 'kubewright logs $node'"
	rm -rf "$kw_before"
	fail "$1; the earlier ones are back" "$2"
}

# of a run that was interrupted here the copies are those of before; what another change has left says nothing
keep_before() {
	[ ! -d "$kw_before" ] || return 0
	rm -rf "$kw_state"/components.* "$kw_state/.components"
	(umask 077 && mkdir "$kw_state/.components") || fail "cannot write to $kw_state" "is the disk full? see 'df /var/lib'"
	for kw_f in $kw_all; do
		[ -s "$kw_f" ] || fail "$kw_f is not there" "'kubewright repair' makes it again"
		cp -p "$kw_f" "$kw_state/.components/$(flat "$kw_f")" && sync "$kw_state/.components/$(flat "$kw_f")" ||
			fail "cannot keep a copy of $kw_f" "is the disk full? see 'df /var/lib'"
	done
	mv "$kw_state/.components" "$kw_before"
}

# Without the CA's key kubeadm wants all kubeconfigs to be there before it writes a manifest; only the first control plane has this one.
lend_super_admin() {
	[ ! -e /etc/kubernetes/pki/ca.key ] && [ ! -e "$kw_super" ] || return 0
	ln -sf admin.conf "$kw_super" || fail "cannot write $kw_super" "is the disk full or read-only? see 'df /etc'"
}
# Nobody else's. What a kill has left of it the next run takes away: lock.sh.
take_super_admin() { [ "$(readlink "$kw_super")" != admin.conf ] || rm -f "$kw_super"; }

# component NAME PHASE…: its manifest by kubeadm; when it is another one, until its Pod is.
component() {
	kw_name=$1 kw_hash=$(pod_hash "$1") kw_old_logs=$(newest_logs "$1")
	shift
	kw_f=$manifests/$kw_name.yaml
	cp -p "$kw_f" "$work/$kw_name" 2>/dev/null || : >"$work/$kw_name"
	kubeadm init phase "$@" --config "$work/config" </dev/null >&2 ||
		undo "kubeadm cannot write $kw_f" "correct kubeadm.extra or security in the inventory; the log above is kubeadm's own"
	if cmp -s "$(kept "$kw_f")" "$kw_f"; then
		return 0
	fi
	# a run that was cut has written it already: there is no other Pod to come, and this one is waited for alone
	if cmp -s "$work/$kw_name" "$kw_f"; then
		kw_hash='' kw_old_logs=''
	fi
	log "$kw_name gets other settings"
	case $kw_name in
	etcd | kube-apiserver) vip_aside ;;
	esac
	wait_for 300 settled "$kw_name" && is_new "$kw_name" && return 0
	kw_said=$(last_words "$kw_name")
	undo "$kw_name does not start with the changed settings" \
		"correct kubeadm.extra or security in the inventory${kw_said:+; $kw_name says: $kw_said}"
}

# component_begins FILE…: of those, which may change, copies are kept; then component may be called.
component_begins() {
	kw_all=$*
	work=$(mktemp -d /run/kubewright/components.XXXXXX) || fail "cannot make a folder in /run/kubewright"
	trap 'rm -rf "$work"; take_super_admin; vip_back' EXIT
	(umask 077 && printf '%s' "$config" >"$work/config") || fail "cannot write to /run"
	kw_dirs
	lend_super_admin
	unset http_proxy https_proxy no_proxy all_proxy ftp_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY FTP_PROXY
	rm -f "$manifests"/.kubewright.*
	# what does not work before says nothing of the change; the first try of a run that was cut may be why it does not
	[ -d "$kw_before" ] || wait_for 60 api_ready ||
		fail "the API server of this host is not ready, so its settings are not changed" "see 'kubewright status' and 'kubewright logs $node'"
	keep_before
}
