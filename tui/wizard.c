/* What the screens share: one inventory, at most one run, and what the last check and plan saw. */
#include "tui/wizard.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/secret.h"
#include "inventory/inventory.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER(name) \
	{ \
#name, offsetof(struct port, name) \
	}
static const struct {
	const char *name;
	size_t at;
} port_members[] = { MEMBER(begin), MEMBER(secret), MEMBER(engine), MEMBER(config), MEMBER(inventory), MEMBER(host),
	MEMBER(findings), MEMBER(cluster), MEMBER(certs), MEMBER(benchmark), MEMBER(hardware), MEMBER(mesh),
	MEMBER(drill), MEMBER(requests), MEMBER(rotation), MEMBER(support), MEMBER(adopted), MEMBER(adopt),
	MEMBER(took), MEMBER(summary), MEMBER(removed), MEMBER(end), MEMBER(connected), MEMBER(remedy), MEMBER(runs),
	MEMBER(runs_dir), MEMBER(recent), MEMBER(remember) };
enum { PORT_MEMBERS = sizeof(port_members) / sizeof(port_members[0]) };
_Static_assert(offsetof(struct port, begin) + PORT_MEMBERS * sizeof(void (*)(void)) == sizeof(struct port),
	"a member of struct port is missing in port_members");

/* A member that is not set would end the program minutes later, in the middle of a run. */
static void check_port(const struct port *port)
{
	void (*member)(void);

	for (size_t i = 0; i < PORT_MEMBERS; i++) {
		memcpy(&member, (const char *)port + port_members[i].at, sizeof(member));
		if (member)
			continue;
		fprintf(stderr, "kubewright: a bug: the wizard's port has no '%s'\n", port_members[i].name);
		exit(1);
	}
}

void wizard_init(struct wizard *w, const struct port *port)
{
	check_port(port);
	memset(w, 0, sizeof(*w));
	w->port = port;
}

static void forget_seen(struct wizard *w)
{
	for (size_t i = 0; i < w->seen_count; i++)
		free(w->seen[i].findings);
	free(w->seen);
	w->seen = NULL;
	w->seen_count = 0;
	free(w->seen_text);
	w->seen_text = NULL;
}

static void forget_plan(struct wizard *w)
{
	if (w->plan_text)
		runview_release(&w->plan);
	free(w->plan_text);
	free(w->plan_what);
	w->plan_text = NULL;
	w->plan_what = NULL;
	w->plan_valid = false;
}

/* What a look at hosts leaves for its page, the text of the inventory it was of, and when it was. */
#define LOOK(name) \
	static void release_##name(struct wizard *w) \
	{ \
		port_##name##_release(&w->name); \
	} \
	static void take_##name(struct wizard *w) \
	{ \
		w->port->name(w->run, &w->name); \
	}
LOOK(cluster)
LOOK(certs)
LOOK(benchmark)
LOOK(hardware)
LOOK(mesh)
LOOK(drill)
LOOK(requests)
LOOK(rotation)
LOOK(support)
#undef LOOK

/* clang-format off */
#define LOOK(of, name) { of, release_##name, take_##name, offsetof(struct wizard, name##_text), offsetof(struct wizard, name##_ms) }
static const struct kept_look {
	enum purpose of;
	void (*release)(struct wizard *w);
	void (*take)(struct wizard *w);
	size_t text, ms;
} looks[] = {
	LOOK(PURPOSE_LOOK, cluster),
	LOOK(PURPOSE_CERTS, certs),
	LOOK(PURPOSE_BENCHMARK, benchmark),
	LOOK(PURPOSE_HARDWARE, hardware),
	LOOK(PURPOSE_MESH, mesh),
	LOOK(PURPOSE_DRILL_LOOK, drill),
	LOOK(PURPOSE_DRILL, drill),
	LOOK(PURPOSE_REQUESTS, requests),
	LOOK(PURPOSE_ROTATE_LOOK, rotation),
	LOOK(PURPOSE_SUPPORT, support),
};
#undef LOOK
/* clang-format on */
enum { LOOKS = sizeof(looks) / sizeof(looks[0]) };

static char **text_of(struct wizard *w, const struct kept_look *look)
{
	return (char **)((char *)w + look->text);
}

static void forget_look(struct wizard *w, const struct kept_look *look)
{
	look->release(w);
	free(*text_of(w, look));
	*text_of(w, look) = NULL;
}

static void forget_adopted(struct wizard *w)
{
	port_adopted_release(&w->adopted);
	w->adopted_valid = false;
}

static void forget_view(struct wizard *w)
{
	if (w->view_valid)
		runview_release(&w->view);
	w->view_valid = false;
}

static void forget_summary(struct wizard *w)
{
	for (int i = 0; i < (int)(sizeof(w->summary_texts) / sizeof(w->summary_texts[0])); i++) {
		free(w->summary_texts[i]);
		w->summary_texts[i] = NULL;
	}
	memset(&w->summary, 0, sizeof(w->summary));
	w->summary_valid = false;
}

static void forget_pending(struct wizard *w)
{
	free(w->pending.host);
	free(w->pending.what);
	memset(&w->pending, 0, sizeof(w->pending));
}

/* What hosts looked like. */
static void forget_looks(struct wizard *w)
{
	forget_seen(w);
	forget_plan(w);
	for (size_t i = 0; i < LOOKS; i++)
		forget_look(w, &looks[i]);
	forget_adopted(w);
	w->took_valid = false;
}

void wizard_open(struct wizard *w, struct document *d)
{
	wizard_stop(w);
	forget_pending(w);
	forget_looks(w);
	forget_view(w);
	forget_summary(w);
	if (w->document)
		document_free(w->document);
	w->document = d;
	if (d)
		w->port->remember(w->port->ctx, document_path(d));
}

void wizard_release(struct wizard *w)
{
	wizard_open(w, NULL);
	free(w->what);
	w->what = NULL;
}

bool wizard_running(const struct wizard *w)
{
	return w->run != NULL;
}

int wizard_fd(const struct wizard *w)
{
	return w->run ? engine_fd(w->port->engine(w->run)) : -1;
}

/* ---- beginning ------------------------------------------------------------------------------------------------------------ */

static bool refuse(struct wizard *w, const char *title, const struct error *err)
{
	struct str text = STR_INIT;

	str_addf(&text, "%s%s%s\n", err->host, *err->host ? ": " : "", err->what);
	if (*err->detail)
		str_addf(&text, "\n%s\n", err->detail);
	if (*err->hint)
		str_addf(&text, "\n%s\n", err->hint);
	app_push(w->app, screen_message(title, STYLE_FAIL, text.buf));
	str_release(&text);
	w->begin_error = *err;
	return false;
}

/* What apply would complain about is shown before anything is asked of a server. */
static bool inventory_good(struct wizard *w)
{
	struct inventory_problems problems = { 0 };
	struct error err = { 0 };
	struct str text = STR_INIT;

	if (document_problems(w->document, &problems, &err))
		return true;
	str_add(&text, "The inventory is incomplete or has errors:\n\n");
	inventory_problems_format(&problems, document_path(w->document), &text);
	app_push(w->app, screen_reader("What is wrong in the inventory", text.buf));
	str_release(&text);
	w->begin_error = err;
	return false;
}

static bool save(struct wizard *w)
{
	struct error err = { 0 };

	if (document_save(w->document, false, &err))
		return refuse(w, "The inventory could not be saved", &err);
	return true;
}

static const char *take_secret(struct screen *asked_for, const char *text, void *wizard)
{
	struct wizard *w = wizard;

	(void)asked_for;
	w->port->secret(w->port->ctx, w->pending.ask, text);
	/* not from here: the dialog that asked has to be gone first. One below it may have asked for a run that is under way or forgotten */
	w->pending.ready = w->pending.ask[0] != '\0' && !w->run;
	return NULL;
}

static void fold(const struct event *ev, void *wizard)
{
	struct wizard *w = wizard;

	runview_event(ev, &w->view);
}

/* Begins what is pending; a secret that is missing is asked for, and its answer leads back here. */
static bool begin_pending(struct wizard *w)
{
	struct error err = { 0 };
	struct port_run *run;

	w->pending.ready = false;
	w->pending.ask[0] = '\0';
	run = w->port->begin(w->port->ctx, w->pending.purpose, w->document ? document_path(w->document) : "",
		w->pending.host, w->pending.what, w->pending.ask, sizeof(w->pending.ask), &err);
	if (!run && w->pending.ask[0]) {
		app_push(w->app,
			screen_input("A secret is needed", w->pending.ask, "", NULL, true, take_secret, NULL, w));
		return true;
	}
	if (run) {
		forget_view(w);
		runview_init_config(&w->view, w->port->config(run));
		w->view_valid = true;
		engine_observe(w->port->engine(run), fold, w);
		if (engine_start(w->port->engine(run), &err)) {
			w->port->end(run);
			run = NULL;
		}
	}
	if (!run) {
		/* one of the answers may have been wrong */
		w->port->secret(w->port->ctx, NULL, NULL);
		forget_pending(w);
		return refuse(w, "This could not be started", &err);
	}
	w->run = run;
	w->purpose = w->pending.purpose;
	w->run_text = w->document ? xstrdup(document_text(w->document)) : NULL;
	forget_pending(w);
	return true;
}

bool wizard_begin(struct wizard *w, enum purpose purpose, const char *host, const char *what)
{
	w->begin_error = (struct error){ 0 };
	if (w->run) {
		app_say(w->app, STYLE_WARNING, "something is already running; wait for it");
		return false;
	}
	/* hosts can be looked at before the cluster is described: what is wrong for that, begin says */
	if (!purpose_kind(purpose)->alone && ((purpose != PURPOSE_CHECK && !inventory_good(w)) || !save(w)))
		return false;
	forget_pending(w);
	w->pending.purpose = purpose;
	w->pending.host = host ? xstrdup(host) : NULL;
	snprintf(w->host, sizeof(w->host), "%s", host ? host : "");
	w->pending.what = what ? xstrdup(what) : NULL;
	free(w->what);
	w->what = what ? xstrdup(what) : NULL;
	return begin_pending(w);
}

/* ---- what a run leaves behind ---------------------------------------------------------------------------------------------- */

static void keep_host(struct wizard *w, struct seen_host *s, size_t i)
{
	const struct inventory *inv = w->port->inventory(w->run);
	const struct findings *f = w->port->findings(w->run, i);
	const struct error *e = engine_host_error(w->port->engine(w->run), (int)i);

	snprintf(s->name, sizeof(s->name), "%s", inv->hosts[i].name);
	snprintf(s->address, sizeof(s->address), "%s", inv->hosts[i].address);
	w->port->host(w->run, i, &s->facts);
	snprintf(s->state, sizeof(s->state), "%s", w->view.hosts[i].state);
	if (e)
		s->error = *e;
	s->findings = xcalloc(f->count ? f->count : 1, sizeof(*s->findings));
	s->finding_count = f->count;
	for (size_t k = 0; k < f->count; k++)
		s->findings[k] = f->list[k];
}

static void keep_seen(struct wizard *w)
{
	const struct inventory *inv = w->port->inventory(w->run);

	forget_seen(w);
	w->seen_count = inv->host_count;
	w->seen = xcalloc(w->seen_count ? w->seen_count : 1, sizeof(*w->seen));
	for (size_t i = 0; i < w->seen_count; i++)
		keep_host(w, &w->seen[i], i);
	w->seen_text = w->run_text;
	w->run_text = NULL;
}

static void keep_plan(struct wizard *w)
{
	forget_plan(w);
	w->plan = w->view;
	w->view_valid = false;
	w->plan_text = w->run_text;
	w->run_text = NULL;
	w->plan_purpose = w->purpose;
	w->plan_barred = w->summary.barred;
	snprintf(w->plan_host, sizeof(w->plan_host), "%s", w->host);
	w->plan_what = w->what ? xstrdup(w->what) : NULL;
}

/* The hosts that the first one names are looked at as soon as its run has ended. */
static void keep_adopted(struct wizard *w)
{
	forget_adopted(w);
	w->port->adopted(w->run, &w->adopted);
	w->adopted_valid = !w->adopted.more;
	w->adopted_ms = clock_mono_ms();
	if (!w->adopted.more)
		return;
	w->pending.purpose = PURPOSE_ADOPT;
	w->pending.what = w->what ? xstrdup(w->what) : NULL;
	w->pending.ready = true;
}

static void keep_took(struct wizard *w)
{
	w->took = (struct error){ 0 };
	w->port->took(w->run, &w->took);
	w->took_valid = true;
}

/* Of the inventory that the run was begun with. */
static void keep_look(struct wizard *w, const struct kept_look *look)
{
	forget_look(w, look);
	look->take(w);
	*text_of(w, look) = w->run_text;
	*(int64_t *)((char *)w + look->ms) = clock_mono_ms();
	w->run_text = NULL;
}

/* One that was cut short shows less of the cluster than the one before. */
static void keep_looks(struct wizard *w)
{
	struct engine_result result;

	engine_result(w->port->engine(w->run), &result);
	for (size_t i = 0; i < LOOKS; i++)
		if (looks[i].of == w->purpose && !result.cancelled)
			keep_look(w, &looks[i]);
	if (w->purpose == PURPOSE_ADOPT && !result.cancelled)
		keep_adopted(w);
	if (w->purpose == PURPOSE_TAKE_KEYS)
		keep_took(w);
	if (w->purpose == PURPOSE_CHECK)
		keep_seen(w);
}

/* The wizard's own copy of a text that the port lends. */
static const char *keep(char **own, const char *lent)
{
	return *own = lent ? xstrdup(lent) : NULL;
}

static void keep_summary(struct wizard *w)
{
	struct port_summary s = { 0 };

	forget_summary(w);
	w->port->summary(w->run, &s);
	w->summary = s;
	w->summary.kubeconfig = keep(&w->summary_texts[0], s.kubeconfig);
	w->summary.endpoint = keep(&w->summary_texts[1], s.endpoint);
	w->summary.version = keep(&w->summary_texts[2], s.version);
	w->summary.snapshot = keep(&w->summary_texts[3], s.snapshot);
	w->summary_error = s.first ? *s.first : (struct error){ 0 };
	w->summary.first = s.first ? &w->summary_error : NULL;
	w->summary_valid = true;
}

/* A login that was refused may be a wrong answer of the operator's: the next run asks again. */
static void forget_wrong_secrets(struct wizard *w)
{
	for (size_t i = 0; i < w->view.host_count; i++)
		if (w->view.hosts[i].aside && w->view.hosts[i].error.kind == ERROR_AUTH)
			w->port->secret(w->port->ctx, NULL, NULL);
}

/* Hosts that left the cluster leave the inventory; all else in it stays unchanged. */
static void forget_removed(struct wizard *w)
{
	const struct inventory *inv = w->port->inventory(w->run);
	struct error err = { 0 };
	bool any = false;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < inv->host_count; i++)
		if (w->port->removed(w->run, i)) {
			any = true;
			rc = document_remove_host(w->document, inv->hosts[i].name, &err);
		}
	if (any && (rc || document_save(w->document, false, &err)))
		refuse(w, "The hosts left the cluster, but their entries are still in the inventory", &err);
}

static void run_over(struct wizard *w)
{
	enum purpose_does does = purpose_kind(w->purpose)->does;

	forget_wrong_secrets(w);
	keep_summary(w);
	if (does == PURPOSE_CHANGES)
		forget_removed(w);
	/* before the view moves: names and states come from it */
	if (does == PURPOSE_CHANGES)
		forget_looks(w); /* they are not any more what they were */
	/* what came of faults is all that they are made for */
	if (does == PURPOSE_PLANS)
		keep_plan(w);
	else if (does != PURPOSE_CHANGES || w->purpose == PURPOSE_DRILL)
		keep_looks(w);
	if (does != PURPOSE_PLANS)
		w->view.over = true;
	w->port->end(w->run);
	w->run = NULL;
	wizard_refresh(w);
	free(w->run_text);
	w->run_text = NULL;
}

static bool text_is(const struct wizard *w, const char *text)
{
	return text && w->document && strcmp(text, document_text(w->document)) == 0;
}

void wizard_dispatch(struct wizard *w)
{
	uint64_t before = w->view_valid ? w->view.events : 0;
	bool was = w->run != NULL;

	if (w->pending.ready) {
		begin_pending(w);
		/* now, for it may be over with its first events */
		if (w->run)
			app_changed(w->app);
		was = w->run != NULL;
	}
	w->seen_stale = !text_is(w, w->seen_text);
	w->plan_valid = text_is(w, w->plan_text);
	if (w->run && !engine_dispatch(w->port->engine(w->run))) {
		run_over(w);
		w->seen_stale = !text_is(w, w->seen_text);
		w->plan_valid = text_is(w, w->plan_text);
		if (w->pending.ready)
			begin_pending(w);
	}
	if (was != (w->run != NULL) || (w->view_valid && w->view.events != before))
		app_changed(w->app);
}

void wizard_stop(struct wizard *w)
{
	if (!w->run)
		return;
	engine_command(w->port->engine(w->run), ENGINE_CANCEL, -1);
	while (engine_wait(w->port->engine(w->run), -1, -1))
		continue;
	run_over(w);
}

void wizard_command(struct wizard *w, enum engine_verb verb, int host)
{
	if (w->run)
		engine_command(w->port->engine(w->run), verb, host);
}

void wizard_answer(struct wizard *w, uint64_t question, int answer)
{
	if (w->run)
		engine_answer(w->port->engine(w->run), question, answer);
}

bool wizard_refresh(struct wizard *w)
{
	bool changed = false;

	for (size_t i = 0; !w->run && i < w->seen_count; i++) {
		struct seen_host *s = &w->seen[i];
		bool now = s->facts.probed && w->port->connected(w->port->ctx, s->name);

		changed = changed || now != s->connected;
		s->connected = now;
	}
	return changed;
}

const struct seen_host *wizard_seen(const struct wizard *w, const char *host)
{
	for (size_t i = 0; i < w->seen_count; i++)
		if (strcmp(w->seen[i].name, host) == 0)
			return &w->seen[i];
	return NULL;
}
