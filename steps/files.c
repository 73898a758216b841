/* Files that kubewright manages are data: path, mode, content. One library function on the host writes them (lib.sh). */
#include "steps/steps.h"

#include "base/alloc.h"
#include "base/diff.h"
#include "base/secret.h"
#include "base/str.h"
#include "pki/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTAINERD_FILES "/etc/containerd/config.toml\n/etc/containerd/conf.d/90-kubewright.toml\n"

const char steps_managed_paths[] =
	"/etc/modules-load.d/kubewright.conf\n"
	"/etc/sysctl.d/zz-kubewright.conf\n" CONTAINERD_FILES "/etc/keepalived/keepalived.conf\n"
	"/etc/keepalived/kubewright-check\n";

void managed_add(struct managed_files *f, const char *path, unsigned mode, bool secret, const char *content, size_t len)
{
	struct managed_file *m;

	if (f->count == sizeof(f->list) / sizeof(f->list[0]))
		abort(); /* a plan's files are fixed: too many is a bug */
	m = &f->list[f->count++];
	m->path = path;
	m->mode = mode;
	m->secret = secret;
	m->content = xstrndup(content, len);
	m->len = len;
}

static bool same_as_seen(const struct managed_files *f, const struct cluster_host *h, const char **which)
{
	for (size_t i = 0; i < f->count; i++) {
		char sum[65], mode[32];

		pki_sha256_hex(f->list[i].content, f->list[i].len, sum);
		snprintf(mode, sizeof(mode), "%o 0:0", f->list[i].mode);
		if (strcmp(cluster_factf(h, "sum.%s", f->list[i].path), sum) != 0 ||
			strcmp(cluster_factf(h, "mode.%s", f->list[i].path), mode) != 0) {
			*which = f->list[i].path;
			return false;
		}
	}
	return true;
}

bool managed_check(struct task *t, const struct managed_files *f, const char **which)
{
	const struct cluster_host *h = world_facts(t);
	bool same = same_as_seen(f, h, which);

	for (size_t i = 0; !same && world_of(t)->want_texts && i < f->count; i++) {
		const struct managed_file *m = &f->list[i];
		const char *sum = cluster_factf(h, "sum.%s", m->path);
		struct str text = STR_INIT;

		if (m->secret) {
			char sum_wanted[65];

			pki_sha256_hex(m->content, m->len, sum_wanted);
			if (strcmp(sum, sum_wanted) != 0)
				str_addf(&text, "%s: is written anew; not shown, for it may hold secrets\n", m->path);
			task_output(text.buf, text.len, t);
			str_release(&text);
			continue;
		}
		diff_add(&text, m->path, strcmp(sum, "absent") == 0 ? NULL : cluster_factf(h, "text.%s", m->path),
			m->content);
		task_output(text.buf, text.len, t);
		str_release(&text);
	}
	return same;
}

/* Keeps text alive until managed_release. */
static const char *own(struct managed_files *f, char *text)
{
	f->owned[f->owned_count++] = text;
	return text;
}

size_t managed_params(struct managed_files *f, const struct remote_param **params)
{
	size_t n = 0;

	f->params[n++] = (struct remote_param){ "files", own(f, xasprintf("%zu", f->count)) };
	for (size_t i = 0; i < f->count; i++) {
		struct str data = STR_INIT;

		str_add_base64(&data, f->list[i].content, f->list[i].len);
		f->params[n].name = own(f, xasprintf("file_%zu_path", i + 1));
		f->params[n++].value = f->list[i].path;
		f->params[n].name = own(f, xasprintf("file_%zu_mode", i + 1));
		f->params[n++].value = own(f, xasprintf("%o", f->list[i].mode));
		f->params[n].name = own(f, xasprintf("file_%zu_data", i + 1));
		f->params[n++].value = own(f, str_detach(&data));
	}
	*params = f->params;
	return n;
}

bool managed_stale(const struct cluster_host *h, const char *unit)
{
	return strcmp(cluster_factf(h, "record.stale_%s", unit), "yes") == 0;
}

void managed_release(struct managed_files *f)
{
	for (size_t i = 0; i < f->owned_count; i++) {
		secret_wipe(f->owned[i], strlen(f->owned[i]));
		free(f->owned[i]);
	}
	for (size_t i = 0; i < f->count; i++) {
		secret_wipe(f->list[i].content, f->list[i].len);
		free(f->list[i].content);
	}
	f->count = f->owned_count = 0;
}
