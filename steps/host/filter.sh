# What Kubernetes has in the packet filter, by its names: sent after lib.sh and before deadman.sh or reset.sh. Rules of others are never written again: neither
# iptables nor nft can show whole what the other has made.
# shellcheck shell=sh disable=SC2154,SC2015

# Names that kube-proxy, kubelet and pod networks give their chains, and tables of their own.
kw_chains='^(KUBE-|CNI-|FLANNEL-|CILIUM_|cali-|WEAVE-)'
kw_tables=' kube-proxy flannel-ipv4 flannel-ipv6 cni_hostport cni_plugins_masquerade '
kw_iptables='iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy'

# Sets kw_before, the tables and chains of before Kubernetes; a ledger of an earlier kubewright has no such note.
filter_before() {
	kw_noted=$(entries filter) kw_before=" ${kw_noted#words|}"
}

# In front of the awk programs below; key is "ip/filter".
kw_theirs='function theirs(chain) { return chain ~ names && !index(before, " " key "/" chain " ") }'

# saved_chains TOOL: their chains with what is in them, as TOOL-restore --noflush takes it.
saved_chains() {
	! command -v "$1-save" >/dev/null || "$1-save" 2>/dev/null | awk -v names="$kw_chains" -v before="$kw_before" -v family="${1%tables-*}" "$kw_theirs"'
		/^\*/ { table = $1; key = family "/" substr($1, 2); chains = rules = "" }
		/^:/ && theirs(substr($1, 2)) { chains = chains $1 " - [0:0]\n" }
		/^-A/ && theirs($2) { rules = rules $0 "\n" }
		/^COMMIT/ && chains != "" { printf "%s\n%s%sCOMMIT\n", table, chains, rules }'
}

# Their tables that are nft's alone, as words "ip kube-proxy" on lines.
own_tables() {
	! command -v nft >/dev/null || nft list tables | awk -v tables="$kw_tables" -v before="$kw_before" \
		'index(tables, " " $3 " ") && !index(before, " " $2 "/" $3 " ") { print $2, $3 }'
}

# Their chains, as nft sees them, that no iptables can write down.
lost_chains() {
	! command -v nft >/dev/null || nft list chains 2>/dev/null | awk -v names="$kw_chains" -v before="$kw_before" -v tables="$kw_tables" -v saved="$1" "$kw_theirs"'
		BEGIN {
			while ((getline line <saved) > 0) {
				split(line, word, " ")
				if (line ~ /^#/) family = word[2]
				if (line ~ /^\*/) table = substr(line, 2)
				if (line ~ /^:/) known[family "/" table "/" substr(word[1], 2)] = 1
			}
		}
		$1 == "table" { key = $2 "/" $3; whole = index(tables, " " $3 " ") }
		$1 == "chain" && !whole && theirs($2) && !(key "/" $2 in known) { print key "/" $2 }'
}

# filter_save FOLDER: what filter_off takes away, in files that putback.sh loads; and all of the packet filter, for people.
filter_save() {
	: >"$1/chains"
	for kw_tool in $kw_iptables; do
		! command -v "$kw_tool-save" >/dev/null || "$kw_tool-save" -c >"$1/$kw_tool.all" 2>/dev/null || true
		saved_chains "$kw_tool" >"$1/$kw_tool"
		{ echo "# ${kw_tool%tables-*}" && cat "$1/$kw_tool"; } >>"$1/chains"
	done
	! command -v nft >/dev/null || nft list ruleset >"$1/nft.all" 2>/dev/null || true
	kw_lost=$(lost_chains "$1/chains")
	own_tables | while read -r kw_family kw_table; do
		printf 'table %s %s {}\ndelete table %s %s\n' "$kw_family" "$kw_table" "$kw_family" "$kw_table"
		nft list table "$kw_family" "$kw_table"
	done >"$1/nft"
	[ ! -s "$1/nft" ] || nft -c -f "$1/nft" || kw_lost="$kw_lost kube-proxy's tables"
	[ -z "$kw_lost" ] ||
		fail "no copy can be kept of $(printf '%s' "$kw_lost" | head -n 3 | tr '\n' ' '), to put back if the connection is lost; the packet filter was not changed" \
			"neither iptables nor nft can write it down: take it out by hand ('nft -a list ruleset'), then reset again"
}

# filter_off FOLDER: their chains are emptied, which ends what they do and leaves the rules around them where they are; their tables go.
filter_off() {
	for kw_tool in $kw_iptables; do
		[ -s "$1/$kw_tool" ] || continue
		grep -v '^-A' "$1/$kw_tool" | "$kw_tool-restore" --noflush || log "warning: $kw_tool cannot empty the chains of Kubernetes"
	done
	own_tables | while read -r kw_family kw_table; do
		nft delete table "$kw_family" "$kw_table" || log "warning: the table $kw_table cannot be removed"
	done
}

# The rules that lead into their chains, then the chains.
filter_remove_nft() {
	nft -a -s list ruleset 2>/dev/null | awk -v names="$kw_chains" -v before="$kw_before" "$kw_theirs"'
		$1 == "table" { table = $2 " " $3; key = $2 "/" $3; chain = "" }
		$1 == "chain" {
			chain = $2
			if (theirs(chain)) {
				flush = flush "flush chain " table " " chain "\n"
				gone = gone "delete chain " table " " chain "\n"
			}
			next
		}
		chain == "" || theirs(chain) { next }
		/# handle [0-9]+$/ {
			handle = $NF
			gsub(/"[^"]*"/, "")
			n = split($0, word, /[ \t,{}]+/)
			for (i = 1; i < n; i++)
				if ((word[i] == "jump" || word[i] == "goto") && theirs(word[i + 1])) {
					print "delete rule " table " " chain " handle " handle
					break
				}
		}
		END { printf "%s%s", flush, gone }' >"$1"
	[ ! -s "$1" ] || nft -f "$1" || log "warning: nft cannot remove the chains of Kubernetes"
}

# The same, where there is no nft, and in the kernel's older tables.
filter_remove_iptables() {
	! command -v "$2-save" >/dev/null || "$2-save" 2>/dev/null | awk -v names="$kw_chains" -v before="$kw_before" -v family="${2%tables-*}" "$kw_theirs"'
		/^\*/ { table = $1; key = family "/" substr($1, 2); rules = flush = gone = "" }
		/^:/ { chain = substr($1, 2); if (theirs(chain)) { flush = flush "-F " chain "\n"; gone = gone "-X " chain "\n" } }
		/^-A/ && !theirs($2) {
			line = $0
			gsub(/"[^"]*"/, "")
			for (i = 3; i < NF; i++)
				if (($i == "-j" || $i == "-g") && theirs($(i + 1))) { sub(/^-A/, "-D", line); rules = rules line "\n" }
		}
		/^COMMIT/ && gone != "" { printf "%s\n%s%s%sCOMMIT\n", table, rules, flush, gone }' >"$1"
	[ ! -s "$1" ] || "$2-restore" --noflush <"$1" || log "warning: $2 cannot remove the chains of Kubernetes"
}

# The base chains and tables that iptables made for them, if nobody uses them now.
filter_remove_empty() {
	nft -s list ruleset 2>/dev/null | awk -v before="$kw_before" '
		function end_chain() {
			if (chain == "") return
			if (rules || index(before, " " key "/" chain " ")) used = 1
			else gone = gone "delete chain " table " " chain "\n"
			chain = ""
		}
		function end_table() {
			end_chain()
			if (ours) printf "%s", used ? gone : "delete table " table "\n"
		}
		$1 == "table" {
			end_table()
			table = $2 " " $3; key = $2 "/" $3; gone = ""
			ours = key ~ /^ip6?\/(filter|nat|mangle|raw|security)$/
			used = index(before, " " key " ")
			next
		}
		$1 == "chain" { end_chain(); chain = $2; rules = 1; next }
		$1 == "}" || NF == 0 { next }
		chain != "" && $1 == "type" && /policy accept;$/ { rules = 0; next }
		{ used = rules = 1 }
		END { end_table() }' >"$1"
	[ ! -s "$1" ] || nft -f "$1" || log "warning: empty chains and tables of iptables cannot be removed"
}

# filter_remove FILE: what filter_off left; changes no packet's way. FILE is for its work.
filter_remove() {
	! command -v nft >/dev/null || filter_remove_nft "$1"
	for kw_tool in $kw_iptables; do
		filter_remove_iptables "$1" "$kw_tool"
	done
	[ -z "$kw_noted" ] || ! command -v nft >/dev/null || filter_remove_empty "$1"
	rm -f "$1"
}
