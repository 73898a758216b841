/* kubewright watch [RUN]: a run of another process of this machine, followed by its recording. */
#include "cli/past.h"
#include "cli/run.h"

#include "base/alloc.h"
#include "tui/runview.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define LOOK_MS 1000 /* whether the process is still there, and what the journal's file system does not report */
#define BLIND_MS 250 /* where nothing reports changes: a machine has only so many inotify instances */

struct watch {
	struct recording *recording;
	const struct runview *view;
	struct engine_config config;
	struct engine_host *hosts;
	struct step *steps;
	struct plain *plain;  /* NULL: JSON lines */
	size_t events, bytes; /* shown so far */
	unsigned asides;
	struct watch_host {
		enum outcome last; /* of its last step */
		unsigned aside;    /* when it was set aside last, counted */
		bool follows;      /* from what failed elsewhere */
	} * per_host;
};

/* As the engine got it: the plain renderer names things by it. */
static void fill_config(struct watch *w)
{
	const struct runview *v = w->view;

	w->hosts = xcalloc(v->host_count + 1, sizeof(*w->hosts));
	w->steps = xcalloc(v->step_count + 1, sizeof(*w->steps));
	for (size_t h = 0; h < v->host_count; h++)
		w->hosts[h] = (struct engine_host){ v->hosts[h].name, v->hosts[h].roles };
	for (size_t s = 0; s < v->step_count; s++)
		w->steps[s] = (struct step){ .name = v->steps[s].name,
			.title = v->steps[s].title,
			.roles = v->steps[s].roles,
			.flags = v->steps[s].flags };
	w->config = (struct engine_config){ .run = recording_run(w->recording),
		.hosts = w->hosts,
		.host_count = v->host_count,
		.steps = w->steps,
		.step_count = v->step_count };
}

static void watch_event(const struct event *ev, void *watch)
{
	struct watch *w = watch;
	struct watch_host *h = ev->host >= 0 ? &w->per_host[ev->host] : NULL;

	if (h && ev->kind == EVENT_STEP_DONE)
		h->last = ev->outcome;
	if (h && ev->kind == EVENT_HOST_ASIDE) {
		h->aside = ++w->asides;
		h->follows = h->last == OUTCOME_BLOCKED || h->last == OUTCOME_SKIPPED;
	}
	if (!w->plain)
		return;
	plain_event(ev, w->plain);
	if (ev->kind == EVENT_QUESTION)
		fprintf(stderr, "note: the run waits for an answer in its own terminal: %s [%s]\n",
			ev->text ? ev->text : "", ev->answers ? ev->answers : "");
}

/* What came since the last time. */
static void show(struct watch *w)
{
	struct str clean = STR_INIT;
	const char *lines;
	size_t len;

	w->events = recording_events(w->recording, w->events, watch_event, w);
	w->view = recording_at(w->recording, INT64_MAX);
	if (w->plain) {
		plain_tick(w->plain, recording_now_ms(w->recording));
		return;
	}
	lines = recording_lines(w->recording, &len);
	/* whole lines; those that are not JSON are among them */
	str_add_printable(&clean, lines + w->bytes, len - w->bytes);
	fputs(clean.buf, stdout);
	fflush(stdout);
	str_release(&clean);
	w->bytes = len;
}

/* Until the journal was written to, or closed, or it is time to look whether its process is there. */
static void wait_for_more(int notify)
{
	struct pollfd p = { .fd = notify, .events = POLLIN };
	char buf[4096];

	if (poll(&p, 1, notify < 0 ? BLIND_MS : LOOK_MS) > 0)
		while (read(notify, buf, sizeof(buf)) > 0)
			continue;
}

/* 0: it came to its end or its process is gone. A reader that went away ends it too. */
static int follow(struct watch *w, const char *path, struct error *err)
{
	int notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), rc = 0;

	if (notify >= 0 && inotify_add_watch(notify, path, IN_MODIFY | IN_CLOSE_WRITE) < 0) {
		close(notify);
		notify = -1;
	}
	show(w);
	while (rc == 0 && recording_live(w->recording) && !w->view->over && !ferror(stdout)) {
		wait_for_more(notify);
		rc = recording_follow(w->recording, err);
		show(w);
	}
	if (notify >= 0)
		close(notify);
	return rc;
}

/* As the run itself chose: what came first of what still holds, but another run's lock before all. */
static const struct error *first_error(const struct watch *w, unsigned *aside)
{
	const struct error *first = NULL;
	const struct watch_host *of = NULL;

	for (size_t i = 0; i < w->view->host_count; i++) {
		const struct runview_host *v = &w->view->hosts[i];
		const struct watch_host *h = &w->per_host[i];

		*aside += v->aside;
		if (!v->aside || (first && first->kind == ERROR_LOCKED))
			continue;
		if (first && v->error.kind != ERROR_LOCKED &&
			(h->follows != of->follows ? h->follows : h->aside > of->aside))
			continue;
		first = &v->error;
		of = h;
	}
	return first;
}

static bool verified(const struct runview *v)
{
	for (size_t h = 0; h < v->host_count; h++)
		for (size_t s = 0; s < v->step_count; s++) {
			enum cell_state state = runview_cell(v, h, s)->state;

			if (strcmp(v->steps[s].name, "verify") == 0 && (state == CELL_CHANGED || state == CELL_OK))
				return true;
		}
	return false;
}

/* The run's exit status, as far as its journal says. */
static int ending(const struct watch *w)
{
	const struct runview *v = w->view;
	unsigned aside = 0;
	const struct error *first = first_error(w, &aside);
	int status = v->over ? cli_exit_status(v->outcome == OUTCOME_CANCELLED, verified(v), aside, first) : 130;
	char took[16];

	if (!w->plain)
		return status;
	cli_duration(recording_length_ms(w->recording), took, sizeof(took));
	if (!v->over) {
		fflush(stdout);
		fprintf(stderr, "error: the run's process is gone, %s after its start and before its end\n", took);
		fprintf(stderr, "  hint: jobs on hosts finish there; 'kubewright %s' continues where it stopped\n",
			recording_command(w->recording));
		return status;
	}
	printf("\n%s after %s, with exit status %d%s",
		status == 130 ? "Cancelled"
		: aside       ? "Ended"
			      : "Done",
		took, status, aside ? "; hosts left to do:" : "");
	for (size_t h = 0; h < v->host_count; h++)
		if (v->hosts[h].aside)
			printf(" %s", v->hosts[h].name);
	puts("");
	return status;
}

static int watch(struct watch *w, const struct cli_options *o, const char *path)
{
	struct error err = { 0 };
	int status;

	w->view = recording_at(w->recording, -1);
	fill_config(w);
	w->per_host = xcalloc(w->view->host_count + 1, sizeof(*w->per_host));
	if (!o->json) {
		w->plain = plain_new(stdout, stderr, &w->config, &w->view->progress, PLAIN_RUN, o->verbose);
		fprintf(stderr, "watching 'kubewright %s'; Ctrl-C stops watching, not the run\n",
			recording_command(w->recording));
	}
	status = follow(w, path, &err) ? cli_fail(&err) : ferror(stdout) ? 130 : ending(w);
	plain_free(w->plain);
	free(w->per_host);
	free(w->hosts);
	free(w->steps);
	return status;
}

int cli_watch(const struct cli_options *o)
{
	struct error err = { 0 };
	struct watch w = { 0 };
	char *path = cli_past_find(o->arg_count ? o->args[0] : "", o->arg_count == 0, &err);
	int status;

	w.recording = path ? recording_load(path, &err) : NULL;
	status = w.recording ? watch(&w, o, path) : cli_fail(&err);
	recording_free(w.recording);
	free(path);
	return status;
}
