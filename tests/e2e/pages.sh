#!/usr/bin/env bash
# Each page of a living cluster, in a terminal of 80x24, beside the command that reports the same; a CA rotated, a request signed and an archive made by keys. Then, from a
# folder where nothing is known of it, the same cluster is taken over by keys.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/screen.sh
. "$(dirname "$0")/screen.sh"

look() { screen | sed 's/^/#   |/'; }
# back TITLE: leaves the page
back() {
	keys Escape
	sees 10 "kubewright  $1"
}
# The wizard is left by keys.
ended() {
	keys Escape Escape
	until_ok 20 test -s "$WORK/wizard.status" || fail "$flavour: the wizard is left"
	is "$flavour: the wizard's exit status" "$(cat "$WORK/wizard.status" 2>/dev/null)" 0
}

security_page() {
	local sum
	sum=$("$KUBEWRIGHT" check --security -o json -f "$WORK/kubewright.yaml" 2>/dev/null |
		jq -r '"\(.items | length) items, \([.items[] | select(.state == "failed")] | length) failed"')
	ok "$flavour: check --security counts the items" grep -Eq '^[1-9][0-9]* items, [0-9]+ failed$' <<<"$sum"
	keys S
	sees 60 "$sum"
	look
	keys f
	sees 5 'kubewright  Security'
	ok "$flavour: what passed is not among the failed" not_shown '\+ [0-9.]+ +passed|✓ [0-9.]+ +passed'
	keys Home Enter
	sees 5 'What to do'
	look
	back Security
	back Dashboard
}

hardware_page() {
	keys H
	sees 60 '4 machines'
	sees 5 'NUMA node 0'
	look
	keys Tab Down Enter
	sees 5 'Esc Back'
	look
	back Hardware
	back Dashboard
}

# The hosts of a cluster that works get through to one another, and the program says the same of the same ways.
mesh_page() {
	local sum
	sum=$("$KUBEWRIGHT" check --mesh -o json -f "$WORK/kubewright.yaml" 2>/dev/null |
		jq -r '"\(.hosts | length) hosts, \(.directions | length) ways asked, pod network \(.["pod-network"])"')
	ok "$flavour: check --mesh counts the ways" grep -Eq '^4 hosts, 12 ways asked, pod network .' <<<"$sum"
	keys M
	sees 60 "$sum"
	ok "$flavour: no way fails" not_shown ' X( |$)'
	look
	keys Right
	sees 5 'There and back in [0-9.]+ ms'
	look
	keys Enter
	sees 5 'From [a-z0-9-]+ to [a-z0-9-]+: '
	look
	back Mesh
	back Dashboard
}

# An API server is killed by keys, and the page shows what came of it.
drill_page() {
	keys D
	sees 60 '6 can be made, 0 left out'
	look
	keys Down Down Space a
	sees 5 '1 fault, one at a time: api'
	keys lab Enter
	sees 60 'drill'
	sees 300 'The run is over'
	keys Enter
	sees 10 '1 made: '
	ok "$flavour: how long writes and reads waited is on the page" shown 'waited: writes [0-9.]+ s, reads [0-9.]+ s'
	look
	back Dashboard
}

archives() { find "$WORK/desk" -maxdepth 1 -name 'kubewright-support-lab-*.tar.gz' -perm 600 | wc -l; }
support_page() {
	keys p
	sees 5 'a makes an archive'
	keys a
	sees 120 'files, .* KiB'
	look
	is "$flavour: one archive, which its owner alone can read" "$(archives)" 1
	is "$flavour: each host's facts are in it" "$(tar tzf "$WORK"/desk/kubewright-support-lab-*.tar.gz | grep -c 'facts.json')" 4
	keys Enter
	sees 5 'What .kubewright support. took'
	back Support
	back Dashboard
}

# A kubelet asks for a certificate of its own as a server; one that is nobody's business stays.
requests_page() {
	keys c
	sees 60 '[0-9] certificates'
	keys w
	sees 60 'Nobody waits for a certificate'
	REQUEST_NAMES=DNS:w1,IP:$NETWORK.21 request serves system:node:w1 system:nodes kubernetes.io/kubelet-serving '"digital signature","server auth"' system:node:w1
	request others robot robots example.com/robots '"client auth"'
	keys v
	sees 60 '2 requests: 1 may be signed, 0 refused, 1 left alone'
	look
	keys a
	plan_and_do signing
	certificate_of serves >"$WORK/serves.pem"
	ok "$flavour: it verifies" openssl verify -CAfile "$XDG_STATE_HOME/kubewright/lab/pki/ca.crt" "$WORK/serves.pem"
	is "$flavour: the other waits on" "$(certificate_of others)" ""
	kc delete csr serves others >/dev/null
}

# cas_of HOST: how many CAs its file of the front proxy's has
cas_of() { "$LAB" exec "$1" grep -c BEGIN /etc/kubernetes/pki/front-proxy-ca.crt; }
# phase WORDS: the next phase of the selected rotation, to its end, and back to where it is shown as WORDS
phase() {
	keys Enter
	sees 60 'a starts the next phase'
	look
	keys a
	sees 5 'Start the next phase'
	line lab
	sees 30 'kubewright  Run'
	sees 600 'The run is over; all is done'
	keys Enter
	sees 10 'kubewright  Dashboard'
	until_ok 180 healthy || fail "$flavour: the Dashboard shows a healthy cluster in the middle of a rotation"
	rotations "front-proxy-ca +$1"
}
rotations() {
	keys c
	sees 60 '[0-9] certificates'
	until_ok 60 shown ' s ago' || fail "$flavour: the certificates were looked at"
	keys o
	sees 10 "$1"
	look
	# the pointer stands on its line
	for _ in 1 2 3; do until_ok 1 shown '▶.*front-proxy-ca' && return || keys Down; done
}
rotation_pages() {
	rotations 'front-proxy-ca +one CA is trusted'
	ok "$flavour: the cluster's CA is on the page" shown '[^-]ca +one CA is trusted'
	phase 'two CAs are trusted, and the earlier one signs'
	is "$flavour: every control plane trusts both" "$(cas_of cp1) $(cas_of cp2) $(cas_of cp3)" "2 2 2"
	phase 'two CAs are trusted, and the new one signs'
	phase 'one CA is trusted, and signs'
	is "$flavour: every control plane trusts one" "$(cas_of cp1) $(cas_of cp2) $(cas_of cp3)" "1 1 1"
	back Certificates
	back Dashboard
}

# Each host key that is asked for is accepted, however they come, until the look is over. The dialog does not take keys that are typed as it appears.
keys_accepted() {
	if shown '\[ \] [a-z0-9.]+ +ssh-'; then
		keys a
		until_ok 5 not_shown '\[ \] [a-z0-9.]+ +ssh-'
	elif shown '\[x\] [a-z0-9.]+ +ssh-'; then
		keys Enter
		until_ok 5 not_shown '\[x\] [a-z0-9.]+ +ssh-'
	fi
	shown 'It can be taken over'
}

# Somebody who has nothing but the address of a control plane, and a key to log in.
taken_over() {
	mv "$WORK/desk" "$WORK/desk-1"
	mv "$XDG_STATE_HOME" "$XDG_STATE_HOME-1"
	terminal 80 24 "$KUBEWRIGHT"
	sees 10 'New cluster in this folder'
	keys Down Enter
	sees 5 'One of its'
	keys Enter
	line "$NETWORK.11"
	keys Down Down Enter
	line "$STATE/ssh/id_ed25519"
	look
	keys a
	ok "$flavour: it can be taken over, with the host keys that are asked for" until_ok 180 keys_accepted
	look
	keys a
	sees 5 'Take over this cluster'
	look
	keys Right Enter
	sees 10 'kubewright  Keys'
	keys a
	sees 60 'kubewright  Dashboard'
	# not healthy: it has its packages from elsewhere, which an inventory of nothing but the cluster does not know
	sees 120 '3 voters; quorum 2, tolerates 1 lost'
	look
	is "$flavour: four hosts in its inventory" "$(grep -c 'name: ' "$WORK/desk/kubewright.yaml")" 4
	is "$flavour: the CAs' keys are here, for their owner alone" "$(find "$XDG_STATE_HOME/kubewright" -path '*/pki/ca.key' -perm 600 | wc -l)" 1
	ended
}

trap terminal_end EXIT
for flavour in "$@"; do
	flavour_present "$flavour" || { skip "$flavour: no binaries here" && continue; }
	scenario "pages, $flavour"
	begin_dashboard "$flavour"
	for part in ${E2E_PARTS:-security_page hardware_page mesh_page drill_page support_page requests_page rotation_pages}; do $part; done
	ended
	taken_over
	ok "$flavour: no secret is readable" secrets_hidden
	scenario_end
done
summary
