#!/usr/bin/env bash
# Another CA takes the place of the front proxy's, then of etcd's, then another key that of service accounts, then another CA that of the cluster, while a writer goes through the virtual IP: killed in each
# step of each phase and continued. Seen by openssl and by what servers accept: clients, and tokens, of both meanwhile, and none of the earlier one in the end.
# In E2E_PARTS alone: front_proxy, etcd, sa, ca.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

PKI=/etc/kubernetes/pki
CPS="cp1 cp2 cp3"
rotate() { kw "$1" certs rotate "${@:2}" --yes -f "$WORK/kubewright.yaml"; }
on() { "$LAB" exec "$1" sh -s <<<"$2"; }
# in_file HOST FILE: how many certificates there are
in_file() { "$LAB" exec "$1" grep -c BEGIN "$PKI/$2"; }
# issuer of what a port of a host shows
shown() { "$LAB" exec "$1" sh -c "openssl s_client -connect \$(hostname -I | cut -d' ' -f1):$2 </dev/null 2>/dev/null | openssl x509 -noout -issuer"; }
# sha256 of the SubjectPublicKeyInfo of the first CA in a file
key_of() { "$LAB" exec "$1" sh -c "openssl x509 -in $PKI/$2 -noout -pubkey | sha256sum | cut -c1-16"; }
# client HOST NAME CA CN: /root/NAME.crt and .key, signed by the CA that signs on that host at the moment
client() {
	on "$1" "cd /root && openssl req -newkey rsa:2048 -nodes -keyout $2.key -subj /CN=$4 -out csr 2>/dev/null &&
		printf 'extendedKeyUsage=clientAuth\n' >ext && openssl x509 -in $PKI/$3.crt -out first.crt &&
		openssl x509 -req -in csr -CA first.crt -CAkey $PKI/$3.key -CAserial /root/serial -CAcreateserial -extfile ext -days 3 -out $2.crt 2>/dev/null"
}
# What a server makes of such a client: of the front proxy, which may speak for anybody; of etcd.
as_proxy() {
	"$LAB" exec "$1" curl -sk --max-time 10 -o /dev/null -w '%{http_code}' --cert "/root/$2.crt" --key "/root/$2.key" \
		-H 'X-Remote-User: e2e' -H 'X-Remote-Group: system:masters' https://127.0.0.1:6443/api/v1/namespaces/default
}
as_etcd() { "$LAB" exec "$1" curl -sk --max-time 10 -o /dev/null -w '%{http_code}' --cert "/root/$2.crt" --key "/root/$2.key" https://127.0.0.1:2379/v3/cluster/member/list -d '{}'; }
told() { kc get configmap -n kube-system extension-apiserver-authentication -o jsonpath='{.data.requestheader-client-ca-file}' | grep -c BEGIN; }
# accepts WHAT NAME CODE: on every control plane
accepts() {
	local h
	for h in $CPS; do is "$flavour: $phase: $h answers the client of the CA '$2' with $3" "$("as_$1" "$h" "$2")" "$3"; done
}
# All of kube-system, by what replaces them: a wait for Pods by name ends badly where one of them is still to go.
pods_began_again() {
	kc -n kube-system rollout restart daemonset,deployment && kc get -n kube-system daemonset,deployment -o name |
		xargs -n 1 "$(kubectl_program)" --kubeconfig "$XDG_STATE_HOME/kubewright/lab/kubeconfig" -n kube-system rollout status --timeout=600s
}
# All control planes have the same file of so many certificates, whose first one has signed these leaves.
have() {
	local h l
	for h in $CPS; do
		is "$flavour: $phase: $h trusts $3" "$(in_file "$h" "$2.crt")" "$3"
		is "$flavour: $phase: with the same CA first" "$(key_of "$h" "$2.crt")" "$(key_of cp1 "$2.crt")"
		is "$flavour: $phase: and has its key" "$(on "$h" "openssl pkey -in $PKI/$2.key -pubout | sha256sum | cut -c1-16")" "$(key_of "$h" "$2.crt")"
		for l in $1; do
			ok "$flavour: $phase: $l of $h is of the CA that signs" on "$h" \
				"openssl x509 -in $PKI/$2.crt -out /root/first && openssl verify -partial_chain -CAfile /root/first $PKI/$l.crt"
		done
	done
}
# ends NAME: the last run ended well, and so has the cluster
ends() {
	is "$flavour: $phase ends with 0 (${seconds} s)" "$status" 0 || show "$1" 60
	ok "$flavour: $phase: all Nodes are Ready" until_ok 180 ready_is 5
	is "$flavour: $phase: three voters" "$(voters cp1)" 3
}
# goes_on CA OPTION STEP@HOST…: killed in each of the steps, then to its end; the same again has nothing to do
goes_on() {
	local at
	for at in "${@:3}"; do killed "$at" certs rotate "$1" ${2:+"$2"}; done
	rotate phase "$1" ${2:+"$2"}
	ends phase
	rotate again "$1" ${2:+"$2"}
	is "$flavour: $phase: again it has nothing to do" "$status" 0 || show again
	has "$flavour: $phase: and says so" "$WORK/again.out" "nothing to do"
}

front_proxy() {
	local ca=front-proxy-ca h
	for h in $CPS; do client "$h" a $ca front-proxy-client; done
	phase="front-proxy-ca, before"
	accepts proxy a 200
	rotate early $ca --reissue
	is "$flavour: what has not begun cannot be reissued" "$status" 2 || show early
	phase="front-proxy-ca, both are trusted"
	goes_on $ca '' renew-servers@cp2
	have front-proxy-client $ca 2
	is "$flavour: $phase: and it is published" "$(told)" 2
	accepts proxy a 200
	rotate early $ca --forget
	is "$flavour: who still signs cannot be forgotten" "$status" 2 || show early
	phase="front-proxy-ca, reissued"
	goes_on $ca --reissue renew-servers@cp2
	have front-proxy-client $ca 2
	for h in $CPS; do client "$h" b $ca front-proxy-client; done
	accepts proxy a 200
	accepts proxy b 200
	phase="front-proxy-ca, forgotten"
	goes_on $ca --forget renew-servers@cp2
	have front-proxy-client $ca 1
	is "$flavour: $phase: and it is published" "$(told)" 1
	accepts proxy a 401
	accepts proxy b 200
}

ETCD_LEAVES="apiserver-etcd-client etcd/server etcd/peer etcd/healthcheck-client"
etcd() {
	local ca=etcd-ca h before
	for h in $CPS; do client "$h" a etcd/ca e2e; done
	phase="etcd-ca, before"
	before=$(shown cp1 2379)
	accepts etcd a 200
	phase="etcd-ca, both are trusted"
	goes_on $ca '' renew-etcd@cp2 restart-etcd@cp2 renew-servers@cp2
	have "$ETCD_LEAVES" etcd/ca 2
	accepts etcd a 200
	# what comes in between
	kw upgrade upgrade --check -f "$WORK/kubewright.yaml"
	has "$flavour: no upgrade meanwhile" "$WORK/upgrade.out" 'is not upgraded while the CA in etcd/ca.crt is rotated'
	"$LAB" kill cp3
	rotate away $ca --reissue
	is "$flavour: with a control plane away it is not reissued" "$([ "$status" != 0 ] && in_file cp1 etcd/ca.crt)" 2 || show away
	has "$flavour: and the control plane is named" "$WORK/away.out" 'cp3 was not looked at'
	"$LAB" start cp3
	ok "$flavour: it is back" until_ok 300 ready_is 5
	phase="etcd-ca, reissued"
	goes_on $ca --reissue renew-etcd@cp2
	have "$ETCD_LEAVES" etcd/ca 2
	for h in $CPS; do
		client "$h" b etcd/ca e2e
		is "$flavour: $phase: etcd of $h shows another issuer" "$([ "$(shown "$h" 2379)" != "$before" ] && [ "$(shown "$h" 2380)" != "$before" ] && echo yes)" yes
	done
	accepts etcd a 200
	accepts etcd b 200
	kw rejoin rejoin cp3 --yes -f "$WORK/kubewright.yaml"
	is "$flavour: a control plane joins meanwhile (${seconds} s)" "$status" 0 || show rejoin 60
	have "$ETCD_LEAVES" etcd/ca 2
	client cp3 a2 etcd/ca e2e
	phase="etcd-ca, forgotten"
	goes_on $ca --forget renew-etcd@cp2 restart-etcd@cp2 renew-servers@cp2
	have "$ETCD_LEAVES" etcd/ca 1
	for h in cp1 cp2; do
		is "$flavour: $phase: etcd of $h refuses a client of the earlier CA" "$(as_etcd "$h" a)" 000
		is "$flavour: $phase: and knows one of the new one" "$(as_etcd "$h" b)" 200
	done
	is "$flavour: $phase: so does the one that has joined" "$(as_etcd cp3 a2)" 200
}

# as_token HOST TOKEN: what its API server makes of it
as_token() { printf 'Authorization: Bearer %s\n' "$2" | "$LAB" exec "$1" curl -sk --max-time 10 -o /dev/null -w '%{http_code}' -H @- https://127.0.0.1:6443/version; }
# tokens_are NAME TOKEN CODE: on every control plane
tokens_are() {
	local h
	for h in $CPS; do is "$flavour: $phase: $h answers $1 with $3" "$(as_token "$h" "$2")" "$3"; done
}
pod_token() { kc exec talk-w1 -- cat /var/run/secrets/kubernetes.io/serviceaccount/token; }
secret_token() { kc get secret "$1" -o jsonpath='{.data.token}' | base64 -d; }
# secret NAME: of the old kind, filled by the controller manager
secret() {
	printf '{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/service-account-token","metadata":{"name":"%s","annotations":{"kubernetes.io/service-account.name":"default"}}}' "$1" |
		kc apply -f - >/dev/null && until_ok 60 secret_filled "$1"
}
secret_filled() { [ -n "$(secret_token "$1")" ]; }
# A pod of a worker shows the token that it has, again and again, to each API server: what is refused goes into $WORK/refused.
tokens_begin() {
	: >"$WORK/refused" && rm -f "$WORK/enough"
	(
		token=$(pod_token)
		while [ ! -e "$WORK/enough" ]; do
			now=$(pod_token 2>/dev/null) && token=$now
			for h in $CPS; do [ "$(as_token "$h" "$token")" != 401 ] || echo "$h" >>"$WORK/refused"; done
			sleep 1
		done
	) &
	shower=$!
}
tokens_end() {
	touch "$WORK/enough" && wait "$shower"
	is "$flavour: $phase: no token of a pod was refused" "$(wc -l <"$WORK/refused")" 0
}
# All control planes have the same public keys, so many, and the key of the first one.
keys_are() {
	local h
	for h in $CPS; do
		is "$flavour: $phase: $h accepts tokens of $1" "$(in_file "$h" sa.pub)" "$1"
		is "$flavour: $phase: by the same keys" "$("$LAB" exec "$h" sha256sum "$PKI/sa.pub")" "$("$LAB" exec cp1 sha256sum "$PKI/sa.pub")"
		ok "$flavour: $phase: whose first one it signs with" on "$h" "[ \"\$(openssl pkey -in $PKI/sa.key -pubout)\" = \"\$(openssl pkey -pubin -in $PKI/sa.pub)\" ]"
	done
}
# A new token in each of those Secrets, as the manual says; and pods that begin with new ones.
renew_tokens() {
	local ns name
	kc get secrets -A --field-selector type=kubernetes.io/service-account-token --no-headers -o custom-columns=:metadata.namespace,:metadata.name |
		while read -r ns name; do kc patch secret -n "$ns" "$name" --type=json -p '[{"op":"remove","path":"/data/token"}]' </dev/null >/dev/null; done
	until_ok 60 secret_filled early
}

sa() {
	local early late pod
	secret early
	early=$(secret_token early)
	pod=$(pod_token)
	phase="sa, before"
	tokens_are 'a token of a Secret' "$early" 200
	tokens_are 'the token of a pod' "$pod" 200
	tokens_are 'no token at all' nonsense 401
	tokens_begin
	phase="sa, both are trusted"
	goes_on sa '' renew-servers@cp2
	keys_are 2
	kw status status -f "$WORK/kubewright.yaml"
	has "$flavour: $phase: status says so" "$WORK/status.out" 'sa is being rotated: two keys are trusted, and the earlier one signs'
	"$LAB" kill cp3
	rotate away sa --reissue
	is "$flavour: with a control plane away the next key does not sign" "$([ "$status" != 0 ] && kc get configmap -n kube-system kubewright -o jsonpath='{.data.service-account-key}')" '' || show away
	has "$flavour: and the control plane is named" "$WORK/away.out" 'cp3 was not looked at'
	"$LAB" start cp3
	ok "$flavour: it is back" until_ok 300 ready_is 5
	phase="sa, reissued"
	goes_on sa --reissue renew-servers@cp2
	keys_are 2
	kw rejoin rejoin cp3 --yes -f "$WORK/kubewright.yaml"
	is "$flavour: a control plane joins meanwhile (${seconds} s)" "$status" 0 || show rejoin 60
	keys_are 2
	secret late
	late=$(secret_token late)
	tokens_are 'a token of the earlier key' "$early" 200
	tokens_are 'a token of the new one' "$late" 200
	rotate soon sa --forget
	is "$flavour: what a Secret holds a token of is not forgotten" "$([ "$status" != 0 ] && in_file cp1 sa.pub)" 2 || show soon
	has "$flavour: and the Secret is named" "$WORK/soon.out" 'hold.? a token that it has signed: '
	tokens_end
	ok "$flavour: Secrets get new tokens" renew_tokens
	rotate soon sa --forget --check
	if [ "$flavour" != debian ]; then
		has "$flavour: nor while pods use tokens of it" "$WORK/soon.out" 'may still use a token that it has signed'
	fi
	phase="sa, forgotten"
	killed renew-servers@cp2 certs rotate sa --forget --force
	rotate phase sa --forget --force
	ends phase
	keys_are 1
	tokens_are 'a token of the earlier key' "$early" 401
	tokens_are 'the token that a pod began with' "$pod" 401
	tokens_are 'the token that a Secret has now' "$(secret_token early)" 200
	kc delete pods -n kube-system -l 'tier!=control-plane' >/dev/null
	ok "$flavour: pods begin with new tokens" until_ok 300 system_pods_ready
}

# as_api HOST NAME: what its API server makes of a client's certificate
as_api() { "$LAB" exec "$1" curl -sk --max-time 10 -o /dev/null -w '%{http_code}' --cert "/root/$2.crt" --key "/root/$2.key" https://127.0.0.1:6443/api/v1/namespaces/default; }
# by_ca HOST FILE: whether its API server's certificate verifies by those CAs alone
by_ca() { "$LAB" exec "$1" sh -c "curl -s --max-time 10 -o /dev/null -w '%{http_code}' --cacert $2 https://\$(hostname -I | cut -d' ' -f1):6443/version"; }
# as_pod HOST: asked as a pod of a worker does, with its token and the CA of its mount
as_pod() {
	local mount=/var/run/secrets/kubernetes.io/serviceaccount
	printf 'Authorization: Bearer %s\n' "$(kc exec talk-w1 -- cat $mount/token)" >"$WORK/pod.token"
	kc exec talk-w1 -- cat $mount/ca.crt | "$LAB" exec "$1" sh -c 'cat >/root/pod.pem' &&
		"$LAB" exec "$1" sh -c "curl -s --max-time 10 -o /dev/null -w '%{http_code}' --cacert /root/pod.pem -H @- https://\$(hostname -I | cut -d' ' -f1):6443/version" <"$WORK/pod.token"
}
pods_ask_begin() {
	: >"$WORK/unserved" && rm -f "$WORK/enough"
	(
		while [ ! -e "$WORK/enough" ]; do
			for h in $CPS; do
				code=$(as_pod "$h" 2>/dev/null)
				# one that restarts answers nobody, and cp3 is off for a while; another CA than the pod has shows as that too, but at all of them and for good
				case $code in 200) echo "$h" >>"$WORK/served" ;; 401 | 403) echo "$h $code" >>"$WORK/unserved" ;; esac
			done
			sleep 1
		done
	) &
	asker=$!
}
pods_ask_end() {
	touch "$WORK/enough" && wait "$asker"
	is "$flavour: $phase: no pod was refused" "$(wc -l <"$WORK/unserved")" 0
}
# trusts COUNT: hosts and pods have so many CAs, and controller managers one to sign with
trusts() {
	local h
	for h in $CPS w1 w2; do
		is "$flavour: $phase: $h trusts $1" "$(in_file "$h" ca.crt)" "$1"
		is "$flavour: $phase: with the same one first" "$(key_of "$h" ca.crt)" "$(key_of cp1 ca.crt)"
	done
	is "$flavour: $phase: every namespace is told" "$(kc get configmaps -A --field-selector metadata.name=kube-root-ca.crt -o json | grep -o 'BEGIN CERT' | wc -l)" \
		"$(($(kc get namespaces --no-headers | wc -l) * $1))"
	is "$flavour: $phase: and who joins" "$(kc get configmap -n kube-public cluster-info -o jsonpath='{.data.kubeconfig}' | sed -n 's/.*certificate-authority-data"*: "*\([A-Za-z0-9+/=]*\).*/\1/p' | base64 -d | grep -c BEGIN)" "$1"
	for h in $CPS; do
		is "$flavour: $phase: $h signs with $([ "$1" = 1 ] && echo ca.crt || echo a file of its own)" \
			"$("$LAB" exec "$h" sed -n 's/.*--cluster-signing-cert-file=//p' /etc/kubernetes/manifests/kube-controller-manager.yaml)" "$([ "$1" = 1 ] && echo $PKI/ca.crt || echo $PKI/ca-signing.crt)"
		is "$flavour: $phase: which is there then alone" "$(on "$h" "[ ! -e $PKI/ca-signing.crt ] || echo yes")" "$([ "$1" = 1 ] || echo yes)"
		ok "$flavour: $phase: API server of $h verifies by all that it trusts" test "$(by_ca "$h" $PKI/ca.crt)" = 200
	done
}
kubelets_are() {
	local h
	for h in $CPS w1 w2; do
		ok "$flavour: $phase: the kubelet of $h is known by the CA that signs" on "$h" \
			"openssl x509 -in $PKI/ca.crt -out /root/first && openssl verify -partial_chain -CAfile /root/first /var/lib/kubelet/pki/kubelet-client-current.pem"
	done
}

CA_LEAVES="apiserver apiserver-kubelet-client"
ca() {
	local h old="$WORK/old.conf"
	cp "$XDG_STATE_HOME/kubewright/lab/kubeconfig" "$old"
	phase="ca, before"
	for h in $CPS; do
		client "$h" a ca e2e/O=system:masters
		on "$h" "cp $PKI/ca.crt /root/a.pem"
	done
	accepts api a 200
	pods_ask_begin
	phase="ca, both are trusted"
	goes_on ca '' split-signing@cp2 renew-servers@cp2 renew-kubelet@cp2 worker-kubelet@w1
	have "$CA_LEAVES" ca 2
	trusts 2
	for h in $CPS; do
		on "$h" "awk '/BEGIN/ { n++ } n == 2' $PKI/ca.crt >/root/b.pem"
		is "$flavour: $phase: $h verifies by the earlier one alone" "$(by_ca "$h" /root/a.pem)" 200
		is "$flavour: $phase: and by the new one alone" "$(by_ca "$h" /root/b.pem)" 200
	done
	accepts api a 200
	kw status status -f "$WORK/kubewright.yaml"
	has "$flavour: $phase: status says so" "$WORK/status.out" 'ca is being rotated: two CAs are trusted, and the earlier one signs'
	kw upgrade upgrade --check -f "$WORK/kubewright.yaml"
	has "$flavour: no upgrade meanwhile" "$WORK/upgrade.out" 'is not upgraded while the CA in ca.crt is rotated'
	kw rejoin rejoin w2 --yes --force -f "$WORK/kubewright.yaml"
	is "$flavour: a worker joins meanwhile (${seconds} s)" "$status" 0 || show rejoin 60
	trusts 2
	apply between
	is "$flavour: apply has nothing to do meanwhile" "$status" 0 || show between
	"$LAB" kill w2
	rotate away ca --reissue
	is "$flavour: with a worker away it is not reissued" "$([ "$status" != 0 ] && key_of cp1 ca.crt)" "$(on cp1 "openssl x509 -in /root/a.pem -noout -pubkey | sha256sum | cut -c1-16")" || show away
	has "$flavour: and the worker is named" "$WORK/away.out" 'w2 was not looked at'
	"$LAB" start w2
	ok "$flavour: it is back" until_ok 300 ready_is 5
	phase="ca, reissued"
	goes_on ca --reissue renew-servers@cp2 renew-kubelet@cp2 worker-kubelet@w1
	have "$CA_LEAVES" ca 2
	trusts 2
	kubelets_are
	for h in $CPS; do
		client "$h" b ca e2e/O=system:masters
		is "$flavour: $phase: $h verifies by the earlier one alone" "$(by_ca "$h" /root/a.pem)" 200
		is "$flavour: $phase: and by the new one alone" "$(by_ca "$h" /root/b.pem)" 200
	done
	accepts api a 200
	accepts api b 200
	kw rejoin rejoin cp3 --yes -f "$WORK/kubewright.yaml"
	is "$flavour: a control plane joins meanwhile (${seconds} s)" "$status" 0 || show rejoin 60
	have "$CA_LEAVES" ca 2
	trusts 2
	client cp3 b ca e2e/O=system:masters
	rotate soon ca --forget
	is "$flavour: while pods may trust it alone it is not forgotten" "$([ "$status" != 0 ] && in_file cp1 ca.crt)" 2 || show soon
	has "$flavour: and they are named" "$WORK/soon.out" 'may trust it alone, as they started before they had'
	has "$flavour: and kubeconfigs that it has signed" "$WORK/soon.out" 'kubeconfigs that the earlier CA has signed'
	ok "$flavour: pods begin again" pods_began_again
	phase="ca, forgotten"
	for h in renew-servers@cp2 worker-kubelet@w1 join-signing@any; do killed "$h" certs rotate ca --forget --force; done
	rotate phase ca --forget --force
	ends phase
	pods_ask_end
	have "$CA_LEAVES" ca 1
	trusts 1
	kubelets_are
	on cp3 "cp $PKI/ca.crt /root/b.pem"
	for h in cp1 cp2; do
		is "$flavour: $phase: $h refuses a client of the earlier CA" "$(as_api "$h" a)" 401
		is "$flavour: $phase: and does not verify by that any more" "$(by_ca "$h" /root/a.pem)" 000
	done
	for h in $CPS; do
		is "$flavour: $phase: $h knows a client of the new one" "$(as_api "$h" b)" 200
		is "$flavour: $phase: and verifies by that alone" "$(by_ca "$h" /root/b.pem)" 200
		is "$flavour: $phase: the kubeconfig of before is refused there" \
			"$("$(kubectl_program)" --kubeconfig "$old" --insecure-skip-tls-verify --server "https://$("$LAB" exec "$h" hostname -I | cut -d' ' -f1):6443" get nodes >/dev/null 2>&1 && echo served)" ''
		is "$flavour: $phase: a pod is served by $h" "$(as_pod "$h")" 200
	done
	kw rejoin rejoin w1 --yes --force -f "$WORK/kubewright.yaml"
	is "$flavour: a worker joins afterwards (${seconds} s)" "$status" 0 || show rejoin 60
	ok "$flavour: pods talk" pods_talk_again
}
# the one of w1 went with it
pods_talk_again() { kc delete pods talk-w1 talk-w2 --ignore-not-found >/dev/null && pods_talk w1 w2; }

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "rotate, $flavour"
	fresh "$flavour" --hosts cp1,cp2,cp3,w1,w2
	inventory
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first
	ok "$flavour: all its Nodes get Ready" until_ok 600 ready_is 5
	ok "$flavour: pods talk" pods_talk
	for part in ${E2E_PARTS:-front_proxy etcd sa ca}; do
		writes_begin
		$part
		writes_end
		is "$flavour: $part: no write is lost" "$(writes_lost)" 0
		figure "$flavour: $part rotated in three phases, killed in each step: $(writes_told)"
	done
	ok "$flavour: pods still talk" pods_running
	ok "$flavour: what restarted on the way is Ready" system_pods_ready
	kw repair repair --check -f "$WORK/kubewright.yaml"
	is "$flavour: repair finds nothing broken" "$status" 0 || show repair
	apply last
	is "$flavour: apply has nothing to do" "$status" 0 || show last
	ok "$flavour: no secret is readable" secrets_hidden
	scenario_end
done
summary
