/* The API server and etcd, through a tunnel over the task's host. */
#include "steps/run/run.h"

#include "base/error.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"
#include "remote/remote.h"

#include <stdio.h>
#include <string.h>

struct api_call {
	struct task *task;
	struct world *world;
	struct place at;
	int (*fn)(struct net_client *c, void *ctx, struct error *err);
	void *ctx;
};

/* In the tunnel's thread. The certificate is made again each time: nothing of it is kept anywhere. */
static int api_use(int fd, void *ctx, struct error *err)
{
	struct api_call *call = ctx;
	struct secret cert = { 0 }, key = { 0 };
	struct net_identity id;
	struct net_client *c = NULL;
	char base[96];
	int rc = -1;

	if (pki_client_certificate(call->world->pki.store, call->at.etcd ? PKI_ISSUER_ETCD : PKI_ISSUER_CLUSTER,
		    "kubewright", call->at.etcd ? NULL : "system:masters", 3600, &cert, &key, err))
		goto out;
	id = (struct net_identity){ pki_store_pem(call->world->pki.store, call->at.etcd ? PKI_ETCD_CA_CRT : PKI_CA_CRT),
		cert.text, key.text };
	snprintf(base, sizeof(base), "https://%s:%d", call->at.name, call->at.port);
	c = net_client_new(base, &id, fd, NULL);
	net_client_guard(c, lock_guard, call->task);
	rc = call->fn(c, call->ctx, err);
out:
	net_client_free(c);
	secret_release(&cert);
	secret_release(&key);
	return rc;
}

int world_api_at(struct task *t, struct place at, int (*fn)(struct net_client *c, void *ctx, struct error *err),
	void *ctx, struct error *err)
{
	struct api_call call = { .task = t, .world = world_of(t), .at = at, .fn = fn, .ctx = ctx };
	struct remote *r;
	int rc;

	lock_renew(t);
	r = task_remote(t, err);
	if (!r)
		return -1;
	rc = remote_tunnel(r, at.address, at.port, api_use, &call, err);
	if (rc && (err->kind == ERROR_NET || err->kind == ERROR_REFUSED || err->kind == ERROR_UNREACHABLE))
		error_hint(err,
			"is %s up there? see 'kubewright status'; 'kubewright apply' continues where it stopped",
			at.etcd ? "etcd" : "the API server");
	return rc;
}

int world_api(
	struct task *t, int (*fn)(struct net_client *c, void *ctx, struct error *err), void *ctx, struct error *err)
{
	return world_api_at(t, place_api(NULL), fn, ctx, err);
}

int world_any_api(
	struct task *t, int (*fn)(struct net_client *c, void *ctx, struct error *err), void *ctx, struct error *err)
{
	const struct world *w = world_of(t);
	const struct inventory *inv = w->wish.inventory;
	int lead = w->decided.lead, rc = -1;

	error_set(err, ERROR_COMMAND, "no control plane's API server answers");
	for (int i = -1; i < (int)inv->host_count; i++) {
		int host = i < 0 ? lead : i;

		if (host < 0 || (i == lead && i >= 0) || inv->hosts[host].role != INVENTORY_CONTROL_PLANE ||
			(host != task_host(t) && task_lost(t, host)))
			continue;
		memset(err, 0, sizeof(*err));
		rc = world_api_at(t, place_api(host == task_host(t) ? NULL : inv->hosts[host].address), fn, ctx, err);
		if (rc == 0 || err->kind == ERROR_CANCELLED || err->kind == ERROR_LOCKED || world_way_lost(err))
			break;
		/* it answered: the others would say the same */
		if (err->kind != ERROR_REFUSED && err->kind != ERROR_UNREACHABLE && err->kind != ERROR_TIMEOUT &&
			err->kind != ERROR_BLOCKED && err->kind != ERROR_NET)
			break;
	}
	return rc;
}
