#include "tests/unit/fake_upgrade.h"

#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char head[] = "cluster: rack7\nendpoint: {host: 10.0.0.100}\nnetwork: {cni: none}\n";
static const char hosts[] = "hosts:\n"
			    "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
			    "  - {name: cp2, address: 10.0.0.12, role: control-plane}\n"
			    "  - {name: cp3, address: 10.0.0.13, role: control-plane}\n"
			    "  - {name: w1, address: 10.0.0.21, role: worker}\n"
			    "  - {name: w2, address: 10.0.0.22, role: worker}\n";

static bool is(const struct fake_upgrade *u, int host, const char *letters)
{
	return strchr(letters, u->hosts[host]) != NULL;
}

static bool cordoned(const struct fake_upgrade *u, int host, const char *letters)
{
	return u->cordoned && strchr(letters, u->cordoned[host]);
}

static void say(struct fake_upgrade *u, int host, const char *word, const char *before, const char *value)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%s", before, value);
	cluster_set(&u->w.seen.hosts[host], word, text);
}

static void installed(struct fake_upgrade *u, int host)
{
	const char *pods = is(u, host, "oxzb") ? u->from : u->to, *kubelet = is(u, host, "nAjDb") ? u->to : u->from;

	say(u, host, "have", "kubelet-conf", host < 3 ? " apiserver-manifest" : "");
	say(u, host, host ? "job.join" : "job.init", "", "done 0 x x r0");
	say(u, host, "record.cluster", "", is(u, host, "z") ? "other" : "rack7");
	if (host < 3) {
		say(u, host, "image.kube-apiserver", "v", pods);
		say(u, host, "image.kube-controller-manager", "v", pods);
		say(u, host, "image.kube-scheduler", "v", pods);
	}
	if (is(u, host, "canAdDb"))
		say(u, host, "job.upgrade", is(u, host, "dD") ? "died" : "done 0", " x x r0");
	if (is(u, host, "canAb"))
		say(u, host, "record.upgraded", "", u->to);
	if (is(u, host, "aA"))
		say(u, host, "record.applied", "", u->to);
	say(u, host, "pkg.kubeadm", pods, "-1.1");
	say(u, host, "pkg.kubelet", kubelet, "-1.1");
	say(u, host, "pkg.kubectl", kubelet, "-1.1");
	say(u, host, "hold", "", "kubelet kubeadm kubectl");
}

static void looked_at(struct fake_upgrade *u, int host)
{
	u->w.seen.hosts[host].probed = true;
	say(u, host, "pkg_manager", "", "apt");
	say(u, host, "os_id", "", "debian");
	say(u, host, "os_codename", "", "bookworm");
	say(u, host, "time_sync", "", "yes");
	say(u, host, "pkg.containerd", "", "2.2.1-1");
	say(u, host, "source.kubernetes", "", "right x");
	if (!is(u, host, "-"))
		installed(u, host);
}

static void add_node(struct fake_upgrade *u, int host, struct str *list)
{
	str_addf(list,
		"%s{\"metadata\":{\"name\":\"%s\",\"labels\":{%s},\"annotations\":{%s}},\"spec\":{\"unschedulable\":%s},"
		"\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"%s\"}],"
		"\"nodeInfo\":{\"kubeletVersion\":\"v%s\"}}}",
		list->len > strlen("{\"items\":[") ? "," : "", u->inventory->hosts[host].name,
		host < 3 ? "\"node-role.kubernetes.io/control-plane\":\"\"" : "",
		cordoned(u, host, "u") ? "\"kubewright/upgrade\":\"yes\"" : "",
		cordoned(u, host, "us") ? "true" : "false",
		is(u, host, "x") ? "10.0.0.99" : u->inventory->hosts[host].address,
		is(u, host, "nAjDb") ? u->to : u->from);
}

static void survey(struct fake_upgrade *u)
{
	struct cluster_state *c = &u->w.seen.cluster;
	struct str list = STR_INIT;
	struct error err = { 0 };
	char text[64];

	str_add(&list, "{\"items\":[");
	for (int i = 0; i < UPGRADE_HOSTS; i++)
		if (!is(u, i, "-"))
			add_node(u, i, &list);
	str_add(&list, "]}");
	if (cluster_state_nodes(c, json_parse(list.buf, list.len, &err), &err))
		exit(2);
	str_release(&list);
	c->exists = true;
	c->lead = 0;
	snprintf(c->version, sizeof(c->version), "%s", is(u, 0, "canAdDj") ? u->to : u->from);
	c->kubeadm_config = json_object();
	snprintf(text, sizeof(text), "kubernetesVersion: v%s\n", u->stored ? u->stored : u->from);
	json_set_str(json_set(c->kubeadm_config, "data", json_object()), "ClusterConfiguration", text);
}

void fake_upgrade_open(struct fake_upgrade *u)
{
	struct error err = { 0 };
	struct str text = STR_INIT;

	str_addf(&text, "%skubernetes: {version: %s}\n%s%s", head, u->wanted ? u->wanted : u->to,
		u->more ? u->more : "", hosts);
	u->inventory = inventory_parse("-", text.buf, text.len, NULL, 0, NULL, &err);
	str_release(&text);
	if (!u->inventory || stream_init(&u->e.stream, &err)) {
		printf("# %s\n%s\n", err.what, err.detail);
		exit(2);
	}
	world_init(&u->w, u->inventory, release_find(u->wanted ? u->wanted : u->to));
	survey(u);
	u->w.decided.lead = 0;
	snprintf(u->w.decided.version, sizeof(u->w.decided.version), "%s", u->to);
	u->w.wish.upgrade = true;
	pthread_mutex_init(&u->e.lock, NULL);
	pthread_mutex_init(&u->e.world_lock, NULL);
	u->e.config.world = &u->w;
	u->e.config.host_count = UPGRADE_HOSTS;
	u->e.tasks = u->tasks;
	for (int i = 0; i < UPGRADE_HOSTS; i++) {
		u->tasks[i] = (struct task){ .e = &u->e, .host = i };
		u->w.seen.begun[i] = cordoned(u, i, "r");
		if (!is(u, i, "?"))
			looked_at(u, i);
	}
}

void fake_upgrade_close(struct fake_upgrade *u)
{
	stream_release(&u->e.stream);
	world_release(&u->w);
	inventory_free(u->inventory);
}

void fake_upgrade_mask(const struct fake_upgrade *u, bool (*fn)(const struct world *w, int host), char out[8])
{
	for (int i = 0; i < UPGRADE_HOSTS; i++)
		out[i] = fn(&u->w, i) ? 'y' : '.';
	out[UPGRADE_HOSTS] = '\0';
}
