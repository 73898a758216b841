/* Commands made of several runs: one login to each host, one answer to each question, one warning of what the inventory is warned of. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/secret.h"
#include "remote/pool.h"

#include <stdlib.h>
#include <string.h>

struct asked {
	char *prompt;
	struct secret answer;
	struct asked *next;
};

static int ask_once(void *ctx, const char *prompt, struct secret *out, struct error *err)
{
	struct asked **list = ctx, *a = *list;

	while (a && strcmp(a->prompt, prompt) != 0)
		a = a->next;
	if (!a) {
		a = xcalloc(1, sizeof(*a));
		if (cli_ask_secret(prompt, &a->answer, err)) {
			free(a);
			return -1;
		}
		a->prompt = xstrdup(prompt);
		a->next = *list;
		*list = a;
	}
	secret_set(out, a->answer.text, a->answer.len);
	return 0;
}

void cli_session_begin(struct cli_session *s, const struct cli_options *o)
{
	*s = (struct cli_session){ .options = *o };
	s->options.pool = remote_pool_new();
	if (cli_can_ask()) {
		s->options.ask = ask_once;
		s->options.ask_ctx = &s->asked;
	}
}

void cli_session_next(struct cli_session *s)
{
	s->options.warned = true;
}

void cli_session_end(struct cli_session *s)
{
	struct asked *next;

	remote_pool_free(s->options.pool);
	for (struct asked *a = s->asked; a; a = next) {
		next = a->next;
		secret_release(&a->answer);
		free(a->prompt);
		free(a);
	}
	s->asked = NULL;
}
