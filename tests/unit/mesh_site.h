/* What a host says when all is well, for a plan; tests change lines of it. */
#ifndef TESTS_UNIT_MESH_SITE_H
#define TESTS_UNIT_MESH_SITE_H

#include "base/str.h"
#include "cluster/mesh.h"
#include "inventory/inventory.h"
#include "tests/test.h"

/* The lines of one host, as mesh.sh says them: 1500 bytes on each path, 0.4 ms there and back, 2 ms for a write. */
static inline void mesh_site(const struct mesh_plan *p, size_t host, struct str *out)
{
	bool control_plane = p->inv->hosts[host].role == INVENTORY_CONTROL_PLANE;

	for (size_t n = 0; n < mesh_need_count; n++) {
		const struct mesh_need *need = &mesh_needs[n];
		bool listens = false;

		for (size_t from = 0; from < p->count; from++)
			listens = listens || mesh_plan_needs(p, need, from, host);
		if (listens)
			str_addf(out, "listen %s %d own\n", need->udp ? "udp" : "tcp", need->port);
	}
	str_addf(out, "listen udp %d own\n", MESH_MEASURE_PORT);
	for (size_t to = 0; to < p->count; to++) {
		if (!mesh_plan_pair(p, host, to))
			continue;
		str_addf(out, "from %zu %d\n", to, MESH_MEASURE_PORT);
		for (size_t n = 0; n < mesh_need_count; n++)
			if (mesh_plan_needs(p, &mesh_needs[n], host, to))
				str_addf(out, "%s %zu %d %s\n", mesh_needs[n].udp ? "udp" : "tcp", to,
					mesh_needs[n].port, mesh_needs[n].udp ? "open" : "own");
		str_addf(out, "udp %zu %d open\n", to, MESH_MEASURE_PORT);
		str_addf(out, "echo %zu 5 400000 600000 1000\nmtu %zu 1500\n", to, to);
	}
	if (control_plane)
		str_add(out, "fsync 500 1200 2000 9000\n");
	str_add(out, "times 8000 12000\nend\n");
}

/* Puts another line in the place of one that is there; NULL: takes it out. */
static inline void mesh_site_change(struct str *text, const char *line, const char *with)
{
	struct str out = STR_INIT;
	const char *at;

	str_addf(&out, "\n%s", text->buf);
	at = strstr(out.buf, line);
	while (at && (at[-1] != '\n' || at[strlen(line)] != '\n'))
		at = strstr(at + 1, line);
	if (!CHECK(at != NULL)) {
		printf("# no line %s in:\n%s", line, text->buf);
		exit(1);
	}
	str_clear(text);
	str_addn(text, out.buf + 1, (size_t)(at - out.buf) - 1);
	if (with)
		str_addf(text, "%s\n", with);
	str_add(text, at + strlen(line) + 1);
	str_release(&out);
}

#endif
