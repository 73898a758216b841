#!/usr/bin/env bash
# pki.kubelet-serving of a living cluster: every kubelet gets a certificate of the cluster's CA, API servers verify it, and back; a request for another name is not
# approved; a new worker gets its own, and one that is lost is made again by itself. E2E_PARTS: on other joins renewed off operator; default all.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

PKI=/etc/kubernetes/pki
STORE() { printf '%s' "$XDG_STATE_HOME/kubewright/lab/pki"; }
SERVING=/var/lib/kubelet/pki/kubelet-server-current.pem
ARGUMENT=kubelet-certificate-authority=$PKI/ca.crt
address_of() { kc get node "$1" -o jsonpath='{.status.addresses[?(@.type=="InternalIP")].address}'; }

# what a restart has cut, it makes again
reaches() { [ "$(kc get --raw "/api/v1/nodes/$1/proxy/healthz" 2>/dev/null)" = ok ]; }
serving() { sed -i "s/kubelet-serving: [a-z]*/kubelet-serving: $1/" "$WORK/kubewright.yaml"; }
# shown FROM HOST: a verified read of the kubelet's port, by the CA of this machine's key store and by curl alone
shown() {
	"$LAB" exec "$1" sh -c 'cat >/root/ca.crt' <"$(STORE)/ca.crt" &&
		[ "$("$LAB" exec "$1" curl -s -o /dev/null -w '%{http_code}' --max-time 5 --cacert /root/ca.crt "https://$(address_of "$2"):10250/healthz")" = 401 ]
}
# all_shown WHEN HOSTS…
all_shown() {
	local when=$1 h
	shift
	for h in "$@"; do
		ok "$flavour: $when: the port of $h verifies" until_ok 60 shown cp1 "$h"
		ok "$flavour: $when: its certificate is of the cluster's CA" \
			"$LAB" exec "$h" sh -c "openssl x509 -in $SERVING -noout -issuer -subject -nameopt RFC2253 | grep -q 'subject=CN=system:node:$h,O=system:nodes'"
		# the way of logs, exec and metrics
		ok "$flavour: $when: the API server reaches it" until_ok 30 reaches "$h"
	done
}
verifies() { "$LAB" exec "$1" grep -c -- "--$ARGUMENT" $PKI/../manifests/kube-apiserver.yaml; }
# verify_is N HOW: so many arguments in each manifest, and in the processes that run
verify_is() {
	local h
	for h in cp1 cp2 cp3; do
		is "$flavour: $2: the manifest of $h" "$(verifies $h)" "$1"
		is "$flavour: $2: the API server of $h" "$("$LAB" exec $h sh -c "tr '\0' '\n' </proc/\$(pgrep -f '^kube-apiserver ')/cmdline | grep -c -- '--$ARGUMENT'")" "$1"
	done
}
# logs and exec through each API server, not only the one that has the virtual IP
logs_work() {
	local h pod
	pod=$(kc -n kube-system get pods -o name --field-selector spec.nodeName="$1" | grep kube-proxy)
	for h in cp1 cp2 cp3; do
		ok "$flavour: $2: logs of $1 through $h" "$LAB" exec $h kubectl --kubeconfig /etc/kubernetes/admin.conf --server https://127.0.0.1:6443 --tls-server-name kubernetes \
			-n kube-system logs --tail 1 "$pod"
	done
}
timer_is() {
	local h
	for h in cp1 cp2 cp3; do
		is "$flavour: $2: the timer of $h" "$("$LAB" exec $h systemctl is-active kubewright-approve-kubelets.timer)" "$1"
	done
}
is_signed() { [ -n "$(kc get csr "$1" -o jsonpath='{.status.certificate}')" ]; }
waits() { [ "$(waiting)" = "$1" ]; }
waiting() { kc get csr --no-headers 2>/dev/null | grep -c Pending; }

on() {
	serving cluster
	kw planned plan -f "$WORK/kubewright.yaml"
	has "$flavour: plan says what will be done" "$WORK/planned.out" "approve-kubelets"
	has "$flavour: and to kubelets" "$WORK/planned.out" "serverTLSBootstrap"
	has "$flavour: and to API servers" "$WORK/planned.out" "then has API servers verify them"
	verify_is 0 "after plan"
	killed settings@any apply
	killed trust-kubelets@any apply
	writes_begin
	apply on
	writes_end
	is "$flavour: switched on (${seconds} s)" "$status" 0 || show on 60
	is "$flavour: no acknowledged write is lost" "$(writes_lost)" 0
	figure "kubelets' certificates: ${seconds} s; $(writes_told)"
	all_shown "on" cp1 cp2 cp3 w1 w2
	verify_is 1 "on"
	timer_is active "on"
	for h in cp2 w1; do logs_work $h "on"; done
	ok "$flavour: exec works" pods_talk
	kc delete pod talk-w1 talk-w2 --grace-period=0 --force >/dev/null 2>&1
	is "$flavour: the names are root's alone" "$("$LAB" exec cp2 stat -c %a:%U /etc/kubewright/kubelets)" 600:root
	apply again
	is "$flavour: then there is nothing to do" "$status $(grep -c 'nothing was changed' "$WORK/again.out")" "0 1" || show again
	kw healthy status -f "$WORK/kubewright.yaml"
	is "$flavour: nothing is found" "$(grep -c 'requests-waiting\|kubelet-unreachable\|manifest-changed\|kubelet-config-changed' "$WORK/healthy.out")" 0 || show healthy
}

# By the credentials of w1's own kubelet: for a name of the API server, and for another Node.
ask_as_w1() {
	"$LAB" exec w1 sh -s "$@" <<'END'
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /root/k -subj "/O=system:nodes/CN=$2" -addext "subjectAltName=$3" -out /root/r 2>/dev/null
printf '{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"%s"},"spec":{"request":"%s","signerName":"kubernetes.io/kubelet-serving","usages":["digital signature","server auth"]}}' \
	"$1" "$(base64 -w 0 </root/r)" | kubectl --kubeconfig /etc/kubernetes/kubelet.conf create -f - >/dev/null
END
}
# judged NAME: an approver has looked at this request of w1, and says why it waits
judged() { "$LAB" exec cp1 journalctl -u kubewright-approve-kubelets --no-pager -o cat | grep -q "^$1 of w1 waits"; }
told() { "$KUBEWRIGHT" status -f "$WORK/kubewright.yaml" 2>&1 | grep -q requests-waiting; }
other() {
	ask_as_w1 names system:node:w1 DNS:w1,DNS:kubernetes || fail "$flavour: a request of w1 for another name"
	ask_as_w1 address system:node:w1 "DNS:w1,IP:$(address_of cp1)" || fail "$flavour: a request of w1 for another address"
	ask_as_w1 own system:node:w1 "DNS:w1,IP:$(address_of w1)" || fail "$flavour: a request of w1 for its own"
	ok "$flavour: its own is signed" until_ok 90 is_signed own
	ok "$flavour: another name is judged" until_ok 120 judged names
	ok "$flavour: another address, too" until_ok 120 judged address
	is "$flavour: the other two wait" "$(waiting)" 2
	is "$flavour: and neither has a certificate" "$(kc get csr names address -o jsonpath='{range .items[*]}{.status}{end}' | tr -d '{}')" ""
	has "$flavour: the journal says of whom and why" <("$LAB" exec cp1 journalctl -u kubewright-approve-kubelets --no-pager -o cat) \
		'names of w1 waits, for it is not right: it asks for other names than w1 and'
	is "$flavour: once" "$("$LAB" exec cp1 journalctl -u kubewright-approve-kubelets --no-pager -o cat | grep -c '^names of w1 waits')" 1
	ok "$flavour: status reports them" until_ok 120 told
	kc delete csr names address own >/dev/null
}

joins() {
	"$LAB" inventory --hosts cp1,cp2,cp3,w1,w2,w3 >"$WORK/more.yaml"
	sed -i "/name: w2,/a\\$(grep 'name: w3,' "$WORK/more.yaml" | sed 's/^ */  /')" "$WORK/kubewright.yaml"
	apply joined
	is "$flavour: a new worker joins (${seconds} s)" "$status" 0 || show joined 40
	all_shown "joined" w3
	logs_work w3 "joined"
	is "$flavour: cp3 knows its name" "$("$LAB" exec cp3 grep -c '^w3 ' /etc/kubewright/kubelets)" 1
	kw removed remove w3 --yes -f "$WORK/kubewright.yaml"
	is "$flavour: and is removed (${seconds} s)" "$status" 0 || show removed 40
	is "$flavour: its name is taken away with it" "$("$LAB" exec cp3 grep -c '^w3 ' /etc/kubewright/kubelets)" 0
	sed -i '/name: w3,/d' "$WORK/kubewright.yaml"
}

# One that is lost or has run out is asked for again by the kubelet, and nobody is there.
renewed() {
	local before
	before=$("$LAB" exec w2 openssl x509 -in $SERVING -noout -serial)
	"$LAB" exec w2 sh -c 'rm -f /var/lib/kubelet/pki/kubelet-server-*.pem && systemctl restart kubelet'
	ok "$flavour: a kubelet without a certificate gets another" until_ok 120 shown cp1 w2
	ok "$flavour: it is another" test "$("$LAB" exec w2 openssl x509 -in $SERVING -noout -serial)" != "$before"
	logs_work w2 "renewed"
	before=$("$LAB" exec w2 openssl x509 -in $SERVING -noout -serial)
	kw renew certs renew w2 kubelet-serving --yes -f "$WORK/kubewright.yaml"
	is "$flavour: certs renew leaves one that is new (${seconds} s)" "$status $("$LAB" exec w2 openssl x509 -in $SERVING -noout -serial)" "0 $before" || show renew
	has "$flavour: and knows it" "$WORK/renew.out" 'w2 +kubelet-serving .* new'
	all_shown "renewed" w2
	# pods trust the earlier one alone, which is why it is forced
	for step in begin --reissue "--forget --force"; do
		# shellcheck disable=SC2086 # words
		kw rotated certs rotate ca ${step#begin} --yes -f "$WORK/kubewright.yaml"
		is "$flavour: certs rotate ca $step ends with 0 (${seconds} s)" "$status" 0 || show rotated 40
		all_shown "rotate $step" cp1 cp2 cp3 w1 w2
	done
}

off() {
	serving self
	"$LAB" cut cp3
	kw without apply --connect-timeout 5 -f "$WORK/kubewright.yaml"
	is "$flavour: a control plane that is away is left (${seconds} s)" "$status" 8 || show without 40
	has "$flavour: kubelets keep their certificates for that" "$WORK/without.out" "the API server of cp3 may verify them still"
	"$LAB" heal cp3
	all_shown "while cp3 may verify" w1 w2
	killed settings@any apply
	apply off
	is "$flavour: switched off (${seconds} s)" "$status" 0 || show off 60
	verify_is 0 "off"
	timer_is inactive "off"
	for h in cp2 w1; do logs_work $h "off"; done
	is "$flavour: nothing of it is left" "$("$LAB" exec cp2 sh -c 'ls /etc/kubewright/*kubelets /etc/systemd/system/kubewright-approve* 2>/dev/null | wc -l')" 0
	is "$flavour: no request waits" "$(waiting)" 0
	apply gone
	is "$flavour: then there is nothing to do" "$status $(grep -c 'nothing was changed' "$WORK/gone.out")" "0 1" || show gone
}

# Where no control plane can sign, apply does.
operator() {
	sed -i 's/kubelet-serving: [a-z]*/ca-keys: operator, kubelet-serving: cluster/' "$WORK/kubewright.yaml"
	apply operator
	is "$flavour: with the CA's key here alone (${seconds} s)" "$status" 0 || show operator 60
	all_shown "operator" cp1 cp2 cp3 w1 w2
	verify_is 1 "operator"
	timer_is inactive "operator"
	"$LAB" exec w1 sh -c 'rm -f /var/lib/kubelet/pki/kubelet-server-*.pem && systemctl restart kubelet'
	ok "$flavour: a request waits" until_ok 120 waits 1
	kw sign certs sign --yes -f "$WORK/kubewright.yaml"
	is "$flavour: certs sign signs it (${seconds} s)" "$status" 0 || show sign
	all_shown "signed" w1
}

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "serving, $flavour"
	fresh "$flavour" --hosts cp1,cp2,cp3,w1,w2,w3
	inventory --hosts cp1,cp2,cp3,w1,w2
	printf 'pki: {kubelet-serving: self}\n' >>"$WORK/kubewright.yaml"
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first 60
	ok "$flavour: all its Nodes get Ready" until_ok 600 ready_is 5
	verify_is 0 "at first"
	timer_is inactive "at first"
	for part in ${E2E_PARTS:-on other joins renewed off operator}; do $part; done
	ok "$flavour: no secret is readable" secrets_hidden
	scenario_end
done
summary
