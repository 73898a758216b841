#include "tests/unit/fake_cluster.h"

#include "base/clock.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"
#include "tests/unit/fake_tls.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KUBE "1.36.2-1.1"
#define SOURCE "right /etc/apt/sources.list.d/k8s.list:1"

struct lab *lab_current;

bool lab_is_control_plane(const struct machine *m)
{
	return m->lab->inventory->hosts[m->index].role == INVENTORY_CONTROL_PLANE;
}

/* ---- which call fails ---------------------------------------------------------------------------------------------- */

enum verdict { GO_ON, FAIL_BEFORE, FAIL_AFTER, FAIL_HALF };

/* With the lock held, at the start of every remote call. */
static enum verdict count_call(struct machine *m)
{
	struct lab *l = m->lab;

	if (l->dead == m->index)
		return FAIL_BEFORE;
	if (++l->calls != l->fail_at)
		return GO_ON;
	if (l->fault == LAB_LOST || l->fault == LAB_LOST_AFTER)
		l->dead = m->index;
	/* two control planes without one of them have no quorum, and there is nothing to see but a long wait */
	if (l->fault == LAB_LOST_AFTER && !lab_is_control_plane(m))
		l->off |= 1u << m->index;
	return l->fault == LAB_ERROR ? FAIL_HALF : l->fault == LAB_LOST_AFTER ? FAIL_AFTER : FAIL_BEFORE;
}

static int lose(const struct machine *m, struct error *err)
{
	error_set(err, ERROR_CONNECT, "the connection to %s was lost", m->host.name);
	return error_hint(err, "it was made to");
}

/* ---- the probe ----------------------------------------------------------------------------------------------------- */

static void sayf(struct str *out, const char *word, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void sayf(struct str *out, const char *word, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fake_say(out, word, text);
}

static void say_lock(struct machine *m, const struct remote_exec *x, struct str *out)
{
	struct str run = STR_INIT, dead = STR_INIT;

	fake_param(x, "run", &run);
	fake_param(x, "dead_runs", &dead);
	if (!m->lock[0] || strcmp(m->lock, run.buf) == 0) {
		fake_say(out, "lock", "ours");
	} else if (dead.buf && strstr(dead.buf, m->lock)) {
		fake_say(out, "lock", "taken-over");
	} else {
		fake_say(out, "lock", "held");
		fake_say(out, "lock_run", m->lock);
		str_release(&run);
		str_release(&dead);
		return;
	}
	snprintf(m->lock, sizeof(m->lock), "%s", run.buf);
	str_release(&run);
	str_release(&dead);
}

static void say_identity(struct machine *m, struct str *out)
{
	const struct inventory_host *h = &m->lab->inventory->hosts[m->index];

	fake_say(out, "hostname", h->name);
	sayf(out, "machine_id", "%032d", m->index + 1);
	sayf(out, "product_uuid", "%032d", m->index + 1);
	/* the first of them holds both virtual addresses */
	sayf(out, "addrs", "eth0 02:00:00:00:00:%02d %s/24%s%s", m->index, h->address,
		m->index == 0 && strstr(m->vrrp, "10.0.0.100/32") ? "\neth0 02:00:00:00:00:00 10.0.0.100/32" : "",
		m->index == 0 && strstr(m->vrrp, "10.0.0.101/32") ? "\neth0 02:00:00:00:00:00 10.0.0.101/32" : "");
	lab_say_system(m, out);
	sayf(out, "now_ms", "%lld", (long long)clock_wall_ms());
	sayf(out, "have", "%s%s", m->have, m->pki || *m->have ? " ca-crt" : "");
	if (m->pki || *m->have)
		fake_say(out, "ca_crt",
			m->trusts[PKI_ISSUER_CLUSTER].len ? m->trusts[PKI_ISSUER_CLUSTER].buf : m->lab->ca);
	fake_say(out, "pki_manifest", m->pki ? "ok" : "absent");
	lab_say_keys(m, out);
	if (m->lab->booting)
		fake_say(out, "uptime_s", "10");
	sayf(out, "boot_id", "boot-%d-%u", m->index, m->boots);
	fake_say(out, "reboot", m->pending ? "kernel 6.1.0-2-amd64 is installed, 6.1.0-1-amd64 runs" : "");
	fake_say(out, "listen",
		m->lab->booting  ? "22"
		: lab_has_api(m) ? "22 6443 2379 2380 10250 10257 10259"
		: *m->have       ? "22 10250"
				 : "22");
	if (*m->have)
		sayf(out, "kubelet_server", "https://%s", m->endpoint[0] ? m->endpoint : "10.0.0.100:6443");
	fake_say(out, "unit.kubelet", *m->have ? "active" : "inactive");
	lab_say_security(m, true, out);
}

static void probe(struct machine *m, const struct remote_exec *x, struct str *out)
{
	char word[128];

	say_lock(m, x, out);
	lab_say_health(out);
	say_identity(m, out);
	for (size_t i = 0; i < m->file_count; i++)
		lab_say_file(&m->files[i], out);
	if (m->packages) {
		fake_say(out, "pkg.kubelet", KUBE);
		fake_say(out, "pkg.kubeadm", KUBE);
		fake_say(out, "pkg.kubectl", KUBE);
		fake_say(out, "pkg.containerd.io", "2.2.0-1");
		fake_say(out, "hold", "kubeadm kubectl kubelet");
		fake_say(out, "source.kubernetes", SOURCE);
		fake_say(out, "ledger", "yes");
	}
	if (m->packages && lab_is_control_plane(m)) {
		fake_say(out, "pkg.keepalived", "1:2.2.7-1");
		fake_say(out, "pkg.curl", "7.88.1-10");
		fake_say(out, "pkg.openssl", "3.0.19-1");
	}
	fake_say(out, "unit.containerd", m->containerd ? "active" : "absent");
	fake_say(out, "unit.keepalived", m->keepalived ? "active" : "absent");
	fake_say(out, "unit.kubewright-etcd-snapshot.timer", m->timer ? "active" : "absent");
	fake_say(out, "unit.kubewright-approve-kubelets.timer", m->approver ? "active" : "absent");
	if (m->record)
		fake_say(out, "record.cluster", m->lab->inventory->cluster);
	if (m->init)
		fake_say(out, "record.init", "yes");
	if (m->endpoint[0])
		fake_say(out, "record.endpoint", m->endpoint);
	if (m->settings[0])
		fake_say(out, "record.settings", m->settings);
	if (m->components[0])
		fake_say(out, "record.components", m->components);
	if (m->stale)
		fake_say(out, "record.stale_containerd", "yes");
	for (size_t i = 0; i < sizeof(m->jobs) / sizeof(m->jobs[0]); i++) {
		snprintf(word, sizeof(word), "job.%s", m->jobs[i].name);
		if (m->jobs[i].name[0] && strcmp(m->jobs[i].name, "gone") != 0)
			fake_say(out, word, m->jobs[i].record);
	}
}

/* ---- scripts that write -------------------------------------------------------------------------------------------- */

static void put_file(struct machine *m, const char *path, const char *mode, const char *data, struct str *out)
{
	struct str text = STR_INIT;
	size_t i = 0;

	str_add_unbase64(&text, data, strlen(data));
	while (i < m->file_count && strcmp(m->files[i].path, path) != 0)
		i++;
	snprintf(m->files[i].path, sizeof(m->files[i].path), "%s", path);
	m->files[i].mode = (unsigned)strtoul(mode, NULL, 8);
	pki_sha256_hex(text.buf, text.len, m->files[i].sum);
	if (strcmp(path, "/etc/keepalived/keepalived.conf") == 0)
		snprintf(m->vrrp, sizeof(m->vrrp), "%s", text.buf);
	lab_say_file(&m->files[i], out);
	if (i == m->file_count)
		m->file_count++;
	str_release(&text);
}

/* Half of a failing script is done: its first file. */
static void put_files(struct machine *m, const struct remote_exec *x, bool whole, struct str *out)
{
	struct str path = STR_INIT, data = STR_INIT, mode = STR_INIT;
	char name[32];

	for (int i = 1; i < 9; i++) {
		str_clear(&path);
		str_clear(&data);
		str_clear(&mode);
		snprintf(name, sizeof(name), "file_%d_path", i);
		if (!fake_param(x, name, &path) || (!whole && i > 1))
			break;
		snprintf(name, sizeof(name), "file_%d_data", i);
		fake_param(x, name, &data);
		snprintf(name, sizeof(name), "file_%d_mode", i);
		fake_param(x, name, &mode);
		put_file(m, path.buf, mode.buf, data.buf, out);
	}
	str_release(&path);
	str_release(&data);
	str_release(&mode);
}

/* Which keys of CAs it has afterwards. */
static void place_keys(struct machine *m, const struct remote_exec *x)
{
	struct str away = STR_INIT, path = STR_INIT;
	char name[32];

	fake_param(x, "no_ca_keys", &away);
	m->ca_keys = m->ca_keys && strcmp(away.buf, "yes") != 0;
	for (int i = 1; i < 40; i++) {
		snprintf(name, sizeof(name), "file_%d_path", i);
		str_clear(&path);
		fake_param(x, name, &path);
		m->ca_keys = m->ca_keys || str_ends(path.buf, "ca.key");
	}
	str_release(&away);
	str_release(&path);
}

static const char *place_certificates(struct machine *m, const struct remote_exec *x, struct str *out)
{
	struct str init = STR_INIT;

	fake_param(x, "init", &init);
	m->pki = m->record = true;
	m->init = m->init || strcmp(init.buf, "yes") == 0;
	str_release(&init);
	place_keys(m, x);
	fake_say(out, "pki_manifest", "ok");
	lab_say_keys(m, out);
	return "placed";
}

/* Items of a part. Half of what runtime does is the files, without the restart. */
static const char *put(struct machine *m, const struct remote_exec *x, bool whole, struct str *out)
{
	put_files(m, x, whole || fake_has(x, host_script_runtime), out);
	if (fake_has(x, host_script_os)) {
		m->prepared = whole;
		lab_say_system(m, out);
	} else if (fake_has(x, host_script_runtime)) {
		fake_say(out, "record.stale_containerd", "no");
		fake_say(out, "unit.containerd", "active");
		m->stale = !whole;
	} else if (fake_has(x, host_script_security)) {
		lab_files_gone(m, x);
		lab_say_security(m, false, out);
	} else if (fake_has(x, "kubewright-approve-kubelets")) {
		lab_files_gone(m, x);
		m->approver = whole && lab_file(m, "/etc/kubewright/approve-kubelets");
		fake_say(out, "unit.kubewright-approve-kubelets.timer", m->approver ? "active" : "absent");
		lab_say_security(m, false, out);
	} else if (!fake_has(x, host_script_endpoint)) {
		fake_say(out, "unit.kubewright-etcd-snapshot.timer", "active");
		m->timer = whole;
	} else {
		fake_say(out, "record.stale_keepalived", "no");
		fake_say(out, "unit.keepalived", "active");
		m->keepalived = whole;
	}
	return "put";
}

/* 0 is said as an empty word: nobody has said it. */
static void say_size(struct str *out, const char *name, int64_t size)
{
	if (size)
		sayf(out, name, "%lld", (long long)size);
	else
		fake_say(out, name, "");
}

/* Returns a word to answer with; NULL: nothing more. */
static const char *script(struct machine *m, const struct remote_exec *x, bool whole, struct str *out)
{
	if (fake_has(x, host_script_probe))
		return whole ? (probe(m, x, out), "now_end_ms") : NULL;
	if (fake_has(x, host_script_explain))
		return "system";
	if (fake_has(x, host_script_beat))
		return fake_say(out, "holder", m->lock[0] ? m->lock : "none"), "holder_owner";
	if (fake_has(x, host_script_etcd_last))
		return "last";
	if (fake_has(x, host_script_certs))
		return lab_say_certs(m, out), NULL;
	if (fake_has(x, host_script_etcd_space)) {
		say_size(out, "quota", m->quota);
		say_size(out, "room_kb", m->room_kb);
		return "manifest";
	}
	if (fake_has(x, host_script_support))
		return "piece.kubelet";
	lab_insist(strcmp(m->lock, m->lab->world->wish.run) == 0, "a change without the lock");
	if (fake_has(x, host_script_unlock))
		return whole ? (m->lock[0] = '\0', "unlocked") : NULL;
	if (fake_has(x, host_script_confirm))
		return whole ? (fake_say(out, "deadman", "confirmed"), "at") : NULL;
	if (fake_has(x, host_script_certificates))
		return whole ? place_certificates(m, x, out) : NULL;
	if (fake_has(x, host_script_cni))
		return whole ? (m->lab->applied = true, "applied") : NULL;
	if (fake_has(x, host_script_etcd_upload))
		return whole ? "have" : NULL;
	if (fake_has(x, host_script_etcd_stop))
		return whole ? (m->have = "kubelet-conf", m->lab->stops++, "stopped") : NULL;
	if (lab_drill(m, x, whole, out) || lab_restarts(m, x, whole, out))
		return NULL;
	lab_insist(fake_has(x, host_script_put), "a script that it does not know");
	return put(m, x, whole, out);
}

static int run_script(struct machine *m, const struct remote_exec *x, bool whole, struct str *out)
{
	const char *word;

	fake_begin(out, x);
	if (fake_has(x, host_script_job)) {
		lab_insist(strcmp(m->lock, m->lab->world->wish.run) == 0, "a job without the lock");
		whole = lab_job(m, x, whole, out);
	} else {
		whole = whole && !(m->picky && fake_has(x, host_script_settings));
		word = script(m, x, whole, out);
		if (whole && word)
			sayf(out, word, strcmp(word, "now_end_ms") == 0 ? "%lld" : "yes", (long long)clock_wall_ms());
	}
	if (!whole) {
		fake_say(out, "error", "it was made to fail");
		fake_say(out, "hint", "try again");
	}
	fake_end(out, x);
	return whole ? 0 : 1;
}

static int machine_exec(struct fake_host *h, unsigned call, const struct remote_exec *x, struct str *out,
	struct str *log, struct error *err)
{
	struct machine *m = h->ctx;
	enum verdict v;
	int status = -1;

	(void)call;
	(void)log;
	pthread_mutex_lock(&m->lab->lock);
	v = count_call(m);
	m->lab->execs++;
	if (v != FAIL_BEFORE && !fake_is_script(x)) {
		m->lab->uploaded += x->input_len;
		status = 0;
	} else if (v != FAIL_BEFORE)
		status = run_script(m, x, v != FAIL_HALF, out);
	pthread_mutex_unlock(&m->lab->lock);
	return v == FAIL_BEFORE || v == FAIL_AFTER ? lose(m, err) : status;
}

/* ---- tunnels ------------------------------------------------------------------------------------------------------- */

static int answer(void *ctx, const char *method, const char *path, const char *body, struct str *out)
{
	struct machine *m = ctx;
	int status = 500;

	pthread_mutex_lock(&m->lab->lock);
	if (m->lab->failing)
		str_add(out, "{\"kind\":\"Status\",\"message\":\"it was made to fail\"}");
	else
		status = lab_answer(m, method, path, body, out);
	pthread_mutex_unlock(&m->lab->lock);
	return status;
}

static int serve(struct machine *to, struct ssl_ctx_st *tls, int (*use)(int fd, void *ctx, struct error *err),
	void *ctx, struct error *err)
{
	struct fake_tls s = { .answer = answer, .answer_ctx = to, .ctx = tls };
	int fd[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		abort();
	fake_tls_start(&s, NULL, NULL, NULL, fd[1]);
	rc = use(fd[0], ctx, err);
	shutdown(fd[0], SHUT_RDWR);
	fake_tls_stop(&s);
	close(fd[0]);
	return rc;
}

static int machine_tunnel(struct fake_host *h, const char *address, int port,
	int (*use)(int fd, void *ctx, struct error *err), void *ctx, struct error *err)
{
	struct machine *m = h->ctx, *to;
	enum verdict v;
	int rc = -1;

	pthread_mutex_lock(&m->lab->lock);
	v = count_call(m);
	to = port == 6443 && m->lab->booting ? (m->lab->booting--, NULL) : lab_find(m, address);
	to = to && lab_serves(to, port) ? to : NULL;
	to = port == 10250 && m->lab->kubelets ? lab_kubelet(m->lab, address) : to;
	m->lab->failing = v == FAIL_HALF;
	pthread_mutex_unlock(&m->lab->lock);
	if (v == FAIL_BEFORE)
		return lose(m, err);
	if (m->lab->forbids & 1u << m->index) {
		error_set(err, ERROR_BLOCKED, "cannot look at %s:%d from %s", address, port, m->host.name);
		error_hint(err, "permit it");
	} else if (to)
		rc = serve(
			to, port == 10250 && to->kubelet_tls ? to->kubelet_tls : to->tls[port == 2379], use, ctx, err);
	else
		error_set(err, lab_is_off(m->lab, address) ? ERROR_UNREACHABLE : ERROR_REFUSED, "%s:%d: nobody answers",
			address, port);
	pthread_mutex_lock(&m->lab->lock);
	m->lab->failing = false;
	pthread_mutex_unlock(&m->lab->lock);
	return v == FAIL_AFTER ? lose(m, err) : rc;
}

/* ---- the lab ------------------------------------------------------------------------------------------------------- */

void lab_init(struct lab *l, const struct inventory *inventory, const struct pki_store *store,
	struct ssl_ctx_st *tls[LAB_MACHINES][2])
{
	memset(l, 0, sizeof(*l));
	pthread_mutex_init(&l->lock, NULL);
	l->inventory = inventory;
	l->ca = pki_store_pem(store, PKI_CA_CRT);
	strcpy(l->given[SETTINGS_KUBELET].text, "maxPods: 110\n");
	strcpy(l->given[SETTINGS_KUBEPROXY].text, "mode: iptables\n");
	for (int i = 0; i < LAB_MACHINES; i++) {
		struct machine *m = &l->machines[i];

		m->lab = l;
		m->index = i;
		m->have = "";
		m->host.ctx = m;
		m->host.name = inventory->hosts[i].name;
		m->host.fn = machine_exec;
		m->host.tunnel = machine_tunnel;
		m->tls[0] = tls[i][0];
		m->tls[1] = tls[i][1];
	}
}

void lab_run(struct lab *l, struct world *w, unsigned fail_at, enum lab_fault fault)
{
	l->world = w;
	l->calls = l->execs = 0;
	l->fail_at = fail_at;
	l->fault = fault;
	l->dead = -1;
	lab_current = l;
}

struct remote *lab_open(void *world, int host, struct task *t, struct remote_cancel_token *token, struct error *err)
{
	struct machine *m = &lab_current->machines[host];
	bool dead;

	(void)world;
	(void)t;
	(void)token;
	pthread_mutex_lock(&lab_current->lock);
	if (m->boots > m->node_boots && m->away-- == 0) {
		m->away = 0;
		lab_current->off &= ~(1u << host);
	}
	dead = lab_current->dead == host || ((lab_current->out_of_sight | lab_current->off) & 1u << host);
	pthread_mutex_unlock(&lab_current->lock);
	if (dead) {
		lose(m, err);
		return NULL;
	}
	return fake_remote_open(&m->host);
}
