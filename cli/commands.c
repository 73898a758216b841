/* The table of commands, and the program around it. */
#include "cli/cli.h"

#include "base/error.h"
#include "base/str.h"
#include "cluster/benchmark.h"
#include "inventory/release.h"
#include "net/net.h"
#include "pki/pki.h"
#include "remote/remote.h"

#include <locale.h>
#include <string.h>
#include <unistd.h>

#define MANY 100000

void cli_versions(struct str *out)
{
	str_addf(out, "kubewright %s\n", KUBEWRIGHT_VERSION);
	str_addf(out, "Kubernetes %s\n", release_supported());
	/* libcurl continues with all of its own libraries */
	str_addf(out, "%s, %s, %.*s\n", remote_library(), pki_library(), (int)strcspn(net_library(), " "),
		net_library());
}

static int print_version(const struct cli_options *o)
{
	struct str text = STR_INIT;

	(void)o;
	cli_versions(&text);
	fputs(text.buf, stdout);
	str_release(&text);
	return 0;
}

static int explain(const struct cli_options *o)
{
	const struct cli_command *c = NULL;
	struct error err = { 0 };

	if (o->arg_count) {
		c = cli_command_find(o->args[0]);
		if (!c) {
			error_set(&err, ERROR_USAGE, "unknown command '%s'", o->args[0]);
			error_hint(&err, "'kubewright help' lists the commands");
			return cli_fail(&err);
		}
	}
	cli_help(stdout, c);
	return 0;
}

/* clang-format off */
const struct cli_command cli_commands[] = {
	{ "init", "[HOST…]", "write a commented inventory",
	  "Writes a commented inventory to ./kubewright.yaml (or -f FILE; '-f -' prints it). A HOST is an address, name=address, or a range "
	  "such as 10.0.0.[11-15]. Of four or more hosts the first three become control planes. An existing file is never overwritten.",
	  CLI_INIT, 0, MANY, false, cli_init },
	{ "adopt", "[USER@]HOST", "write the inventory of a cluster that kubeadm made without kubewright",
	  "Logs in to one control plane of a cluster that was made with kubeadm, by hand, Kubespray, KubeOne or KubeKey, reads the cluster there and from its API, looks at the other "
	  "hosts, and writes an inventory of it to ./kubewright.yaml (or --out FILE). Shows what kubewright leaves alone and what stops it. Changes nothing on any host. The keys of the "
	  "cluster's CAs, which all other commands need, are copied to this machine only with --take-ca-keys; then an inventory that is there already stays unchanged. "
	  "The login is set with --set ssh.key=FILE and the like, which also go into the inventory. Exit status 6 when the cluster cannot be adopted.",
	  CLI_ADOPT, 1, 1, false, cli_adopt },
	{ "check", "", "look at the hosts and report everything that would stop an installation",
	  "Logs in to every host, collects facts and runs all preflight checks. Changes nothing and takes no lock. Every finding has a stable "
	  "name, what was seen, why it matters and what to do. Exit status 6 when there is an error that the inventory does not ignore. With --security "
	  "it shows instead how control planes, etcd and kubelets are set up beside each item of the CIS Kubernetes Benchmark " BENCHMARK_EDITION "; exit status 6 when one failed. "
	  "With --mesh the hosts ask each other, for about ten seconds: every port that Kubernetes and the pod network need in the direction that needs it, the round trip, "
	  "how far clocks are apart, the path MTU, and on control planes how fast the disk of etcd's data writes durably.",
	  CLI_CHECK, 0, 0, false, cli_check },
	{ "hardware", "[HOST…]", "show what the machines are made of",
	  "Logs in to every host, or to those that are named, and shows its system, processors, memory slot by slot, disks and what holds them, network cards, bonds and VLANs, RDMA ports, "
	  "accelerators, temperatures and counted errors, whether it is virtualised and what that costs, and which of them are near one another (NUMA). "
	  "What a machine does not show is unknown, never none. Changes nothing and takes no lock. With --table one line a host, to be pasted.",
	  CLI_HARDWARE, 0, MANY, false, cli_hardware },
	{ "plan", "", "show what apply would do on each host",
	  "Compares every host with the inventory and lists the steps that apply would take. Changes nothing and takes no lock.",
	  CLI_PLAN, 0, 0, false, cli_plan },
	{ "apply", "", "install the cluster, or change it to what the inventory says",
	  "Installs what is missing, starts or joins what is not there yet, and verifies the result. Safe to run at any time: it leaves alone what is "
	  "done and finishes what was cut short. Never upgrades and never removes a host. A host that fails is set aside; the others continue.",
	  CLI_APPLY, 0, 0, false, cli_apply },
	{ "status", "", "show Nodes, etcd members, the virtual IP, certificates, and what is broken",
	  "Asks the hosts, the API and etcd for their state, and lists what is broken or differs from the inventory. Changes nothing. Works when no API server answers or "
	  "the quorum is lost, and says so. Exit status 8 when something is broken.",
	  CLI_STATUS, 0, 0, false, cli_status },
	{ "repair", "", "find what is broken and fix it",
	  "Looks at every host, the API and etcd and reports what is broken, with evidence, cause and remedy; then shows what it would do about it, and asks. "
	  "It fixes stopped and masked units, lost or damaged certificates, kubeconfigs, manifests and configurations, stale etcd members, the virtual IP, lost Nodes, "
	  "half-done joins and everything that apply manages, one host after the other; afterwards it looks again. With --check it only looks, "
	  "for monitoring: exit status 0 when nothing is broken, 8 when something is.",
	  CLI_REPAIR, 0, 0, false, cli_repair },
	{ "rejoin", "HOST…", "rejoin hosts that were reinstalled, repaired, replaced, or given another role",
	  "Evicts the named hosts' pods where a kubelet still works, removes their etcd members and Nodes from the living cluster through a control plane that "
	  "stays, removes what is left of Kubernetes on them, and joins them again under the same names; any control plane, also the first. This is also how a "
	  "changed role or address takes effect. Refuses what would lose etcd's quorum, and leaves a host that cannot be reached unchanged. Asks for "
	  "the cluster's name, or needs --yes.",
	  CLI_REJOIN, 1, MANY, false, cli_rejoin },
	{ "remove", "HOST…", "remove hosts from the cluster for good",
	  "Evicts the named hosts' pods as 'kubectl drain' does (PodDisruptionBudgets are respected; pods without a controller need --force), removes their "
	  "etcd members and Nodes from the living cluster, undoes the installation on them, adjusts the virtual IP's peers, verifies the cluster, and removes "
	  "the hosts' entries from the inventory. Refuses what would lose etcd's quorum and the last control plane. Asks for the cluster's name, or needs --yes.",
	  CLI_REMOVE, 1, MANY, false, cli_remove },
	{ "upgrade", "[VERSION]", "upgrade the living cluster, one host after the other",
	  "Looks at every host, the API and etcd, shows what would be done and what is in the way, and asks, unless that is an error. Takes a snapshot of etcd, upgrades the control planes one by one, then their kubelets, then the workers: for a "
	  "new minor version a Node's pods are evicted first. VERSION is 1.36 or 1.36.2 and is written into the inventory afterwards; the default is the inventory's. One "
	  "minor version at a time, never down. Continues where an earlier run was interrupted, also from another machine. With --check it only shows what it would do and what is in the way.",
	  CLI_UPGRADE, 0, 1, false, cli_upgrade },
	{ "reboot", "[HOST…]", "restart hosts one after the other while the cluster works",
	  "Evicts a host's pods, restarts it, waits until it is back (another boot id, its Node Ready, its API server and etcd member ready) and lets pods onto it again. Control planes "
	  "one by one, then the workers, --batch of them at once. Refuses what would cost etcd's quorum. A host that does not come back stops those that follow. "
	  "Continues where an earlier run was interrupted. Name hosts, or --all; with --pending only those of them restart on which a reboot is pending.",
	  CLI_REBOOT, 0, MANY, false, cli_reboot },
	{ "drill", "[FAULT…]", "make faults on purpose, and measure what the cluster's users would notice",
	  "On a cluster that is well, one fault at a time: worker stops a worker's kubelet, vip the keepalived that holds the virtual IP, api kills an API server, etcd a "
	  "member that follows and etcd-leader the one that leads, link cuts a control plane off from everybody but this SSH connection. Meanwhile another control plane writes and reads "
	  "at the cluster's endpoint. Shows for each how long writes and reads had to wait, beside what is expected, and whether a write that was acknowledged is gone. Then everything is put "
	  "back, and the next one waits until the cluster is well. A host ends its fault by itself within three minutes, whatever becomes of kubewright, and so does the next command on this machine, "
	  "at once. Without FAULT all that this cluster can do without. --check only says which those are, --list what there is. Asks for the cluster's name, or needs --yes.",
	  CLI_DRILL, 0, MANY, false, cli_drill },
	{ "certs", "[HOST… | ACTION …]", "show all certificates and how long they are good, renew them, or rotate a CA; keep the keys safe",
	  "Lists the certificates of all hosts, or of those named, with those inside kubeconfigs, and on this machine the cluster's CAs and your kubeconfig: days left, file, and "
	  "who reads it. Marks what has expired or ends soon, and names CAs that are not the same everywhere. With --verbose also subject, issuer, key and names; "
	  "-o json has all of it, for monitoring. Asks neither the API nor etcd, changes nothing and needs no keys. "
	  "The action renew makes certificates again with the cluster's CAs, also when all have expired and no API server answers: those of the named hosts and names (apiserver, etcd-peer, "
	  "admin.conf, kubelet, …), or all; with --expiring only those with fewer days left. One host after the other; only what must restarts. Asks, or needs --yes. "
	  "The action sign shows the CertificateSigningRequests that wait, and signs those of kubelets that may be signed, or those named, with the cluster's CA; asks, or needs --yes. "
	  "The action rotate puts another CA in the place of etcd-ca or front-proxy-ca, or another key in the place of sa, which signs the tokens of service accounts, while the cluster works, "
	  "in three steps: without an option it makes the next one, which all control planes trust too; with --reissue that one signs; with --forget the earlier one is gone; "
	  "--force forgets it although pods or Secrets still use tokens that it has signed. The cluster may work for weeks between them. Each is refused until the one before is complete "
	  "everywhere, continues when it is run again, and only shows what it would do with --check. No upgrade starts while a CA is rotated. "
	  "rotate secrets-key encrypts Secrets with another key (security.encrypt-secrets), in one run. "
	  "The others are about the cluster's keys on this machine and contact no host. passphrase sets or changes the passphrase of the key store; --remove takes it away. All keys change or none. "
	  "backup saves the keys, accepted host keys and the record of kubeconfigs in one encrypted file, verified; restore shows and verifies such a FILE and brings back what this machine "
	  "lacks of it. Neither replaces a key. csr makes the keys of a new cluster's CAs and writes a request for each, into the folder of --out, that your company's CA signs; import takes what "
	  "it signed, with the certificates of the CAs above, verifies all of it and completes the key store.",
	  CLI_CERTS, 0, MANY, false, cli_certs },
	{ "etcd", "ACTION [FILE]", "show members, take a snapshot, defragment, clear alarms, or restore a lost quorum",
	  "members shows which members vote, which are healthy and how many may be lost, the size of the database and alarms; it needs no API server and no quorum. snapshot saves etcd's data on this "
	  "machine, verified; snapshots lists those that the control planes have taken by themselves. defrag returns the room that etcd's database no longer uses to the disk, one member after the other and the leader last; refused unless all members are healthy; "
	  "asks, or needs --yes. disarm clears the alarm NOSPACE when every member has space again, and no other alarm. restore is "
	  "for a quorum that is lost for good: it starts etcd again as a single member, from the data of a surviving control plane (--from) or a snapshot (--snapshot); the other control "
	  "planes come back with 'kubewright rejoin'. Refused while etcd has its quorum. Asks for the cluster's name, or needs --yes.",
	  CLI_ETCD, 1, 2, false, cli_etcd },
	{ "reset", "", "undo everything that kubewright changed on the hosts",
	  "Looks at the hosts and shows them: serial number, uptime, running pods, what kubewright recorded there. Refuses a host that is recorded for "
	  "another cluster or under another name, and a Kubernetes that kubewright did not install. Then stops Kubernetes and plays the hosts' undo ledgers back: "
	  "files, settings, units and packages become what they were. A host that accepts no new SSH session after the changes to its network reverts them by "
	  "itself. The cluster and its data are gone afterwards. Asks for the cluster's name, or needs --yes.",
	  CLI_RESET, 0, 0, false, cli_reset },
	{ "unlock", "", "remove the lock of a run that has died on another machine",
	  "Shows whose run holds the lock of the hosts, how far it came and when it gave its last sign of life, and removes the lock wherever that run still holds it: "
	  "what is left of that run can no longer change anything. Refused with exit status 7 while a job of that run runs on a host, or its process on this machine. Asks "
	  "for the cluster's name, or needs --yes.",
	  CLI_UNLOCK, 0, 0, false, cli_unlock },
	{ "kubeconfig", "", "print a kubeconfig for the cluster, or list those that were made",
	  "Makes a client certificate for an administrator and writes a kubeconfig with it to a new file (--out), to stdout, or to its usual place with "
	  "--write. The certificate cannot be revoked: give each person a name (--user) and few days. Needs the cluster's key store on this machine; contacts no host. "
	  "Each certificate is recorded on this machine; --list shows them by serial, with user, groups and days left (-o json for programs), and needs no keys.",
	  CLI_KUBECONFIG, 0, 0, false, cli_kubeconfig },
	{ "logs", "HOST", "show what was done on a host, and its logs",
	  "Shows the history of jobs on a host, the log of the last one, and the end of the kubelet's journal.",
	  CLI_LOGS, 1, 1, false, cli_logs },
	{ "support", "[FILE]", "pack logs, findings and recordings into one archive for somebody who helps",
	  "Asks every host for its facts, findings and the ends of its logs, and packs them with the inventory and the recordings of the newest runs into one new file, "
	  "./kubewright-support-CLUSTER-TIME.tar.gz unless FILE names another, which only you can read. Everything is searched for secrets on this machine, and they are replaced by dots; names, addresses and "
	  "serial numbers stay. MANIFEST in it lists what was taken, what was cut and who did not answer. Works without an answer of any host, and without an inventory that can be read.",
	  CLI_SUPPORT, 0, 1, false, cli_support },
	{ "ssh", "HOST [COMMAND…]", "log in to a host as the inventory says",
	  "Runs the system's ssh with the user, address, port, key and known host keys of the inventory. A pinned host key is verified first.",
	  CLI_SSH, 1, MANY, true, cli_ssh },
	{ "replay", "[RUN]", "replay a past run on the full screen",
	  "Shows what a run did, from its recording. RUN is the name of a run, the beginning of a name, or the path of a recording; the default is the newest. "
	  "Needs a terminal and contacts no host. With --timeline it prints the time line instead, without a terminal too: what each host did when, what each step "
	  "had waited for, and the critical path; with -o json as one JSON object.",
	  CLI_REPLAY, 0, 1, false, cli_replay },
	{ "watch", "[RUN]", "follow a run of another process on this machine",
	  "Prints what the run has done and does, from its recording, until it ends, and exits with the run's exit status. RUN as for replay; the default is the newest that "
	  "is still running. With -o json it prints the lines of the recording. Needs no terminal and contacts no host.",
	  CLI_WATCH, 0, 1, false, cli_watch },
	{ "version", "", "print versions", "Prints the version of kubewright, of its libraries, and the Kubernetes releases it knows.",
	  CLI_VERSION, 0, 0, false, print_version },
	{ "help", "[COMMAND]", "show the commands, or the options of one", "Prints the commands, or the options of one.",
	  CLI_HELP, 0, 1, false, explain },
};
/* clang-format on */
const size_t cli_command_count = sizeof(cli_commands) / sizeof(cli_commands[0]);

const struct cli_command *cli_command_find(const char *name)
{
	for (size_t i = 0; i < cli_command_count; i++)
		if (strcmp(cli_commands[i].name, name) == 0)
			return &cli_commands[i];
	return NULL;
}

static int no_command(const struct cli_options *o)
{
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) {
		remote_init();
		net_init();
		return cli_wizard(o);
	}
	fputs("error: no command was given, and the wizard needs a terminal\n\n", stderr);
	cli_help(stderr, NULL);
	return CLI_EXIT_USAGE;
}

int cli_main(int argc, char **argv)
{
	struct cli_options o;
	struct error err = { 0 };
	int status;

	setlocale(LC_CTYPE, "");
	cli_signals_setup();
	cli_color_setup(false);
	if (cli_options_parse(&o, argc, argv, &err)) {
		cli_options_release(&o);
		return cli_fail(&err);
	}
	cli_color_setup(o.no_color);
	if (o.help)
		cli_help(stdout, o.command);
	if (o.help || !o.command) {
		status = o.help ? 0 : no_command(&o);
	} else {
		remote_init();
		net_init();
		status = o.command->run(&o);
	}
	cli_options_release(&o);
	return cli_finish(status);
}
