/* What a control plane does to save etcd's data by itself: steps/host/etcd-snapshot.sh, run for real in a temporary folder, and how the probe reports it. */
#include "tests/test.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "cluster/snapshots.h"
#include "steps/host/scripts.h"
#include "tests/unit/fake_site.h"

#define FOLDER "data/snapshots"

/* etcd's gateway: the database and its digest, in pieces; how it goes wrong is in files. */
static const char curl[] =
	"#!/bin/sh\n"
	"d=${0%/bin/curl}\n"
	"echo \"$*\" >>\"$d/asked\"\n"
	"[ ! -e \"$d/refuses\" ] || { echo '{\"error\":{\"message\":\"no leader\"}}'; exit 0; }\n"
	"db=$d/var/lib/etcd/member/snap/db\n"
	"{ cat \"$db\"; sha256sum <\"$db\" | cut -c 1-64 | sed 's/../\\\\\\\\x&/g' | xargs printf '%b'; } >\"$d/stream\"\n"
	"[ ! -e \"$d/breaks\" ] || truncate -s -7 \"$d/stream\"\n"
	"size=$(stat -c %s \"$d/stream\") at=0\n"
	"while [ $at -lt $size ]; do\n"
	"printf '{\"result\":{\"header\":{\"cluster_id\":\"1\"},\"remaining_bytes\":\"%s\",\"blob\":\"%s\"}}\\n' $((size - at)) "
	"\"$(tail -c +$((at + 1)) \"$d/stream\" | head -c 1000 | base64 -w 0)\"\n"
	"at=$((at + 1000))\n"
	"done\n";
static const char df[] = "#!/bin/sh\necho Filesystem; echo \"/dev/x 9 9 $(cat \"${0%/bin/df}/free\") 9% /\"\n";
static const char date[] = "#!/bin/sh\n"
			   "d=${0%/bin/date}\n"
			   "case $*:$(cat \"$d/clock\" 2>/dev/null) in\n"
			   "*:) exec /bin/date \"$@\" ;;\n"
			   "+%s:*) exec /bin/date \"$@\" ;;\n"
			   "'-u +%Y'*) cat \"$d/clock\" ;;\n"
			   "*) days=${3#-} && /bin/date -u -d \"$(cut -c 1-8 \"$d/clock\") -$days\" +%Y%m%d ;;\n"
			   "esac\n";

static struct fake_site site;

static void open_site(void)
{
	fake_site_open(&site);
	fake_site_put(&site, "bin/curl", 0755, curl);
	fake_site_put(&site, "bin/df", 0755, df);
	fake_site_put(&site, "bin/date", 0755, date);
	fake_site_put(&site, "bin/ss", 0755, "#!/bin/sh\necho LISTEN\n");
	fake_site_put(&site, "free", 0644, "99999999");
	fake_site_put(&site, "etc/kubernetes/pki/ca.crt", 0644, "the CA\n");
	fake_site_sh(&site,
		"mkdir -p etc/kubernetes/manifests data && echo \"    - --data-dir=$PWD/var/lib/etcd\" >etc/kubernetes/manifests/etcd.yaml\n"
		"mkdir -p var/lib/etcd/member/snap && head -c 12345 /dev/urandom >var/lib/etcd/member/snap/db");
}

/* Its exit status; keep and days as the unit gives them. */
static int take(int keep, int days)
{
	struct str text = STR_INIT;
	char *command, from[96];
	int status;

	str_add(&text, host_script_etcd_snapshot);
	snprintf(from, sizeof(from), *fake_site_get(&site, "only") ? "PATH=%s/bin #" : "PATH=%s/bin:", site.dir);
	fake_site_replace(&text, "/etc/kubernetes", fake_site_path(&site, "etc/kubernetes"));
	fake_site_replace(&text, "/var/lib/", fake_site_path(&site, "var/lib/"));
	fake_site_replace(&text, "PATH=", from);
	fake_site_replace(&text, "-lt 120", "-lt 1");
	fake_site_put(&site, "script", 0600, text.buf);
	command = xasprintf(
		"sh '%s/script' rack7 '%s/" FOLDER "' %d %d >'%s/log' 2>&1", site.dir, site.dir, keep, days, site.dir);
	status = system(command);
	free(command);
	str_release(&text);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *code(void)
{
	const char *said = strchr(fake_site_get(&site, "var/lib/kubewright/etcd-snapshot"), ' ');
	static char out[32];

	snprintf(out, sizeof(out), "%.*s", said ? (int)strcspn(said + 1, "\n") : 0, said ? said + 1 : "");
	return out;
}

static void says(const char *words)
{
	if (!CHECK(strstr(fake_site_get(&site, "log"), words)))
		printf("# %s\n", fake_site_get(&site, "log"));
}

static void test_taken(void)
{
	open_site();
	CHECK_INT(take(3, 1), 0);
	says("12377 bytes, complete and verified");
	CHECK_STR(code(), "ok");
	/* root's alone, whole, named after the cluster and its CA, and nothing beside it */
	fake_site_sh(&site,
		"set -- " FOLDER "/*; [ $# = 1 ] && [ \"$(stat -c %a \"$1\")\" = 600 ] && [ \"$(stat -c %a " FOLDER
		")\" = 700 ] &&\n"
		"head -c -32 \"$1\" | cmp - var/lib/etcd/member/snap/db && [ -z \"$(find " FOLDER
		" -name '.*' -type f)\" ] &&\n"
		"echo \"${1##*/}\" | grep -qx \"rack7-$(sha256sum <etc/kubernetes/pki/ca.crt | cut -c 1-8)-[0-9]*T[0-9]*Z.db\"");
	/* keys are named by their paths alone */
	CHECK(strstr(fake_site_get(&site, "asked"), "/healthcheck-client.key ") != NULL);
	fake_site_close(&site);
}

/* Nothing is left of what went wrong, and what was there stays. */
static void test_failing(void)
{
	static const struct {
		const char *how, *code, *words;
	} cases[] = {
		{ ": >breaks", "damaged", "its digest does not match" },
		{ ": >refuses", "no-etcd", "etcd gave no snapshot" },
		{ "printf '#!/bin/sh\\nexit 7\\n' >bin/curl", "no-etcd", "etcd gave no snapshot" },
		{ "printf '#!/bin/sh\\n' >bin/ss", "no-etcd", "etcd does not listen" },
		{ "rm etc/kubernetes/manifests/etcd.yaml", "no-etcd", "there is no " },
		{ "rm -r var/lib/etcd/member", "no-etcd", "there is no database" },
		{ "echo 1048580 >free", "no-room", "at least 1024 MiB must stay free" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_site();
		CHECK_INT(take(1, 1), 0);
		fake_site_sh(&site, "mv " FOLDER "/*.db data/first && cp data/first " FOLDER
				    "/rack7-$(sha256sum <etc/kubernetes/pki/ca.crt | cut -c 1-8)-20200101T000000Z.db");
		fake_site_sh(&site, cases[i].how);
		CHECK(take(1, 1) == 1);
		if (!CHECK_STR(code(), cases[i].code))
			printf("# case %zu\n", i);
		says(cases[i].words);
		fake_site_sh(&site, "[ \"$(ls -A " FOLDER " | wc -l)\" = 1 ] && cmp data/first " FOLDER "/*.db");
		fake_site_close(&site);
	}
}

/* Only its own, of this cluster, and never the one just taken. */
static void test_retention(void)
{
	open_site();
	fake_site_sh(&site,
		"mkdir -p " FOLDER " && cd " FOLDER
		" && id=$(sha256sum <../../etc/kubernetes/pki/ca.crt | cut -c 1-8)\n"
		"for t in 20261120T000000Z 20261127T060000Z 20261127T180000Z 20261128T060000Z 20261129T060000Z 20261129T180000Z; do echo x >rack7-$id-$t.db; done\n"
		"echo x >rack7-00000000-20200101T000000Z.db; echo x >rack77-$id-20200101T000000Z.db; echo x >mine.db; echo x >rack7-$id-20200101.db\n"
		"echo x >.rack7-$id-20200101T000000Z.db.part; mkdir rack7-$id-20200102T000000Z.db");
	fake_site_put(&site, "clock", 0644, "20261130T000000Z");
	CHECK_INT(take(2, 4), 0);
	/* the new one, one more, and the newest of 27 and 28 November; what is not its own stays */
	fake_site_sh(&site,
		"cd " FOLDER " && id=$(sha256sum <../../etc/kubernetes/pki/ca.crt | cut -c 1-8)\n"
		"ls -A | sed \"s/$id/ID/\" | sort >../have && printf '%s\\n' mine.db rack7-00000000-20200101T000000Z.db rack7-ID-20200101.db rack7-ID-20200102T000000Z.db "
		"rack7-ID-20261127T180000Z.db rack7-ID-20261128T060000Z.db rack7-ID-20261129T180000Z.db rack7-ID-20261130T000000Z.db rack77-ID-20200101T000000Z.db | sort | diff - ../have");
	/* a clock that was ahead for a while costs none that is good */
	fake_site_sh(&site,
		"cd " FOLDER
		" && id=$(sha256sum <../../etc/kubernetes/pki/ca.crt | cut -c 1-8) && echo x >rack7-$id-20990101T000000Z.db");
	fake_site_put(&site, "clock", 0644, "20261130T120000Z");
	CHECK_INT(take(1, 1), 0);
	fake_site_sh(&site,
		"test -e " FOLDER "/rack7-*-20261130T120000Z.db && ! test -e " FOLDER "/rack7-*-20261129T180000Z.db");
	fake_site_close(&site);
}

/* One at a time: the second does nothing, and does not speak of it as a try. */
static void test_alone(void)
{
	open_site();
	CHECK_INT(take(3, 1), 0);
	fake_site_sh(&site, "rm " FOLDER "/*.db");
	fake_site_put(&site, "bin/flock", 0755, "#!/bin/sh\nexit 1\n");
	CHECK_INT(take(3, 1), 1);
	says("another snapshot is being taken");
	CHECK_STR(code(), "ok");
	fake_site_sh(&site, "[ -z \"$(ls " FOLDER ")\" ]");
	fake_site_close(&site);
}

/* Without curl the program of etcd's own image does it. */
static void test_without_curl(void)
{
	open_site();
	fake_site_sh(&site,
		"{ cat bin/curl; echo 'eval last=\\${$#}; cp \"$d/stream\" \"$last\"'; } >bin/ctr && chmod 755 bin/ctr && sed -i 's#/bin/curl#/bin/ctr#' bin/ctr && rm bin/curl\n"
		"for p in sh cat sed stat head tail sha256sum cut od tr find sort awk grep mkdir chmod rm mv cp sync flock printf truncate base64 xargs; do\n"
		"for f in /usr/bin/$p /bin/$p; do [ -x \"$f\" ] && [ ! -e bin/$p ] && ln -s \"$f\" bin/$p; done; done; true");
	fake_site_sh(&site, "echo '    image: registry.k8s.io/etcd:3.6.4-0' >>etc/kubernetes/manifests/etcd.yaml");
	fake_site_put(&site, "only", 0644, "yes");
	CHECK_INT(take(3, 1), 0);
	CHECK_STR(code(), "ok");
	CHECK(strstr(fake_site_get(&site, "asked"), "registry.k8s.io/etcd:3.6.4-0 kubewright-snapshot-") != NULL);
	fake_site_close(&site);
}

/* The probe's part: what it says is what the C side makes of it. */
static void test_told(void)
{
	struct remote_param param = { "snapshot_folder", NULL };
	struct snapshot_file list[4], newest;
	char *script = xasprintf("%s\nsnapshots\n", host_script_snapshots), *folder;
	int64_t when, now;

	open_site();
	param.value = folder = xstrdup(fake_site_path(&site, FOLDER));
	/* nothing is scheduled and nothing there */
	CHECK_INT(fake_site_run(&site, script, &param, 1), 0);
	CHECK_INT(site.h.facts.count, 0);
	CHECK_INT(take(3, 1), 0);
	fake_site_sh(&site, "echo x >" FOLDER "/rack7-00000000-20991231T235959Z.db; echo xy >" FOLDER
			    "/zz-11111111-20200229T000001Z.db; echo >" FOLDER "/other.db");
	fake_site_put(&site, "etc/systemd/system/kubewright-etcd-snapshot.timer", 0644, "");
	if (!CHECK_INT(fake_site_run(&site, script, &param, 1), 0))
		printf("# %s\n%s", site.err.what, site.log);
	now = clock_wall_ms() / 1000;
	CHECK_INT(snapshots_of(&site.h, list, 4), 3);
	CHECK_STR(list[0].name, "rack7-00000000-20991231T235959Z.db");
	CHECK(!list[0].ours && list[1].ours && !list[2].ours);
	CHECK_INT(list[1].size, 12377);
	CHECK_INT(list[2].taken_s, 1582934401);
	/* one of another cluster is not the newest of this one */
	CHECK(snapshots_newest(&site.h, &newest) && strcmp(newest.name, list[1].name) == 0);
	CHECK(now - newest.taken_s >= 0 && now - newest.taken_s < 600);
	CHECK_STR(snapshots_try(&site.h, now, &when), "ok");
	CHECK(now - when >= 0 && now - when < 600);
	CHECK(now - cluster_fact_int(&site.h, "snapshot_since", 0) < 600);
	fake_site_close(&site);
	free(script);
	free(folder);
}

static const struct test tests[] = {
	{ "a snapshot is whole and root's alone", test_taken },
	{ "what fails leaves what was there", test_failing },
	{ "retention", test_retention },
	{ "one at a time", test_alone },
	{ "without curl", test_without_curl },
	{ "what the probe says", test_told },
};

TEST_MAIN(tests)
