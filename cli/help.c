/* Help, made from the tables. */
#include "cli/cli.h"

#include "base/str.h"

#include <string.h>

/* Columns of text on a terminal: one that cuts a multibyte character in the middle counts it once. */
static int columns(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static void wrapped(FILE *f, const char *text, int indent, int width)
{
	int at = 0;

	while (*text) {
		char word[128];
		size_t n = strcspn(text, " ");
		int cols;

		snprintf(word, sizeof(word), "%.*s", (int)n, text);
		cols = columns(word);
		if (at && at + 1 + cols > width) {
			fprintf(f, "\n%*s", indent, "");
			at = 0;
		}
		at += fprintf(f, "%s", at ? " " : "") + cols;
		fputs(word, f);
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', f);
}

static void option_line(FILE *f, const struct cli_option *t)
{
	char left[64], letter[8] = "    ";

	if (t->letter)
		snprintf(letter, sizeof(letter), "-%c, ", t->letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, t->name, t->arg ? " " : "", t->arg ? t->arg : "");
	fprintf(f, "  %-28s ", left);
	wrapped(f, t->help, 31, 48);
}

static void one_command(FILE *f, const struct cli_command *c)
{
	fprintf(f, "usage: kubewright %s%s%s%s\n\n", c->name,
		c->bit & ~(unsigned)(CLI_VERSION | CLI_HELP) ? " [options]" : "", *c->args ? " " : "", c->args);
	wrapped(f, c->text, 0, 78);
	fputs("\nOptions:\n", f);
	for (size_t i = 0; i < cli_option_count; i++)
		if (cli_option_table[i].commands & c->bit)
			option_line(f, &cli_option_table[i]);
	fputs("\nExit status and more: man kubewright\n", f);
}

void cli_help(FILE *f, const struct cli_command *command)
{
	if (command) {
		one_command(f, command);
		return;
	}
	fputs("kubewright turns bare-metal servers into a highly available Kubernetes cluster over SSH.\n\n"
	      "usage: kubewright [-f FILE]            the full-screen wizard, on a terminal\n"
	      "       kubewright COMMAND [options]\n\nCommands:\n",
		f);
	for (size_t i = 0; i < cli_command_count; i++) {
		const struct cli_command *c = &cli_commands[i];
		int pad = 24 - (int)strlen(c->name) - columns(c->args);

		fprintf(f, "  %s %s%*s%s\n", c->name, c->args, pad > 0 ? pad : 1, "", c->summary);
	}
	fputs("\nFirst steps:\n"
	      "  kubewright init 10.0.0.[11-15]   writes kubewright.yaml; look it over\n"
	      "  kubewright check                 reports what would stop it, changes nothing\n"
	      "  kubewright apply                 installs the cluster; run it again if it was cut short\n\n"
	      "'kubewright help COMMAND' lists the options of a command; the inventory is explained in kubewright.yaml(5).\n",
		f);
}
