/* Secrets that an inventory holds in settings of others: the passwords of registries, tokens in kubeadm.extra. They are masked like our own. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/sieve.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Quoted texts from p on: one, or those of an array on this line. */
static void add_quoted(struct mask *mask, const char *p)
{
	bool array = *p == '[';

	p += array;
	do {
		const char *end;

		p += strspn(p, " \t,");
		end = *p == '"' || *p == '\'' ? strchr(p + 1, *p) : NULL;
		if (!end)
			return;
		if (end > p + 1) {
			char *value = xstrndup(p + 1, (size_t)(end - p - 1));

			mask_add(mask, value);
			secret_wipe(value, strlen(value));
			free(value);
		}
		p = end + 1;
	} while (array);
}

void cli_mask_toml(struct mask *mask, const char *text)
{
	for (const char *at = text; (at = strchr(at, '=')) != NULL; at++) {
		const char *end = at, *key;

		while (end > text && strchr(" \t\"'", end[-1]))
			end--;
		key = end;
		while (key > text && (isalnum((unsigned char)key[-1]) || key[-1] == '_' || key[-1] == '-'))
			key--;
		if (sieve_is_key(key, (size_t)(end - key)))
			add_quoted(mask, at + 1 + strspn(at + 1, " \t"));
	}
}

static void mask_value(const char *key, const struct json *value, void *mask)
{
	const char *text = json_get_str(value, NULL, NULL);

	if (text && sieve_is_key(key, strlen(key)))
		mask_add(mask, text);
	if (json_is_object(value))
		json_each(value, mask_value, mask);
	for (size_t i = 0; json_is_array(value) && i < json_size(value); i++)
		mask_value(key, json_at(value, i), mask);
}

void cli_mask_json(struct mask *mask, const struct json *j)
{
	if (j)
		mask_value("", j, mask);
}

/* Values of "name: value" lines that stand deeper than the "data:" or "stringData:" above them, in one document of kind Secret. */
static void mask_document(struct mask *mask, const char *text, const char *end)
{
	size_t data = SIZE_MAX; /* how deep that word stands; SIZE_MAX: not within */

	for (const char *line = text; line < end; line += strcspn(line, "\n") + 1) {
		size_t depth = strspn(line, " "), n = strcspn(line, "\n");
		const char *word = line + depth, *colon = memchr(line, ':', n);
		char *value;

		if (depth == n)
			continue;
		if (str_starts(word, "data:") || str_starts(word, "stringData:")) {
			data = depth;
			continue;
		}
		if (data == SIZE_MAX || depth <= data) {
			data = SIZE_MAX;
			continue;
		}
		/* a line of a block of text is a secret as a whole */
		word = colon && colon[1] == ' ' ? colon + 1 + strspn(colon + 1, " \"'") : word;
		value = xstrndup(word, n - (size_t)(word - line));
		while (*value && strchr(" \r\"'", value[strlen(value) - 1]))
			value[strlen(value) - 1] = '\0';
		mask_add(mask, value);
		secret_wipe(value, strlen(value));
		free(value);
	}
}

void cli_mask_manifest(struct mask *mask, const char *text)
{
	while (*text) {
		const char *end = strstr(text, "\n---"), *kind = strstr(text, "kind: Secret");

		end = end ? end + 1 : text + strlen(text);
		if (kind && kind < end)
			mask_document(mask, text, end);
		text = *end ? end + 3 : end;
	}
}

void cli_mask_inventory(struct cli_run *r)
{
	const struct inventory *inv = r->inventory;

	if (inv->containerd.config)
		cli_mask_toml(r->mask, inv->containerd.config);
	cli_mask_json(r->mask, inv->kubeadm_extra);
	cli_mask_json(r->mask, inv->kubelet_config);
}
