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
#include "steps/host_scripts.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct fake_wished wished;

static const char inventory_text[] = "cluster: rack7\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\nhosts:\n"
				     "  - {name: cp0, address: 10.0.0.9, role: control-plane}\n"
				     "  - {name: cp1, address: 10.0.0.1, role: worker}\n";
/* Notes what it is told; "foo" runs once it was started. With a file "cut" a restart ends the script that asked for it. */
static const char systemctl[] =
	"#!/bin/sh\nd=${0%/bin/systemctl}\ncase $1 in\nis-enabled) echo disabled ;;\n"
	"is-active) u=${3:-$2}; [ -e \"$d/up.${u%.service}\" ] && echo active && exit 0; echo inactive; exit 3 ;;\n"
	"show) shift; for u; do case $u in show|--no-pager|-p|Load*) ;; *) if [ -e \"$d/up.$u\" ]; then a=active; else a=inactive; fi\n"
	"printf 'LoadState=loaded\\nActiveState=%s\\nUnitFileState=enabled\\n\\n' $a ;; esac; done ;;\n"
	"*restart|start) [ ! -e \"$d/cut\" ] || { rm \"$d/cut\"; kill -9 $PPID; exit 1; }; echo \"$1 $2\" >>\"$d/told\"; [ $1 = try-restart ] || : >\"$d/up.${2%.service}\" ;;\nstop) echo \"$1 $2\" >>\"$d/told\"; rm -f \"$d/up.${2%.service}\" ;;\nesac\n";
/* Settings are files of proc/sys. */
static const char sysctl[] =
	"#!/bin/sh\np=${0%/bin/sysctl}/proc/sys\ncase $1 in\n-n) cat \"$p/$(echo $2 | tr . /)\" 2>/dev/null ;;\n"
	"-q) printf '%s\\n' \"${3#*=}\" >\"$p/$(echo ${3%%=*} | tr . /)\" ;;\nesac\n";

void wished_open(void)
{
	fake_site_open(&wished.site);
	fake_site_put(&wished.site, "bin/systemctl", 0755, systemctl);
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

/* Several lines are said as base64. */
static void decode_owned(struct str *said)
{
	const char *at = strstr(said->buf, "\nowned:");
	struct str text = STR_INIT, all = STR_INIT;
	char dir[80];
	size_t n;

	if (!at)
		return;
	at += strlen("\nowned:");
	n = strcspn(at, "\n");
	str_add_unbase64(&text, at, n);
	snprintf(dir, sizeof(dir), "%s/", wished.site.dir);
	fake_site_replace(&text, dir, "/");
	str_addn(&all, said->buf, (size_t)(at - said->buf));
	str_add_base64(&all, text.buf, text.len);
	str_add(&all, at + n);
	str_release(&text);
	str_release(said);
	*said = all;
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
	str_addf(&bin, "PATH=%s/bin:", wished.site.dir);
	fake_site_replace(&text, "PATH=", bin.buf);
	fake_site_put(&wished.site, "script", 0600, text.buf);
	f = popen(command, "r");
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		str_addn(&said, buf, n);
	status = pclose(f);
	decode_owned(&said);
	snprintf(buf, sizeof(buf), "%s/", wished.site.dir);
	fake_site_replace(&said, buf, "/");
	/* who runs the test is root there */
	snprintf(buf, sizeof(buf), " %u:%u\n", getuid(), getgid());
	fake_site_replace(&said, buf, " 0:0\n");
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

static void gather(const struct event *ev, void *ctx)
{
	(void)ctx;
	would_event(ev, &wished.would);
	if (ev->kind == EVENT_OUTPUT && ev->step == 1 && ev->text)
		str_addf(&wished.shown, "%s\n", ev->text);
}

void wished_run(
	bool look, const struct step *step, const struct want_part *const *parts, void (*living)(struct world *w))
{
	struct engine_host hosts[2] = { { "cp0", ROLE_CONTROL_PLANE }, { "cp1", ROLE_WORKER } };
	struct error err = { 0 };
	struct engine_result result;
	struct engine *e;
	struct world *w = &wished.cli.world;
	static struct step plan[2] = {
		{ "probe", "Looking", ROLE_WORKER, STEP_OBSERVES, { { 0 } }, probe_check, probe_apply },
	};

	plan[1] = *step; /* health_fold reads it after the run */
	would_release(&wished.would);
	wished.would = (struct would){ .steps = 2 };
	str_clear(&wished.shown);
	memset(&wished.cli, 0, sizeof(wished.cli));
	wished.cli.inventory = inventory_parse("-", inventory_text, strlen(inventory_text), NULL, 0, NULL, &err);
	world_init(w, wished.cli.inventory, release_find("1.36.2"));
	w->run = "r1";
	w->owner = "a@b pid 1";
	w->machine = "m";
	w->parts = parts;
	w->want_texts = look;
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
		.mask = mask_new() };
	e = engine_new(&wished.cli.config);
	engine_observe(e, gather, NULL);
	engine_no_questions(e);
	CHECK_INT(engine_start(e, &err), 0);
	while (engine_wait(e, -1, 1000))
		continue;
	engine_result(e, &result);
	wished.first = result.first ? *result.first : err;
	engine_free(e);
	if (wished.first.kind)
		printf("# %s | %s\n", wished.first.what, wished.first.detail);
}

void wished_done(void)
{
	world_release(&wished.cli.world);
	mask_free(wished.cli.config.mask);
	inventory_free((struct inventory *)wished.cli.inventory);
}

const char *wished_would(void)
{
	const struct would_step *s = would_step(&wished.would, WISHED_HOST, 1);
	static char text[256];

	snprintf(text, sizeof(text), "%s %s", s && s->text ? code_name(s->code) : "", s && s->about ? s->about : "");
	return s && s->text ? text : "";
}
