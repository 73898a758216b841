/* The wizard in the middle of a made-up installation, and before and after it. */
#include "tests/unit/fake_story.h"

#include "base/alloc.h"
#include "inventory/inventory.h"
#include "tests/unit/fake_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what was seen of the hosts ------------------------------------------------------------------------------------- */

static const struct port_host control_plane = { .probed = true,
	.os = "Debian GNU/Linux 12 (bookworm)",
	.cpu = "32 x AMD EPYC 9124 16-Core Processor",
	.memory = "128 GiB",
	.disk = "nvme0n1 960 GB, nvme1n1 960 GB",
	.nics = "eno1 25 Gbit/s, eno2 no link",
	.kind = "bare metal" };
static const struct port_host worker = { .probed = true,
	.os = "Debian GNU/Linux 12 (bookworm)",
	.cpu = "192 x INTEL(R) XEON(R) PLATINUM 8568Y+",
	.memory = "2016 GiB",
	.disk = "nvme0n1 960 GB, nvme1n1 3840 GB, nvme2n1 3840 GB, sda 16000 GB rotating",
	.nics = "eno1 25 Gbit/s, ens1 400 Gbit/s, ens2 400 Gbit/s, ens3 no link",
	.gpus = "8 x NVIDIA",
	.kind = "bare metal" };

static void find(struct seen_host *s, const char *name, enum finding_level level, const char *what, const char *why,
	const char *remedy)
{
	struct finding *f;

	s->findings = xrealloc(s->findings, s->finding_count + 1, sizeof(*s->findings));
	f = &s->findings[s->finding_count++];
	*f = (struct finding){ .level = level };
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->what, sizeof(f->what), "%s", what);
	snprintf(f->why, sizeof(f->why), "%s", why);
	snprintf(f->remedy, sizeof(f->remedy), "%s", remedy);
}

static void find_all(struct seen_host *s)
{
	find(&s[0], "leftovers", FINDING_ERROR,
		"left by an earlier Kubernetes: /etc/kubernetes/manifests/kube-apiserver.yaml, /var/lib/etcd/member",
		"kubeadm does not start over these files, and they may hold a cluster's data",
		"if none of it is needed: 'kubeadm reset' and 'rm -rf /etc/kubernetes /var/lib/etcd /etc/cni/net.d' on the host");
	find(&s[0], "swap-on", FINDING_WARNING, "swap is on: /dev/nvme0n1p3",
		"the kubelet does not start with swap unless its configuration allows it",
		"apply turns it off and keeps it off; to keep swap, set kubelet.config.failSwapOn: false");
	find(&s[2], "firewall-active", FINDING_WARNING, "nftables has rules of its own", "",
		"let the hosts and the pods' range through");
	s[2].findings[0].ignored = true;
	find(&s[4], "duplicate-machine-id", FINDING_ERROR, "w2 has the machine-id of w1",
		"two machines of one id are one to systemd, DHCP and some pod networks",
		"on the clone: 'rm -f /etc/machine-id /var/lib/dbus/machine-id && systemd-machine-id-setup', reboot");
}

void story_seen(struct wizard *w)
{
	w->seen_count = story_config.host_count;
	w->seen = xcalloc(w->seen_count, sizeof(*w->seen));
	for (size_t i = 0; i < w->seen_count; i++) {
		snprintf(w->seen[i].name, sizeof(w->seen[i].name), "%s", story_config.hosts[i].name);
		snprintf(w->seen[i].state, sizeof(w->seen[i].state), "connected");
		w->seen[i].facts = i < 3 ? control_plane : worker;
		w->seen[i].connected = i != 2;
	}
	find_all(w->seen);
	w->seen[1].facts = (struct port_host){ 0 };
	error_set(
		&w->seen[1].error, ERROR_AUTH, "cp2 (10.0.0.12) refuses the login of 'ops' (tried: agent, id_ed25519)");
	error_hint(
		&w->seen[1].error, "is the public key in ~ops/.ssh/authorized_keys there? 'ssh-copy-id' puts it there");
	w->seen_text = xstrdup(document_text(w->document));
}

/* ---- the living cluster --------------------------------------------------------------------------------------------- */

static struct finding *wrong(struct findings *f, const char *name, enum finding_level level, const char *what)
{
	struct finding *one;

	f->list = xrealloc(f->list, f->count + 1, sizeof(*f->list));
	one = &f->list[f->count++];
	*one = (struct finding){ .level = level };
	snprintf(one->name, sizeof(one->name), "%s", name);
	snprintf(one->what, sizeof(one->what), "%s", what);
	return one;
}

static void words(struct port_words *out, enum style style, const char *text)
{
	snprintf(out->text, sizeof(out->text), "%s", text);
	out->style = style;
}

static void cp3_dead(struct port_node *n, bool quorum)
{
	struct finding *f;

	n->ready = n->kubelet_runs = n->etcd_well = false;
	n->pods_up = 0;
	snprintf(n->node, sizeof(n->node), quorum ? "NotReady" : "unknown");
	snprintf(n->kubelet, sizeof(n->kubelet), "inactive");
	snprintf(n->etcd, sizeof(n->etcd), "does not answer");
	f = wrong(&n->findings, "kubelet-down", FINDING_ERROR,
		"kubelet.service is inactive (dead) since 2026-03-01 11:58");
	snprintf(f->why, sizeof(f->why), "nothing manages the Pods of this host, and the Node becomes NotReady");
	snprintf(f->remedy, sizeof(f->remedy), "repair starts it");
	wrong(&n->findings, "manifest-lost", FINDING_ERROR, "/etc/kubernetes/manifests/etcd.yaml is gone");
	wrong(&n->findings, "static-pod-down", FINDING_ERROR,
		"kube-apiserver is not running; its log: dial tcp 127.0.0.1:2379: connect: connection refused");
	wrong(&n->findings, "drift", FINDING_WARNING,
		"differs from what apply sets up; os: writes /etc/sysctl.d/zz-kubewright.conf");
}

static void without_quorum(struct port_cluster *c)
{
	struct port_node *cp2 = &c->nodes[1], *w2 = &c->nodes[4];

	words(&c->api, STYLE_FAIL, "no API server answers on the control planes that were reached");
	words(&c->etcd, STYLE_FAIL, "3 voters, 1 up; quorum 2 is lost: nothing can be written");
	for (size_t i = 0; i < c->node_count; i++) {
		snprintf(c->nodes[i].node, sizeof(c->nodes[i].node), "unknown");
		c->nodes[i].ready = false;
	}
	snprintf(c->nodes[0].etcd, sizeof(c->nodes[0].etcd), "knows no leader");
	c->nodes[0].etcd_well = cp2->etcd_well = false;
	wrong(&c->nodes[0].findings, "quorum-lost", FINDING_ERROR,
		"etcd has lost its quorum: 1 of 3 voters are healthy, 2 are needed");
	wrong(&c->nodes[0].findings, "api-not-ready", FINDING_ERROR,
		"the API server runs but is not ready: etcd failed");
	cp2->pods_up = 2;
	snprintf(cp2->etcd, sizeof(cp2->etcd), "does not answer");
	wrong(&cp2->findings, "disk-space", FINDING_ERROR, "/var/lib/etcd has 0 MiB free");
	w2->probed = false;
	error_set(&w2->error, ERROR_CONNECT, "cannot connect to w2 (10.0.0.22:22): no route to host");
	error_hint(&w2->error, "is the machine on? see its console");
}

void story_cluster(struct wizard *w, enum story_cluster which)
{
	static const char *const etcd[] = { "leader", "voter", "voter", "", "" };
	struct port_cluster *c = &w->cluster;

	c->installed = true;
	c->node_count = story_config.host_count;
	c->nodes = xcalloc(c->node_count, sizeof(*c->nodes));
	words(&c->api, STYLE_NORMAL, "Kubernetes 1.36.2; the API server answers (asked through cp1)");
	words(&c->etcd, STYLE_NORMAL, "3 voters; quorum 2, tolerates 1 lost");
	words(&c->vip, STYLE_NORMAL, "10.0.0.100 held by cp1");
	for (size_t i = 0; i < c->node_count; i++) {
		struct port_node *n = &c->nodes[i];

		*n = (struct port_node){ .probed = true, .control_plane = i < 3, .days = i < 3 ? 341 : 339 };
		n->ready = n->kubelet_runs = n->etcd_well = true;
		n->pods = n->pods_up = i < 3 ? 4 : 0;
		snprintf(n->name, sizeof(n->name), "%s", story_config.hosts[i].name);
		snprintf(n->address, sizeof(n->address), "10.0.0.%d", i < 3 ? 11 + (int)i : 18 + (int)i);
		snprintf(n->role, sizeof(n->role), i < 3 ? "control plane" : "worker");
		snprintf(n->node, sizeof(n->node), "Ready");
		snprintf(n->kubelet, sizeof(n->kubelet), "active");
		snprintf(n->etcd, sizeof(n->etcd), "%s", etcd[i]);
	}
	if (which != STORY_HEALTHY) {
		cp3_dead(&c->nodes[2], which == STORY_CP_DEAD);
		words(&c->etcd, STYLE_FAIL, "3 voters, 2 up; quorum 2, tolerates 0 lost");
		c->errors = 3;
		c->warnings = 1;
		c->remediable = 4;
	}
	if (which == STORY_NO_QUORUM) {
		without_quorum(c);
		c->errors = 6;
	}
	w->cluster_text = xstrdup(document_text(w->document));
	w->cluster_ms = 1000000 - 7000;
}

void story_plan(struct wizard *w)
{
	story_view(&w->plan, STORY_PLAN, INT64_MAX);
	w->plan_text = xstrdup(document_text(w->document));
	w->plan_valid = w->summary_valid = true;
	w->purpose = w->plan_purpose = PURPOSE_PLAN;
	w->summary = (struct port_summary){ .version = "1.36.2", .endpoint = "https://10.0.0.100:6443" };
}

/* ---- a run ---------------------------------------------------------------------------------------------------------- */

void story_run(struct wizard *w, enum story which, int64_t at_ms)
{
	story_view(&w->view, which, at_ms);
	w->view_valid = true;
	w->purpose = which == STORY_CHECK ? PURPOSE_CHECK : PURPOSE_APPLY;
	/* never looked into: story_port knows what the run is of */
	w->run = w->view.over ? NULL : (struct port_run *)w;
	if (!w->view.over)
		return;
	w->summary = (struct port_summary){ .exit_status = which == STORY_FAILS ? 8 : 0,
		.kubeconfig = "/home/admin/.local/state/kubewright/rack7/kubeconfig",
		.endpoint = "https://10.0.0.100:6443",
		.version = "1.36.2",
		.voters = 3,
		.tolerates = 1 };
	w->summary_valid = true;
}

void story_forget(struct wizard *w)
{
	w->run = NULL;
}

/* ---- the port ------------------------------------------------------------------------------------------------------- */

static const struct engine_config *config(struct port_run *r)
{
	(void)r;
	return &story_config;
}

static const struct inventory *inventory(struct port_run *r)
{
	static const struct inventory rack7 = { .cluster = "rack7" };

	(void)r;
	return &rack7;
}

static const char *remedy(const char *finding)
{
	return strcmp(finding, "duplicate-machine-id") == 0
		       ? "makes a new /etc/machine-id on this host; services that read it at their start see it after a reboot"
		       : NULL;
}

static char *runs_dir(void *ctx, const char *cluster)
{
	(void)ctx;
	(void)cluster;
	return xstrdup("runs");
}

/* blue's installation was cut off, lab's is under way, rack7 is well. */
static size_t runs(void *ctx, const char *cluster, struct port_past **list)
{
	(void)ctx;
	if (strcmp(cluster, "new") == 0) {
		*list = NULL;
		return 0;
	}
	*list = xcalloc(1, sizeof(**list));
	(*list)[0] = (struct port_past){ .path = xstrdup("runs/" STORY_RUN ".jsonl"),
		.run = xstrdup(STORY_RUN),
		.command = xstrdup("apply"),
		.dead = strcmp(cluster, "blue") == 0,
		.alive = strcmp(cluster, "lab") == 0,
		.wall_ms = 1772366400000 };
	return 1;
}

static char *recent(void *ctx)
{
	(void)ctx;
	return xstrdup("kubewright.yaml\nracks/blue.yaml\nracks/lab.yaml\nracks/new.yaml\nracks/broken.yaml\n");
}

static bool connected(void *ctx, const char *host)
{
	(void)ctx;
	return strcmp(host, "cp3") != 0;
}

static void remember(void *ctx, const char *path)
{
	(void)ctx;
	(void)path;
}

const struct port story_port = {
	.config = config,
	.inventory = inventory,
	.remedy = remedy,
	.runs = runs,
	.runs_dir = runs_dir,
	.recent = recent,
	.remember = remember,
	.connected = connected,
};
