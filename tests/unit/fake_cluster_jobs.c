/* Jobs of the machines of fake_cluster.h: what kubeadm, apt and the like would have done there. */
#include "tests/unit/fake_cluster.h"

#include "inventory/inventory.h"
#include "pki/pki.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KUBE "1.36.2-1.1"
#define SOURCE "right /etc/apt/sources.list.d/k8s.list:1"

/* how: "done 0", "running -" */
static void record_job(struct machine *m, const char *name, const char *how, const char *input)
{
	size_t i = 0;

	while (m->jobs[i].name[0] && strcmp(m->jobs[i].name, name) != 0)
		i++;
	snprintf(m->jobs[i].name, sizeof(m->jobs[i].name), "%s", name);
	snprintf(m->jobs[i].record, sizeof(m->jobs[i].record), "%s %s %s", how, input, m->lab->world->wish.run);
}

static void forget_job(struct machine *m, const char *name)
{
	for (size_t i = 0; i < sizeof(m->jobs) / sizeof(m->jobs[0]); i++)
		if (strcmp(m->jobs[i].name, name) == 0)
			snprintf(m->jobs[i].name, sizeof(m->jobs[i].name), "gone");
}

void lab_insist(bool ok, const char *what)
{
	if (ok)
		return;
	printf("# a machine was asked for the impossible: %s\n", what);
	exit(3);
}

static void take_file(struct machine *m, const char *config, const char *begins, char out[96])
{
	const char *p = strstr(config, begins);

	snprintf(out, 96, "%.*s", p ? (int)strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789/.-") : 0, p ? p : "");
	lab_insist(!p || lab_file(m, out), "an API server without a file that it is to read");
}

/* By kubeadm's configuration: an API server does not start without a file that it is to read. */
static void take_files(struct machine *m, const char *config)
{
	take_file(m, config, "/etc/kubernetes/kubewright/audit-policy-", m->policy);
	take_file(m, config, "/etc/kubernetes/kubewright/secrets-", m->encryption);
}

/* The files with keys of Secrets. */
static void forget_keys(struct machine *m)
{
	size_t kept = 0, n = 0;

	m->cleaned[0] = '\0';
	for (size_t i = 0; i < m->file_count; i++)
		if (!str_starts(m->files[i].path, "/etc/kubernetes/kubewright/secrets-"))
			m->files[kept++] = m->files[i];
		else
			n += (size_t)snprintf(
				m->cleaned + n, sizeof(m->cleaned) - n, "sum.%s=absent\n", m->files[i].path);
	m->file_count = kept;
	m->encryption[0] = '\0';
}

static void run_init(struct machine *m, bool whole)
{
	for (int i = 0; i < LAB_MACHINES; i++)
		lab_insist(m->lab->machines[i].member == LAB_NO_MEMBER, "kubeadm init beside a living etcd");
	lab_insist(m->packages && m->containerd && !m->stale && m->pki && !*m->have,
		"kubeadm init on a machine that is not ready for it");
	m->lab->inits++;
	snprintf(m->lab->token, sizeof(m->lab->token), "%.6s", m->lab->world->token.text);
	m->have = whole ? "kubelet-conf admin-conf apiserver-manifest etcd-manifest etcd-data"
			: "kubelet-conf etcd-manifest etcd-data";
	m->node = whole;
	m->member = whole ? LAB_VOTER : LAB_NO_MEMBER;
}

static void run_join(struct machine *m, bool whole)
{
	bool voter = false;

	for (int i = 0; i < LAB_MACHINES; i++) {
		voter = voter || m->lab->machines[i].member == LAB_VOTER;
		lab_insist(i == m->index || m->lab->machines[i].member != LAB_LEARNER || !lab_is_control_plane(m),
			"two learners at once");
	}
	lab_insist(voter && m->packages && m->containerd && !m->stale && !*m->have && m->member == LAB_NO_MEMBER,
		"kubeadm join on a machine that is not ready for it");
	lab_insist(m->lab->token[0] && strncmp(m->lab->token, m->lab->world->token.text, 6) == 0,
		"a join without a token");
	m->node = true;
	m->cordoned = false;
	m->have = "kubelet-conf";
	if (!lab_is_control_plane(m))
		return;
	take_files(m, m->lab->given[SETTINGS_CONTROL_PLANE].text);
	lab_insist(m->pki, "kubeadm join of a control plane without its PKI");
	m->member = whole ? LAB_VOTER : LAB_LEARNER;
	m->have = "kubelet-conf admin-conf apiserver-manifest etcd-manifest etcd-data";
}

/* etcd starts again: all other members are forgotten. */
static const char *run_restore(struct machine *m, bool whole)
{
	m->lab->restores++;
	for (int i = 0; i < LAB_MACHINES && whole; i++)
		m->lab->machines[i].member = i == m->index ? LAB_VOTER : LAB_NO_MEMBER;
	return "kept=/var/lib/kubewright/etcd/before-x\n";
}

void fake_blank(struct machine *m)
{
	memset(m->jobs, 0, sizeof(m->jobs));
	m->file_count = 0;
	m->prepared = m->packages = m->containerd = m->keepalived = m->pki = m->record = m->init = m->stale = m->timer =
		m->ca_keys = m->kubelet = false;
	m->have = "";
}

/* A digest among the parameters of a job, which are sent as a part of its script. */
static void job_param(const struct remote_exec *x, const char *name, char out[65])
{
	struct str text = STR_INIT;
	char begin[40];
	const char *p;

	fake_param(x, "script", &text);
	snprintf(begin, sizeof(begin), "\n%s=", name);
	p = strstr(text.buf, begin);
	p = p ? p + strlen(begin) : "";
	p += *p == '\'';
	snprintf(out, 65, "%.*s", (int)strspn(p, "0123456789abcdef"), p);
	str_release(&text);
}

/* Whether a parameter of a job is not empty. */
static bool job_has(const struct remote_exec *x, const char *name)
{
	struct str text = STR_INIT;
	char begin[40];
	const char *p;
	bool has;

	fake_param(x, "script", &text);
	snprintf(begin, sizeof(begin), "\n%s='", name);
	p = strstr(text.buf, begin);
	lab_insist(p != NULL, "a job without a parameter that it is to have");
	has = p && p[strlen(begin)] != '\'';
	str_release(&text);
	return has;
}

/* Where no control plane can sign, a kubelet begins with what it is given; elsewhere it asks. */
static void begin_kubelet(struct machine *m, const struct remote_exec *x)
{
	m->kubelet = job_has(x, "secret_kubelet_conf");
	lab_insist(m->kubelet == job_has(x, "secret_kubelet_pem"), "a kubeconfig without its certificate");
	lab_insist(!m->ca_keys || !m->kubelet, "a key of a CA where kubelets cannot ask");
}

static const char *run_components(struct machine *m, const struct remote_exec *x, bool whole)
{
	static struct str words;
	struct str text = STR_INIT;

	if (!whole)
		return "";
	job_param(x, "digest", m->components);
	lab_insist(m->components[0], "settings without a digest");
	fake_param(x, "script", &text);
	take_files(m, text.buf);
	str_clear(&words);
	str_addf(&words, "record.components=%s\n", m->components);
	/* by kubeadm's configuration */
	m->apart = strstr(text.buf, PKI_SIGNING_CRT "\"") != NULL;
	lab_insist(m->apart == (strstr(text.buf, "\nsigning='apart'") != NULL),
		"a controller manager without the file that it is to read");
	str_addf(&words, "ca_apart=%s\n", m->apart ? "yes" : "");
	str_release(&text);
	lab_say_statics(m, &words);
	m->changes++;
	m->verifies = strstr(m->lab->given[SETTINGS_CONTROL_PLANE].text, SERVING_ARGUMENT) != NULL;
	for (int i = 0; m->verifies && i < LAB_MACHINES; i++)
		lab_insist(!m->lab->machines[i].node || lab_kubelet(m->lab, m->lab->inventory->hosts[i].address),
			"an API server that verifies kubelets which show nothing that it can");
	if (m->lab->secret_count)
		lab_secrets_used(m->lab);
	if (m->lab->on_turn)
		m->lab->on_turn(m->lab, m->index);
	return words.buf;
}

/* Half of it: the controller manager has changed, or not yet, and the keys are there. */
static const char *run_custody(struct machine *m, const struct remote_exec *x, bool whole)
{
	static char words[256];
	struct str text = STR_INIT;
	bool back;

	fake_param(x, "script", &text);
	back = strstr(text.buf, "\nkeys='back'") != NULL;
	lab_insist(back || strstr(text.buf, "\nkeys='away'"), "a change of the keys' place without one");
	lab_insist(back == (strstr(text.buf, "\nfile_3_path='/etc/kubernetes/pki/front-proxy-ca.key'") != NULL),
		"keys that are not there, or that nobody wants");
	lab_insist(
		back == !strstr(text.buf, "\"cluster-signing-key-file\""), "a controller manager with the wrong keys");
	lab_insist(strstr(text.buf, "\nca_3='-----BEGIN CERTIFICATE-----") != NULL, "nothing to compare the CAs with");
	str_release(&text);
	m->ca_keys = back || !whole;
	m->signs = whole ? 0 : -1;
	m->cut = !whole;
	m->keys_left = m->keys_left && back;
	m->custody++;
	snprintf(words, sizeof(words), "ca_keys=%s\nca_keys_left=\nca_signs=%s\npki_manifest=ok\n",
		m->ca_keys ? LAB_CA_KEYS : "", back ? "yes" : "no");
	return words;
}

static const char *run_job(struct machine *m, const struct remote_exec *x, const char *name, bool whole)
{
	struct str text = STR_INIT;

	if (strcmp(name, "init") == 0) {
		run_init(m, whole);
		begin_kubelet(m, x);
		fake_param(x, "script", &text);
		take_files(m, text.buf);
		str_release(&text);
		job_param(x, "settings", m->settings);
		job_param(x, "components", m->components);
		return "initialized=yes\n";
	}
	if (strcmp(name, "join") == 0) {
		run_join(m, whole);
		begin_kubelet(m, x);
		m->asks = strstr(m->lab->given[SETTINGS_KUBELET].text, "\"serverTLSBootstrap\": true") != NULL;
		job_param(x, "settings", m->settings);
		job_param(x, "components", m->components);
		return "joined=yes\n";
	}
	if (strcmp(name, "clean") == 0 && whole) {
		/* as kubeadm's reset does: a member that is alone goes with its data */
		if (m->member == LAB_VOTER)
			m->member = LAB_NO_MEMBER;
		lab_insist(m->member == LAB_NO_MEMBER, "a reset that leaves a member behind");
		m->node = m->node && !lab_has_api(m);
		m->have = "";
		m->pki = m->ca_keys = m->kubelet = false;
		forget_keys(m);
		forget_job(m, "init");
		forget_job(m, "join");
	}
	if (strcmp(name, "etcd-restore") == 0)
		return run_restore(m, whole);
	if (strcmp(name, "reset") == 0) {
		lab_insist(!m->node && m->member == LAB_NO_MEMBER, "a reset before the host is out of the cluster");
		if (whole)
			fake_blank(m);
		return "undone=yes\n";
	}
	if (strcmp(name, "packages") == 0) {
		/* Debian starts what it installs */
		m->packages = m->containerd = whole;
		return "pkg.kubelet=" KUBE "\npkg.kubeadm=" KUBE "\npkg.kubectl=" KUBE "\npkg.containerd.io=2.2.0-1\n"
		       "pkg.keepalived=1:2.2.7-1\npkg.curl=7.88.1-10\nhold=kubeadm kubectl kubelet\nsource.kubernetes=" SOURCE
		       "\n";
	}
	if (strcmp(name, "components") == 0)
		return run_components(m, x, whole);
	if (strcmp(name, "custody") == 0)
		return run_custody(m, x, whole);
	if (strcmp(name, "reset-network") == 0)
		return "stopped=yes\n";
	if (strncmp(name, "renew-", 6) == 0)
		return lab_renew(m, x, name, whole);
	if (strcmp(name, "mend") == 0)
		return "mended=yes\n";
	if (strcmp(name, "clean") != 0)
		return "images=7\n";
	snprintf(m->cleaned + strlen(m->cleaned), sizeof(m->cleaned) - strlen(m->cleaned), "%s",
		"have=\npki_manifest=absent\nca_keys=\ncleaned=yes\n");
	return m->cleaned;
}

/* What was left running ends while it is followed. */
static bool follow_join(struct machine *m)
{
	for (size_t i = 0; i < sizeof(m->jobs) / sizeof(m->jobs[0]); i++) {
		if (strcmp(m->jobs[i].name, "join") != 0 || strncmp(m->jobs[i].record, "running", 7) != 0)
			continue;
		lab_insist(m->node && m->member == LAB_LEARNER, "a running kubeadm join lost its member");
		m->member = LAB_VOTER;
		m->have = "kubelet-conf admin-conf apiserver-manifest etcd-manifest etcd-data";
		return true;
	}
	return false;
}

/* It continues by itself, and is done when somebody asks. */
static bool job_begins(struct machine *m, const char *name, const char *input, bool whole, struct str *out)
{
	if (whole) {
		record_job(m, name, "running -", input);
		m->lab->begun++;
		fake_say(out, "attached", "no");
	}
	return whole;
}

/* Whether it reached the host. */
bool lab_job(struct machine *m, const struct remote_exec *x, bool whole, struct str *out)
{
	struct str name = STR_INIT, input = STR_INIT, inner = STR_INIT, follow = STR_INIT;
	const char *words;
	bool followed, told = true;

	fake_param(x, "job", &name);
	fake_param(x, "input", &input);
	fake_param(x, "follow", &follow);
	if (strcmp(follow.buf, "no") == 0) {
		told = job_begins(m, name.buf, input.buf, whole, out);
		goto out;
	}
	whole = whole && !(m->picky && (strcmp(name.buf, "components") == 0 || strcmp(name.buf, "custody") == 0));
	followed = strcmp(name.buf, "join") == 0 && follow_join(m);
	words = followed ? "joined=yes\n" : run_job(m, x, name.buf, whole);
	if (strcmp(name.buf, "clean") != 0 || !whole)
		record_job(m, name.buf, whole ? "done 0" : "done 1", input.buf);
	str_addf(&inner, "kubewright-job begin\n%skubewright-job end\n",
		whole ? words : "error=it was made to fail\nhint=try again\n");
	fake_say(out, "attached", followed ? "yes" : "no");
	fake_say(out, "status", whole ? "0" : "1");
	fake_say(out, "ran_input", input.buf);
	fake_say(out, "ran_run", m->lab->world->wish.run);
	fake_say(out, "stdout", inner.buf);
out:
	str_release(&name);
	str_release(&input);
	str_release(&inner);
	str_release(&follow);
	return told;
}
