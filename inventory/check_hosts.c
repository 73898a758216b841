/* What hosts must be to one another: different; and how many control planes make sense. */
#include "inventory/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	const char *text;
	size_t host;
};

static int by_text(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = strcmp(x->text, y->text);

	return c ? c : x->host < y->host ? -1 : x->host > y->host;
}

static void refuse_double(struct inventory_load *l, const char *path, const char *what, const struct entry *first,
	const struct entry *second)
{
	const struct inventory_node *a = inventory_node_near(l->host_nodes[first->host], path);
	const struct inventory_node *b = inventory_node_near(l->host_nodes[second->host], path);

	inventory_complain(l, b, "duplicate %s '%s': host '%s' already has it%s", what, second->text,
		l->inv->hosts[first->host].name ? l->inv->hosts[first->host].name : "?", inventory_where(l, a));
}

/* Texts of all hosts, sorted: equal ones are neighbours. */
static void refuse_doubles(struct inventory_load *l, const char *path, const char *what,
	const char *(*get)(struct inventory_load *, const struct inventory_host *))
{
	struct entry *all = xcalloc(l->inv->host_count, sizeof(*all));
	size_t count = 0, first = 0;

	for (size_t i = 0; i < l->inv->host_count; i++) {
		const char *text = get(l, &l->inv->hosts[i]);

		if (text)
			all[count++] = (struct entry){ text, i };
	}
	qsort(all, count, sizeof(*all), by_text);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(all[i].text, all[first].text) != 0)
			first = i;
		else
			refuse_double(l, path, what, &all[first], &all[i]);
	}
	free(all);
}

static const char *get_name(struct inventory_load *l, const struct inventory_host *h)
{
	(void)l;
	return h->name;
}

static const char *get_address(struct inventory_load *l, const struct inventory_host *h)
{
	(void)l;
	return h->address;
}

static const char *get_ssh(struct inventory_load *l, const struct inventory_host *h)
{
	return h->ssh.address ? arena_printf(&l->arena, "%s:%d", h->ssh.address, h->ssh.port) : NULL;
}

static void refuse_same_address(struct inventory_load *l)
{
	size_t errors = l->errors;

	refuse_doubles(l, "address", "address", get_address);
	/* equal addresses make equal endpoints: reported already */
	if (errors == l->errors)
		refuse_doubles(l, "ssh.address", "SSH endpoint", get_ssh);
}

static void check_quorum(struct inventory_load *l)
{
	const struct inventory_node *hosts = inventory_node_get(l->root, "hosts");
	size_t n = inventory_count(l->inv, INVENTORY_CONTROL_PLANE);
	char text[200];

	if (l->roles_unknown || !l->inv->host_count)
		return;
	if (n == 0)
		inventory_unfinished(l)(l, hosts->key, "no host has 'role: control-plane'");
	else if (inventory_even(l->inv, text, sizeof(text)))
		inventory_warn(l, hosts->key, "%s", text);
	else if (n > 7)
		inventory_warn(l, hosts->key,
			"%zu control planes: every write waits for %zu etcd members; use 7 at most", n,
			inventory_quorum(n));
}

void inventory_check_hosts(struct inventory_load *l)
{
	if (!l->inv->host_count)
		return;
	refuse_doubles(l, "name", "name", get_name);
	refuse_same_address(l);
	check_quorum(l);
}
