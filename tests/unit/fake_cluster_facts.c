/* What the machines of the fake cluster say of themselves. */
#include "tests/unit/fake_cluster.h"
#include "tests/unit/fake_remote.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"
#include <stdio.h>
#include <string.h>

static const char *const healthy[][2] = {
	{ "os_id", "debian" },
	{ "os_name", "Debian GNU/Linux 12 (bookworm)" },
	{ "os_codename", "bookworm" },
	{ "pkg_manager", "apt" },
	{ "pid1", "systemd" },
	{ "arch", "x86_64" },
	{ "kernel", "6.1.0" },
	{ "read_only", "" },
	{ "dpkg_broken", "no" },
	{ "repo.pkgs.k8s.io/443", "ok" },
	{ "apt_proxy", "no" },
	{ "cpus", "4" },
	{ "mem_kb", "8000000" },
	{ "disk_var_kb", "90000000" },
	{ "disk_etcd_kb", "90000000" },
	{ "disk_etc_kb", "90000000" },
	{ "inodes", "5000000" },
	{ "inodes_total", "6000000" },
	{ "swap", "" },
	{ "cgroup", "v2" },
	{ "module.overlay", "loaded" },
	{ "module.br_netfilter", "loaded" },
	{ "unit.systemd-timesyncd", "active" },
	{ "enabled.systemd-timesyncd", "enabled" },
	{ "time_sync", "yes" },
	{ "address_iface", "eth0" },
	{ "default_iface", "eth0" },
	{ "routes", "default via 10.0.0.1 dev eth0\n10.0.0.0/24 dev eth0 proto kernel scope link" },
	{ "firewall", "" },
	{ "vip_answers", "no" },
	{ "unit.docker", "absent" },
	{ "unit.crio", "absent" },
	{ "unit.firewalld", "absent" },
	{ "leftovers", "" },
};

void lab_say_health(struct str *out)
{
	for (size_t i = 0; i < sizeof(healthy) / sizeof(healthy[0]); i++)
		fake_say(out, healthy[i][0], healthy[i][1]);
}

/* What the step os changes, and asks again. */
void lab_say_system(struct machine *m, struct str *out)
{
	fake_say(out, "resolve", m->prepared ? m->lab->inventory->hosts[m->index].address : "");
	fake_say(out, "sysctl.net.ipv4.ip_forward", m->prepared ? "1" : "0");
	if (!m->prepared)
		return;
	fake_say(out, "sysctl_boot.net.ipv4.ip_forward", "1 /etc/sysctl.d/zz-kubewright.conf:2");
	fake_say(out, "sysctl_boot.net.bridge.bridge-nf-call-iptables", "1 /etc/sysctl.d/zz-kubewright.conf:3");
	fake_say(out, "sysctl_boot.net.bridge.bridge-nf-call-ip6tables", "1 /etc/sysctl.d/zz-kubewright.conf:4");
}

void lab_say_file(const struct lab_file *f, struct str *out)
{
	char word[128], mode[32];

	snprintf(word, sizeof(word), "sum.%s", f->path);
	fake_say(out, word, f->sum);
	snprintf(word, sizeof(word), "mode.%s", f->path);
	snprintf(mode, sizeof(mode), "%o 0:0", f->mode);
	fake_say(out, word, mode);
}

void lab_say_keys(const struct machine *m, struct str *out)
{
	bool signs = m->signs ? m->signs > 0 : m->ca_keys;

	fake_say(out, "ca_keys", m->ca_keys ? LAB_CA_KEYS : "");
	fake_say(out, "ca_keys_left", m->keys_left ? "/var/lib/kubewright/renewed/%etc%kubernetes%pki%ca.key" : "");
	fake_say(out, "ca_apart", m->apart ? "yes" : "");
	fake_say(out, "ca_signs", !lab_has_api(m) ? "" : m->cut ? "cut" : signs ? "yes" : "no");
}

#define OURS "/etc/kubernetes/kubewright/"

struct lab_file *lab_file(struct machine *m, const char *path)
{
	for (size_t i = 0; i < m->file_count; i++)
		if (strcmp(m->files[i].path, path) == 0)
			return &m->files[i];
	return NULL;
}

unsigned lab_own_files(const struct machine *m)
{
	unsigned n = 0;

	for (size_t i = 0; i < m->file_count; i++)
		if (str_starts(m->files[i].path, "/etc/kubernetes/kubewright/")) {
			lab_insist(m->files[i].mode == 0600, "a file of security settings is readable for others");
			n++;
		}
	return n;
}

void lab_say_statics(struct machine *m, struct str *out)
{
	const char *const files[] = { m->policy, m->encryption };
	const char *is = m->encryption[0] ? m->encryption : "-", *runs = m->stuck ? "-" : is;
	struct str text = STR_INIT;
	char both[200];

	for (int i = 0; i < 2; i++)
		if (*files[i])
			str_addf(&text, "%s%s %s", text.len ? "\n" : "", files[i],
				lab_file(m, files[i]) ? "present" : "absent");
	fake_say(out, "apiserver_files", text.buf);
	snprintf(both, sizeof(both), "%s %s", is, runs);
	fake_say(out, "encryption", both);
	str_release(&text);
}

static bool is_approver(const char *path)
{
	return strstr(path, "kubewright-approve-kubelets.") || strcmp(path, "/etc/kubewright/kubelets") == 0 ||
	       strcmp(path, "/etc/kubewright/approve-kubelets") == 0;
}

void lab_say_security(struct machine *m, bool manifest, struct str *out)
{
	struct str owned = STR_INIT;

	if (manifest && strstr(m->have, "apiserver-manifest"))
		lab_say_statics(m, out);
	for (size_t i = 0; i < m->file_count; i++)
		if (strncmp(m->files[i].path, OURS, strlen(OURS)) == 0)
			str_addf(&owned, "%sfile %s security", owned.len ? "\n" : "", m->files[i].path);
		else if (is_approver(m->files[i].path))
			str_addf(&owned, "%sfile %s approver/kubewright-approve-kubelets.timer", owned.len ? "\n" : "",
				m->files[i].path);
	fake_say(out, "owned", owned.buf);
	str_release(&owned);
}

void lab_files_gone(struct machine *m, const struct remote_exec *x)
{
	static const char begins[] = "gone file ";
	struct str wish = STR_INIT;

	fake_param(x, "wish", &wish);
	for (const char *p = strstr(wish.buf, begins); p; p = strstr(p + 1, begins)) {
		char path[96];
		struct lab_file *f;

		snprintf(path, sizeof(path), "%.*s", (int)strcspn(p + strlen("gone file "), " "),
			p + strlen("gone file "));
		if (strncmp(path, OURS, strlen(OURS)) != 0 && !is_approver(path))
			continue;
		f = lab_file(m, path);
		lab_insist(strcmp(path, m->policy) != 0 && strcmp(path, m->encryption) != 0,
			"the removal of a file that the API server reads");
		if (f)
			*f = m->files[--m->file_count];
	}
	str_release(&wish);
}

/* It stops for a while, and then nobody can log in to it for a while: lab_open. */
static void restart(struct machine *m, const struct remote_exec *x, struct str *out)
{
	bool control_plane = m->lab->inventory->hosts[m->index].role == INVENTORY_CONTROL_PLANE;
	struct str boot = STR_INIT;
	char now[40];

	fake_param(x, "boot", &boot);
	snprintf(now, sizeof(now), "boot-%d-%u", m->index, m->boots);
	fake_say(out, "boot_id", now);
	if (strcmp(boot.buf, now) != 0) {
		str_release(&boot);
		m->lab->down -= control_plane;
		m->node_boots = m->boots;
		return;
	}
	str_release(&boot);
	if (m->shuts) {
		m->shuts--;
		fake_say(out, "going", "yes");
		return;
	}
	lab_insist(!m->node || (m->cordoned && !m->pods), "a restart of a host with pods");
	m->boots++;
	m->pending = false;
	m->lab->off |= 1u << m->index;
	m->lab->down += control_plane;
	m->lab->most_down = m->lab->down > m->lab->most_down ? m->lab->down : m->lab->most_down;
	fake_say(out, "going", "yes");
}

/* The restart is counted with the first of the two. */
static void set(struct machine *m, const struct remote_exec *x, struct str *out)
{
	struct str digest = STR_INIT, phase = STR_INIT;

	fake_param(x, "digest", &digest);
	fake_param(x, "phase", &phase);
	m->asks = strstr(m->lab->given[SETTINGS_KUBELET].text, "\"serverTLSBootstrap\": true") != NULL;
	for (int i = 0; i < LAB_MACHINES; i++)
		lab_insist(m->asks || !m->lab->machines[i].verifies, "a kubelet that an API server cannot verify");
	if (strcmp(phase.buf, "accept") == 0)
		snprintf(m->settings, sizeof(m->settings), "%.64s", digest.buf);
	else
		m->restarts++;
	fake_say(out, "record.settings", strcmp(phase.buf, "accept") == 0 ? m->settings : "");
	str_release(&digest);
	str_release(&phase);
}

struct machine *lab_kubelet(struct lab *l, const char *address)
{
	bool approved = false;

	for (int i = 0; i < LAB_MACHINES; i++)
		approved = approved || l->machines[i].approver;
	for (int i = 0; i < LAB_MACHINES; i++)
		if (strcmp(l->inventory->hosts[i].address, address) == 0 && l->machines[i].asks &&
			l->machines[i].kubelet_tls && !(l->off & 1u << i) && (approved || l->approved))
			return &l->machines[i];
	return NULL;
}

/* The API answers at the new endpoint, by a name in the certificate, before anybody goes by it. */
static void move(struct machine *m, const struct remote_exec *x, struct str *out)
{
	struct str endpoint = STR_INIT;
	char vip[80];

	fake_param(x, "endpoint", &endpoint);
	snprintf(vip, sizeof(vip), "%.*s", (int)strcspn(endpoint.buf, ":"), endpoint.buf);
	lab_insist(strstr(m->lab->given[SETTINGS_CONTROL_PLANE].text, vip) != NULL, "a move without a certificate");
	strcat(vip, "/32");
	for (int i = 0; i < 3; i++)
		lab_insist(strstr(m->lab->machines[i].vrrp, vip) != NULL, "a move to an address that nobody holds");
	snprintf(m->endpoint, sizeof(m->endpoint), "%s", endpoint.buf);
	m->moves++;
	fake_say(out, "record.endpoint", m->endpoint);
	str_release(&endpoint);
}

bool lab_restarts(struct machine *m, const struct remote_exec *x, bool whole, struct str *out)
{
	bool sets = fake_has(x, host_script_settings), restarts = fake_has(x, host_script_reboot),
	     moves = fake_has(x, host_script_move);

	if (sets && whole)
		set(m, x, out);
	else if (restarts && whole)
		restart(m, x, out);
	else if (moves && whole)
		move(m, x, out);
	return sets || restarts || moves;
}
