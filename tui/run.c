/* The run under way: the table of hosts and steps, the log of one of them, and what the operator can do about it. */
#include "tui/run.h"

#include "base/alloc.h"
#include "inventory/inventory.h"
#include "tui/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct run_screen *run_of(struct screen *s)
{
	return (struct run_screen *)s;
}

static const struct runview *view_of(const struct screen *s)
{
	return s->wizard->view_valid ? &s->wizard->view : NULL;
}

static bool live(const struct screen *s)
{
	return view_of(s) && !view_of(s)->over && wizard_running(s->wizard);
}

static bool steerable(const struct screen *s)
{
	return live(s) && !view_of(s)->cancelling;
}

static bool over(const struct screen *s)
{
	return !live(s);
}

/* ---- what keys do --------------------------------------------------------------------------------------------------- */

static const struct runview_host *selected(const struct screen *s)
{
	const struct runview *v = view_of(s);
	size_t h = v ? matrix_host(&((const struct run_screen *)s)->matrix, v) : SIZE_MAX;

	return h == SIZE_MAX ? NULL : &v->hosts[h];
}

static int selected_index(const struct screen *s)
{
	return (int)matrix_host(&((const struct run_screen *)s)->matrix, view_of(s));
}

static bool can_pause(const struct screen *s)
{
	return steerable(s) && !view_of(s)->paused;
}

static bool can_resume(const struct screen *s)
{
	return steerable(s) && view_of(s)->paused;
}

static bool can_retry(const struct screen *s)
{
	const struct runview_host *h = selected(s);

	return steerable(s) && h && h->aside;
}

static bool can_skip(const struct screen *s)
{
	const struct runview_host *h = selected(s);

	return steerable(s) && h && !run_was_skipped(h);
}

static bool can_end(const struct screen *s)
{
	return steerable(s) && run_at_rest((const struct run_screen *)s, view_of(s));
}

static bool any_failed(const struct screen *s)
{
	const struct runview *v = view_of(s);

	return v && matrix_next_failed(&((const struct run_screen *)s)->matrix, v) < v->host_count;
}

static void pause_run(struct screen *s)
{
	wizard_command(s->wizard, ENGINE_PAUSE, -1);
}

static void resume_run(struct screen *s)
{
	wizard_command(s->wizard, ENGINE_RESUME, -1);
}

static void retry(struct screen *s)
{
	wizard_command(s->wizard, ENGINE_RETRY_HOST, selected_index(s));
	app_say(s->app, STYLE_NORMAL, "retrying %s", selected(s)->name);
}

static void end_run(struct screen *s)
{
	wizard_command(s->wizard, ENGINE_END, -1);
}

static void skip_answered(struct screen *s, int answer, void *ctx)
{
	(void)ctx;
	if (answer == 1 && steerable(s) && run_of(s)->skipping >= 0)
		wizard_command(s->wizard, ENGINE_SKIP_HOST, run_of(s)->skipping);
	run_of(s)->skipping = -1;
}

static void skip(struct screen *s)
{
	char text[256];

	/* the selection may move before the answer comes */
	run_of(s)->skipping = selected_index(s);
	snprintf(text, sizeof(text),
		"Skip %s? What runs there is cut off, and nothing more is done on it in this run. "
		"A later run continues with it.",
		selected(s)->name);
	app_push(s->app, screen_question("Skip this host", text, "no|skip", skip_answered, s, NULL));
}

static void cancel_answered(struct screen *s, int answer, void *ctx)
{
	(void)ctx;
	if (answer != 1 || !live(s))
		return;
	run_of(s)->cancelled = true;
	wizard_command(s->wizard, ENGINE_CANCEL, -1);
}

static void cancel(struct screen *s)
{
	app_push(s->app,
		screen_question("Cancel the run",
			run_of(s)->cancelled
				? "The run is being cancelled: the hosts' locks are being released. End it at once instead? "
				  "Locks may remain; the next run from this machine takes them over."
				: "Cancel the run? Connections are cut at once. Jobs that were started on hosts finish "
				  "there by themselves; the next run checks their result and continues.",
			"no|cancel", cancel_answered, s, NULL));
}

static void leave_answered(struct screen *s, int answer, void *ctx)
{
	(void)ctx;
	if (answer == 1 && steerable(s))
		wizard_command(s->wizard, ENGINE_LEAVE, -1);
}

static void leave(struct screen *s)
{
	app_push(s->app, screen_question("Leave the run",
				 "Leave the run? Running steps finish, and no new ones start. "
				 "A later run continues from there.",
				 "no|leave", leave_answered, s, NULL));
}

static void quit_answered(struct screen *s, int answer, void *ctx)
{
	leave_answered(s, answer == 1, ctx);
	cancel_answered(s, answer == 2, ctx);
}

/* What was done to a living cluster shows in how it is then. */
static void go_on(struct screen *s)
{
	const struct wizard *w = s->wizard;

	if (w->purpose == PURPOSE_APPLY) {
		app_replace(s->app, screen_done());
		return;
	}
	/* the page below shows what came of it */
	if (w->purpose == PURPOSE_DRILL) {
		app_pop(s->app);
		return;
	}
	page_dashboard(s);
	if (w->summary_valid && w->summary.snapshot)
		app_say(s->app, STYLE_OK, "saved in %s", w->summary.snapshot);
	else if (w->summary_valid && w->summary.exit_status == 0)
		app_say(s->app, STYLE_OK, "the %s is done", purpose_kind(w->purpose)->noun);
	else
		app_say(s->app, STYLE_WARNING, "the %s left something to do; l shows the run again",
			purpose_kind(w->purpose)->noun);
}

static void quit(struct screen *s)
{
	if (over(s) && s->wizard->purpose == PURPOSE_APPLY)
		app_pop(s->app);
	else if (over(s))
		go_on(s);
	if (over(s))
		return;
	app_push(s->app, screen_question("The run is still active",
				 "You can leave this page when the run is over.\n\n"
				 "leave: running steps finish, and no new ones start.\n"
				 "cancel: connections are cut at once; jobs on hosts finish there by themselves.",
				 "stay|leave|cancel", quit_answered, s, NULL));
}

static void read_log(struct screen *s)
{
	const struct runview *v = view_of(s);
	struct str text = STR_INIT;
	char title[160];

	if (!v || matrix_host(&run_of(s)->matrix, v) == SIZE_MAX)
		return;
	matrix_text(&run_of(s)->matrix, v, &text);
	app_push(s->app, screen_reader(matrix_title(&run_of(s)->matrix, v, title, sizeof(title)), text.buf));
	str_release(&text);
}

static void equivalent(struct screen *s)
{
	page_equivalent(s, s->wizard->purpose);
}

/* Keys of the table, in the help and for the dispatch alike. */
#define TABLE_KEY(name, code) \
	static void name(struct screen *s) \
	{ \
		if (view_of(s)) \
			matrix_key(&run_of(s)->matrix, view_of(s), code); \
	}
TABLE_KEY(step_left, K_LEFT)
TABLE_KEY(step_right, K_RIGHT)
TABLE_KEY(log_up, K_PAGE_UP)
TABLE_KEY(log_down, K_PAGE_DOWN)
TABLE_KEY(log_end, K_END)
TABLE_KEY(next_failed, 'f')
TABLE_KEY(find, '/')

/* ---- the screen ----------------------------------------------------------------------------------------------------- */

static void load_history(struct screen *s)
{
	struct run_screen *r = run_of(s);
	const struct port *p = s->wizard->port;
	char *dir;

	if (r->history || !live(s))
		return;
	dir = p->runs_dir(p->ctx, p->inventory(s->wizard->run)->cluster);
	r->history = history_load(dir);
	free(dir);
}

static void shown(struct screen *s)
{
	struct run_screen *r = run_of(s);

	r->dialog = NULL;
	r->asking = 0;
	load_history(s);
	run_ask_next(s);
}

static int64_t tick(struct screen *s, int64_t now_ms)
{
	struct run_screen *r = run_of(s);
	const struct runview *v = view_of(s);

	if (!v || over(s))
		return -1;
	if (r->seen != v->events || !r->seen_ms) {
		r->seen = v->events;
		r->seen_ms = now_ms;
	}
	r->idle_ms = now_ms > r->seen_ms ? now_ms - r->seen_ms : 0;
	r->left_ms = -1;
	if (r->history)
		r->left_ms =
			history_left_ms(r->history, v, s->wizard->port->config(s->wizard->run)->steps, v->step_count);
	return 1000;
}

static bool key(struct screen *s, int code)
{
	bool typing = run_of(s)->matrix.search.typing, taken;

	taken = view_of(s) && matrix_key(&run_of(s)->matrix, view_of(s), code);
	if (typing && !run_of(s)->matrix.search.typing)
		run_ask_next(s);
	return taken;
}

static bool text(const struct screen *s)
{
	return ((const struct run_screen *)s)->matrix.search.typing;
}

static void draw(const struct screen *s, struct canvas *c)
{
	run_draw((const struct run_screen *)s, view_of(s), live(s), c);
}

static void release(struct screen *s)
{
	struct run_screen *r = run_of(s);

	matrix_release(&r->matrix);
	history_free(r->history);
	free(r->answered);
	free(r);
}

static const struct binding bindings[] = {
	{ K_ENTER, "Log", "Opens the whole log of the selected cell.", read_log, live },
	{ K_ENTER, "Continue", "When the run is over: shows its result.", go_on, over },
	{ 'e', "End run", "Ends a run that waits for hosts that failed.", end_run, can_end },
	{ 'p', "Pause", "No new step starts until you continue; running steps finish.", pause_run, can_pause },
	{ 'p', "Continue", "While the run is paused: continues it.", resume_run, can_resume },
	{ 'r', "Retry", "Retries the selected host, after you fixed what failed.", retry, can_retry },
	{ 's', "Skip", "Does nothing more on the selected host in this run.", skip, can_skip },
	{ 'f', "Failed", "Goes to the next host that failed.", next_failed, any_failed },
	{ 'l', "Leave", "Starts no new steps; running steps finish. Asks first.", leave, steerable },
	{ 'c', "Cancel", "Cuts all connections; jobs on hosts finish there by themselves. Asks first.", cancel, live },
	{ K_LEFT, NULL, "Selects the previous step. Beyond the ends the log follows the host's current step.",
		step_left, NULL },
	{ K_RIGHT, NULL, "Selects the next step.", step_right, NULL },
	{ K_PAGE_UP, NULL, "Scrolls the log back; it stops following.", log_up, NULL },
	{ K_PAGE_DOWN, NULL, "Scrolls the log forward.", log_down, NULL },
	{ K_END, NULL, "Follows the end of the log again; a second time: follows the host's current step.", log_end,
		NULL },
	{ '/', NULL, "Searches for a host name; n and N go to the next and the previous match.", find, NULL },
	{ 'o', NULL, "Opens the whole log of the selected cell.", read_log, NULL },
	{ 'w', NULL, "Shows the command that does the same.", equivalent, NULL },
	{ 'q', NULL, "Leaves this page when the run is over; before that, asks what to do.", quit, NULL },
	{ K_ESCAPE, NULL, "The same as q.", quit, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Run",
	.about =
		"What happens on each host, step by step. A host that fails is set aside with its error; the others continue. "
		"Up and Down select a host, Left and Right a step; below is the log of that step.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.text = text,
	.shown = shown,
	.changed = run_ask_changed,
	.free = release,
	.tick = tick,
};

struct screen *screen_run(void)
{
	struct run_screen *r = xcalloc(1, sizeof(*r));

	r->screen.ops = &ops;
	r->left_ms = r->skipping = -1;
	matrix_init(&r->matrix);
	return &r->screen;
}
