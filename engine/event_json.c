/* An event as one JSON object: the contract of docs/events.md. */
#include "engine/private.h"

#include "base/clock.h"
#include "base/json.h"

#include <stdio.h>

static const char *const kind_names[] = {
	[EVENT_RUN_STARTED] = "run-started",
	[EVENT_HOST_STATE] = "host-state",
	[EVENT_STEP_STARTED] = "step-started",
	[EVENT_STEP_DONE] = "step-done",
	[EVENT_HOST_ASIDE] = "host-aside",
	[EVENT_OUTPUT] = "output",
	[EVENT_NOTICE] = "notice",
	[EVENT_QUESTION] = "question",
	[EVENT_ANSWERED] = "answered",
	[EVENT_PAUSED] = "paused",
	[EVENT_RESUMED] = "resumed",
	[EVENT_CANCELLING] = "cancelling",
	[EVENT_RUN_DONE] = "run-done",
};
static const char *const outcome_names[] = {
	[OUTCOME_CHANGED] = "changed",
	[OUTCOME_OK] = "ok",
	[OUTCOME_WOULD] = "would",
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_BLOCKED] = "blocked",
	[OUTCOME_SKIPPED] = "skipped",
	[OUTCOME_CANCELLED] = "cancelled",
};

const char *event_kind_name(enum event_kind kind)
{
	return kind_names[kind];
}

const char *outcome_name(enum outcome outcome)
{
	return outcome_names[outcome];
}

void event_json_time(struct json *line, int64_t wall_ms)
{
	char seconds[32], text[64];

	clock_rfc3339(wall_ms, seconds, sizeof(seconds));
	snprintf(text, sizeof(text), "%.19s.%03dZ", seconds, (int)(wall_ms % 1000));
	json_set_str(line, "t", text);
}

static void add_error(struct json *j, const struct error *err)
{
	struct json *e = json_set(j, "error", json_object());

	json_set_str(e, "kind", error_kind_name(err->kind));
	json_set_str(e, "what", err->what);
	if (err->hint[0])
		json_set_str(e, "hint", err->hint);
	if (err->detail[0])
		json_set_str(e, "detail", err->detail);
}

void event_write_code(enum code code, const char *const fields[CODE_FIELDS], struct json *j)
{
	struct json *all = NULL;

	if (code == CODE_NONE)
		return;
	json_set_str(j, "code", code_name(code));
	for (size_t i = 0; code_field(code, i); i++) {
		if (!fields[i] || !*fields[i])
			continue;
		all = all ? all : json_set(j, "fields", json_object());
		json_set_str(all, code_field(code, i), fields[i]);
	}
}

void event_write_json(const struct event *ev, const struct engine_config *config, struct str *out)
{
	struct json *j = json_object();
	bool done = ev->kind == EVENT_STEP_DONE || ev->kind == EVENT_RUN_DONE;

	json_set_int(j, "v", 1);
	json_set_int(j, "seq", (int64_t)ev->seq);
	event_json_time(j, ev->wall_ms);
	json_set_int(j, "at", ev->at_ms);
	json_set_str(j, "kind", event_kind_name(ev->kind));
	if (ev->host >= 0 && (size_t)ev->host < config->host_count)
		json_set_str(j, "host", config->hosts[ev->host].name);
	if (ev->step >= 0 && (size_t)ev->step < config->step_count)
		json_set_str(j, "step", config->steps[ev->step].name);
	if (done) {
		json_set_str(j, "outcome", outcome_name(ev->outcome));
		json_set_int(j, "ms", ev->elapsed_ms);
	}
	event_write_code(ev->code, ev->fields, j);
	if (ev->text)
		json_set_str(j, "text", ev->text);
	if (ev->answers)
		json_set_str(j, "answers", ev->answers);
	if (ev->error)
		add_error(j, ev->error);
	json_write(j, out);
	json_free(j);
}
