/* A list of items, and how it travels to a host. */
#include "steps/run/want.h"

#include "base/alloc.h"
#include "base/secret.h"
#include "base/str.h"
#include "remote/remote.h"

#include <stdlib.h>
#include <string.h>

const char *items_keep(struct items *l, char *text)
{
	l->owned = xrealloc(l->owned, l->owned_count + 1, sizeof(*l->owned));
	return l->owned[l->owned_count++] = text;
}

struct item *items_add(struct items *l, struct item row)
{
	row.key = items_keep(l, xstrdup(row.key));
	row.want = row.want ? items_keep(l, xstrdup(row.want)) : NULL;
	row.floor = row.floor ? items_keep(l, xstrdup(row.floor)) : NULL;
	row.reader = row.reader ? items_keep(l, xstrdup(row.reader)) : NULL;
	l->list = xrealloc(l->list, l->count + 1, sizeof(*l->list));
	l->list[l->count] = row;
	return &l->list[l->count++];
}

void items_param(struct items *l, const char *name, const char *value)
{
	l->params = xrealloc(l->params, l->param_count + 1, sizeof(*l->params));
	l->params[l->param_count++] = (struct remote_param){ name, value };
}

static void file_param(struct items *l, size_t n, const char *what, const char *value)
{
	items_param(l, items_keep(l, xasprintf("file_%zu_%s", n, what)), value);
}

static void file_params(struct items *l, const struct item *i, size_t n)
{
	struct str data = STR_INIT;

	str_add_base64(&data, i->want, strlen(i->want));
	file_param(l, n, "path", i->key);
	file_param(l, n, "mode", items_keep(l, xasprintf("%o", i->mode)));
	file_param(l, n, "data", items_keep(l, str_detach(&data)));
	file_param(l, n, "reader", i->reader);
}

static void wish_line(struct str *wish, const struct item *i)
{
	const char *name = item_types[i->kind].name;

	switch (i->kind) {
	case ITEM_PACKAGE: str_addf(wish, "%s %s %s %s\n", name, i->key, i->want, i->floor ? i->floor : "0"); break;
	case ITEM_REPOSITORY: str_addf(wish, "%s %s %s\n", i->maybe ? "maybe" : name, i->key, i->want); break;
	case ITEM_UNIT: str_addf(wish, "%s %s %s\n", name, i->key, i->reload ? "reload-or-restart" : "restart"); break;
	default: str_addf(wish, "%s %s %s\n", name, i->key, i->want);
	}
}

void items_params(struct items *l)
{
	struct str wish = STR_INIT;
	size_t files = 0;

	for (size_t n = 0; n < l->count; n++) {
		const struct item *i = &l->list[n];

		if (i->gone)
			str_addf(&wish, "gone %s %s %s\n", item_types[i->kind].name, i->key,
				i->reader ? i->reader : "-");
		else if (i->want && i->kind == ITEM_FILE && !i->brought && !i->in_use)
			file_params(l, i, ++files);
		else if (i->want && i->kind != ITEM_FILE)
			wish_line(&wish, i);
	}
	items_param(l, "files", items_keep(l, xasprintf("%zu", files)));
	items_param(l, "wish", items_keep(l, wish.len ? str_detach(&wish) : xstrdup("")));
}

void items_release(struct items *l)
{
	for (size_t i = 0; i < l->owned_count; i++) {
		secret_wipe(l->owned[i], strlen(l->owned[i]));
		free(l->owned[i]);
	}
	free(l->list);
	free(l->params);
	free(l->owned);
	*l = (struct items){ .count = 0 };
}
