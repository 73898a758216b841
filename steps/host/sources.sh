# What apt has: packages, their sources, and the keys that these trust. Sent before probe.sh and packages.sh. Changes nothing. No temporary files.
# shellcheck shell=sh disable=SC2154,SC2015
kw_apt=/etc/apt

# key_bytes FILE [FROM TO]: the OpenPGP packets of a key file, or of the lines FROM to TO of a .sources file. Packets begin with a byte above 127, armor does
# not; of armor all blocks count, as they do for apt. 256 KiB and one byte at most.
key_bytes() {
	if [ -z "${3-}" ] && [ "$(head -c 1 "$1" | od -An -tu1)" -ge 128 ] 2>/dev/null; then
		cat "$1"
	else
		sed -n -e "${2-1},${3-\$}!d" -e 's/\r$//' -e 's/^[Ss]igned-[Bb]y://' -e 's/^[ 	]*//' -e 's/^\.$//' -e p "$1" | awk '
			/^-----BEGIN PGP/ { block = 1; next }
			/^-----END/ { block = 0 }
			/^=/ { next }
			block == 2
			block == 1 && /^$/ { block = 2 }' | base64 -d 2>/dev/null
	fi | head -c 262145
}

# keys_of FILE [FROM TO]: a line "FINGERPRINT START LENGTH" for each primary key, with its user ids, subkeys and signatures (RFC 4880). Fails on all
# that is not whole public keys: other packets, lengths that are not said or too long, more than 64 keys, more than 256 KiB.
keys_of() {
	kw_keys=$(key_bytes "$@" | od -An -v -tu1 | awk '
		function number(at, size, v) { for (v = 0; size > 0; size--) v = v * 256 + b[at++]; return v }
		function key() { if (keys) print version, body_of, len_of, start, p - start }
		{ for (i = 1; i <= NF; i++) b[n++] = $i + 0 }
		END {
			if (n == 0 || n > 262144) exit 1
			for (p = 0; p < n; p = body + len) {
				if (b[p] < 128) exit 1
				if (b[p] < 192) {
					tag = int(b[p] / 4) % 16
					if (b[p] % 4 == 3) exit 1
					body = p + 1 + 2 ^ (b[p] % 4)
					len = number(p + 1, body - p - 1)
				} else {
					tag = b[p] % 64
					if (b[p + 1] < 192) { body = p + 2; len = b[p + 1] }
					else if (b[p + 1] < 224) { body = p + 3; len = (b[p + 1] - 192) * 256 + b[p + 2] + 192 }
					else if (b[p + 1] == 255) { body = p + 6; len = number(p + 2, 4) }
					else exit 1
				}
				if (body + len > n || (tag != 6 && !keys)) exit 1
				if (tag == 6) {
					key()
					if (++keys > 64 || len > 65535) exit 1
					version = b[body]; body_of = body; len_of = len; start = p
				} else if (tag != 2 && tag != 13 && tag != 14 && tag != 17)
					exit 1
			}
			key()
		}') || return 1
	while read -r kw_version kw_body kw_len kw_start kw_all; do
		# SHA-1 over 0x99, two bytes of length, and the body of its packet (RFC 4880, 12.2)
		if [ "$kw_version" = 4 ]; then
			# shellcheck disable=SC2059
			kw_print=$({
				printf "\\231\\$(printf %o $((kw_len / 256)))\\$(printf %o $((kw_len % 256)))"
				key_bytes "$@" | tail -c +$((kw_body + 1)) | head -c "$kw_len"
			} | sha1sum | cut -c1-40 | tr a-f A-F)
		else
			kw_print=version-$kw_version
		fi
		printf '%s %s %s\n' "$kw_print" "$kw_start" "$kw_all"
	done <<END
$kw_keys
END
}

# pinned_key FILE FINGERPRINT: the packets of that one key, and of no other that the file may have. Fails when it is not there.
pinned_key() {
	kw_found=$(keys_of "$1") || return 1
	kw_found=$(printf '%s\n' "$kw_found" | sed -n "s/^$2 //p" | head -n 1)
	[ -n "$kw_found" ] || return 1
	key_bytes "$1" | tail -c +$((${kw_found% *} + 1)) | head -c "${kw_found#* }"
}

# only_pinned FINGERPRINT FILE [FROM TO]: whether the file has that key and no other.
only_pinned() {
	kw_pin=$1
	shift
	kw_found=$(keys_of "$@") || return 1
	[ "$(printf '%s\n' "$kw_found" | cut -d' ' -f1 | sort -u)" = "$kw_pin" ]
}

# sources_for URL SUITE COMPONENT: what apt knows of this place, but for our own files: lines "FILE LINE OFFERS TRUSTED ARCHS FROM TO SIGNED-BY", "-" for
# nothing; FROM and TO are the lines of a key that stands in the file. A deb-src line counts too: apt wants the same key of both.
sources_for() {
	kw_url=$1 kw_suite=$2 kw_component=${3-}
	set --
	for kw_f in "$kw_apt"/sources.list "$kw_apt"/sources.list.d/*.list "$kw_apt"/sources.list.d/*.sources; do
		case $kw_f in
		*/kubewright-*) ;;
		*) [ ! -r "$kw_f" ] || [ ! -f "$kw_f" ] || set -- "$@" "$kw_f" ;;
		esac
	done
	[ $# -gt 0 ] || return 0
	awk -v url="$kw_url" -v suite="$kw_suite" -v component="$kw_component" '
		function place(u) { sub(/\/+$/, "", u); return u }
		function has(list, word) { return index(" " list " ", " " word " ") > 0 }
		function word(text) { gsub(/[ \t]+/, ",", text); return text == "" ? "-" : text }
		function tell(file, line) {
			gsub(/\.\//, "/", suites)
			if (has(uris, place(url)) && has(suites, suite))
				print file, line, (has(types, "deb") && (component == "" || has(components, component))) ? "yes" : "no",
					trusted, word(archs), from + 0, to + 0, word(signed)
		}
		function clear() { types = uris = suites = components = archs = signed = field = ""; trusted = "no"; from = to = line = 0; on = 1 }
		function stanza() { if (line && on) tell(name, line); clear() }
		function option(key, value) {
			gsub(/,/, " ", value)
			if (key == "signed-by") signed = value
			else if (key ~ /^arch/ && key !~ /-$/) archs = value
			else if ((key == "trusted" || key ~ /^allow-/) && value ~ /^(yes|true|1|on|enable|with)$/) trusted = "yes"
		}
		FNR == 1 { stanza(); name = FILENAME }
		{ sub(/\r$/, "") }
		/^[ \t]*#/ { next }
		FILENAME !~ /\.sources$/ && $1 ~ /^deb(-src)?$/ {
			clear()
			types = $1
			rest = $0
			sub(/^[ \t]*deb(-src)?[ \t]+/, "", rest)
			if (rest ~ /^\[/) {
				options = substr(rest, 2, index(rest, "]") - 2)
				rest = substr(rest, index(rest, "]") + 1)
				count = split(options, list, /[ \t]+/)
				for (i = 1; i <= count; i++)
					option(substr(list[i], 1, index(list[i], "=") - 1), substr(list[i], index(list[i], "=") + 1))
			}
			count = split(rest, list, /[ \t]+/)
			first = list[1] == "" ? 2 : 1
			uris = place(list[first])
			suites = list[first + 1]
			for (i = first + 2; i <= count; i++) components = components " " list[i]
			tell(FILENAME, FNR)
			clear()
		}
		FILENAME !~ /\.sources$/ { next }
		/^[ \t]*$/ { stanza(); next }
		/^[ \t]/ {
			if (field == "signed-by") { to = FNR; next }
			value = $0
		}
		/^[^ \t]/ {
			field = tolower(substr($0, 1, index($0, ":") - 1))
			value = substr($0, index($0, ":") + 1)
			line = line ? line : FNR
			if (field == "signed-by") from = to = FNR
		}
		{
			gsub(/^[ \t]+|[ \t]+$/, "", value)
			gsub(/[ \t]+/, " ", value)
			if (field == "types") types = types " " value
			else if (field == "uris") { count = split(value, list, " "); for (i = 1; i <= count; i++) uris = uris " " place(list[i]) }
			else if (field == "suites") suites = suites " " value
			else if (field == "components") components = components " " value
			else if (field == "enabled") on = value !~ /^(no|false|0|off|disable|without)$/
			else option(field == "architectures" ? "arch" : field, value)
		}
		END { stanza() }' "$@"
}

# trusts FILE FROM TO SIGNED-BY FINGERPRINT: nothing, or why this source may be signed by another key than the pinned one.
trusts() {
	case $4 in
	- | *BEGIN*)
		if [ "$2" = 0 ] || [ "$2" = "$3" ]; then
			echo "has no signed-by, so that it may be signed by any key that apt trusts"
		else
			only_pinned "$5" "$1" "$2" "$3" || echo "trusts the key that stands in it, which is not the pinned one"
		fi
		;;
	*,*) echo "trusts several keys" ;;
	/*)
		if [ ! -r "$4" ]; then
			echo "is signed by $4, which is not there"
		else
			only_pinned "$5" "$4" || echo "trusts $4, which does not hold the pinned key alone"
		fi
		;;
	*) [ "$(printf %s "${4%!}" | tr a-f A-F)" = "$5" ] || echo "trusts the key $4, not the pinned one" ;;
	esac
}

# source_there URL SUITE COMPONENT FINGERPRINT: nothing when apt does not know this place, else "right FILE:LINE" or "wrong FILE:LINE WHY" (the first wrong one).
source_there() {
	kw_right='' kw_pinned=$4
	while read -r kw_file kw_line kw_offers kw_trusted kw_archs kw_from kw_to kw_signed; do
		[ -n "$kw_file" ] || continue
		kw_why=
		case ,$kw_archs, in
		,-, | *",$(dpkg --print-architecture 2>/dev/null),"*) ;;
		*) kw_offers=no ;;
		esac
		if [ "$kw_trusted" = yes ]; then
			kw_why="is taken without a signature"
		else
			kw_why=$(trusts "$kw_file" "$kw_from" "$kw_to" "$kw_signed" "$kw_pinned")
		fi
		if [ -n "$kw_why" ]; then
			echo "wrong $kw_file:$kw_line $kw_why"
			return
		fi
		# without the packages it is useless, and a second one beside it must name the same key
		[ "$kw_offers" = no ] || kw_right=$kw_file:$kw_line
		kw_last=$kw_file:$kw_line
	done <<END
$(sources_for "$1" "$2" "$3")
END
	if [ -n "$kw_right" ]; then
		echo "right $kw_right"
	elif [ -n "${kw_last-}" ]; then
		echo "wrong $kw_last does not offer ${3:-packages}"
	fi
}

# What apt says when it cannot read its sources; nothing when it can.
apt_refuses() {
	timeout 20 apt-get -q --print-uris update 2>&1 >/dev/null </dev/null | sed -n 's/^E: //p' | head -n 1
}

# packages_told PACKAGE…: which are installed and held, and whether dpkg has done its work. Sets kw_kubelet, kw_packaged.
packages_told() {
	kw_held_packages='' kw_kubelet='' kw_packaged=''
	# shellcheck disable=SC2016
	while read -r kw_status kw_name kw_version; do
		case $kw_status in
		hi) kw_held_packages="$kw_held_packages${kw_held_packages:+ }$kw_name" ;;
		?i) ;;
		*) continue ;;
		esac
		say "pkg.$kw_name" "$kw_version"
		# shellcheck disable=SC2034 # the probe asks
		case $kw_name in
		kubelet) kw_kubelet=yes ;;
		containerd | containerd.io) kw_packaged=yes ;;
		esac
	done <<END
$(dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' "$@" 2>/dev/null)
END
	say hold "$kw_held_packages"
	kw_broken=$(grep -c -E '^Status: .* (half-installed|half-configured|unpacked|triggers-awaited|triggers-pending)$' /var/lib/dpkg/status)
	for kw_f in /var/lib/dpkg/updates/[0-9]*; do
		[ ! -f "$kw_f" ] || kw_broken=$((kw_broken + 1))
	done
	[ "${kw_broken:-0}" -eq 0 ] || kw_broken="$kw_broken packages are half installed"
	[ "$kw_broken" != 0 ] || kw_broken=no
	say dpkg_broken "$kw_broken"
}
