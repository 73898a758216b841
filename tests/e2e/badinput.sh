#!/usr/bin/env bash
# Bad input, live: each way to be refused has its exit status and its words, and leaves the host as it was; what can be waited for or mended is;
# an inventory that contradicts the living cluster changes nothing; and reset leaves a host as it was before the first apply.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

unset SSH_AUTH_SOCK
BRIDGE=$NETWORK.1
PORT=18822 # of servers that are none, on the bridge

# ---- running and judging --------------------------------------------------------------------------------------------------------

# try COMMAND [ARGS…]: without a terminal, on this scenario's inventory; output in case.out
try() {
	setsid -w "$KUBEWRIGHT" "$1" -f "$WORK/kubewright.yaml" "${@:2}" </dev/null >"$WORK/case.out" 2>&1
	status=$?
}
# expect NAME STATUS WORDS…: what the last try must have ended with and said
expect() {
	local name="$flavour: $1" want=$2 words
	shift 2
	if [ "$status" != "$want" ]; then
		fail "$name: exit status $status, want $want"
		show case 20
		return
	fi
	for words in "$@"; do
		grep -qF -- "$words" "$WORK/case.out" && continue
		fail "$name: it does not say '$words'"
		show case 20
		return
	done
	pass "$name: $want"
}
# refused NAME STATUS WORDS…: the same, and cp1 is as it was
refused() {
	expect "$@"
	state_of cp1 >"$WORK/cp1.now"
	diff "$WORK/cp1.before" "$WORK/cp1.now" >"$WORK/diff" || {
		fail "$flavour: $1: changed something on cp1"
		head -n 10 "$WORK/diff" | sed 's/^/#   /'
	}
}
on() { "$LAB" exec "$@"; }

# All that an installation could leave on a host, as seen from outside: files with their digests, folders, packages, holds, units, sysctls, links, routes,
# packet filter, mounts. Nothing that changes by itself.
state_of() {
	on "$1" sh -c '
		places="/etc /opt /usr/local /var/lib /root /home"
		find $places -xdev \( -path /var/lib/systemd -o -path /var/lib/containerd -o -path /var/lib/kubewright \) -prune -o -printf "%y %p %m %u %l\n" | sort
		find $places -xdev \( -path /var/lib/systemd -o -path /var/lib/containerd \) -prune -o -type f -exec sha256sum {} + | sort -k 2
		find /var/lib/containerd -mindepth 1 -maxdepth 1
		dpkg-query -W -f "package \${db:Status-Abbrev} \${Package} \${Version}\n"
		apt-mark showhold | sed "s/^/hold /"
		systemctl list-unit-files --no-legend --no-pager | awk "{ print \"unit\", \$1, \$2 }"
		systemctl list-units --type=service --state=running,failed --no-legend --no-pager --plain | awk "{ print \"runs\", \$1, \$4 }" | grep -Ev "user.*@|systemd-(timedated|hostnamed)"
		for d in vm kernel net/core net/ipv4 net/ipv4/conf/all net/ipv4/conf/default net/ipv6/conf/all net/bridge net/netfilter; do
			grep -sH "" /proc/sys/$d/*
		done | grep -Ev "ns_last_pid|conntrack_count|(tcp|udp)_mem:"
		ip -o link | sed "s/^[0-9]*: \([^:@]*\).*/link \1/"
		ip -o -4 addr | awk "{ print \"address\", \$2, \$4 }"
		ip -4 route
		if command -v nft >/dev/null; then nft -s list ruleset; fi
		iptables-save | grep -v "^[#:*]" | grep -vx COMMIT
		awk "{ print \"mount\", \$2 }" /proc/mounts' | grep -v -e '/var/lib/kubewright/\.lock' -e 'user@[0-9]*\.service'
}

# ---- servers that are none ---------------------------------------------------------------------------------------------------

SERVER='
import http.server, os, socket, ssl, sys
mode, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
if mode == "https":
    os.chdir(sys.argv[5])
    server = http.server.ThreadingHTTPServer((address, port), http.server.SimpleHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
listener = socket.create_server((address, port))
held = []
while True:
    peer, _ = listener.accept()
    try:
        if mode == "half":
            peer.shutdown(socket.SHUT_WR)
        elif mode == "mail":
            peer.sendall(b"220 mail.example.com ESMTP\r\n")
        elif mode == "banner":
            peer.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        elif mode == "garbage":
            peer.sendall(b"SSH-2.0-OpenSSH_9.2\r\n" + os.urandom(1 << 16))
        elif mode == "noise":
            peer.sendall(os.urandom(64))
    except OSError:
        pass
    if mode in ("close", "banner"):
        peer.close()
    else:
        held.append(peer)
'
port_open() { { : <"/dev/tcp/$BRIDGE/$PORT"; } 2>/dev/null; }
serve() {
	python3 -c "$SERVER" "$1" "$BRIDGE" "$PORT" "${@:2}" 2>/dev/null &
	server=$!
	until_ok 10 port_open
}
unserve() {
	kill "$server"
	wait "$server" 2>/dev/null
}

# ---- 2 and 3: nothing is contacted ----------------------------------------------------------------------------------------------

usage() {
	local hosts="$WORK/kubewright.yaml"
	try aply
	expect "unknown command" 2 "unknown command 'aply'" "did you mean 'kubewright apply'?"
	try apply --hots cp1
	expect "unknown option" 2 "unknown option '--hots'" "did you mean '--hosts'?"
	try apply --hosts cp9
	expect "unknown host in --hosts" 2 "has no host 'cp9'" "did you mean 'cp1'?"
	try apply --parallel many
	expect "no number" 2 "--parallel needs a number from 1 to 1024, not 'many'"
	try reset
	expect "reset without --yes and without a terminal" 2 "no terminal to ask on" "confirm it with --yes"
	cp "$hosts" "$WORK/good.yaml"
	sed 's/^network: {pods/network: {podz/; s/^  version: .*/  version: 1.99.0/' "$WORK/good.yaml" >"$hosts"
	try apply
	expect "bad inventory" 3 "kubewright.yaml:3:12: error: Kubernetes 1.99.0 is not supported" "unknown key 'podz'; did you mean 'pods'?" "has 2 errors"
	{ cat "$WORK/good.yaml" && echo "  - {name: cp1, address: $NETWORK.12, role: worker}"; } >"$hosts"
	try apply
	expect "duplicate name" 3 "duplicate name 'cp1'"
	rm "$hosts"
	try apply
	expect "no inventory" 3 "No such file or directory" "create one with 'kubewright init'"
	cp "$WORK/good.yaml" "$hosts"
	LAB_SUDO='' try apply --set ssh.sudo=env:LAB_SUDO
	expect "missing environment variable" 2 "the environment variable LAB_SUDO, which ssh.sudo names, is not set"
	try apply --set ssh.sudo=ask
	expect "a question without a terminal" 2 "must be typed, and there is no terminal" "--set ssh.sudo=env:NAME"
}

# The manifest comes from an https server that only this one process trusts.
wrong_manifest() {
	local bundle=/etc/ssl/certs/ca-certificates.crt url=https://$BRIDGE:$PORT/cni.yaml sum
	mkdir "$WORK/www"
	cp "$("$LAB" cni)" "$WORK/www/cni.yaml"
	sum=$(sha256sum <"$WORK/www/cni.yaml" | cut -c1-64)
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=lab -addext "subjectAltName=IP:$BRIDGE" \
		-keyout "$WORK/key.pem" -out "$WORK/crt.pem" 2>/dev/null
	cat "$WORK/crt.pem" "$WORK/key.pem" >"$WORK/server.pem"
	serve https "$WORK/server.pem" "$WORK/www"
	try apply --set "network.cni.url=$url" --set "network.cni.sha256=$sum"
	refused "pod network from a server that is not trusted" 5 "network.cni: " "certificate"
	for sum in "${sum//[0-9]/a}" "$sum"; do
		# shellcheck disable=SC2016
		unshare -m sh -c 'mount --bind "$1" "$2" && shift 2 && exec setsid -w "$@"' sh "$WORK/crt.pem" "$bundle" "$KUBEWRIGHT" \
			check -f "$WORK/kubewright.yaml" --accept-new-host-keys --set "network.cni.url=$url" --set "network.cni.sha256=$sum" \
			</dev/null >"$WORK/case.out" 2>&1
		status=$?
		case $sum in
		*[0-9]*) expect "the same with the right sha256" 0 "Nothing was changed." ;;
		*) refused "pod network with a wrong sha256" 5 "is not the expected content: its sha256 is" "not $sum" ;;
		esac
	done
	unserve
}

# ---- 4: the way to the host -----------------------------------------------------------------------------------------------------

connections() {
	local known=$XDG_STATE_HOME/kubewright/lab/known_hosts mode
	"$LAB" refuse cp1
	try apply --accept-new-host-keys
	expect "refused port" 4 "cannot connect to cp1 ($NETWORK.11:22): Connection refused" "is sshd running there and listening on port 22?" "1 failed"
	"$LAB" heal cp1
	"$LAB" cut cp1
	try apply --accept-new-host-keys --connect-timeout 2
	expect "dropped packets" 4 "cannot connect to cp1 ($NETWORK.11:22): no answer within 2 s" "does a firewall drop port 22?"
	"$LAB" heal cp1
	"$LAB" hang cp1
	try apply --accept-new-host-keys --connect-timeout 2
	expect "hanging sshd" 4 "cp1 ($NETWORK.11:22) accepts connections but says nothing within 2 s"
	"$LAB" heal cp1
	for mode in close half mail noise banner garbage; do
		serve $mode
		try apply --accept-new-host-keys --connect-timeout 2 --set hosts.cp1.ssh.address=$BRIDGE --set hosts.cp1.ssh.port=$PORT
		case $mode in
		close | half) expect "server that hangs up ($mode)" 4 "cp1 ($BRIDGE:$PORT) closed the connection at once" "MaxStartups" ;;
		mail) expect "mail server" 4 "cp1 ($BRIDGE:$PORT) does not speak SSH: it says \"220 mail.example.com ESMTP" "check ssh.port" ;;
		noise) expect "server that sends noise" 4 "cp1 ($BRIDGE:$PORT) does not speak SSH" ;;
		*) expect "server that breaks off after its version ($mode)" 4 "cp1 ($BRIDGE:$PORT)" "is it an SSH server?" ;;
		esac
		unserve
	done
	try apply --set hosts.cp1.ssh.address=no-such-host.invalid
	refused "no such name" 4 "no-such-host.invalid" "check the host's address in the inventory"
	rm -f "$known"
	try apply
	refused "unknown host key" 4 "the host key of cp1 ($NETWORK.11:22) is not known: SHA256:" "--accept-new-host-keys"
	[ ! -e "$known" ] && pass "$flavour: and it is not remembered" || fail "$flavour: and it is not remembered"
	ssh-keygen -q -t ed25519 -N '' -f "$WORK/other" </dev/null
	mkdir -p "${known%/*}"
	awk -v address="$NETWORK.11" '{ print address, $1, $2 }' "$WORK/other.pub" >"$known"
	cp "$known" "$WORK/known.before"
	try apply --accept-new-host-keys
	refused "changed host key" 4 "the host key of cp1 ($NETWORK.11:22) has changed: it is now SHA256:" "$known:1 has another" "ssh-keygen -f '$known' -R '$NETWORK.11'"
	ok "$flavour: and the old one is kept" cmp "$known" "$WORK/known.before"
	try apply --set "hosts.cp1.ssh.host-key=$(cut -d' ' -f1,2 "$WORK/other.pub")"
	refused "host key that is not the pinned one" 4 "is not the pinned one: it is SHA256:" "pin its new key in the inventory (ssh.host-key)"
	rm "$known"
}

# ---- 4: the login ---------------------------------------------------------------------------------------------------------------

logins() {
	local sudoers=/etc/sudoers.d/ops
	try apply --accept-new-host-keys --set "ssh.key=$WORK/other"
	refused "wrong login key" 4 "cp1 ($NETWORK.11:22) refuses the login of 'ops' (tried: $WORK/other" "is the public key in ~ops/.ssh/authorized_keys there"
	try apply --accept-new-host-keys --set "ssh.key=$WORK/none"
	refused "no such key file" 4 "$WORK/none"
	on cp1 cp -a $sudoers /run/sudoers.ops
	on cp1 sh -c "echo 'ops ALL=(ALL:ALL) ALL' >$sudoers"
	try apply --accept-new-host-keys
	expect "sudo wants a password" 4 "sudo on cp1 needs the password of 'ops', and none was given" "ssh.sudo: ask"
	LAB_SUDO=not-the-password try apply --accept-new-host-keys --set ssh.sudo=env:LAB_SUDO
	expect "wrong sudo password" 4 "the sudo password of 'ops' on cp1 is wrong" "it was tried once only"
	try check --accept-new-host-keys --set ssh.sudo=env:LAB_SUDO
	expect "right sudo password" 0 "1 of 1 hosts looked at"
	on cp1 sh -c "printf 'Defaults requiretty\nops ALL=(ALL:ALL) NOPASSWD: ALL\n' >$sudoers"
	try apply --accept-new-host-keys
	expect "sudo wants a terminal" 4 "sudo on cp1 refuses 'ops' without a terminal (requiretty)" "add 'Defaults:ops !requiretty' to /etc/sudoers.d/"
	on cp1 rm $sudoers
	try apply --accept-new-host-keys --set ssh.sudo=env:LAB_SUDO
	expect "no sudoer" 4 "'ops' may not become root with sudo on cp1" "add it to the sudo (or wheel) group"
	on cp1 mv /run/sudoers.ops $sudoers
	try check
	refused "the login after all this" 0 "1 of 1 hosts looked at"
	# what login scripts print is not the product's business
	on cp1 sh -c 'cp -a /home/ops/.bashrc /run/bashrc 2>/dev/null
		{ printf "echo WELCOME to cp1; printf \"\\\\001\\\\377 begin\\\\n\"; echo on stderr >&2\n"; cat /run/bashrc 2>/dev/null; } >/home/ops/.bashrc
		cp /home/ops/.bashrc /etc/profile.d/noise.sh && cp /home/ops/.bashrc /home/ops/.profile.noise'
	if "$LAB" ssh cp1 true 2>&1 | grep WELCOME >/dev/null; then pass "$flavour: the host greets every command"; else fail "$flavour: the host greets every command"; fi
	try check
	expect "noisy login scripts" 0 "1 of 1 hosts looked at"
	on cp1 sh -c 'rm -f /home/ops/.bashrc /etc/profile.d/noise.sh /home/ops/.profile.noise; [ ! -e /run/bashrc ] || mv /run/bashrc /home/ops/.bashrc'
}

# ---- 6: preflight ---------------------------------------------------------------------------------------------------------------

identities() {
	local address=$VIP/32
	"$LAB" inventory --hosts cp1 >"$WORK/kubewright.yaml"
	on w1 ip addr add "$address" dev eth0
	try apply
	refused "the virtual IP is taken" 6 "vip-taken: " "answers for the virtual IP $VIP" "choose a free address"
	on w1 ip addr del "$address" dev eth0
	"$LAB" inventory --single --hosts cp1,w1 >"$WORK/kubewright.yaml"
	on w1 cp -a /etc/machine-id /run/machine-id.own
	on cp1 cat /etc/machine-id | on w1 sh -c 'cat >/etc/machine-id'
	try check --accept-new-host-keys
	refused "duplicate machine-id" 6 "duplicate-machine-id" "is also that of cp1" "systemd-machine-id-setup"
	on w1 sh -c 'cat /run/machine-id.own >/etc/machine-id && rm /run/machine-id.own'
	"$LAB" inventory --single --hosts cp1 >"$WORK/kubewright.yaml"
}

leftovers() {
	on cp1 sh -c 'mkdir -p /etc/kubernetes/manifests && echo "kind: Pod" >/etc/kubernetes/manifests/kube-apiserver.yaml'
	try apply
	expect "leftovers" 6 "leftovers: left by an earlier Kubernetes: /etc/kubernetes/manifests/kube-apiserver.yaml" "kubeadm reset"
	is "$flavour: and they are still there" "$(on cp1 cat /etc/kubernetes/manifests/kube-apiserver.yaml)" "kind: Pod"
	on cp1 rm -r /etc/kubernetes/manifests
	on cp1 sh -c 'printf "clusters:\n- cluster:\n    server: https://10.9.9.9:6443\n" >/etc/kubernetes/kubelet.conf'
	try apply
	expect "a Node of another cluster" 6 "already-joined-elsewhere: the kubelet here belongs to https://10.9.9.9:6443" "drain and delete the Node there"
	on cp1 rm -r /etc/kubernetes
}

full_disks() {
	on cp1 sh -c 'mkdir -p /var/lib/etcd && mount -t tmpfs -o size=16m tmpfs /var/lib/etcd'
	try apply
	expect "little room for etcd" 6 "disk-space: 16 MiB free in /var/lib/etcd, less than 2048"
	on cp1 sh -c 'umount /var/lib/etcd && rmdir /var/lib/etcd'
	on cp1 sh -c 'mkdir -p /var/lib/kubewright && mount -t tmpfs -o size=64k tmpfs /var/lib/kubewright && ! dd if=/dev/zero of=/var/lib/kubewright/full bs=4k 2>/dev/null'
	try apply
	expect "full disk" 5 "cannot write to /var/lib/kubewright" "is the disk full or read-only?"
	on cp1 umount /var/lib/kubewright
}

systems() {
	on cp1 sh -c 'printf "#!/bin/sh\nexec /usr/bin/date -d \"+400 seconds\" \"\$@\"\n" >/usr/local/bin/date && chmod 755 /usr/local/bin/date'
	try apply
	expect "clock ahead" 6 "clock-skew: the clock is " "s ahead of this machine's"
	on cp1 rm /usr/local/bin/date
	on cp1 sh -c 'mv /etc/os-release /etc/os-release.own && printf "ID=fedora\nPRETTY_NAME=\"Fedora Linux 43\"\n" >/etc/os-release'
	try check
	expect "a system that is not tested" 0 "unsupported-system" "the system is Fedora Linux 43, which kubewright is not tested with"
	on cp1 mv /usr/bin/apt-get /usr/bin/apt-get.own
	try apply
	expect "unsupported system" 6 "unsupported-system: the system is Fedora Linux 43, its package manager none" "install Debian 12 or a supported Ubuntu"
	on cp1 sh -c 'mv /usr/bin/apt-get.own /usr/bin/apt-get && mv /etc/os-release.own /etc/os-release'
	try apply --set "kubernetes.repository.url=http://$BRIDGE:$PORT/core/"
	refused "repository that refuses" 6 "repository-unreachable: the package repository $BRIDGE, port $PORT: "
	try check
	refused "the host after all this" 0 "1 of 1 hosts looked at"
}

# ---- 5: packages ----------------------------------------------------------------------------------------------------------------

no_packages() { ! on cp1 dpkg-query -W -f '${db:Status-Abbrev}\n' kubelet kubeadm containerd.io containerd 2>/dev/null | grep '^.i' >/dev/null; }

repositories() {
	local url digits
	url=$(sed -n 's/^  repository: {url: "\([^"]*\)".*/\1/p' "$WORK/kubewright.yaml" | head -n 1)
	digits=$(sed -n 's/^  repository: {.*fingerprint: \([0-9A-F]*\).*/\1/p' "$WORK/kubewright.yaml" | head -n 1)
	# this one makes a store of its own: later it is the store of another cluster
	XDG_STATE_HOME=$WORK/another try apply --accept-new-host-keys --set kubernetes.repository.fingerprint="$(printf '%040d' 7)"
	expect "wrong fingerprint" 5 "the key at ${url}Release.key has the fingerprint $digits, not the pinned $(printf '%040d' 7)" "nothing was installed"
	ok "$flavour: and nothing was installed" no_packages
	is "$flavour: and the key was not kept" "$(on cp1 sh -c 'ls /etc/apt/keyrings /etc/apt/sources.list.d 2>/dev/null | grep -c kubewright')" 0
	try apply --set "kubernetes.repository.url=${url%/}/nowhere/"
	expect "repository that is not there" 5 "cannot download the key of the kubernetes package repository from ${url%/}/nowhere/Release.key" "can this host reach it?"
	ok "$flavour: and again nothing was installed" no_packages
}

# Unpacked but not configured; its script fails for as long as /run/kw-broken is there.
break_package() {
	on cp1 sh -c 'touch /run/kw-broken; mkdir -p /tmp/b/DEBIAN
		printf "Package: kw-broken\nVersion: 1\nArchitecture: all\nMaintainer: lab <lab@example.com>\nDescription: breaks\n" >/tmp/b/DEBIAN/control
		printf "#!/bin/sh\n! test -e /run/kw-broken\n" >/tmp/b/DEBIAN/postinst && chmod 755 /tmp/b/DEBIAN/postinst
		dpkg-deb -b /tmp/b /tmp/b.deb && dpkg --unpack /tmp/b.deb; rm -rf /tmp/b /tmp/b.deb' >/dev/null 2>&1
}
# dpkg's lock, held as another dpkg would, until /run/kw-held goes
hold_lock() {
	on cp1 touch /run/kw-held
	# shellcheck disable=SC2016
	on cp1 perl -MFcntl -e 'open(F, ">>", "/var/lib/dpkg/lock-frontend") or die; my $lock = pack("s s x4 q q l x4", F_WRLCK, 0, 0, 0, 0); fcntl(F, F_SETLK, $lock) or die;
		open(G, ">", "/run/kw-holds"); close(G); select(undef, undef, undef, 0.2) while -e "/run/kw-held"; unlink("/run/kw-holds")' &
	holder=$!
	until_ok 10 on cp1 test -e /run/kw-holds
}
says() { grep -qE -- "$1" "$WORK/case.out"; }
job_runs() { on cp1 systemctl is-active --quiet kubewright-packages; }

broken_and_locked() {
	local pid
	break_package
	try apply
	expect "a package that cannot be mended" 5 "package-manager-broken: dpkg was interrupted" "the package manager is broken and 'dpkg --configure -a' does not fix it"
	on cp1 rm /run/kw-broken
	hold_lock
	# a shell without job control starts what is in the background with SIGINT ignored
	setsid env --default-signal=INT "$KUBEWRIGHT" apply -v -f "$WORK/kubewright.yaml" </dev/null >"$WORK/case.out" 2>&1 &
	pid=$!
	ok "$flavour: a locked apt: apply says that it waits" until_ok 60 says 'lock.*waiting|[Ww]aiting for (cache )?lock'
	ok "$flavour: and waits" job_runs
	kill -INT "$pid"
	wait "$pid"
	status=$?
	expect "Ctrl-C during packages" 130 "cancelling: jobs on hosts finish there" "next: 'kubewright apply' continues where this stopped"
	ok "$flavour: the job continues without it" job_runs
	on cp1 rm /run/kw-held
	wait "$holder"
	apply converge
	[ "$status" = 0 ] || show converge
	is "$flavour: apply converges once apt is free (${seconds} s)" "$status" 0
	is "$flavour: the broken package was mended" "$(on cp1 dpkg-query -W -f '${db:Status-Status}' kw-broken)" installed
	is "$flavour: packages ran once more, not twice" "$(runs cp1 packages)" 4
	until_ok 60 ready_is 1 || true
	is "$flavour: one Ready node" "$(ready_nodes)" 1
}

# ---- 3 and 5: the living cluster ------------------------------------------------------------------------------------------------

# alive: what contradictions must leave alone
alive() { fingerprint cp1 | grep -v ' Lease/'; }
contradicts() {
	expect "$@"
	alive >"$WORK/alive.now"
	ok "$flavour: $1: nothing changed" diff "$WORK/alive" "$WORK/alive.now"
}

living() {
	local version other=$WORK/another/kubewright/lab/pki
	version=$(sed -n 's/^  version: //p' "$WORK/kubewright.yaml")
	ok "$flavour: CoreDNS runs" kc -n kube-system rollout status deployment/coredns --timeout=90s
	alive >"$WORK/alive"
	try apply --set "kubernetes.version=${version%.*}.99"
	contradicts "another version" 3 "the living cluster runs Kubernetes $version and the inventory says ${version%.*}.99" "apply never upgrades"
	on cp1 ip addr add "$NETWORK.99/24" dev eth0
	try apply --set "hosts.cp1.address=$NETWORK.99" --set "hosts.cp1.ssh.address=$NETWORK.11"
	contradicts "another address" 3 "cp1 has the address $NETWORK.11 in the living cluster and $NETWORK.99 in the inventory"
	on cp1 ip addr del "$NETWORK.99/24" dev eth0
	sed 's/name: cp1,/name: cp7,/' "$WORK/kubewright.yaml" >"$WORK/renamed.yaml"
	try apply -f "$WORK/renamed.yaml"
	contradicts "another name" 6 "other-name: this host was installed as cp1; the inventory calls it cp7"
	try apply --set cluster=other --accept-new-host-keys
	contradicts "another cluster" 6 "other-cluster: kubewright installed this host for the cluster lab; the inventory is for other"
	try apply --set "pki.store=$other"
	contradicts "the keys of another cluster" 5 "this host's cluster CA is not the one in $other" "nothing was changed"
	XDG_STATE_HOME=$WORK/fresh try apply --accept-new-host-keys
	contradicts "a machine without the keys takes them" 0 "copied the cluster's CAs from cp1 to $WORK/fresh/kubewright/lab/pki"
	ok "$flavour: they are the same" diff -r "$XDG_STATE_HOME/kubewright/lab/pki" "$WORK/fresh/kubewright/lab/pki"
	"$LAB" refuse w1
	"$LAB" inventory --single --hosts cp1,w1 >"$WORK/kubewright.yaml"
	try apply
	contradicts "a worker that is not there" 8 "w1" "fix the hosts above and run 'kubewright apply' again"
	"$LAB" heal w1
	"$LAB" inventory --single --hosts cp1 >"$WORK/kubewright.yaml"
	# last: DaemonSets see it come and go
	printf 'apiVersion: v1\nkind: Node\nmetadata: {name: cp8, labels: {node-role.kubernetes.io/control-plane: "", node-role.kubernetes.io/master: ""}}\n' |
		kc apply -f - >/dev/null
	try apply
	expect "a control plane that the inventory leaves out" 3 "the control plane cp8 () of the living cluster is not in the inventory" "apply never removes a host"
	kc delete node cp8 >/dev/null
}

# ---- reset ----------------------------------------------------------------------------------------------------------------------

# What may differ after a reset: records of apt and dpkg, the record of the reset itself, the linker's cache, and the accounts of services, which Debian
# keeps when their package is purged.
allowed() {
	grep -E '^[<>]' "$1" | grep -vE ' /var/lib/(apt|dpkg)/| /var/lib/kubewright/(history|jobs/reset/)' |
		grep -vE ' /etc/(ld\.so\.cache|\.pwd\.lock|(passwd|group|shadow|gshadow|subuid|subgid)-?)( |$)'
}
reset() {
	on cp1 dpkg --purge kw-broken >/dev/null 2>&1
	try reset --yes
	expect "reset" 0
	state_of cp1 >"$WORK/cp1.after"
	diff "$WORK/cp1.before" "$WORK/cp1.after" >"$WORK/diff"
	allowed "$WORK/diff" >"$WORK/left"
	is "$flavour: reset leaves nothing but records of apt, dpkg and itself" "$(wc -l <"$WORK/left")" 0
	head -n 40 "$WORK/left" | sed 's/^/#   /'
	ok "$flavour: ssh works after it" "$LAB" ssh cp1 true
	try check
	expect "check after reset" 0 "1 of 1 hosts looked at"
	grep -q leftovers "$WORK/case.out" && fail "$flavour: check after reset finds leftovers"
	try reset --yes
	expect "reset again" 0
}

for flavour in "$@"; do
	if ! flavour_present "$flavour"; then
		skip "$flavour: no Kubernetes release in $RELEASE"
		continue
	fi
	scenario "bad input, $flavour"
	fresh "$flavour" --hosts cp1,w1
	"$LAB" inventory --single --hosts cp1 >"$WORK/kubewright.yaml"
	state_of cp1 >"$WORK/cp1.before"
	for part in usage wrong_manifest connections logins identities leftovers full_disks systems repositories broken_and_locked living reset; do
		note "$part"
		$part
	done
	scenario_end
done
summary
