/* YAML that is not an inventory, such as kubeadm's in a ConfigMap: by the same parser, within the same limits. */
#include "inventory/private.h"

#include "base/error.h"
#include "base/json.h"

#include <stdlib.h>

struct json *inventory_yaml(const char *text, size_t len, struct error *err)
{
	struct inventory_problems *problems = xcalloc(1, sizeof(*problems));
	struct inventory_load l = { .unseen = true, .text = text, .len = len, .problems = problems };
	struct json *j = NULL;

	/* as an inventory: it ends with a NUL */
	if (len <= INVENTORY_MAX_FILE)
		l.text = arena_strndup(&l.arena, text, len);
	inventory_tree_read(&l);
	if (l.root)
		j = inventory_json(&l, l.root);
	if (l.errors)
		error_set(err, ERROR_PROTOCOL, "line %d: %s", problems->list[0].line, problems->list[0].text);
	else if (!j)
		error_set(err, ERROR_PROTOCOL, "there is nothing in it");
	if (l.errors) {
		json_free(j);
		j = NULL;
	}
	arena_release(&l.arena);
	free(problems);
	return j;
}
