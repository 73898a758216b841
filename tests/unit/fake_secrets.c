/* Secrets of the machines of fake_cluster.h, which their API servers write and read as the file says that each was started with. */
#include "tests/unit/fake_cluster.h"

#include "base/json.h"
#include "cluster/encryption.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BELOW "/registry/secrets/"

static void providers(const struct machine *m, struct encryption *e)
{
	lab_insist(encryption_of_path(m->encryption, e), "an API server with a file that is not kubewright's");
}

static bool reads(const struct machine *m, const struct lab_secret *s)
{
	struct encryption e;
	bool can = false;

	providers(m, &e);
	for (size_t i = 0; i < e.count; i++)
		can = can || strcmp(e.by[i], s->by) == 0;
	return can;
}

static void write_one(const struct machine *m, struct lab_secret *s)
{
	struct encryption e;

	providers(m, &e);
	snprintf(s->by, sizeof(s->by), "%s", e.by[0]);
}

static struct lab_secret *find(struct lab *l, const char *name)
{
	for (size_t i = 0; i < l->secret_count; i++)
		if (strcmp(l->secrets[i].name, name) == 0)
			return &l->secrets[i];
	return NULL;
}

void lab_secrets_used(struct lab *l)
{
	for (int i = 0; i < 3; i++) {
		char name[16];
		struct lab_secret *s;

		if (!lab_has_api(&l->machines[i]))
			continue;
		snprintf(name, sizeof(name), "of-%d", i);
		s = find(l, name);
		if (!s) {
			s = &l->secrets[l->secret_count++];
			snprintf(s->name, sizeof(s->name), "%s", name);
		}
		write_one(&l->machines[i], s);
	}
	for (int i = 0; i < 3; i++)
		for (size_t k = 0; lab_has_api(&l->machines[i]) && k < l->secret_count; k++)
			lab_insist(reads(&l->machines[i], &l->secrets[k]), "a Secret that an API server cannot read");
}

/* Their names, two at a time. */
static void list(const struct lab *l, const char *path, struct str *out)
{
	const char *at = strstr(path, "&continue=s");
	const char *limit = strstr(path, "limit=");
	size_t from = at ? (size_t)(at[strlen("&continue=s")] - 'a') : 0, i = from;

	lab_insist(limit && atoi(limit + strlen("limit=")) * 6 * 256 <= 32 * 1024,
		"a list of Secrets whose annotations may be more than an answer");
	str_add(out, "{\"kind\":\"PartialObjectMetadataList\",\"items\":[");
	for (; i < l->secret_count && i < from + 2; i++)
		str_addf(out, "%s{\"metadata\":{\"namespace\":\"default\",\"name\":\"%s\"}}", i > from ? "," : "",
			l->secrets[i].name);
	str_add(out, "],\"metadata\":{");
	if (i < l->secret_count)
		str_addf(out, "\"continue\":\"s%c\"", (char)('a' + i));
	str_add(out, "}}");
}

int lab_answer_secrets(struct machine *m, const char *method, const char *path, struct str *out)
{
	static const char one[] = "/api/v1/namespaces/default/secrets/";
	struct lab_secret *s;
	char name[16];

	/* those of service accounts are others' */
	if (strncmp(path, "/api/v1/secrets?", 16) == 0 && !strstr(path, "fieldSelector="))
		return list(m->lab, path, out), 200;
	if (strncmp(path, one, strlen(one)) != 0 || strcmp(method, "PATCH") != 0)
		return 0;
	path += strlen(one);
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(path, "?"), path);
	s = find(m->lab, name);
	if (m->lab->conflicts) {
		m->lab->conflicts--;
		return str_add(out, "{}"), 409;
	}
	if (!s)
		return str_add(out, "{}"), 404;
	write_one(m, s);
	m->lab->rewrites++;
	if (m->lab->on_turn)
		m->lab->on_turn(m->lab, m->index);
	return str_add(out, "{\"kind\":\"PartialObjectMetadata\"}"), 200;
}

/* From a key on, two at a time; the places of their list are their order. */
int lab_secrets_range(struct lab *l, const char *body, struct str *out)
{
	struct json *q = json_parse(body, strlen(body), NULL);
	const char *key = json_get_str(q, "key", "");
	struct str from = STR_INIT;
	size_t i = 0, said = 0;

	str_add_unbase64(&from, key, strlen(key));
	json_free(q);
	if (!str_starts(from.buf, BELOW)) {
		str_release(&from);
		return 0;
	}
	while (i < l->secret_count && strcmp(from.buf, BELOW) != 0 &&
		strcmp(from.buf + strlen(BELOW "default/"), l->secrets[i].name) != 0)
		i++;
	i += strcmp(from.buf, BELOW) != 0;
	str_release(&from);
	str_add(out, "{\"header\":{},\"kvs\":[");
	for (; i < l->secret_count && said < 2; i++, said++) {
		char name[64], value[128], prefix[64];

		snprintf(name, sizeof(name), BELOW "default/%s", l->secrets[i].name);
		encryption_prefix(l->secrets[i].by, prefix);
		snprintf(value, sizeof(value), "%s%s", *prefix ? prefix : "k8s", "\n0123456789");
		str_addf(out, "%s{\"key\":\"", said ? "," : "");
		if (l->strange_key && i + 1 == l->secret_count)
			snprintf(name, sizeof(name), "%s", l->strange_key);
		str_add_base64(out, name, strlen(name));
		str_add(out, "\",\"value\":\"");
		str_add_base64(out, value, strlen(value));
		str_add(out, "\"}");
	}
	str_addf(out, "]%s}", i < l->secret_count ? ",\"more\":true" : "");
	return 200;
}
