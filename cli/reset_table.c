/* The hosts of a reset before anything happens: what makes one see that an address is another machine's. */
#include "cli/run.h"

#include "inventory/inventory.h"

#include <string.h>

enum { NAME, ADDRESS, SERIAL, UP, RUNNING, RECORDED, COLUMNS };

struct row {
	char cell[COLUMNS][96];
};

static void uptime(int64_t s, char *out, size_t size)
{
	if (s < 0)
		snprintf(out, size, "-");
	else if (s < 3600)
		snprintf(out, size, "%dm", (int)(s / 60));
	else if (s < 86400)
		snprintf(out, size, "%dh %02dm", (int)(s / 3600), (int)(s % 3600 / 60));
	else
		snprintf(out, size, "%dd %dh", (int)(s / 86400), (int)(s % 86400 / 3600));
}

static void running(const struct cluster_host *h, char *out, size_t size)
{
	int pods = (int)cluster_fact_int(h, "pods", 0), others = (int)cluster_fact_int(h, "containers", 0);
	int n = snprintf(out, size, "%d pod%s", pods, pods == 1 ? "" : "s");

	if (others)
		snprintf(out + n, size - (size_t)n, ", %d container%s", others, others == 1 ? "" : "s");
}

static void recorded(const struct cluster_host *h, char *out, size_t size)
{
	const char *cluster = cluster_fact(h, "record.cluster"), *node = cluster_fact(h, "record.node");

	if (*cluster || *node)
		snprintf(out, size, "%.40s as %.40s", *cluster ? cluster : "?", *node ? node : "?");
	else if (cluster_fact_is(h, "ledger", "yes"))
		snprintf(out, size, "prepared, not in a cluster");
	else
		snprintf(out, size, "nothing from kubewright");
}

static void fill(const struct cli_run *r, size_t i, struct row *row)
{
	const struct inventory_host *host = &r->inventory->hosts[i];
	const struct cluster_host *h = &r->world.seen.hosts[i];
	const struct error *e = r->engine ? engine_host_error(r->engine, (int)i) : NULL;
	const char *serial = cluster_fact(h, "serial");

	memset(row, 0, sizeof(*row));
	snprintf(row->cell[NAME], sizeof(row->cell[NAME]), "%.63s", host->name);
	snprintf(row->cell[ADDRESS], sizeof(row->cell[ADDRESS]), "%.63s", host->ssh.address);
	if (!h->probed) {
		snprintf(row->cell[SERIAL], sizeof(row->cell[SERIAL]), "cannot look: %.70s",
			e ? e->what : "not reached");
		return;
	}
	snprintf(row->cell[SERIAL], sizeof(row->cell[SERIAL]), "%.40s", *serial ? serial : "-");
	uptime(cluster_fact_int(h, "uptime_s", -1), row->cell[UP], sizeof(row->cell[UP]));
	running(h, row->cell[RUNNING], sizeof(row->cell[RUNNING]));
	recorded(h, row->cell[RECORDED], sizeof(row->cell[RECORDED]));
}

static void add(const struct row *row, const int *width, struct str *out)
{
	struct str line = STR_INIT;

	str_add(&line, " ");
	for (int c = 0; c < COLUMNS; c++)
		str_addf(&line, c ? "  %-*s" : " %-*s", row->cell[UP][0] || c < SERIAL ? width[c] : 0, row->cell[c]);
	while (line.len && line.buf[line.len - 1] == ' ')
		str_truncate(&line, line.len - 1);
	/* cells are cut by bytes */
	str_add_printable(out, line.buf, line.len);
	str_addc(out, '\n');
	str_release(&line);
}

void reset_table(const struct cli_run *r, struct str *out)
{
	static const struct row head = { { "HOST", "ADDRESS", "SERIAL NUMBER", "UP FOR", "RUNS", "RECORDED THERE" } };
	int width[COLUMNS] = { 0 };
	struct row row;

	for (int pass = 0; pass < 2; pass++) {
		if (pass)
			add(&head, width, out);
		for (size_t i = 0; i < r->inventory->host_count; i++) {
			if (!r->chosen[i])
				continue;
			fill(r, i, &row);
			for (int c = 0; c < COLUMNS && !pass; c++) {
				int n = (int)strlen(row.cell[c]), h = (int)strlen(head.cell[c]);

				if (c == SERIAL && !row.cell[UP][0])
					n = 0;
				width[c] = n > width[c] ? n : width[c];
				width[c] = h > width[c] ? h : width[c];
			}
			if (pass)
				add(&row, width, out);
		}
	}
}
