# What is asked of a host both by the probe, which finds a need, and by the script that has met it: sent before probe.sh, and after lib.sh before every
# script that changes something. Changes nothing. POSIX sh. Parameters and answers: see probe.sh.
# shellcheck shell=sh disable=SC2154,SC2015

# The static Pods of a control plane with the ports that they listen on, and the files below /etc/kubernetes/pki that all control planes share.
# shellcheck disable=SC2034
kw_statics='etcd:2379 kube-apiserver:6443 kube-controller-manager:10257 kube-scheduler:10259'
# shellcheck disable=SC2034
kw_ca_keys='ca.key etcd/ca.key front-proxy-ca.key'
# … and the certificate that controller managers sign with, while the cluster's CA is rotated and ca.crt has two (pki.h)
kw_signing=/etc/kubernetes/pki/ca-signing.crt
kw_shared='ca.crt ca.key etcd/ca.crt etcd/ca.key front-proxy-ca.crt front-proxy-ca.key sa.key sa.pub'

# The certificates of the cluster's CA.
ca_crt_told() { [ ! -r /etc/kubernetes/pki/ca.crt ] || head -c 65536 /etc/kubernetes/pki/ca.crt | certificates | say64 ca_crt; }

# What follows the cluster's name in the names of snapshots: from before the first rotation of its CA.
snapshot_id() {
	kw_line=
	[ ! -r "$kw_state/snapshot-id" ] || { read -r kw_line <"$kw_state/snapshot-id"; } 2>/dev/null || true
	case $kw_line in '' | *[!0-9a-f]*) kw_line=$(sha256sum </etc/kubernetes/pki/ca.crt | cut -c 1-8) ;; esac
	printf '%.8s' "$kw_line"
}

# first FILE: its first line into kw_line, empty when it cannot be read. No fork.
first() {
	kw_line=
	[ ! -r "$1" ] || { read -r kw_line <"$1"; } 2>/dev/null || true
}

has() { command -v "$1" >/dev/null 2>&1; }

# pem_only LABEL: lets whole blocks of that label through and nothing else. The kubelet keeps its key in the file of its certificate, and a damaged
# certificate may have no end.
pem_only() {
	awk -v label="$1" '
		{ sub(/[ \t\r]+$/, "") }
		$0 == "-----BEGIN " label "-----" { block = $0; next }
		block == "" || $0 == "" { next }
		$0 == "-----END " label "-----" { print block "\n" $0; block = ""; next }
		/^[A-Za-z0-9+\/=]+$/ { block = block "\n" $0; next }
		{ block = "" }'
}
certificates() { pem_only CERTIFICATE; }

# The first of them.
first_certificate() { certificates | awk '{ print } /^-----END/ { exit }'; }

# client_certificates KUBECONFIG: those inside it.
client_certificates() {
	kw_data=$(sed -n 's/^ *client-certificate-data: *//p' "$1" 2>/dev/null | head -n 1)
	printf '%s' "$kw_data" | base64 -d 2>/dev/null | certificates
}

# contains LIST WORD
contains() {
	case " $1 " in *" $2 "*) return 0 ;; *) return 1 ;; esac
}

# files_told PATH…: of files of ours.
files_told() {
	for kw_path; do
		shift
		if [ -f "$kw_path" ]; then set -- "$@" "$kw_path"; else say "sum.$kw_path" absent; fi
	done
	[ $# -gt 0 ] || return 0
	while read -r kw_sum kw_path; do
		[ -z "$kw_sum" ] || say "sum.$kw_path" "$kw_sum"
	done <<END
$(sha256sum "$@" 2>/dev/null)
END
	while IFS='|' read -r kw_type kw_mode kw_path; do
		case $kw_type in symbolic*) kw_mode='link' ;; esac
		[ -z "$kw_path" ] || say "mode.$kw_path" "$kw_mode"
	done <<END
$(stat -c '%F|%a %u:%g|%n' "$@" 2>/dev/null)
END
}

# Adds to kw_have when a file is there.
look() { [ ! -e "$2" ] || kw_have="$kw_have${kw_have:+ }$1"; }

# Which images the static Pods are of, by their manifests.
statics_told() {
	for kw_static in $kw_statics; do
		kw_f=/etc/kubernetes/manifests/${kw_static%:*}.yaml
		[ -r "$kw_f" ] || continue
		while read -r kw_key kw_value _; do
			[ "$kw_key" = image: ] || continue
			say "image.${kw_static%:*}" "${kw_value##*:}"
			break
		done <"$kw_f"
	done
	apiserver_files_told
}

# The argument by which a running API server reads how Secrets are encrypted: "-" for none, "?" when none runs, or some with other ones.
encryption_running() {
	kw_running=
	# these paths have no blanks
	# shellcheck disable=SC2013
	for kw_p in $(grep -ls '^kube-apiserver' /proc/[0-9]*/cmdline 2>/dev/null); do
		kw_value=$(tr '\0' '\n' <"$kw_p" 2>/dev/null | sed -n 's/^--encryption-provider-config=//p' | head -n 1)
		case ${kw_value:=-} in *[!A-Za-z0-9./_-]*) kw_value='?' ;; esac
		case ${kw_running:-$kw_value} in "$kw_value") kw_running=$kw_value ;; *) kw_running='?' ;; esac
	done
	[ -n "$kw_running" ] || kw_running='?'
}

# The files of ours that the API server's manifest names among its arguments, and how it says that Secrets are encrypted.
apiserver_files_told() {
	kw_files='' kw_named='' kw_f=/etc/kubernetes/manifests/kube-apiserver.yaml
	[ -r $kw_f ] || return 0
	while read -r _ kw_value _; do
		case $kw_value in --encryption-provider-config=*) kw_named=${kw_value#*=} ;; esac
		case $kw_value in
		--*=/etc/kubernetes/kubewright/*) kw_value=${kw_value#*=} ;;
		*) continue ;;
		esac
		case $kw_value in *[!A-Za-z0-9./-]*) continue ;; esac
		if [ -f "$kw_value" ]; then kw_state_of=present; else kw_state_of=absent; fi
		files_told "$kw_value"
		kw_files="$kw_files${kw_files:+
}$kw_value $kw_state_of"
	done <$kw_f
	say apiserver_files "$kw_files"
	case ${kw_named:=-} in *[!A-Za-z0-9./_-]*) kw_named='?' ;; esac
	encryption_running
	say encryption "$kw_named $kw_running"
}

# What of Kubernetes is there.
have_told() {
	kw_have='' kw_k=/etc/kubernetes
	look kubelet-conf $kw_k/kubelet.conf
	look bootstrap-conf $kw_k/bootstrap-kubelet.conf
	look admin-conf $kw_k/admin.conf
	look super-admin-conf $kw_k/super-admin.conf
	look etcd-data /var/lib/etcd/member
	look etcd-manifest $kw_k/manifests/etcd.yaml
	look apiserver-manifest $kw_k/manifests/kube-apiserver.yaml
	look cm-manifest $kw_k/manifests/kube-controller-manager.yaml
	look scheduler-manifest $kw_k/manifests/kube-scheduler.yaml
	look kubelet-config /var/lib/kubelet/config.yaml
	look ca-crt $kw_k/pki/ca.crt
	for kw_f in /etc/cni/net.d/*.conf /etc/cni/net.d/*.conflist; do
		[ -f "$kw_f" ] || continue
		kw_have="$kw_have${kw_have:+ }cni-conf"
		break
	done
	say have "$kw_have"
}

# The resolver gives loopback addresses first, wherever their line stands.
name_told() {
	kw_found=
	while read -r kw_addr kw_rest; do
		[ -z "$kw_addr" ] || contains "$kw_found" "$kw_addr" || kw_found="$kw_found${kw_found:+ }$kw_addr"
	done <<END
$(timeout 3 getent ahostsv4 "$node" 2>/dev/null)
END
	say resolve "$kw_found"
	kw_by=
	if [ -n "$kw_found" ] && [ "${kw_found%% *}" != "$address" ]; then
		kw_by=$(awk -v name="$node" -v first="${kw_found%% *}" '{ sub(/#.*/, "") }
			$1 == first { for (i = 2; i <= NF; i++) if (tolower($i) == name) { print "/etc/hosts, line " NR; exit } }' /etc/hosts 2>/dev/null)
		[ -n "$kw_by" ] || kw_by="'$(grep -s '^hosts:' /etc/nsswitch.conf | tr -s ' \t' ' ')' of /etc/nsswitch.conf"
	fi
	say resolve_by "$kw_by"
}

swap_told() {
	kw_swaps=
	while read -r kw_dev kw_type kw_size kw_rest; do
		[ "$kw_dev" = Filename ] || kw_swaps="$kw_swaps${kw_swaps:+
}$kw_dev $kw_type $kw_size"
	done </proc/swaps
	say swap "$kw_swaps"
	say swap_boot "$(swap_boot)"
}

# What the next boot makes swap of. A unit is on when something wants it: .swap units, also those that a generator wrote, and what sets up zram or a swap file.
swap_boot() {
	awk '$1 !~ /^#/ && $3 == "swap" && $4 !~ /(^|,)noauto(,|$)/ { print "fstab", $1 }' /etc/fstab 2>/dev/null
	kw_seen=
	for kw_wants in /etc/systemd/system /run/systemd/generator /run/systemd/generator.late /run/systemd/generator.early /usr/lib/systemd/system /lib/systemd/system; do
		for kw_f in "$kw_wants"/*.wants/*.swap "$kw_wants"/*.requires/*.swap "$kw_wants"/*.wants/zram*.service "$kw_wants"/*.wants/dphys-swapfile.service \
			"$kw_wants"/*.wants/swapspace.service; do
			kw_unit=${kw_f##*/}
			[ -L "$kw_f" ] && ! contains "$kw_seen" "$kw_unit" || continue
			kw_seen="$kw_seen $kw_unit"
			# masked; or of a line of fstab, which is reported as such
			[ "$(readlink "/etc/systemd/system/$kw_unit")" = /dev/null ] || grep -qs '^SourcePath=/etc/fstab' "$kw_f" || printf 'unit %s\n' "$kw_unit"
		done
	done
}

module_told() {
	if [ -d "/sys/module/$1" ] || { [ "$1" = br_netfilter ] && [ -e /proc/sys/net/bridge ]; }; then
		say "module.$1" loaded
	elif modprobe -n -q "$1" 2>/dev/null || grep -qs "/$1\\.ko" "/lib/modules/$kw_kernel/modules.builtin"; then
		say "module.$1" available
	elif [ "$1" = overlay ] && grep -qw overlay /proc/filesystems; then
		say "module.$1" loaded
	else
		say "module.$1" unavailable
	fi
}

# Sets kw_path: where the kernel shows a setting. As everywhere the first of "." and "/" in its name parts folders, and the other is a dot in one of them:
# net.ipv4.conf.eth0/100.rp_filter and net/ipv4/conf/eth0.100/rp_filter are the same.
sysctl_path() {
	kw_path=/proc/sys kw_rest=$1 kw_part=${1%%[./]*}
	case ${1#"$kw_part"} in /*) kw_path=$kw_path/$1 && return ;; esac
	while :; do
		kw_part=${kw_rest%%.*}
		while :; do
			case $kw_part in */*) kw_part=${kw_part%%/*}.${kw_part#*/} ;; *) break ;; esac
		done
		kw_path=$kw_path/$kw_part
		case $kw_rest in *.*) kw_rest=${kw_rest#*.} ;; *) return ;; esac
	done
}

# Settings in $sysctls and modules in $modules.
kernel_told() {
	for kw_key in $sysctls; do
		sysctl_path "$kw_key"
		first "$kw_path"
		say "sysctl.$kw_key" "$kw_line"
	done
	while read -r kw_key kw_value; do
		[ -z "$kw_key" ] || say "sysctl_boot.$kw_key" "$kw_value"
	done <<END
$(sysctl_boot)
END
	first /proc/sys/kernel/osrelease
	kw_kernel=$kw_line
	for kw_mod in $modules; do
		module_told "$kw_mod"
	done
}

# What the undo ledger has that a part of the wish may want: lines "KIND KEY PART/READER", PART "-" when it was noted for nobody. A name with blanks is not an item's.
owned_told() {
	say owned "$(awk -v marks="$kw_state/ledger/marks" -F'|' '
		BEGIN { while ((getline line <marks) > 0) { split(line, f, "|"); if (f[3] ~ /^[!-~]+$/) by[f[1] " " f[2]] = f[3] } }
		$1 ~ /^(file|unit|sysctl|module|hold)$/ && $2 ~ /^[!-~]+$/ && NF > 2 { print $1, $2, ($1 " " $2) in by ? by[$1 " " $2] : "-" }' \
		"$kw_state/ledger/list" 2>/dev/null)"
}

# Files in the order in which systemd-sysctl reads them: by name; of one name the first folder's. ufw sets its own when it starts.
sysctl_files() {
	for kw_f in /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf /lib/sysctl.d/*.conf; do
		[ ! -e "$kw_f" ] || printf '%s/%s\n' "${kw_f##*/}" "$kw_f"
	done | sort -s -u -t/ -k1,1 | cut -d/ -f2-
	! grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf || printf '%s\n' /etc/ufw/sysctl.conf
}

# Lines "KEY VALUE FILE:LINE": what the last boot's files come to. As systemd-sysctl takes them: a later assignment of the same key counts, a pattern only
# for keys that nobody names, "/" for "." (see sysctl_path), "-" for errors that do not matter; and net.ipv4.conf.all.forwarding is
# net.ipv4.ip_forward under another name.
sysctl_boot() {
	set --
	while IFS= read -r kw_f; do
		[ ! -f "$kw_f" ] || set -- "$@" "$kw_f"
	done <<END
$(sysctl_files)
END
	[ $# -gt 0 ] || return 0
	awk -v keys="$sysctls" '
		function path(key, i, c, out) {
			if (substr(key, match(key, /[.\/]/), 1) != ".") return key
			for (i = 1; i <= length(key); i++) { c = substr(key, i, 1); out = out (c == "." ? "/" : c == "/" ? "." : c) }
			return out
		}
		function pattern(key) { gsub(/\./, "\\.", key); gsub(/\*/, "[^/]*", key); gsub(/\?/, "[^/]", key); return "^" key "$" }
		function consider(name, key) {
			if (name in at) { if (at[name] > best[key]) { best[key] = at[name]; says[key] = value[name] } return }
			for (p in globbed) if (name ~ p && globbed[p] > best[key]) { best[key] = globbed[p]; says[key] = value[p] }
		}
		{ line = $0; sub(/^[ \t]*/, "", line); sub(/[ \t\r]*$/, "", line) }
		line ~ /^[#;]/ { next }
		{
			eq = index(line, "=")
			key = eq ? substr(line, 1, eq - 1) : line
			sub(/^-/, "", key); sub(/[ \t]*$/, "", key); key = path(key)
			if (!eq) { if (line ~ /^-/) { at[key] = 0; value[key] = "" } next }
			val = substr(line, eq + 1); sub(/^[ \t]*/, "", val); n++
			if (key ~ /[*?[]/) { key = pattern(key); globbed[key] = n } else at[key] = n
			value[key] = val " " FILENAME ":" FNR
		}
		END {
			count = split(keys, k, " ")
			for (i = 1; i <= count; i++) {
				consider(path(k[i]), k[i])
				if (k[i] == "net.ipv4.ip_forward") consider("net/ipv4/conf/all/forwarding", k[i])
				if (says[k[i]] != "") print k[i], says[k[i]]
			}
		}' "$@"
}

# The control plane's certificates, by the digests, modes and owners that were noted when they were placed.
pki_told() {
	kw_line=absent
	if [ -r "$kw_state/pki.sha256" ]; then
		kw_line=changed
		! sha256sum -c --status "$kw_state/pki.sha256" 2>/dev/null || { [ -e "$kw_state/pki.modes" ] && ! pki_modes | cmp -s - "$kw_state/pki.modes"; } || kw_line=ok
	fi
	say pki_manifest "$kw_line"
	say ca_keys "$(ca_key_files)"
	say ca_keys_left "$(ca_key_copies)"
	ca_signs_told
}
ca_key_files() {
	kw_line=
	for kw_f in $kw_ca_keys; do
		[ ! -e "/etc/kubernetes/pki/$kw_f" ] || kw_line="$kw_line${kw_line:+ }$kw_f"
	done
	printf '%s' "$kw_line"
}

# Copies of them that a renewal, the ledger or an upgrade has left, one a line.
ca_key_copies() {
	for kw_f in "$kw_state"/renewed/*%pki%ca.key* "$kw_state"/renewed/*%pki%etcd%ca.key* "$kw_state"/renewed/*%pki%front-proxy-ca.key* \
		"$kw_state"/ledger/files/*%pki%ca.key "$kw_state"/ledger/files/*%pki%etcd%ca.key "$kw_state"/ledger/files/*%pki%front-proxy-ca.key \
		/etc/kubernetes/tmp/*/ca.key /etc/kubernetes/tmp/*/*/ca.key /etc/kubernetes/tmp/*/front-proxy-ca.key /etc/kubernetes/tmp/*/*/front-proxy-ca.key; do
		[ ! -f "$kw_f" ] || printf '%s\n' "$kw_f"
	done
}

# Whether the controller manager has the key of the cluster's CA to sign with; other: somebody has given it another one; cut: a change of that was not finished. No fork.
# And whether its certificate is in a file of its own, as while that CA is rotated.
ca_signs_told() {
	kw_line='' kw_apart='' kw_f=/etc/kubernetes/manifests/kube-controller-manager.yaml
	if [ -r $kw_f ]; then
		kw_line=no
		while read -r _ kw_value _; do
			case $kw_value in
			--cluster-signing-key-file=/etc/kubernetes/pki/ca.key) kw_line=yes ;;
			--cluster-signing-key-file=?*) kw_line=other ;;
			"--cluster-signing-cert-file=$kw_signing") kw_apart=yes ;;
			esac
		done <$kw_f
	fi
	for kw_f in "$kw_state"/components.custody-*/; do
		[ ! -d "$kw_f" ] || kw_line='cut'
	done
	say ca_signs "$kw_line"
	say ca_apart "$kw_apart"
}
pki_modes() { sed 's/^[^ ]* *//' "$kw_state/pki.sha256" | xargs -d '\n' stat -c '%a %u:%g %n'; }

# A disk of its own for etcd, as mkfs makes it: kubeadm takes it for one that is in use.
etcd_disk_empty() {
	[ -d /var/lib/etcd/lost+found ] && mountpoint -q /var/lib/etcd && [ "$(ls -A /var/lib/etcd)" = lost+found ]
}
