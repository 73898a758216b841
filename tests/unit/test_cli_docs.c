/* Help, man pages and completions say what the tables say. Run from the top of the sources. */
#include "tests/test.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "inventory/inventory.h"

#include <ctype.h>

static struct str read_doc(const char *path)
{
	struct str s = STR_INIT;
	struct error err = { 0 };

	if (!CHECK(file_read(path, 1u << 20, &s, &err) == 0))
		printf("# %s\n", err.what);
	return s;
}

/* Whether text has `what` followed by no character of a longer word. */
static bool has_word(const char *text, const char *what)
{
	size_t n = strlen(what);

	for (const char *p = text; (p = strstr(p, what)) != NULL; p += n)
		if (!isalnum((unsigned char)p[n]) && p[n] != '-' && p[n] != '.')
			return true;
	return false;
}

static bool known_option(const char *name, size_t n)
{
	for (size_t i = 0; i < cli_option_count; i++)
		if (strlen(cli_option_table[i].name) == n && strncmp(cli_option_table[i].name, name, n) == 0)
			return true;
	return false;
}

static void test_man_page(void)
{
	struct str man = read_doc("docs/kubewright.1");
	char word[80];

	for (size_t i = 0; i < cli_command_count; i++) {
		snprintf(word, sizeof(word), "\n.It Cm %s", cli_commands[i].name);
		if (!CHECK(has_word(man.buf, word)))
			printf("# the man page has no command %s\n", cli_commands[i].name);
	}
	for (size_t i = 0; i < cli_option_count; i++) {
		const struct cli_option *o = &cli_option_table[i];

		if (o->letter)
			snprintf(word, sizeof(word), "\n.It Fl %c , Fl -%s", o->letter, o->name);
		else
			snprintf(word, sizeof(word), "\n.It Fl -%s", o->name);
		if (o->arg && !strchr(o->arg, '='))
			snprintf(word + strlen(word), sizeof(word) - strlen(word), " Ar %s", o->arg);
		if (!CHECK(has_word(man.buf, word)))
			printf("# the man page has no option --%s, or other arguments of it\n", o->name);
	}
	for (const char *p = man.buf; (p = strstr(p, "Fl -")) != NULL; p += 4)
		if (!CHECK(known_option(p + 4, strcspn(p + 4, " \n"))))
			printf("# the man page has an option that is none: %.20s\n", p + 4);
	str_release(&man);
}

/* The statuses of base/error.h stand in the man page. */
static void test_exit_statuses(void)
{
	struct str man = read_doc("docs/kubewright.1");
	char word[32];

	for (int k = ERROR_INTERNAL; k <= ERROR_CANCELLED; k++) {
		snprintf(word, sizeof(word), "\n.It %d\n", error_exit_code((enum error_kind)k));
		CHECK(strstr(man.buf, word) != NULL);
	}
	snprintf(word, sizeof(word), "\n.It %d\n", CLI_EXIT_HOSTS_LEFT);
	CHECK(strstr(man.buf, word) != NULL);
	str_release(&man);
}

/* Whether the page says of a field that it counts at birth alone. */
static bool says_birth(const char *page, const char *item)
{
	const char *at = strstr(page, item), *to, *said;

	while (at && !strchr(" \n", at[strlen(item)]))
		at = strstr(at + 1, item);
	to = at ? strstr(at + 1, "\n.It ") : NULL;
	said = at ? strstr(at, "\nCounts only when a cluster is created") : NULL;
	return said && (!to || said < to);
}

static void test_inventory_page(void)
{
	struct str man = read_doc("docs/kubewright.yaml.5");
	char word[160];

	for (size_t i = 0; i < inventory_field_count; i++) {
		const struct inventory_field *f = &inventory_fields[i];

		snprintf(word, sizeof(word), "\n.It Cm %s", f->path);
		if (!CHECK(has_word(man.buf, word)))
			printf("# kubewright.yaml.5 has no field %s\n", f->path);
		if (!CHECK_INT(says_birth(man.buf, word), f->birth != NULL))
			printf("# kubewright.yaml.5: when does %s count?\n", f->path);
	}
	for (const char *p = man.buf; (p = strstr(p, "\n.It Cm ")) != NULL; p += 8) {
		bool known = false;

		for (size_t i = 0; i < inventory_field_count; i++)
			known = known ||
				(strncmp(p + 8, inventory_fields[i].path, strlen(inventory_fields[i].path)) == 0 &&
					strchr(" \n", p[8 + strlen(inventory_fields[i].path)]));
		if (!CHECK(known))
			printf("# kubewright.yaml.5 has a field that is none: %.40s\n", p + 8);
	}
	str_release(&man);
}

static void test_bash_completion(void)
{
	struct str bash = read_doc("packaging/completions/kubewright.bash");
	struct str line = STR_INIT;

	str_add(&line, "local commands='");
	for (size_t i = 0; i < cli_command_count; i++)
		str_addf(&line, "%s%s", i ? " " : "", cli_commands[i].name);
	str_add(&line, "'\n");
	CHECK(strstr(bash.buf, line.buf) != NULL);
	for (size_t i = 0; i < cli_command_count; i++) {
		bool first = true;

		str_clear(&line);
		str_addf(&line, "\n\t%s) opts='", cli_commands[i].name);
		for (size_t k = 0; k < cli_option_count; k++) {
			if (!(cli_option_table[k].commands & cli_commands[i].bit))
				continue;
			str_addf(&line, "%s--%s", first ? "" : " ", cli_option_table[k].name);
			first = false;
		}
		str_add(&line, "' ;;\n");
		if (!CHECK(strstr(bash.buf, line.buf) != NULL))
			printf("# the completion lacks:%s", line.buf);
	}
	str_release(&line);
	str_release(&bash);
}

static void help_text(const struct cli_command *c, struct str *out)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	cli_help(f, c);
	fclose(f);
	str_clear(out);
	str_add(out, text);
	free(text);
}

static void test_help(void)
{
	struct str text = STR_INIT;
	char word[80];

	help_text(NULL, &text);
	for (size_t i = 0; i < cli_command_count; i++) {
		snprintf(word, sizeof(word), "\n  %s", cli_commands[i].name);
		CHECK(has_word(text.buf, word) && strstr(text.buf, cli_commands[i].summary));
	}
	for (size_t i = 0; i < cli_command_count; i++) {
		help_text(&cli_commands[i], &text);
		for (size_t k = 0; k < cli_option_count; k++) {
			snprintf(word, sizeof(word), "--%s", cli_option_table[k].name);
			CHECK_INT(has_word(text.buf, word), (cli_option_table[k].commands & cli_commands[i].bit) != 0);
		}
		/* 80 columns: a serial console */
		for (const char *p = text.buf; *p; p += strcspn(p, "\n"), p += *p == '\n')
			CHECK(strcspn(p, "\n") <= 86);
	}
	str_release(&text);
}

static const struct test tests[] = {
	{ "man page", test_man_page },
	{ "exit statuses", test_exit_statuses },
	{ "inventory page", test_inventory_page },
	{ "bash completion", test_bash_completion },
	{ "help", test_help },
};
TEST_MAIN(tests)
