/* A host whose wish is brought about for real, in a folder: fake_wished.h. */
#include "tests/unit/fake_wished.h"

#include "tests/test.h"
#include "tests/unit/fake_remote.h"

#include "base/alloc.h"
#include "base/code.h"
#include "base/secret.h"
#include "engine/engine.h"
#include "inventory/inventory.h"
#include "inventory/release.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct fake_wished wished;

static const char begins[] = "cluster: rack7\n", version[] = "kubernetes: {version: 1.36.2}\n";
static const char hosts_text[] = "hosts:\n"
				 "  - {name: cp0, address: 10.0.0.9, role: control-plane}\n"
				 "  - {name: cp1, address: 10.0.0.1, role: worker}\n";
/* Notes its commands; "foo" runs once it was started. With a file "cut" a restart ends the script that asked for it. */
static const char systemd_run[] =
	"#!/bin/sh\nwhile :; do case $1 in --*) shift ;; *) break ;; esac; done\nexec \"$@\"\n";
static const char systemctl[] =
	"#!/bin/sh\nd=${0%/bin/systemctl}\ncase $1 in\nis-enabled) echo disabled ;;\n"
	"is-active) u=${3:-$2}; [ -e \"$d/up.${u%.service}\" ] && echo active && exit 0; echo inactive; exit 3 ;;\n"
	"show) shift; for u; do case $u in show|--no-pager|-p|Load*) ;; *) if [ -e \"$d/up.$u\" ]; then a=active; else a=inactive; fi\n"
	"printf 'LoadState=loaded\\nActiveState=%s\\nUnitFileState=enabled\\n\\n' $a ;; esac; done ;;\n"
	"*restart|start) [ ! -e \"$d/cut\" ] || { rm \"$d/cut\"; kill -9 $PPID; exit 1; }; echo \"$1 $2\" >>\"$d/told\"; [ $1 = try-restart ] || : >\"$d/up.${2%.service}\" ;;\n"
	"cat) case $2 in kubewright-*) [ -e \"$d/etc/systemd/system/$2\" ] ;; esac ;;\n"
	"daemon-reload) echo $1 >>\"$d/told\" ;;\n"
	"disable) case \"$*\" in *--now*) eval u=\\${$#}; echo \"disable $u\" >>\"$d/told\"; rm -f \"$d/up.${u%.service}\" ;; esac ;;\n"
	"stop) echo \"$1 $2\" >>\"$d/told\"; rm -f \"$d/up.${2%.service}\" ;;\nesac\n";
/* Settings are files of proc/sys. */
static const char sysctl[] =
	"#!/bin/sh\np=${0%/bin/sysctl}/proc/sys\n"
	"path() { h=${1%%[./]*}; case ${1#\"$h\"} in .*) echo $1 | tr ./ /. ;; *) echo $1 ;; esac; }\n"
	"case $1 in\n-n) cat \"$p/$(path $2)\" 2>/dev/null ;;\n"
	"-q) printf '%s\\n' \"${3#*=}\" >\"$p/$(path ${3%%=*})\" ;;\nesac\n";

void wished_open(void)
{
	fake_site_open(&wished.site);
	fake_site_put(&wished.site, "bin/systemctl", 0755, systemctl);
	fake_site_put(&wished.site, "bin/systemd-run", 0755, systemd_run);
	fake_site_put(&wished.site, "bin/sysctl", 0755, sysctl);
	fake_site_put(&wished.site, "bin/getent", 0755, "#!/bin/sh\necho 10.0.0.1 STREAM\n");
	fake_site_put(&wished.site, "bin/modprobe", 0755, "#!/bin/sh\nexit 1\n");
	fake_site_put(&wished.site, "bin/timedatectl", 0755, "#!/bin/sh\necho yes\n");
	fake_site_put(&wished.site, "etc/hosts", 0644, "10.0.0.1 cp1\n");
	fake_site_put(&wished.site, "etc/fstab", 0644, "");
	fake_site_put(&wished.site, "proc/swaps", 0644, "Filename Type Size Used Priority\n");
	fake_site_put(&wished.site, "proc/sys/net/ipv4/ip_forward", 0644, "0\n");
	fake_site_put(&wished.site, "proc/sys/vm/max_map_count", 0644, "65530\n");
	fake_site_put(&wished.site, "proc/sys/net/ipv4/tcp_rmem", 0644, "4096\t1\t2\n");
	fake_site_put(&wished.site, "proc/modules", 0644, "overlay 1 0\nbr_netfilter 1 0\n");
	fake_site_sh(&wished.site, "mkdir -p sys/module/overlay sys/module/br_netfilter etc/sysctl.d");
}

/* What is said in several lines is base64; a job's answer has answers in it. The folder's paths are the system's, and who runs the test is root there. */
static void of_the_system(struct str *said)
{
	static const char *const encoded[] = { "\nstdout:", "\nowned:" };
	char from[96];

	for (size_t i = 0; i < sizeof(encoded) / sizeof(encoded[0]); i++) {
		const char *at = strstr(said->buf, encoded[i]);
		struct str text = STR_INIT, all = STR_INIT;
		size_t n;

		if (!at)
			continue;
		at += strlen(encoded[i]);
		n = strcspn(at, "\n");
		str_add_unbase64(&text, at, n);
		of_the_system(&text);
		str_addn(&all, said->buf, (size_t)(at - said->buf));
		str_add_base64(&all, text.buf, text.len);
		str_add(&all, at + n);
		str_release(&text);
		str_release(said);
		*said = all;
	}
	snprintf(from, sizeof(from), "%s/", wished.site.dir);
	fake_site_replace(said, from, "/");
	snprintf(from, sizeof(from), " %u:%u\n", getuid(), getgid());
	fake_site_replace(said, from, " 0:0\n");
}

/* The script and its parameters on the folder, what it answers as of the system. */
static int host_exec(struct fake_host *h, unsigned call, const struct remote_exec *x, struct str *out, struct str *log,
	struct error *err)
{
	static const char *const roots[] = { "/etc/", "/var/", "/run/", "/proc/", "/sys/", "/usr/lib/" };
	struct str text = STR_INIT, bin = STR_INIT, said = STR_INIT;
	char *command = xasprintf("sh '%s/script' 2>'%s/log'", wished.site.dir, wished.site.dir), buf[4096];
	FILE *f;
	size_t n;
	int status;

	(void)h;
	(void)call;
	(void)err;
	wished.execs++;
	str_addn(&text, x->input, x->input_len);
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		fake_site_replace(&text, roots[i], fake_site_path(&wished.site, roots[i] + 1));
	/* a job's script is another one then than the one that was sent */
	fake_site_replace(&text, "[ \"${kw_sum%% *}\" = \"$script_sum\" ]", "true");
	str_addf(&bin, "PATH=%s/bin:", wished.site.dir);
	fake_site_replace(&text, "PATH=", bin.buf);
	fake_site_put(&wished.site, "script", 0600, text.buf);
	f = popen(command, "r");
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		str_addn(&said, buf, n);
	status = pclose(f);
	of_the_system(&said);
	str_add(out, said.buf);
	str_add(log, fake_site_get(&wished.site, "log"));
	str_release(&text);
	str_release(&bin);
	str_release(&said);
	free(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static struct fake_host host = { .name = "cp1", .fn = host_exec };
static struct remote *open_remote(
	void *world, int index, struct task *t, struct remote_cancel_token *token, struct error *err)
{
	(void)world;
	(void)index;
	(void)t;
	(void)token;
	(void)err;
	return fake_remote_open(&host);
}

static void show(const struct event *ev, void *ctx)
{
	(void)ctx;
	if (ev->kind == EVENT_OUTPUT && ev->step == 1 && ev->text)
		str_addf(&wished.shown, "%s\n", ev->text);
	if (ev->kind == EVENT_NOTICE && ev->step == 1)
		str_addf(&wished.shown, "%s %s: %s\n", code_name(ev->code), ev->fields[0], ev->text);
}

void wished_run(
	bool look, const struct step *step, const struct want_part *const *parts, void (*living)(struct world *w))
{
	static const struct engine_host hosts[2] = { { "cp0", ROLE_CONTROL_PLANE }, { "cp1", ROLE_WORKER } };
	struct error err = { 0 };
	struct engine_result result;
	struct world *w = &wished.cli.world;
	static const struct cli_options options = { .json = true };
	char *text;
	static struct step plan[2] = {
		{ "probe", "Looking", ROLE_WORKER, STEP_OBSERVES, { { 0 } }, probe_check, probe_apply },
	};

	plan[1] = *step; /* health_fold reads it after the run */
	str_release(&wished.shown);
	str_init(&wished.shown);
	memset(&wished.cli, 0, sizeof(wished.cli));
	wished.cli.options = &options;
	wished.cli.kind = &cli_kinds[look ? KIND_PLAN : KIND_APPLY];
	wished.cli.mask = mask_new();
	wished.cli.prepared = true;
	text = xasprintf("%s%s%s", begins, wished.more ? wished.more : version, hosts_text);
	wished.cli.inventory = inventory_parse("-", text, strlen(text), NULL, 0, NULL, &err);
	free(text);
	if (!wished.cli.inventory) {
		printf("# %s\n%s\n", err.what, err.detail);
		exit(1);
	}
	world_init(w, wished.cli.inventory, release_find("1.36.2"));
	w->wish.run = "r1";
	w->wish.owner = "a@b pid 1";
	w->wish.machine = "m";
	w->wish.parts = parts;
	w->wish.texts = look;
	if (living)
		living(w);
	wished.cli.config = (struct engine_config){ .run = "r1",
		.steps = plan,
		.step_count = 2,
		.hosts = hosts,
		.host_count = 2,
		.world = w,
		.open = open_remote,
		.check_only = look,
		.mask = wished.cli.mask };
	cli_run_begin(&wished.cli);
	engine_observe(wished.cli.engine, show, NULL);
	CHECK_INT(cli_run_execute(&wished.cli, &err), 0);
	engine_result(wished.cli.engine, &result);
	wished.first = result.first ? *result.first : err;
	if (wished.first.kind)
		printf("# %s | %s\n", wished.first.what, wished.first.detail);
}

void wished_done(void)
{
	cli_run_release(&wished.cli);
}

const char *wished_would(void)
{
	const struct would_step *s = would_step(&wished.cli, WISHED_HOST, 1);
	static char text[256];

	snprintf(text, sizeof(text), "%s %s", s && s->text ? code_name(s->code) : "", s && s->about ? s->about : "");
	return s && s->text ? text : "";
}

bool wished_drifts(void)
{
	struct health h;
	bool chosen[2] = { false, true }, found = false;

	cluster_set(&wished.cli.world.seen.hosts[WISHED_HOST], "job.join", "done 0 x r0");
	cluster_set(&wished.cli.world.seen.hosts[WISHED_HOST], "have", "kubelet-conf");
	wished.cli.chosen = chosen;
	health_fold(&wished.cli, &h);
	for (size_t i = 0; i < h.hosts[WISHED_HOST].count; i++)
		found = found || strcmp(h.hosts[WISHED_HOST].list[i].name, "drift") == 0;
	health_release(&h);
	wished.cli.chosen = NULL;
	return found;
}

char *wished_said(const char *lines)
{
	struct str out = STR_INIT;

	for (const char *p = lines; *p; p += strcspn(p, "\n") + 1) {
		const char *text = strstr(p, ": ") + 2;
		char name[64], words[1024];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(p, " "), p);
		snprintf(words, sizeof(words), "%.*s", (int)strcspn(text, "\n"), text);
		str_addf(&out, "%.*s%s\n", (int)(text - p), p, code_words(code_of(name), words));
	}
	return str_detach(&out);
}
