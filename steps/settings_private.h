/* What the files of settings.h share. */
#ifndef STEPS_SETTINGS_PRIVATE_H
#define STEPS_SETTINGS_PRIVATE_H

#include "steps/settings.h"

/* ---- settings_difference.c: with the task's lock held, or by the only host at the step ---- */

/* Wish and note as they are now. The caller releases it. */
void settings_read(const struct world *w, const struct settings_kind *kind, struct settings *s);
void settings_release(struct settings *s);
/* Whether the note is about this wish. */
bool settings_noted(const struct settings *s);
/* Where the ConfigMap is that the survey, or this run after it, has seen. */
struct json **settings_seen(struct world *w, const struct settings_kind *kind);
const char *settings_map_name(const struct world *w, const struct settings_kind *kind);
/* The document in a ConfigMap, as text, "": none; and parsed, NULL: not an object. The caller frees that. */
const char *settings_text(const struct json *map, const struct settings_kind *kind);
struct json *settings_parse(const struct json *map, const struct settings_kind *kind);
/* The document as it is to be. The caller frees. */
struct json *settings_document(const struct world *w, const struct settings *s, const struct json *living);
/* Whether the document is to change; text: how, in words, appended. */
bool settings_differ(const struct world *w, const struct settings *s, struct str *text);

/* ---- settings_maps.c: for world_any_api, with a struct settings_task ---- */

struct settings_task {
	struct task *t;
	struct world *w;
	const struct settings *s;
};
/* Notes the change, then gives the ConfigMap the document. */
int settings_upload(struct net_client *c, void *ctx, struct error *err);
/* Notes that some host has started with it. */
int settings_accept(struct net_client *c, void *ctx, struct error *err);
/* The document of before, and the note that stood there before. */
int settings_put_back(struct net_client *c, void *ctx, struct error *err);

#endif
