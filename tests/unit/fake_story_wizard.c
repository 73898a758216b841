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
		"kubeadm does not start over it, and there may be a cluster's data in it",
		"if nothing of it is needed: 'kubeadm reset' and 'rm -rf /etc/kubernetes /var/lib/etcd /etc/cni/net.d' on the host");
	find(&s[0], "swap-on", FINDING_WARNING, "swap is on: /dev/nvme0n1p3",
		"the kubelet does not start beside swap unless its configuration says so",
		"kubewright turns it off in apply and keeps it off; to keep it, set kubelet.config.failSwapOn: false");
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

void story_plan(struct wizard *w)
{
	story_view(&w->plan, STORY_PLAN, INT64_MAX);
	w->plan_text = xstrdup(document_text(w->document));
	w->plan_valid = w->summary_valid = true;
	w->purpose = PURPOSE_PLAN;
	w->summary =
		(struct port_summary){ .version = xstrdup("1.36.2"), .endpoint = xstrdup("https://10.0.0.100:6443") };
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
		.kubeconfig = xstrdup("/home/admin/.local/state/kubewright/rack7/kubeconfig"),
		.endpoint = xstrdup("https://10.0.0.100:6443"),
		.version = xstrdup("1.36.2"),
		.voters = 3 };
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

/* blue's installation was cut off, lab's goes on, rack7 is well. */
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
