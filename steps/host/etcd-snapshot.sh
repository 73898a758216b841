#!/bin/sh
# A file of the control planes, /etc/kubewright/etcd-snapshot: saves the data of this host's etcd member. Run by kubewright-etcd-snapshot.service, whose timer says when; needs
# nothing of kubewright.
# Arguments: CLUSTER FOLDER KEEP DAYS: so many of the newest snapshots stay, and the newest of each of the last DAYS days.
# A snapshot is FOLDER/CLUSTER-ID-TIME.db: ID is of the cluster's CA, so that those of another cluster of this name are known and stay; TIME is UTC.
# How it ended is in /var/lib/kubewright/etcd-snapshot, "SECONDS CODE":
#   running | ok | no-etcd (it does not answer) | no-room | damaged (its digest does not match) | no-folder (cannot be written to)
# shellcheck shell=sh disable=SC2015
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
export LC_ALL PATH
umask 077
state=/var/lib/kubewright
pki=/etc/kubernetes/pki/etcd
manifest=/etc/kubernetes/manifests/etcd.yaml
# what must stay free on the disk of the snapshots, in KiB
spare=1048576

noted() {
	mkdir -p "$state" && printf '%s %s\n' "$(date +%s)" "$1" >"$state/.etcd-snapshot" && mv -f "$state/.etcd-snapshot" "$state/etcd-snapshot" ||
		echo "cannot write $state/etcd-snapshot" >&2
}

# ends CODE WORDS: without a snapshot.
ends() {
	[ -z "${part-}" ] || rm -f "$part" "$part.part"
	noted "$1"
	printf '%s\n' "$2" >&2
	exit 1
}

flag() { sed -n "s/^ *- *[\"']\{0,1\}--$1=\([^\"']*\).*/\1/p" "$manifest" | head -n 1; }

# After a boot it takes a while.
etcd_listens() {
	tries=0
	until ss -Hltn 'sport = :2379' | grep -q .; do
		tries=$((tries + 1))
		[ "$tries" -lt 120 ] || return 1
		sleep 1
	done
}

# Each line of the stream has a piece in base64; the last one is the digest of all before it.
by_curl() {
	curl -sS --fail --noproxy '*' --connect-timeout 10 --speed-limit 1 --speed-time 60 --cacert "$pki/ca.crt" --cert "$pki/healthcheck-client.crt" \
		--key "$pki/healthcheck-client.key" -X POST -d '{}' https://127.0.0.1:2379/v3/maintenance/snapshot |
		sed -n 's/.*"blob":"\([^"]*\)".*/\1/p' | base64 -d | head -c "$most" >"$part"
}

# The program of etcd's own image, where there is no curl.
by_etcdctl() {
	image=$(sed -n 's/^ *image: *//p' "$manifest" | head -n 1)
	ctr -n k8s.io run --rm --net-host --mount "type=bind,src=$pki,dst=$pki,options=rbind:ro" --mount "type=bind,src=$folder,dst=$folder,options=rbind:rw" \
		"$image" "kubewright-snapshot-$$" etcdctl --endpoints=https://127.0.0.1:2379 "--cacert=$pki/ca.crt" "--cert=$pki/healthcheck-client.crt" \
		"--key=$pki/healthcheck-client.key" snapshot save "$part" >&2
}

whole() {
	[ "$(stat -c %s "$1")" -gt 32 ] &&
		[ "$(head -c -32 "$1" | sha256sum | cut -d' ' -f1)" = "$(tail -c 32 "$1" | od -An -v -tx1 | tr -d ' \n')" ]
}

# Sets most: more bytes than the snapshot can have.
room() {
	data=$(flag data-dir)
	size=$(stat -c %s "${data:-/var/lib/etcd}/member/snap/db" 2>/dev/null) || ends no-etcd "there is no database in ${data:-/var/lib/etcd}"
	free=$(df -Pk "$folder" | awk 'NR == 2 { print $4 }')
	[ "${free:-0}" -ge $((size / 1024 + spare)) ] ||
		ends no-room "no snapshot is taken: $folder has $((${free:-0} / 1024)) MiB free, and after its $((size / 1048576)) MiB at least $((spare / 1024)) MiB must stay free"
	most=$((size + size / 4 + 67108864))
}

# Prints those that are not to stay. The one of now stays, whatever the clock said before.
too_old() {
	find "$folder" -maxdepth 1 -type f -name "$cluster-$id-*" -printf '%f\n' | grep -x "$cluster-$id-[0-9]\{8\}T[0-9]\{6\}Z\.db" | sort -r |
		awk -v new="$name" -v left="$((keep - 1))" -v since="$(date -u -d "-$((days - 1)) days" +%Y%m%d)" '
			{ day = substr($0, length($0) - 18, 8) }
			$0 == new { seen[day]; next }
			left > 0 { left--; seen[day]; next }
			day >= since && !(day in seen) { seen[day]; next }
			{ print }'
}

main() {
	cluster=$1 folder=$2 keep=$3 days=$4
	[ -r "$manifest" ] || ends no-etcd "there is no $manifest on this host"
	mkdir -p "$folder" && exec 9<"$folder" || ends no-folder "cannot write to $folder"
	trap '[ -z "${part-}" ] || rm -f "$part" "$part.part"' EXIT
	trap 'exit 1' INT TERM
	flock -n 9 || { echo "another snapshot is being taken" >&2 && exit 1; }
	noted running
	# of one that was cut
	rm -f "$folder/.$cluster-"*.part
	# from before the first rotation of the cluster's CA
	id=$(head -n 1 /var/lib/kubewright/snapshot-id 2>/dev/null) || id=
	[ ${#id} -eq 8 ] || id=
	case $id in '' | *[!0-9a-f]*) id=$(sha256sum </etc/kubernetes/pki/ca.crt | cut -c 1-8) ;; esac
	name=$cluster-$id-$(date -u +%Y%m%dT%H%M%SZ).db
	etcd_listens || ends no-etcd "etcd does not listen on this host"
	room
	part=$folder/.$name.part
	: >"$part" || ends no-folder "cannot write to $folder"
	if command -v curl >/dev/null; then by_curl; else by_etcdctl; fi
	[ -s "$part" ] || ends no-etcd "etcd gave no snapshot"
	whole "$part" || ends damaged "the snapshot is damaged: its digest does not match its data"
	chmod 600 "$part" && sync "$part" && mv -f "$part" "$folder/$name" && sync "$folder" || ends no-folder "cannot write to $folder"
	too_old | while read -r old; do
		rm -f "$folder/$old"
	done
	noted ok
	printf '%s: %s bytes, complete and verified\n' "$folder/$name" "$(stat -c %s "$folder/$name")"
}
main "$@" </dev/null
