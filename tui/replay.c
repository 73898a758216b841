/* A run, seen from its journal: the table and the logs as they stood at any moment of it. One of another process that is under way is followed. */
#include "tui/matrix.h"
#include "tui/timeline.h"
#include "tui/wizard.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>

#define FRAME_MS 200
#define LIVE_MS 500 /* between looks at a journal that grows */

struct replay {
	struct screen screen;
	struct recording *recording;
	const struct runview *view; /* of the moment */
	struct matrix matrix;
	int64_t at_ms;
	int64_t length_ms; /* of the whole run so far */
	bool playing;
	bool following;    /* the moment is now, of a run under way */
	int64_t ticked_ms; /* when playing continued last; 0: it begins with the next tick */
};

static struct replay *replay_of(struct screen *s)
{
	return (struct replay *)s;
}

/* Who goes to the end of a run under way wants to see it continue. */
static void seek(struct replay *r, int64_t at_ms)
{
	r->length_ms = recording_now_ms(r->recording);
	r->following = at_ms >= r->length_ms && recording_live(r->recording);
	r->at_ms = at_ms < 0 ? 0 : at_ms > r->length_ms ? r->length_ms : at_ms;
	r->view = recording_at(r->recording, r->at_ms);
}

static void play(struct screen *s)
{
	struct replay *r = replay_of(s);

	r->playing = !r->playing;
	r->ticked_ms = 0;
	if (r->playing && r->at_ms >= r->length_ms)
		seek(r, 0);
}

/* Reads what the run has written since. A run that ends is shown at its end. */
static void follow(struct replay *r)
{
	struct error err = { 0 };

	if (recording_follow(r->recording, &err))
		app_say(r->screen.app, STYLE_WARNING, "%s", err.what);
	seek(r, r->following ? INT64_MAX : r->at_ms);
}

static int64_t tick(struct screen *s, int64_t now_ms)
{
	struct replay *r = replay_of(s);
	bool live = recording_live(r->recording);

	if (live)
		follow(r);
	if (!r->playing)
		return live ? LIVE_MS : -1;
	if (r->ticked_ms && now_ms > r->ticked_ms)
		seek(r, r->at_ms + now_ms - r->ticked_ms);
	r->ticked_ms = now_ms;
	r->playing = r->at_ms < r->length_ms;
	return r->playing ? FRAME_MS : live ? LIVE_MS : 0;
}

#define SEEK_KEY(name, to) \
	static void name(struct screen *s) \
	{ \
		struct replay *r = replay_of(s); \
\
		seek(r, to); \
	}
SEEK_KEY(second_back, r->at_ms - 1000)
SEEK_KEY(second_on, r->at_ms + 1000)
SEEK_KEY(ten_back, r->at_ms - 10000)
SEEK_KEY(ten_on, r->at_ms + 10000)
SEEK_KEY(to_start, 0)
SEEK_KEY(to_end, INT64_MAX)

#define TABLE_KEY(name, code) \
	static void name(struct screen *s) \
	{ \
		matrix_key(&replay_of(s)->matrix, replay_of(s)->view, code); \
	}
TABLE_KEY(next_step, K_TAB)
TABLE_KEY(step_before, K_BACK_TAB)
TABLE_KEY(next_failed, 'f')
TABLE_KEY(find, '/')

static bool any_failed(const struct screen *s)
{
	const struct replay *r = (const struct replay *)s;

	return matrix_next_failed(&r->matrix, r->view) < r->view->host_count;
}

static void read_log(struct screen *s)
{
	struct replay *r = replay_of(s);
	struct str text = STR_INIT;
	char title[160];

	if (matrix_host(&r->matrix, r->view) == SIZE_MAX)
		return;
	matrix_text(&r->matrix, r->view, &text);
	app_push(s->app, screen_reader(matrix_title(&r->matrix, r->view, title, sizeof(title)), text.buf));
	str_release(&text);
}

static void make_time_line(void *timeline, int width, bool ascii, struct str *out)
{
	timeline_text(timeline, width, ascii, out);
}

static void free_time_line(void *timeline)
{
	timeline_free(timeline);
}

static void time_line(struct screen *s)
{
	const struct reader_source source = { make_time_line, free_time_line, timeline_make(replay_of(s)->recording) };

	app_push(s->app,
		screen_reader_of("Time line",
			"What each host did when, a letter for each step; what each step waited for; and the steps that the run's time went into. The arrows, Page Up, Page Down, Home and End scroll.",
			&source));
}

static void back(struct screen *s)
{
	app_pop(s->app);
}

static bool key(struct screen *s, int code)
{
	return matrix_key(&replay_of(s)->matrix, replay_of(s)->view, code);
}

static bool text(const struct screen *s)
{
	return ((const struct replay *)s)->matrix.search.typing;
}

/* "0:41", "1:02:41" */
static char *clock_text(int64_t ms, char *out, size_t size)
{
	long s = (long)(ms / 1000);

	if (s < 3600)
		snprintf(out, size, "%ld:%02ld", s / 60, s % 60);
	else
		snprintf(out, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
	return out;
}

/* The moment is the last one of a run whose process ended without a word. */
static bool cut_off(const struct replay *r)
{
	return !r->view->over && r->at_ms >= r->length_ms && !recording_live(r->recording);
}

static void draw_about(const struct replay *r, struct canvas *c)
{
	const struct runview *v = r->view;
	struct runview_counts n;
	size_t bad = recording_bad_lines(r->recording);
	int x;

	runview_count(v, &n);
	x = canvas_textf(
		c, 0, 0, 0, STYLE_HEADING, "%s, run %s", recording_command(r->recording), recording_run(r->recording));
	if (x + 2 < c->width)
		x += 2 + canvas_textf(c, 0, x + 2, 0, STYLE_NORMAL, "%zu of %zu hosts done%s", n.hosts_done,
				 v->host_count,
				 v->over         ? ", over"
				 : cut_off(r)    ? ", cut off"
				 : v->paused     ? ", paused"
				 : v->cancelling ? ", stopping"
						 : "");
	if (n.hosts_aside && x + 2 < c->width)
		x += 2 + canvas_textf(c, 0, x + 2, 0, STYLE_FAIL, "%zu failed", n.hosts_aside);
	if (bad && x + 2 < c->width)
		canvas_textf(c, 0, x + 2, 0, STYLE_WARNING, "%zu line%s of the recording could not be read", bad,
			bad == 1 ? "" : "s");
}

static void draw_position(const struct replay *r, struct canvas *c)
{
	char at[24], length[24];
	int used = canvas_textf(c, 1, 0, 0, r->playing || r->following ? STYLE_RUNNING : STYLE_NORMAL, "%s of %s  %s",
		clock_text(r->at_ms, at, sizeof(at)), clock_text(r->length_ms, length, sizeof(length)),
		r->playing                     ? "playing"
		: r->following                 ? "live"
		: recording_live(r->recording) ? "stopped; End goes to now"
					       : "stopped");

	/* a bar that does not jump when the words change */
	used = used < 28 ? 28 : used + 2;
	if (used < c->width)
		canvas_gauge(c, 1, used, c->width - used, (long)r->at_ms, (long)r->length_ms);
}

static void draw(const struct screen *s, struct canvas *c)
{
	const struct replay *r = (const struct replay *)s;

	draw_about(r, c);
	draw_position(r, c);
	matrix_draw_all(&r->matrix, r->view, r->at_ms, c, 2, c->height - 2);
}

static void release(struct screen *s)
{
	struct replay *r = replay_of(s);

	matrix_release(&r->matrix);
	recording_free(r->recording);
	free(r);
}

static const struct binding bindings[] = {
	{ ' ', "Play", "Plays the run at its original speed, or pauses it.", play, NULL },
	{ K_LEFT, "-1s", "Goes one second back.", second_back, NULL },
	{ K_RIGHT, "+1s", "Goes one second forward.", second_on, NULL },
	{ K_PAGE_UP, NULL, "Goes ten seconds back.", ten_back, NULL },
	{ K_PAGE_DOWN, NULL, "Goes ten seconds forward.", ten_on, NULL },
	{ K_HOME, NULL, "Goes to the start of the run.", to_start, NULL },
	{ K_END, NULL, "Goes to the end of the run; in a running one, to now, and follows it.", to_end, NULL },
	{ K_TAB, "Step", "Selects the next step. Beyond the ends the log follows the host's current step.", next_step,
		NULL },
	{ K_BACK_TAB, NULL, "Selects the previous step.", step_before, NULL },
	{ K_ENTER, "Log", "Opens the whole log of the selected cell.", read_log, NULL },
	{ 't', "Waits",
		"Opens the time line: what each host did when, what each step waited for, and the critical path.",
		time_line, NULL },
	{ K_ESCAPE, "Back", "Goes back.", back, NULL },
	{ 'q', NULL, "Goes back.", back, NULL },
	{ 'f', "Failed", "Goes to the next host that failed.", next_failed, any_failed },
	{ '/', NULL, "Searches for a host name; n and N go to the next and the previous match.", find, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Replay",
	.about =
		"A run as it was recorded: what each host did at every moment, and its output. A run of another process is followed live. Nothing is done on any host.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.text = text,
	.free = release,
	.tick = tick,
};

struct screen *screen_replay(struct recording *r)
{
	struct replay *p = xcalloc(1, sizeof(*p));

	p->screen.ops = &ops;
	p->recording = r;
	matrix_init(&p->matrix);
	seek(p, recording_live(r) ? INT64_MAX : 0);
	return &p->screen;
}
