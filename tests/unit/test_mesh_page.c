/* The page of the mesh, by keys and by what is on the canvas, over a port whose hosts are canned. */
#include "tests/test.h"
#include "tests/unit/fake_port.h"

#include "tui/mesh.h"

/* To another cell: l right, j down. */
static void go(const char *way)
{
	for (; *way; way++)
		app_key(fake_app, *way == 'l' ? K_RIGHT : K_DOWN);
}

static const char *title(void)
{
	return app_top(fake_app)->ops->title;
}

/* By the Dashboard, whose own look is still under way: then the page looks by itself. */
static void open_page(void)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake_set_up(fake_file, screen_start(), 80, 24, false);
	app_push(fake_app, screen_dashboard());
	fake_keys("M");
	CHECK_STR(title(), "Mesh");
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_MESH], 1);
}

static void test_shows(void)
{
	open_page();
	CHECK(fake_sees("5 hosts, 20 ways asked, pod network flannel with VXLAN: 2 X, 18 ok"));
	CHECK(fake_sees("1 cp1                 -  ok  ok  ok  ok"));
	CHECK(fake_sees("4 w1                  X   X  ok   -  ok"));
	CHECK(fake_sees("error mesh-port-blocked: UDP 8472"));
	go("l");
	CHECK(fake_sees("cp1 to cp2: all that is needed gets through"));
	CHECK(fake_sees("There and back in 0.18 ms, packets of up to 1500 bytes."));
	/* the other host's findings are not this way's */
	CHECK(!strstr(fake_see(), "mesh-port-blocked"));
	fake_keys("/w1\r");
	CHECK(fake_sees("w1 to cp2: something does not get through"));
	CHECK(fake_sees("Packets of at most 1400 bytes arrive, and eth0"));
	CHECK(fake_sees("error mesh-path-mtu: the path to cp2"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("From w1 to cp2: something does not get through"));
	CHECK(fake_sees("set the MTU of eth0 to 1400"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("/nowhere\r");
	CHECK(fake_sees("no host name contains this"));
	fake_keys("e");
	CHECK(fake_sees("kubewright check --mesh -f "));
	app_key(fake_app, K_ESCAPE);
	fake_keys("?");
	CHECK(fake_sees("What hosts get through to one another"));
	app_key(fake_app, K_ESCAPE);
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Dashboard");
	fake_tear_down();
}

/* Where row and column are of one host, what was found of it. */
static void test_host(void)
{
	open_page();
	go("jjll");
	CHECK(fake_sees(" cp3 "));
	CHECK(fake_sees("warning mesh-fsync: 1 in 100 durable writes"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("give etcd an SSD of its own"));
	app_key(fake_app, K_ESCAPE);
	go("jjll");
	CHECK(fake_sees("Nothing was found about this host."));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("Nothing was found."));
	fake_tear_down();
}

/* Around, and back to the first. */
static void test_next(void)
{
	open_page();
	app_key(fake_app, K_TAB);
	CHECK(fake_sees("w1 to cp1: something does not get through"));
	CHECK(fake_sees("UDP 8472 (VXLAN of flannel and Cilium): does not answer"));
	CHECK(fake_sees("error mesh-port-blocked: UDP 8472"));
	app_key(fake_app, K_TAB);
	CHECK(fake_sees("w1 to cp2: something does not get through"));
	app_key(fake_app, K_TAB);
	CHECK(fake_sees("w1 to cp1: something does not get through"));
	fake_tear_down();
}

static void test_scrolls(void)
{
	open_page();
	port_mesh_release(&fake_wizard.mesh);
	fake_mesh_fill(&fake_wizard.mesh, 60, false, NULL);
	app_changed(fake_app);
	CHECK(fake_sees("60 hosts"));
	CHECK(fake_sees(">"));
	CHECK(!strstr(fake_see(), "w57"));
	app_key(fake_app, K_END);
	CHECK(fake_sees("60 w57"));
	CHECK(fake_sees("w57 to cp1: all that is needed"));
	for (int i = 0; i < 30; i++)
		app_key(fake_app, K_RIGHT);
	CHECK(fake_sees("<"));
	CHECK(fake_sees("w57 to w28: not asked"));
	CHECK(fake_sees("This way is not asked"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("From w57 to w28: not asked"));
	app_key(fake_app, K_ESCAPE);
	app_key(fake_app, K_TAB);
	CHECK(fake_sees("w1 to cp1: something does not get through"));
	fake_tear_down();
}

static void test_unseen(void)
{
	fake.refuse_login = true;
	open_page();
	CHECK(fake_sees("2 cp2                 ?   -   ?   ?   ?"));
	go("l");
	CHECK(fake_sees("cp1 to cp2: unknown: it could not be asked"));
	CHECK(fake_sees("cannot connect to cp2"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("cp2 could not be looked at."));
	CHECK(fake_sees("is the machine on?"));
	fake.refuse_login = false;
	fake_tear_down();
}

/* A look that is stopped changes nothing of what was seen before; one that is left is ended. */
static void test_looks(void)
{
	open_page();
	CHECK(fake_sees("ago"));
	fake.endless = true;
	fake_keys("v");
	CHECK(fake_sees("looking"));
	fake_keys("s");
	CHECK(fake_sees("stopping"));
	fake_wait_over();
	CHECK(fake_sees("5 hosts"));
	CHECK_INT(fake.begun[PURPOSE_MESH], 2);
	fake_keys("v");
	fake_turn();
	fake.endless = false;
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Dashboard");
	fake_wait_over();
	/* it is not looked at again when the page comes back … */
	fake_keys("M");
	CHECK(fake_sees("5 hosts"));
	CHECK_INT(fake.begun[PURPOSE_MESH], 3);
	/* … unless the inventory is another one */
	CHECK_INT(document_set(fake_wizard.document, "kubernetes.version", "1.35", NULL), 0);
	CHECK(fake_sees("out of date"));
	app_changed(fake_app);
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_MESH], 4);
	fake_tear_down();
}

/* Before a first apply, from the check's page. */
static void test_preflight(void)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake_set_up(fake_file, screen_start(), 80, 24, false);
	app_push(fake_app, screen_preflight());
	fake_wait_over();
	fake_keys("m");
	CHECK_STR(title(), "Mesh");
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_MESH], 1);
	CHECK(fake_sees("5 hosts, 20 ways asked"));
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Preflight");
	fake_tear_down();
}

static void test_hostile(void)
{
	fake.hostile = true;
	for (int i = 0; i < 4; i++) {
		fake.refuse_login = i % 2 == 1;
		open_page();
		fake_canvas.ascii = i > 1;
		for (int width = 1; width < 260; width += 9)
			for (int height = 1; height < 60; height += 4) {
				canvas_resize(&fake_canvas, width, height);
				app_key(fake_app, height % 3 ? K_DOWN : K_RIGHT);
				CHECK(fake_see() != NULL);
			}
		canvas_resize(&fake_canvas, 80, 24);
		app_key(fake_app, K_ENTER);
		CHECK(fake_see() != NULL);
		fake_tear_down();
	}
	fake.hostile = fake.refuse_login = false;
}

static const struct test tests[] = {
	{ "mesh: the matrix, a way, what is not well on it", test_shows },
	{ "mesh: what was found of a host", test_host },
	{ "mesh: from one that is not well to the next", test_next },
	{ "mesh: more hosts than there is room for", test_scrolls },
	{ "mesh: a host that could not be looked at", test_unseen },
	{ "mesh: a look that is stopped, or left, or of another inventory", test_looks },
	{ "mesh: from the check's page", test_preflight },
	{ "mesh: every size, hostile texts", test_hostile },
};

TEST_MAIN_IN_FOLDER(tests)
