/* The wizard's one loop: keys, the run's events, ticks, and drawing when something changed. */
#include "tui/main.h"

#include "base/clock.h"
#include "tui/term.h"
#include "tui/wizard.h"

#include <errno.h>
#include <poll.h>

enum {
	FRAME_MS = 66,    /* events alone draw no more often */
	KEYS_A_TURN = 64, /* a pasted text must not keep the run's events waiting */
};

struct loop {
	struct app *app;
	struct wizard *wizard;
	struct term *term;
	struct canvas canvas;
	bool dirty, urgent; /* something to draw; a key wants it at once */
	bool more_keys;     /* curses may hold some that poll does not see */
	int64_t drawn_ms;
	int64_t tick_ms; /* when the top screen wants its tick; -1: never */
};

static void resize(struct loop *l)
{
	int width, height;

	term_size(l->term, &width, &height);
	canvas_resize(&l->canvas, width, height);
	l->dirty = l->urgent = true;
}

static void take_keys(struct loop *l)
{
	for (int i = 0; i < KEYS_A_TURN && !app_over(l->app); i++) {
		int key = term_key(l->term);

		l->more_keys = key != K_NONE;
		if (!l->more_keys)
			return;
		if (key == K_RESIZE)
			resize(l);
		else
			app_key(l->app, key);
		l->dirty = l->urgent = true;
	}
}

static void take_events(struct loop *l)
{
	uint64_t events = l->wizard->view_valid ? l->wizard->view.events : 0;
	bool running = wizard_running(l->wizard);

	wizard_dispatch(l->wizard);
	if (running != wizard_running(l->wizard))
		l->dirty = l->urgent = true;
	else if (l->wizard->view_valid && l->wizard->view.events != events)
		l->dirty = true;
}

static void tick(struct loop *l)
{
	struct screen *top = app_top(l->app);
	int64_t now = clock_mono_ms(), wait = -1;

	if (top && top->ops->tick) {
		wait = top->ops->tick(top, now);
		l->dirty = l->dirty || wait >= 0;
	} else if (wizard_running(l->wizard)) {
		/* seconds that are shown count without events */
		wait = 1000;
		l->dirty = true;
	} else if (l->wizard->seen_count) {
		wait = 2000;
		l->dirty = wizard_refresh(l->wizard) || l->dirty;
	}
	l->tick_ms = wait < 0 ? -1 : now + wait;
}

static void draw(struct loop *l)
{
	bool force = app_take_redraw(l->app);

	app_draw(l->app, &l->canvas);
	term_draw(l->term, &l->canvas, force);
	l->drawn_ms = clock_mono_ms();
	l->dirty = l->urgent = false;
}

static int wait_ms(const struct loop *l)
{
	int64_t now = clock_mono_ms(), until = l->tick_ms;

	if (l->wizard->pending.ready || l->more_keys || l->urgent)
		return 0;
	if (l->dirty && (until < 0 || l->drawn_ms + FRAME_MS < until))
		until = l->drawn_ms + FRAME_MS;
	return until < 0 ? -1 : until <= now ? 0 : (int)(until - now);
}

static void turn(struct loop *l)
{
	struct pollfd fds[] = {
		{ .fd = 0, .events = POLLIN },
		{ .fd = term_signal_fd(l->term), .events = POLLIN },
		{ .fd = wizard_fd(l->wizard), .events = POLLIN },
	};

	if (poll(fds, 3, wait_ms(l)) < 0 && errno != EINTR)
		app_quit(l->app);
	/* also after EINTR: a resize comes as a key */
	take_keys(l);
	/* before events: there may be thousands of them */
	if (!app_over(l->app) && (l->urgent || (l->dirty && clock_mono_ms() - l->drawn_ms >= FRAME_MS)))
		draw(l);
	take_events(l);
	/* a terminal that went away has nobody to ask */
	if (term_signalled(l->term) || (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)))
		app_quit(l->app);
	if (l->tick_ms < 0 || clock_mono_ms() >= l->tick_ms)
		tick(l);
}

int tui_main(struct wizard *w, struct screen *first, struct screen *second, const char *log_path, struct error *err)
{
	struct loop l = { .wizard = w, .tick_ms = -1 };
	bool signalled;

	l.term = term_open(log_path, err);
	if (!l.term) {
		first->ops->free(first);
		if (second)
			second->ops->free(second);
		return -1;
	}
	w->ascii = term_ascii(l.term);
	canvas_init(&l.canvas, 80, 24, w->ascii);
	l.app = w->app = app_new(w, w->ascii);
	app_push(l.app, first);
	if (second)
		app_push(l.app, second);
	resize(&l);
	while (!app_over(l.app))
		turn(&l);
	signalled = term_signalled(l.term);
	wizard_stop(w);
	app_free(l.app);
	w->app = NULL;
	canvas_release(&l.canvas);
	term_close(l.term);
	return signalled;
}
