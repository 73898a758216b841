/* What counts only when a cluster is created, and is another in the inventory than in the living cluster. */
#include "steps/settings.h"

#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

static bool told_before(size_t field)
{
	for (size_t i = 0; i < field; i++)
		if (inventory_fields[i].birth && strcmp(inventory_fields[i].birth, inventory_fields[field].birth) == 0)
			return true;
	return false;
}

struct listener {
	birth_fn *fn;
	void *ctx;
};

/* What apply carries out counts at any time. That it cannot be compared is reported all the same. */
static void tell_birth_only(const struct birth_difference *d, void *ctx)
{
	const struct listener *l = ctx;

	if (!settings_is_of(d, &settings_kubelet) && !settings_is_of(d, &settings_control_plane) &&
		!settings_is_of(d, &settings_kubeproxy))
		l->fn(d, l->ctx);
}

void birth_differences(const struct world *w, birth_fn *fn, void *ctx)
{
	struct json *living = w->seen.cluster.exists ? kubeadm_living_config(w) : NULL;
	struct json *wish = living ? kubeadm_cluster_config(w) : NULL;

	for (size_t i = 0; living && i < inventory_field_count; i++) {
		const struct inventory_field *f = &inventory_fields[i];
		struct birth_difference d = { .field = "" };
		const char *key = f->birth;

		if (!key || told_before(i) || !json_get_str(living, key, NULL))
			continue;
		snprintf(d.living, sizeof(d.living), "%s", json_get_str(living, key, ""));
		/* left out: kubeadm's own */
		snprintf(d.wanted, sizeof(d.wanted), "%s",
			json_get_str(wish, key,
				strcmp(key, "imageRepository") == 0 ? w->wish.release->image_repository : ""));
		if (strcmp(d.living, d.wanted) == 0)
			continue;
		snprintf(d.field, sizeof(d.field), "%.*s",
			(int)(birth_fields(key) > 1 ? strcspn(f->path, ".") : strlen(f->path)), f->path);
		snprintf(d.text, sizeof(d.text),
			"%s is %s in the living cluster and %s in the inventory; it counts only when a cluster is created, so nothing changes",
			d.field, d.living, d.wanted);
		fn(&d, ctx);
	}
	if (w->seen.cluster.exists)
		birth_maps(w, living, tell_birth_only, &(struct listener){ fn, ctx });
	json_free(living);
	json_free(wish);
}
