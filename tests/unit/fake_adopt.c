/* What a takeover sees. */
#include "tests/unit/fake_adopt.h"

#include "base/alloc.h"

#include <stdio.h>

static void add(struct port_adopted *out, int host, const char *name, enum finding_level level, const char *what,
	const char *remedy)
{
	struct finding *f;

	out->found.list = xrealloc(out->found.list, out->found.count + 1, sizeof(*out->found.list));
	f = &out->found.list[out->found.count++];
	*f = (struct finding){ .level = level, .host = host };
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->what, sizeof(f->what), "%s", what);
	snprintf(f->remedy, sizeof(f->remedy), "%s", remedy);
}

static void fill_hosts(struct port_adopted *out, const char *hostile)
{
	static const char *const names[] = { "cp1", "cp2", "cp3", "w1", "w2" };

	out->host_count = sizeof(names) / sizeof(names[0]);
	out->hosts = arena_alloc(&out->arena, out->host_count * sizeof(*out->hosts));
	for (size_t i = 0; i < out->host_count; i++)
		out->hosts[i] = (struct port_adopted_host){ .name = hostile ? hostile : names[i],
			.address = arena_printf(&out->arena, "10.0.0.%zu", i < 3 ? 11 + i : 18 + i),
			.control_plane = i < 3,
			.reached = i != 4 };
	error_set(&out->hosts[4].error, ERROR_CONNECT, "cannot connect to w2 (10.0.0.22:22): no route to host");
	error_hint(&out->hosts[4].error, "is the machine up, and the address right?");
}

void fake_adopt_fill(struct port_adopted *out, enum fake_adopt kind, const char *file, const char *hostile)
{
	*out = (struct port_adopted){ .cluster = "", .version = "", .file = "", .cas = "" };
	if (kind == FAKE_ADOPT_UNREACHED) {
		error_set(&out->refused, ERROR_AUTH, "%s", hostile ? hostile : "the host refused the login of ops");
		error_hint(&out->refused, "name another user with ssh.user, or another key with ssh.key");
		snprintf(out->refused.host, sizeof(out->refused.host), "10.0.0.11");
		snprintf(out->refused.step, sizeof(out->refused.step), "connect");
		return;
	}
	out->version = hostile ? hostile : "1.36.2";
	out->file = arena_strdup(&out->arena, file);
	out->cas = hostile ? hostile
			   : "  ca.crt             sha256:2f6c1e0b, until 2036-11-20\n"
			     "  etcd/ca.crt        sha256:81d3a7c4, until 2036-11-20\n";
	fill_hosts(out, hostile);
	add(out, -1, "endpoint-left-alone", FINDING_WARNING, hostile ? hostile : "10.0.0.100:6443 is kept by kube-vip",
		"none needed: kubewright starts no second holder");
	add(out, 2, "etcd-data-elsewhere", FINDING_WARNING, "etcd's data is in /data/etcd",
		"mount that disk at /var/lib/etcd before etcd restore is needed");
	add(out, 4, "host-unreachable", FINDING_WARNING, "w2 could not be looked at",
		"set hosts.w2.ssh.address, or bring it back; then kubewright check");
	if (kind == FAKE_ADOPT_FITS) {
		out->cluster = hostile ? hostile : "rack7";
		return;
	}
	add(out, 1, "ca-differs", FINDING_ERROR, "the CA of cp2 is not that of cp1",
		"find out which one is right and copy it to all control planes");
	error_set(&out->refused, ERROR_PREFLIGHT,
		"the cluster cannot be adopted: 1 error was found; nothing was written");
	error_hint(&out->refused, "correct what is named, then adopt it again");
}
