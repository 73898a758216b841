# shellcheck shell=bash
# The emulator. Debian 12's (7.2) starts programs four times slower than Debian 13's (10.0) does, too slow for a control plane:
# an API server gives up when it has not made its roles within 30 seconds. Where the system's is old, the newer one is unpacked beside it.
QEMU_SUITE=trixie
QEMU_SINCE=10

qemu_of_system() { local version; version=$(qemu-system-x86_64 --version | sed -nE '1s/.*version ([0-9]+)\..*/\1/p') && [ "${version:-0}" -ge $QEMU_SINCE ]; }

machine_qemu_cache() { printf '%s/qemu-%s\n' "$CACHE" "$(recipe_hash "$LAB/lib/machine-qemu.sh" "$(apt_main_site)")"; }
machine_qemu() { if qemu_of_system; then printf 'qemu-system-x86_64\n'; else printf '%s/usr/bin/qemu-system-x86_64\n' "$(machine_qemu_cache)"; fi; }

# It has its own loader and libraries, of which the system's are none.
machine_qemu_ensure() {
	local final work libraries
	final=$(machine_qemu_cache)
	! qemu_of_system && [ ! -d "$final" ] || return 0
	need mmdebstrap patchelf
	work=$(mktemp -d "$CACHE/qemu.XXXXXX")
	say "unpacking $QEMU_SUITE's QEMU (log: $work.log)"
	mmdebstrap --variant=extract --include=qemu-system-x86 --aptopt='APT::Install-Recommends "false"' $QEMU_SUITE "$work/root" \
		"deb $(apt_main_site) $QEMU_SUITE main" >"$work.log" 2>&1 || die "mmdebstrap failed: see $work.log"
	libraries=$(dirname "$(ls "$work"/root/usr/lib/*/libc.so.6)")
	libraries=$final${libraries#"$work/root"}
	patchelf --set-interpreter "$libraries/ld-linux-x86-64.so.2" --set-rpath "$libraries:$libraries/pulseaudio" --force-rpath "$work/root/usr/bin/qemu-system-x86_64" \
		>>"$work.log" 2>&1 || die "patchelf failed: see $work.log"
	publish "$work/root" "$final"
	rm -rf --one-file-system "$work" "$work.log"
	"$(machine_qemu)" --version >/dev/null || die "$(machine_qemu) does not run"
}
