# shellcheck shell=bash
# Signed package repositories in the two shapes upstream uses: flat (pkgs.k8s.io) and by suite (Docker).

KEY_NAMES=(kubernetes docker wrong)

# repository_path VERSION
repository_path() {
	local version=$1
	printf 'core:/stable:/v%s/deb\n' "${version%.*}"
}

repositories_cache() {
	printf '%s/repo-%s-%s\n' "$CACHE" "$1" "$(recipe_hash "$LAB/lib/debs.sh" "$LAB/lib/repositories.sh" "$LAB"/debs/* \
		"$(kubernetes_versions "$1")")"
}

# Keys are made once per cache, in a keyring of their own; the agent gpg starts is ended again.
keys_ensure() {
	local name
	[ ! -d "$CACHE/keys" ] || return 0
	need gpg gpgconf
	rm -rf "$CACHE/keys.new"
	mkdir -m 0700 "$CACHE/keys.new" "$CACHE/keys.new/gnupg"
	for name in "${KEY_NAMES[@]}"; do
		keys_gpg "$CACHE/keys.new" --passphrase '' --quick-generate-key "Lab $name packages <$name@localhost>" rsa3072 sign never
		keys_gpg "$CACHE/keys.new" --armor --export "$name@localhost" >"$CACHE/keys.new/$name.asc"
		keys_gpg "$CACHE/keys.new" --with-colons --list-keys "$name@localhost" |
			awk -F: '$1 == "fpr" { print $10; exit }' >"$CACHE/keys.new/$name.fingerprint"
	done
	gpgconf --homedir "$CACHE/keys.new/gnupg" --kill all
	publish "$CACHE/keys.new" "$CACHE/keys"
}

keys_gpg() {
	local keys=$1
	shift
	gpg --homedir "$keys/gnupg" --batch --quiet --no-tty --pinentry-mode loopback "$@" 2>>"$CACHE/gpg.log" ||
		die "gpg failed: see $CACHE/gpg.log"
}

# sign_release FOLDER KEY: Release becomes InRelease and Release.gpg.
sign_release() {
	keys_gpg "$CACHE/keys" -u "$2@localhost" --clearsign --yes -o "$1/InRelease" "$1/Release"
	keys_gpg "$CACHE/keys" -u "$2@localhost" --armor --detach-sign --yes -o "$1/Release.gpg" "$1/Release"
	gpgconf --homedir "$CACHE/keys/gnupg" --kill all
}

repository_flat() {
	local folder=$1
	(
		cd "$folder" || exit 1
		apt-ftparchive packages . | sed 's|^Filename: \./|Filename: |' >Packages
		gzip -k -9 Packages
		apt-ftparchive -o APT::FTPArchive::Release::Origin="obs://build.opensuse.org/isv:kubernetes" \
			-o APT::FTPArchive::Release::Label=isv:kubernetes -o APT::FTPArchive::Release::Architectures=amd64 release . >.Release
		mv .Release Release
	)
	sign_release "$folder" kubernetes
	cp "$CACHE/keys/kubernetes.asc" "$folder/Release.key"
}

repository_suite() {
	local folder=$1 dist=$1/dists/bookworm
	mkdir -p "$dist/stable/binary-amd64"
	(
		cd "$folder" || exit 1
		apt-ftparchive packages pool >dists/bookworm/stable/binary-amd64/Packages
		gzip -k -9 dists/bookworm/stable/binary-amd64/Packages
		apt-ftparchive -o APT::FTPArchive::Release::Origin=Docker -o APT::FTPArchive::Release::Label="Docker CE" \
			-o APT::FTPArchive::Release::Suite=bookworm -o APT::FTPArchive::Release::Codename=bookworm \
			-o APT::FTPArchive::Release::Architectures=amd64 -o APT::FTPArchive::Release::Components=stable \
			release dists/bookworm >"$dist.release"
		mv "$dist.release" dists/bookworm/Release
	)
	sign_release "$dist" docker
	cp "$CACHE/keys/docker.asc" "$folder/gpg"
}

repositories_ensure() {
	local flavour=$1 final work scratch flat folder
	keys_ensure
	final=$(repositories_cache "$flavour")
	[ ! -d "$final" ] || return 0
	need apt-ftparchive dpkg-deb
	say "building the package repositories of flavour $flavour"
	work=$(mktemp -d "$CACHE/repo.XXXXXX")
	scratch=$(mktemp -d "$CACHE/scratch.XXXXXX")
	chmod 0755 "$work"
	for folder in $(kubernetes_folders "$flavour"); do
		debs_kubernetes "$flavour" "$folder" "$work/$(repository_path "$(folder_version "$folder")")/amd64" "$scratch"
	done
	for flat in "$work"/core:/stable:/*/deb; do
		repository_flat "$flat"
	done
	if [ "$flavour" = release ]; then
		debs_containerd "$work/docker/pool/stable" "$scratch"
		repository_suite "$work/docker"
	fi
	mkdir -p "$work/wrong"
	cp "$CACHE/keys/wrong.asc" "$work/wrong/Release.key"
	rm -rf "$scratch"
	publish "$work" "$final"
}

# Puts the repositories of the flavour where the web server looks, with the fingerprints a test needs.
repositories_link() {
	mkdir -p "$STATE/repo"
	ln -sfn "$(repositories_cache "$1")" "$STATE/repo/www"
	cp "$CACHE"/keys/*.fingerprint "$STATE/repo/"
}
