/* kubewright logs HOST. */
#include "cli/run.h"

#include "inventory/inventory.h"
#include "steps/host/scripts.h"

#include <string.h>

static const char *const logs_words[] = { "history", "-job", "log", "kubelet", "error", "hint", NULL };

struct log_section {
	const char *word, *title;
};
static const struct log_section sections[] = {
	{ "history", "history of jobs" },
	{ "log", "log of the last job" },
	{ "kubelet", "journal of the kubelet" },
};

static void print_text(const char *text)
{
	fputs(*text ? text : "(nothing)\n", stdout);
	if (*text && !str_ends(text, "\n"))
		putchar('\n');
}

static void print_answer(const struct remote_answer *a)
{
	const char *job = remote_answer_get(a, "job");

	for (size_t s = 0; s < sizeof(sections) / sizeof(sections[0]); s++) {
		bool any = false, named = strcmp(sections[s].word, "log") == 0 && job && *job;

		printf("%s%s== %s%s%s ==%s\n", s ? "\n" : "", cli_color(stdout, CLI_BOLD), sections[s].title,
			named ? ": " : "", named ? job : "", cli_color(stdout, CLI_PLAIN));
		for (size_t i = 0; i < a->count; i++) {
			if (strcmp(a->lines[i].word, sections[s].word) != 0)
				continue;
			print_text(a->lines[i].value);
			any = true;
		}
		if (!any)
			print_text("");
	}
}

static int logs_apply(struct task *t, struct error *err)
{
	const struct cli_run *r = task_world(t);
	struct remote_answer answer = { 0 };
	char lines[16];
	int rc;

	snprintf(lines, sizeof(lines), "%d", r->options->lines ? r->options->lines : 50);
	const struct remote_param params[] = { { "lines", lines } };
	rc = world_script(t, "logs", host_script_logs, params, 1, logs_words, &answer, 30000, err);
	if (rc == 0)
		print_answer(&answer);
	remote_answer_release(&answer);
	return rc;
}

static const struct step steps[] = {
	{ "logs", "Fetching logs", ROLE_ALL, STEP_OBSERVES, { { 0 } }, NULL, logs_apply },
};
const struct plan cli_plan_logs = { .name = "logs", .steps = steps, .count = 1 };

int cli_logs(const struct cli_options *o)
{
	struct cli_options only = *o;
	struct cli_run r;
	int status;

	/* the one host is the whole run */
	only.hosts = o->args;
	only.host_count = 1;
	status = cli_look(&r, KIND_LOGS, &only);
	if (status)
		return status;
	status = cli_look_errors(&r, true);
	cli_run_release(&r);
	return status;
}
