/* The table of options, and argv against it. */
#include "cli/cli.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The order of the table below. */
enum option_id {
	OPTION_FILE,
	OPTION_HOSTS,
	OPTION_YES,
	OPTION_OUTPUT,
	OPTION_PARALLEL,
	OPTION_SET,
	OPTION_ACCEPT,
	OPTION_TIMEOUT,
	OPTION_VERBOSE,
	OPTION_COLOR,
	OPTION_CLUSTER,
	OPTION_WITHOUT_MISSING,
	OPTION_FROM,
	OPTION_SNAPSHOT,
	OPTION_OVERRIDE_QUORUM,
	OPTION_FORCE,
	OPTION_DRAIN_TIMEOUT,
	OPTION_BATCH,
	OPTION_EVERY,
	OPTION_PENDING,
	OPTION_THROUGH,
	OPTION_LIST,
	OPTION_CHECK,
	OPTION_SECURITY,
	OPTION_MESH,
	OPTION_TABLE,
	OPTION_EXPIRING,
	OPTION_REISSUE,
	OPTION_FORGET,
	OPTION_DAYS,
	OPTION_WRITE,
	OPTION_OUT,
	OPTION_USER,
	OPTION_GROUP,
	OPTION_PASSPHRASE,
	OPTION_REMOVE,
	OPTION_LINES,
	OPTION_TIMELINE,
	OPTION_TAKE_CA_KEYS,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_COUNT,
};

/* clang-format off */
const struct cli_option cli_option_table[] = {
	[OPTION_FILE] = { "file", 'f', "FILE", "the inventory (default ./kubewright.yaml)", CLI_LOADS | CLI_INIT },
	[OPTION_HOSTS] = { "hosts", 0, "A,B", "only these hosts; the others are not contacted", CLI_RUNS | CLI_SUPPORT },
	[OPTION_YES] = { "yes", 'y', NULL, "answer every confirmation with yes", CLI_APPLY | CLI_RESET | CLI_REJOIN | CLI_REPAIR | CLI_UNLOCK | CLI_REMOVE | CLI_ETCD | CLI_UPGRADE | CLI_REBOOT | CLI_CERTS | CLI_DRILL },
	[OPTION_OUTPUT] = { "output", 'o', "FORMAT", "plain or json", CLI_RUNS | CLI_ADOPT | CLI_WATCH | CLI_REPLAY | CLI_KUBECONFIG },
	[OPTION_PARALLEL] = { "parallel", 0, "N", "log in to at most N hosts at once (default 32)", CLI_CONNECTS },
	[OPTION_SET] = { "set", 0, "KEY=VALUE", "replace a field of the inventory; may be repeated", CLI_LOADS | CLI_ADOPT },
	[OPTION_ACCEPT] = { "accept-new-host-keys", 0, NULL, "trust host keys that are not known yet; changed ones are still refused", CLI_CONNECTS },
	[OPTION_TIMEOUT] = { "connect-timeout", 0, "SECONDS", "give up connecting after this long (default 10)", CLI_CONNECTS },
	[OPTION_VERBOSE] = { "verbose", 'v', NULL, "show every step and all output of the hosts", CLI_CONNECTS | CLI_WATCH },
	[OPTION_COLOR] = { "color", 0, "WHEN", "auto or never; the environment variable NO_COLOR means never", CLI_ALL },
	[OPTION_CLUSTER] = { "cluster", 0, "NAME", "the cluster's name in the new inventory", CLI_INIT | CLI_ADOPT },
	[OPTION_WITHOUT_MISSING] = { "without-missing", 0, NULL, "start a new cluster although a control plane cannot be reached", CLI_APPLY | CLI_PLAN },
	[OPTION_FROM] = { "from", 0, "HOST", "restore from this control plane's etcd data", CLI_ETCD },
	[OPTION_SNAPSHOT] = { "snapshot", 0, "FILE", "restore this snapshot, or HOST:FILE, HOST:latest or latest of those on control planes, instead of a member's own data", CLI_ETCD },
	[OPTION_OVERRIDE_QUORUM] = { "override-quorum", 0, NULL, "continue although etcd's quorum or a doubtful member forbids it",
		CLI_ETCD | CLI_REJOIN | CLI_REMOVE | CLI_REBOOT },
	[OPTION_LIST] = { "list", 0, NULL, "list all checks, or the kubeconfigs that were made, or the faults, and exit", CLI_CHECK | CLI_REPAIR | CLI_UPGRADE | CLI_KUBECONFIG | CLI_DRILL },
	[OPTION_CHECK] = { "check", 0, NULL, "only report; change nothing", CLI_REPAIR | CLI_UPGRADE | CLI_CERTS | CLI_DRILL },
	[OPTION_FORCE] = { "force", 0, NULL, "delete pods that cannot be evicted or have no controller; of certs rotate: forget what is still in use", CLI_REJOIN | CLI_REMOVE | CLI_UPGRADE | CLI_REBOOT | CLI_CERTS },
	[OPTION_DRAIN_TIMEOUT] = { "drain-timeout", 0, "SECONDS", "give up when no pod is evicted for this long (default 300)", CLI_REJOIN | CLI_REMOVE | CLI_UPGRADE | CLI_REBOOT },
	[OPTION_BATCH] = { "batch", 0, "N", "work on N workers at once, or N% of them (default 1)", CLI_UPGRADE | CLI_REBOOT },
	[OPTION_EVERY] = { "all", 0, NULL, "all hosts of the inventory", CLI_REBOOT },
	[OPTION_THROUGH] = { "through", 0, NULL, "go through the minor versions between, the newest of each", CLI_UPGRADE },
	[OPTION_PENDING] = { "pending", 0, NULL, "only hosts on which a reboot is pending", CLI_REBOOT },
	[OPTION_SECURITY] = { "security", 0, NULL, "compare the hosts with the CIS Kubernetes Benchmark instead, item by item", CLI_CHECK },
	[OPTION_MESH] = { "mesh", 0, NULL, "have the hosts ask each other instead: ports, round trips, clocks, path MTU, and the speed of etcd's disk", CLI_CHECK },
	[OPTION_TABLE] = { "table", 0, NULL, "one line a host, as a table in Markdown", CLI_HARDWARE },
	[OPTION_EXPIRING] = { "expiring", 0, "DAYS", "of renew: only certificates with fewer days left", CLI_CERTS },
	[OPTION_REISSUE] = { "reissue", 0, NULL, "of rotate: from now on the next CA or key signs, and all certificates are made again", CLI_CERTS },
	[OPTION_FORGET] = { "forget", 0, NULL, "of rotate: nothing trusts the earlier CA or key any more, and it is gone; of hardware: what is gone is not missed any more", CLI_CERTS | CLI_HARDWARE },
	[OPTION_DAYS] = { "days", 0, "N", "validity of the certificate (default 365)", CLI_KUBECONFIG },
	[OPTION_WRITE] = { "write", 'w', NULL, "write to the file that apply writes, not to stdout", CLI_KUBECONFIG },
	[OPTION_OUT] = { "out", 0, "FILE", "write to this new file; a kubeconfig only you can read; certs: into this folder", CLI_KUBECONFIG | CLI_ADOPT | CLI_CERTS },
	[OPTION_USER] = { "user", 0, "NAME", "the user in the certificate (default kubernetes-admin)", CLI_KUBECONFIG },
	[OPTION_GROUP] = { "group", 0, "NAME", "the group in the certificate (default: administrators)", CLI_KUBECONFIG },
	[OPTION_PASSPHRASE] = { "passphrase", 0, "SOURCE", "the new passphrase, or that of the backup: ask (default) or env:NAME", CLI_CERTS },
	[OPTION_REMOVE] = { "remove", 0, NULL, "store the cluster's keys without a passphrase", CLI_CERTS },
	[OPTION_LINES] = { "lines", 'n', "N", "lines of each log (default 50)", CLI_LOGS },
	[OPTION_TIMELINE] = { "timeline", 0, NULL, "print which step waited for what, and the critical path", CLI_REPLAY },
	[OPTION_TAKE_CA_KEYS] = { "take-ca-keys", 0, NULL, "copy the keys of the cluster's CAs to this machine", CLI_ADOPT },
	[OPTION_HELP] = { "help", 'h', NULL, "explain the command", CLI_ALL },
	[OPTION_VERSION] = { "version", 0, NULL, "print versions", CLI_ALL },
};
/* clang-format on */
const size_t cli_option_count = OPTION_COUNT;

const char *cli_nearest(const char *word, const char *const *words, size_t count)
{
	const char *best = NULL;
	int best_distance = 3;

	for (size_t i = 0; i < count; i++) {
		int d = str_distance(word, words[i]);

		if (d < best_distance && (size_t)d < strlen(words[i])) {
			best = words[i];
			best_distance = d;
		}
	}
	return best;
}

static int parse_number(const char *name, const char *text, long min, long max, int *out, struct error *err)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (errno || end == text || *end || v < min || v > max)
		return error_set(
			err, ERROR_USAGE, "--%s needs a number from %ld to %ld, not '%s'", name, min, max, text);
	*out = (int)v;
	return 0;
}

/* "3" or "25%" */
static int parse_batch(const char *name, const char *text, struct cli_options *o, struct error *err)
{
	size_t n = strlen(text);
	char number[16];

	o->batch_percent = n > 1 && text[n - 1] == '%';
	snprintf(number, sizeof(number), "%.*s", (int)(n - o->batch_percent), text);
	if (n < sizeof(number) && parse_number(name, number, 1, o->batch_percent ? 100 : 1000, &o->batch, err) == 0)
		return 0;
	return error_set(err, ERROR_USAGE,
		"--%s needs a number from 1 to 1000, or a percentage from 1%% to 100%%, not '%s'", name, text);
}

static int parse_hosts(struct cli_options *o, const char *text, struct error *err)
{
	for (;;) {
		size_t n = strcspn(text, ",");

		if (n == 0)
			return error_set(err, ERROR_USAGE,
				"--hosts needs names separated by commas, without blanks: --hosts cp1,w2");
		o->hosts = xrealloc(o->hosts, o->host_count + 1, sizeof(*o->hosts));
		o->hosts[o->host_count++] = xstrndup(text, n);
		if (!text[n])
			return 0;
		text += n + 1;
	}
}

static int parse_set(struct cli_options *o, const char *text, struct error *err)
{
	if (!strchr(text, '=') || *text == '=')
		return error_set(err, ERROR_USAGE, "--set needs KEY=VALUE, not '%s'", text);
	o->sets = xrealloc(o->sets, o->set_count + 1, sizeof(*o->sets));
	o->sets[o->set_count++] = text;
	return 0;
}

static int parse_word(const char *name, const char *text, const char *no, const char *yes, bool *out, struct error *err)
{
	if (strcmp(text, no) != 0 && strcmp(text, yes) != 0)
		return error_set(err, ERROR_USAGE, "--%s is %s or %s, not '%s'", name, no, yes, text);
	*out = strcmp(text, yes) == 0;
	return 0;
}

/* What a certificate's subject takes, and a kubeconfig shows. */
static int parse_name(const char *name, const char *text, const char **out, struct error *err)
{
	char line[65];

	str_copy_line(line, sizeof(line), text);
	if (!*text || strcmp(line, text) != 0)
		return error_set(err, ERROR_USAGE, "--%s needs one line of 1 to 64 printable characters", name);
	*out = text;
	return 0;
}

static int parse_source(const char *name, const char *text, const char **env, struct error *err)
{
	enum inventory_secret_source source;

	if (inventory_secret_form(text, &source, env) && source != INVENTORY_SECRET_NONE)
		return 0;
	/* it may be the passphrase itself */
	error_set(err, ERROR_USAGE, "--%s is ask or env:NAME, the name of an environment variable", name);
	return error_hint(
		err, "a passphrase never stands on the command line: other users of this machine can read it");
}

static int option_take(struct cli_options *o, int id, const char *arg, struct error *err)
{
	const char *name = cli_option_table[id].name;

	switch ((enum option_id)id) {
	case OPTION_FILE: return o->file = arg, 0;
	case OPTION_HOSTS: return parse_hosts(o, arg, err);
	case OPTION_YES: return o->yes = true, 0;
	case OPTION_OUTPUT: return parse_word(name, arg, "plain", "json", &o->json, err);
	case OPTION_PARALLEL: return parse_number(name, arg, 1, 1024, &o->parallel, err);
	case OPTION_SET: return parse_set(o, arg, err);
	case OPTION_ACCEPT: return o->accept_new_host_keys = true, 0;
	case OPTION_TIMEOUT: return parse_number(name, arg, 1, 600, &o->connect_timeout_s, err);
	case OPTION_VERBOSE: return o->verbose = true, 0;
	case OPTION_COLOR: return parse_word(name, arg, "auto", "never", &o->no_color, err);
	case OPTION_CLUSTER: return o->cluster = arg, 0;
	case OPTION_WITHOUT_MISSING: return o->without_missing = true, 0;
	case OPTION_CHECK: return o->check = true, 0;
	case OPTION_FROM: return o->from = arg, 0;
	case OPTION_SNAPSHOT: return o->snapshot = arg, 0;
	case OPTION_OVERRIDE_QUORUM: return o->override_quorum = true, 0;
	case OPTION_FORCE: return o->force = true, 0;
	case OPTION_DRAIN_TIMEOUT: return parse_number(name, arg, 1, 86400, &o->drain_timeout_s, err);
	case OPTION_BATCH: return parse_batch(name, arg, o, err);
	case OPTION_EVERY: return o->all = true, 0;
	case OPTION_PENDING: return o->pending = true, 0;
	case OPTION_THROUGH: return o->through = true, 0;
	case OPTION_LIST: return o->list = true, 0;
	case OPTION_SECURITY: return o->security = true, 0;
	case OPTION_MESH: return o->mesh = true, 0;
	case OPTION_TABLE: return o->table = true, 0;
	case OPTION_EXPIRING: return parse_number(name, arg, 1, 3650, &o->expiring, err);
	case OPTION_REISSUE: return o->reissue = true, 0;
	case OPTION_FORGET: return o->forget = true, 0;
	case OPTION_DAYS: return parse_number(name, arg, 1, 3650, &o->days, err);
	case OPTION_WRITE: return o->write = true, 0;
	case OPTION_OUT: return o->out = arg, 0;
	case OPTION_USER: return parse_name(name, arg, &o->user, err);
	case OPTION_GROUP: return parse_name(name, arg, &o->group, err);
	case OPTION_PASSPHRASE: return parse_source(name, arg, &o->passphrase_env, err);
	case OPTION_REMOVE: return o->remove = true, 0;
	case OPTION_LINES: return parse_number(name, arg, 1, 10000, &o->lines, err);
	case OPTION_TIMELINE: return o->timeline = true, 0;
	case OPTION_TAKE_CA_KEYS: return o->take_ca_keys = true, 0;
	case OPTION_HELP: return o->help = true, 0;
	case OPTION_VERSION: return o->command = cli_command_find("version"), 0;
	case OPTION_COUNT: break;
	}
	return error_set(err, ERROR_INTERNAL, "option %d has no meaning", id);
}

static int unknown_option(const char *given, struct error *err)
{
	const char *names[OPTION_COUNT], *near;
	char word[64];

	for (size_t i = 0; i < OPTION_COUNT; i++)
		names[i] = cli_option_table[i].name;
	error_set(err, ERROR_USAGE, "unknown option '%s'", given);
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(given, "="), given);
	near = str_starts(word, "--") ? cli_nearest(word + 2, names, OPTION_COUNT) : NULL;
	if (near)
		return error_hint(err, "did you mean '--%s'?", near);
	return error_hint(err, "'kubewright help COMMAND' lists the options of a command");
}

static int unknown_command(const char *given, struct error *err)
{
	const char *names[32], *near;
	size_t n = 0;

	for (; n < cli_command_count && n < 32; n++)
		names[n] = cli_commands[n].name;
	near = cli_nearest(given, names, n);
	error_set(err, ERROR_USAGE, "unknown command '%s'", given);
	if (near)
		return error_hint(err, "did you mean 'kubewright %s'?", near);
	return error_hint(err, "'kubewright help' lists the commands");
}

/* What getopt_long wants to know, made from the table. Long options answer 256 + their index. */
static void getopt_tables(struct option *longs, char *shorts)
{
	size_t n = 0;

	shorts[n++] = '+';
	shorts[n++] = ':';
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct cli_option *t = &cli_option_table[i];

		longs[i] = (struct option){ t->name, t->arg ? required_argument : no_argument, NULL, 256 + i };
		if (t->letter)
			shorts[n++] = t->letter;
		if (t->letter && t->arg)
			shorts[n++] = ':';
	}
	longs[OPTION_COUNT] = (struct option){ 0 };
	shorts[n] = '\0';
}

static int option_index(int c)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (c == 256 + i || (c < 256 && c == cli_option_table[i].letter))
			return i;
	return -1;
}

static int check_use(const struct cli_options *o, const bool *given, struct error *err)
{
	const struct cli_command *c = o->command;

	for (int i = 0; c && i < OPTION_COUNT; i++) {
		if (!given[i] || (cli_option_table[i].commands & c->bit))
			continue;
		error_set(err, ERROR_USAGE, "--%s is not an option of %s", cli_option_table[i].name, c->name);
		return error_hint(err, "'kubewright help %s' lists its options", c->name);
	}
	if (!c || o->help)
		return 0;
	if (o->arg_count < c->min_args || o->arg_count > c->max_args) {
		if (o->arg_count < c->min_args)
			error_set(err, ERROR_USAGE, "%s needs %s", c->name, c->args);
		else
			error_set(err, ERROR_USAGE, "unexpected argument '%s': %s takes %s%s", o->args[c->max_args],
				c->name, c->max_args ? "only " : "none", c->max_args ? c->args : "");
		return error_hint(err, "usage: kubewright %s%s%s", c->name, *c->args ? " " : "", c->args);
	}
	return 0;
}

/* One word that is not an option: the command, then its arguments. */
static int take_word(struct cli_options *o, char *word, struct error *err)
{
	if (!o->command) {
		o->command = cli_command_find(word);
		return o->command ? 0 : unknown_command(word, err);
	}
	o->args[o->arg_count++] = word;
	return 0;
}

static int take_option(struct cli_options *o, int c, char **argv, bool *given, struct error *err)
{
	char letter[3] = { '-', (char)optopt, '\0' };
	int id = option_index(c == ':' ? optopt : c);

	if (c == ':' && id >= 0) {
		error_set(err, ERROR_USAGE, "--%s needs a value: --%s %s", cli_option_table[id].name,
			cli_option_table[id].name, cli_option_table[id].arg);
		return -1;
	}
	if (c == '?' && optopt >= 256 && option_index(optopt) >= 0)
		return error_set(err, ERROR_USAGE, "--%s takes no value", cli_option_table[option_index(optopt)].name);
	if (c == '?' || id < 0)
		return unknown_option(optopt && optopt < 256 ? letter : argv[optind - 1], err);
	given[id] = true;
	return option_take(o, id, optarg, err);
}

int cli_options_parse(struct cli_options *o, int argc, char **argv, struct error *err)
{
	struct option longs[OPTION_COUNT + 1];
	char shorts[3 * OPTION_COUNT + 4];
	bool given[OPTION_COUNT] = { false }, only_words = false;

	memset(o, 0, sizeof(*o));
	o->args = xcalloc((size_t)argc + 1, sizeof(*o->args));
	getopt_tables(longs, shorts);
	optind = 0; /* glibc: start again */
	opterr = 0;
	for (;;) {
		int before = optind ? optind : 1;
		int c = only_words || (o->command && o->command->raw && o->arg_count)
				? -1
				: getopt_long(argc, argv, shorts, longs, NULL);

		if (c == -1) {
			optind = optind ? optind : 1;
			if (optind > before && !only_words && strcmp(argv[optind - 1], "--") == 0) {
				only_words = true;
				continue;
			}
			if (optind >= argc)
				break;
			if (take_word(o, argv[optind++], err))
				return -1;
		} else if (take_option(o, c, argv, given, err)) {
			return -1;
		}
	}
	if (!o->file)
		o->file = CLI_FILE;
	return check_use(o, given, err);
}

void cli_options_release(struct cli_options *o)
{
	for (size_t i = 0; i < o->host_count; i++)
		free(o->hosts[i]);
	free(o->hosts);
	free(o->sets);
	free(o->args);
	memset(o, 0, sizeof(*o));
}
