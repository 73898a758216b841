/* The cluster's Nodes, in pages: each is some ten kilobytes, and a thousand of them at once would burden the API server and overrun what an answer may have. */
#include "steps/run/run.h"

#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stdio.h>
#include <string.h>

#define PAGE 250
#define PAGES 40
/* Of lists of other objects. */
#define LIST_LIMIT 200
#define LIST_PAGES 100

int world_next_page(const struct json *page, char *token, size_t size, struct error *err)
{
	const char *next = json_get_str(page, "metadata.continue", "");

	/* it goes into the next path as it is, and one that leads to itself would lead nowhere */
	if (strlen(next) >= size || (*next && strcmp(next, token) == 0) ||
		next[strspn(next, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=")])
		return error_set(err, ERROR_PROTOCOL, "the API server's list cannot be continued");
	snprintf(token, size, "%s", next);
	return 0;
}

static int ask_page(
	struct net_client *c, struct cluster_state *out, char *token, size_t size, long *status, struct error *err)
{
	char path[2300];
	struct json *page;

	snprintf(path, sizeof(path), "/api/v1/nodes?limit=%d%s%s", PAGE, *token ? "&continue=" : "", token);
	page = net_json(c, "GET", path, NULL, NULL, status, err);
	if (!page || world_next_page(page, token, size, err)) {
		json_free(page);
		return -1;
	}
	return cluster_state_add_nodes(out, page, err);
}

int world_nodes(struct net_client *c, void *ctx, struct error *err)
{
	struct cluster_state *out = ctx;
	char token[2048] = "";
	bool again = true;
	long status = 0;

	cluster_state_forget_nodes(out);
	for (int pages = 0; pages < PAGES; pages++) {
		struct error why = { 0 };

		if (ask_page(c, out, token, sizeof(token), &status, &why)) {
			/* nothing is built on half of a list */
			cluster_state_forget_nodes(out);
			/* the rest of one is kept for some minutes only: from the beginning, once */
			if (status != 410 || !again)
				return *err = why, -1;
			again = false;
			*token = '\0';
			pages = -1;
		} else if (!*token) {
			return 0;
		}
	}
	cluster_state_forget_nodes(out);
	return error_set(err, ERROR_PROTOCOL, "the cluster has more than %d Nodes", PAGE * PAGES);
}

int world_delete_node(struct net_client *c, void *ctx, struct error *err)
{
	const struct inventory_host *h = ctx;
	struct net_response r = { 0, STR_INIT };
	char path[128];
	int rc;

	snprintf(path, sizeof(path), "/api/v1/nodes/%s", h->name);
	rc = net_do(c, &(struct net_request){ .method = "DELETE", .path = path }, &r, err);
	if (rc == 0 && r.status != 404 && r.status / 100 != 2)
		rc = error_set(
			err, ERROR_NET, "the API server refuses to delete the Node %s (HTTP %ld)", h->name, r.status);
	str_release(&r.body);
	return rc;
}

int world_each_page(struct net_client *c, const char *list, const char *accept,
	void (*page)(void *ctx, const struct json *list), void *ctx, struct error *err)
{
	char path[2300], token[2048] = "";
	int pages = 0, rc = 0;

	do {
		struct json *j;

		snprintf(path, sizeof(path), "%s&limit=%d%s%s", list, LIST_LIMIT, *token ? "&continue=" : "", token);
		j = net_json(c, "GET", path, accept, NULL, NULL, err);
		if (!j)
			return -1;
		page(ctx, j);
		rc = world_next_page(j, token, sizeof(token), err);
		json_free(j);
	} while (rc == 0 && *token && ++pages < LIST_PAGES);
	if (rc == 0 && *token)
		rc = error_set(err, ERROR_PROTOCOL, "there are more than %d of them", LIST_PAGES * LIST_LIMIT);
	return rc;
}
