/* What a control plane approves by itself: steps/host/approve.sh, run for real in a temporary folder, with requests that openssl has made. */
#include "tests/test.h"

#include "base/alloc.h"
#include "steps/host/scripts.h"
#include "tests/unit/fake_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* What the template makes of the API server's list is in a file; what was sent is kept. */
static const char kubectl[] =
	"#!/bin/sh\n"
	"d=${0%/bin/kubectl}\n"
	"echo \"$*\" >>\"$d/asked\"\n"
	"case $* in\n"
	"*' get '*) [ ! -e \"$d/silent\" ] || { echo 'connection refused' >&2; exit 1; }; cat \"$d/list\" ;;\n"
	"*' replace '*)\n"
	"[ ! -e \"$d/refuses\" ] || { echo 'the object has been modified' >&2; exit 1; }\n"
	"eval \"f=\\${$#}\"; cat \"$f\" >>\"$d/approved\" ;;\n"
	"esac\n";
/* ask NAME USER GROUPS USAGES SUBJECT SANS KEY: a line of that list. FILTER, when set, changes the PEM. */
static const char ask[] =
	"#!/bin/sh\n"
	"d=${0%/bin/ask}\n"
	"case $7 in ec:*) key=\"ec -pkeyopt ec_paramgen_curve:${7#ec:}\" ;; *) key=$7 ;; esac\n"
	"openssl req -new -newkey $key -nodes -keyout \"$d/key\" -subj \"$5\" ${6:+-addext \"subjectAltName=$6\"} "
	"2>>\"$d/openssl\" | sh -c \"${FILTER:-cat}\" >\"$d/pem\"\n"
	"printf '\"%s\"\\t\"%s\"\\t\"uid-%s\"\\t\"7\"\\t%s-\\t%s-\\t\"%s\"\\n' \"$2\" \"$1\" \"$1\" \"$3\" \"$4\" "
	"\"$(base64 -w 0 <\"$d/pem\")\" >>\"$d/list\"\n";

#define USAGES "\"digital signature\"\"server auth\""
#define P256 "ec:P-256"
#define O "/O=system:nodes/CN="

static struct fake_site site;

static void open_site(void)
{
	fake_site_open(&site);
	fake_site_put(&site, "bin/kubectl", 0755, kubectl);
	fake_site_put(&site, "bin/ask", 0755, ask);
	fake_site_put(&site, "etc/kubernetes/admin.conf", 0600, "");
	fake_site_put(&site, "hosts", 0600, "# whose\nw1 10.0.0.21\nw2.example.com 10.0.0.22\n");
	fake_site_put(&site, "list", 0600, "");
}

static void asks(const char *name, const char *user, const char *groups, const char *usages, const char *subject,
	const char *sans, const char *key, const char *filter)
{
	char *command = xasprintf("FILTER='%s' ./bin/ask '%s' '%s' '%s' '%s' '%s' '%s' '%s'", filter, name, user,
		groups, usages, subject, sans, key);

	fake_site_sh(&site, command);
	free(command);
}

static int approve(void)
{
	struct str text = STR_INIT;
	char *command, from[96], run[96];
	int status;

	str_add(&text, host_script_approve);
	snprintf(from, sizeof(from), "PATH=%s/bin:", site.dir);
	fake_site_replace(&text, "/etc/kubernetes/", fake_site_path(&site, "etc/kubernetes/"));
	snprintf(run, sizeof(run), "run=%s/run/", site.dir);
	fake_site_replace(&text, "run=/run/", run);
	fake_site_replace(&text, "PATH=", from);
	fake_site_put(&site, "script", 0600, text.buf);
	command = xasprintf("mkdir -p '%s/run' && sh '%s/script' '%s/hosts' >'%s/log' 2>&1", site.dir, site.dir,
		site.dir, site.dir);
	status = system(command);
	free(command);
	str_release(&text);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_good(void)
{
	static const struct {
		const char *node, *usages, *sans, *key;
	} cases[] = {
		{ "w1", USAGES, "DNS:w1,IP:10.0.0.21", P256 },
		{ "w1", "\"server auth\"\"digital signature\"", "IP:10.0.0.21,DNS:w1", "ec:P-384" },
		{ "w1", "\"key encipherment\"" USAGES, "DNS:w1", "rsa:2048" },
		{ "w2.example.com", USAGES, "IP:10.0.0.22", "ed25519" },
		{ "w2.example.com", USAGES, "DNS:w2.example.com,IP:10.0.0.22", P256 },
	};
	char user[96], subject[96], name[16], want[128];

	open_site();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(name, sizeof(name), "csr-%zu", i);
		snprintf(user, sizeof(user), "system:node:%s", cases[i].node);
		snprintf(subject, sizeof(subject), O "%s", user);
		asks(name, user, "nodes", cases[i].usages, subject, cases[i].sans, cases[i].key, "");
	}
	CHECK_INT(approve(), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(want, sizeof(want),
			"\"metadata\":{\"name\":\"csr-%zu\",\"uid\":\"uid-csr-%zu\",\"resourceVersion\":\"7\"}", i, i);
		if (!CHECK(strstr(fake_site_get(&site, "approved"), want)))
			printf("# %s\n", fake_site_get(&site, "log"));
	}
	CHECK(strstr(fake_site_get(&site, "log"), "<5>approved csr-0: the serving certificate of w1\n"));
	CHECK(strstr(fake_site_get(&site, "approved"),
		"\"usages\":[\"key encipherment\",\"digital signature\",\"server auth\"]"));
	CHECK(strstr(fake_site_get(&site, "asked"),
		"--raw /apis/certificates.k8s.io/v1/certificatesigningrequests/csr-0/approval -f "));
	CHECK(!strstr(fake_site_get(&site, "log"), "<4>"));
	fake_site_close(&site);
}

static void test_refused(void)
{
	static const struct {
		const char *user, *groups, *usages, *subject, *sans, *key, *filter, *why;
	} cases[] = {
		{ "system:node:w1", "nodes", USAGES, O "system:node:w1", "DNS:w1,DNS:kubernetes", P256, "",
			"other names than w1 and 10.0.0.21" },
		{ "system:node:w1", "nodes", USAGES, O "system:node:w1", "DNS:w1,IP:10.0.0.22", P256, "",
			"other names" },
		{ "system:node:w1", "nodes", USAGES, O "system:node:w1", "DNS:w1,email:a@b", P256, "", "other names" },
		{ "system:node:w1", "nodes", USAGES, O "system:node:w1", "DNS:w1,URI:https://w1", P256, "",
			"other names" },
		{ "system:node:w1", "nodes", USAGES, O "system:node:w1", "", P256, "", "or for none" },
		{ "system:node:w1", "nodes", USAGES, O "system:node:w2.example.com", "DNS:w1", P256, "",
			"its subject is not" },
		{ "system:node:w1", "nodes", USAGES, "/O=system:masters/CN=system:node:w1", "DNS:w1", P256, "",
			"its subject is not" },
		{ "system:node:w1", "nodes", USAGES, "/O=system:nodes/O=system:masters/CN=system:node:w1", "DNS:w1",
			P256, "", "its subject is not" },
		{ "system:node:w1", "nodes", USAGES, "/O=system:nodes/CN=system:node:w1\\/O=system:nodes", "DNS:w1",
			P256, "", "its subject is not" },
		{ "system:node:w1", "", USAGES, O "system:node:w1", "DNS:w1", P256, "", "not in the group" },
		{ "system:node:w1", "nodes", "\"client auth\"\"digital signature\"", O "system:node:w1", "DNS:w1", P256,
			"", "other usages" },
		{ "system:node:w1", "nodes", "\"client auth\"" USAGES, O "system:node:w1", "DNS:w1", P256, "",
			"other usages" },
		{ "system:node:w1", "nodes", "", O "system:node:w1", "DNS:w1", P256, "", "other usages" },
		{ "system:node:w1", "nodes", USAGES, O "system:node:w1", "DNS:w1", "rsa:1024", "", "too weak" },
		{ "system:node:w1", "nodes", USAGES, O "system:node:w1", "DNS:w1", "ec:secp256k1", "", "too weak" },
		{ "system:node:w1", "nodes", USAGES, O "system:node:w1", "DNS:w1", P256, "cat; echo x",
			"no request, or more than one" },
		{ "system:node:w1", "nodes", USAGES, O "system:node:w1", "DNS:w1", P256, "tee again; cat again",
			"no request, or more than one" },
		{ "system:node:w1", "nodes", USAGES, O "system:node:w1", "DNS:w1", P256, "sed s/REQUEST/REQUESTS/",
			"no request" },
		{ "system:node:w1", "nodes", USAGES, O "system:node:w1", "DNS:w1", P256, "echo", "no request" },
		/* its last byte but two: of the signature */
		{ "system:node:w1", "nodes", USAGES, O "system:node:w1", "DNS:w1", P256,
			"openssl req -outform DER >der; size=$(stat -c %s der); { head -c $((size - 1)) der; printf x; } | openssl base64 | "
			"sed \"1i -----BEGIN CERTIFICATE REQUEST-----\" | sed \"\\$a -----END CERTIFICATE REQUEST-----\"",
			"its signature is not" },
		{ "system:node:w3", "nodes", USAGES, O "system:node:w3", "DNS:w3", P256, "",
			"it is not of a host of the inventory" },
		{ "system:node:#", "nodes", USAGES, O "system:node:w1", "DNS:w1", P256, "",
			"it is not of a host of the inventory" },
		{ "alice", "nodes", USAGES, O "system:node:w1", "DNS:w1", P256, "",
			"it is not of a host of the inventory" },
		{ "system:node:w1\\n", "nodes", USAGES, O "system:node:w1", "DNS:w1", P256, "",
			"it is not of a host of the inventory" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_site();
		asks("csr-1", cases[i].user, cases[i].groups, cases[i].usages, cases[i].subject, cases[i].sans,
			cases[i].key, cases[i].filter);
		CHECK_INT(approve(), 0);
		if (!CHECK(strstr(fake_site_get(&site, "log"), cases[i].why)))
			printf("# case %zu: %s\n", i, fake_site_get(&site, "log"));
		CHECK(strncmp(fake_site_get(&site, "log"), "<4>", 3) == 0);
		CHECK_STR(fake_site_get(&site, "approved"), "");
		/* it waits, and that is reported once */
		CHECK_INT(approve(), 0);
		CHECK_STR(fake_site_get(&site, "log"), "");
		fake_site_close(&site);
	}
}

/* Names become a part of a path, and of JSON. */
static void test_names(void)
{
	static const char *const names[] = { "a/../../x", "a\\nb", "a\"b", "", "-x", "a b", "$(touch here)" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		open_site();
		asks("csr-1", "system:node:w1", "nodes", USAGES, O "system:node:w1", "DNS:w1", P256, "");
		fake_site_put(&site, "name", 0600, names[i]);
		fake_site_sh(&site,
			"awk -F '\\t' -v OFS='\\t' 'BEGIN { getline n <\"name\"; if (n == \"\") n = \"\" } { $2 = \"\\\"\" n \"\\\"\"; print }' list >l && mv l list");
		CHECK_INT(approve(), 0);
		CHECK_STR(fake_site_get(&site, "approved"), "");
		if (!CHECK(strstr(fake_site_get(&site, "log"), "its name is not one that kubelets give")))
			printf("# %s: %s\n", names[i], fake_site_get(&site, "log"));
		fake_site_sh(&site, "test ! -e here");
		fake_site_close(&site);
	}
}

/* One that asks without end keeps no other from its certificate. */
static void test_many(void)
{
	open_site();
	asks("bad", "system:node:w1", "nodes", USAGES, O "system:node:w1", "DNS:other", P256, "");
	fake_site_sh(&site,
		"i=0; while [ $i -lt 300 ]; do sed -n \"1s/bad/bad-$i/gp\" list; i=$((i + 1)); done >l; mv l list");
	asks("good", "system:node:w2.example.com", "nodes", USAGES, O "system:node:w2.example.com",
		"DNS:w2.example.com", P256, "");
	CHECK_INT(approve(), 0);
	CHECK(strstr(fake_site_get(&site, "approved"), "\"name\":\"good\""));
	fake_site_sh(&site, "[ \"$(grep -c '^<4>' log)\" = 5 ]");
	fake_site_close(&site);
}

/* What another control plane was faster with is not worth a line; what cannot be approved for longer is. */
static void test_not_taken(void)
{
	open_site();
	asks("csr-1", "system:node:w1", "nodes", USAGES, O "system:node:w1", "DNS:w1", P256, "");
	fake_site_put(&site, "refuses", 0600, "");
	CHECK_INT(approve(), 0);
	CHECK_STR(fake_site_get(&site, "log"), "");
	CHECK_INT(approve(), 0);
	CHECK_STR(fake_site_get(&site, "log"), "<4>csr-1 of w1 could not be approved: the object has been modified\n");
	CHECK_INT(approve(), 0);
	CHECK_STR(fake_site_get(&site, "log"), "");
	fake_site_sh(&site, "rm refuses");
	CHECK_INT(approve(), 0);
	CHECK(strstr(fake_site_get(&site, "log"), "<5>approved csr-1"));
	/* an API server that does not answer is reported once, too */
	fake_site_put(&site, "silent", 0600, "");
	CHECK_INT(approve(), 1);
	CHECK(strstr(fake_site_get(&site, "log"), "<4>the API server does not say who waits: connection refused"));
	CHECK_INT(approve(), 1);
	CHECK_STR(fake_site_get(&site, "log"), "");
	/* a host that is not a control plane has nothing to say */
	fake_site_sh(&site, "rm etc/kubernetes/admin.conf");
	CHECK_INT(approve(), 0);
	fake_site_sh(&site, "rm hosts");
	CHECK_INT(approve(), 1);
	CHECK(strstr(fake_site_get(&site, "log"), "cannot read "));
	fake_site_close(&site);
}

static const struct test tests[] = {
	{ "what is right is approved", test_good },
	{ "what is not waits, with its reason", test_refused },
	{ "names of requests", test_names },
	{ "many of one Node", test_many },
	{ "what the API server does not take", test_not_taken },
};
TEST_MAIN(tests)
