/* The end of a run that changed something: what was done, which hosts are left and why. */
#include "cli/run.h"

#include "inventory/inventory.h"

#include <string.h>

static int name_width(const struct cli_run *r)
{
	int width = 0;

	for (size_t i = 0; i < r->config.host_count; i++)
		if (cli_host_left(r, i) && (int)strlen(r->config.hosts[i].name) > width)
			width = (int)strlen(r->config.hosts[i].name);
	return width;
}

/* A hint that stands above already, for the same or as what it follows from, is not said again. Returns the hint that was said last. */
static const char *host_left(const char *name, int width, const struct error *e, const char *said)
{
	printf("  %-*s  %s%s%s\n", width, name, e->step, *e->step ? ": " : "", e->what);
	if (!*e->hint || (*said && strstr(e->hint, said)))
		return said;
	printf("  %-*s  hint: %s\n", width, "", e->hint);
	return e->hint;
}

bool cli_host_left(const struct cli_run *r, size_t host)
{
	if (world_removes(&r->world, (int)host))
		return !cli_host_removed(r, host);
	return engine_host_error(r->engine, (int)host) != NULL;
}

unsigned cli_hosts_left(const struct cli_run *r)
{
	unsigned n = 0;

	for (size_t i = 0; i < r->config.host_count; i++)
		n += cli_host_left(r, i);
	return n;
}

void cli_summary(const struct cli_run *r, const struct engine_result *result)
{
	unsigned left = cli_hosts_left(r);
	unsigned changed = cli_run_count(r, CELL_CHANGED), ok = cli_run_count(r, CELL_OK);
	const char *said = "";
	int width = name_width(r);
	char took[16];

	fflush(stderr);
	printf("\n%s%s%s after %s: ", cli_color(stdout, CLI_BOLD),
		result->cancelled ? "Cancelled"
		: left            ? "Ended"
				  : "Done",
		cli_color(stdout, CLI_PLAIN), cli_duration(r->elapsed_ms, took, sizeof(took)));
	if (changed)
		printf("%u step%s changed something, %u %s already done", changed, changed == 1 ? "" : "s", ok,
			ok == 1 ? "was" : "were");
	else
		printf("nothing was changed");
	if (result->failed)
		printf(", %s%u failed%s", cli_color(stdout, CLI_RED), result->failed, cli_color(stdout, CLI_PLAIN));
	puts("");
	if (!left)
		return;
	printf("\n%sHosts left to do%s (%u of %zu):\n", cli_color(stdout, CLI_BOLD), cli_color(stdout, CLI_PLAIN), left,
		r->chosen_count);
	for (size_t i = 0; i < r->config.host_count; i++) {
		const struct error *e = engine_host_error(r->engine, (int)i);

		if (e && cli_host_left(r, i))
			said = host_left(r->config.hosts[i].name, width, e, said);
		else if (cli_host_left(r, i))
			printf("  %-*s  is still in the cluster\n", width, r->config.hosts[i].name);
	}
}
