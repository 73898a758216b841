/* What a host should be: the parts' items, what follows from them, and the step that all parts share. */
#include "steps/want.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host_scripts.h"
#include "steps/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct want_part *const want_parts[] = { &want_os, &want_runtime, &want_endpoint, NULL };

static const char *const put_words[] = { "resolve", "resolve_by", "swap", "swap_boot", "sysctl.*", "sysctl_boot.*",
	"module.*", "sum.*", "mode.*", "unit.*", "record.*", "owned", "containerd_version", "vip_held", "put", "error",
	"hint", NULL };

static struct item *find(const struct items *l, enum item_kind kind, const char *key)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->list[i].kind == kind && strcmp(l->list[i].key, key) == 0)
			return &l->list[i];
	return NULL;
}

/* The file that has the part's settings, or its modules, at the next boot. The last name has the last word among the files that a boot reads. */
static void add_boot_file(const struct want_part *part, enum item_kind kind, struct items *l)
{
	bool os = strcmp(part->name, "os") == 0, sysctl = kind == ITEM_SYSCTL;
	const char *about = sysctl ? part->settings : part->modules;
	struct str text = STR_INIT;
	size_t n = 0;

	str_addf(&text, "# kubewright: %s\n", about ? about : part->name);
	for (size_t i = 0; i < l->count; i++) {
		if (l->list[i].kind != kind || !l->list[i].want)
			continue;
		str_addf(&text, sysctl ? "%s = %s\n" : "%s\n", l->list[i].key, l->list[i].want);
		n++;
	}
	if (n) {
		char path[128];

		snprintf(path, sizeof(path), "%s%s%s.conf",
			sysctl ? "/etc/sysctl.d/zz-kubewright" : "/etc/modules-load.d/kubewright", os ? "" : "-",
			os ? "" : part->name);
		items_add(l, (struct item){ .kind = ITEM_FILE, .key = path, .want = text.buf, .mode = 0644 });
	}
	str_release(&text);
}

/* Who reads a file runs, as long as there is one. */
static void add_readers(struct items *l)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct item file = l->list[i];
		struct item *unit = file.reader ? find(l, ITEM_UNIT, file.reader) : NULL;

		if (unit && !unit->want && file.want)
			unit->want = "active";
		else if (file.reader && !unit)
			items_add(l, (struct item){ .kind = ITEM_UNIT,
					     .key = file.reader,
					     .want = file.want ? "active" : NULL,
					     .reload = file.reload });
	}
}

/*
 * One line of the fact owned, "KIND KEY PART[/READER]", or "-" for what was noted before there were parts. The part's, and not wanted: to be put back.
 * What a part names as absent was its own before there were parts.
 */
struct ledger_walk {
	const struct want_part *part;
	struct items *l;
};
static void put_back_line(const char *line, void *ctx)
{
	const struct ledger_walk *w = ctx;
	char name[16], key[256], part[128], *reader;
	struct item *have;
	size_t kind = 0;

	if (sscanf(line, "%15s %255s %127s", name, key, part) != 3)
		return;
	while (kind < ITEM_KINDS && strcmp(item_types[kind].name, name) != 0)
		kind++;
	if (kind == ITEM_KINDS)
		return;
	if (kind == ITEM_UNIT && str_ends(key, ".service"))
		key[strlen(key) - strlen(".service")] = '\0';
	reader = strchr(part, '/');
	if (reader)
		*reader++ = '\0';
	have = find(w->l, (enum item_kind)kind, key);
	if ((have && have->want) || (strcmp(part, "-") == 0 ? !have : strcmp(part, w->part->name) != 0))
		return;
	if (!have)
		have = items_add(w->l, (struct item){ .kind = (enum item_kind)kind, .key = key, .reader = reader });
	have->gone = true;
}

/* One of world->parts. */
static const struct want_part *part_of(const struct world *w, const char *name)
{
	const struct want_part *const *part = w->parts;

	while (*part && strcmp((*part)->name, name) != 0)
		part++;
	if (!*part)
		abort(); /* a step without its part is a bug */
	return *part;
}

void want_items(const struct world *w, int host, const struct want_part *part, struct items *out)
{
	struct ledger_walk walk = { part, out };

	part->items(w, host, out);
	add_boot_file(part, ITEM_MODULE, out);
	add_boot_file(part, ITEM_SYSCTL, out);
	add_readers(out);
	cluster_fact_lines(&w->hosts[host], "owned", put_back_line, &walk);
}

/* ---- questions ---- */

void want_questions(const struct world *w, int host, struct items *out)
{
	static const char *const names[ITEM_KINDS] = {
		[ITEM_FILE] = "paths", [ITEM_MODULE] = "modules", [ITEM_SYSCTL] = "sysctls", [ITEM_UNIT] = "units"
	};
	struct str keys[ITEM_KINDS], secret = STR_INIT;

	for (size_t i = 0; i < ITEM_KINDS; i++)
		str_init(&keys[i]);
	for (const struct want_part *const *part = w->parts; *part; part++) {
		struct items l = { 0 };

		want_items(w, host, *part, &l);
		for (size_t i = 0; i < l.count; i++) {
			str_addf(
				&keys[l.list[i].kind], "%s%c", l.list[i].key, l.list[i].kind == ITEM_FILE ? '\n' : ' ');
			if (l.list[i].secret)
				str_addf(&secret, "%s\n", l.list[i].key);
		}
		items_release(&l);
	}
	for (size_t i = 0; i < ITEM_KINDS; i++) {
		if (names[i])
			items_param(out, names[i], items_keep(out, xstrdup(keys[i].buf)));
		str_release(&keys[i]);
	}
	items_param(out, "secret_paths", items_keep(out, xstrdup(secret.buf)));
	str_release(&secret);
}

/* ---- contradictions ---- */

static bool contradict(const struct item *a, const struct item *b)
{
	return a->want && b->want && a->kind == b->kind && strcmp(a->key, b->key) == 0 &&
	       (strcmp(a->want, b->want) != 0 || a->mode != b->mode);
}

static int refuse(const struct item *a, const char *by_a, const struct item *b, const char *by_b, struct error *err)
{
	const char *one = a->from ? a->from : by_a, *other = b->from ? b->from : by_b;

	if (a->kind == ITEM_FILE)
		error_set(err, ERROR_INVENTORY, "%s is wanted twice, and not the same: by %s and by %s", a->key, one,
			other);
	else
		error_set(err, ERROR_INVENTORY, "%s is wanted twice: %s by %s, %s by %s", a->key, a->want, one, b->want,
			other);
	return error_hint(err, "leave it to one of %s and %s in the inventory", one, other);
}

int want_contradicts(const struct world *w, int host, struct error *err)
{
	struct items all = { 0 };
	const char **by = NULL;
	int rc = 0;

	for (const struct want_part *const *part = w->parts; *part; part++) {
		struct items l = { 0 };

		want_items(w, host, *part, &l);
		for (size_t i = 0; i < l.count; i++) {
			by = xrealloc(by, all.count + 1, sizeof(*by));
			by[all.count] = (*part)->name;
			items_add(&all, l.list[i]);
		}
		items_release(&l);
	}
	for (size_t i = 0; rc == 0 && i < all.count; i++)
		for (size_t k = 0; rc == 0 && k < i; k++)
			if (contradict(&all.list[k], &all.list[i]))
				rc = refuse(&all.list[k], by[k], &all.list[i], by[i], err);
	items_release(&all);
	free(by);
	return rc;
}

/* ---- the step ---- */

/* The first item that is not as it should be, in the order of kinds; NULL: none. */
static const struct item *first_unmet(const struct cluster_host *h, const struct items *l)
{
	for (size_t kind = 0; kind < ITEM_KINDS; kind++)
		for (size_t i = 0; i < l->count; i++)
			if (l->list[i].kind == kind && !item_met(h, &l->list[i]))
				return &l->list[i];
	return NULL;
}

static void show(struct task *t, const struct cluster_host *h, const struct items *l)
{
	struct str text = STR_INIT;

	for (size_t kind = 0; kind < ITEM_KINDS; kind++)
		for (size_t i = 0; i < l->count; i++) {
			const struct item *item = &l->list[i];

			if (item->kind != kind || item_met(h, item))
				continue;
			if (item->want)
				item_types[kind].differs(h, item, &text);
			else
				str_addf(&text, "%s: as it was before kubewright\n", item->key);
		}
	if (text.len)
		task_output(text.buf, text.len, t);
	str_wipe(&text);
}

/* A part's items, by what all hosts' threads share. err: not NULL: no part may contradict another. */
static int make(struct task *t, const char *part, struct items *l, struct error *err)
{
	int rc = 0;

	task_lock(t);
	if (err)
		rc = want_contradicts(world_of(t), task_host(t), err);
	if (rc == 0)
		want_items(world_of(t), task_host(t), part_of(world_of(t), part), l);
	task_unlock(t);
	return rc;
}

enum step_verdict want_check(struct task *t, const char *part, struct error *why)
{
	const struct world *w = world_of(t);
	const struct cluster_host *h = world_facts(t);
	const struct item *item;
	struct items l = { 0 };

	if (make(t, part, &l, why))
		return STEP_IMPOSSIBLE;
	item = first_unmet(h, &l);
	if (item)
		item_need(h, item, why);
	if (item && w->want_texts)
		show(t, h, &l);
	items_release(&l);
	return item ? STEP_NEEDED : STEP_DONE;
}

/* What the part is like by the facts that its script has brought. */
static int verify(struct task *t, const char *part, struct error *err)
{
	const struct cluster_host *h = world_facts(t);
	const struct item *item;
	struct items l = { 0 };
	struct error why = { 0 };
	int rc = 0;

	make(t, part, &l, NULL);
	item = first_unmet(h, &l);
	if (item && item->want && item_types[item->kind].stays) {
		rc = item_types[item->kind].stays(h, item, err);
	} else if (item) {
		item_need(h, item, &why);
		error_set(err, ERROR_COMMAND, "this was done, and the host is still not as it should be: %s", why.what);
		rc = error_hint(err, "something else on the host undoes it, perhaps another configuration tool");
	}
	items_release(&l);
	return rc;
}

int want_apply(struct task *t, const char *name, const struct remote_param *more, size_t more_count,
	struct remote_answer *answer, struct error *err)
{
	const struct want_part *part = part_of(world_of(t), name);
	struct remote_answer own = { 0 };
	struct str script = STR_INIT;
	struct items l = { 0 };
	int rc;

	make(t, name, &l, NULL);
	items_params(&l);
	items_param(&l, "part", name);
	items_param(&l, "address", world_host(t)->address);
	for (size_t i = 0; i < more_count; i++)
		items_param(&l, more[i].name, more[i].value);
	str_add(&script, host_script_undo);
	for (size_t i = 0; i < 2 && part->scripts[i]; i++)
		str_add(&script, part->scripts[i]);
	str_add(&script, host_script_put);
	rc = world_script(t, name, script.buf, l.params, l.param_count, put_words, &own, SCRIPT_CHANGE_MS, err);
	if (rc == 0) {
		world_learn(t, &own);
		rc = verify(t, name, err);
	}
	if (answer)
		*answer = own;
	else
		remote_answer_release(&own);
	str_release(&script);
	items_release(&l);
	return rc;
}
