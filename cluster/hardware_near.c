/* What of a machine is near what: its devices by NUMA nodes. */
#include "cluster/hardware_private.h"
#include "cluster/hardware_words.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- devices by their nodes -------------------------------------------------------------------------------------------- */

/* What has a place on a bus, in the order in which an operator reads it. */
static const struct {
	const char *list, *key;
} places[] = { { "nics", "name" }, { "infiniband", "device" }, { "accelerators", "pci" }, { "disks", "name" } };
/* What is made of several cards, and has none. */
static const char *const made[] = { "bonds", "vlans", "bridges" };

static int by_node(const void *a, const void *b)
{
	const struct hardware_device *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

void hardware_near_read(const struct json *map, struct hardware_near *out)
{
	size_t all = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		all += json_size(json_get(map, places[i].list));
	*out = (struct hardware_near){ xcalloc(all + 1, sizeof(*out->list)), 0 };
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct json *list = json_get(map, places[i].list);

		for (size_t k = 0; k < json_size(list); k++, out->count++)
			out->list[out->count] = (struct hardware_device){ json_get_int(json_at(list, k), "node", -1),
				json_at(list, k), places[i].list, places[i].key, out->count, false };
	}
	qsort(out->list, out->count, sizeof(*out->list), by_node);
}

const struct hardware_device *hardware_near_take(struct hardware_near *n, int64_t node, size_t *count)
{
	size_t from = 0, to = n->count;

	while (from < to) {
		size_t at = from + (to - from) / 2;

		if (n->list[at].node < node)
			from = at + 1;
		else
			to = at;
	}
	/* a host that shows a node twice does not get its devices twice */
	for (to = from; to < n->count && n->list[to].node == node && !n->list[to].taken; to++)
		n->list[to].taken = true;
	*count = to - from;
	return n->list + from;
}

/* ---- the tree ---------------------------------------------------------------------------------------------------------- */

struct telling {
	const struct json *map;
	void (*fn)(int depth, const char *label, const char *text, void *ctx);
	void *ctx;
	const char *group; /* said before the first line below it; NULL: it was */
};

static void below(const char *label, const char *text, void *ctx)
{
	struct telling *t = ctx;

	if (t->group)
		t->fn(0, t->group, "", t->ctx);
	t->group = NULL;
	t->fn(1, label, text, t->ctx);
}

static void tell_memory(struct telling *t, const struct json *o)
{
	int64_t bytes = json_get_int(o, "bytes", -1);
	char size[32] = "unknown";

	if (bytes >= 0)
		hardware_binary(bytes, size);
	below("memory", size, t);
}

static void tell_devices(struct telling *t, const struct hardware_device *d, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hardware_device_line(d[i].list, d[i].is, below, t);
}

static void tell_node(struct telling *t, struct hardware_near *near, const struct json *node, bool several)
{
	const char *cpus = json_get_str(node, "cpus", ""), *distance = json_get_str(node, "distance", "");
	const struct hardware_device *devices;
	struct str text = STR_INIT;
	char label[32];
	size_t count;

	snprintf(label, sizeof(label), "NUMA node %" PRId64, json_get_int(node, "id", -1));
	if (several && *distance)
		str_addf(&text, "distances %s", distance);
	t->fn(0, label, text.buf, t->ctx);
	str_clear(&text);
	str_addf(&text, "%s%s", *cpus ? "CPUs " : "none seen", cpus);
	below("processors", text.buf, t);
	tell_memory(t, node);
	devices = hardware_near_take(near, json_get_int(node, "id", -1), &count);
	tell_devices(t, devices, count);
	str_release(&text);
}

/* A kernel that shows no node still has processors and memory. */
static void tell_whole(struct telling *t)
{
	struct str text = STR_INIT;

	if (json_get_int(t->map, "cpu.threads", 0) > 0)
		str_addf(&text, "%" PRId64 " threads", json_get_int(t->map, "cpu.threads", 0));
	below("processors", text.len ? text.buf : "unknown", t);
	tell_memory(t, json_get(t->map, "memory"));
	str_release(&text);
}

void hardware_tree(
	const struct json *map, void (*fn)(int depth, const char *label, const char *text, void *ctx), void *ctx)
{
	const struct json *nodes = json_get(map, "memory.nodes");
	struct telling t = { map, fn, ctx, NULL };
	struct hardware_near near;

	hardware_near_read(map, &near);
	for (size_t i = 0; i < json_size(nodes); i++)
		tell_node(&t, &near, json_at(nodes, i), json_size(nodes) > 1);
	t.group = "NUMA node unknown, or none";
	if (!json_size(nodes))
		tell_whole(&t);
	/* also those of a node that the kernel does not list */
	for (size_t i = 0; i < near.count; i++)
		if (!near.list[i].taken)
			tell_devices(&t, &near.list[i], 1);
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		const struct json *list = json_get(map, made[i]);

		for (size_t k = 0; k < json_size(list); k++)
			hardware_device_line(made[i], json_at(list, k), below, &t);
	}
	free(near.list);
}
