/* kubewright replay --timeline [RUN]: who waited for what, as text or as JSON. */
#include "cli/past.h"
#include "cli/run.h"

#include "base/json.h"
#include "base/str.h"
#include "tui/timeline.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH 80
#define LONGEST 10

static struct json *bar_json(const struct timeline *t, const struct timeline_bar *b)
{
	const struct timeline_bar *after = b->after == SIZE_MAX ? NULL : &t->bars[b->after];
	struct json *j = json_object(), *cause;

	json_set_str(j, "host", t->head->hosts[b->host].name);
	json_set_str(j, "step", t->head->steps[b->step].name);
	json_set_int(j, "start_ms", b->start_ms);
	json_set_int(j, "end_ms", b->end_ms);
	if (!b->open)
		json_set_str(j, "outcome", outcome_name(b->outcome));
	json_set_int(j, "waited_ms", b->waited_ms);
	json_set_int(j, "gap_ms", timeline_gap_ms(t, b));
	json_set_int(j, "queue_ms", b->queue_ms);
	json_set_int(j, "login_ms", b->login_ms);
	json_set_int(j, "answer_ms", b->answer_ms);
	cause = json_set(j, "after", json_object());
	json_set_str(cause, "cause", timeline_cause_name(b->cause));
	if (b->cause == CAUSE_TURN)
		json_set_str(cause, "section", t->head->steps[b->step].section);
	if (after) {
		json_set_int(cause, "index", (int64_t)b->after);
		json_set_str(cause, "host", t->head->hosts[after->host].name);
		json_set_str(cause, "step", t->head->steps[after->step].name);
		json_set_int(cause, "end_ms", after->end_ms);
	}
	return j;
}

static struct json *timeline_json(const struct timeline *t)
{
	struct json *j = json_object(), *list;
	size_t longest[LONGEST], count = timeline_longest(t, longest, LONGEST);

	json_set_int(j, "v", 1);
	json_set_str(j, "kind", "timeline");
	json_set_str(j, "run", t->head->run);
	json_set_str(j, "command", t->head->command);
	json_set_str(j, "state", t->over ? "over" : t->live ? "running" : "cut");
	json_set_bool(j, "needs_known", t->head->needs_known);
	json_set_int(j, "wall_ms", t->wall_ms);
	json_set_int(j, "no_step_ms", t->no_step_ms);
	json_set_int(j, "idle_ms", t->idle_ms);
	json_set_int(j, "path_ms", t->path_ms);
	json_set_int(j, "left_out", (int64_t)t->left_out);
	list = json_set(j, "hosts", json_array());
	for (size_t h = 0; h < t->head->host_count; h++)
		json_add(list, json_string(t->head->hosts[h].name));
	list = json_set(j, "steps", json_array());
	for (size_t i = 0; i < t->count; i++)
		json_add(list, bar_json(t, &t->bars[i]));
	list = json_set(j, "path", json_array());
	for (size_t i = 0; i < t->path_count; i++)
		json_add(list, json_int((int64_t)t->path[i]));
	list = json_set(j, "longest", json_array());
	for (size_t i = 0; i < count; i++)
		json_add(list, json_int((int64_t)longest[i]));
	return j;
}

static int width(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : WIDTH;
}

int cli_timeline(const struct cli_options *o)
{
	struct error err = { 0 };
	char *path = cli_past_find(o->arg_count ? o->args[0] : "", false, &err);
	struct recording *r = path ? recording_load(path, &err) : NULL;
	struct timeline *t = r ? timeline_make(r) : NULL;
	struct str text = STR_INIT;

	if (t && o->json) {
		cli_json_print(timeline_json(t));
	} else if (t) {
		timeline_text(t, width(), strcmp(nl_langinfo(CODESET), "UTF-8") != 0, &text);
		fputs(text.buf, stdout);
	}
	str_release(&text);
	timeline_free(t);
	recording_free(r);
	free(path);
	return t ? 0 : cli_fail(&err);
}
