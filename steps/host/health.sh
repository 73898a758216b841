# How a host of a living cluster is: sent before probe.sh, whose `first`, `contains` and `say` it uses, when that is asked about. Changes nothing.
# Answers:
#   cert.PATH           PEM, certificates only, of what is below /etc/kubernetes, and the kubelet's serving certificates (in a kubeconfig: its client's); empty: there, and none can be read
#   pki.PATH            ok | changed | absent, by the digests that kubewright kept when it placed the file
#   pki_sum.NAME        SHA-256 of the files below /etc/kubernetes/pki that all control planes share
#   kept.PATH           ok | changed | absent | broken: a file that kubeadm made, beside the copy that kubewright kept of it
#   pod.NAME            "up ATTEMPTS" or "down ATTEMPTS": whether anything listens on the static Pod's port, and how often its container was started
#   kubelet_args        lines "FILE --FLAG", of feature-gates with its value: what the files that the kubelet's unit reads give it
#   log.NAME            the last lines of a static Pod or unit that is down
# shellcheck shell=sh disable=SC2154,SC2015

health_certificate() {
	case $1 in
	*.conf) client_certificates "$1" | head -c 16384 | say64 "cert.$1" ;;
	*) head -c 16384 "$1" | certificates | say64 "cert.$1" ;;
	esac
}

health_certificates() {
	for kw_f in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt /etc/kubernetes/*.conf /var/lib/kubelet/pki/kubelet.crt \
		/var/lib/kubelet/pki/kubelet-server-current.pem; do
		[ ! -f "$kw_f" ] || health_certificate "$kw_f"
	done
	[ ! -r "$kw_state/pki.sha256" ] || sha256sum -c "$kw_state/pki.sha256" 2>/dev/null | while IFS=: read -r kw_f kw_said; do
		case $kw_said in
		*OK) say "pki.$kw_f" ok ;;
		*) if [ -e "$kw_f" ]; then say "pki.$kw_f" changed; else say "pki.$kw_f" absent; fi ;;
		esac
	done
	for kw_f in $kw_shared; do
		[ ! -f "/etc/kubernetes/pki/$kw_f" ] || sha256sum <"/etc/kubernetes/pki/$kw_f" | while read -r kw_sum _; do
			say "pki_sum.$kw_f" "$kw_sum"
		done
	done
}

# A static Pod's manifest that no kubelet can read is worse than a changed one.
health_broken() {
	case $1 in
	/etc/kubernetes/manifests/*) ! grep -q '^kind: *Pod' "$1" || ! grep -q 'image:' "$1" ;;
	*/config.yaml) ! grep -q '^kind: *KubeletConfiguration' "$1" ;;
	*) [ ! -s "$1" ] ;;
	esac
}

health_kept() {
	[ -d "$kw_state/kept" ] || return 0
	find "$kw_state/kept" -type f | while read -r kw_copy; do
		kw_f=${kw_copy#"$kw_state/kept"}
		if [ ! -e "$kw_f" ]; then
			say "kept.$kw_f" absent
		elif cmp -s "$kw_copy" "$kw_f"; then
			say "kept.$kw_f" ok
		elif health_broken "$kw_f"; then
			say "kept.$kw_f" broken
		else
			say "kept.$kw_f" changed
		fi
	done
}

# Names of flags, as values may be long or secret; but that of feature-gates.
health_kubelet_args() {
	for kw_f in /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet /etc/sysconfig/kubelet /etc/systemd/system/kubelet.service.d/*.conf; do
		[ -r "$kw_f" ] || continue
		head -c 16384 "$kw_f" | grep -v '^[[:space:]]*#' | grep -oE -e '--(feature-gates=[^" ]*|[a-z][a-z0-9-]*)' | sort -u |
			while read -r kw_flag; do printf '%s %s\n' "$kw_f" "$kw_flag"; done
	done
}

health_last_words() { without_stacks | tail -n 30 | tail -c 4096; }

# health_pod NAME PORT
health_pod() {
	kw_attempts=0
	# names of static Pods and containers have no blanks
	# shellcheck disable=SC2012
	kw_log=$(ls -t /var/log/pods/kube-system_"$1"-*/"$1"/*.log 2>/dev/null | head -n 1)
	kw_n=${kw_log##*/}
	kw_n=${kw_n%.log}
	case $kw_n in '' | *[!0-9]*) ;; *) kw_attempts=$((kw_n + 1)) ;; esac
	if contains "$kw_ports" "$2"; then
		say "pod.$1" "up $kw_attempts"
		return 0
	fi
	say "pod.$1" "down $kw_attempts"
	[ -z "$kw_log" ] || tail -n 2000 "$kw_log" 2>/dev/null | health_last_words | say64 "log.$1"
}

health_unit_log() {
	case $(systemctl is-active "$1" 2>/dev/null) in
	active) ;;
	*) timeout 5 journalctl -q --no-pager -o cat -u "$1" -n 2000 2>/dev/null | health_last_words | say64 "log.$1" ;;
	esac
}

health() {
	health_certificates
	health_kept
	kw_flags=$(health_kubelet_args)
	[ -z "$kw_flags" ] || say kubelet_args "$kw_flags"
	if [ -d /etc/kubernetes/pki/etcd ] || [ -d /var/lib/etcd/member ]; then
		for kw_static in $kw_statics; do
			health_pod "${kw_static%:*}" "${kw_static#*:}"
		done
	fi
	for kw_name in kubelet containerd keepalived; do
		[ ! -e "/lib/systemd/system/$kw_name.service" ] || health_unit_log "$kw_name"
	done
}
