# Says how large etcd's database on this host may grow and how much room its disk has. Changes nothing.
# Answers: manifest (yes when there is one), quota (bytes, when the manifest gives one), room_kb (free, when known), error, hint.
# shellcheck shell=sh disable=SC2154,SC2015
kw_manifest=/etc/kubernetes/manifests/etcd.yaml
flag() { sed -n "s/^ *- *[\"']\{0,1\}--$1=\([^\"']*\).*/\1/p" "$kw_manifest" 2>/dev/null | head -n 1; }

main() {
	[ ! -r "$kw_manifest" ] || say manifest yes
	say quota "$(flag quota-backend-bytes)"
	kw_data=$(flag data-dir)
	say room_kb "$(timeout 5 df -Pk "${kw_data:-/var/lib/etcd}" 2>/dev/null | awk 'NR == 2 { print $4 }')"
}
main </dev/null
