/* The certificates for programs. */
#include "cli/run.h"

#include "base/clock.h"
#include "base/json.h"
#include "inventory/inventory.h"

#include <string.h>

static void set_time(struct json *j, const char *key, int64_t s)
{
	char text[32];

	clock_rfc3339(s * 1000, text, sizeof(text));
	json_set_str(j, key, text);
}

static void set_readers(struct json *j, const struct certs_file *f)
{
	struct json *list = json_set(j, "readers", json_array());

	for (size_t i = 0; f->kind && !f->unused && i < CERTS_READERS && f->kind->readers[i].name; i++) {
		struct json *reader = json_add(list, json_object());

		json_set_str(reader, "name", f->kind->readers[i].name);
		json_set_bool(reader, "restart", f->kind->readers[i].restarts);
	}
	json_set_bool(j, "renewed_by_reader", f->kind && f->kind->renewed);
}

static void set_names(struct json *j, const struct pki_cert *cert)
{
	static const char *const kinds[] = { [PKI_NAME_DNS] = "dns",
		[PKI_NAME_IP] = "ip",
		[PKI_NAME_URI] = "uri",
		[PKI_NAME_EMAIL] = "email",
		[PKI_NAME_OTHER] = "other" };
	struct json *list;

	list = json_set(j, "organisations", json_array());
	for (size_t i = 0; i < cert->org_count; i++)
		json_add(list, json_string(cert->orgs[i]));
	list = json_set(j, "sans", json_array());
	for (size_t i = 0; i < cert->san_count; i++) {
		struct json *name = json_add(list, json_object());

		json_set_str(name, "type", kinds[cert->sans[i].kind]);
		json_set_str(name, "value", cert->sans[i].text);
	}
	if (cert->sans_left_out)
		json_set_int(j, "sans_left_out", (int64_t)cert->sans_left_out);
}

/* cert NULL: the file has none that can be read. */
static void add_cert(struct json *list, const struct certs_file *f, const struct pki_cert *cert, size_t index,
	const struct certs_report *c)
{
	struct json *j = json_add(list, json_object());

	json_set_str(j, "file", f->path);
	json_set_int(j, "index", (int64_t)index);
	json_set_str(j, "state", certs_state_name(certs_state(f, cert, c->run->inventory, c->now_s)));
	set_readers(j, f);
	if (!cert)
		return;
	json_set_str(j, "subject_cn", cert->info.subject_cn);
	json_set_str(j, "issuer_cn", cert->info.issuer_cn);
	set_names(j, cert);
	json_set_bool(j, "ca", cert->info.is_ca);
	json_set_str(j, "key_algorithm", cert->algorithm);
	json_set_int(j, "key_bits", cert->bits);
	set_time(j, "not_before", cert->info.not_before);
	set_time(j, "not_after", cert->info.not_after);
	json_set_int(j, "days_left", certs_days(cert->info.not_after, c->now_s));
	json_set_str(j, "sha256", cert->info.sha256);
}

static void add_key(struct json *list, const struct certs_file *f, const struct pki_public *key, size_t index)
{
	struct json *j = json_add(list, json_object());

	json_set_str(j, "file", f->path);
	json_set_int(j, "index", (int64_t)index);
	set_readers(j, f);
	json_set_str(j, "key_algorithm", key->algorithm);
	json_set_int(j, "key_bits", key->bits);
	json_set_str(j, "sha256", key->pin + strcspn(key->pin, ":") + 1);
}

static void set_host(struct json *j, const struct certs_host *h, const struct certs_report *c)
{
	struct json *certs = json_set(j, "certificates", json_array());
	struct json *keys = json_set(j, "public_keys", json_array());
	struct json *files = json_set(j, "files_left_out", json_array());
	size_t more = h->more;

	for (size_t i = 0; i < h->count; i++) {
		const struct certs_file *f = &h->files[i];

		for (size_t k = 0; k < f->count; k++)
			add_cert(certs, f, &f->list[k], k, c);
		for (size_t k = 0; k < f->key_count; k++)
			add_key(keys, f, &f->keys[k], k);
		if (!f->count && !f->key_count)
			add_cert(certs, f, NULL, 0, c);
		more += f->left_out;
	}
	for (const char *p = h->left_out ? h->left_out : ""; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		struct str line = STR_INIT;

		str_addn(&line, p, strcspn(p, "\n"));
		json_add(files, json_string(line.buf));
		str_release(&line);
	}
	json_set_int(j, "left_out", (int64_t)more);
}

static void add_group(const struct certs_report *c, const char *name, const char *sum, struct json *list)
{
	struct json *j = json_add(list, json_object()), *hosts;
	bool here = false;

	json_set_str(j, "sha256", sum);
	hosts = json_set(j, "hosts", json_array());
	for (size_t i = 0; i < c->host_count; i++) {
		const struct certs_file *f = certs_shared(c->hosts[i], name);
		const struct inventory_host *host = certs_report_host(c, i);

		if (!f || strcmp(f->sum, sum) != 0)
			continue;
		if (host)
			json_add(hosts, json_string(host->name));
		here |= !host;
	}
	json_set_bool(j, "this_machine", here);
}

static void set_differences(const struct certs_report *c, struct json *list)
{
	for (size_t s = 0; s < PKI_SHARED; s++) {
		const char *name = pki_shared[s].file;
		struct json *groups = NULL;

		for (size_t i = 0; i < c->host_count; i++) {
			if (!certs_report_first(c, name, i))
				continue;
			if (!groups) {
				struct json *j = json_add(list, json_object());

				json_set_str(j, "file", name);
				groups = json_set(j, "groups", json_array());
			}
			add_group(c, name, certs_shared(c->hosts[i], name)->sum, groups);
		}
	}
}

struct json *certs_json(const struct certs_report *c)
{
	struct json *j = json_object(), *hosts;

	json_set_str(j, "cluster", c->run->inventory->cluster);
	set_time(j, "now", c->now_s);
	json_set_int(j, "warning_days", c->run->inventory->pki.warn_days);
	json_set_int(j, "critical_days", c->run->inventory->pki.critical_days);
	hosts = json_set(j, "hosts", json_array());
	for (size_t i = 0; i < c->host_count; i++) {
		const struct inventory_host *host = certs_report_host(c, i);
		const struct error *e = host && c->run->engine ? engine_host_error(c->run->engine, (int)i) : NULL;
		struct json *h;

		if (!c->hosts[i])
			continue;
		h = host ? json_add(hosts, json_object()) : json_set(j, "this_machine", json_object());
		if (host) {
			json_set_str(h, "name", host->name);
			json_set_str(h, "role", host->role == INVENTORY_WORKER ? "worker" : "control-plane");
			json_set_bool(h, "reached", c->hosts[i]->looked);
		}
		set_host(h, c->hosts[i], c);
		if (e)
			json_set(h, "error", cli_error_json(e));
	}
	set_differences(c, json_set(j, "differences", json_array()));
	json_set(j, "rotations", certs_rotations_json(c->run->store_dir));
	return j;
}
