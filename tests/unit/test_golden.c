/*
 * Every screen as it was last looked at, in tests/tui/golden: the characters, then the looks with colours and without; and the picture of the README. GOLDEN_WRITE=1 writes
 * them again; without it what differs fails.
 */
#include "tests/test.h"
#include "tests/unit/fake_golden.h"
#include "tests/unit/fake_port.h"
#include "tests/unit/fake_story.h"
#include "tests/unit/golden_looks.h"

#include "base/alloc.h"

#include <sys/stat.h>

/* ---- scenes --------------------------------------------------------------------------------------------------------- */

static void start(void)
{
	open_at(screen_hosts());
	app_replace(fake_app, screen_start());
	app_key(fake_app, K_DOWN);
}

static void hosts(void)
{
	open_at(screen_hosts());
	story_seen(&fake_wizard);
	app_key(fake_app, K_DOWN);
	app_key(fake_app, K_END);
}

static void hosts_refused(void)
{
	open_at(screen_hosts());
	story_seen(&fake_wizard);
	app_key(fake_app, K_DOWN);
}

static void hosts_import(void)
{
	open_at(screen_hosts());
	fake_keys("i");
	fake_keys("jj ");
}

static void host_form(void)
{
	open_at(screen_hosts());
	app_key(fake_app, K_DOWN);
	app_key(fake_app, K_ENTER);
	app_key(fake_app, K_DOWN);
}

static void cluster(void)
{
	open_at(screen_cluster());
	app_key(fake_app, K_DOWN);
}

static void cluster_wrong(void)
{
	open_at(screen_cluster());
	app_key(fake_app, K_DOWN);
	fake_keys("1.3O");
	app_key(fake_app, K_ENTER);
}

static void preflight(void)
{
	open_at(screen_hosts());
	story_seen(&fake_wizard);
	app_push(fake_app, screen_preflight());
	app_key(fake_app, K_DOWN);
}

static void explain(void)
{
	preflight();
	app_key(fake_app, K_DOWN);
	app_key(fake_app, K_ENTER);
}

static void plan(void)
{
	open_at(screen_hosts());
	story_plan(&fake_wizard);
	app_push(fake_app, screen_plan());
}

static void plan_steps(void)
{
	plan();
	app_key(fake_app, K_TAB);
	app_key(fake_app, K_DOWN);
}

static void confirm(void)
{
	plan();
	fake_keys("arack");
	app_key(fake_app, K_ENTER);
}

static void run_at(enum story which, int64_t at_ms)
{
	story_journal("runs", STORY_WELL);
	open_at(screen_hosts());
	story_run(&fake_wizard, which, at_ms);
	app_push(fake_app, screen_run());
	tick(1000);
}

static void run(void)
{
	run_at(STORY_WELL, STORY_MIDDLE);
	app_key(fake_app, K_DOWN);
	tick(4600);
}

static void run_failed(void)
{
	run_at(STORY_FAILS, STORY_WAITS);
	fake_keys("f");
	tick(21000);
}

static void host_keys(void)
{
	open_at(screen_hosts());
	story_run(&fake_wizard, STORY_CHECK, INT64_MAX);
	app_changed(fake_app);
	fake_keys(" j");
}

static void done(void)
{
	open_at(screen_hosts());
	story_run(&fake_wizard, STORY_WELL, INT64_MAX);
	app_push(fake_app, screen_done());
}

static void done_left(void)
{
	open_at(screen_hosts());
	story_run(&fake_wizard, STORY_FAILS, INT64_MAX);
	app_push(fake_app, screen_done());
}

static void dashboard_of(enum story_cluster which)
{
	open_at(screen_hosts());
	story_cluster(&fake_wizard, which);
	app_push(fake_app, screen_dashboard());
	tick(1000000);
}

static void dashboard(void)
{
	dashboard_of(STORY_HEALTHY);
}

static void dashboard_dead(void)
{
	dashboard_of(STORY_CP_DEAD);
	app_key(fake_app, K_DOWN);
	app_key(fake_app, K_DOWN);
}

static void dashboard_details(void)
{
	dashboard_dead();
	app_key(fake_app, K_ENTER);
}

static void dashboard_no_quorum(void)
{
	dashboard_of(STORY_NO_QUORUM);
}

/* The first look is under way. */
static void dashboard_empty(void)
{
	open_at(screen_hosts());
	story_run(&fake_wizard, STORY_CHECK, 0);
	fake_wizard.purpose = PURPOSE_LOOK;
	app_push(fake_app, screen_dashboard());
}

static const char *scene; /* that is shown */

static void adopt(void)
{
	open_at(screen_start());
	story_adopt(scene);
}

static void replay(void)
{
	struct recording *r;

	story_journal("runs", STORY_FAILS);
	r = recording_load("runs/" STORY_RUN ".jsonl", NULL);
	open_at(screen_hosts());
	if (CHECK(r != NULL))
		app_push(fake_app, screen_replay(r));
	for (int i = 0; i < 7; i++)
		app_key(fake_app, K_PAGE_DOWN);
}

static void timeline(void)
{
	replay();
	fake_keys("t");
}

static void help(void)
{
	run();
	fake_keys("?");
}

static void question(void)
{
	run();
	fake_keys("q");
}

static void secret(void)
{
	open_at(screen_hosts());
	app_push(fake_app, screen_input("A secret is needed", "sudo password of ops on cp1, cp2, cp3, w1, w2", "", NULL,
				   true, NULL, NULL, NULL));
	fake_keys("hunter2");
}

static void message(void)
{
	open_at(screen_hosts());
	app_push(fake_app,
		screen_message("The inventory could not be saved", STYLE_FAIL,
			"cannot write 'kubewright.yaml': read-only file system\n\nWhat to do: mount it writable, or start "
			"kubewright in another folder.\n"));
}

static const struct scene {
	const char *name;
	void (*show)(void);
	int sizes[2][2];
} scenes[] = {
	{ "start", start, { { 80, 24 }, { 200, 50 } } },
	{ "hosts", hosts, { { 80, 24 }, { 200, 50 } } },
	{ "hosts-refused", hosts_refused, { { 80, 24 } } },
	{ "hosts-import", hosts_import, { { 80, 24 }, { 200, 50 } } },
	{ "host-form", host_form, { { 80, 24 }, { 200, 50 } } },
	{ "cluster", cluster, { { 80, 24 }, { 200, 50 } } },
	{ "cluster-wrong", cluster_wrong, { { 80, 24 } } },
	{ "preflight", preflight, { { 80, 24 }, { 200, 50 } } },
	{ "explain", explain, { { 80, 24 } } },
	{ "plan", plan, { { 80, 24 }, { 200, 50 } } },
	{ "plan-steps", plan_steps, { { 80, 24 }, { 200, 50 } } },
	{ "confirm", confirm, { { 80, 24 } } },
	{ "run", run, { { 80, 24 }, { 200, 50 } } },
	{ "run-failed", run_failed, { { 80, 24 }, { 200, 50 } } },
	{ "host-keys", host_keys, { { 80, 24 }, { 200, 50 } } },
	{ "done", done, { { 80, 24 }, { 200, 50 } } },
	{ "done-left", done_left, { { 80, 24 }, { 200, 50 } } },
	{ "dashboard", dashboard, { { 80, 24 }, { 200, 50 } } },
	{ "dashboard-dead", dashboard_dead, { { 80, 24 }, { 200, 50 } } },
	{ "dashboard-details", dashboard_details, { { 80, 24 } } },
	{ "dashboard-no-quorum", dashboard_no_quorum, { { 80, 24 }, { 200, 50 } } },
	{ "dashboard-empty", dashboard_empty, { { 80, 24 }, { 200, 50 } } },
	{ "certs", certs, { { 80, 24 }, { 200, 50 } } },
	{ "certs-attention", certs_attention, { { 80, 24 }, { 120, 24 } } },
	{ "certs-details", certs_details, { { 80, 24 } } },
	{ "certs-fine", certs_fine, { { 80, 24 } } },
	{ "certs-none", certs_none, { { 80, 24 } } },
	{ "certs-looking", certs_looking, { { 80, 24 } } },
	{ "security", security, { { 80, 24 }, { 200, 50 } } },
	{ "security-failed", security_failed, { { 80, 24 } } },
	{ "security-details", security_details, { { 80, 24 } } },
	{ "hardware", hardware, { { 80, 24 }, { 200, 50 } } },
	{ "hardware-details", hardware_details, { { 80, 24 } } },
	{ "hardware-unseen", hardware_unseen, { { 80, 24 } } },
	{ "mesh", mesh, { { 80, 24 }, { 200, 50 } } },
	{ "mesh-details", mesh_details, { { 80, 24 } } },
	{ "mesh-many", mesh_many, { { 80, 24 } } },
	{ "drill", drill, { { 80, 24 } } },
	{ "drill-made", drill_made, { { 80, 24 }, { 200, 50 } } },
	{ "drill-confirm", drill_confirm, { { 80, 24 } } },
	{ "requests", requests, { { 80, 24 }, { 200, 50 } } },
	{ "requests-details", requests_details, { { 80, 24 } } },
	{ "requests-silent", requests_silent, { { 80, 24 } } },
	{ "rotations", rotations, { { 80, 24 } } },
	{ "rotation", rotation, { { 80, 24 }, { 200, 50 } } },
	{ "rotation-refused", rotation_refused, { { 80, 24 } } },
	{ "support", support, { { 80, 24 } } },
	{ "support-made", support_made, { { 80, 24 }, { 200, 50 } } },
	{ "support-failed", support_failed, { { 80, 24 } } },
	{ "adopt", adopt, { { 80, 24 } } },
	{ "adopted", adopt, { { 80, 24 }, { 200, 50 } } },
	{ "adopted-refused", adopt, { { 80, 24 } } },
	{ "adopted-unreached", adopt, { { 80, 24 } } },
	{ "adopt-keys", adopt, { { 80, 24 } } },
	{ "replay", replay, { { 80, 24 }, { 200, 50 } } },
	{ "timeline", timeline, { { 80, 24 } } },
	{ "help", help, { { 80, 24 }, { 200, 50 } } },
	{ "question", question, { { 80, 24 }, { 200, 50 } } },
	{ "secret", secret, { { 80, 24 }, { 200, 50 } } },
	{ "message", message, { { 80, 24 }, { 200, 50 } } },
	{ "too-small", run, { { 79, 24 }, { 40, 10 } } },
};

static void leave(void)
{
	story_forget(&fake_wizard);
	fake_tear_down();
}

static void check_scene(const struct scene *s)
{
	struct str looks[2] = { STR_INIT, STR_INIT };

	scene = s->name;
	for (int set = 0; set < 2; set++) {
		with_ascii = set == 1;
		s->show();
		for (int i = 0; i < 2 && s->sizes[i][0]; i++) {
			struct str text = STR_INIT;
			char *path = xasprintf("tests/tui/golden/%s-%dx%d-%s.txt", s->name, s->sizes[i][0],
				s->sizes[i][1], with_ascii ? "ascii" : "utf8");

			canvas_resize(&fake_canvas, s->sizes[i][0], s->sizes[i][1]);
			golden_screen(&text, &looks[i]);
			CHECK(golden_same(path, &text));
			free(path);
			str_release(&text);
		}
		leave();
	}
	str_release(&looks[0]);
	str_release(&looks[1]);
}

static void test_screens(void)
{
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		check_scene(&scenes[i]);
}

static void test_picture(void)
{
	struct str svg = STR_INIT;

	run();
	canvas_resize(&fake_canvas, 100, 30);
	app_draw(fake_app, &fake_canvas);
	canvas_svg(&fake_canvas, THEME_COLOR, &svg);
	CHECK(golden_same("docs/wizard.svg", &svg));
	str_release(&svg);
	leave();
}

/* The same screen below the picture, for those who read the file itself. */
static void test_readme(void)
{
	struct str all = STR_INIT, looks = STR_INIT, text = STR_INIT;
	char *end, *line;

	run();
	golden_screen(&all, &looks);
	line = strchr(all.buf, '\n') + 1;
	end = strstr(line, "-- cursor");
	str_addn(&text, line, (size_t)(end - line));
	CHECK(golden_part("README.md", "</summary>\n\n```text\n", &text, "```\n"));
	str_release(&all);
	str_release(&looks);
	str_release(&text);
	leave();
}

static const struct test tests[] = {
	{ "golden: every screen", test_screens },
	{ "golden: the picture of the README", test_picture },
	{ "golden: the README's screen in text", test_readme },
};

/* What the first page and the import list. */
static void furnish(void)
{
	if (mkdir("racks", 0700) || mkdir(".ssh", 0700))
		abort();
	fake_write("racks/blue.yaml", "cluster: blue\nhosts: []\n");
	fake_write("racks/lab.yaml", "cluster: lab\nhosts: []\n");
	fake_write("racks/new.yaml", "cluster: new\nhosts: []\n");
	fake_write("racks/broken.yaml", "- no\n- mapping\n");
	fake_write(".ssh/config",
		"Host *\n  User ops\nHost cp1\n  HostName 10.0.0.11\nHost bastion\n  HostName bastion.example.com\n"
		"Host gpu1\n  HostName 10.0.0.31\n  Port 2222\n  User root\n  IdentityFile ~/.ssh/id_ed25519\n"
		"Host gpu2\n  HostName 10.0.0.32\n");
}

int main(int argc, char **argv)
{
	int rc;

	if (!golden_begin())
		return 1;
	furnish();
	rc = test_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
	return golden_end() ? rc : 1;
}
