/* What a host's thread says: events, and the codes of verdicts and errors that they carry. */
#include "engine/private.h"

#include <stdarg.h>
#include <stdio.h>

void host_event(struct task *t, enum event_kind kind, const char *text)
{
	struct event ev = { .kind = kind, .step = t->step, .host = t->host, .text = text };

	stream_emit(t->e, &ev, EMIT_WAIT, NULL);
}

void host_state(struct task *t, enum code state)
{
	struct event ev = {
		.kind = EVENT_HOST_STATE, .step = -1, .host = t->host, .code = state, .text = code_name(state)
	};

	stream_emit(t->e, &ev, EMIT_WAIT, NULL);
}

void host_step_started(struct task *t, const struct error *evidence)
{
	struct event ev = { .kind = EVENT_STEP_STARTED,
		.step = t->step,
		.host = t->host,
		.text = evidence->what[0] ? evidence->what : NULL };

	event_about(&ev, evidence);
	stream_emit(t->e, &ev, EMIT_WAIT, NULL);
}

enum step_verdict step_needed(struct error *why, enum code code, const char *about, const char *fmt, ...)
{
	char text[sizeof(why->what)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	error_set(why, ERROR_NONE, "%s", text);
	error_about(why, code, about);
	return STEP_NEEDED;
}

void event_about(struct event *ev, const struct error *of)
{
	ev->code = of->code;
	ev->fields[0] = of->about[0] ? of->about : NULL;
}
