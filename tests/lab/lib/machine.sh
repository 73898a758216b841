# shellcheck shell=bash
# A host with a kernel of its own: QEMU under software emulation. /dev/kvm is not used: where it is there it may still hang.
# It has the disk's seed, the link, the power switch and the mark of a host in namespaces; what differs is here.

MACHINE_DEPS=(qemu-system-x86 patchelf qemu-utils e2fsprogs fdisk cpio socat)

# Why there can be no machines here; nothing when there can.
machine_obstacle() {
	local missing
	missing=$(deps_missing "${MACHINE_DEPS[@]}" | tr '\n' ' ')
	if [ -n "$missing" ]; then
		printf 'missing packages: %s' "$missing"
	elif [ ! -c /dev/net/tun ]; then
		printf 'no /dev/net/tun'
	fi
}

# A host is a machine from `lab up --machines` on, also with a fresh disk. The file holds what hardware it was given.
host_is_machine() { [ -f "$(host_dir "$1")/machine" ]; }

machine_declare() {
	local host
	for host in "$@"; do
		[ ! -d "$(host_dir "$host")/disk" ] || host_is_machine "$host" || die "host $host is up without a kernel of its own: run 'lab down' first"
		mkdir -p "$(host_dir "$host")"
		[ -f "$(host_dir "$host")/machine" ] || printf '%s\n' "$hardware" >"$(host_dir "$host")/machine"
	done
}

# hardware_words: one a line, each checked.
hardware_words() {
	local word
	for word in $1; do
		case $word in
		memory=[1-9]* | cpus=[1-9]* | sockets=[1-9]* | numa=[1-9]* | nvme=?* | dimm=?* | nics=[1-9]* | speed=[1-9]* | microcode=0x?* | bmc) printf '%s\n' "$word" ;;
		*) usage_error "unknown hardware '$word': memory=MIB cpus=N sockets=N numa=N nvme=SERIAL,… dimm=SERIAL nics=N speed=MBIT microcode=0xREVISION bmc" ;;
		esac
	done
}
# hardware_of HOST WORD DEFAULT
hardware_of() {
	local value
	value=$(hardware_words "$(cat "$(host_dir "$1")/machine")" | sed -n "s/^$2=//p" | tail -n 1)
	printf '%s\n' "${value:-$3}"
}

# machine_disk_new HOST FOLDER: the disk over the common one, with the folder's upper/ as its seed.
machine_disk_new() {
	local host=$1 new=$2 serial image
	image=$(machine_image_cache)
	machine_files "$host" "$new/upper"
	printf '%s\n' "$image" >"$new/image"
	qemu-img create -q -f qcow2 -b "$image/disk" -F raw "$new/disk"
	for serial in $(hardware_of "$host" nvme '' | tr , ' '); do
		qemu-img create -q -f qcow2 "$new/nvme-$serial" 4G
	done
	mkdir "$new/seed"
	tar -c --numeric-owner -C "$new/upper" -f "$new/seed/kwlab.tar" .
	# in front of the compressed archive: behind it the kernel wants what follows at a multiple of four
	printf 'kwlab.tar\n' | (cd "$new/seed" && cpio --quiet -o -H newc) | cat - "$image/initrd" >"$new/initrd"
	rm -r "$new/seed"
}

# The first card is in slot 3 of the bus, and so has the name that systemd makes of it.
machine_files() {
	local host=$1 upper=$2
	mkdir -p "$upper/etc/network" "$upper/usr/lib/kwlab"
	cat >"$upper/etc/network/interfaces" <<-TEXT
		# This file describes the network interfaces available on your system
		# and how to activate them. For more information, see interfaces(5).

		source /etc/network/interfaces.d/*

		# The loopback network interface
		auto lo
		iface lo inet loopback

		# The primary network interface
		allow-hotplug ens3
		iface ens3 inet static
			address $(host_address "$host")/24
			gateway $BRIDGE_ADDRESS
	TEXT
	printf 'nameserver %s\n' "$BRIDGE_ADDRESS" >"$upper/etc/resolv.conf"
	install -m 0600 "$STATE/ssh/id_ed25519.pub" "$upper/usr/lib/kwlab/authorized_keys"
	find "$upper" -type d -exec chmod go+rX {} +
	chmod 0700 "$upper/root" "$upper/root/.ssh" "$upper/home/ops" "$upper/home/ops/.ssh"
}

# machine_arguments HOST: QEMU's, one a line.
machine_arguments() {
	local host=$1 dir image cpus memory sockets numa serial speed n
	dir=$(host_dir "$host")
	image=$(cat "$dir/disk/image")
	memory=$(hardware_of "$host" memory 3072)
	cpus=$(hardware_of "$host" cpus 2)
	sockets=$(hardware_of "$host" sockets 1)
	numa=$(hardware_of "$host" numa 1)
	speed=$(hardware_of "$host" speed '')
	printf '%s\n' -name "$host" -accel tcg,thread=multi,tb-size=512 -cpu "max$(hardware_of "$host" microcode '' | sed 's/./,ucode-rev=&/')" -smp "$cpus,sockets=$sockets" -m "$memory" -nodefaults -display none -no-reboot \
		-uuid "$(cat "$dir/uuid")" -smbios "type=1,manufacturer=Lab,product=Machine,serial=LAB-$host" \
		-smbios "type=17,manufacturer=Lab,serial=$(hardware_of "$host" dimm "DIMM-$host"),part=LAB-DDR4,loc_pfx=DIMM" \
		-kernel "$image/vmlinuz" -initrd "$dir/disk/initrd" \
		-append "root=UUID=$(cat "$image/root.uuid") ro console=ttyS0 no_timer_check mitigations=off panic=5" \
		-drive "file=$dir/disk/disk,if=none,id=disk,cache=unsafe,discard=unmap" -device virtio-blk-pci,drive=disk,addr=4 \
		-device virtio-serial-pci,addr=5 -chardev "socket,id=exec,path=$dir/exec.sock,server=on,wait=off" -device virtserialport,chardev=exec,name=kwlab \
		-chardev "file,id=console,path=$dir/console.log,append=on" -serial chardev:console -qmp stdio
	for ((n = 0; n < $(hardware_of "$host" nics 1); n++)); do
		printf '%s\n' -netdev "tap,id=net$n,ifname=$(machine_link "$host" "$n"),script=no,downscript=no" \
			-device "virtio-net-pci,netdev=net$n,mac=$(machine_mac "$host" "$n"),addr=$((n == 0 ? 3 : 16 + n))${speed:+,speed=$speed,duplex=full}"
	done
	for serial in $(hardware_of "$host" nvme '' | tr , ' '); do
		printf '%s\n' -drive "file=$dir/disk/nvme-$serial,if=none,id=nvme-$serial,cache=unsafe" -device "nvme,id=$serial,drive=nvme-$serial,serial=$serial"
	done
	for ((n = 0; numa > 1 && n < numa; n++)); do
		printf '%s\n' -object "memory-backend-ram,id=mem$n,size=$((memory / numa))M" -numa "node,nodeid=$n,cpus=$((n * cpus / numa))-$(((n + 1) * cpus / numa - 1)),memdev=mem$n"
	done
	! hardware_words "$(cat "$dir/machine")" | grep -qx bmc || printf '%s\n' -device ipmi-bmc-sim,id=bmc -device isa-ipmi-kcs,bmc=bmc
}

machine_link() { if [ "$2" = 0 ]; then host_link "$1"; else printf '%s%s\n' "$(host_link "$1")" "-$2"; fi; }
machine_mac() { if [ "$2" = 0 ]; then host_mac "$1"; else printf '02:6b:77:1b:%02x:%s\n' "$2" "$(host_number "$1")"; fi; }

machine_links_up() {
	local host=$1 n link
	for ((n = 0; n < $(hardware_of "$host" nics 1); n++)); do
		link=$(machine_link "$host" "$n")
		ip tuntap add dev "$link" mode tap
		ip link set "$link" master "$BRIDGE" up
	done
}

machine_links_down() {
	local n
	for ((n = 0; n < $(hardware_of "$1" nics 1); n++)); do
		ip link del "$(machine_link "$1" "$n")" 2>/dev/null || true
	done
	ip neigh del "$(host_address "$1")" dev "$BRIDGE" 2>/dev/null || true
}

# Power on. The emulator ends when the machine reboots, and is started again; switched off by itself it stays off. One that
# ended without saying why has died, as was seen in a machine's first seconds: it is started again, three times at most.
machine_spawn() {
	local host=$1 dir=$2 arguments
	[ -f "$dir/uuid" ] || cat /proc/sys/kernel/random/uuid >"$dir/uuid"
	machine_links_up "$host"
	mapfile -t arguments < <(machine_arguments "$host")
	rm -f "$dir/qmp"
	mkfifo "$dir/qmp"
	(
		exec 9>&-
		mark_service "host-$host"
		# shellcheck disable=SC2016 # the inner shell expands it
		exec setsid bash -c 'cd "$1" && shift && exec 3<>qmp
			died=0
			while :; do
				status=0
				printf "{\"execute\":\"qmp_capabilities\"}\n" >&3
				"$@" <&3 >qmp.log || status=$?
				grep -q "\"guest-reset\"" qmp.log && continue
				grep -q "\"SHUTDOWN\"" qmp.log && break
				printf "the emulator died: exit status %d\n" "$status" >&2
				died=$((died + 1))
				[ "$died" -le 3 ] || break
			done' "$PREFIX-$host" "$dir" "$(machine_qemu)" "${arguments[@]}"
	) </dev/null >"$dir/qemu.log" 2>&1 &
	wait_until 20 "QEMU of $host" machine_leader "$host" >/dev/null || die "QEMU does not run: see $dir/qemu.log"
}

# The emulator's pid.
machine_leader() {
	local pid
	while read -r pid; do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != qemu-system-x86 ] || { printf '%s\n' "$pid" && return 0; }
	done < <(marked_pids "host-$1")
	return 1
}

# True when sshd greets or the machine is off. The emulator was seen to stand still while it booted, all else being well:
# a machine that neither greets nor writes to its console for minutes is switched off and on.
machine_greets() {
	local console written
	{ host_greets "$1" || ! host_running "$1"; } && return 0
	console=$(host_dir "$1")/console.log
	written=$(stat -c %Y "$console" "$(host_dir "$1")/qmp" 2>/dev/null | sort -n | tail -n 1)
	[ "$(($(date +%s) - ${written:-0}))" -lt "${KUBEWRIGHT_LAB_STILL:-240}" ] && return 1
	warn "$1 stands still while it boots: switched off and on; its console ended with: $(tail -n 1 "$console" | tr -cd '[:print:]')"
	host_off "$1"
	machine_spawn "$1" "$(host_dir "$1")"
	return 1
}

# machine_cable HOST true|false: is it in?
machine_cable() {
	machine_leader "$1" >/dev/null || return 0
	printf '{"execute":"set_link","arguments":{"name":"net0","up":%s}}\n' "$2" >"$(host_dir "$1")/qmp"
}

# machine_ssh HOST ARGS…: by the one connection; what it carries ends with an error when the machine does not answer for minutes.
machine_ssh() {
	local dir
	dir=$(host_dir "$1")
	shift
	${answers_within:+timeout "$answers_within"} ssh -q -S "$dir/exec" -i "$STATE/ssh/id_ed25519" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null -o ServerAliveInterval=30 -o ServerAliveCountMax=10 -o ConnectTimeout=300 \
		-o ProxyCommand="sh -c '{ echo; cat; } | socat - UNIX-CONNECT:$dir/exec.sock'" "$@"
}

# One connection, kept, carries all that is run in the machine: a key exchange is dear under emulation. It ends with the emulator.
# The emulator's serial line was seen to stand still for ever, the machine being well: where nothing comes back by it, it is opened again.
machine_connect() {
	local host=$1 dir
	dir=$(host_dir "$host")
	(
		flock 8
		answers_within=${KUBEWRIGHT_LAB_LINE_WAIT:-120}
		{ machine_ssh "$host" -O check root@machine && machine_ssh "$host" root@machine true; } </dev/null >/dev/null 2>&1 || {
			answers_within=
			kill_marked "exec-$host" || true
			rm -f "$dir/exec"
			mark_service "exec-$host"
			machine_ssh "$host" -f -N -M root@machine 8>&- 9>&- </dev/null >"$dir/exec.log" 2>&1
		}
	) 8>"$dir/exec.lock"
}

# As in the other hosts: root, a clean environment, independent of the host's network and sshd.
machine_exec() {
	local host=$1 command
	shift
	machine_leader "$host" >/dev/null || die "host $host is off: run 'lab start $host'"
	machine_connect "$host" || die "no way into $host: see $(host_dir "$host")/exec.log and console.log"
	printf -v command '%q ' env -i HOME=/root USER=root TERM="${TERM:-dumb}" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
	machine_ssh "$host" root@machine "cd / && exec $command"
}

machine_off() {
	kill_marked "exec-$1" || true
	rm -f "$(host_dir "$1")"/exec "$(host_dir "$1")"/exec.sock
	machine_links_down "$1"
}
