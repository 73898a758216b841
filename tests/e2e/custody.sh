#!/usr/bin/env bash
# pki.ca-keys: operator. A cluster comes up, a worker and a control plane join again, certificates are renewed and requests signed, and at no time is a key of a CA on
# any host: in no file, log or journal, neither as PEM nor as the bytes of its scalar. The living cluster changes to the other mode and back. And another one, whose CAs
# a company's CA signs. E2E_PARTS: again requests renewed settings both_ways other_machine company; default all.
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

mode() { sed -i "s/ca-keys: [a-z]*/ca-keys: $1/" "$WORK/kubewright.yaml"; }
keys_of() { "$LAB" exec "$1" sh -c "cd $PKI && ls ca.key etcd/ca.key front-proxy-ca.key 2>/dev/null | tr '\n' ' '"; }
signs_with_it() {
	local h
	for h in cp1 cp2 cp3; do
		is "$flavour: $1: $h has the keys of the CAs" "$(keys_of $h)" "ca.key etcd/ca.key front-proxy-ca.key "
		ok "$flavour: $1: and its controller manager the cluster's to sign with" \
			"$LAB" exec $h grep -q "cluster-signing-key-file=$PKI/ca.key" /etc/kubernetes/manifests/kube-controller-manager.yaml
	done
}
is_signed() { [ -n "$(certificate_of "$1")" ]; }

# To the other mode and back on the living cluster, each way killed once on the first and once on a later control plane, and once without a control plane.
both_ways() {
	local renewed=/var/lib/kubewright/renewed
	request waits system:node:w1 system:nodes "$CLIENT" "$USAGES" system:node:w1 || fail "$flavour: a request of w1's kubelet"
	sleep 5
	is "$flavour: it waits" "$(certificate_of waits)" ""
	mode cluster
	kw planned plan -f "$WORK/kubewright.yaml"
	has "$flavour: plan says what will be done" "$WORK/planned.out" "puts the keys of the CAs onto the host"
	is "$flavour: and nothing was done" "$(keys_of cp1)" ""
	killed components@any apply
	killed components@any apply
	apply back
	is "$flavour: the keys go back (${seconds} s)" "$status" 0 || show back 40
	signs_with_it "back"
	ok "$flavour: what waited is signed by itself" until_ok 120 is_signed waits
	certificate_of waits >"$WORK/waits.pem"
	ok "$flavour: and verifies" openssl verify -CAfile "$(STORE)/ca.crt" "$WORK/waits.pem"
	kc delete csr waits >/dev/null 2>&1
	apply still
	is "$flavour: then there is nothing to do (${seconds} s)" "$status" 0 || show still 30
	is "$flavour: no manifest was written again" "$(grep -c 'the CAs. keys\|kube-controller-manager gets' "$WORK/still.out")" 0

	# copies that a renewal and an upgrade may have left
	"$LAB" exec cp2 sh -c "umask 077; mkdir -p $renewed /etc/kubernetes/tmp/kubeadm-backup-1 && cp $PKI/front-proxy-ca.key $renewed/%etc%kubernetes%pki%front-proxy-ca.key &&
		cp $PKI/ca.key /etc/kubernetes/tmp/kubeadm-backup-1/ca.key && cp $PKI/etcd/ca.key /etc/kubernetes/etcd-ca.key.bak"
	mode operator
	mv "$(STORE)" "$WORK/kept"
	kw lost apply -f "$WORK/kubewright.yaml"
	ok "$flavour: no key goes that this machine has not" test "$status" -ne 0
	has "$flavour: and that is said" "$WORK/lost.out" "nothing was changed"
	mv "$WORK/kept" "$(STORE)"
	signs_with_it "without the store"
	killed components@any apply
	killed components@any apply
	"$LAB" cut cp3
	kw without apply --connect-timeout 5 -f "$WORK/kubewright.yaml"
	is "$flavour: a control plane that is away is left (${seconds} s)" "$status" 8 || show without 40
	has "$flavour: and named" "$WORK/without.out" "cp3"
	"$LAB" heal cp3
	kw status status -f "$WORK/kubewright.yaml"
	[ -z "$(keys_of cp3)" ] || has "$flavour: status names it while it has keys" "$WORK/status.out" "keys of CAs are in"
	apply away
	is "$flavour: the keys leave the hosts (${seconds} s)" "$status" 0 || show away 40
	ok "$flavour: all Nodes are Ready" until_ok 120 ready_is 5
	nowhere "after they left"
	signs_nothing "after they left"
	apply gone
	is "$flavour: then there is nothing to do (${seconds} s)" "$status" 0 || show gone 30
	is "$flavour: no manifest was written again" "$(grep -c 'kube-controller-manager gets' "$WORK/gone.out")" 0
	kw healthy status -f "$WORK/kubewright.yaml"
	is "$flavour: nothing is found" "$(grep -c 'ca-key-on-host\|keys of CAs are in\|copy of the key of a CA\|manifest-changed\|certificate-lost' "$WORK/healthy.out")" 0 || show healthy 40
}

other_machine() {
	mv "$(STORE)" "$WORK/kept"
	kw lost apply -f "$WORK/kubewright.yaml"
	ok "$flavour: without the store nothing goes" test "$status" -ne 0
	has "$flavour: and that is said" "$WORK/lost.out" "on no host"
	mv "$WORK/kept" "$(STORE)"
}

# ---- CAs that a company's CA signs

# company_ca NAME [ISSUER]: with its key, by openssl alone.
company_ca() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$WORK/$1.key" -subj "/O=Company/CN=Company $1" -out "$WORK/$1.csr" 2>/dev/null
	printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n' >"$WORK/$1.ext"
	if [ -n "${2-}" ]; then
		openssl x509 -req -in "$WORK/$1.csr" -CA "$WORK/$2.crt" -CAkey "$WORK/$2.key" -CAcreateserial -days 3650 -extfile "$WORK/$1.ext" -out "$WORK/$1.crt" 2>/dev/null
	else
		openssl x509 -req -in "$WORK/$1.csr" -signkey "$WORK/$1.key" -days 3650 -extfile "$WORK/$1.ext" -out "$WORK/$1.crt" 2>/dev/null
	fi
}
# company_signs CA OUT [LINE]: the request of that CA, by the issuing one; LINE instead of what it is to have.
company_signs() {
	printf '%s\nkeyUsage=critical,digitalSignature,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' \
		"${3:-basicConstraints=critical,CA:TRUE,pathlen:0}" >"$WORK/sub.ext"
	openssl x509 -req -in "$WORK/requests/lab-$1.csr" -CA "$WORK/Issuing.crt" -CAkey "$WORK/Issuing.key" -CAcreateserial -days 1825 -extfile "$WORK/sub.ext" -out "$2" 2>/dev/null
}
keys_here() { (cd "$(STORE)" && sha256sum ca.key etcd/ca.key front-proxy-ca.key sa.key); }

company_store() {
	local ca before
	company_ca Root
	company_ca Issuing Root
	kw csr certs csr --out "$WORK/requests" -f "$WORK/kubewright.yaml"
	is "$flavour: certs csr ends with 0 (${seconds} s)" "$status" 0 || show csr
	before=$(keys_here)
	kw again certs csr --out "$WORK/requests" -f "$WORK/kubewright.yaml"
	is "$flavour: again: the same keys" "$status $(keys_here)" "0 $before"
	kw early apply -f "$WORK/kubewright.yaml"
	ok "$flavour: no cluster is made before they are signed" test "$status" -ne 0
	has "$flavour: and that is said" "$WORK/early.out" "certs import"
	for ca in ca etcd-ca front-proxy-ca; do
		ok "$flavour: the request of $ca is right" openssl req -in "$WORK/requests/lab-$ca.csr" -noout -verify
		company_signs $ca "$WORK/lab-$ca.crt"
	done
	company_signs ca "$WORK/leaf.crt" basicConstraints=critical,CA:FALSE
	kw bad certs import "$WORK/leaf.crt" "$WORK/lab-etcd-ca.crt" "$WORK/lab-front-proxy-ca.crt" "$WORK/Issuing.crt" "$WORK/Root.crt" -f "$WORK/kubewright.yaml"
	ok "$flavour: one that is not a CA's is refused" test "$status" -ne 0
	kw short certs import "$WORK"/lab-*.crt "$WORK/Issuing.crt" -f "$WORK/kubewright.yaml"
	ok "$flavour: a chain without its end is refused" test "$status" -ne 0
	has "$flavour: and it is said where it ends" "$WORK/short.out" "Company Root"
	is "$flavour: and nothing changed" "$(keys_here) $([ -e "$(STORE)/ca.crt" ] && echo certificate)" "$before "
	kw import certs import "$WORK"/lab-*.crt "$WORK/Issuing.crt" "$WORK/Root.crt" -f "$WORK/kubewright.yaml"
	is "$flavour: certs import ends with 0 (${seconds} s)" "$status" 0 || show import
	kw twice certs import "$WORK"/lab-*.crt "$WORK/Issuing.crt" "$WORK/Root.crt" -f "$WORK/kubewright.yaml"
	has "$flavour: and again there is nothing to do" "$WORK/twice.out" "nothing to do"
}

company() {
	local h
	scenario "custody, a company's CA, $flavour"
	fresh "$flavour" --hosts cp1,cp2,cp3,w1,w2
	inventory
	printf 'pki: {ca-keys: operator}\n' >>"$WORK/kubewright.yaml"
	company_store
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first 60
	ok "$flavour: all its Nodes get Ready" until_ok 600 ready_is 5
	for h in cp1 cp2 cp3; do
		"$LAB" exec $h cat $PKI/apiserver.crt >"$WORK/apiserver.pem"
		ok "$flavour: $h: what serves the API has a chain to the company" \
			openssl verify -CAfile "$WORK/Root.crt" -untrusted "$WORK/Issuing.crt" -untrusted "$WORK/lab-ca.crt" "$WORK/apiserver.pem"
		is "$flavour: $h: the company's CA is nobody's client CA" "$("$LAB" exec $h grep -c BEGIN $PKI/ca.crt $PKI/etcd/ca.crt | tr '\n' ' ')" "$PKI/ca.crt:1 $PKI/etcd/ca.crt:1 "
	done
	nowhere "with a company's CA"
	# a controller manager signs with a file of one certificate
	mode cluster
	apply signs
	is "$flavour: control planes sign (${seconds} s)" "$status" 0 || show signs 40
	signs_with_it "with a company's CA"
	request one system:node:w1 system:nodes "$CLIENT" "$USAGES" system:node:w1 || fail "$flavour: a request of w1's kubelet"
	ok "$flavour: a request is signed by itself" until_ok 120 is_signed one
	certificate_of one >"$WORK/one.pem"
	ok "$flavour: with a chain to the company" openssl verify -CAfile "$WORK/Root.crt" -untrusted "$WORK/Issuing.crt" -untrusted "$WORK/lab-ca.crt" "$WORK/one.pem"
	scenario_end
}

parts=${E2E_PARTS:-again requests renewed settings both_ways other_machine company}
living() {
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
	for part in ${parts/company/}; do $part; done
	ok "$flavour: no secret is readable" secrets_hidden
	scenario_end
}

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	[ "$parts" = company ] || living
	case " $parts " in *' company '*) company ;; esac
done
summary
