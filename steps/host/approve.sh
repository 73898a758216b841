#!/bin/sh
# A file of the control planes, /etc/kubewright/approve-kubelets: approves what kubelets ask for serving certificates, when it is right in every respect; a control plane
# then signs it. Run by kubewright-approve-kubelets.service, whose timer says when; needs nothing of kubewright. The rules are those of cluster/requests.c.
# Argument: a file with lines "NODE ADDRESS": the hosts of the inventory. A request is for one of them, by its own kubelet, and for no other name or address.
# What is not right waits, and is reported once: of whom, and why.
# shellcheck shell=sh disable=SC2015,SC2016
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
export LC_ALL PATH
umask 077
run=/run/kubewright-approve-kubelets
conf=/etc/kubernetes/admin.conf
api=/apis/certificates.k8s.io/v1/certificatesigningrequests
# so many of one Node are looked at in one run: one that asks without end keeps no other from its certificate
most=5
tab=$(printf '\t')

# Journal's priorities: the unit keeps what is less than a notice.
notice() { printf '<5>%s\n' "$1" >&2; }
warn() { printf '<4>%s\n' "$1" >&2; }

kube() { timeout 60 kubectl "--kubeconfig=$conf" --server=https://127.0.0.1:6443 --tls-server-name=kubernetes "--cache-dir=$run/cache" --request-timeout=20s "$@"; }

# One line for each that waits, its words in quotes as Go writes them: nothing in them ends a word or the line. A longer request than any kubelet's is not taken.
waiting='{{range .items}}{{if and (not .status.certificate) (not .status.conditions) (eq .spec.signerName "kubernetes.io/kubelet-serving") (lt (len .spec.request) 8192)}}'
waiting=$waiting'{{printf "%q\t%q\t%q\t%q" .spec.username .metadata.name .metadata.uid .metadata.resourceVersion}}{{"\t"}}'
waiting=$waiting'{{range .spec.groups}}{{if eq . "system:nodes"}}nodes{{end}}{{end}}-{{"\t"}}'
waiting=$waiting'{{range .spec.usages}}{{printf "%q" .}}{{end}}-{{"\t"}}{{printf "%q" .spec.request}}{{"\n"}}{{end}}{{end}}'

# As Node's name has it in the file; a host is not in it twice.
address_of() { awk -v node="$1" '$1 == node { print $2; exit }' "$hosts"; }

# DER of the names, in hex: so many bytes follow a tag as one byte says, for a name has at most 63 characters.
der() { printf '%s%02x%s' "$1" "$((${#2} / 2))" "$2"; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
dns_der() { der 82 "$(printf %s "$1" | hex)"; }
ip_der() {
	# shellcheck disable=SC2046,SC2183 # four numbers
	der 87 "$(printf '%02x%02x%02x%02x' $(printf %s "$1" | tr . ' '))"
}

# What a text of one PEM block alone holds, without doubt for all who read it.
one_pem() {
	awk 'NR == 1 { ok = $0 == "-----BEGIN CERTIFICATE REQUEST-----"; next }
		done || !ok { ok = 0; exit }
		$0 == "-----END CERTIFICATE REQUEST-----" { done = 1; next }
		!/^[A-Za-z0-9+\/=]+$/ { ok = 0; exit }
		END { exit !(ok && done) }' "$1"
}

strong_key() {
	openssl req -in "$1" -noout -pubkey >"$run/key.pem" 2>/dev/null || return 1
	kind=$(openssl pkey -pubin -in "$run/key.pem" -outform DER 2>/dev/null | openssl asn1parse -inform DER 2>/dev/null |
		sed -n 's/^.* prim: *OBJECT *:\([A-Za-z0-9-]*\)$/\1/p' | head -n 2 | tr '\n' ' ')
	case $kind in
	'id-ecPublicKey prime256v1 ' | 'id-ecPublicKey secp384r1 ' | 'id-ecPublicKey secp521r1 ' | 'ED25519 ') return 0 ;;
	'rsaEncryption ') ;;
	*) return 1 ;;
	esac
	modulus=$(openssl rsa -pubin -in "$run/key.pem" -noout -modulus 2>/dev/null) || return 1
	modulus=${modulus#Modulus=}
	[ "${#modulus}" -ge 512 ]
}

# The value of the one extension of names, in hex; more than one, or a text of somebody's that looks like one, is none.
names_of() {
	openssl asn1parse -in "$1" 2>/dev/null | awk '
		/^ *[0-9]+:d=[0-9]+ +hl=[0-9]+ +l= *[0-9]+ +prim: +OBJECT +:X509v3 Subject Alternative Name$/ { found++; at = NR }
		NR == at + 1 && match($0, /prim: +OCTET STRING +\[HEX DUMP\]:[0-9A-F]+$/) { value = tolower($0); sub(/^.*:/, "", value) }
		END { if (found == 1) print value }'
}

# judge NODE GROUPS USAGES FILE: sets why when it is not right.
judge() {
	why=
	address=$(address_of "$1")
	case $2 in *nodes*) ;; *) why="who asks is not in the group system:nodes" && return 1 ;; esac
	[ -n "$address" ] || { why="no host of the inventory has that name" && return 1; }
	case $(printf '%s' "${3%-}" | sed 's/""/"\n"/g' | sort | tr '\n' ,) in
	'"digital signature","server auth",' | '"digital signature","key encipherment","server auth",') ;;
	*) why="it asks for other usages: $3" && return 1 ;;
	esac
	one_pem "$4" || { why="it holds no request, or more than one" && return 1; }
	case $(openssl req -in "$4" -noout -verify 2>&1 | tail -n 1) in
	*'verify OK') ;;
	*) why="its signature is not of its own key" && return 1 ;;
	esac
	case $(openssl req -in "$4" -noout -subject -nameopt RFC2253 2>/dev/null) in
	"subject=CN=system:node:$1,O=system:nodes" | "subject=O=system:nodes,CN=system:node:$1") ;;
	*) why="its subject is not O=system:nodes and CN=system:node:$1 alone" && return 1 ;;
	esac
	strong_key "$4" || { why="its key is too weak or unknown" && return 1; }
	dns=$(dns_der "$1") ip=$(ip_der "$address") names=$(names_of "$4")
	[ "$names" = "$(der 30 "$dns$ip")" ] || [ "$names" = "$(der 30 "$ip$dns")" ] || [ "$names" = "$(der 30 "$ip")" ] ||
		[ "$names" = "$(der 30 "$dns")" ] || { why="it asks for other names than $1 and $address, or for none" && return 1; }
}

# All words of it were looked at: nothing in them needs a quote. The version of it that was judged, and no other, is approved.
approve() {
	usages=$(printf '%s' "${4%-}" | sed 's/""/","/g')
	printf '{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"%s","uid":"%s","resourceVersion":"%s"},' "$1" "$2" "$3"
	printf '"spec":{"signerName":"kubernetes.io/kubelet-serving","usages":[%s],"request":"%s"},"status":{"conditions":[{"type":"Approved","status":"True",' "$usages" "$5"
	printf '"reason":"CheckedByKubewright","message":"its names, key and kubelet are those of the inventory"}]}}\n'
}

# report UID WORDS: once, as long as it waits.
report() {
	printf '%s\n' "$1" >>"$run/reported.new"
	grep -qsxF "$1" "$run/reported" || warn "$2"
}

# Sets plain to what %q has put into quotes, if it is only letters, digits and what names are made of; or base64.
unquoted() { plain=${1#\"} plain=${plain%\"}; }
word() {
	unquoted "$1"
	case $plain in '' | -* | .* | *[!A-Za-z0-9.:_-]*) return 1 ;; esac
}
encoded() {
	unquoted "$1"
	case $plain in '' | *[!A-Za-z0-9+/=]*) return 1 ;; esac
}

# one WHO NAME UID VERSION GROUPS USAGES REQUEST, of a Node whose name is safe
one() {
	node=$1
	word "$3" && [ "${#plain}" -lt 64 ] && uid=$plain || return 0
	word "$2" && name=$plain && word "$4" && version=$plain && encoded "$7" && request=$plain && [ "${#name}" -lt 254 ] || {
		report "$uid" "a request of $node waits: its name is not one that kubelets give"
		return 0
	}
	printf '%s' "$request" | base64 -d >"$run/request.pem" 2>/dev/null || : >"$run/request.pem"
	judge "$node" "$5" "$6" "$run/request.pem" || {
		report "$uid" "$name of $node waits, for it is not right: $(printf '%.300s' "$why" | tr -cd '[:print:]')"
		return 0
	}
	approve "$name" "$uid" "$version" "$6" "$request" >"$run/approved.json"
	if said=$(kube replace --validate=false --raw "$api/$name/approval" -f "$run/approved.json" 2>&1 >/dev/null); then
		notice "approved $name: the serving certificate of $node"
		return 0
	fi
	# another control plane may have been faster: what waits for longer is reported
	printf '%s\n' "$uid" >>"$run/failed.new"
	! grep -qsxF "$uid" "$run/failed" || report "$uid" "$name of $node could not be approved: $(printf '%.300s' "$said" | tr -cd '[:print:]')"
}

# Those of other requesters than Nodes of the file, of which so many are looked at, are reported as what they are.
each() {
	awk -F '\t' -v hosts="$hosts" -v most="$most" '
		BEGIN { while ((getline line < hosts) > 0) { split(line, f, " "); node[f[1]] } }
		NF != 7 { next }
		{
			who = $1
			if (who !~ /^"system:node:[a-z0-9.-]+"$/ || length(who) > 100) who = ""
			else who = substr(who, 14, length(who) - 14)
			if (who == "" || !(who in node)) { if (others++ < most) print "-" "\t" $3 "\t" substr($1, 1, 120) "\t-\t-\t-\t-"; next }
			if (seen[who]++ < most) print who "\t" $2 "\t" $3 "\t" $4 "\t" $5 "\t" $6 "\t" $7
		}' "$run/waiting" | while IFS=$tab read -r who name uid version groups usages request; do
		if [ "$who" != - ]; then
			one "$who" "$name" "$uid" "$version" "$groups" "$usages" "$request" </dev/null
		elif word "$name"; then
			report "$plain" "a request of $(printf '%s' "$uid" | tr -cd '[:print:]') waits: it is not of a host of the inventory"
		fi
	done
}

main() {
	hosts=$1
	[ -r "$hosts" ] || { warn "cannot read $hosts" && exit 1; }
	mkdir -p "$run" && exec 9<"$run" && flock -n 9 || exit 0
	# a control plane that is not one yet, or no more
	[ -r "$conf" ] || exit 0
	kube get certificatesigningrequests.certificates.k8s.io --field-selector=spec.signerName=kubernetes.io/kubelet-serving "-o=go-template=$waiting" >"$run/waiting" 2>"$run/said" || {
		[ -e "$run/silent" ] || warn "the API server does not say who waits: $(tail -n 1 "$run/said" | cut -c 1-300 | tr -cd '[:print:]')"
		: >"$run/silent"
		exit 1
	}
	rm -f "$run/silent"
	: >"$run/reported.new"
	: >"$run/failed.new"
	each
	mv -f "$run/reported.new" "$run/reported" && mv -f "$run/failed.new" "$run/failed"
}
main "$@" </dev/null
