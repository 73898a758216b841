#include "tests/unit/fake_site.h"

#include "base/alloc.h"
#include "base/file.h"
#include "steps/host/scripts.h"
#include "tests/test.h"

#include <sys/stat.h>
#include <unistd.h>

static const char *const words[] = { "done", "put", "undone", "owned", "unit.*", "record.*", "error", "hint", "resolve",
	"resolve_by", "swap", "swap_boot", "sysctl.*", "sysctl_boot.*", "module.*", "sum.*", "mode.*", "shadowed",
	"writable_dirs", "resolv_conf", "nameservers", "time_daemon", "time_keeper", "leftovers", "attached", "status",
	"ran_input", "ran_run", "=stdout", "-kubelet_server", "cert.*", "public.*", "left_out", "boot_id", "going",
	"initialized", "joined", "placed", "restart", "pki_manifest", "ca_keys", "ca_keys_left", "ca_signs", "ca_apart",
	"ca_crt", "=piece.*", "=manifest.*", "pki", "keys", "pem.*", "foreign", "kubelet_args", "renewers", "=api.*",
	"api_none", "api_error", "=etcd.*", "snapshots", "snapshot_try", "snapshot_since", "snapshot_id",
	"apiserver_files", "encryption", "files.*", "=kubelet_config", "-etcd_ca", "-providers", "-proxy_listens",
	"=sys", "=proc", "=udev", "=links", "=asked", "cpuinfo", "=smbios", "-efi", "-secure_boot", "-virtual",
	"-iommu_groups", "=mesh", "=segments", "held", "filter", "ended", "now", "writes_ok", "reads_ok", "writes",
	"writes_failed", "write_pause", "reads", "reads_failed", "read_pause", "lost", "-perl", "-iface", "-mtu",
	"-firewall", NULL };

char *fake_site_path(const struct fake_site *s, const char *name)
{
	static char out[8][512];
	static unsigned n;

	n = (n + 1) % 8;
	snprintf(out[n], sizeof(out[n]), "%s/%s", s->dir, name);
	return out[n];
}

void fake_site_put(const struct fake_site *s, const char *name, mode_t mode, const char *text)
{
	struct error err = { 0 };
	char dir[512];

	snprintf(dir, sizeof(dir), "%s", fake_site_path(s, name));
	*strrchr(dir, '/') = '\0';
	CHECK_INT(file_mkdirs(dir, 0755, &err), 0);
	if (!CHECK_INT(file_write(fake_site_path(s, name), text, strlen(text), mode, &err), 0))
		printf("# %s\n", err.what);
}

const char *fake_site_get(const struct fake_site *s, const char *name)
{
	static struct str out[4];
	static unsigned n;
	struct error err = { 0 };

	n = (n + 1) % 4;
	str_release(&out[n]);
	return file_read(fake_site_path(s, name), 1 << 20, &out[n], &err) ? "" : out[n].buf;
}

void fake_site_sh(const struct fake_site *s, const char *command)
{
	char *text = xasprintf("cd '%s' && { %s\n}", s->dir, command);

	if (!CHECK_INT(system(text), 0))
		printf("# %s\n", command);
	free(text);
}

void fake_site_open(struct fake_site *s)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->dir, sizeof(s->dir), "/tmp/kubewright-site.XXXXXX");
	CHECK(mkdtemp(s->dir));
	s->remote = remote_local_open();
	fake_site_put(s, "var/lib/kubewright/lock", 0600, "run=r1\n");
	fake_site_put(s, "proc/self/mountinfo", 0644, "");
	fake_site_put(s, "bin/systemctl", 0755, "#!/bin/sh\nexit 1\n");
}

void fake_site_close(struct fake_site *s)
{
	char *command = xasprintf("rm -rf '%s'", s->dir);

	CHECK_INT(system(command), 0);
	free(command);
	cluster_host_release(&s->h);
	remote_free(s->remote);
}

void fake_site_replace(struct str *text, const char *from, const char *to)
{
	struct str out = STR_INIT;
	const char *p = text->buf, *hit;

	while ((hit = strstr(p, from)) != NULL) {
		str_addn(&out, p, (size_t)(hit - p));
		str_add(&out, to);
		p = hit + strlen(from);
	}
	str_add(&out, p);
	str_release(text);
	*text = out;
}

static void keep_log(const char *data, size_t len, void *ctx)
{
	struct fake_site *s = ctx;
	size_t n = strlen(s->log);

	snprintf(s->log + n, sizeof(s->log) - n, "%.*s", (int)len, data);
}

int fake_site_run(struct fake_site *s, const char *script, const struct remote_param *params, size_t count)
{
	static const char *const roots[] = { "/etc/", "/var/", "/run/", "/proc/", "/sys/", "/usr/lib/", "/data/" };
	struct remote_param all[64] = { { "node", "cp1" }, { "run", "r1" }, { "step", "test" },
		{ "address", "10.0.0.11" } };
	struct str text = STR_INIT, bin = STR_INIT;
	int rc;

	CHECK(count <= 60);
	for (size_t i = 0; i < count; i++)
		all[4 + i] = params[i];
	cluster_host_release(&s->h);
	memset(&s->err, 0, sizeof(s->err));
	s->log[0] = '\0';
	str_add(&text, host_script_lib);
	str_add(&text, host_script_questions);
	str_add(&text, script);
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		fake_site_replace(&text, roots[i], fake_site_path(s, roots[i] + 1));
	str_addf(&bin, "PATH=%s/bin:", s->dir);
	fake_site_replace(&text, "PATH=", bin.buf);
	rc = remote_script(
		s->remote, "test", text.buf, all, count + 4, words, &s->h.facts, keep_log, s, 300000, &s->err);
	str_release(&text);
	str_release(&bin);
	return rc;
}
