/* The cluster's Nodes, in pages: each is some ten kilobytes, and a thousand of them at once would burden the API server and overrun what an answer may have. */
#include "steps/steps.h"

#include "base/error.h"
#include "base/json.h"
#include "net/net.h"

#include <stdio.h>
#include <string.h>

#define PAGE 250
#define PAGES 40

int world_next_page(const struct json *page, char *token, size_t size, struct error *err)
{
	const char *next = json_get_str(page, "metadata.continue", "");

	/* it goes into the next path as it is */
	if (strlen(next) >= size ||
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
	struct error why = { 0 };
	bool again = true;
	long status = 0;
	int pages = 0;

	cluster_state_forget_nodes(out);
	do {
		if (ask_page(c, out, token, sizeof(token), &status, &why) == 0)
			continue;
		/* the rest of a list is kept for some minutes only: from the beginning, once */
		if (status != 410 || !again)
			return *err = why, -1;
		again = false;
		memset(&why, 0, sizeof(why));
		*token = '\0';
		pages = 0;
		cluster_state_forget_nodes(out);
		if (ask_page(c, out, token, sizeof(token), &status, err))
			return -1;
	} while (*token && ++pages < PAGES);
	if (*token)
		return error_set(err, ERROR_PROTOCOL, "the cluster has more than %d Nodes", PAGE * PAGES);
	return 0;
}
