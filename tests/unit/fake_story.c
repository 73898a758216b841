/* The events of a made-up installation. */
#include "tests/unit/fake_story.h"

#include "base/alloc.h"
#include "steps/steps.h"
#include "tests/unit/fake_port.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOON 1772366400000 /* 2026-03-01 12:00 UTC */
#define HOSTS 5
#define EVENTS 400

enum { CP1, CP2, CP3, W1, W2 };

const char story_file[] = "# Rack 7, row B.\n"
			  "cluster: rack7\n"
			  "kubernetes:\n"
			  "  version: 1.36.2\n"
			  "endpoint:\n"
			  "  vip: 10.0.0.100\n"
			  "network:\n"
			  "  cni: ./flannel.yaml\n"
			  "ssh: {user: ops, sudo: ask}\n"
			  "hosts:\n"
			  "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
			  "  - {name: cp2, address: 10.0.0.12, role: control-plane}\n"
			  "  - {name: cp3, address: 10.0.0.13, role: control-plane}\n"
			  "  - {name: w1, address: 10.0.0.21, role: worker, labels: {gpu: h200}}\n"
			  "  - {name: w2, address: 10.0.0.22, role: worker, labels: {gpu: h200}}\n";

static const struct engine_host hosts[HOSTS] = { { "cp1", ROLE_CONTROL_PLANE }, { "cp2", ROLE_CONTROL_PLANE },
	{ "cp3", ROLE_CONTROL_PLANE }, { "w1", ROLE_WORKER }, { "w2", ROLE_WORKER } };
struct engine_config story_config = { .run = STORY_RUN, .hosts = hosts, .host_count = HOSTS, .keep_alive = true };

static const struct error no_packages = { .kind = ERROR_COMMAND,
	.host = "w2",
	.step = "packages",
	.what = "cannot fetch packages: apt-get ended with status 100",
	.hint = "can the host reach pkgs.k8s.io? a proxy is set in /etc/apt/apt.conf.d; then try it again",
	.detail = "Err:4 https://pkgs.k8s.io/core:/stable:/v1.36/deb kubelet 1.36.2-1.1\n"
		  "  Could not connect to pkgs.k8s.io:443 (198.51.100.206), connection timed out\n"
		  "E: Failed to fetch https://pkgs.k8s.io/core:/stable:/v1.36/deb/amd64/kubelet_1.36.2-1.1_amd64.deb" };

/* ---- events -------------------------------------------------------------------------------------------------------- */

static struct event events[EVENTS];
static size_t count;

static int step_index(const char *name)
{
	for (size_t i = 0; i < story_config.step_count; i++)
		if (strcmp(story_config.steps[i].name, name) == 0)
			return (int)i;
	abort();
}

static struct event *put(enum event_kind kind, int host, const char *step, int64_t at, const char *text)
{
	if (count == EVENTS)
		abort();
	/* seq: the order of those at the same time */
	events[count] = (struct event){ .kind = kind,
		.seq = count,
		.host = host,
		.step = step ? step_index(step) : -1,
		.at_ms = at,
		.wall_ms = NOON + at,
		.code = kind == EVENT_HOST_STATE ? code_of(text) : CODE_NONE,
		.text = text };
	return &events[count++];
}

static void done(int host, const char *step, int64_t from, int64_t ms, enum outcome outcome, const char *text)
{
	struct event *ev;

	if (ms)
		put(EVENT_STEP_STARTED, host, step, from, text);
	ev = put(EVENT_STEP_DONE, host, step, from + ms, text);
	ev->elapsed_ms = ms;
	ev->outcome = outcome;
}

static void did(int host, const char *step, int64_t from, int64_t ms, const char *text)
{
	done(host, step, from, ms, OUTCOME_CHANGED, text);
}

static void says(int host, const char *step, int64_t at, const char *text)
{
	put(EVENT_OUTPUT, host, step, at, text);
}

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static bool is_worker(int host)
{
	return hosts[host].roles == ROLE_WORKER;
}

/* ---- the stories --------------------------------------------------------------------------------------------------- */

static void look(void)
{
	put(EVENT_RUN_STARTED, -1, NULL, 0, STORY_RUN);
	for (int h = 0; h < HOSTS; h++) {
		put(EVENT_HOST_STATE, h, NULL, 20, "connecting");
		put(EVENT_HOST_STATE, h, NULL, 380 + h * 70, "connected");
		done(h, "probe", 20, 1700 + h * 90, OUTCOME_OK, "Debian GNU/Linux 12 (bookworm)");
		if (!is_worker(h))
			done(h, "survey", 1800 + h * 90, 40, OUTCOME_OK, "nothing is installed");
		done(h, "preflight", 2200, 0, OUTCOME_OK, NULL);
	}
	put(EVENT_NOTICE, W2, "preflight", 2200, "time-service-missing: no time service keeps this host's clock");
	done(CP1, "decide", 2210, 20, OUTCOME_OK, "a new cluster of Kubernetes 1.36.2");
}

static void packages(int h, int64_t from, int64_t ms)
{
	says(h, "packages", from + 300, "fetching the key https://pkgs.k8s.io/core:/stable:/v1.36/deb/Release.key");
	says(h, "packages", from + 2100,
		"Get:1 https://pkgs.k8s.io/core:/stable:/v1.36/deb kubeadm 1.36.2-1.1 [12.6 MB]");
	says(h, "packages", from + ms - 900, "Setting up kubelet (1.36.2-1.1) ...");
	says(h, "packages", from + ms - 100, "kubelet 1.36.2, containerd 2.2.1, keepalived 2.2.7");
	did(h, "packages", from, ms, "installs kubelet 1.36.2");
}

static void prepare(int h, bool fails)
{
	static const int64_t packages_ms[HOSTS] = { 27800, 30100, 32400, 26200, 29900 },
			     images_ms[HOSTS] = { 41700, 37900, 35600, 42300, 86800 };
	int64_t t = 2300;

	did(h, "os", t, 5900 + h * 210, "writes /etc/sysctl.d/zz-kubewright.conf");
	t += 6000 + h * 210;
	if (fails) {
		says(h, "packages", t + 300,
			"fetching the key https://pkgs.k8s.io/core:/stable:/v1.36/deb/Release.key");
		says(h, "packages", t + 60400, "Err:4 https://pkgs.k8s.io/core:/stable:/v1.36/deb kubelet 1.36.2-1.1");
		says(h, "packages", t + 60400,
			"  Could not connect to pkgs.k8s.io:443 (198.51.100.206), connection timed out");
		done(h, "packages", t, 60700, OUTCOME_FAILED, "installs kubelet 1.36.2");
		events[count - 1].error = &no_packages;
		put(EVENT_HOST_ASIDE, h, "packages", t + 60700, NULL)->error = &no_packages;
		return;
	}
	packages(h, t, packages_ms[h]);
	t += packages_ms[h] + 10;
	did(h, "runtime", t, 1240, "writes /etc/containerd/config.toml");
	t += 1250;
	if (!is_worker(h)) {
		did(h, "certificates", t, 480, "places keys, certificates and kubeconfigs");
		did(h, "endpoint", t + 490, 3310, "writes /etc/keepalived/keepalived.conf");
		t += 3810;
	}
	says(h, "images", t + 4000, "pulled registry.k8s.io/pause:3.10.2");
	says(h, "images", t + images_ms[h] - 2000, "pulled registry.k8s.io/kube-proxy:v1.36.2");
	did(h, "images", t, images_ms[h], "pulls the images of Kubernetes 1.36.2");
}

/* Of kubeadm join, a line a second. */
static void join_control_plane(int h, int64_t from, int64_t ms)
{
	static const char *const lines[] = { "[preflight] Running pre-flight checks",
		"[preflight] Reading configuration from the \"kubeadm-config\" ConfigMap in namespace \"kube-system\"...",
		"[certs] Using certificateDir folder \"/etc/kubernetes/pki\"",
		"[certs] Valid certificates and keys now exist in \"/etc/kubernetes/pki\"",
		"[kubeconfig] Using kubeconfig folder \"/etc/kubernetes\"",
		"[control-plane] Creating static Pod manifest for \"kube-apiserver\"",
		"[control-plane] Creating static Pod manifest for \"kube-controller-manager\"",
		"[control-plane] Creating static Pod manifest for \"kube-scheduler\"",
		"[check-etcd] Checking that the etcd cluster is healthy",
		"[kubelet-start] Writing kubelet configuration to file \"/var/lib/kubelet/config.yaml\"",
		"[kubelet-start] Starting the kubelet",
		"[etcd] Announced new etcd member joining to the existing etcd cluster",
		"[etcd] Creating static Pod manifest for \"etcd\"",
		"[etcd] Waiting for the new etcd member to join the cluster. This can take up to 40s" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		says(h, "join-control-plane", from + 600 * (int64_t)(i + 1), lines[i]);
	did(h, "join-control-plane", from, ms, "joins as a control plane");
}

static void install(bool fails)
{
	look();
	for (int h = 0; h < HOSTS; h++)
		prepare(h, fails && h == W2);
	says(CP1, "init", 84000, "[init] Using Kubernetes version: v1.36.2");
	did(CP1, "init", 83000, 33600, "runs kubeadm init 1.36.2");
	says(CP1, "cni", 117600, "daemonset.apps/kube-flannel-ds serverside-applied");
	did(CP1, "cni", 116700, 1400, "applies ./flannel.yaml");
	did(CP1, "kubeconfig", 118200, 10, "writes /home/admin/.local/state/kubewright/rack7/kubeconfig");
	did(W1, "join", 116700, 7100, "joins as a worker");
	if (!fails)
		did(W2, "join", 127200, 6900, "joins as a worker");
	join_control_plane(CP2, 118200, 21400);
	join_control_plane(CP3, 139700, 20600);
	did(CP1, "labels", 160400, 300, "sets labels and taints of w1");
	says(CP1, "verify", 160800, "waiting: Node cp3 is not Ready");
	says(CP1, "verify", 168000, "every Node is Ready; 3 etcd voters");
	done(CP1, "verify", 160700, 7400, OUTCOME_OK, "verifies Nodes, etcd members and the API");
	for (int h = CP1; h <= CP3; h++)
		did(h, "snapshots", 168150, 100 + h, "writes /etc/kubewright/etcd-snapshot");
	for (int h = 0; h < HOSTS; h++)
		did(h, "unlock", (fails ? STORY_WAITS + 10000 : 168300), 30 + h, NULL);
	put(EVENT_RUN_DONE, -1, NULL, fails ? STORY_WAITS + 11000 : 168400, NULL)->outcome =
		fails ? OUTCOME_FAILED : OUTCOME_CHANGED;
}

static void would(int h, const char *step, const char *text)
{
	done(h, step, 2400, 0, OUTCOME_WOULD, text);
}

static void plan(void)
{
	look();
	for (int h = 0; h < HOSTS; h++) {
		says(h, "os", 2400, "--- /etc/sysctl.d/zz-kubewright.conf");
		says(h, "os", 2400, "+++ /etc/sysctl.d/zz-kubewright.conf");
		says(h, "os", 2400, "+net.ipv4.ip_forward = 1");
		would(h, "os", "writes /etc/sysctl.d/zz-kubewright.conf");
		would(h, "packages", "installs kubelet 1.36.2");
		would(h, "runtime", "configures containerd");
		if (!is_worker(h)) {
			would(h, "certificates", "places keys, certificates and kubeconfigs");
			would(h, "endpoint", "writes /etc/keepalived/keepalived.conf");
		}
		would(h, "images", "pulls the images of Kubernetes 1.36.2");
		if (h == CP1) {
			would(h, "init", "runs kubeadm init 1.36.2");
			would(h, "cni", "applies ./flannel.yaml");
			would(h, "labels", "sets labels and taints of w1");
			would(h, "kubeconfig", "writes /home/admin/.local/state/kubewright/rack7/kubeconfig");
		} else {
			would(h, is_worker(h) ? "join" : "join-control-plane",
				is_worker(h) ? "joins as a worker" : "joins as a control plane");
		}
		if (!is_worker(h))
			would(h, "snapshots", "writes /etc/kubewright/etcd-snapshot");
		would(h, "unlock", NULL);
	}
	put(EVENT_RUN_DONE, -1, NULL, 2500, NULL)->outcome = OUTCOME_WOULD;
}

static void ask(int host, const char *const key[CODE_FIELDS])
{
	struct event *ev = put(EVENT_QUESTION, host, "probe", 90, "is it the right one?");

	ev->code = QUESTION_HOST_KEY;
	memcpy(ev->fields, key, sizeof(ev->fields));
	ev->answers = "no|yes";
}

static void check(void)
{
	static const char *const keys[][CODE_FIELDS] = { { "cp1", "ssh-ed25519",
								 "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDgQnGvM9Wq0sWcQmA" },
		{ "cp3", "ssh-ed25519", "SHA256:Zc5uSgFHiu3AY0Y6hEyMbdU1kTnQyD5HjVQq0o8yVYg" },
		{ "w1", "ecdsa-sha2-nistp256", "SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM" } };
	static const int askers[] = { CP1, CP3, W1 };

	put(EVENT_RUN_STARTED, -1, NULL, 0, STORY_RUN);
	for (int h = 0; h < HOSTS; h++) {
		put(EVENT_HOST_STATE, h, NULL, 20, "connecting");
		put(EVENT_STEP_STARTED, h, "probe", 20, NULL);
	}
	for (int i = 0; i < 3; i++)
		ask(askers[i], keys[i]);
	put(EVENT_HOST_STATE, CP2, NULL, 400, "connected");
	done(CP2, "probe", 20, 1800, OUTCOME_OK, NULL);
}

static void tell(enum story which)
{
	count = 0;
	story_config.steps = plans[PLAN_INSTALL].steps;
	story_config.step_count = plans[PLAN_INSTALL].count;
	if (which == STORY_CHECK)
		check();
	else if (which == STORY_PLAN)
		plan();
	else
		install(which == STORY_FAILS);
	qsort(events, count, sizeof(events[0]), by_time);
	for (size_t i = 0; i < count; i++)
		events[i].seq = i + 1;
}

void story_view(struct runview *v, enum story which, int64_t at_ms)
{
	tell(which);
	runview_init_config(v, &story_config);
	for (size_t i = 0; i < count && events[i].at_ms <= at_ms; i++)
		runview_event(&events[i], v);
}

void story_journal(const char *dir, enum story which)
{
	char *path = xasprintf("%s/" STORY_RUN ".jsonl", dir);
	struct journal *j;

	/* of an earlier story */
	unlink(path);
	free(path);
	tell(which);
	j = journal_open(dir, STORY_RUN, &story_config, "apply", NULL);
	if (!j)
		abort();
	for (size_t i = 0; i < count; i++)
		journal_event(&events[i], j);
	journal_close(j);
}
