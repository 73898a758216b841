#!/usr/bin/env bash
# Certificates that have expired, by the cluster's own CAs: all of them, so that nothing of the cluster answers any more; then one that only some things miss; then only
# the kubelets'. Renewed, and looked at by openssl and kubeadm.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

PKI=/etc/kubernetes/pki
LEAVES="apiserver:ca apiserver-kubelet-client:ca front-proxy-client:front-proxy-ca apiserver-etcd-client:etcd/ca etcd/server:etcd/ca etcd/peer:etcd/ca etcd/healthcheck-client:etcd/ca"
CONFS="admin controller-manager scheduler"

# What each host runs before: expire CERT KEY CA makes /root/ended of the same subject, names and usages, which ended yesterday.
ENDED='expire() {
	openssl x509 -x509toreq -in "$1" -signkey "$2" -copy_extensions copyall -out /root/csr &&
		openssl x509 -req -in /root/csr -CA '$PKI'/$3.crt -CAkey '$PKI'/$3.key -CAserial /root/serial -CAcreateserial -copy_extensions copyall -days -1 -out /root/ended
}'
on() { "$LAB" exec "$1" sh -s <<<"$ENDED
$2"; }
# expire_leaf HOST NAME:CA
expire_leaf() { on "$1" "expire $PKI/${2%:*}.crt $PKI/${2%:*}.key ${2#*:} && cp /root/ended $PKI/${2%:*}.crt"; }
expire_conf() {
	on "$1" "cd /root && f=/etc/kubernetes/$2.conf &&
		sed -n 's/^ *client-certificate-data: //p' \$f | base64 -d >c && sed -n 's/^ *client-key-data: //p' \$f | base64 -d >k &&
		expire c k ca && sed -i \"s|client-certificate-data: .*|client-certificate-data: \$(base64 -w 0 ended)|\" \$f"
}
# A kubelet's, by cp1, which has the CA's key.
expire_kubelet() {
	"$LAB" exec "$1" cat /var/lib/kubelet/pki/kubelet-client-current.pem >"$WORK/pem" &&
		"$LAB" exec cp1 sh -c 'cat >/root/pem' <"$WORK/pem" && on cp1 'expire /root/pem /root/pem ca' &&
		{ "$LAB" exec cp1 cat /root/ended && sed -n '/BEGIN .*PRIVATE KEY/,/END .*PRIVATE KEY/p' "$WORK/pem"; } >"$WORK/ended.pem" &&
		"$LAB" exec "$1" sh -c 'cd /var/lib/kubelet/pki && cat >ended.pem && chmod 600 ended.pem && ln -sf ended.pem kubelet-client-current.pem' <"$WORK/ended.pem"
}
# With certificates that have expired no kubelet starts, and without it nothing that has ended.
restart_all() {
	"$LAB" exec "$1" sh -c 'systemctl restart kubelet; for p in kube-scheduler kube-controller-manager kube-apiserver etcd; do pkill -f "^$p .*=/etc/kubernetes/"; done; :'
}
api_is_dead() {
	local h
	for h in cp1 cp2 cp3; do
		[ "$("$LAB" exec $h curl -sk --max-time 2 https://127.0.0.1:6443/livez)" != ok ] || return 1
	done
}
secret_is() { [ "$(kc get secret kept -o jsonpath='{.data.word}' 2>/dev/null | base64 -d)" = "$1" ]; }

# go_verified WHEN: every certificate, and the names that it is asked by, as Go's verifier sees it, which is that of Kubernetes.
GO=/usr/lib/go-1.19/bin/go
go_verified() {
	local h l f at lines=$WORK/verify
	: >"$lines"
	for h in cp1 cp2 cp3 w1 w2; do
		at=$WORK/go/$h
		mkdir -p "$at"
		"$LAB" exec $h tar -C / -ch --exclude "*.key" --ignore-failed-read etc/kubernetes var/lib/kubelet/pki/kubelet-client-current.pem 2>/dev/null | tar -C "$at" -x
		echo "$at$PKI/ca.crt $at/var/lib/kubelet/pki/kubelet-client-current.pem client" >>"$lines"
		[ "${h#w}" = "$h" ] || continue
		for l in apiserver-kubelet-client:ca front-proxy-client:front-proxy-ca apiserver-etcd-client:etcd/ca etcd/healthcheck-client:etcd/ca etcd/peer:etcd/ca etcd/server:etcd/ca; do
			echo "$at$PKI/${l#*:}.crt $at$PKI/${l%:*}.crt client" >>"$lines"
		done
		for f in $CONFS; do
			sed -n 's/^ *client-certificate-data: //p' "$at/etc/kubernetes/$f.conf" | base64 -d >"$at/$f.crt"
			echo "$at$PKI/ca.crt $at/$f.crt client" >>"$lines"
		done
		for f in kubernetes.default.svc "$h" "$(kc get node $h -o jsonpath='{.status.addresses[?(@.type=="InternalIP")].address}')" "$VIP" 10.96.0.1; do
			echo "$at$PKI/ca.crt $at$PKI/apiserver.crt server $f" >>"$lines"
		done
		for f in localhost "$h" 127.0.0.1; do
			echo "$at$PKI/etcd/ca.crt $at$PKI/etcd/server.crt server $f" >>"$lines"
			echo "$at$PKI/etcd/ca.crt $at$PKI/etcd/peer.crt server $f" >>"$lines"
		done
	done
	is "$flavour: $1: Go's verifier says the same of each" "$(HOME=$WORK GOCACHE=$WORK/gocache GO111MODULE=off "$GO" run "$TOP/tests/e2e/verify.go" <"$lines")" 		"$(grep -c . "$lines") verified, 0 failed"
	rm -rf "$WORK/go"
}
# Every certificate of a host as openssl and kubeadm see it.
verified() {
	local h l f
	go_verified "$1"
	for h in cp1 cp2 cp3; do
		for l in $LEAVES; do
			ok "$flavour: $1: ${l%:*} of $h verifies" "$LAB" exec $h openssl verify -x509_strict -CAfile "$PKI/${l#*:}.crt" "$PKI/${l%:*}.crt"
			is "$flavour: $1: and its key matches" "$("$LAB" exec $h openssl x509 -in "$PKI/${l%:*}.crt" -noout -pubkey)" \
				"$("$LAB" exec $h openssl pkey -in "$PKI/${l%:*}.key" -pubout)"
		done
		for f in $CONFS; do
			ok "$flavour: $1: that of $f.conf of $h verifies" "$LAB" exec $h sh -c \
				"sed -n 's/^ *client-certificate-data: //p' /etc/kubernetes/$f.conf | base64 -d >/root/c && openssl verify -x509_strict -CAfile $PKI/ca.crt /root/c"
		done
		"$LAB" exec $h kubeadm certs check-expiration >"$WORK/expiration" 2>&1
		is "$flavour: $1: kubeadm finds nothing on $h that has expired" "$? $(grep -c '<invalid>' "$WORK/expiration")" "0 0"
	done
	for h in cp1 cp2 cp3 w1 w2; do
		ok "$flavour: $1: the kubelet's of $h verifies" "$LAB" exec $h openssl verify -x509_strict -CAfile $PKI/ca.crt /var/lib/kubelet/pki/kubelet-client-current.pem
	done
}
renew() { kw "$1" certs renew "${@:2}" --yes -f "$WORK/kubewright.yaml"; }

all_expired() {
	local h l f
	kc create secret generic kept --from-literal=word=before-the-end >/dev/null
	# a copy of the key: the CA's files are on all control planes
	for h in cp1 cp2 cp3 w1 w2; do expire_kubelet $h >/dev/null 2>&1 || fail "$flavour: the kubelet's of $h expires"; done
	for h in cp1 cp2 cp3; do
		for l in $LEAVES; do expire_leaf $h "$l" >/dev/null 2>&1 || fail "$flavour: ${l%:*} of $h expires"; done
		for f in $CONFS; do expire_conf $h "$f" >/dev/null 2>&1 || fail "$flavour: $f.conf of $h expires"; done
	done
	for h in cp1 cp2 cp3 w1 w2; do restart_all $h; done
	ok "$flavour: no API server answers" until_ok 60 api_is_dead
	renew renewed
	show renewed 60
	is "$flavour: certs renew ends with 0 (${seconds} s)" "$status" 0
	figure "a cluster of 5 whose certificates have all expired: ${seconds} s until it is whole"
	ok "$flavour: the Secret of before is there" secret_is before-the-end
	ok "$flavour: all Nodes are Ready" until_ok 120 ready_is 5
	is "$flavour: three voters" "$(voters cp1)" 3
	verified "all expired"
	renew again
	is "$flavour: again it has nothing to do" "$status" 0
	has "$flavour: and says so" "$WORK/again.out" "nothing to renew"
}

front_proxy() {
	local h
	for h in cp1 cp2 cp3; do expire_leaf $h front-proxy-client:front-proxy-ca >/dev/null 2>&1; done
	renew proxy front-proxy-client
	is "$flavour: only front-proxy-client: it ends with 0 (${seconds} s)" "$status" 0 || show proxy
	is "$flavour: and etcd did not restart for it" "$(grep -c 'restarts: .*etcd' "$WORK/proxy.out")" 0
	verified "front-proxy-client"
}

kubelets() {
	local h
	for h in cp2 w1 w2; do
		expire_kubelet $h >/dev/null 2>&1 || fail "$flavour: the kubelet's of $h expires"
		"$LAB" exec $h systemctl restart kubelet
	done
	renew kubelets kubelet --expiring 30
	is "$flavour: only kubelets: it ends with 0 (${seconds} s)" "$status" 0 || show kubelets
	ok "$flavour: all Nodes are Ready again" until_ok 120 ready_is 5
	verified "kubelets"
}

interrupted() {
	local h
	for h in cp1 cp2 cp3; do expire_leaf $h apiserver:ca >/dev/null 2>&1; done
	killed renew-servers@cp2 certs renew apiserver
	renew continued apiserver
	is "$flavour: it continues after a kill (${seconds} s)" "$status" 0 || show continued
	verified "continued"
}

# The keys on this machine: under a passphrase, in a backup, lost and back again; and the cluster works with what came back.
store() {
	local keys=$XDG_STATE_HOME/kubewright/lab/pki saved=$WORK/saved.backup sums
	export STORE_WORD BACKUP_WORD WRONG_WORD=not-the-right-one
	STORE_WORD=$(openssl rand -hex 12) BACKUP_WORD=$(openssl rand -hex 12)
	kw lock certs passphrase --passphrase env:STORE_WORD -f "$WORK/kubewright.yaml"
	is "$flavour: the keys get a passphrase" "$status" 0 || show lock
	is "$flavour: none of them is readable without" "$(grep -rlE 'BEGIN (RSA |EC )?PRIVATE KEY' "$keys")" ""
	renew without apiserver
	ok "$flavour: without it nothing is renewed" test "$status" -ne 0
	has "$flavour: and it says where it has to come from" "$WORK/without.out" "pki.passphrase"
	kw wrong certs renew apiserver --yes -f "$WORK/kubewright.yaml" --set pki.passphrase=env:WRONG_WORD
	ok "$flavour: nor with another" test "$status" -ne 0
	kw with certs renew apiserver --yes -f "$WORK/kubewright.yaml" --set pki.passphrase=env:STORE_WORD
	is "$flavour: with it certs renew ends with 0 (${seconds} s)" "$status" 0 || show with

	kw backup certs backup "$saved" --passphrase env:BACKUP_WORD -f "$WORK/kubewright.yaml" --set pki.passphrase=env:STORE_WORD
	is "$flavour: certs backup ends with 0" "$status" 0 || show backup
	is "$flavour: for nobody else to read" "$(stat -c %a "$saved")" 600
	sums=$(cd "$keys" && sha256sum ./*.crt etcd/*.crt)
	mv "$keys" "$keys.lost"
	kw other certs restore "$saved" --passphrase env:WRONG_WORD -f "$WORK/kubewright.yaml" --set pki.passphrase=env:STORE_WORD
	ok "$flavour: another passphrase does not open it" test "$status" -ne 0
	ok "$flavour: and nothing is written" test ! -e "$keys"
	kw restore certs restore "$saved" --passphrase env:BACKUP_WORD -f "$WORK/kubewright.yaml" --set pki.passphrase=env:STORE_WORD
	is "$flavour: certs restore ends with 0" "$status" 0 || show restore
	is "$flavour: the same CAs are back" "$(cd "$keys" && sha256sum ./*.crt etcd/*.crt)" "$sums"
	is "$flavour: their keys under the passphrase" "$(grep -rlE 'BEGIN (RSA |EC )?PRIVATE KEY' "$keys")" ""
	kw again certs restore "$saved" --passphrase env:BACKUP_WORD -f "$WORK/kubewright.yaml" --set pki.passphrase=env:STORE_WORD
	is "$flavour: a second time there is nothing to do" "$status" 0
	kw after rejoin w2 --yes -f "$WORK/kubewright.yaml" --set pki.passphrase=env:STORE_WORD
	is "$flavour: a worker joins again by them (${seconds} s)" "$status" 0 || show after
	kw unlock certs passphrase --remove --yes -f "$WORK/kubewright.yaml" --set pki.passphrase=env:STORE_WORD
	is "$flavour: the passphrase is taken away" "$status" 0 || show unlock
	renew last apiserver
	is "$flavour: and is needed no longer" "$status" 0 || show last
	verified "store"
	is "$flavour: neither passphrase is in anything that was written" "$(grep -rlF -e "$STORE_WORD" -e "$BACKUP_WORD" "$WORK" "$XDG_STATE_HOME")" ""
	ok "$flavour: all Nodes are Ready" until_ok 120 ready_is 5
}

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "certs, $flavour"
	fresh "$flavour" --hosts cp1,cp2,cp3,w1,w2
	inventory
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first
	ok "$flavour: all its Nodes get Ready" until_ok 600 ready_is 5
	for part in ${E2E_PARTS:-all_expired front_proxy kubelets interrupted store}; do $part; done
	ok "$flavour: no secret is readable" secrets_hidden
	scenario_end
done
summary
