/* argv against the tables. */
#include "tests/test.h"

#include "base/error.h"
#include "cli/cli.h"

#include <stdarg.h>

#define MAX 24

/* Parses NULL-terminated words; fails the test unless the result is rc. */
static void parse(struct cli_options *o, struct error *err, int rc, ...)
{
	static char words[MAX][128];
	char *argv[MAX + 1];
	int argc = 0;
	const char *w;
	va_list ap;

	va_start(ap, rc);
	snprintf(words[0], sizeof(words[0]), "kubewright");
	argv[argc++] = words[0];
	while ((w = va_arg(ap, const char *)) != NULL) {
		snprintf(words[argc], sizeof(words[argc]), "%s", w);
		argv[argc] = words[argc];
		argc++;
	}
	va_end(ap);
	argv[argc] = NULL;
	memset(err, 0, sizeof(*err));
	CHECK_INT(cli_options_parse(o, argc, argv, err), rc);
}

#define END ((const char *)NULL)

static void test_all_options(void)
{
	struct cli_options o;
	struct error err;

	parse(&o, &err, 0, "-f", "x.yaml", "apply", "--hosts", "cp1,w2", "--yes", "-o", "json", "--parallel=7", "--set",
		"a=1", "--set", "b=2=3", "--accept-new-host-keys", "--connect-timeout", "3", "-v", "--color", "never",
		"--without-missing", END);
	CHECK_STR(o.command->name, "apply");
	CHECK_STR(o.file, "x.yaml");
	CHECK_INT(o.host_count, 2);
	CHECK_STR(o.hosts[1], "w2");
	CHECK(o.yes && o.json && o.accept_new_host_keys && o.verbose && o.no_color && o.without_missing);
	CHECK_INT(o.parallel, 7);
	CHECK_INT(o.connect_timeout_s, 3);
	CHECK_INT(o.set_count, 2);
	CHECK_STR(o.sets[1], "b=2=3");
	cli_options_release(&o);
}

static void test_defaults_and_words(void)
{
	struct cli_options o;
	struct error err;

	parse(&o, &err, 0, END);
	CHECK(o.command == NULL);
	CHECK_STR(o.file, "kubewright.yaml");
	cli_options_release(&o);
	parse(&o, &err, 0, "init", "a=10.0.0.1", "--cluster", "rack7", "10.0.0.[2-3]", END);
	CHECK_INT(o.arg_count, 2);
	CHECK_STR(o.args[1], "10.0.0.[2-3]");
	CHECK_STR(o.cluster, "rack7");
	cli_options_release(&o);
	parse(&o, &err, 0, "init", "--", "--odd", END);
	CHECK_STR(o.args[0], "--odd");
	cli_options_release(&o);
}

/* What follows ssh's host belongs to the command there. */
static void test_ssh_keeps_the_rest(void)
{
	struct cli_options o;
	struct error err;

	parse(&o, &err, 0, "ssh", "-f", "k.yaml", "cp1", "ls", "-v", "--", "--nothing-of-ours", END);
	CHECK_STR(o.file, "k.yaml");
	CHECK(!o.verbose);
	CHECK_INT(o.arg_count, 5);
	CHECK_STR(o.args[2], "-v");
	CHECK_STR(o.args[3], "--");
	CHECK_STR(o.args[4], "--nothing-of-ours");
	cli_options_release(&o);
}

static void refused(const char *what, const char *hint, const char *a, const char *b, const char *c)
{
	struct cli_options o;
	struct error err;

	parse(&o, &err, -1, a, b, c, END);
	CHECK_INT(err.kind, ERROR_USAGE);
	CHECK_STR(err.what, what);
	if (hint)
		CHECK_STR(err.hint, hint);
	cli_options_release(&o);
}

static void test_refusals(void)
{
	refused("unknown command 'aply'", "did you mean 'kubewright apply'?", "aply", END, END);
	refused("unknown command 'xyzzy'", "'kubewright help' lists the commands", "xyzzy", END, END);
	refused("unknown option '--paralel'", "did you mean '--parallel'?", "apply", "--paralel", END);
	refused("unknown option '-q'", NULL, "apply", "-q", END);
	refused("--parallel needs a number from 1 to 1024, not '0'", NULL, "apply", "--parallel", "0");
	refused("--parallel needs a number from 1 to 1024, not '4x'", NULL, "apply", "--parallel", "4x");
	refused("--output is plain or json, not 'yaml'", NULL, "apply", "-o", "yaml");
	refused("--set needs KEY=VALUE, not 'a'", NULL, "apply", "--set", "a");
	refused("--file needs a value: --file FILE", NULL, "apply", "--file", END);
	refused("--yes takes no value", NULL, "apply", "--yes=1", END);
	refused("--yes is not an option of check", "'kubewright help check' lists its options", "check", "--yes", END);
	refused("logs needs HOST", "usage: kubewright logs HOST", "logs", END, END);
	refused("unexpected argument 'cp1': apply takes none", "usage: kubewright apply", "apply", "cp1", END);
	refused("--hosts needs names separated by commas, without blanks: --hosts cp1,w2", NULL, "apply", "--hosts",
		"cp1,,w2");
}

static void test_tables_are_sound(void)
{
	for (size_t i = 0; i < cli_option_count; i++) {
		CHECK(cli_option_table[i].name && cli_option_table[i].help && cli_option_table[i].commands);
		for (size_t k = 0; k < i; k++) {
			CHECK(strcmp(cli_option_table[i].name, cli_option_table[k].name) != 0);
			CHECK(!cli_option_table[i].letter || cli_option_table[i].letter != cli_option_table[k].letter);
		}
	}
	for (size_t i = 0; i < cli_command_count; i++) {
		CHECK(cli_commands[i].run && *cli_commands[i].summary && *cli_commands[i].text);
		CHECK(cli_command_find(cli_commands[i].name) == &cli_commands[i]);
	}
}

static const struct test tests[] = {
	{ "all options", test_all_options },
	{ "defaults and words", test_defaults_and_words },
	{ "ssh keeps the rest", test_ssh_keeps_the_rest },
	{ "refusals", test_refusals },
	{ "tables are sound", test_tables_are_sound },
};
TEST_MAIN(tests)
