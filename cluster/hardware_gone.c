/* What a machine has no more: hardware_gone.h. */
#include "cluster/hardware_gone.h"

#include "base/json.h"
#include "base/str.h"
#include "cluster/findings.h"

#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A list of the map, and by what its entries stay the same: the first of these that one has. */
static const struct part {
	const char *finding, *what, *object, *list, *keys[3];
	const char *remedy;
} parts[] = {
	{ "gone-dimm", "the DIMM", "memory", "dimms", { "slot", NULL },
		"is it loose, or dead? the BMC's log says more" },
	{ "gone-disk", "the disk", NULL, "disks", { "serial", "name", NULL }, "is it dead, or was it taken out?" },
	{ "gone-card", "the network card", NULL, "nics", { "pci", "name", NULL },
		"is it seated well? the kernel's log says more" },
	{ "gone-rdma", "the RDMA port", NULL, "infiniband", { "device", NULL },
		"is the card seated well, and its driver loaded?" },
	{ "gone-accelerator", "the accelerator", NULL, "accelerators", { "pci", NULL },
		"is it seated well? the kernel's log says more" },
};
#define LINK "lost-link"

static const struct json *list_of(const struct json *map, const struct part *p)
{
	return json_get(p->object ? json_get(map, p->object) : map, p->list);
}

/* What it is called, and the key's name; NULL: it has none. */
static const char *key_of(const struct json *o, const struct part *p, const char **key)
{
	for (size_t i = 0; i < COUNT(p->keys) && p->keys[i]; i++) {
		const char *text = json_get_str(o, p->keys[i], "");

		*key = p->keys[i];
		if (*text)
			return text;
	}
	return NULL;
}

static const struct json *find(const struct json *list, const char *key, const char *text)
{
	for (size_t i = 0; i < json_size(list); i++)
		if (strcmp(json_get_str(json_at(list, i), key, ""), text) == 0)
			return json_at(list, i);
	return NULL;
}

/* Whether an entry of before is not in now. A list that is not known, lacks nothing. */
static bool is_gone(const struct json *o, const struct part *p, const struct json *now)
{
	const char *key, *text = key_of(o, p, &key);

	/* those that pods are given come and go */
	if (json_get_bool(o, "virtual-function", false))
		return false;
	return text && json_is_array(list_of(now, p)) && !find(list_of(now, p), key, text);
}

static void say_gone(struct finding_scope *s, const struct part *p, const struct json *o)
{
	static const char *const told[] = { "name", "slot", "device", "vendor", "model", "part", "serial", "pci" };
	struct str text = STR_INIT;
	struct finding *f;

	for (size_t i = 0; i < COUNT(told); i++)
		if (*json_get_str(o, told[i], ""))
			str_addf(&text, "%s%s", text.len ? ", " : "", json_get_str(o, told[i], ""));
	s->name = p->finding;
	f = finding_add(
		s, FINDING_WARNING, "%s %s was there when it was last looked at, and is gone", p->what, text.buf);
	finding_why(f, "what was there is lost, or was taken away");
	finding_remedy(f, "%s; where it is not to come back: 'kubewright hardware HOST --forget'", p->remedy);
	str_release(&text);
}

static void find_links(struct finding_scope *s, const struct json *before, const struct json *now)
{
	const struct json *list = json_get(before, "nics");

	for (size_t i = 0; i < json_size(list); i++) {
		const char *name = json_get_str(json_at(list, i), "name", "");
		const struct json *is = find(json_get(now, "nics"), "name", name);
		struct finding *f;

		/* what is unknown is both */
		if (!is || !json_get_bool(json_at(list, i), "link", false) || json_get_bool(is, "link", true))
			continue;
		s->name = LINK;
		f = finding_add(s, FINDING_WARNING, "%s has no link, and had one when it was last looked at", name);
		finding_why(f, "nothing passes there any more");
		finding_remedy(f,
			"look at its cable and at the switch's port; where it is meant to be so: 'kubewright hardware HOST --forget'");
	}
}

void findings_hardware_gone(
	const struct inventory *inv, int host, const struct json *before, const struct json *now, struct findings *out)
{
	struct finding_scope s = { .inv = inv, .index = host, .out = out };

	for (size_t k = 0; k < COUNT(parts); k++) {
		const struct json *list = list_of(before, &parts[k]);

		for (size_t i = 0; i < json_size(list); i++)
			if (is_gone(json_at(list, i), &parts[k], now))
				say_gone(&s, &parts[k], json_at(list, i));
	}
	find_links(&s, before, now);
}

const char *findings_hardware_gone_name(int i)
{
	return i < 0 || i > (int)COUNT(parts) ? NULL : i == (int)COUNT(parts) ? LINK : parts[i].finding;
}

/* ---- what is kept ------------------------------------------------------------------------------------------------------ */

/* A link that was there is still expected. */
static void keep_links(const struct json *before, struct json *kept)
{
	const struct json *list = json_get(kept, "nics");
	struct json *out = json_array();

	for (size_t i = 0; i < json_size(list); i++) {
		const struct json *had =
			find(json_get(before, "nics"), "name", json_get_str(json_at(list, i), "name", ""));
		struct json *o = json_add(out, json_copy(json_at(list, i)));

		if (had && json_get_bool(had, "link", false))
			json_set_bool(o, "link", true);
	}
	json_set(kept, "nics", out);
}

struct json *hardware_kept(const struct json *before, const struct json *now)
{
	struct json *kept = json_copy(now);

	for (size_t k = 0; k < COUNT(parts); k++) {
		const struct part *p = &parts[k];
		const struct json *old = list_of(before, p), *is = list_of(now, p);
		struct json *object = kept, *list;

		/* what cannot be seen now is remembered */
		if (!json_size(old))
			continue;
		list = json_is_array(is) ? json_copy(is) : json_array();
		for (size_t i = 0; i < json_size(old); i++)
			if (!json_is_array(is) || is_gone(json_at(old, i), p, now))
				json_add(list, json_copy(json_at(old, i)));
		if (p->object)
			object = json_set(kept, p->object, json_copy(json_get(now, p->object)));
		json_set(object, p->list, list);
	}
	keep_links(before, kept);
	return kept;
}
