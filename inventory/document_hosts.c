/* Hosts of a document: names, new ones, and those that go. */
#include "inventory/document_private.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

struct inventory_node *document_hosts(const struct document *d)
{
	struct inventory_node *n = inventory_node_get(d->now->load.root, "hosts");

	return n && n->kind == INVENTORY_KIND_LIST ? n : NULL;
}

size_t document_host_count(const struct document *d)
{
	const struct inventory_node *hosts = document_hosts(d);

	return hosts ? hosts->count : 0;
}

const char *document_host_name(const struct document *d, size_t i)
{
	const struct inventory_node *hosts = document_hosts(d), *n = hosts ? hosts->first : NULL;
	const char *name;

	while (n && i--)
		n = n->next;
	name = n ? document_scalar(n, "name") : NULL;
	return n ? name ? name : "" : NULL;
}

struct inventory_node *document_host(const struct document *d, const char *name, size_t *index)
{
	struct inventory_node *hosts = document_hosts(d), *n = hosts ? hosts->first : NULL;

	for (*index = 0; n; n = n->next, ++*index) {
		const char *own = document_scalar(n, "name");

		if (strcmp(own ? own : "", name) == 0)
			return n;
	}
	return NULL;
}

/* The host that has the address, or NULL; "?" when it has no name. */
static const char *owner(const struct document *d, const char *address)
{
	const struct inventory_node *hosts = document_hosts(d);

	for (const struct inventory_node *n = hosts ? hosts->first : NULL; n; n = n->next) {
		const char *own = document_scalar(n, "address"), *name = document_scalar(n, "name");

		if (own && strcmp(own, address) == 0)
			return name ? name : "?";
	}
	return NULL;
}

static int check_new(const struct document *d, const char *name, const char *address, struct error *err)
{
	const char *other;
	size_t index;

	if (document_check(d, "hosts[].name", name, err) || document_check(d, "hosts[].address", address, err))
		return -1;
	if (document_host(d, name, &index))
		return error_set(err, ERROR_INVENTORY, "duplicate name '%s': host '%s' already has it", name, name);
	other = owner(d, address);
	if (other)
		return error_set(
			err, ERROR_INVENTORY, "duplicate address '%s': host '%s' already has it", address, other);
	return 0;
}

int document_add_host(struct document *d, const char *name, const char *address, const char *role, struct error *err)
{
	const char *const words[] = { "name", "address", "role" }, *const texts[] = { name, address, role };
	struct inventory_node host = { .kind = INVENTORY_KIND_MAP, .text = "" }, keys[3] = { 0 }, values[3] = { 0 };
	struct place p = { .depth = 2 };

	if (check_new(d, name, address, err) || document_check(d, "hosts[].role", role, err))
		return -1;
	if (document_host_count(d) >= INVENTORY_MAX_HOSTS)
		return error_set(err, ERROR_INVENTORY, "more than %d hosts", INVENTORY_MAX_HOSTS);
	for (size_t i = 0; i < 3; i++) {
		keys[i].text = words[i];
		values[i].kind = INVENTORY_KIND_SCALAR;
		values[i].text = texts[i];
		values[i].key = &keys[i];
		inventory_node_add(&host, &values[i]);
	}
	p.step[0].key = "hosts";
	p.step[1].index = document_host_count(d);
	return document_change(d, CHANGE_PUT, &p, &host, false, err);
}

int document_remove_host(struct document *d, const char *name, struct error *err)
{
	struct place p = { .depth = 2 };

	if (!document_host(d, name, &p.step[1].index))
		return error_set(err, ERROR_INVENTORY, "no host '%s'", name);
	p.step[0].key = "hosts";
	return document_change(d, CHANGE_REMOVE, &p, NULL, false, err);
}

struct expansion {
	const struct document *d;
	struct arena arena;
	struct inventory_host *list; /* name NULL: to be given */
	size_t count;
};

static bool taken(const struct expansion *x, const char *name)
{
	size_t index;

	for (size_t i = 0; i < x->count; i++)
		if (x->list[i].name && strcmp(x->list[i].name, name) == 0)
			return true;
	return document_host(x->d, name, &index) != NULL;
}

static int add_word(struct expansion *x, const char *word, struct error *err)
{
	struct inventory_host *more;
	size_t count;

	if (inventory_expand(&x->arena, &word, 1, &more, &count, err))
		return -1;
	if (x->count + count > INVENTORY_MAX_HOSTS)
		return error_set(err, ERROR_USAGE, "more than %d hosts", INVENTORY_MAX_HOSTS);
	x->list = xrealloc(x->list, x->count + count + 1, sizeof(*x->list));
	for (size_t i = 0; i < count; i++) {
		/* it names hosts in its own way */
		if (!strchr(word, '='))
			more[i].name = NULL;
		x->list[x->count++] = more[i];
	}
	return 0;
}

static void give_names(struct expansion *x, const char *role)
{
	const char *prefix = role && strcmp(role, "control-plane") == 0 ? "cp" : "w";
	unsigned next = 1;

	for (size_t i = 0; i < x->count; i++)
		while (!x->list[i].name) {
			const char *name = arena_printf(&x->arena, "%s%u", prefix, next++);

			x->list[i].name = taken(x, name) ? NULL : name;
		}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct inventory_host *)a)->name, ((const struct inventory_host *)b)->name);
}

static int by_address(const void *a, const void *b)
{
	return strcmp(((const struct inventory_host *)a)->address, ((const struct inventory_host *)b)->address);
}

/* Twice in what was typed; among those of the document add_host would find them too late. */
static int check_all(struct expansion *x, struct error *err)
{
	struct inventory_host *sorted = arena_alloc(&x->arena, (x->count + 1) * sizeof(*sorted));
	int rc = 0;

	for (size_t i = 0; i < x->count && rc == 0; i++)
		rc = check_new(x->d, x->list[i].name, x->list[i].address, err);
	memcpy(sorted, x->list, x->count * sizeof(*sorted));
	qsort(sorted, x->count, sizeof(*sorted), by_name);
	for (size_t i = 1; i < x->count && rc == 0; i++)
		if (by_name(&sorted[i - 1], &sorted[i]) == 0)
			rc = error_set(err, ERROR_INVENTORY, "the name '%s' appears twice", sorted[i].name);
	qsort(sorted, x->count, sizeof(*sorted), by_address);
	for (size_t i = 1; i < x->count && rc == 0; i++)
		if (by_address(&sorted[i - 1], &sorted[i]) == 0)
			rc = error_set(err, ERROR_INVENTORY, "the address '%s' appears twice", sorted[i].address);
	return rc;
}

int document_expand_hosts(const struct document *d, const char *typed, const char *role,
	int (*fn)(void *ctx, const char *name, const char *address, struct error *err), void *ctx, struct error *err)
{
	struct expansion x = { .d = d };
	int rc = 0;

	for (const char *p = typed; rc == 0; p += strcspn(p, " ,;\t\r\n")) {
		p += strspn(p, " ,;\t\r\n");
		if (!*p)
			break;
		rc = add_word(&x, arena_strndup(&x.arena, p, strcspn(p, " ,;\t\r\n")), err);
	}
	if (rc == 0 && !x.count) {
		error_set(err, ERROR_USAGE, "no host is named");
		rc = error_hint(err, "write them as cp1=10.0.0.11 or 10.0.0.[11-15]");
	}
	if (rc == 0) {
		give_names(&x, role);
		rc = check_all(&x, err);
	}
	for (size_t i = 0; i < x.count && rc == 0; i++)
		rc = fn(ctx, x.list[i].name, x.list[i].address, err);
	free(x.list);
	arena_release(&x.arena);
	return rc;
}
