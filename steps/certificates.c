/* What a control plane gets of the PKI before kubeadm runs: the shared CAs and leaves with the right names. */
#include "steps/steps.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "steps/host/scripts.h"
#include "steps/rotate.h"
#include "steps/run/want.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const certificates_words[] = { "placed", "pki_manifest", "ca_keys", "ca_keys_left", "ca_signs",
	"ca_apart", "error", "hint", NULL };

enum step_verdict certificates_check(struct task *t, struct error *why)
{
	const struct cluster_host *h = world_facts(t);
	const char *manifest = cluster_fact(h, "pki_manifest");

	/* kubeadm renews leaves on a living control plane: what it has then is its own business as long as its CA is ours */
	if (world_installed(h) || (strcmp(manifest, "ok") == 0 && !custody_differs(world_of(t), h)))
		return STEP_DONE;
	return step_needed(why, EVIDENCE_CERTIFICATES, NULL, "%s",
		strcmp(manifest, "absent") == 0 ? "places keys, certificates and kubeconfigs"
						: "replaces changed certificates");
}

/* Every name the API server may be called by: the endpoint, all control planes, this machine's own loopback. */
static size_t more_names(const struct inventory *inv, const char **names, size_t max)
{
	size_t n = 0;

	names[n++] = "127.0.0.1";
	names[n++] = "localhost";
	for (size_t i = 0; i < inv->host_count && n < max - 1; i++)
		if (inv->hosts[i].role == INVENTORY_CONTROL_PLANE) {
			names[n++] = inv->hosts[i].address;
			if (n < max)
				names[n++] = inv->hosts[i].name;
		}
	return n;
}

static void each_name(const struct json *config, void (*fn)(const char *name, void *ctx), void *ctx)
{
	const struct json *names = json_get(config, "apiServer.certSANs");

	for (size_t i = 0; i < json_size(names); i++) {
		const char *name = json_text(json_at(names, i));

		if (name && *name && strlen(name) < 256)
			fn(name, ctx);
	}
}

void kubeadm_cert_sans(const char *configuration, void (*fn)(const char *name, void *ctx), void *ctx)
{
	struct json *c = inventory_yaml(configuration, strlen(configuration), NULL);

	each_name(c, fn, ctx);
	json_free(c);
}

void kubeadm_asked_names(const struct inventory *inv, void (*fn)(const char *name, void *ctx), void *ctx)
{
	each_name(json_get(inv->kubeadm_extra, "ClusterConfiguration"), fn, ctx);
}

struct names {
	const char *list[128];
	size_t count;
	struct arena arena;
};

static void add_living(const char *name, void *ctx)
{
	struct names *names = ctx;

	if (names->count < sizeof(names->list) / sizeof(names->list[0]))
		names->list[names->count++] = arena_strdup(&names->arena, name);
}

/* Patch number of "1.36.2". */
static int patch_of(const char *version)
{
	const char *dot = strrchr(version, '.');

	return dot ? atoi(dot + 1) : 0;
}

int certificates_make(const struct world *w, int host, struct pki_files *out, struct error *err)
{
	const struct inventory *inv = w->wish.inventory;
	struct names names = { .count = more_names(inv, names.list, 64) };
	char service_ip[16];
	int rc;

	kubeadm_asked_names(inv, add_living, &names);
	/* kubeadm's join wants what the cluster began with, control planes among it that are gone since */
	kubeadm_cert_sans(
		json_get_str(w->seen.cluster.kubeadm_config, "data.ClusterConfiguration", ""), add_living, &names);
	struct pki_node node = {
		.cluster = inv->cluster,
		.name = inv->hosts[host].name,
		.address = inv->hosts[host].address,
		.endpoint = inventory_endpoint(inv),
		.port = inv->endpoint.port,
		.bind_port = PLACE_API_PORT,
		.service_ip = service_ip,
		.dns_domain = inv->network.dns_domain,
		.more_sans = names.list,
		.more_san_count = names.count,
		.admin_org = w->wish.release->admin_org,
		.kubelet_client_org = patch_of(w->decided.version) < w->wish.release->kubelet_client_org_before
					      ? w->wish.release->admin_org
					      : NULL,
		.super_admin = w->wish.release->super_admin && host == w->decided.init_host,
		.no_ca_keys = inventory_keeps_ca_keys(inv),
		.signing_apart = w->decided.signing_apart || signing_was_apart(w),
		.days = 365,
	};

	if (inventory_cidr_nth(inv->network.services, 1, service_ip))
		rc = error_set(err, ERROR_INVENTORY, "network.services %s has no first address", inv->network.services);
	else
		rc = pki_control_plane_files(w->pki.store, &node, out, err);
	arena_release(&names.arena);
	return rc;
}

int certificates_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct items files = { 0 };
	struct pki_files made = { 0 };
	struct remote_answer answer = { 0 };
	char pin[80];
	int rc = -1;

	if (certificates_make(world_of(t), task_host(t), &made, err))
		goto out;
	for (size_t i = 0; i < made.count; i++)
		items_add(&files, (struct item){ .kind = ITEM_FILE,
					  .key = made.list[i].path,
					  .mode = made.list[i].mode,
					  .secret = true,
					  .want = made.list[i].content.text });
	pki_store_pin(w->pki.store, pin, sizeof(pin));
	items_params(&files);
	items_param(&files, "init", task_host(t) == w->decided.init_host ? "yes" : "no");
	items_param(&files, "cluster", w->wish.inventory->cluster);
	items_param(&files, "ca_pin", pin);
	/* the controller manager of a control plane that is one already may sign with them: that is custody's business */
	items_param(&files, "no_ca_keys",
		inventory_keeps_ca_keys(w->wish.inventory) && !world_installed(world_facts(t)) ? "yes" : "no");
	rc = world_script(t, "certificates", host_script_certificates, files.params, files.param_count,
		certificates_words, &answer, SCRIPT_CHANGE_MS, err);
	world_learn(t, &answer);
	remote_answer_release(&answer);
out:
	pki_files_release(&made);
	items_release(&files);
	return rc;
}
