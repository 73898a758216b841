/*
 * What the cluster says of the Pods that it cannot do without, and whether its API server reaches each kubelet. Each question has seconds, all of them together a
 * quarter of a minute; what is not answered is noted as not known, and never makes the survey fail.
 */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "cluster/requests.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stdio.h>
#include <string.h>

#define ASK_MS 4000
#define ALL_MS 15000
#define PAGE_MAX (4 << 20)
#define PAGES 40
#define SYSTEM "/api/v1/namespaces/kube-system/"

static struct json *get(
	const struct survey_look *l, struct net_client *c, const char *path, long *status, struct error *err)
{
	struct net_response r = { 0, STR_INIT };
	struct json *j = NULL;

	*status = 0;
	if (clock_mono_ms() > l->deadline)
		return error_set(err, ERROR_TIMEOUT, "there was no time left to ask"), NULL;
	if (net_do(c, &(struct net_request){ .path = path, .timeout_ms = ASK_MS, .max = PAGE_MAX }, &r, err) == 0) {
		*status = r.status;
		j = json_parse(r.body.buf, r.body.len, err);
		if (j && r.status != 200) {
			error_set(err, ERROR_NET, "HTTP %ld: %s", r.status, json_get_str(j, "message", ""));
			json_free(j);
			j = NULL;
		}
	}
	str_release(&r.body);
	return j;
}

/* The next page of Pods; "" in token: that was the last. */
static int ask_page(const struct survey_look *l, struct net_client *c, char *token, size_t size, struct error *err)
{
	char path[2300];
	struct json *page;
	long status;
	int rc;

	snprintf(path, sizeof(path), SYSTEM "pods?limit=100%s%s", *token ? "&continue=" : "", token);
	page = get(l, c, path, &status, err);
	if (!page)
		return -1;
	rc = cluster_pods_add(l->out, page, err);
	if (rc || (rc = world_next_page(page, token, size, err)) != 0)
		*token = '\0';
	json_free(page);
	return rc;
}

int survey_ask_pods(struct net_client *c, void *ctx, struct error *err)
{
	struct survey_look *l = ctx;
	struct cluster_pods *pods = &l->out->pods;
	struct error local = { 0 };
	char token[2048] = "";
	struct json *j;
	long status;
	int pages = 0;

	(void)err;
	do {
		if (ask_page(l, c, token, sizeof(token), &local))
			cluster_pods_unknown(pods, "the Pods of kube-system: %.120s", local.what);
	} while (*token && ++pages < PAGES);
	if (*token)
		cluster_pods_unknown(pods, "the Pods of kube-system: there are too many");
	/* the connection may be lost with that */
	if (pods->unknown[0])
		return 0;
	/* why they are not Ready stands there, and nowhere else */
	if (pods->count &&
		(j = get(l, c, SYSTEM "events?fieldSelector=type%3DWarning&limit=500", &status, &local)) != NULL) {
		cluster_pods_events(pods, j);
		json_free(j);
	}
	j = get(l, c, "/apis/certificates.k8s.io/v1/certificatesigningrequests?limit=500", &status, &local);
	if (j)
		l->out->requests = requests_waiting(j, clock_wall_ms() / 1000);
	else
		cluster_pods_unknown(pods, "the CertificateSigningRequests: %.120s", local.what);
	json_free(j);
	j = get(l, c, SYSTEM "endpoints/kube-dns", &status, &local);
	if (j)
		cluster_pods_dns(pods, j);
	else if (status == 404)
		pods->dns = DNS_NONE;
	else
		cluster_pods_unknown(pods, "the endpoints of kube-dns: %.120s", local.what);
	json_free(j);
	return 0;
}

/* ---- the way from the API server to the kubelets ------------------------------------------------------------------------------------ */

static void answered(struct cluster_node *n, const struct net_response *r)
{
	struct error local = { 0 };
	struct json *said = r->status == 200 ? NULL : json_parse(r->body.buf, r->body.len, &local);

	n->way = r->status == 200 ? WAY_OPEN : WAY_BROKEN;
	snprintf(n->way_said, sizeof(n->way_said), "%s",
		said          ? json_get_str(said, "message", "no answer")
		: r->body.len ? r->body.buf
			      : "no answer");
	json_free(said);
}

static bool worth_asking(const struct survey_look *l, const struct cluster_node *n)
{
	/* a Node that is not Ready has a finding that says more */
	return n->ready && inventory_find(l->inventory, n->name);
}

/* -1: one did not answer in time, and the connection is lost with that. */
int survey_ask_kubelets(struct net_client *c, void *ctx, struct error *err)
{
	struct survey_look *l = ctx;
	struct net_response r = { 0, STR_INIT };
	char path[160];
	int rc = 0;

	if (l->doubt >= 0) {
		/* an API server that answers this at once does not answer the other because of the kubelet */
		rc = net_do(c, &(struct net_request){ .path = "/version", .timeout_ms = ASK_MS }, &r, err);
		if (rc == 0) {
			l->out->nodes[l->doubt].way = WAY_BROKEN;
			snprintf(l->out->nodes[l->doubt].way_said, sizeof(l->out->nodes[0].way_said),
				"no answer within %d s", ASK_MS / 1000);
		} else {
			l->next = l->out->node_count;
		}
		l->doubt = -1;
	}
	for (; rc == 0 && l->next < l->out->node_count && clock_mono_ms() < l->deadline; l->next++) {
		struct cluster_node *n = &l->out->nodes[l->next];

		if (!worth_asking(l, n))
			continue;
		snprintf(path, sizeof(path), "/api/v1/nodes/%s/proxy/healthz", n->name);
		rc = net_do(c, &(struct net_request){ .path = path, .timeout_ms = ASK_MS, .max = 65536 }, &r, err);
		if (rc)
			l->doubt = (int)l->next;
		else
			answered(n, &r);
	}
	str_release(&r.body);
	return rc;
}

static void note_unasked(const struct survey_look *l)
{
	unsigned n = 0;
	const char *first = NULL;

	for (size_t i = 0; i < l->out->node_count; i++)
		if (worth_asking(l, &l->out->nodes[i]) && l->out->nodes[i].way == WAY_UNKNOWN && n++ == 0)
			first = l->out->nodes[i].name;
	if (n > 1)
		cluster_pods_unknown(
			&l->out->pods, "the way from the API server to the kubelets of %s and %u more", first, n - 1);
	else if (n)
		cluster_pods_unknown(&l->out->pods, "the way from the API server to the kubelet of %s", first);
}

int survey_pods(struct task *t, struct cluster_state *out, struct error *err)
{
	struct survey_look l = { out, world_of(t)->wish.inventory, clock_mono_ms() + ALL_MS, 0, -1 };
	struct error local = { 0 };

	if (world_api(t, survey_ask_pods, &l, &local)) {
		if (local.kind == ERROR_CANCELLED)
			return *err = local, -1;
		cluster_pods_unknown(&out->pods, "the Pods of kube-system: %.120s", local.what);
	}
	do {
		memset(&local, 0, sizeof(local));
		if (world_api(t, survey_ask_kubelets, &l, &local) && local.kind != ERROR_NET)
			break;
	} while (l.doubt >= 0 && clock_mono_ms() < l.deadline);
	if (local.kind == ERROR_CANCELLED)
		return *err = local, -1;
	note_unasked(&l);
	return 0;
}
