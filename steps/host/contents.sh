# The text of the files that kubewright manages, for the differences that plan shows: sent before probe.sh when they are wanted.
# Answers: text.PATH, but not of what may hold secrets.
# shellcheck shell=sh disable=SC2154,SC2015
contents() {
	while read -r kw_path; do
		case "
$secret_paths" in *"
$kw_path
"*) continue ;; esac
		case $kw_path in
		/*) [ ! -f "$kw_path" ] || say "text.$kw_path" "$(head -c 65536 "$kw_path")" ;;
		esac
	done <<END
$paths
END
}
