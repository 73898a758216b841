/* A document: its text, what it says of each field, and its file. */
#include "inventory/document_private.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The folder that relative paths are taken from matters to no check of a single value: only that there is one. */
struct reading *reading_new(const char *path, const char *text, size_t len)
{
	struct reading *r = xcalloc(1, sizeof(*r));
	const char *slash = strrchr(path, '/');

	r->load.inv = &r->inv;
	r->load.name = path;
	r->load.problems = &r->problems;
	r->load.folder = slash && path[0] == '/' ? xstrndup(path, (size_t)(slash - path)) : xstrdup("/");
	r->load.text = len <= INVENTORY_MAX_FILE ? arena_strndup(&r->load.arena, text, len) : text;
	r->load.len = len;
	inventory_tree_read(&r->load);
	return r;
}

void reading_free(struct reading *r)
{
	if (!r)
		return;
	json_free(r->inv.kubelet_config);
	json_free(r->inv.kubeproxy_config);
	json_free(r->inv.kubeadm_extra);
	arena_release(&r->inv.arena);
	arena_release(&r->load.arena);
	free(r->load.folder);
	free(r);
}

int document_complaint(const struct reading *r, struct error *err)
{
	const struct inventory_problem *p = &r->problems.list[0];

	if (p->line)
		return error_set(err, ERROR_INVENTORY, "line %d: %s", p->line, p->text);
	return error_set(err, ERROR_INVENTORY, "%s", p->text);
}

static struct document *open_text(const char *path, const char *text, size_t len, struct error *err)
{
	struct reading *r = reading_new(path, text, len);
	struct inventory_node *root = r->load.root;
	struct document *d;

	/* nothing but comments will do: sections are added to it */
	if (root && root->kind != INVENTORY_KIND_MAP && !(inventory_node_empty(root) && !*root->text))
		inventory_complain(&r->load, root,
			"the file must be a map of keys and values, like 'cluster: NAME', not %s",
			inventory_kind_name(root));
	if (r->load.errors && (!root || root->kind != INVENTORY_KIND_MAP)) {
		inventory_excerpts(&r->load);
		inventory_problems_error(&r->problems, path, r->load.errors, err);
		reading_free(r);
		return NULL;
	}
	d = xcalloc(1, sizeof(*d));
	d->path = xstrdup(path);
	d->now = r;
	r->load.name = d->path;
	str_init(&d->text);
	str_init(&d->saved);
	str_addn(&d->text, text, len);
	return d;
}

struct document *document_load(const char *path, struct error *err)
{
	struct str text = STR_INIT;
	struct document *d = NULL;

	if (file_read(path, INVENTORY_MAX_FILE, &text, err)) {
		if (err)
			err->kind = ERROR_INVENTORY;
	} else {
		d = open_text(path, text.buf, text.len, err);
	}
	if (d) {
		d->on_disk = true;
		str_addn(&d->saved, text.buf, text.len);
	}
	str_release(&text);
	return d;
}

struct document *document_parse(const char *path, const char *text, struct error *err)
{
	return open_text(path, text, strlen(text), err);
}

void document_free(struct document *d)
{
	if (!d)
		return;
	reading_free(d->now);
	str_release(&d->text);
	str_release(&d->saved);
	free(d->path);
	free(d);
}

const char *document_text(const struct document *d)
{
	return d->text.buf;
}

const char *document_path(const struct document *d)
{
	return d->path;
}

static bool same_bytes(const struct str *a, const struct str *b)
{
	return a->len == b->len && memcmp(a->buf, b->buf, a->len) == 0;
}

bool document_changed(const struct document *d)
{
	return !d->on_disk || !same_bytes(&d->text, &d->saved);
}

/* What a path leads to. */
struct target {
	struct reading *own; /* of the words below, and of complaints about values */
	const struct inventory_field *field;
	const char *inside; /* of a map or a tree: what comes behind the field */
	const char *host;   /* NULL: not of a host */
	struct place place;
};

/* "hosts.cp1.ssh.port": a name may have dots, if a wrong one. "hosts[]." is for checks of a host to come. */
static const char *behind_host(const struct document *d, const char *path, struct target *t)
{
	const struct inventory_node *hosts = document_hosts(d);
	const char *rest = str_starts(path, "hosts.") ? strchr(path + 6, '.') : NULL;
	size_t i = 0;

	if (str_starts(path, "hosts[]."))
		return path + 7;
	if (!rest)
		return NULL;
	t->host = arena_strndup(&t->own->load.arena, path + 6, (size_t)(rest - path - 6));
	t->place.step[1].index = hosts ? hosts->count : 0;
	for (const struct inventory_node *n = hosts ? hosts->first : NULL; n; n = n->next, i++) {
		const char *name = document_host_name(d, i);

		if (strncmp(path + 6, name, strlen(name)) != 0 || path[6 + strlen(name)] != '.' ||
			(t->place.step[1].index < hosts->count && strlen(name) <= strlen(t->host)))
			continue;
		t->place.step[1].index = i;
		t->host = arena_strdup(&t->own->load.arena, name);
		rest = path + 6 + strlen(name);
	}
	return rest;
}

static int find_target(const struct document *d, const char *path, struct target *t, struct error *err)
{
	struct arena *a;
	const char *rest, *known = path;
	int rc = 0;

	*t = (struct target){ .own = reading_new(d->path, "", 0) };
	a = &t->own->load.arena;
	rest = strlen(path) < 1024 ? behind_host(d, path, t) : NULL;
	if (rest) {
		known = arena_printf(a, "hosts[]%s", rest);
		t->place.step[0].key = "hosts";
		t->place.depth = 2;
		rest++;
	} else {
		rest = path;
	}
	t->field = strlen(path) < 1024 ? inventory_set_field(known, &t->inside) : NULL;
	if (!t->field) {
		inventory_unknown_path(&t->own->load, NULL, known);
		error_set(err, ERROR_INVENTORY, "'%s': %s", path, t->own->problems.list[0].text);
		return -1;
	}
	while (*rest && rc == 0) {
		bool label = t->field->type == INVENTORY_TYPE_MAP && *t->inside && strcmp(rest, t->inside) == 0;
		size_t n = label ? strlen(rest) : strcspn(rest, ".");

		rc = place_key(&t->place, arena_strndup(a, rest, n), err);
		rest += n + (rest[n] == '.');
	}
	return rc;
}

/* network.cni as a map is not the field network.cni, but the section of its parts. */
static bool is_other_form(const struct target *t, const struct inventory_node *n)
{
	return n->kind == INVENTORY_KIND_MAP && !*t->inside && t->field->type != INVENTORY_TYPE_MAP &&
	       t->field->type != INVENTORY_TYPE_TREE && inventory_is_section(t->field->path);
}

int document_get(const struct document *d, const char *path, struct str *out)
{
	const struct inventory_node *n = NULL;
	struct target t;
	int there = 0;

	if (find_target(d, path, &t, NULL) == 0)
		n = place_find(d->now, &t.place, t.place.depth, NULL);
	if (n && !is_other_form(&t, n)) {
		struct inventory_field field = *t.field;

		if (*t.inside && field.type == INVENTORY_TYPE_MAP)
			field.type = INVENTORY_TYPE_STRING;
		document_show(&field, n, out);
		there = 1;
	}
	reading_free(t.own);
	return there;
}

/* NULL with an error when value is invalid. */
static struct inventory_node *check(struct target *t, const char *value, struct error *err)
{
	struct inventory_node *n = document_value(&t->own->load, t->field, t->inside, value);

	if (n && !t->own->load.errors)
		document_try(t->own, t->field, t->inside, n);
	if (n && !t->own->load.errors)
		return n;
	error_set(err, ERROR_INVENTORY, "%s", t->own->problems.list[0].text);
	return NULL;
}

static int check_missing(const struct target *t, struct error *err)
{
	const char *path = t->field->path, *rest = str_starts(path, "hosts[].") ? path + 8 : path;

	if (!t->field->required || *t->inside)
		return 0;
	if (rest == path)
		return error_set(err, ERROR_INVENTORY, "the file has no '%s'", rest);
	if (!t->host || !*t->host || strcmp(rest, "name") == 0)
		return error_set(err, ERROR_INVENTORY, "this host has no '%s'", rest);
	return error_set(err, ERROR_INVENTORY, "host '%s' has no '%s'", t->host, rest);
}

int document_check(const struct document *d, const char *path, const char *value, struct error *err)
{
	struct target t;
	int rc = find_target(d, path, &t, err);

	if (rc == 0)
		rc = !value || !*value ? check_missing(&t, err) : check(&t, value, err) ? 0 : -1;
	reading_free(t.own);
	return rc;
}

static int take_out(struct document *d, const struct target *t, struct error *err)
{
	const struct inventory_node *n = place_find(d->now, &t->place, t->place.depth, NULL);

	if (check_missing(t, err))
		return -1;
	if (!n || is_other_form(t, n))
		return 0;
	return document_change(d, CHANGE_REMOVE, &t->place, NULL, false, err);
}

static int put(struct document *d, struct target *t, const char *value, struct error *err)
{
	struct inventory_node *want = check(t, value, err);
	size_t other;

	if (!want)
		return -1;
	/* hosts are found by their names: a second one could not be */
	if (strcmp(t->field->path, "hosts[].name") == 0 && document_host(d, value, &other) &&
		other != t->place.step[1].index)
		return error_set(err, ERROR_INVENTORY, "duplicate name '%s': host '%s' already has it", value, value);
	return document_change(d, CHANGE_PUT, &t->place, want, t->field->type == INVENTORY_TYPE_TREE, err);
}

int document_set(struct document *d, const char *path, const char *value, struct error *err)
{
	struct target t;
	int rc = find_target(d, path, &t, err);

	if (rc == 0 && str_starts(t.field->path, "hosts[].") && (!t.host || !place_find(d->now, &t.place, 2, NULL)))
		rc = error_set(err, ERROR_INVENTORY, "no host '%s'", t.host ? t.host : "");
	if (rc == 0)
		rc = !value || !*value ? take_out(d, &t, err) : put(d, &t, value, err);
	reading_free(t.own);
	return rc;
}

bool document_problems(const struct document *d, struct inventory_problems *out, struct error *err)
{
	struct inventory *inv = inventory_parse(d->path, d->text.buf, d->text.len, NULL, 0, out, err);

	inventory_free(inv);
	return inv != NULL;
}

/* Whether the file is what was read or written last. */
static int unchanged(const struct document *d, struct error *err)
{
	struct str text = STR_INIT;
	struct stat st;
	int rc = 0;

	if (stat(d->path, &st)) {
		if (errno != ENOENT)
			return error_errno(err, ERROR_SYSTEM, errno, "cannot open '%s'", d->path);
		if (d->on_disk)
			rc = error_set(err, ERROR_SYSTEM, "'%s' no longer exists: another program removed it", d->path);
		return rc;
	}
	if (file_read(d->path, INVENTORY_MAX_FILE, &text, err))
		return -1;
	if (d->on_disk ? !same_bytes(&text, &d->saved) : !same_bytes(&text, &d->text)) {
		if (d->on_disk)
			error_set(err, ERROR_SYSTEM, "'%s' was changed by another program after it was read", d->path);
		else
			error_set(err, ERROR_SYSTEM, "'%s' already exists", d->path);
		rc = -1;
	}
	str_release(&text);
	return rc;
}

int document_save(struct document *d, bool force, struct error *err)
{
	struct stat st;
	char *full;
	int rc;

	if (!force && unchanged(d, err))
		return -1;
	/* a symlink stays one */
	full = realpath(d->path, NULL);
	rc = file_write(full ? full : d->path, d->text.buf, d->text.len,
		stat(d->path, &st) == 0 ? st.st_mode & 07777 : 0600, err);
	free(full);
	if (rc)
		return -1;
	d->on_disk = true;
	str_clear(&d->saved);
	str_addn(&d->saved, d->text.buf, d->text.len);
	return 0;
}
