/* Findings about what others configured where kubewright has to: package sources, keepalived, containerd, sudo. */
#include "cluster/findings.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* ---- package sources ---- */

void find_package_sources_broken(const struct finding_scope *s)
{
	const char *says = cluster_fact(s->h, "apt_refuses");
	/* two keys for one place, and ours is one of them: apply takes ours away */
	bool ours = *cluster_fact(s->h, "source.ours") && strstr(says, "Conflicting values");

	if (!*says)
		return;
	struct finding *f = finding_add(
		s, ours ? FINDING_WARNING : finding_fresh_error(s), "apt cannot read its package sources: %s", says);
	finding_why(f, "nothing can be installed or updated on this host, not even security updates");
	finding_remedy(f, "%s",
		ours ? "apply removes kubewright's own source and uses the other one if its key is right"
		     : "correct the file in /etc/apt that is named, until 'apt-get update' works");
}

static void check_source(const struct finding_scope *s, const char *name, enum finding_level level)
{
	const char *there = cluster_factf(s->h, "source.%s", name);
	size_t n;

	if (!str_starts(there, "wrong "))
		return;
	there += strlen("wrong ");
	n = strcspn(there, " ");
	struct finding *f = finding_add(s, level, "the package source of %s in %.*s%s", name, (int)n, there, there + n);
	finding_why(f,
		"kubewright installs only what the pinned key signs, and with two keys for one place apt reads no source at all");
	finding_remedy(
		f, "remove that source, and kubewright adds its own; or give it a signed-by with the pinned key alone");
}

void find_foreign_package_source(const struct finding_scope *s)
{
	check_source(s, "kubernetes", finding_fresh_error(s));
	/* ours is needed only where the system's own containerd is too old */
	check_source(s, "containerd", s->inv->containerd.repository.url ? finding_fresh_error(s) : FINDING_WARNING);
}

/* ---- files ---- */

struct file_search {
	const char *path;
	bool found;
};

static void look_at_file(const char *line, void *ctx)
{
	struct file_search *q = ctx;

	q->found = q->found || strcmp(line, q->path) == 0;
}

static bool is_foreign(const struct finding_scope *s, const char *path)
{
	struct file_search q = { .path = path };

	cluster_fact_lines(s->h, "foreign", look_at_file, &q);
	return q.found;
}

void find_foreign_keepalived(const struct finding_scope *s)
{
	static const char conf[] = "/etc/keepalived/keepalived.conf";
	bool file = is_foreign(s, conf);
	/* with a file of another name */
	bool runs = s->untouched && cluster_fact_is(s->h, "unit.keepalived", "active");

	if (!finding_control_plane(s) || !s->inv->endpoint.vip || (!file && !runs))
		return;
	struct finding *f =
		file ? finding_add(s, FINDING_ERROR, "%s is not kubewright's", conf)
		     : finding_add(s, FINDING_ERROR, "keepalived runs here, but kubewright did not start it");
	finding_why(f, "kubewright would replace its configuration, and the addresses that it holds would be lost");
	finding_remedy(f,
		"move them to another machine and remove %s; or remove endpoint.vip and name a load balancer in endpoint.host; "
		"or add foreign-keepalived to preflight.ignore: then it is replaced, and reset puts it back",
		conf);
}

void find_foreign_containerd_config(const struct finding_scope *s)
{
	static const char conf[] = "/etc/containerd/config.toml";

	if (!is_foreign(s, conf))
		return;
	struct finding *f = finding_add(s, FINDING_WARNING, "%s is not kubewright's", conf);
	finding_why(f, "apply replaces it; reset puts it back");
	finding_remedy(f,
		"put what is to stay, such as runtimes, in containerd.config of the inventory, and registries in /etc/containerd/certs.d");
}

void find_sudo_logs_input(const struct finding_scope *s)
{
	if (!cluster_fact_is(s->h, "sudo_logs_input", "yes"))
		return;
	struct finding *f = finding_add(s, FINDING_WARNING, "sudo on this host records what it is given (log_input)");
	finding_why(f, "kubewright's scripts carry the cluster's CA keys, which would then lie in sudo's log");
	finding_remedy(f, "'Defaults:LOGIN !log_input' with the login's name in /etc/sudoers.d, or log in as root");
}
