/* What this machine adds to the archive: the inventory and recordings of runs; and its secrets, which must not be in it. */
#include "cli/support_pack.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/sieve.h"
#include "cli/past.h"
#include "cli/run.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "tui/wizard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	INVENTORY_LIMIT = 1 << 20,
	RUNS = 10,           /* the newest */
	RUN_LIMIT = 4 << 20, /* of each */
	RUNS_LIMIT = 16 << 20,
	RUN_READ = 64 << 20,
	SECRET_MAX = 1 << 20,
	LINE_MIN = 16, /* of base64: a shorter line of a key gives nothing away */
};

void pack_inventory(struct pack *p, const struct cli_options *o)
{
	struct str text = STR_INIT;
	struct error err = { 0 };
	struct inventory *inv;

	if (file_read(o->file, INVENTORY_LIMIT, &text, &err)) {
		pack_missing(p, "the inventory: %s", err.what);
		return;
	}
	pack_add(p, "inventory.yaml", "the inventory as it was written", &text, INVENTORY_LIMIT, PACK_START, NULL);
	str_wipe(&text);
	inv = inventory_load(o->file, o->sets, o->set_count, NULL, &err);
	if (!inv) {
		str_addf(&text, "%s\n%s\n", err.what, err.detail);
		pack_add(p, "inventory-error.txt", "what is wrong with the inventory", &text, INVENTORY_LIMIT,
			PACK_START, NULL);
		str_release(&text);
	} else {
		inventory_free(inv);
	}
}

/* A line of it that is not output of a host stays: what happened can be replayed without that. */
static void drop_output(struct str *text)
{
	struct str out = STR_INIT;

	for (const char *line = text->buf; *line;) {
		size_t n = strcspn(line, "\n");

		n += line[n] == '\n';
		if (!memmem(line, n, "\"kind\":\"output\"", 15))
			str_addn(&out, line, n);
		line += n;
	}
	str_release(text);
	*text = out;
}

static void add_recording(struct pack *p, const struct port_past *run)
{
	char *name = xasprintf("runs/%s", strrchr(run->path, '/') + 1);
	const char *cut = NULL;
	struct str text = STR_INIT;
	struct error err = { 0 };
	char what[96];

	if (file_read(run->path, RUN_READ, &text, &err)) {
		pack_missing(p, "%s: %s", name, err.what);
	} else {
		if (text.len > RUN_LIMIT) {
			drop_output(&text);
			cut = "without the output of hosts";
		}
		snprintf(what, sizeof(what), "recording of %.60s", run->command);
		pack_add(p, name, what, &text, RUN_LIMIT, PACK_START, cut);
		if (!*p->run)
			snprintf(p->run, sizeof(p->run), "%s", name);
	}
	str_release(&text);
	free(name);
}

void pack_recordings(struct pack *p, const char *runs_dir)
{
	int64_t before = p->bytes;
	struct port_past *list;
	size_t count = cli_past_runs(runs_dir, &list), n;

	for (n = 0; n < count && n < RUNS && p->bytes - before < RUNS_LIMIT - RUN_LIMIT; n++)
		add_recording(p, &list[n]);
	if (!count)
		pack_missing(p, "recordings: there are none in %s", runs_dir);
	else if (count > n)
		pack_missing(p, "older recordings: only the newest %zu were taken of %s", n, runs_dir);
	port_past_free(list, count);
}

/* Each line of a PEM text by itself: logs have them so. */
static void add_pem(struct mask *known, const char *pem)
{
	for (; *pem; pem += strcspn(pem, "\n"), pem += *pem == '\n') {
		size_t n = strcspn(pem, "\r\n");
		char *line = xstrndup(pem, n);

		if (n >= LINE_MIN && *line != '-')
			mask_add(known, line);
		secret_wipe(line, n);
		free(line);
	}
}

/* The values of lines "name: value" whose names say that they are secrets. */
static void add_values(struct mask *known, const char *text)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *key = text + strspn(text, " -\""), *value;
		size_t n = strcspn(key, ":\"\n"), len;
		char *copy;

		value = key + n + strspn(key + n, ": \"");
		len = strcspn(value, "\"\n");
		if (!n || !len || !sieve_is_key(key, n))
			continue;
		copy = xstrndup(value, len);
		mask_add(known, copy);
		secret_wipe(copy, len);
		free(copy);
	}
}

static bool is_key(enum pki_pem which)
{
	return which == PKI_CA_KEY || which == PKI_ETCD_CA_KEY || which == PKI_FRONT_PROXY_CA_KEY ||
	       which == PKI_SA_KEY;
}

void pack_secrets(struct mask *known, const struct cli_run *r)
{
	struct str text = STR_INIT;

	for (int i = 0; i < PKI_SHARED; i++) {
		char *path = is_key((enum pki_pem)i) ? xasprintf("%s/%s", r->store_dir, pki_shared[i].file) : NULL;

		if (path && r->world.pki.store)
			add_pem(known, pki_store_pem(r->world.pki.store, (enum pki_pem)i));
		else if (path && file_read(path, SECRET_MAX, &text, NULL) == 0)
			add_pem(known, text.buf);
		str_wipe(&text);
		free(path);
	}
	for (int i = 0; r->world.pki.store && i < PKI_ROTATED; i++)
		if (pki_store_other_key(r->world.pki.store, (enum pki_issuer)i))
			add_pem(known, pki_store_other_key(r->world.pki.store, (enum pki_issuer)i));
	if (file_read(r->kubeconfig, SECRET_MAX, &text, NULL) == 0)
		add_values(known, text.buf);
	str_wipe(&text);
}
