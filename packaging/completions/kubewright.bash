# bash completion for kubewright. tests/unit/test_cli_docs.c holds it to the program's tables of commands and options.

_kubewright_hosts()
{
	local i file=kubewright.yaml
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-f | --file) file=${COMP_WORDS[i + 1]} ;;
		esac
	done
	[ -r "$file" ] && sed -n 's/^[[:space:]]*-[[:space:]]*{\{0,1\}[[:space:]]*name:[[:space:]]*\([a-z0-9.-]*\).*/\1/p' "$file"
}

_kubewright()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' word opts=''
	local commands='init adopt check hardware plan apply status repair rejoin remove upgrade reboot drill certs etcd reset unlock kubeconfig logs support ssh replay watch version help'

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case " $commands " in
		*" $word "*)
			command=$word
			break
			;;
		esac
	done
	case $prev in
	-f | --file | --snapshot | --out)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	-o | --output)
		mapfile -t COMPREPLY < <(compgen -W 'plain json' -- "$cur")
		return
		;;
	--from)
		mapfile -t COMPREPLY < <(compgen -W "$(_kubewright_hosts)" -- "$cur")
		return
		;;
	--passphrase)
		mapfile -t COMPREPLY < <(compgen -W 'ask env:' -- "$cur")
		return
		;;
	--color)
		mapfile -t COMPREPLY < <(compgen -W 'auto never' -- "$cur")
		return
		;;
	--hosts)
		local before=''
		case $cur in *,*) before=${cur%,*}, ;; esac
		mapfile -t COMPREPLY < <(compgen -P "$before" -W "$(_kubewright_hosts)" -- "${cur##*,}")
		return
		;;
	--batch | --cluster | --connect-timeout | --days | --drain-timeout | --expiring | --group | -n | --lines | --parallel | --set | --user)
		return
		;;
	esac
	case $command in
	init) opts='--file --color --cluster --help --version' ;;
	adopt) opts='--output --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --cluster --out --take-ca-keys --help --version' ;;
	check) opts='--file --hosts --output --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --list --security --mesh --help --version' ;;
	hardware) opts='--file --hosts --output --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --table --forget --help --version' ;;
	plan) opts='--file --hosts --output --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --without-missing --help --version' ;;
	apply) opts='--file --hosts --yes --output --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --without-missing --help --version' ;;
	status) opts='--file --hosts --output --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --help --version' ;;
	repair) opts='--file --hosts --yes --output --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --list --check --help --version' ;;
	rejoin) opts='--file --hosts --yes --output --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --override-quorum --force --drain-timeout --help --version' ;;
	remove) opts='--file --hosts --yes --output --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --override-quorum --force --drain-timeout --help --version' ;;
	upgrade) opts='--file --hosts --yes --output --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --force --drain-timeout --batch --through --list --check --help --version' ;;
	reboot) opts='--file --hosts --yes --output --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --override-quorum --force --drain-timeout --batch --all --pending --help --version' ;;
	drill) opts='--file --hosts --yes --output --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --list --check --help --version' ;;
	certs) opts='--file --hosts --yes --output --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --force --check --expiring --reissue --forget --out --passphrase --remove --help --version' ;;
	etcd) opts='--file --hosts --yes --output --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --from --snapshot --override-quorum --help --version' ;;
	reset) opts='--file --hosts --yes --output --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --help --version' ;;
	unlock) opts='--file --hosts --yes --output --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --help --version' ;;
	kubeconfig) opts='--file --output --set --color --list --days --write --out --user --group --help --version' ;;
	logs) opts='--file --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --lines --help --version' ;;
	support) opts='--file --hosts --parallel --set --accept-new-host-keys --connect-timeout --verbose --color --help --version' ;;
	ssh) opts='--file --set --color --help --version' ;;
	replay) opts='--output --color --timeline --help --version' ;;
	watch) opts='--output --verbose --color --help --version' ;;
	version) opts='--color --help --version' ;;
	help) opts='--color --help --version' ;;
	'') opts="$commands --help --version" ;;
	esac
	case $command:$cur in
	*:-*) ;;
	help:*) opts=$commands ;;
	support:*)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	drill:*) opts='worker vip api etcd etcd-leader link' ;;
	etcd:*) opts='members snapshot snapshots restore defrag disarm' ;;
	certs:*)
		case " ${COMP_WORDS[*]:1:COMP_CWORD-1} " in
		*' backup '* | *' restore '* | *' import '*)
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
			;;
		*' renew '*) opts="$(_kubewright_hosts) apiserver apiserver-kubelet-client front-proxy-client apiserver-etcd-client etcd-server etcd-peer etcd-healthcheck-client admin.conf super-admin.conf controller-manager.conf scheduler.conf kubelet kubelet-serving" ;;
		*' rotate '*) opts='ca etcd-ca front-proxy-ca sa secrets-key' ;;
		*) opts="renew rotate sign passphrase backup restore csr import $(_kubewright_hosts)" ;;
		esac
		;;
	hardware:* | rejoin:* | remove:* | reboot:* | logs:* | ssh:*) opts=$(_kubewright_hosts) ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$opts" -- "$cur")
}
complete -F _kubewright kubewright
