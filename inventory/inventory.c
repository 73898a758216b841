/* Loading: file, tree, --set, walk, checks; and what is asked of a loaded inventory. */
#include "inventory/private.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The absolute folder of a file. */
static char *folder_of(const char *name)
{
	const char *slash = strrchr(name, '/');
	char *here, *folder;

	if (slash && name[0] == '/')
		return slash == name ? xstrdup("/") : xstrndup(name, (size_t)(slash - name));
	if (str_starts(name, "./"))
		name += 2;
	slash = strrchr(name, '/');
	here = getcwd(NULL, 0);
	folder = xasprintf("%s%s%.*s", here ? here : "", slash ? "/" : "", slash ? (int)(slash - name) : 0, name);
	free(here);
	return folder;
}

/* The tree's root as a map, or false with a complaint. */
static bool sound_root(struct inventory_load *l, size_t set_count)
{
	if (l->errors && !l->root)
		return false;
	if (!l->root && set_count)
		l->root = inventory_node_new(l, INVENTORY_KIND_MAP, NULL);
	if (!l->root || inventory_node_empty(l->root))
		inventory_complain(l, NULL, "the file is empty; 'kubewright init' writes a sample");
	else if (l->root->kind != INVENTORY_KIND_MAP)
		inventory_complain(l, l->root,
			"the file must be a map of keys and values, like 'cluster: NAME', not %s",
			inventory_kind_name(l->root));
	else
		return true;
	return false;
}

/* Where Kubernetes' own repository, and mirrors of it, have a folder for each minor version, ".../v1.36/deb/", that of the version is meant. */
static const char *of_version(struct inventory *inv, const char *url)
{
	const char *version = inv->kubernetes.version, *at = url, *end;
	int n = 0;

	if (!url || !version || sscanf(version, "1.%*d%n", &n) != 0 || !n)
		return url;
	while ((at = strstr(at, "/v1.")) != NULL) {
		end = at + 4 + strspn(at + 4, "0123456789");
		if (end > at + 4 && (*end == '/' || *end == '\0'))
			return arena_printf(&inv->arena, "%.*s/v%.*s%s", (int)(at - url), url, n, version, end);
		at++;
	}
	return url;
}

static struct inventory *parse(const char *name, const char *text, size_t len, const char *const *sets,
	size_t set_count, bool draft, struct inventory_problems *problems, struct error *err)
{
	struct inventory_problems *own = xcalloc(1, sizeof(*own));
	struct inventory *inv = xcalloc(1, sizeof(*inv));
	bool unseen = !name;
	struct inventory_load l = { .inv = inv,
		.name = unseen ? name = "sample" : name,
		.unseen = unseen,
		.text = text,
		.len = len,
		.draft = draft,
		.problems = problems ? problems : own };

	*l.problems = (struct inventory_problems){ 0 };
	/* a copy that ends with a NUL, so that looking for ends of lines and words in it is safe */
	if (len <= INVENTORY_MAX_FILE)
		l.text = arena_strndup(&l.arena, text, len);
	l.folder = folder_of(name);
	inv->path = arena_strdup(&inv->arena, name);
	inventory_tree_read(&l);
	if (sound_root(&l, set_count)) {
		for (size_t i = 0; i < set_count; i++)
			inventory_set(&l, sets[i]);
		inventory_walk(&l);
		inventory_check(&l);
		inv->kubernetes.repository.url = of_version(inv, inv->kubernetes.repository.url);
		inv->kubernetes.repository.key_url = of_version(inv, inv->kubernetes.repository.key_url);
	}
	inventory_excerpts(&l);
	if (l.errors) {
		inventory_problems_error(l.problems, name, l.errors, err);
		inventory_free(inv);
		inv = NULL;
	}
	arena_release(&l.arena);
	free(l.folder);
	free(own);
	return inv;
}

struct inventory *inventory_parse(const char *name, const char *text, size_t len, const char *const *sets,
	size_t set_count, struct inventory_problems *problems, struct error *err)
{
	return parse(name, text, len, sets, set_count, false, problems, err);
}

static struct inventory *load(const char *path, const char *const *sets, size_t set_count, bool draft,
	struct inventory_problems *problems, struct error *err)
{
	struct str text = STR_INIT;
	struct inventory *inv = NULL;

	if (problems)
		*problems = (struct inventory_problems){ 0 };
	if (file_read(path, INVENTORY_MAX_FILE, &text, err)) {
		if (err)
			err->kind = ERROR_INVENTORY;
		if (access(path, F_OK))
			error_hint(err, "create one with 'kubewright init', or name another with -f FILE");
	} else {
		inv = parse(path, text.buf, text.len, sets, set_count, draft, problems, err);
	}
	str_release(&text);
	return inv;
}

struct inventory *inventory_load(const char *path, const char *const *sets, size_t set_count,
	struct inventory_problems *problems, struct error *err)
{
	return load(path, sets, set_count, false, problems, err);
}

struct inventory *inventory_load_draft(const char *path, struct inventory_problems *problems, struct error *err)
{
	return load(path, NULL, 0, true, problems, err);
}

void inventory_free(struct inventory *inv)
{
	if (!inv)
		return;
	json_free(inv->kubelet_config);
	json_free(inv->kubeproxy_config);
	json_free(inv->kubeadm_extra);
	arena_release(&inv->arena);
	free(inv);
}

const struct inventory_host *inventory_find(const struct inventory *inv, const char *name)
{
	for (size_t i = 0; i < inv->host_count; i++)
		if (strcmp(inv->hosts[i].name, name) == 0)
			return &inv->hosts[i];
	return NULL;
}

size_t inventory_count(const struct inventory *inv, enum inventory_role role)
{
	size_t n = 0;

	for (size_t i = 0; i < inv->host_count; i++)
		n += inv->hosts[i].role == role;
	return n;
}

size_t inventory_quorum(size_t voters)
{
	return voters / 2 + 1;
}

bool inventory_even(const struct inventory *inv, char *why, size_t size)
{
	size_t n = inventory_count(inv, INVENTORY_CONTROL_PLANE), needed = inventory_quorum(n);

	if (!n || n % 2)
		return false;
	snprintf(why, size,
		"%zu control planes: etcd needs %zu of %zu (its quorum), so %zu may fail, no better than with %zu; use %zu or %zu",
		n, needed, n, n - needed, n - 1, n - 1, n + 1);
	return true;
}

const char *inventory_endpoint(const struct inventory *inv)
{
	if (inv->endpoint.vip || inv->endpoint.host)
		return inv->endpoint.vip ? inv->endpoint.vip : inv->endpoint.host;
	for (size_t i = 0; i < inv->host_count; i++)
		if (inv->hosts[i].role == INVENTORY_CONTROL_PLANE)
			return inv->hosts[i].address;
	return "";
}

bool inventory_keeps_swap(const struct inventory *inv)
{
	return inv->kubelet_config && !json_get_bool(inv->kubelet_config, "failSwapOn", true);
}

bool inventory_keeps_ca_keys(const struct inventory *inv)
{
	return inv->pki.ca_keys && strcmp(inv->pki.ca_keys, "operator") == 0;
}

bool inventory_signs_serving(const struct inventory *inv)
{
	return inv->pki.kubelet_serving && strcmp(inv->pki.kubelet_serving, "cluster") == 0;
}
