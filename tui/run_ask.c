/* Questions that the run under way asks: each is put once, in a dialog over the Run screen; those about host keys in a table. */
#include "tui/run.h"

#include "base/alloc.h"
#include "tui/hostkeys.h"

#include <stdio.h>

static bool live(const struct screen *s)
{
	return s->wizard->view_valid && !s->wizard->view.over && wizard_running(s->wizard);
}

static bool was_answered(const struct run_screen *r, uint64_t seq)
{
	for (size_t i = 0; i < r->answered_count; i++)
		if (r->answered[i] == seq)
			return true;
	return false;
}

static void answered(struct screen *s, int answer, void *ctx)
{
	struct run_screen *r = (struct run_screen *)s;

	(void)ctx;
	r->answered = xrealloc(r->answered, r->answered_count + 1, sizeof(*r->answered));
	r->answered[r->answered_count++] = r->asking;
	wizard_answer(s->wizard, r->asking, answer);
	r->asking = 0;
}

static bool is_open(const struct runview *v, uint64_t seq)
{
	for (size_t i = 0; v && i < v->question_count; i++)
		if (v->questions[i].seq == seq)
			return true;
	return false;
}

static void ask(struct screen *s, const struct runview_question *q)
{
	const struct runview *v = &s->wizard->view;
	struct run_screen *r = (struct run_screen *)s;
	char title[128];

	if (hostkeys_asks(q)) {
		r->dialog = screen_hostkeys();
	} else {
		bool has_host = q->host >= 0 && (size_t)q->host < v->host_count;

		snprintf(title, sizeof(title), "A question%s%s", has_host ? " about " : "",
			has_host ? v->hosts[q->host].name : "");
		r->asking = q->seq;
		r->dialog = screen_question(title, q->text, q->answers, answered, s, NULL);
	}
	app_push(s->app, r->dialog);
}

/* One dialog at a time, over this screen alone: what the operator reads or types is not pulled away. */
void run_ask_next(struct screen *s)
{
	const struct runview *v = &s->wizard->view;
	struct run_screen *r = (struct run_screen *)s;

	/* something else is on its way to the top: it is handled when that has gone */
	if (!live(s) || r->dialog || app_mark(s->app))
		return;
	for (size_t i = 0; i < v->question_count; i++) {
		if (was_answered(r, v->questions[i].seq))
			continue;
		if (app_top(s->app) != s || r->matrix.search.typing)
			app_say(s->app, STYLE_WARNING, "the run waits for your answer to a question");
		else
			ask(s, &v->questions[i]);
		return;
	}
	/* what was answered may be open still, and is not to be put again */
	if (!v->question_count)
		r->answered_count = 0;
}

void run_ask_changed(struct screen *s)
{
	struct run_screen *r = (struct run_screen *)s;

	/* answered without us: by a cancel */
	if (r->dialog && r->asking && !is_open(live(s) ? &s->wizard->view : NULL, r->asking) &&
		app_top(s->app) == r->dialog) {
		r->asking = 0;
		app_pop(s->app);
	}
	run_ask_next(s);
}
