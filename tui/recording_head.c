/* The first line of a journal: the hosts and the plan of a run. */
#include "tui/runview.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS_MAX 10000
#define STEPS_MAX 500

static int refuse(struct error *err, const char *path, const char *why)
{
	error_set(err, ERROR_PROTOCOL, "'%s' is not the recording of a run: %s", path, why);
	return error_hint(err, "recordings are the .jsonl files in the folder of the cluster's runs");
}

static void read_hosts(struct recording_head *h, const struct json *hosts)
{
	h->host_count = json_size(hosts);
	h->hosts = xcalloc(h->host_count + 1, sizeof(*h->hosts));
	for (size_t i = 0; i < h->host_count; i++) {
		const struct json *item = json_at(hosts, i);

		str_copy_line(h->hosts[i].name, sizeof(h->hosts[i].name), json_get_str(item, "name", ""));
		h->hosts[i].roles = (unsigned)json_get_int(item, "roles", 0);
	}
}

static void read_needs(struct runview_step *steps, size_t s, const struct json *needs)
{
	struct runview_step *step = &steps[s];

	for (size_t n = 0; n < json_size(needs) && n < sizeof(step->needs) / sizeof(step->needs[0]); n++) {
		const struct json *need = json_at(needs, n);
		const char *name = json_get_str(need, "step", "");
		size_t i = 0;

		while (i < s && strcmp(steps[i].name, name) != 0)
			i++;
		if (i < s)
			step->needs[step->need_count++] = (struct runview_need){ i,
				(unsigned)json_get_int(need, "roles", 0), (unsigned)json_get_int(need, "min", 0) };
	}
}

/* As runview_init_config makes them of a plan. */
static void read_steps(struct recording_head *h, const struct json *steps)
{
	h->step_count = json_size(steps);
	h->steps = xcalloc(h->step_count + 1, sizeof(*h->steps));
	h->needs_known = true;
	for (size_t i = 0; i < h->step_count; i++) {
		const struct json *item = json_at(steps, i), *needs = json_get(item, "needs");
		const char *name = json_get_str(item, "name", "");
		struct runview_step *step = &h->steps[i];

		str_copy_line(step->name, sizeof(step->name), name);
		str_copy_line(step->title, sizeof(step->title), json_get_str(item, "title", name));
		step->roles = (unsigned)json_get_int(item, "roles", 0);
		step->flags = (unsigned)json_get_int(item, "flags", 0);
		str_copy_line(step->section, sizeof(step->section),
			json_get_str(item, "section", step->flags & STEP_ONE_BY_ONE ? name : ""));
		step->at_once = (unsigned)json_get_int(item, "at_once", *step->section ? 1 : 0);
		read_needs(h->steps, i, needs);
		h->needs_known &= json_is_array(needs);
	}
}

static char *word_of(const struct json *head, const char *name)
{
	const char *text = json_get_str(head, name, "");
	struct str line = STR_INIT;

	str_add_line(&line, text, strlen(text));
	return str_detach(&line);
}

/* Somebody may have sent the file. */
static struct json *parse(const char *text, size_t len)
{
	struct json *head = len ? json_parse(text, len, NULL) : NULL;

	json_clean(head);
	return head;
}

int recording_head_read(struct recording_head *h, const char *path, const char *text, size_t len, struct error *err)
{
	struct json *head = parse(text, len);
	const struct json *hosts = json_get(head, "hosts"), *steps = json_get(head, "steps");
	int rc = -1;

	if (!len)
		refuse(err, path, "it has no complete first line");
	else if (!head || strcmp(json_get_str(head, "kind", ""), "run") != 0 || !json_is_array(hosts) ||
		 !json_is_array(steps))
		refuse(err, path, "its first line does not name hosts and steps");
	else if (json_get_int(head, "v", 0) != 1)
		refuse(err, path, "it was written by another version");
	else if (json_size(hosts) > HOSTS_MAX || json_size(steps) > STEPS_MAX)
		refuse(err, path, "it has more hosts or steps than a run can have");
	else
		rc = 0;
	if (rc == 0) {
		read_hosts(h, hosts);
		read_steps(h, steps);
		h->command = word_of(head, "command");
		h->run = word_of(head, "run");
	}
	json_free(head);
	return rc;
}

void recording_head_release(struct recording_head *h)
{
	free(h->hosts);
	free(h->steps);
	free(h->command);
	free(h->run);
}
