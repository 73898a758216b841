/*
 * Scenes of the golden screens: the pages of a look at a living cluster, each as its look has left it.
 */
#ifndef TESTS_UNIT_GOLDEN_LOOKS_H
#define TESTS_UNIT_GOLDEN_LOOKS_H

#include "tests/test.h"
#include "tests/unit/fake_port.h"
#include "tests/unit/fake_story.h"

#include "base/alloc.h"

static bool with_ascii;

/* An open inventory, and a screen over it. */
static void open_at(struct screen *first)
{
	fake_set_up(story_file, screen_message("", STYLE_NORMAL, ""), 80, 24, with_ascii);
	fake_wizard.port = &story_port;
	app_replace(fake_app, first);
}

static void tick(int64_t now_ms)
{
	struct screen *s = app_top(fake_app);

	s->ops->tick(s, now_ms);
}

/* Its certificates were looked at. */
static void certs_of(enum fake_certs which)
{
	open_at(screen_hosts());
	fake_certs_fill(&fake_wizard.certs, which, NULL);
	fake_wizard.certs_text = xstrdup(document_text(fake_wizard.document));
	fake_wizard.certs_ms = 1000000 - 7000;
	app_push(fake_app, screen_certs());
	tick(1000000);
}

static void certs(void)
{
	certs_of(FAKE_CERTS_ENDS);
	fake_keys("jjj");
}

static void certs_attention(void)
{
	certs_of(FAKE_CERTS_ENDS);
	fake_keys("/cp3");
	app_key(fake_app, K_ENTER);
	fake_keys("f");
}

static void certs_details(void)
{
	certs_of(FAKE_CERTS_ENDS);
	fake_keys("/front-proxy-ca");
	app_key(fake_app, K_ENTER);
	app_key(fake_app, K_ENTER);
}

static void certs_fine(void)
{
	certs_of(FAKE_CERTS_FINE);
	fake_keys("f");
}

static void certs_none(void)
{
	certs_of(FAKE_CERTS_EMPTY);
}

static void certs_looking(void)
{
	open_at(screen_hosts());
	story_run(&fake_wizard, STORY_CHECK, 0);
	fake_wizard.purpose = PURPOSE_CERTS;
	app_push(fake_app, screen_certs());
}

/* Its hosts were looked at beside the benchmark. */
static void security_of(bool unseen)
{
	open_at(screen_hosts());
	fake_benchmark_fill(&fake_wizard.benchmark, unseen, NULL);
	fake_wizard.benchmark_text = xstrdup(document_text(fake_wizard.document));
	fake_wizard.benchmark_ms = 1000000 - 7000;
	app_push(fake_app, screen_security());
	tick(1000000);
}

static void security(void)
{
	security_of(false);
	fake_keys("/1.2.1 ");
	app_key(fake_app, K_ENTER);
}

static void security_failed(void)
{
	security_of(true);
	fake_keys("f");
}

static void security_details(void)
{
	security();
	app_key(fake_app, K_ENTER);
}

/* Its machines were looked at. */
static void hardware(void)
{
	open_at(screen_hosts());
	fake_hardware_fill(&fake_wizard.hardware, true, NULL);
	fake_wizard.hardware_text = xstrdup(document_text(fake_wizard.document));
	fake_wizard.hardware_ms = 1000000 - 7000;
	app_push(fake_app, screen_hardware());
	tick(1000000);
	fake_keys("/w1\r\tjjjjjjjjj");
}

static void hardware_details(void)
{
	hardware();
	app_key(fake_app, K_ENTER);
}

static void hardware_unseen(void)
{
	hardware();
	fake_keys("\tkk");
}

/* Its hosts asked each other. */
static void mesh_of(size_t count, bool unseen)
{
	open_at(screen_hosts());
	fake_mesh_fill(&fake_wizard.mesh, count, unseen, NULL);
	fake_wizard.mesh_text = xstrdup(document_text(fake_wizard.document));
	fake_wizard.mesh_ms = 1000000 - 7000;
	app_push(fake_app, screen_mesh());
	tick(1000000);
}

static void mesh(void)
{
	mesh_of(5, false);
	app_key(fake_app, K_TAB);
	app_key(fake_app, K_TAB);
}

static void mesh_details(void)
{
	mesh();
	app_key(fake_app, K_ENTER);
}

static void mesh_many(void)
{
	mesh_of(60, true);
	app_key(fake_app, K_END);
	for (int i = 0; i < 30; i++)
		app_key(fake_app, K_RIGHT);
}

/* Faults were made on purpose, or could be. */
static void drill_of(bool made)
{
	open_at(screen_hosts());
	fake_drill_fill(&fake_wizard.drill, made, false, NULL);
	fake_wizard.drill_text = xstrdup(document_text(fake_wizard.document));
	fake_wizard.drill_ms = 1000000 - 7000;
	app_push(fake_app, screen_drill());
	tick(1000000);
}

static void drill(void)
{
	drill_of(false);
	fake_keys(" jj j");
}

static void drill_made(void)
{
	drill_of(true);
	fake_keys("jjjj");
}

static void drill_confirm(void)
{
	drill();
	fake_keys("a");
}

static void requests_of(enum fake_requests which)
{
	open_at(screen_hosts());
	fake_requests_fill(&fake_wizard.requests, which, NULL);
	fake_wizard.requests_text = xstrdup(document_text(fake_wizard.document));
	fake_wizard.requests_ms = 1000000 - 7000;
	app_push(fake_app, screen_requests());
	tick(1000000);
}

static void requests(void)
{
	requests_of(FAKE_REQUESTS_ALL);
	fake_keys(" jj");
}

static void requests_details(void)
{
	requests();
	app_key(fake_app, K_ENTER);
}

static void requests_silent(void)
{
	requests_of(FAKE_REQUESTS_SILENT);
}

static void rotations(void)
{
	certs_of(FAKE_CERTS_FINE);
	fake_keys("o");
}

static void rotation_of(enum fake_rotation which)
{
	open_at(screen_hosts());
	fake_rotation_fill(&fake_wizard.rotation, "etcd-ca", which, NULL);
	fake_wizard.rotation_text = xstrdup(document_text(fake_wizard.document));
	fake_wizard.rotation_ms = 1000000 - 7000;
	/* under way: it does not begin by itself */
	story_run(&fake_wizard, STORY_CHECK, 0);
	fake_wizard.purpose = PURPOSE_ROTATE_LOOK;
	app_push(fake_app, screen_rotation("etcd-ca"));
	tick(1000000);
}

static void rotation(void)
{
	rotation_of(FAKE_ROTATION_NEXT);
}

static void rotation_refused(void)
{
	rotation_of(FAKE_ROTATION_REFUSED);
	app_key(fake_app, K_END);
}

static void support(void)
{
	open_at(screen_hosts());
	app_push(fake_app, screen_support());
}

static void support_made(void)
{
	open_at(screen_hosts());
	fake_support_fill(&fake_wizard.support, false, NULL);
	fake_wizard.support_text = xstrdup(document_text(fake_wizard.document));
	app_push(fake_app, screen_support());
}

static void support_failed(void)
{
	open_at(screen_hosts());
	fake_support_fill(&fake_wizard.support, true, NULL);
	fake_wizard.support_text = xstrdup(document_text(fake_wizard.document));
	app_push(fake_app, screen_support());
}

#endif
