/* Values of the configurations of Kubernetes, as they are compared. Pure. */
#ifndef CLUSTER_VALUES_H
#define CLUSTER_VALUES_H

#include <stdbool.h>

struct json;
struct str;

/* Adds what people read: a text without its quotes; nothing of NULL. */
void value_words(struct str *out, const struct json *value);
/* "90s" and "1m30s", 1073741824 and "1Gi" are the same; neither is NULL. */
bool value_same(const struct json *wish, const struct json *living);
/* null, or NULL. */
bool value_is_null(const struct json *value);
/* Whether a value, not an object, is what Kubernetes does not write down. */
bool value_is_zero(const struct json *value);
/* Whether the zero of a setting, by its path in its document, is not what leaving it out means. */
bool value_zero_counts(const char *path);

#endif
