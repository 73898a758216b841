# shellcheck shell=bash
# What the machine serves to the hosts on the bridge address: the package mirror, the lab's own package repositories,
# the image registry.

PYTHON=/usr/bin/python3

# mirror_names: NAME or NAME:PORT of the machine's mirrors, for the forwarder.
mirror_names() {
	local site
	for site in "$(apt_main_site)" "$(apt_security_site)"; do
		case $site in
		http://*) site=${site#http://} ;;
		*) die "the machine's mirror is $site: the lab forwards http mirrors only" ;;
		esac
		printf '%s\n' "${site%%/*}"
	done | sort -u
}

port_open() { { : <"/dev/tcp/$1/$2"; } 2>/dev/null; }

services_start() {
	local flavour=$1 names
	mapfile -t names < <(mirror_names)
	service_start mirror "$PYTHON" "$LAB/lib/service.py" forward "$BRIDGE_ADDRESS" 80 "${names[@]}"
	repositories_link "$flavour"
	service_start packages "$PYTHON" "$LAB/lib/service.py" static "$BRIDGE_ADDRESS" 8080 "$STATE/repo/www"
	registry_config "$flavour"
	service_start registry "$(registry_program)" serve "$STATE/registry.yml"
	service_wait mirror 80
	service_wait packages 8080
	service_wait registry 5000
}

service_wait() {
	wait_until 20 "service $1 on $BRIDGE_ADDRESS:$2" port_open "$BRIDGE_ADDRESS" "$2" ||
		die "service $1 did not start: see $STATE/services/$1.log"
}
