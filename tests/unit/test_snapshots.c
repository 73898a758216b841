/*
 * Snapshots of etcd that control planes take by themselves: the files that say so, on a host that is a folder, with their coming, changing and going; and what is
 * reported of them.
 */
#include "tests/test.h"
#include "tests/unit/fake_wished.h"
#include "tests/unit/health_rack.h"

#include "base/alloc.h"
#include "base/error.h"
#include "cluster/snapshots.h"
#include "steps/host/scripts.h"

#define TIMER "etc/systemd/system/kubewright-etcd-snapshot.timer"
#define SERVICE "etc/systemd/system/kubewright-etcd-snapshot.service"
#define SCRIPT "etc/kubewright/etcd-snapshot"

/* ---- what a host should be ------------------------------------------------------------------------------------------------ */

/* The host of fake_wished is a worker; what it should be is the control plane's. */
static void control_plane_items(const struct world *w, int index, struct items *out)
{
	(void)index;
	want_snapshots.items(w, 0, out);
}
static struct want_part part;
static const struct want_part *const parts[] = { &part, &want_serving, NULL };
static const struct step step = { "snapshots", "Scheduling snapshots", ROLE_WORKER, 0, { { "probe", 0, 0 } },
	snapshots_check, snapshots_apply };

static void run(bool look, const char *settings)
{
	char *more = xasprintf("kubernetes: {version: 1.36.2}\n%s", settings);

	part = want_snapshots;
	part.items = control_plane_items;
	wished.more = more;
	wished_run(look, &step, parts, NULL);
	CHECK_INT(wished.first.kind, ERROR_NONE);
	wished.more = NULL;
	free(more);
}

static void apply(const char *settings)
{
	run(false, settings);
	wished_done();
}

static void converged(const char *settings)
{
	run(true, settings);
	CHECK_STR(wished_would(), "");
	CHECK_STR(wished.shown.buf, "");
	wished_done();
}

static void test_scheduled(void)
{
	wished_open();
	/* an existing cluster sees it as it will be, before anything is done */
	run(true, "");
	CHECK(wished_drifts());
	CHECK_STR(wished_would(), "file /etc/kubewright/etcd-snapshot");
	CHECK(strstr(wished.shown.buf, "+OnCalendar=*-*-* 00/12:00:00 UTC\n"));
	CHECK(strstr(wished.shown.buf,
		"+ExecStart=/bin/sh /etc/kubewright/etcd-snapshot rack7 /var/lib/kubewright/snapshots 14 1\n"));
	CHECK(strstr(wished.shown.buf, "kubewright-etcd-snapshot.timer: inactive -> active\n"));
	wished_done();
	fake_site_sh(&wished.site, "test ! -e " TIMER);
	apply("");
	CHECK_STR(fake_site_get(&wished.site, SCRIPT), host_script_etcd_snapshot);
	CHECK(strstr(fake_site_get(&wished.site, TIMER), "Persistent=true\n"));
	CHECK_STR(fake_site_get(&wished.site, "told"), "daemon-reload\nrestart kubewright-etcd-snapshot.timer\n");
	converged("");
	/* other settings are another schedule, which the timer takes up */
	fake_site_sh(&wished.site, "rm told");
	apply("etcd: {snapshots: {every: 1h, keep: 24, keep-days: 7, folder: /srv/etcd}}\n");
	CHECK(strstr(fake_site_get(&wished.site, TIMER), "\nOnCalendar=*-*-* *:00:00 UTC\n"));
	CHECK(strstr(fake_site_get(&wished.site, SERVICE), "etcd-snapshot rack7 /srv/etcd 24 7\n"));
	CHECK_STR(fake_site_get(&wished.site, "told"), "daemon-reload\nrestart kubewright-etcd-snapshot.timer\n");
	converged("etcd: {snapshots: {every: 1h, keep: 24, keep-days: 7, folder: /srv/etcd}}\n");
	fake_site_close(&wished.site);
}

/* Nobody wants them any more: nothing is left that runs, and the snapshots stay. */
static void test_never(void)
{
	wished_open();
	apply("");
	fake_site_put(&wished.site, "var/lib/kubewright/snapshots/rack7-00000000-20261130T000000Z.db", 0600, "x");
	fake_site_put(&wished.site, "var/lib/systemd/timers/stamp-kubewright-etcd-snapshot.timer", 0600, "");
	fake_site_sh(&wished.site, ": >told");
	run(true, "etcd: {snapshots: {every: never}}\n");
	CHECK(strncmp(wished_would(), "gone ", 5) == 0);
	wished_done();
	apply("etcd: {snapshots: {every: never}}\n");
	fake_site_sh(&wished.site,
		"test ! -e " TIMER " && test ! -e " SERVICE
		" && test ! -e etc/kubewright && test ! -e up.kubewright-etcd-snapshot.timer &&\n"
		"test -e var/lib/kubewright/snapshots/*.db && test ! -e var/lib/systemd/timers/stamp-*");
	CHECK(!strstr(fake_site_get(&wished.site, "told"), "try-restart"));
	CHECK(strstr(fake_site_get(&wished.site, "told"), "disable kubewright-etcd-snapshot.timer\n"));
	CHECK(str_ends(fake_site_get(&wished.site, "told"), "daemon-reload\n"));
	converged("etcd: {snapshots: {every: never}}\n");
	fake_site_close(&wished.site);
}

/* Each control plane has a turn of its own, and what is not one has none. */
static void test_turns(void)
{
	static const struct {
		const char *every, *turns[3];
	} cases[] = {
		{ "30m", { "*:00/30:00", "*:06/30:00", "*:12/30:00" } },
		{ "1h", { "*:00:00", "*:12:00", "*:24:00" } },
		{ "2h", { "00/2:00:00", "00/2:24:00", "00/2:48:00" } },
		{ "12h", { "00/12:00:00", "02/12:24:00", "04/12:48:00" } },
		{ "24h", { "00:00:00", "04:48:00", "09:36:00" } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *set = xasprintf("etcd.snapshots.every=%s", cases[i].every), want[64];
		struct error err = { 0 };
		struct world w;

		rack.inv = inventory_parse(
			"-", rack_text, sizeof(rack_text) - 1, (const char *const *)&set, 1, NULL, &err);
		if (!CHECK(rack.inv != NULL))
			exit(1);
		world_init(&w, rack.inv, release_find("1.36.2"));
		for (int host = 0; host < HOSTS; host++) {
			struct items l = { 0 };

			want_snapshots.items(&w, host, &l);
			CHECK_INT(l.count, host < 3 ? 3 : 0);
			snprintf(want, sizeof(want), "\nOnCalendar=*-*-* %s UTC\n",
				host < 3 ? cases[i].turns[host] : "");
			if (l.count && !CHECK(strstr(l.list[2].want, want)))
				printf("# %s, not %s", l.list[2].want, want);
			items_release(&l);
		}
		world_release(&w);
		inventory_free(rack.inv);
		free(set);
	}
}

/* ---- what is reported ------------------------------------------------------------------------------------------------------ */

static void at(int host, const char *word, int64_t ago_s, const char *more)
{
	char text[64];

	snprintf(text, sizeof(text), "%lld%s", (long long)(rack.view.now_s - ago_s), more);
	set(host, word, text);
}

/* A snapshot of this cluster of so long ago. */
static void taken(int host, int64_t ago_s, const char *id)
{
	char stamp[32], name[96], *to = stamp;

	clock_rfc3339((rack.view.now_s - ago_s) * 1000, stamp, sizeof(stamp));
	for (const char *p = stamp; *p; p++)
		if (*p != '-' && *p != ':')
			*to++ = *p;
	*to = '\0';
	snprintf(name, sizeof(name), "rack7-%s-%s.db 4096\n", id, stamp);
	set(host, "snapshots", name);
	set(host, "snapshot_id", "3f2a9c1e");
}

static void test_overdue(void)
{
	rack_up();
	/* none yet, and none due */
	at(1, "snapshot_since", 35 * 3600, "");
	look();
	CHECK_INT(rack.found.count, 0);
	at(1, "snapshot_since", 40 * 86400, "");
	taken(1, 36 * 3600 - 60, "3f2a9c1e");
	look();
	CHECK_INT(rack.found.count, 0);
	taken(1, 37 * 3600, "3f2a9c1e");
	finds(__LINE__, 1, "snapshot-overdue", "no snapshot of etcd for 37 h, and one every 12h is wanted", "");
	/* that of a cluster of the same name is not one */
	taken(1, 60, "00000000");
	finds(__LINE__, 1, "snapshot-overdue", "no snapshot of etcd for 40 d", "");
	rack.inv->etcd.snapshots.every = "never";
	look();
	CHECK_INT(rack.found.count, 0);
	rack_down();
}

static void test_failed(void)
{
	static const struct {
		int64_t ago_s;
		const char *said, *what;
	} cases[] = {
		{ 600, " no-room", "failed 10 min ago: the disk of its folder has too little room" },
		{ 7200, " no-etcd", "failed 2 h ago: etcd did not answer" },
		{ 60, " damaged", "its digest did not match its data" },
		{ 60, " no-folder", "its folder cannot be written to" },
		{ 7200, " running", "it did not end" },
		{ 60, " running", NULL },
		{ 60, " ok", NULL },
		{ 60, " rubbish", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rack_up();
		at(2, "snapshot_try", cases[i].ago_s, cases[i].said);
		if (cases[i].what) {
			finds(__LINE__, 2, "snapshot-failed", cases[i].what, "");
		} else {
			look();
			CHECK_INT(rack.found.count, 0);
		}
		rack_down();
	}
}

/* Names are what somebody may have put there. */
static void test_names(void)
{
	static const char lines[] = "rack7-3f2a9c1e-20261130T120000Z.db 4096\n"
				    "rack7-3f2a9c1e-20261130T1200Z.db 4096\n"
				    "../../rack7-3f2a9c1e-20261130T120000Z.db 1\n"
				    "20261130T120000Z.db 7\n"
				    "x-20261130T120000Z.db\n"
				    "x-20261130T120000Z.db -5\n"
				    "\n"
				    "rack7-3f2a9c1e-20261130T1200 0Z.db 9\n";
	struct snapshot_file list[8];
	struct cluster_host h = { 0 };

	cluster_set(&h, "snapshots", lines);
	CHECK_INT(snapshots_of(&h, list, 8), 2);
	CHECK(!list[0].ours && !list[1].ours);
	CHECK_INT(list[0].taken_s, 1796040000);
	CHECK_STR(list[1].name, "20261130T120000Z.db");
	cluster_set(&h, "snapshot_id", "3f2a9c1e");
	CHECK_INT(snapshots_of(&h, list, 1), 1);
	CHECK(list[0].ours);
	cluster_host_release(&h);
}

static void test_find(void)
{
	struct snapshot_file f;
	char name[128];

	rack_up();
	taken(0, 7200, "3f2a9c1e");
	taken(1, 3600, "3f2a9c1e");
	taken(2, 60, "00000000");
	CHECK_INT(snapshots_find(rack.inv, rack.hosts, "latest", &f), 1);
	CHECK_INT(snapshots_find(rack.inv, rack.hosts, "cp1:latest", &f), 0);
	CHECK(f.ours);
	snprintf(name, sizeof(name), "cp1:%s", f.name);
	CHECK_INT(snapshots_find(rack.inv, rack.hosts, name, &f), 0);
	name[2] = '2';
	CHECK_INT(snapshots_find(rack.inv, rack.hosts, name, &f), -1);
	/* a name is taken at its word, whose ever it is */
	CHECK_INT(snapshots_find(rack.inv, rack.hosts, "cp3:latest", &f), -1);
	snapshots_of(&rack.hosts[2], &f, 1);
	snprintf(name, sizeof(name), "cp3:%s", f.name);
	CHECK_INT(snapshots_find(rack.inv, rack.hosts, name, &f), 2);
	CHECK(!f.ours);
	CHECK_INT(snapshots_find(rack.inv, rack.hosts, "cp:latest", &f), -1);
	CHECK_INT(snapshots_find(rack.inv, rack.hosts, "w1:latest", &f), -1);
	rack.hosts[1].probed = false;
	CHECK_INT(snapshots_find(rack.inv, rack.hosts, "latest", &f), 0);
	rack_down();
}

static const struct test tests[] = {
	{ "scheduled by files and a timer", test_scheduled },
	{ "never: nothing is left but snapshots", test_never },
	{ "every control plane has its turn", test_turns },
	{ "overdue", test_overdue },
	{ "failed", test_failed },
	{ "names", test_names },
	{ "which one is meant", test_find },
};
TEST_MAIN(tests)
