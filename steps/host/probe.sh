# Looks at a host and says everything in one go; changes nothing but the lock. Runs without lib.sh, after questions.sh and lock.sh. POSIX sh.
#
# Parameters:
#   node            name in the inventory            address        the Node's address
#   vip             virtual IP or empty              vip_interface  its interface or empty
#   paths           files whose digest is wanted, the ledger's too   secret_paths   of them those whose text is not
#   sysctls modules units packages   that are asked about beside those named here, lists
#   repositories   "host port" lines to reach when packages are missing
#   sources         lines "NAME URL SUITE COMPONENT KEY-URL FINGERPRINT" of the package sources that ours would be, "-" for no component, %os and
#                   %codename for the host's own
#   cluster         name of the cluster              run            id of this run
#   owner           "user@machine pid N"             machine        id of the operator's machine
#   dead_runs       run ids known to be dead         lock           yes: take the lock; no: only look
#   ttl             seconds after which a lock that nobody touched is nobody's
#
# Answers (lists are separated by spaces; "lines" are sent whole; `say` does the encoding):
#   now_ms now_end_ms        milliseconds since 1970, first and last word said
#   lock                     ours | taken-over | held (by another, alive) | unwritable | none (not asked for)
#   lock_owner lock_run lock_since lock_machine lock_step   who has it, or had it when it was taken over; by lock.sh, as the next
#   lock_age                 seconds since its run last touched it, by this host's clock
#   os_id os_version_id os_name os_codename   /etc/os-release      kernel arch hostname machine_id product_uuid
#   boot_id                  of the boot that runs                  reboot    lines: why the host is to be rebooted
#   cpus mem_kb              what can be used                       swap      lines "device type kb"
#   swap_boot                lines "fstab DEVICE", "unit NAME": what the next boot makes swap of
#   cpu_model serial uptime_s pods containers block_devices nics gpus   by hardware.sh, when it comes before this script; the last three are lines
#   cgroup                   v1 | v2                                virt      as systemd-detect-virt says       pid1
#   addrs                    lines "iface mac cidr" (IPv4)          routes    lines of `ip -4 route`
#   default_iface            of the default route                   address_iface  that has `address`
#   drill                    "ended FAULT" or "left FAULT": what a drill of an earlier run had begun here
#   vip_held                 yes | no       vip_answers  "yes MAC" | no; asked only where nothing is installed
#   disk_containerd_kb disk_kubelet_kb containerd_root   where they are not on the disk of /var/lib
#   disk_var_kb disk_etcd_kb disk_etc_kb    free space              inodes inodes_total  of /var; 0: has none to count
#   data_disk                device of etcd's folder                read_only  folders that cannot be written to
#   writable_dirs            lines "FOLDER mode MODE, owner UID:GID": on the way to root's files, and others than root can write to them
#   listen                   TCP ports      listen_who   lines "port process" of Kubernetes' ports when it is not installed
#   resolve                  IPv4 addresses of `node`, first one first    resolve_by  what gives the first, when it is not `address`
#   unit.NAME                active | activating | inactive | failed | absent …      enabled.NAME  as systemctl is-enabled, or absent
#   pkg_manager              apt | dnf | yum | zypper | pacman | apk | none
#   pkg.NAME                 version, when it is installed          hold      packages that are held
#   shadowed                 lines: programs before those of packages
#   dpkg_broken              no, or what is half done               apt_proxy yes | no
#   text.PATH                by contents.sh           sum.PATH  sha256 or "absent"                     pki_manifest  ok | changed | absent
#   ca_keys                  those of ca.key etcd/ca.key front-proxy-ca.key that are there
#   ca_keys_left             lines: copies of them elsewhere      ca_signs  yes | no | other | cut: the controller manager has the key to sign with
#   ca_apart                 yes: and its certificate in a file of its own; empty: not
#   mode.PATH                "644 0:0", mode and owner of a file; link
#   have                     of: kubelet-conf bootstrap-conf admin-conf super-admin-conf etcd-data etcd-manifest apiserver-manifest
#                            cm-manifest scheduler-manifest kubelet-config cni-conf ca-crt
#   image.NAME               tag of the image of a static Pod, by its manifest
#   apiserver_files          lines "PATH present|absent": files in kubewright's folder that its manifest names
#   encryption               "PATH PATH": where its manifest, and its process, says how Secrets are encrypted; "-" none, "?" not known
#   ca_crt kubelet_cert      PEM, certificates only                 kubelet_server  URL in kubelet.conf
#   record.KEY               what kubewright noted on this host     ledger    yes | no: something to undo
#   owned                    lines "KIND KEY PART/READER" of the ledger: whose wish it was, "-" nobody's
#   job.NAME                 "running|done|died STATUS INPUT RUN", "-" for what is not known
#   sysctl.NAME              value, empty when there is none        module.NAME  loaded | available | unavailable
#   sysctl_boot.NAME         "VALUE FILE:LINE" that the next boot sets it to
#   images                   lines              containerd_version  of one that no package owns
#   time_sync                yes | no | unknown, by the kernel's clock; unless yes: time_daemon  packages for it; time_keeper  what runs for it
#   resolv_conf              "PATH ok", "PATH absent", …: the file that pods get     nameservers   in it
#   snapshot_folder is a parameter too: see snapshots.sh
#   kubelet_resolv is a parameter too: the inventory's resolvConf, or empty
#   repo.HOST/PORT           ok | refused | unresolved | timeout | unreachable
#   source.NAME              "right FILE:LINE", or "wrong FILE:LINE WHY": others' package source for the same place; source.ours: a file of ours is there
#   apt_refuses              what apt says when it cannot read its sources
#   foreign                  those of `paths` that are there and were not written by kubewright, nor came so with a package; lines
#   kernel_lacks             words, when kubelet.conf is absent: CONFIG_NAME, "config" when it cannot be read, cgroup:CONTROLLER
#   sudo_logs_input          yes: sudo keeps what it is given (log_input), when kubelet.conf is absent
#   leftovers                lines, when kubelet.conf is absent     firewall  lines
#   cni cni_pods             by pod_networks.sh       filesystems fills  by room.sh; the second only with health.sh, when there is little room
#   snapshots snapshot_try snapshot_since snapshot_id    by snapshots.sh
#   error hint               never said; every script may
# shellcheck shell=sh disable=SC2154,SC2015
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
kw_state=/var/lib/kubewright
kw_services='kubelet containerd keepalived docker crio firewalld ufw nftables systemd-timesyncd chrony ntp ntpsec systemd-resolved'
kw_packages='kubelet kubeadm kubectl cri-tools kubernetes-cni containerd containerd.io runc keepalived chrony systemd-timesyncd docker.io docker-ce cri-o'

system() {
	# shellcheck disable=SC2034 # surroundings.sh asks for the two
	kw_os_id='' kw_codename=''
	if [ -r /etc/os-release ]; then
		# shellcheck disable=SC2034
		while IFS='=' read -r kw_key kw_value; do
			kw_value=${kw_value#[\"\']}
			kw_value=${kw_value%[\"\']}
			case $kw_key in
			ID) kw_os_id=$kw_value && say os_id "$kw_value" ;;
			VERSION_ID) say os_version_id "$kw_value" ;;
			PRETTY_NAME) say os_name "$kw_value" ;;
			VERSION_CODENAME) kw_codename=$kw_value && say os_codename "$kw_value" ;;
			esac
		done </etc/os-release
	fi
	first /proc/sys/kernel/osrelease && say kernel "$kw_line"
	first /proc/sys/kernel/hostname && say hostname "$kw_line"
	first /etc/machine-id && say machine_id "$kw_line"
	first /sys/class/dmi/id/product_uuid && say product_uuid "$kw_line"
	first /proc/1/comm && say pid1 "$kw_line"
	first /proc/meminfo && kw_line=${kw_line#MemTotal:} && kw_line=${kw_line%kB} && say mem_kb "$((kw_line))"
	say arch "$(uname -m)"
	say cpus "$(nproc)"
	say virt "$(systemd-detect-virt 2>/dev/null)"
	kw_line=v1
	[ ! -e /sys/fs/cgroup/cgroup.controllers ] || kw_line=v2
	say cgroup "$kw_line"
	first /proc/sys/kernel/random/boot_id && say boot_id "$kw_line"
	reboot_told
	swap_told
}

# What unattended upgrades ask for; and a kernel of the same flavour that is newer than the one that runs.
reboot_told() {
	kw_reasons=
	if [ -e /run/reboot-required ]; then
		kw_reasons="packages ask for it: $(sort -u /run/reboot-required.pkgs 2>/dev/null | head -n 20 | tr '\n' ' ')"
	fi
	first /proc/sys/kernel/osrelease
	kw_running=$kw_line kw_newest=
	if [ -e "/boot/vmlinuz-$kw_running" ]; then
		kw_flavour=${kw_running##*[0-9]-}
		kw_newest=$(printf '%s\n' /boot/vmlinuz-*-"$kw_flavour" | sed 's#^/boot/vmlinuz-##' | awk -v flavour="$kw_flavour" '
			{ rest = $0; sub(/^.*[0-9]-/, "", rest); if (rest == flavour) print }' | sort -V | tail -n 1)
	fi
	# one that was there when the host booted was not chosen then
	[ "${kw_newest:-$kw_running}" = "$kw_running" ] ||
		[ "$(stat -c %Z "/boot/vmlinuz-$kw_newest" 2>/dev/null || echo 0)" -le "$(sed -n 's/^btime //p' /proc/stat)" ] ||
		kw_reasons="$kw_reasons${kw_reasons:+
}kernel $kw_newest is installed, $kw_running runs"
	say reboot "$kw_reasons"
}

# Sets kw_held: the virtual IP is here.
network() {
	kw_addrs='' kw_address_iface='' kw_held=no
	while read -r _ kw_if kw_family kw_cidr _; do
		case $kw_family/$kw_if in inet/lo) continue ;; inet/*) ;; *) continue ;; esac
		first "/sys/class/net/$kw_if/address"
		kw_addrs="$kw_addrs${kw_addrs:+
}$kw_if ${kw_line:--} $kw_cidr"
		[ "${kw_cidr%/*}" != "$address" ] || kw_address_iface=$kw_if
		[ "${kw_cidr%/*}" != "${vip:-none}" ] || kw_held=yes
	done <<END
$(ip -o -4 addr show 2>/dev/null)
END
	say addrs "$kw_addrs"
	say address_iface "$kw_address_iface"
	[ -z "$vip" ] || say vip_held "$kw_held"
	kw_routes=$(ip -4 route show 2>/dev/null)
	say routes "$kw_routes"
	case $kw_routes in
	default*" dev "*)
		kw_default=${kw_routes#default*" dev "}
		say default_iface "${kw_default%%[!A-Za-z0-9._@-]*}"
		;;
	esac
	name_told
}

listeners() {
	kw_ports='' kw_ours=''
	while read -r _ _ _ kw_local _; do
		kw_port=${kw_local##*:}
		if [ -z "$kw_port" ] || contains "$kw_ports" "$kw_port"; then continue; fi
		kw_ports="$kw_ports${kw_ports:+ }$kw_port"
		case $kw_port in 6443 | 10250 | 10257 | 10259 | 2379 | 2380) kw_ours=yes ;; esac
	done <<END
$(ss -Hltn 2>/dev/null)
END
	say listen "$kw_ports"
	if [ -z "$kw_ours" ] || contains "$kw_have" kubelet-conf; then return 0; fi
	# slower, for the finding's text alone
	timeout 3 ss -Hltnp 2>/dev/null |
		sed -n 's/^[^ ]* *[^ ]* *[^ ]* *[^ ]*:\([0-9]*\) .*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 \2 (pid \3)/p' |
		grep -E '^(6443|10250|10257|10259|2379|2380) ' | sort -u | say64 listen_who
}

disks() {
	kw_etcd=/var/lib/etcd
	[ -d "$kw_etcd" ] || kw_etcd=/var/lib
	kw_containerd_root=$(cat /etc/containerd/config.toml /etc/containerd/conf.d/*.toml 2>/dev/null | sed -n "s/^root *= *[\"']\([^\"']*\).*/\1/p" | tail -n 1)
	kw_runs=${kw_containerd_root:-/var/lib/containerd} kw_pods=/var/lib/kubelet
	[ -d "$kw_runs" ] || kw_runs=/var/lib
	[ -d "$kw_pods" ] || kw_pods=/var/lib
	kw_i=0
	while read -r kw_avail kw_iavail kw_itotal kw_source; do
		case $kw_i in
		1) kw_disk=$kw_source && say disk_var_kb "$kw_avail" && say inodes "${kw_iavail#-}" && say inodes_total "${kw_itotal#-}" ;;
		2) say disk_etcd_kb "$kw_avail" && say data_disk "$kw_source" ;;
		3) say disk_etc_kb "$kw_avail" ;;
		4) [ "$kw_source" = "$kw_disk" ] || { say disk_containerd_kb "$kw_avail" && say containerd_root "$kw_runs"; } ;;
		5) [ "$kw_source" = "$kw_disk" ] || say disk_kubelet_kb "$kw_avail" ;;
		esac
		kw_i=$((kw_i + 1))
	done <<END
$(timeout 3 df -k --output=avail,iavail,itotal,source /var/lib "$kw_etcd" /etc "$kw_runs" "$kw_pods" 2>/dev/null)
END
	kw_ro=
	for kw_dir in /etc /usr /var/lib /opt; do
		[ -w "$kw_dir" ] || [ ! -d "$kw_dir" ] || kw_ro="$kw_ro${kw_ro:+ }$kw_dir"
	done
	say read_only "$kw_ro"
}

kubernetes_files() {
	have_told
	statics_told
	kw_k=/etc/kubernetes
	ca_crt_told
	kw_pem=/var/lib/kubelet/pki/kubelet-client-current.pem kw_data=
	if [ -r $kw_k/kubelet.conf ]; then
		while read -r kw_key kw_value; do
			case $kw_key in
			server:) say kubelet_server "$kw_value" ;;
			client-certificate-data:) kw_data=$kw_value ;;
			esac
		done <$kw_k/kubelet.conf
	fi
	if [ -r $kw_pem ]; then
		certificates <$kw_pem | say64 kubelet_cert
	elif [ -n "$kw_data" ]; then
		printf '%s' "$kw_data" | base64 -d 2>/dev/null | certificates | say64 kubelet_cert
	fi
}

own_records() {
	if [ -r $kw_state/host.conf ]; then
		while IFS='=' read -r kw_key kw_value; do
			case $kw_key in
			'' | *[!a-zA-Z0-9_]*) ;;
			*) say "record.$kw_key" "$kw_value" ;;
			esac
		done <$kw_state/host.conf
	fi
	kw_line=no
	[ ! -s $kw_state/ledger/list ] || kw_line=yes
	say ledger "$kw_line"
	owned_told
	pki_told
	set --
	while read -r kw_path; do
		case $kw_path in /*) set -- "$@" "$kw_path" ;; esac
	done <<END
$paths
END
	files_told "$@"
	! has foreign_files || say foreign "$(foreign_files "$@")"
}

# One systemctl for all units, jobs included. Answers come in the order of the question. Sets kw_active_jobs, kw_containerd.
units() {
	kw_jobs='' kw_active_jobs='' kw_containerd='' kw_resolved=''
	for kw_dir in "$kw_state"/jobs/*/; do
		kw_dir=${kw_dir%/}
		case ${kw_dir##*/} in
		*[!a-z0-9-]*) ;;
		*) kw_jobs="$kw_jobs ${kw_dir##*/}" ;;
		esac
	done
	kw_all=$kw_services
	for kw_name in $units; do
		contains "$kw_all" "$kw_name" || kw_all="$kw_all $kw_name"
	done
	for kw_name in $kw_jobs; do
		kw_all="$kw_all kubewright-$kw_name"
	done
	# shellcheck disable=SC2086
	kw_out=$(timeout 10 systemctl show --no-pager -p LoadState,ActiveState,UnitFileState $kw_all 2>/dev/null) || kw_out=
	kw_systemd=${kw_out:+yes}
	# shellcheck disable=SC2086
	set -- $kw_all
	kw_load=not-found kw_active='' kw_file=''
	while [ $# -gt 0 ] && IFS='=' read -r kw_key kw_value; do
		case $kw_key in
		LoadState) kw_load=$kw_value ;;
		ActiveState) kw_active=$kw_value ;;
		UnitFileState) kw_file=$kw_value ;;
		'')
			unit "$1"
			shift
			kw_load=not-found kw_active='' kw_file=''
			;;
		esac
	done <<END
$kw_out

END
	for kw_name; do
		unit "$kw_name"
	done
}

unit() {
	case $1/$kw_active in
	# a unit of ours, not a job
	kubewright-*.*/*) ;;
	kubewright-*/active | kubewright-*/*ing) kw_active_jobs="$kw_active_jobs ${1#kubewright-}" && return ;;
	kubewright-*) return ;;
	esac
	[ "$kw_load" != not-found ] || kw_active=absent kw_file=absent
	say "unit.$1" "$kw_active"
	say "enabled.$1" "${kw_file:-$kw_load}"
	[ "$1 $kw_active" != "containerd active" ] || kw_containerd=yes
	# shellcheck disable=SC2034 # surroundings.sh asks
	[ "$1 $kw_active" != "systemd-resolved active" ] || kw_resolved=yes
}

# A result counts before the unit that is still winding up; a unit that runs counts before the result of its predecessor, which is gone then.
jobs_told() {
	for kw_name in $kw_jobs; do
		kw_dir=$kw_state/jobs/$kw_name
		first "$kw_dir/state" && kw_job_state=$kw_line
		first "$kw_dir/status" && kw_status=${kw_line:--}
		first "$kw_dir/input" && kw_input=${kw_line:--}
		first "$kw_dir/run" && kw_run=${kw_line:--}
		if [ "$kw_job_state $kw_status" != "done -" ] && [ "$kw_job_state" = "done" ]; then
			:
		elif contains "$kw_active_jobs" "$kw_name"; then
			kw_job_state=running
		elif [ "$kw_job_state" = running ] && [ -z "$kw_systemd" ]; then
			# cannot be asked: better wait for nothing than start it twice
			kw_active_jobs="$kw_active_jobs $kw_name"
		elif [ -n "$kw_job_state" ]; then
			kw_job_state=died
		else
			continue
		fi
		say "job.$kw_name" "$kw_job_state $kw_status $kw_input $kw_run"
	done
}

packages() {
	# shellcheck disable=SC2034 # surroundings.sh asks for kw_kubelet
	kw_manager=none kw_kubelet='' kw_packaged=''
	for kw_m in apt-get dnf yum zypper pacman apk; do
		has "$kw_m" || continue
		kw_manager=${kw_m%-get}
		break
	done
	say pkg_manager "$kw_manager"
	for kw_name in $packages; do
		contains "$kw_packages" "$kw_name" || kw_packages="$kw_packages $kw_name"
	done
	# shellcheck disable=SC2086
	! has dpkg-query || packages_told $kw_packages
}

runtime() {
	if [ -z "$kw_packaged" ] && has containerd; then
		say containerd_version "$(timeout 5 containerd --version 2>/dev/null </dev/null)"
	fi
	if [ -n "$kw_containerd" ] && has ctr; then
		timeout 5 ctr -n k8s.io images ls -q 2>/dev/null </dev/null | say64 images
	fi
}

time_service() {
	kw_line=unknown
	if [ -e /run/systemd/timesync/synchronized ]; then
		kw_line=yes
	else
		case $(timeout 2 timedatectl show -p NTPSynchronized --value 2>/dev/null) in
		yes) kw_line=yes ;;
		no) kw_line=no ;;
		esac
	fi
	say time_sync "$kw_line"
	[ "$kw_line" = yes ] || time_keepers
}

main() {
	kw_iso=$(date -u '+%s%3N %Y-%m-%dT%H:%M:%SZ')
	kw_now=${kw_iso%% *}
	kw_iso=${kw_iso#* }
	say now_ms "$kw_now"
	# before anything is looked at that it would show in
	lock_drill nobody
	units
	jobs_told
	lock_step
	system
	network
	kubernetes_files
	own_records
	listeners
	for kw_more in hardware contents health room snapshots; do ! has "$kw_more" || "$kw_more"; done
	disks
	packages
	kernel_told
	runtime
	time_service
	lasting
	fresh
	say now_end_ms "$(date +%s%3N)"
}
main </dev/null
