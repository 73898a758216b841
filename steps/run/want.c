/* What a host should be: the parts' items, what follows from them, and the step that all parts share. */
#include "steps/run/want.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/run/family.h"
#include "steps/host/scripts.h"
#include "steps/run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/*
 * The files of a repository. One of others for the same place is used unchanged. One that is there only since a package was not to be had without it stays as
 * long as it is still the same place.
 */
static void add_repository_files(const struct cluster_host *h, struct items *l)
{
	const size_t count = l->count;

	for (size_t i = 0; i < count; i++) {
		const struct item row = l->list[i];
		struct item list = { .kind = ITEM_FILE, .mode = 0644, .brought = true, .from = row.from }, key = list;
		struct repository_files files;
		bool wanted;

		if (row.kind != ITEM_REPOSITORY)
			continue;
		package_family_of(h)->repository(row.key, row.want, &files);
		list.key = files.list;
		list.want = files.text.buf;
		wanted = !str_starts(cluster_factf(h, "source.%s", row.key), "right ") &&
			 (!row.maybe || item_met(h, &list));
		list.want = wanted ? list.want : NULL;
		items_add(l, list);
		key.key = files.key;
		key.secret = true; /* no text that could be shown */
		key.want = wanted ? "" : NULL;
		items_add(l, key);
		str_release(&files.text);
	}
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
		/* nobody knows any more whether its text may be seen */
		have = items_add(w->l,
			(struct item){ .kind = (enum item_kind)kind, .key = key, .reader = reader, .secret = true });
	have->gone = true;
}

/* One of world->parts. */
static const struct want_part *part_of(const struct world *w, const char *name)
{
	const struct want_part *const *part = w->wish.parts;

	while (*part && strcmp((*part)->name, name) != 0)
		part++;
	if (!*part)
		abort(); /* a step without its part is a bug */
	return *part;
}

static void wished(const struct world *w, int host, const struct want_part *part, struct items *out)
{
	part->items(w, host, out);
	add_boot_file(part, ITEM_MODULE, out);
	add_boot_file(part, ITEM_SYSCTL, out);
	add_repository_files(&w->seen.hosts[host], out);
	add_readers(out);
}

/* What another part wants too stays, and is that part's. */
static void keep_what_others_want(const struct world *w, int host, const struct want_part *part, struct items *l)
{
	bool any = false;

	for (size_t i = 0; i < l->count; i++)
		any |= l->list[i].gone;
	for (const struct want_part *const *other = w->wish.parts; any && *other; other++) {
		struct items theirs = { 0 };

		if (*other == part)
			continue;
		wished(w, host, *other, &theirs);
		for (size_t i = 0; i < l->count; i++) {
			const struct item *same = find(&theirs, l->list[i].kind, l->list[i].key);

			if (same && same->want)
				l->list[i].gone = false;
		}
		items_release(&theirs);
	}
}

void want_items(const struct world *w, int host, const struct want_part *part, struct items *out)
{
	struct ledger_walk walk = { part, out };

	wished(w, host, part, out);
	cluster_fact_lines(&w->seen.hosts[host], "owned", put_back_line, &walk);
	keep_what_others_want(w, host, part, out);
}
/* ---- questions ---- */

void want_questions(const struct world *w, int host, struct items *out)
{
	static const char *const names[ITEM_KINDS] = { [ITEM_FILE] = "paths",
		[ITEM_MODULE] = "modules",
		[ITEM_SYSCTL] = "sysctls",
		[ITEM_UNIT] = "units",
		[ITEM_PACKAGE] = "packages",
		[ITEM_REPOSITORY] = "sources" };
	struct str keys[ITEM_KINDS], secret = STR_INIT;

	for (size_t i = 0; i < ITEM_KINDS; i++)
		str_init(&keys[i]);
	for (const struct want_part *const *part = w->wish.parts; *part; part++) {
		struct items l = { 0 };

		want_items(w, host, *part, &l);
		for (size_t i = 0; i < l.count; i++) {
			if (l.list[i].kind == ITEM_REPOSITORY)
				str_addf(&keys[ITEM_REPOSITORY], "%s %s\n", l.list[i].key, l.list[i].want);
			else
				str_addf(&keys[l.list[i].kind], "%s%c", l.list[i].key,
					l.list[i].kind == ITEM_FILE ? '\n' : ' ');
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
		error_set(err, ERROR_INVENTORY, "%s is wanted twice with different values: by %s and by %s", a->key,
			one, other);
	else
		error_set(err, ERROR_INVENTORY, "%s is wanted twice: %s by %s, %s by %s", a->key, a->want, one, b->want,
			other);
	return error_hint(err, "keep only one of %s and %s in the inventory", one, other);
}

int want_contradicts(const struct world *w, int host, struct error *err)
{
	struct items all = { 0 };
	const char **by = NULL;
	int rc = 0;

	for (const struct want_part *const *part = w->wish.parts; *part; part++) {
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
			if (item->want && item_types[kind].differs)
				item_types[kind].differs(h, item, &text);
			else if (!item->want)
				str_addf(&text, "%s: as it was before kubewright\n", item->key);
		}
	if (text.len)
		task_output(text.buf, text.len, t);
	str_wipe(&text);
}

/* A part's items, by what all hosts' threads share. err: not NULL: no part may contradict another. */
static int make(struct task *t, const char *part, struct items *l, struct error *err)
{
	const struct world *w = world_of(t);
	int rc = 0;

	task_lock(t);
	if (err)
		rc = want_contradicts(w, task_host(t), err);
	if (rc == 0)
		want_items(w, task_host(t), part_of(w, part), l);
	task_unlock(t);
	return rc;
}

enum step_verdict want_check(struct task *t, const char *part, struct error *why)
{
	const struct world *w = world_of(t);
	const struct cluster_host *h = world_facts(t);
	enum step_verdict verdict = STEP_DONE;
	const struct item *item;
	struct items l = { 0 };

	if (make(t, part, &l, why))
		return STEP_IMPOSSIBLE;
	item = first_unmet(h, &l);
	if (item)
		verdict = item_need(h, item, why);
	if (item && w->wish.texts)
		show(t, h, &l);
	items_release(&l);
	return verdict;
}

/* list_NAME: the text of a repository's file. */
static void list_param(const struct cluster_host *h, const struct item *i, struct items *out)
{
	struct repository_files files;
	struct str data = STR_INIT;

	package_family_of(h)->repository(i->key, i->want, &files);
	str_add_base64(&data, files.text.buf, files.text.len);
	items_param(out, items_keep(out, xasprintf("list_%s", i->key)), items_keep(out, str_detach(&data)));
	str_release(&files.text);
}

void want_params(struct task *t, const char *part, struct items *out)
{
	make(t, part, out, NULL);
	for (size_t i = 0; i < out->count; i++)
		if (out->list[i].kind == ITEM_REPOSITORY)
			list_param(world_facts(t), &out->list[i], out);
	items_params(out);
	items_param(out, "part", part_of(world_of(t), part)->name);
}

int want_learn(struct task *t, const char *part, const struct remote_answer *answer, struct error *err)
{
	const struct cluster_host *h = world_facts(t);
	const struct item *item;
	struct items l = { 0 };
	struct error why = { 0 };
	int rc = 0;

	world_learn(t, answer);
	make(t, part, &l, NULL);
	item = first_unmet(h, &l);
	if (item && item->want && item_types[item->kind].stays) {
		rc = item_types[item->kind].stays(h, item, err);
	} else if (item) {
		item_need(h, item, &why);
		error_set(err, ERROR_COMMAND, "this was done, but the host is still not as it should be: %s", why.what);
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

	want_params(t, part->name, &l);
	items_param(&l, "address", world_host(t)->address);
	for (size_t i = 0; i < more_count; i++)
		items_param(&l, more[i].name, more[i].value);
	str_addf(&script, "%s%s", host_script_undo, host_script_wish);
	for (size_t i = 0; i < 2 && part->scripts[i]; i++)
		str_add(&script, part->scripts[i]);
	str_add(&script, host_script_put);
	rc = world_script(t, name, script.buf, l.params, l.param_count, put_words, &own, SCRIPT_CHANGE_MS, err);
	if (rc == 0)
		rc = want_learn(t, name, &own, err);
	if (answer)
		*answer = own;
	else
		remote_answer_release(&own);
	str_release(&script);
	items_release(&l);
	return rc;
}
