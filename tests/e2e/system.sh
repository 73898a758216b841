# shellcheck shell=bash
# Whole systems, compared before and after: what reset leaves behind, and what it takes along.

on() { "$LAB" exec "$@"; }
# nft of cp1's disk, in the network of any host: also of one that has none. A machine has its own.
nft_of() {
	if [ -e "$STATE/hosts/$1/machine" ]; then on "$1" nft "${@:2}"; else nsenter --net="$STATE/hosts/$1/netns" chroot "$STATE/hosts/cp1/root" nft "${@:2}"; fi
}

# Logs, caches, records of apt and dpkg, the old copies that ucf keeps of its own, what systemd and its journal keep of themselves, what a login leaves, and this lab's own.
NOT_COMPARED='/var/log|/var/cache|/var/lib/apt|/var/lib/dpkg|/var/lib/ucf/hashfile[.][0-9]|/var/lib/systemd|/var/tmp|/tmp|/run|/proc|/sys|/dev|/var/lib/containerd|/usr/lib/kwlab|/var/lib/sudo'
system_of() {
	on "$1" sh -c '
		prune="-regextype posix-extended -regex ('"$NOT_COMPARED"') -prune -o"
		set -f
		find / -xdev $prune -printf "%y %m %u:%g %p %l\n"
		find / -xdev $prune -type f -exec sha256sum {} +
		find /var/log -xdev -type d -printf "%y %m %u:%g %p\n" | grep -v /journal
		dpkg-query -W -f "package \${db:Status-Abbrev} \${Package} \${Version}\n"
		apt-mark showhold | sed "s/^/hold /"
		systemctl list-unit-files --no-legend --no-pager | sed "s/^/unit-file /"
		systemctl list-units --all --no-legend --no-pager --plain --type=service,timer,socket,path,swap | awk "\$3 == \"active\" || \$3 == \"failed\" { print \"unit\", \$1, \$3 }"
		for t in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do $t-save 2>/dev/null | grep "^-" | sed "s/^/$t /"; done
		ip -o addr | sed "s/valid_lft.*//; s/^[0-9]*: /address /"
		ip -o link | sed "s/^[0-9]*: \([^:@]*\)[^<]*<\([^>]*\)>.*/link \1 \2/"
		for f in 4 6; do ip -$f -o route show table all; ip -$f rule; done | sed "s/^/route /; s/ expires [0-9]*sec//"
		find /proc/sys/kernel /proc/sys/net /proc/sys/vm -type f -exec grep -sH "" {} + | sed "s|^/proc/sys/|sysctl |" |
			grep -Ev "^sysctl (kernel/(ns_last_pid|random/|pty/nr|perf|sched)|net/netfilter/nf_conntrack_count|net/ipv[46]/((tcp|udp)_mem|(conf|neigh)/(veth|cni))|vm/stat)"
		awk "{ print \"swap\", \$1, \$2, \$3 }" /proc/swaps
		systemctl show -p MainPID,ActiveEnterTimestampMonotonic ssh.service | sed "s/^/sshd /"
		set +f
		sed "s/^/carrier changes /" /sys/class/net/e*/carrier_changes
		awk "{ print \"mount\", \$1, \$2, \$3 }" /proc/mounts
		awk "{ print \"module\", \$1 }" /proc/modules 2>/dev/null' | grep -Ev 'kubewright-(reset|deadman)|unit (user|session|systemd-(hostnamed|timedated|localed))[^ ]*\.service|user@[0-9]+|/run/user/' | sort
	nft_of "$1" -s list ruleset 2>/dev/null | sed 's/^/nft /'
}

# What may differ: the accounts of services, which Debian keeps, the linker's cache, the record of the reset itself.
allowed() {
	grep -vE ' (/etc/(ld\.so\.cache|\.pwd\.lock|(passwd|group|shadow|gshadow|subuid|subgid)-?)|/var/lib/kubewright(/history|/jobs(/reset(/.*)?)?)?)( |$)'
}
# compared NAME HOST MORE: nothing is gone, and nothing is there that was not, but for MORE (a pattern) and what is allowed
compared() {
	system_of "$2" >"$WORK/$2.after"
	diff "$WORK/$2.before" "$WORK/$2.after" | grep '^[<>]' >"$WORK/$2.diff"
	allowed <"$WORK/$2.diff" | grep -vE "^> .*($3)" >"$WORK/$2.left"
	is "$flavour: $1" "$(wc -l <"$WORK/$2.left")" 0 || head -n 40 "$WORK/$2.left" | sed 's/^/#   /'
	figure "$2: $(wc -l <"$WORK/$2.before") facts compared, $(wc -l <"$WORK/$2.diff") differ"
}
