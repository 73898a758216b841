/* What a look at certificates has seen, put together for those who show it. */
#include "cli/run.h"

#include "base/alloc.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

void certs_report_fill(struct certs_report *c, struct cli_run *r, struct certs_host *here, int64_t now_s)
{
	size_t n = r->inventory->host_count;

	*c = (struct certs_report){ .run = r, .host_count = n + 1, .now_s = now_s };
	c->hosts = xcalloc(n + 1, sizeof(*c->hosts));
	for (size_t i = 0; i < n; i++)
		c->hosts[i] = r->chosen[i] ? &r->world.seen.certs[i] : NULL;
	c->hosts[n] = here;
	certs_compare(c->hosts, c->host_count);
}

void certs_report_release(struct certs_report *c)
{
	free(c->hosts);
	c->hosts = NULL;
}

const struct inventory_host *certs_report_host(const struct certs_report *c, size_t i)
{
	return i + 1 < c->host_count ? &c->run->inventory->hosts[i] : NULL;
}

bool certs_report_first(const struct certs_report *c, const char *name, size_t host)
{
	const struct certs_file *f = certs_shared(c->hosts[host], name);

	if (!f || !f->differs)
		return false;
	for (size_t i = 0; i < host; i++) {
		const struct certs_file *other = certs_shared(c->hosts[i], name);

		if (other && strcmp(other->sum, f->sum) == 0)
			return false;
	}
	return true;
}
