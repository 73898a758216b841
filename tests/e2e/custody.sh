#!/usr/bin/env bash
# pki.ca-keys: operator. A cluster comes up, a worker and a control plane join again, certificates are renewed and requests signed, and at no time is a key of a CA on
# any host: in no file, log or journal, neither as PEM nor as the bytes of its scalar.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

PKI=/etc/kubernetes/pki
STORE() { printf '%s' "$XDG_STATE_HOME/kubewright/lab/pki"; }
HOSTS="cp1 cp2 cp3 w1 w2"

# The lines of the keys' bodies that hold the private half, and those of their PEM in base64 as kubeconfigs and parameters have it, from each of its three beginnings.
patterns() {
	local key
	for key in ca.key etcd/ca.key front-proxy-ca.key; do
		grep -v -- ----- "$(STORE)/$key" | head -n 2
		for skip in 0 1 2; do
			tail -c "+$((1 + skip))" "$(STORE)/$key" | base64 -w 0 | cut -c 49-112
		done
	done
}
# The private scalar of a key in PCRE: \x.. of each byte.
scalar() { openssl pkey -in "$1" -noout -text 2>/dev/null | sed -n '/^priv:/,/^pub:/p' | grep '^ ' | tr -d ' \n:' | sed 's/^00//; s/../\\x&/g'; }

# Patterns go in on stdin: nothing of them is written on the host, nor in its list of processes.
nowhere() {
	local h key hit mark=searched-$RANDOM$RANDOM
	patterns >"$WORK/patterns"
	ok "$flavour: $1: there is something to look for" test "$(wc -l <"$WORK/patterns")" -ge 12
	for h in $HOSTS; do
		# each search is for something more, which is there: one that did not run finds nothing
		"$LAB" exec "$h" sh -c "echo $mark-file >/root/searched; logger $mark-journal; journalctl --sync"
		hit=$("$LAB" exec "$h" sh -c 'grep -rlsF -D skip -f - --exclude-dir=proc --exclude-dir=sys / | head -n 3' < <(cat "$WORK/patterns" - <<<"$mark-file"))
		is "$flavour: $1: no file of $h has a line of a CA's key" "$hit" /root/searched
		hit=$("$LAB" exec "$h" sh -c 'exec 3<&0; journalctl --no-pager -o cat -a 2>/dev/null </dev/null | grep -F -f /dev/fd/3' < <(cat "$WORK/patterns" - <<<"$mark-journal"))
		is "$flavour: $1: nor has its journal" "$hit" "$mark-journal"
		ok "$flavour: $1: the disk of $h is there" test -e "$STATE/hosts/$h/disk/upper/root/searched"
		for key in ca.key etcd/ca.key front-proxy-ca.key; do
			hit=$(LC_ALL=C grep -rlsaP -D skip -- "$(scalar "$(STORE)/$key")" "$STATE/hosts/$h/disk" 2>/dev/null | head -n 3)
			is "$flavour: $1: no file of $h has the scalar of $key" "$hit" ""
		done
	done
	# the search itself finds what is there
	ok "$flavour: $1: it would be found" grep -qF -f "$WORK/patterns" "$(STORE)/ca.key"
	for h in cp1 cp2 cp3; do
		is "$flavour: $1: $h has sa.key and no other key of all" \
			"$("$LAB" exec $h sh -c "cd $PKI && ls ca.key etcd/ca.key front-proxy-ca.key sa.key 2>/dev/null")" sa.key
	done
}
signs_nothing() {
	local h
	for h in cp1 cp2 cp3; do
		is "$flavour: $1: the controller manager of $h has no key to sign with" \
			"$("$LAB" exec $h sh -c 'grep -c "cluster-signing-.*-file=." /etc/kubernetes/manifests/kube-controller-manager.yaml')" 0
	done
}

# request NAME CN O SIGNER USAGES [AS [GROUPS]]: a CertificateSigningRequest as somebody sends it.
request() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$WORK/$1.key" -subj "/O=$3/CN=$2" -out "$WORK/$1.csr" 2>/dev/null
	local group as=()
	for group in ${6:+${7:-system:nodes} system:authenticated}; do as+=(--as-group="$group"); done
	kc ${6:+--as="$6"} "${as[@]}" create -f - <<-TEXT >/dev/null
		{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"$1"},
		 "spec":{"request":"$(base64 -w 0 <"$WORK/$1.csr")","signerName":"$4","usages":[$5]}}
	TEXT
}
certificate_of() { kc get csr "$1" -o jsonpath='{.status.certificate}' | base64 -d; }
CLIENT=kubernetes.io/kube-apiserver-client-kubelet
USAGES='"digital signature","client auth"'

requests() {
	# who may act as a Node's kubelet, the operator may
	request asks-right system:node:w1 system:nodes "$CLIENT" "$USAGES" system:node:w1 || fail "$flavour: a request of w1's kubelet"
	# an API server lets no kubelet ask for another's certificate; who has a token may ask for anyone's, and is approved
	request asks-other system:node:cp1 system:nodes "$CLIENT" "$USAGES" system:bootstrap:abcdef \
		"system:bootstrappers system:bootstrappers:kubeadm:default-node-token" || fail "$flavour: a request for cp1 by a token"
	request asks-admin system:node:w1 system:masters "$CLIENT" "$USAGES" system:node:w1 2>/dev/null
	sleep 5
	is "$flavour: the request waits" "$(certificate_of asks-right)" ""
	kw named certs sign asks-other --yes -f "$WORK/kubewright.yaml"
	ok "$flavour: one for another Node is not signed when it is named" test "$status" -ne 0
	has "$flavour: and the reason is shown" "$WORK/named.out" "there is a Node 'cp1', and it is not the one that asks"
	kw sign certs sign --yes -f "$WORK/kubewright.yaml"
	show sign 30
	is "$flavour: certs sign ends with 8, as something was refused" "$status" 8
	certificate_of asks-right >"$WORK/signed.pem"
	ok "$flavour: the certificate verifies" openssl verify -CAfile "$(STORE)/ca.crt" "$WORK/signed.pem"
	is "$flavour: for the Node that asked" "$(openssl x509 -in "$WORK/signed.pem" -noout -subject -nameopt RFC2253)" "subject=CN=system:node:w1,O=system:nodes"
	is "$flavour: and its key" "$(openssl x509 -in "$WORK/signed.pem" -noout -pubkey)" "$(openssl pkey -in "$WORK/asks-right.key" -pubout)"
	is "$flavour: that for another Node was not signed" "$(certificate_of asks-other)" ""
	kw status status -f "$WORK/kubewright.yaml"
	kc delete csr asks-right asks-other asks-admin >/dev/null 2>&1
	kw none certs sign --yes -f "$WORK/kubewright.yaml"
	is "$flavour: then nobody waits" "$status $(grep -c 'waits for a certificate' "$WORK/none.out")" "0 1"
	nowhere "after certs sign"
}

again() {
	local h
	for h in w2 cp3; do
		kw rejoin rejoin $h --yes -f "$WORK/kubewright.yaml"
		is "$flavour: rejoin $h ends with 0 (${seconds} s)" "$status" 0 || show rejoin 30
	done
	ok "$flavour: all Nodes are Ready" until_ok 120 ready_is 5
	nowhere "after a rejoin"
	signs_nothing "after a rejoin"
}

renewed() {
	local h before after
	before=$(for h in $HOSTS; do "$LAB" exec "$h" openssl x509 -in /var/lib/kubelet/pki/kubelet-client-current.pem -noout -serial; done)
	kw renew certs renew --yes -f "$WORK/kubewright.yaml"
	is "$flavour: certs renew ends with 0 (${seconds} s)" "$status" 0 || show renew 40
	after=$(for h in $HOSTS; do "$LAB" exec "$h" openssl x509 -in /var/lib/kubelet/pki/kubelet-client-current.pem -noout -serial; done)
	is "$flavour: those that were just made stay, and kubelets have them still" "$after" "$before"
	ok "$flavour: all Nodes are Ready" until_ok 120 ready_is 5
	nowhere "after certs renew"
}

# Settings go through kubeadm, which wants all kubeconfigs where there is no CA's key.
settings() {
	cp "$WORK/kubewright.yaml" "$WORK/before.yaml"
	printf 'kubeadm: {extra: {ClusterConfiguration: {scheduler: {extraArgs: %s}}}}\n' \
		"$([ "$flavour" = release ] && echo '[{name: v, value: "3"}]' || echo '{v: "3"}')" >>"$WORK/kubewright.yaml"
	apply changed
	is "$flavour: a setting of the control plane is changed (${seconds} s)" "$status" 0 || show changed 30
	for h in cp2 cp3; do
		ok "$flavour: $h has it" "$LAB" exec $h grep -q -- --v=3 /etc/kubernetes/manifests/kube-scheduler.yaml
		ok "$flavour: and no super-admin.conf is left on $h" "$LAB" exec $h sh -c '[ ! -e /etc/kubernetes/super-admin.conf ] && [ ! -L /etc/kubernetes/super-admin.conf ]'
	done
	signs_nothing "after a change of settings"
	nowhere "after a change of settings"
}

other_mode() {
	sed 's/ca-keys: operator/ca-keys: cluster/' "$WORK/kubewright.yaml" >"$WORK/other.yaml"
	kw other apply -f "$WORK/other.yaml"
	ok "$flavour: the mode of a living cluster stays" test "$status" -ne 0
	has "$flavour: and that is said" "$WORK/other.out" "pki.ca-keys"
	mv "$(STORE)" "$WORK/kept"
	kw lost apply -f "$WORK/kubewright.yaml"
	ok "$flavour: without the store nothing goes" test "$status" -ne 0
	has "$flavour: and that is said" "$WORK/lost.out" "on no host"
	mv "$WORK/kept" "$(STORE)"
}

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "custody, $flavour"
	fresh "$flavour" --hosts cp1,cp2,cp3,w1,w2
	inventory
	printf 'pki: {ca-keys: operator}\n' >>"$WORK/kubewright.yaml"
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first 60
	ok "$flavour: all its Nodes get Ready" until_ok 600 ready_is 5
	nowhere "after the installation"
	signs_nothing "after the installation"
	is "$flavour: no request waits" "$(kc get csr --no-headers 2>/dev/null | grep -c Pending)" 0
	apply second
	is "$flavour: a second apply ends with 0 (${seconds} s)" "$status" 0 || show second 30
	for part in ${E2E_PARTS:-again requests renewed settings other_mode}; do $part; done
	ok "$flavour: no secret is readable" secrets_hidden
	scenario_end
done
summary
