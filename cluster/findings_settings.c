/* Findings about how a host is set up: what others' files set, whom the resolver asks, which programs come first, who may write where root reads. */
#include "cluster/findings.h"

#include "base/json.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define OUR_SYSCTLS "/etc/sysctl.d/zz-kubewright.conf"

/* ---- kernel settings ---- */

void find_sysctl_overridden(const struct finding_scope *s)
{
	static const char *const keys[] = { "net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables",
		"net.bridge.bridge-nf-call-ip6tables" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		/* "VALUE FILE:LINE" */
		const char *last = cluster_factf(s->h, "sysctl_boot.%s", keys[i]);
		const char *file = strchr(last, ' '), *name = strrchr(last, '/');

		if (!file || !name || str_starts(last, "1 "))
			continue;
		struct finding *f = finding_add(s, FINDING_WARNING, "%s sets %s to %.*s at each boot", file + 1,
			keys[i], (int)(file - last), last);
		finding_why(f, "Kubernetes needs 1: otherwise pods lose their network when the host restarts");
		if (strcmp(name + 1, "zz-kubewright.conf") < 0 && !strstr(file, "/ufw/"))
			finding_remedy(f, "none needed: apply writes %s, which is read after it", OUR_SYSCTLS);
		else
			finding_remedy(f, "remove that line: it is read after kubewright's %s", OUR_SYSCTLS);
	}
}

/* ---- names of other machines ---- */

void find_resolv_conf_broken(const struct finding_scope *s)
{
	const char *said = cluster_fact(s->h, "resolv_conf");
	int path = (int)strcspn(said, " ");

	if (!said[path] || strcmp(said + path, " ok") == 0)
		return;
	struct finding *f = finding_add(s, FINDING_ERROR, "%.*s is %s", path, said, said + path + 1);
	finding_why(f, "the kubelet reads it for every pod: without it no pod starts on this host");
	finding_remedy(f,
		"write a file with 'nameserver ADDRESS' there, or reinstall systemd-resolved; 'ls -l %.*s' shows what is there",
		path, said);
}

void find_dns_loop(const struct finding_scope *s)
{
	const char *servers = cluster_fact(s->h, "nameservers"), *conf = cluster_fact(s->h, "resolv_conf");
	char one[64];

	for (const char *p = servers; *p; p += strcspn(p, " "), p += *p == ' ') {
		snprintf(one, sizeof(one), "%.*s", (int)strcspn(p, " "), p);
		if (!str_starts(one, "127.") && strcmp(one, "::1") != 0 &&
			!inventory_cidr_contains(s->inv->network.services, one))
			continue;
		struct finding *f = finding_add(
			s, FINDING_WARNING, "%.*s names %s as the name server", (int)strcspn(conf, " "), conf, one);
		finding_why(f,
			"CoreDNS forwards unknown names to that server, which from its pod is CoreDNS itself: it detects the loop and stops");
		finding_remedy(f,
			"write the real name servers to a file and set kubelet.config.resolvConf to its path; or put them in /etc/resolv.conf");
		return;
	}
}

/* ---- programs and folders ---- */

static void add_shadow(const char *path, void *ctx)
{
	const struct finding_scope *s = ctx;
	const char *name = strrchr(path, '/');

	if (!name)
		return;
	struct finding *f =
		finding_add(s, FINDING_WARNING, "%s comes before /usr/bin%s, which the package has", path, name);
	finding_why(f,
		"anyone who calls %s on this host gets that one, perhaps of another version; kubewright does not",
		name + 1);
	finding_remedy(f, "remove it ('rm %s'), or make it a link to /usr/bin%s", path, name);
}

void find_program_shadowed(const struct finding_scope *s)
{
	struct finding_scope copy = *s;

	cluster_fact_lines(s->h, "shadowed", add_shadow, &copy);
}

static void add_writable(const char *line, void *ctx)
{
	const struct finding_scope *s = ctx;
	int folder = (int)strcspn(line, " ");

	struct finding *f = finding_add(s, finding_fresh_error(s), "users other than root can write to %.*s (%s)",
		folder, line, line[folder] ? line + folder + 1 : "?");
	finding_why(
		f, "root reads or runs what is in there: anyone who can replace it controls the host and the cluster");
	finding_remedy(f, "'chown root:root %.*s' and 'chmod go-w %.*s' on the host", folder, line, folder, line);
}

void find_path_writable(const struct finding_scope *s)
{
	struct finding_scope copy = *s;

	cluster_fact_lines(s->h, "writable_dirs", add_writable, &copy);
}
