/* kubewright support [FILE]: one archive, without a secret, for somebody who helps. */
#include "cli/support_pack.h"

#include "base/alloc.h"
#include "base/archive.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/secret.h"
#include "cli/run.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1u << 20)
#define MANIFEST_LIMIT (4u << 20)

struct support {
	const struct cli_options *options;
	struct cli_run *run;
	struct cli_options again;
	struct error load, keys, look; /* kind 0: the inventory was read, the keys were had, the hosts were asked */
	bool asked, cancelled;
	char cluster[64], time[24];
	char *folder, *path; /* folder: in the archive */
	struct mask *own;    /* when the run has none */
	struct pack pack;
	struct str listing; /* MANIFEST, for the wizard */
	int64_t size;       /* of the archive, when it is whole */
};

/* What stands behind "cluster:" in an inventory that cannot be read; "unknown": nothing that could be a name. */
static void guess_cluster(struct support *s)
{
	struct str text = STR_INIT;
	const char *at;

	snprintf(s->cluster, sizeof(s->cluster), "unknown");
	if (file_read(s->options->file, FILE_MAX, &text, NULL) == 0) {
		at = str_starts(text.buf, "cluster:") ? text.buf : strstr(text.buf, "\ncluster:");
		at = at ? strchr(at, ':') + 1 : "";
		at += strspn(at, " \"'");
		size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-");

		if (n > 0 && n < sizeof(s->cluster))
			snprintf(s->cluster, sizeof(s->cluster), "%.*s", (int)n, at);
	}
	str_wipe(&text);
}

static void name_archive(struct support *s)
{
	int64_t now = clock_wall_ms();
	char text[32];

	if (s->load.kind)
		guess_cluster(s);
	else
		snprintf(s->cluster, sizeof(s->cluster), "%s", s->run->inventory->cluster);
	/* 2026-03-01T12:00:00Z, without what a shell or another system takes amiss */
	clock_rfc3339(now, text, sizeof(text));
	snprintf(s->time, sizeof(s->time), "%.4s%.2s%.2sT%.2s%.2s%.2sZ", text, text + 5, text + 8, text + 11, text + 14,
		text + 17);
	s->folder = xasprintf("kubewright-support-%s-%s", s->cluster, s->time);
	s->path = s->options->arg_count ? xstrdup(s->options->args[0]) : xasprintf("%s.tar.gz", s->folder);
	s->pack.archive = archive_begin(s->path, s->folder, now, &s->pack.err);
	s->pack.failed = !s->pack.archive;
}

/* Asks the hosts, if there is an inventory that names them; whatever goes wrong is noted. */
static void look(struct support *s)
{
	struct engine_result result = { 0 };
	struct cli_run *r = s->run;

	cli_run_show(r);
	if (cli_run_execute(r, &s->look))
		return;
	engine_result(r->engine, &result);
	s->asked = true;
	s->cancelled = result.cancelled;
}

static void add_versions(struct pack *p)
{
	struct str text = STR_INIT;

	cli_versions(&text);
	pack_add(p, "versions.txt", "versions of kubewright and of its libraries", &text, FILE_MAX, PACK_START, NULL);
	str_release(&text);
}

/* Last: it lists the others. */
static void add_manifest(struct support *s)
{
	struct pack *p = &s->pack;
	struct str text = STR_INIT;

	str_addf(&text, "What 'kubewright support' took of cluster %s at %s.\n\n", s->cluster, s->time);
	str_add(&text,
		"Secrets that are known, and what looks like one, are replaced by three dots. Names of hosts, addresses,\n"
		"serial numbers and the words of logs are not. Of digests and ids of 64 digits the first 8 are shown.\n\n"
		"A run is shown by 'kubewright replay runs/RUN.jsonl', or as a table with --timeline.\n\n"
		"    bytes  file                                  what\n");
	str_add(&text, p->manifest.buf);
	str_addf(&text, "\nNot in it:\n%s", p->missing.len ? p->missing.buf : "  nothing is missing\n");
	str_clear(&p->manifest);
	str_add(&s->listing, text.buf);
	pack_add(p, "MANIFEST", "", &text, MANIFEST_LIMIT, PACK_START, NULL);
	str_release(&text);
}

static void fill(struct support *s)
{
	struct pack *p = &s->pack;
	char *runs_dir = NULL;

	if (s->run->mask)
		p->known = s->run->mask;
	else
		p->known = s->own = mask_new();
	if (!s->load.kind)
		pack_secrets(p->known, s->run);
	add_versions(p);
	pack_inventory(p, s->options);
	if (s->asked && s->keys.kind)
		pack_missing(p, "what the API and etcd say: %s; %s", s->keys.what, s->keys.hint);
	if (s->asked)
		pack_hosts(p, s->run);
	else if (s->look.kind)
		pack_missing(p, "all of the hosts: %s; %s", s->look.what, s->look.hint);
	else
		pack_missing(p, "all of the hosts: the inventory could not be read");
	runs_dir = cli_runs_dir(s->cluster, NULL);
	if (runs_dir)
		pack_recordings(p, runs_dir);
	free(runs_dir);
	add_manifest(s);
}

static void tell(const struct support *s)
{
	const struct pack *p = &s->pack;
	char kib[32];

	snprintf(kib, sizeof(kib), "%lld KiB", (long long)((s->size + 1023) / 1024));
	printf("%s%s%s: %u files, %s", cli_color(stdout, CLI_BOLD), s->path, cli_color(stdout, CLI_PLAIN), p->files,
		kib);
	if (p->cut)
		printf("; %u of them cut to their limit", p->cut);
	puts("");
	if (p->missing.len)
		printf("not in it:\n%s", p->missing.buf);
	puts("\nSecrets are replaced by dots; names, addresses and serial numbers are not. MANIFEST in it lists everything:\n"
	     "look through it before you hand it on.");
	printf("next: tar -xzf %s && less %s/MANIFEST\n", s->path, s->folder);
	if (*p->run)
		printf("its newest run, then: kubewright replay %s/%s\n", s->folder, p->run);
}

/* Packs, and puts the archive in its place; -1: there is none. cancels: what is looked at for a cancellation, last. */
static int pack(struct support *s, bool (*cancels)(void))
{
	struct pack *p = &s->pack;

	fill(s);
	s->cancelled = (cancels && cancels()) || s->cancelled;
	if (!s->cancelled && !p->failed && archive_end(p->archive, &s->size, &p->err) == 0) {
		p->archive = NULL;
		return 0;
	}
	if (!s->cancelled && !p->failed)
		p->archive = NULL;
	if (s->cancelled)
		error_set(&p->err, ERROR_CANCELLED, "cancelled; no archive was written");
	else
		error_hint(&p->err, "make room there, or name a file in another folder");
	return -1;
}

/* The first Ctrl-C leaves nothing half written. */
static bool interrupted(void)
{
	cli_signals_running(false);
	return cli_signals_taken();
}

/* Returns the exit status. */
static int pack_and_tell(struct support *s)
{
	cli_signals_running(true);
	if (pack(s, interrupted))
		return cli_fail(&s->pack.err);
	tell(s);
	return 0;
}

/* Without the cluster's keys its hosts may be asked all the same. */
static void open_run(struct support *s)
{
	struct cli_run *r = s->run;

	if (cli_run_open(r, KIND_SUPPORT, &s->keys) == 0)
		return;
	cli_run_release(r);
	s->again = *s->options;
	s->again.warned = true;
	if (cli_run_load(r, &s->again, &s->look) == 0 && cli_run_open(r, KIND_SUPPORT_HOSTS, &s->look) == 0)
		fputs("note: the API and etcd are not asked\n", stderr);
	cli_error_print(stderr, s->look.kind ? &s->look : &s->keys);
}

static int support(struct support *s)
{
	struct cli_run *r = s->run;

	if (cli_run_load(r, s->options, &s->load)) {
		if (s->load.kind == ERROR_USAGE)
			return cli_fail(&s->load);
		cli_error_print(stderr, &s->load);
	} else {
		open_run(s);
	}
	if (s->load.kind || s->look.kind)
		fputs("note: the hosts are not asked; the archive has what this machine knows\n", stderr);
	name_archive(s);
	if (s->pack.failed)
		return cli_fail(&s->pack.err);
	if (!s->load.kind && !s->look.kind)
		look(s);
	if (!s->cancelled)
		return pack_and_tell(s);
	error_set(&s->pack.err, ERROR_CANCELLED, "cancelled; no archive was written");
	return cli_fail(&s->pack.err);
}

static void begin(struct support *s)
{
	str_init(&s->pack.manifest);
	str_init(&s->pack.missing);
	str_init(&s->listing);
}

static void end(struct support *s)
{
	archive_drop(s->pack.archive);
	mask_free(s->own);
	str_release(&s->pack.manifest);
	str_release(&s->pack.missing);
	str_release(&s->listing);
	free(s->folder);
	free(s->path);
}

int cli_support(const struct cli_options *o)
{
	struct cli_run run = { 0 };
	struct support s = { .options = o, .run = &run };
	int status;

	begin(&s);
	status = support(&s);
	end(&s);
	cli_run_release(&run);
	return status;
}

int cli_support_make(
	struct cli_run *r, const struct error *keys, struct support_made *out, struct str *listing, struct error *err)
{
	struct support s = { .options = r->options, .run = r, .asked = true };
	int rc = -1;

	if (keys)
		s.keys = *keys;
	begin(&s);
	name_archive(&s);
	if (!s.pack.failed)
		rc = pack(&s, NULL);
	if (rc == 0) {
		char *full = realpath(s.path, NULL);

		*out = (struct support_made){ full ? full : xstrdup(s.path), s.pack.files, s.pack.cut, s.size };
		str_add(listing, s.listing.buf);
	} else {
		*err = s.pack.err;
	}
	end(&s);
	return rc;
}
