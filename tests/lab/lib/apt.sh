# shellcheck shell=bash
# A private apt world: the machine's own Debian mirrors, with sources, and with sid beside its release, without
# touching the machine's apt configuration or package lists.

# The mirrors come from the machine's own configuration; no mirror's name is written down here.
apt_sites() {
	# shellcheck disable=SC2016 # these are apt's names, not the shell's
	apt-get indextargets --format '$(SITE) $(ORIGIN) $(LABEL)' 'Created-By: Packages' |
		awk '$2 == "Debian" { print $1, $3 }' | sort -u
}

apt_main_site() {
	local site
	site=$(apt_sites | awk '$2 == "Debian" { print $1; exit }')
	[ -n "$site" ] || die "apt knows no Debian mirror: run apt-get update, then try again"
	printf '%s\n' "$site"
}

apt_security_site() {
	local site
	site=$(apt_sites | awk '$2 == "Debian-Security" { print $1; exit }')
	printf '%s\n' "${site:-$(apt_main_site)-security}"
}

# apt_world SUITE: prints the configuration file of a private apt for one suite (bookworm or sid), made and updated once a day.
apt_world() {
	local suite=$1 dir=$CACHE/apt-$1 site keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	if [ ! -e "$dir/updated" ] || [ -n "$(find "$dir/updated" -mmin +1440)" ]; then
		mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/parts"
		site=$(apt_main_site)
		{
			printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$site" "$suite"
			printf 'deb-src [signed-by=%s] %s %s main\n' "$keyring" "$site" "$suite"
			if [ "$suite" = bookworm ]; then
				printf 'deb [signed-by=%s] %s bookworm-security main\n' "$keyring" "$(apt_security_site)"
			fi
		} >"$dir/sources.list"
		: >"$dir/status"
		cat >"$dir/apt.conf" <<-CONF
			Dir::Etc::sourcelist "$dir/sources.list";
			Dir::Etc::sourceparts "$dir/parts";
			Dir::Etc::preferencesparts "$dir/parts";
			Dir::State::lists "$dir/lists";
			Dir::State::status "$dir/status";
			Dir::Cache "$dir";
			Dir::Cache::archives "$dir/archives";
			APT::Sandbox::User "root";
			Acquire::Languages "none";
		CONF
		APT_CONFIG="$dir/apt.conf" apt-get -q update >"$dir/log" 2>&1 ||
			die "apt-get update for $suite failed: see $dir/log"
		touch "$dir/updated"
	fi
	printf '%s\n' "$dir/apt.conf"
}

# apt_unpack SUITE INTO PACKAGE…: downloads packages (without dependencies) and unpacks them into a folder.
apt_unpack() {
	local suite=$1 into=$2 conf deb scratch
	shift 2
	conf=$(apt_world "$suite")
	scratch=$(mktemp -d "$CACHE/unpack.XXXXXX")
	(
		cd "$scratch"
		APT_CONFIG="$conf" apt-get -q download "$@" >"$scratch/log" 2>&1
	) || die "cannot download $* from $suite: see $scratch/log"
	mkdir -p "$into"
	for deb in "$scratch"/*.deb; do
		dpkg-deb -x "$deb" "$into"
	done
	rm -rf "$scratch"
}
