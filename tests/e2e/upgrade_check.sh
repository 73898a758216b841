#!/usr/bin/env bash
# `upgrade --check` on a living cluster: a clean one has nothing in the way, and each finding that can be provoked on these hosts is provoked, found by its name, and gone again when
# it is undone. debian: to 1.20.3; release: to the newest of the folders in KUBEWRIGHT_LAB_MORE, else to the next patch version, which need not exist.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

target() {
	local newest=''
	[ "$1" != release ] ||
		newest=$(tr : '\n' <<<"${KUBEWRIGHT_LAB_MORE-}" | while read -r folder; do [ -z "$folder" ] || sed 's/^v//' "$folder/version"; done | sort -V | tail -n 1)
	echo "${newest:-${from%.*}.$((${from##*.} + 1))}"
}

drains() { [ "${from%.*}" != "${to%.*}" ]; }

# ---- looking --------------------------------------------------------------------------------------------------------------------------

# look [VERSION]: what there is goes to $WORK/look.json; an error that is not ignored must show in the exit status
look() {
	"$KUBEWRIGHT" upgrade "${1:-$to}" --check -o json -f "$WORK/bare.yaml" --connect-timeout 5 >"$WORK/look.json" 2>"$WORK/look.err"
	status=$?
	[ "$status" != 0 ] || [ -z "$(findings error)" ] || fail "$flavour: upgrade --check ends with 0 despite $(findings error | tr '\n' ' ')"
}
# findings [LEVEL]: "HOST NAME" of each that is not ignored; the cluster's have the host -
findings() { jq -r --arg level "${1-}" '.findings[] | select((.ignored | not) and ($level == "" or .level == $level)) | "\(.host // "-") \(.name)"' "$WORK/look.json" 2>/dev/null; }
# found NAME HOST[:LEVEL]; any: some host, or the cluster
found() {
	local host=${2%:*} level=''
	[ "$host" = "$2" ] || level=${2#*:}
	if [ "$host" = any ]; then findings "$level" | grep " $1\$" >/dev/null; else findings "$level" | grep -x -- "$host $1" >/dev/null; fi
}
shown() { jq -r '.findings[] | "#   \(.host // "the cluster") \(.level) \(.name)\(if .ignored then " (ignored)" else "" end): \(.what)"' "$WORK/look.json" 2>/dev/null && sed 's/^/#   /' "$WORK/look.err" | tail -n 12; }

# ---- provoking ------------------------------------------------------------------------------------------------------------------------

# row NAME HOST MAKE UNDO: where it is found, and shell text; "true" and "-": it comes and goes with an earlier row
row() {
	names+=("$1") hosts+=("$2") makes+=("$3") undos+=("$4")
	provoked="$provoked $1"
}
on() { "$LAB" exec "$1" sh -c "${*:2}"; }
all_found() { look && for i in "${!names[@]}"; do found "${names[i]}" "${hosts[i]}" || return 1; done; }
none_found() { look && for i in "${!names[@]}"; do ! found "${names[i]}" "${hosts[i]}" || return 1; done; }

# phase WHAT: all rows at once
phase() {
	local what=$1 i begin=$SECONDS
	for i in "${!names[@]}"; do
		eval "${makes[i]}" >"$WORK/make.out" 2>&1 || fail "$flavour: ${names[i]} is provoked" || sed 's/^/#   /' "$WORK/make.out"
	done
	until_ok 150 all_found
	for i in "${!names[@]}"; do
		if found "${names[i]}" "${hosts[i]}"; then pass "$flavour: $what: ${names[i]} (${hosts[i]}) is found"; else fail "$flavour: $what: ${names[i]} (${hosts[i]}) is found"; fi
	done
	shown
	[ "$status" != 0 ] || fail "$flavour: $what: upgrade --check does not end with 0"
	for ((i = ${#names[@]} - 1; i >= 0; i--)); do
		[ "${undos[i]}" = - ] || eval "${undos[i]}" >"$WORK/make.out" 2>&1 || fail "$flavour: ${names[i]} is undone" || sed 's/^/#   /' "$WORK/make.out"
	done
	if until_ok 150 none_found; then
		pass "$flavour: $what: all ${#names[@]} are gone again"
	else
		fail "$flavour: $what: all are gone again" || shown
	fi
	figure "$flavour: $what: ${#names[@]} findings in $((SECONDS - begin)) s"
	names=() hosts=() makes=() undos=()
}

# A clean cluster: nothing; what the lab's inventory ignores is this machine's cgroup v1.
clean() {
	kw text upgrade "$to" --check -f "$WORK/kubewright.yaml"
	is "$flavour: $1: upgrade --check to $to ends with 0" "$status" 0 || show text
	"$KUBEWRIGHT" upgrade "$to" --check -o json -f "$WORK/kubewright.yaml" >"$WORK/look.json" 2>"$WORK/look.err"
	is "$flavour: $1: nothing is in the way" "$(findings)" "" || shown
	is "$flavour: $1: nor is anything ignored but what this machine forces" "$(jq -r '.findings[] | select(.ignored) | .name' "$WORK/look.json" | sort -u | grep -vx cgroup-v1)" ""
}

# ---- the API's objects ----------------------------------------------------------------------------------------------------------------

# changed NAMESPACE KIND NAME JQ…: an object in another form; back KIND NAME: as it was
changed() {
	local file="$WORK/$2-$3.json"
	[ -e "$file" ] || kc -n "$1" get "$2" "$3" -o json | jq 'del(.metadata.resourceVersion, .metadata.managedFields, .status)' >"$file"
	kc -n "$1" get "$2" "$3" -o json | jq "${@:4}" | kc replace -f -
}
back() { kc replace -f "$WORK/$1-$2.json"; }
made() { kc apply -f -; }
deleted() { kc delete --wait=false "$@"; }

webhook() {
	made <<-'END'
		{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "nobody"}, "webhooks": [
		 {"name": "nobody.example.com", "clientConfig": {"service": {"namespace": "default", "name": "nobody"}}, "failurePolicy": "Fail", "sideEffects": "None",
		  "admissionReviewVersions": ["v1"], "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["podtemplates"]}]}]}
	END
}
api_service() {
	made <<-'END'
		{"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.nobody.example.com"}, "spec": {"group": "nobody.example.com", "version": "v1",
		 "groupPriorityMinimum": 100, "versionPriority": 100, "insecureSkipTLSVerify": true, "service": {"namespace": "default", "name": "nobody"}}}
	END
}
# crd SERVED STORED: whether v1alpha1 is served, and which version is stored
crd() {
	made <<-END
		{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.example.com"}, "spec": {"group": "example.com", "scope": "Cluster",
		 "names": {"plural": "things", "singular": "thing", "kind": "Thing"}, "versions": [
		 {"name": "v1alpha1", "served": $1, "storage": $([ "$2" = v1alpha1 ] && echo true || echo false), "schema": {"openAPIV3Schema": {"type": "object"}}},
		 {"name": "v1", "served": true, "storage": $([ "$2" = v1 ] && echo true || echo false), "schema": {"openAPIV3Schema": {"type": "object"}}}]}}
	END
}
crd_stored() { crd true v1alpha1 && crd false v1; }
budget() {
	made <<-END
		{"apiVersion": "v1", "kind": "List", "items": [
		 {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "kept"}, "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "kept"}},
		  "template": {"metadata": {"labels": {"app": "kept"}}, "spec": {"nodeName": "w1", "volumes": [{"name": "data", "emptyDir": {}}], "terminationGracePeriodSeconds": 0,
		   "containers": [{"name": "c", "image": "$image", "command": ["sleep", "3600"]}]}}}},
		 {"apiVersion": "$policy", "kind": "PodDisruptionBudget", "metadata": {"name": "kept"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "kept"}}}}]}
	END
}
budget_gone() { deleted deployment/kept poddisruptionbudget/kept; }
# pod NAMESPACE NAME NODE IMAGE [METADATA]: without a controller
pod() {
	made <<-END
		{"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "$1", "name": "$2"${5-}}, "spec": {"nodeName": "$3", "terminationGracePeriodSeconds": 0, "tolerations": [{"operator": "Exists"}],
		 "containers": [{"name": "c", "image": "$4", "command": ["sleep", "3600"]}]}}
	END
}
# As a control plane that was taken away leaves it; the finalizer keeps it from the collector of such Pods.
stale() { pod kube-system kube-apiserver-gone gone "example.com/kube-apiserver:v$from" ', "labels": {"component": "kube-apiserver"}, "finalizers": ["example.com/kept"]'; }
stale_gone() {
	kc -n kube-system patch pod kube-apiserver-gone --type merge -p '{"metadata": {"finalizers": null}}'
	kc -n kube-system delete pod kube-apiserver-gone --force --grace-period=0 --ignore-not-found
}
plugin() { changed kube-system configmap coredns '.data.Corefile |= sub("\\{\n"; "{\n    acl\n")'; }
# kubeadm_config LINE…: below etcd.local
kubeadm_config() { changed kube-system configmap kubeadm-config --arg more "$(printf '\n    %s' "$@")" '.data.ClusterConfiguration |= sub("(?<d>\n    dataDir: [^\n]*)"; .d + $more)'; }
pinned() {
	if [ "$flavour" = release ]; then
		kubeadm_config 'imageTag: 3.5.24-0' 'extraArgs:' '- {name: experimental-compact-hash-check-enabled, value: "true"}'
	fi
}
kubelet_config() { changed kube-system configmap "$kubelet_map" "$@"; }
gate() { kubelet_config '.data.kubelet += "featureGates: {CSIMigrationPortworx: true}\n"'; }
# Its Pods are left unchanged.
proxy() { changed kube-system daemonset kube-proxy --arg to "$newer" '.spec.updateStrategy = {type: "OnDelete"} | .spec.template.spec.containers[0].image |= sub(":v[^:]*$"; ":" + $to)'; }
# says NODE VERSION: what a kubelet would say of itself
says() { kc get --raw "/api/v1/nodes/$1" | jq --arg v "$2" '.status.nodeInfo.kubeletVersion = $v' | kc replace --raw "/api/v1/nodes/$1/status" -f -; }
ghost() { made <<<'{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "ghost"}, "spec": {"unschedulable": true}}' && says ghost "$newer"; }

old_flag() { on w1 'cp -p /etc/default/kubelet /root/ && sed -i "s/^KUBELET_EXTRA_ARGS=.*/&--pod-infra-container-image=x/" /etc/default/kubelet'; }

# Pods in the way of a drain.
held_pods() {
	row eviction-forbidden "$1" budget budget_gone
	row pod-local-data - true -
	row pod-without-controller "$1" "pod default alone w1 $image" 'deleted pod/alone'
}
objects() {
	row webhook-without-endpoint -:error webhook 'deleted validatingwebhookconfiguration/nobody'
	row api-service-unavailable - api_service 'deleted apiservice/v1.nobody.example.com'
	row crd-stored-version - crd_stored 'deleted customresourcedefinition/things.example.com'
	! drains || held_pods -:error
	row api-server-pod-stale -:error stale stale_gone
	row api-server-images-differ - true -
	row coredns-plugin-unknown - plugin 'back configmap coredns'
	row kube-proxy-skew -:error proxy 'back daemonset kube-proxy'
	row kubelet-skew -:error ghost 'deleted node/ghost'
	if [ "$flavour" = release ]; then
		row etcd-flag-deprecated - pinned 'back configmap kubeadm-config'
		[ "${to%.*}" != 1.36 ] || row etcd-image-pinned -:error true -
		! drains || [ "${to%.*}" != 1.36 ] || row feature-gate-removed -:error gate "back configmap $kubelet_map"
	fi
	phase objects
}

# A worker whose kubelet stands still and seems to be two minor versions older: what is dropped between is found, and its Node is to be drained in a patch, too. As an upgrade seems to
# have begun, states are warnings.
old_worker() {
	drains || held_pods -
	row kubelet-down w1 'on w1 systemctl stop kubelet' 'on w1 systemctl start kubelet'
	row version-skipped -:error "says w1 $older" -
	row containerd-down w1 'on w1 systemctl stop containerd' 'on w1 systemctl start containerd'
	if [ "$flavour" = release ]; then
		row flag-removed w1:error old_flag 'on w1 mv /root/kubelet /etc/default/kubelet'
		drains || [ "${to%.*}" != 1.36 ] || row feature-gate-removed -:error gate "back configmap $kubelet_map"
	fi
	phase 'an old worker'
}

# ---- hosts ----------------------------------------------------------------------------------------------------------------------------

PKI=/etc/kubernetes/pki
MANIFESTS=/etc/kubernetes/manifests

# What containerd's package and dpkg say of themselves, in dpkg's own file.
old_runtime() { on w2 "cp -p /var/lib/dpkg/status /root/status && sed -i '/^Package: containerd/,/^\$/s/^Version: .*/Version: 1.0.0/' /var/lib/dpkg/status"; }
half_configured() { on w2 "sed -i '/^Package: procps\$/,/^\$/s/^Status: .*/Status: install ok half-configured/' /var/lib/dpkg/status"; }
# The place of the packages once more, with no key of its own.
other_source() { on w2 "sed 's/ *\[[^]]*\]//' /etc/apt/sources.list.d/kubewright-*.list >/etc/apt/sources.list.d/other.list"; }
# Nothing else here has so few: the disk is this machine's.
few_inodes() {
	"$LAB" exec w2 sh -c 'cat >/usr/local/sbin/df && chmod 0755 /usr/local/sbin/df' <<-'END'
		#!/bin/sh
		/usr/bin/df "$@" | case $* in *avail,iavail,itotal,source*) awk 'NR > 1 { $2 = 5000; $3 = 900000 } { print }' ;; *) cat ;; esac
	END
}
clock_ahead() { "$LAB" exec w2 sh -c 'cat >/usr/local/sbin/date && chmod 0755 /usr/local/sbin/date' <<<$'#!/bin/sh\nexec /usr/bin/date -d "+400 seconds" "$@"'; }
# The file is mounted in the place of the kernel's, so it is written in place.
swap() { on w2 "printf '/swapfile file 1048572 0 -2\n' >>/usr/lib/kwlab/swaps"; }
strict_kubelets() { kubelet_config '.data.kubelet |= (sub("failSwapOn: false"; "failSwapOn: true") | sub("failCgroupV1: false"; "failCgroupV1: true"))'; }
pressed() {
	on w2 "cp /var/lib/kubelet/config.yaml /root/config && sed -i '/^evictionHard/,/^[^ ]/{/^evictionHard/d;/^ /d}' /var/lib/kubelet/config.yaml &&
		printf 'evictionHard:\n  nodefs.available: \"99%%\"\nevictionPressureTransitionPeriod: 5s\n' >>/var/lib/kubelet/config.yaml && systemctl restart kubelet"
}
# /etc of a control plane on a disk of its own, which is small.
small_etc() { on cp3 'mount -t tmpfs -o size=60m,mode=0755 tmpfs /mnt && cp -a /etc/. /mnt/ && mount --bind /mnt /etc'; }
# signed CERTIFICATE CA DAYS: of cp2, once more with the same key, by the cluster's own CA, valid for so long from now
signed() {
	on cp2 "cd $PKI && cp -p $1.crt /root/$(basename "$1").crt && openssl req -new -key $1.key -subj /CN=again -out /root/csr && echo extendedKeyUsage=clientAuth >/root/ext &&
		openssl x509 -req -in /root/csr -CA $2.crt -CAkey $2.key -CAserial /root/serial -CAcreateserial -extfile /root/ext -days $3 -out $1.crt"
}

on_hosts() {
	row static-pod-down cp1 "on cp1 \"sed -i 's/- kube-scheduler\\\$/&\\n    - --no-such-flag=1/' $MANIFESTS/kube-scheduler.yaml\"" "on cp1 sed -i /no-such-flag/d $MANIFESTS/kube-scheduler.yaml"
	row certificate-lost cp1 "on cp1 mv $PKI/front-proxy-client.crt /root/" "on cp1 mv /root/front-proxy-client.crt $PKI/"
	row pod-not-ready cp1 "pod kube-system unready cp1 ${image%/lab/*}/lab/none:1" 'deleted -n kube-system pod/unready'
	row dns-down any 'kc -n kube-system scale deployment coredns --replicas=0' 'kc -n kube-system scale deployment coredns --replicas=2'
	row certificate-expired cp2 'signed front-proxy-client front-proxy-ca -1' "on cp2 mv /root/front-proxy-client.crt $PKI/"
	row certificate-expiring cp2 'signed etcd/healthcheck-client etcd/ca 9' "on cp2 mv /root/healthcheck-client.crt $PKI/etcd/"
	row manifest-changed cp2 "on cp2 \"echo '# by hand' >>$MANIFESTS/kube-scheduler.yaml\"" "on cp2 \"sed -i '/# by hand/d' $MANIFESTS/kube-scheduler.yaml\""
	row etcd-copy-space cp3 small_etc "on cp3 'umount -l /etc && umount -l /mnt'"
	row disk-space cp3 true -
	row disk-pressure w2 pressed "on w2 'cp /root/config /var/lib/kubelet/config.yaml && systemctl restart kubelet'"
	row kubelet-config-changed w2 true -
	row read-only-root w2 "on w2 'mount --bind /opt /opt && mount -o remount,bind,ro /opt'" 'on w2 umount -l /opt'
	row runtime-too-old w2 old_runtime 'on w2 cp -p /root/status /var/lib/dpkg/status'
	row package-manager-broken w2 half_configured -
	row package-sources-broken w2 other_source 'on w2 rm /etc/apt/sources.list.d/other.list'
	row inode-low w2 few_inodes 'on w2 rm /usr/local/sbin/df'
	row clock-skew w2 clock_ahead 'on w2 rm /usr/local/sbin/date'
	row swap-on w2 'swap && strict_kubelets' "on w2 'head -n 1 /proc/swaps >/root/swaps && cat /root/swaps >/usr/lib/kwlab/swaps' && back configmap $kubelet_map"
	[ "$flavour" = debian ] || [ -e /sys/fs/cgroup/cgroup.controllers ] || row cgroup-v1 any:error true -
	phase hosts
}

# ---- control planes and etcd ------------------------------------------------------------------------------------------------------------

# etcd or the API server of a host stands still, or continues; nobody starts it again, as the kubelet is stopped before
stands() { on "$1" "kill -STOP \$(pidof $2)"; }
continues() { on "$1" "kill -CONT \$(pidof $2)"; }
ETCD='etcd etcd-3.5'
id_of() { etcd_of cp1 /v3/cluster/member/list -d '{}' | jq -r --arg u "https://$1:2380" '.members[] | select(.peerURLs[] == $u) | .ID'; }
learner() { etcd_of cp1 /v3/cluster/member/add -d "{\"peerURLs\": [\"https://$1:2380\"], \"isLearner\": true}" | jq -e .member; }
member_gone() { etcd_of cp1 /v3/cluster/member/remove -d "{\"ID\": \"$(id_of "$1")\"}" | jq -e .members; }
alarm() { etcd_of cp1 /v3/maintenance/alarm -d "{\"action\": \"$1\", \"memberID\": \"$(id_of "$NETWORK.11")\", \"alarm\": \"NOSPACE\"}" | jq -e .header; }
old_server() { on cp2 "systemctl stop kubelet && cp -a $MANIFESTS /root/manifests && sed -i 's/\\(image: .*kube-apiserver\\):.*/\\1:$older/' $MANIFESTS/kube-apiserver.yaml"; }
manifests_back() { on cp2 "cp -a /root/manifests/. $MANIFESTS/ && rm -r /root/manifests && systemctl start kubelet"; }

control_planes() {
	row node-not-ready w2 'on w2 systemctl kill -s STOP kubelet' 'on w2 systemctl kill -s CONT kubelet'
	row member-stale any "learner $NETWORK.98" "member_gone $NETWORK.98"
	row api-server-skew - old_server manifests_back
	row component-skew cp2 true -
	row manifest-lost cp2 "on cp2 rm $MANIFESTS/kube-controller-manager.yaml" -
	row manifest-broken cp2 "on cp2 'echo nonsense >$MANIFESTS/etcd.yaml'" -
	row member-down any 'stands cp2 "$ETCD"' 'continues cp2 "$ETCD"'
	row etcd-quorum-fragile - true -
	row api-not-ready cp2 'stands cp2 kube-apiserver' 'continues cp2 kube-apiserver'
	phase 'control planes'

	row etcd-alarm - 'alarm ACTIVATE' 'alarm DEACTIVATE'
	phase alarm

	row host-unreachable w2 '"$LAB" refuse w2' '"$LAB" heal w2'
	row cannot-look cp3 closed opened
	row not-looked-at - "kubelet_config '.data.kubelet = \"- no\"'" "back configmap $kubelet_map"
	phase 'ways'
}
# sshd forbids forwarding, and there is no bash for the other way.
closed() { on cp3 "echo 'AllowTcpForwarding no' >/etc/ssh/sshd_config.d/00-forbidden.conf && systemctl reload ssh && usermod -s /bin/sh ops && chmod 0700 /usr/bin/bash"; }
opened() { on cp3 "rm /etc/ssh/sshd_config.d/00-forbidden.conf && systemctl reload ssh && usermod -s /bin/bash ops && chmod 0755 /usr/bin/bash"; }

# Without a quorum no API server says which Nodes there are, and upgrade refuses before it looks for anything; status and repair report it.
quorum() {
	local h
	for h in cp2 cp3; do on $h systemctl stop kubelet && stands $h "$ETCD"; done
	look
	is "$flavour: without a quorum upgrade --check is refused" "$status" 5
	has "$flavour: as no API server answers" "$WORK/look.err" 'no API server of the cluster answers'
	"$KUBEWRIGHT" repair --check -o json -f "$WORK/kubewright.yaml" >"$WORK/repair.json" 2>/dev/null
	is "$flavour: repair reports it" "$(jq -r '.findings[].name' "$WORK/repair.json" | grep -cx quorum-lost)" 1
	for h in cp2 cp3; do continues $h "$ETCD" && on $h systemctl start kubelet; done
	ok "$flavour: with it again nothing is in the way" until_ok 150 nothing
}
nothing() { "$KUBEWRIGHT" upgrade "$to" --check -o json -f "$WORK/kubewright.yaml" >"$WORK/look.json" 2>"$WORK/look.err" && [ -z "$(findings)" ]; }

# A control plane's member is removed; then another one is added for it, which nobody starts; then the host joins again.
member() {
	row member-missing cp3 "member_gone $NETWORK.13" "learner $NETWORK.13"
	phase 'member removed'
	row learner-stuck any true "member_gone $NETWORK.13 && \"$KUBEWRIGHT\" rejoin cp3 --yes -f $WORK/kubewright.yaml"
	phase 'member added'
	is "$flavour: three voters after the rejoin" "$(voters cp1)" 3
}

# An API that goes with 1.35 is served, and somebody asks for it; of the other versions none has one that the next one drops.
removed_api() {
	[ "$minor" = 34 ] || return 0
	row api-removed any 'alpha_served && until_ok 150 alpha_asked' 'alpha_withdrawn && until_ok 150 alpha_gone && system_pods_ready'
	phase 'removed API'
}
alpha_served() { on cp1 "sed -i 's|- kube-apiserver\$|&\n    - --runtime-config=storage.k8s.io/v1alpha1=true|' $MANIFESTS/kube-apiserver.yaml"; }
alpha_withdrawn() { on cp1 "sed -i /runtime-config/d $MANIFESTS/kube-apiserver.yaml"; }
# the one that serves it has ended, and another one is there
alpha_gone() { kc --server "https://$NETWORK.11:6443" get --raw /readyz >/dev/null 2>&1 && ! alpha_asked >/dev/null 2>&1; }
alpha_asked() { kc --server "https://$NETWORK.11:6443" get --raw /apis/storage.k8s.io/v1alpha1/volumeattributesclasses; }

older() {
	look "${from%.*}.1"
	if found version-older - && [ "$status" = 3 ]; then pass "$flavour: version-older (-) is found"; else fail "$flavour: version-older (-) is found" || shown; fi
	provoked="$provoked version-older"
}

# ---- what cannot be provoked ------------------------------------------------------------------------------------------------------------

# NAME WHY: of all flavours, then of this one
unprovoked() {
	cat <<-'END'
		etcd-too-old the lab has one etcd for each flavour, which is new enough
		quorum-lost no API server answers then, and upgrade refuses before it looks
	END
	[ "$minor" = 34 ] || echo 'api-removed no version that these API servers serve is removed by the next one'
	[ "$flavour" = release ] || cat <<-'END'
		flag-removed none is dropped between patches of 1.20
		feature-gate-removed the same
		etcd-flag-deprecated only of etcd 3.6
		etcd-image-pinned the same
		cgroup-v1 1.20 runs on it
	END
	[ "$flavour" = debian ] || [ "${to%.*}" = 1.36 ] || cat <<-'END'
		feature-gate-removed the gate is of 1.36
		etcd-image-pinned only 1.36 needs it
	END
	[ "$flavour" = debian ] || [ ! -e /sys/fs/cgroup/cgroup.controllers ] || echo 'cgroup-v1 this machine has version 2'
}
all_names() {
	unprovoked | sed "s/^/# $flavour: not provoked: /"
	is "$flavour: every finding was provoked, or is said why not" \
		"$("$KUBEWRIGHT" upgrade --list -o json | jq -r '.[].name' | grep -vxFf <(tr ' ' '\n' <<<"$provoked" && unprovoked | cut -d' ' -f1) | paste -sd' ')" ""
}

for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "upgrade_check, $flavour"
	fresh "$flavour"
	inventory
	# what the lab's hosts are forgiven is found, too
	sed '/^kubelet: /d;/^preflight: /d' "$WORK/kubewright.yaml" >"$WORK/bare.yaml"
	from=$(sed -n 's/^  version: "\{0,1\}\([0-9.]*\).*/\1/p' "$WORK/kubewright.yaml" | head -n 1)
	to=$(target "$flavour")
	minor=${from#*.} && minor=${minor%.*}
	# an API server may be one minor version older than another one, and a kubelet no version newer; an upgrade skips none
	newer=v1.$((minor + 1)).0 older=v1.$((minor - 2)).0
	image=registry.k8s.io/lab/probe:1 policy=policy/v1 kubelet_map=kubelet-config
	[ "$flavour" = release ] || { image=k8s.gcr.io/lab/probe:1 policy=policy/v1beta1 kubelet_map=kubelet-config-1.20; }
	names=() hosts=() makes=() undos=() provoked=
	apply first
	is "$flavour: a cluster (${seconds} s)" "$status" 0 || show first
	clean 'at the beginning'
	for part in ${E2E_PARTS:-older objects removed_api old_worker on_hosts control_planes quorum member}; do $part; done
	clean 'at the end'
	[ -n "${E2E_PARTS-}" ] || all_names
	scenario_end
done
summary
