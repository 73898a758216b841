/*
 * Package sources and their keys, by the shell that runs on hosts: only the pinned key gets into a ring, a source that is there is used or refused, and
 * what apt refuses is taken back. The keys are packets with lengths of every kind; what they contain is nobody's key.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "steps/host/scripts.h"
#include "tests/test.h"

#include <stdarg.h>
#include <sys/stat.h>

#define URL "https://pkgs.example.org/core/"
/* SHA-1 over 0x99, the length and the body, as RFC 4880 has it */
#define PIN "D56450DFD3C508D5E22F167C62E7C7FD69DD990D"
#define OTHER "7F63E88AE9425599C881B8A2DD3E93C5A402ED7D"
#define BODY_PIN "\x04\x00\x00\x00\x01\x01\x00\x08\x01\x00\x01\x03"
#define BODY_OTHER "\x04\x00\x00\x00\x02\x01\x00\x08\x02\x00\x01\x03"
/* with a user id and a signature behind it; new headers, old ones of one, two and four bytes */
#define TAIL "\xcd\x02ID\x88\x03SIG"
#define NEW_PIN "\xc6\x0c" BODY_PIN TAIL
#define NEW_OTHER "\xc6\x0c" BODY_OTHER TAIL
#define OLD_PIN "\x99\x00\x0c" BODY_PIN TAIL
#define OLD_OTHER "\x98\x0c" BODY_OTHER TAIL
#define LONG_OTHER "\x9a\x00\x00\x00\x0c" BODY_OTHER TAIL
#define FULL_OTHER "\xc6\xff\x00\x00\x00\x0c" BODY_OTHER TAIL

static char dir[64];
static struct str out; /* of the last run, without the last newline */

static void put(const char *name, const char *text, size_t len, mode_t mode)
{
	char *path = xasprintf("%s/%s", dir, name), *folder = xstrdup(path);
	struct error err = { 0 };

	*strrchr(folder, '/') = '\0';
	CHECK_INT(file_mkdirs(folder, 0755, &err), 0);
	CHECK_INT(file_write(path, text, len, mode, &err), 0);
	free(path);
	free(folder);
}

#define PUT(name, text) put(name, text, sizeof(text) - 1, 0644)

static void replace(struct str *text, const char *from, const char *to)
{
	struct str new = STR_INIT;
	const char *p = text->buf, *hit;

	for (; (hit = strstr(p, from)) != NULL; p = hit + strlen(from)) {
		str_addn(&new, p, (size_t)(hit - p));
		str_add(&new, to);
	}
	str_add(&new, p);
	str_release(text);
	*text = new;
}

static int run_text(struct str *script)
{
	char *command = xasprintf("cd %s && sh ./script 2>log", dir);
	char buf[4096];
	FILE *f;
	size_t n;
	int rc;

	put("script", script->buf, script->len, 0644);
	str_clear(&out);
	f = popen(command, "r");
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		str_addn(&out, buf, n);
	rc = pclose(f);
	if (out.len && out.buf[out.len - 1] == '\n')
		out.buf[--out.len] = '\0';
	free(command);
	str_release(script);
	return WIFEXITED(rc) ? WEXITSTATUS(rc) : -1;
}

/* Runs a command with sources.sh before it, in the test's folder, whose apt/ is /etc/apt. */
__attribute__((format(printf, 1, 2))) static int run(const char *fmt, ...)
{
	struct str script = STR_INIT;
	va_list ap;
	char *command;

	va_start(ap, fmt);
	CHECK(vasprintf(&command, fmt, ap) > 0);
	va_end(ap);
	str_addf(&script, "LC_ALL=C\n%s\nkw_apt=apt\n%s\n", host_script_sources, command);
	free(command);
	return run_text(&script);
}

static void open_site(void)
{
	snprintf(dir, sizeof(dir), "/tmp/kubewright-sources.XXXXXX");
	CHECK(mkdtemp(dir));
	PUT("pin.gpg", NEW_PIN);
	PUT("both.gpg", NEW_PIN NEW_OTHER);
}

static void close_site(void)
{
	char *command = xasprintf("rm -rf '%s'", dir);

	CHECK_INT(system(command), 0);
	free(command);
	str_release(&out);
}

/* ---- keys ---- */

#define KEYS(what, only, bytes) \
	{ \
		what, bytes, sizeof(bytes) - 1, only, true \
	}
#define NO_KEYS(what, bytes) \
	{ \
		what, bytes, sizeof(bytes) - 1, false, false \
	}

static const struct {
	const char *what, *bytes;
	size_t len;
	bool only;   /* a ring with it trusts nothing but the pinned key */
	bool usable; /* the pinned key can be taken out of it */
} keys[] = {
	KEYS("new header", true, NEW_PIN),
	KEYS("old header", true, OLD_PIN),
	KEYS("twice the same", true, NEW_PIN OLD_PIN),
	KEYS("another behind it", false, NEW_PIN NEW_OTHER),
	KEYS("another before it", false, NEW_OTHER NEW_PIN),
	KEYS("another, one byte of length", false, OLD_PIN OLD_OTHER),
	KEYS("another, four bytes of length", false, OLD_PIN LONG_OTHER),
	KEYS("another, five bytes of length", false, FULL_OTHER NEW_PIN),
	KEYS("on both sides", false, NEW_OTHER NEW_PIN LONG_OTHER),
	NO_KEYS("nothing", ""),
	NO_KEYS("another alone", NEW_OTHER),
	NO_KEYS("text", "<html>BEGIN</html>\n"),
	NO_KEYS("cut", "\xc6\x0d" BODY_PIN),
	NO_KEYS("partial length", NEW_PIN "\xc6\xe2" BODY_OTHER),
	NO_KEYS("length not told", NEW_PIN "\x9b" BODY_OTHER),
	NO_KEYS("length beyond the file", NEW_PIN "\xc6\xff\xff\xff\xff\xff" BODY_OTHER),
	NO_KEYS("trust packet", NEW_PIN "\xcc\x01\x01"),
	NO_KEYS("secret key", NEW_PIN "\xc5\x0c" BODY_OTHER),
	NO_KEYS("compressed packet", NEW_PIN "\xc8\x0c" BODY_OTHER),
	NO_KEYS("starts with a signature", "\x88\x03SIG" NEW_PIN),
	NO_KEYS("no packet behind it", NEW_PIN "junk"),
};

static void test_keys(void)
{
	open_site();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		put("k", keys[i].bytes, keys[i].len, 0644);
		if (!CHECK_INT(run("only_pinned " PIN " k"), keys[i].only ? 0 : 1))
			printf("# only: %s\n", keys[i].what);
		if (!CHECK_INT(run("pinned_key k " PIN " >ring") == 0, keys[i].usable))
			printf("# usable: %s\n", keys[i].what);
		/* what goes into the ring is that key whole, and nothing else */
		if (keys[i].usable &&
			!CHECK_INT(run("only_pinned " PIN " ring && grep -q ID ring && grep -q SIG ring"), 0))
			printf("# ring: %s\n", keys[i].what);
		CHECK_INT(
			run("printf '%%s\\n' '-----BEGIN PGP PUBLIC KEY BLOCK-----' '' >a; base64 -w 24 k >>a; "
			    "printf '%%s\\n' '=abcd' '-----END PGP PUBLIC KEY BLOCK-----' >>a; only_pinned " PIN " a"),
			keys[i].only ? 0 : 1);
	}
	close_site();
}

static const char block_pin[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: 1\n\nxgwEAAAAAQEACAEAAQM=\n=abcd\n"
				"-----END PGP PUBLIC KEY BLOCK-----\n";
static const char block_other[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\nxgwEAAAAAgEACAIAAQM=\r\n=abcd\r\n"
				  "-----END PGP PUBLIC KEY BLOCK-----\r\n";

static void test_armor(void)
{
	char *both = xasprintf("%s%s", block_pin, block_other), *before = xasprintf("%s%s", block_other, block_pin);

	open_site();
	put("one.asc", block_pin, strlen(block_pin), 0644);
	put("both.asc", both, strlen(both), 0644);
	put("before.asc", before, strlen(before), 0644);
	CHECK_INT(run("only_pinned " PIN " one.asc"), 0);
	CHECK_INT(run("keys_of both.asc | cut -d' ' -f1"), 0);
	CHECK_STR(out.buf, PIN "\n" OTHER);
	CHECK_INT(run("only_pinned " PIN " both.asc"), 1);
	CHECK_INT(run("pinned_key both.asc " PIN " >ring && only_pinned " PIN " ring"), 0);
	CHECK_INT(run("pinned_key before.asc " PIN " >ring && only_pinned " PIN " ring"), 0);
	/* apt would read what stands before the armor */
	CHECK_INT(run("cat both.gpg one.asc >mixed; only_pinned " PIN " mixed"), 1);
	/* bounded */
	CHECK_INT(run("head -c 300000 /dev/zero | tr '\\0' '\\315' >big; cat pin.gpg big >k; keys_of k"), 1);
	CHECK_INT(run("i=0; while [ $i -lt 65 ]; do cat pin.gpg; i=$((i + 1)); done >k; keys_of k"), 1);
	close_site();
	free(both);
	free(before);
}

/* ---- sources ---- */

static const struct {
	const char *file, *text;
	const char *says; /* "" apt does not know the place */
} sources[] = {
	{ "x.list", "deb [signed-by=%s/pin.gpg] https://pkgs.example.org/core/ /\n",
		"right apt/sources.list.d/x.list:1" },
	{ "x.list", "\n# deb http://x /\ndeb\t[arch=ppc64el signed-by=%s/pin.gpg ]  https://pkgs.example.org/core ./\n",
		"wrong apt/sources.list.d/x.list:3 does not offer packages" },
	{ "x.list", "deb [signed-by=%s/pin.gpg] https://pkgs.example.org/core /\r\n",
		"right apt/sources.list.d/x.list:1" },
	{ "x.list", "deb [signed-by=%s/both.gpg] https://pkgs.example.org/core/ /\n",
		"wrong apt/sources.list.d/x.list:1 trusts" },
	{ "x.list", "deb [signed-by=%s/none.gpg] https://pkgs.example.org/core/ /\n", "which is not there" },
	{ "x.list", "deb [signed-by=%s/pin.gpg,/x.gpg] https://pkgs.example.org/core/ /\n", "several keys" },
	{ "x.list", "deb https://pkgs.example.org/core/ /\n", "has no signed-by" },
	{ "x.list", "deb [ trusted=yes  signed-by=%s/pin.gpg ] https://pkgs.example.org/core/ /\n",
		"without a signature" },
	{ "x.list", "deb [allow-insecure=yes signed-by=%s/pin.gpg] https://pkgs.example.org/core/ /\n",
		"without a signature" },
	{ "x.list", "deb [signed-by=" PIN "] https://pkgs.example.org/core/ /\n", "right apt/sources.list.d/x.list:1" },
	{ "x.list", "deb [signed-by=" OTHER "] https://pkgs.example.org/core/ /\n", "trusts the key " OTHER },
	{ "x.list", "deb-src [signed-by=%s/both.gpg] https://pkgs.example.org/core/ /\n", "wrong" },
	{ "x.list", "deb-src [signed-by=%s/pin.gpg] https://pkgs.example.org/core/ /\n", "does not offer packages" },
	{ "x.list", "deb https://pkgs.example.org/core/v2/ /\ndeb https://pkgs.example.org/core/ stable\n", "" },
	{ "x.list", "# deb https://pkgs.example.org/core/ /\n", "" },
	{ "x.list.save", "deb https://pkgs.example.org/core/ /\n", "" },
	{ "kubewright-kubernetes.list", "deb https://pkgs.example.org/core/ /\n", "" },
	{ "x.sources",
		"# a\nTypes: deb\nURIs: http://a\n https://pkgs.example.org/core/\nSuites: x\n /\nSigned-By: %s/pin.gpg\n",
		"right apt/sources.list.d/x.sources:2" },
	{ "x.sources",
		"Types: deb\nURIs: http://a\nSuites: /\n\ntypes: deb deb-src\nuris: https://pkgs.example.org/core\nsuites: "
		"./\nsigned-by: %s/both.gpg\n",
		"wrong apt/sources.list.d/x.sources:5 trusts" },
	{ "x.sources", "Enabled: no\nTypes: deb\nURIs: https://pkgs.example.org/core/\nSuites: /\n", "" },
	{ "x.sources", "Types: deb\nURIs: https://pkgs.example.org/core/\nSuites: /\n", "has no signed-by" },
	{ "x.sources",
		"Types: deb\nURIs: https://pkgs.example.org/core/\nSuites: /\nTrusted: yes\nSigned-By: %s/pin.gpg\n",
		"without a signature" },
	{ "x.sources",
		"Types: deb\nURIs: https://pkgs.example.org/core/\nSuites: /\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n"
		" .\n xgwEAAAAAQEACAEAAQM=\n =abcd\n -----END PGP PUBLIC KEY BLOCK-----\n",
		"right apt/sources.list.d/x.sources:1" },
	{ "x.sources",
		"Types: deb\nURIs: https://pkgs.example.org/core/\nSuites: /\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n"
		" .\n xgwEAAAAAgEACAIAAQM=\n =abcd\n -----END PGP PUBLIC KEY BLOCK-----\nArchitectures: amd64\n",
		"trusts the key that stands in it" },
};

static void put_source(const char *file, const char *text)
{
	char *path = xasprintf("apt/sources.list.d/%s", file);
	struct str filled = STR_INIT;

	str_add(&filled, text);
	replace(&filled, "%s", dir);
	put(path, filled.buf, filled.len, 0644);
	str_release(&filled);
	free(path);
}

static void test_sources(void)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		open_site();
		put_source(sources[i].file, sources[i].text);
		CHECK_INT(run("source_there " URL " / '' " PIN), 0);
		if (!CHECK(*sources[i].says ? strstr(out.buf, sources[i].says) != NULL : !out.len))
			printf("# row %zu: '%s' wants '%s'\n", i, out.buf, sources[i].says);
		close_site();
	}
}

static void test_components(void)
{
	open_site();
	put_source("docker.list",
		"deb [arch=amd64,arm64,ppc64el,s390x signed-by=%s/pin.gpg] https://d/linux/debian bookworm test\n");
	CHECK_INT(run("source_there https://d/linux/debian/ bookworm stable " PIN), 0);
	CHECK(strstr(out.buf, "does not offer stable"));
	put_source("e.list", "deb [signed-by=%s/pin.gpg] https://d/linux/debian/ bookworm nightly stable\n");
	CHECK_INT(run("source_there https://d/linux/debian bookworm stable " PIN), 0);
	CHECK_STR(out.buf, "right apt/sources.list.d/e.list:1");
	CHECK_INT(run("source_there https://d/linux/debian trixie stable " PIN), 0);
	CHECK_STR(out.buf, "");
	close_site();
}

/* ---- what the packages step does with them ---- */

/* apt-get refuses while a file of ours stands beside the file "refuses"; apt-helper copies the file that the URL's path is. */
static void open_host(void)
{
	static const char apt_get[] =
		"#!/bin/sh\n[ -f refuses ] && ls apt/sources.list.d/kubewright-* >/dev/null 2>&1 || exit 0\n"
		"echo 'E: Conflicting values set for option Signed-By' >&2\n"
		"echo 'E: The list of sources could not be read.' >&2\nexit 100\n";
	static const char helper[] = "#!/bin/sh\nwhile [ $# -gt 2 ]; do shift; done\ncp \"${1#http://}\" \"$2\"\n";

	open_site();
	put("bin/apt-get", apt_get, sizeof(apt_get) - 1, 0755);
	put("bin/apt-helper", helper, sizeof(helper) - 1, 0755);
	PUT("apt/sources.list.d/debian.list", "deb http://d bookworm main\n");
	PUT("work/x", "");
}

static int host(const char *command)
{
	struct str script = STR_INIT, bin = STR_INIT;

	str_add(&script,
		"say() { case $1 in source.*) ;; *) printf '%s %s\\n' \"$1\" \"$2\" ;; esac; }\nrun=r1 node=n step=s\n"
		"list_kubernetes=$(printf 'deb [signed-by=apt/keyrings/kubewright-kubernetes.gpg] %s /\\n' " URL
		" | base64 -w0)\n");
	str_add(&script, host_script_lib);
	str_add(&script, host_script_sources);
	str_add(&script, host_script_undo);
	str_add(&script, host_script_packages_undo);
	str_add(&script, host_script_wish);
	str_add(&script, host_script_packages);
	replace(&script, "/etc/apt", "apt");
	replace(&script, "/usr/lib/apt/apt-helper", "apt-helper");
	replace(&script, "/var/lib/kubewright", "state");
	str_addf(&bin, "PATH=%s/bin:/usr/", dir);
	replace(&script, "PATH=/usr/", bin.buf);
	replace(&script, "main </dev/null", "work=work kw_failed=\n");
	str_add(&script, command);
	str_release(&bin);
	return run_text(&script);
}

#define REPOSITORY(key) "repository kubernetes '" URL " / - http://" key " " PIN "'"
#define LIST "apt/sources.list.d/kubewright-kubernetes.list"

static void test_repository(void)
{
	open_host();
	CHECK_INT(host(REPOSITORY("both.gpg") "; cat " LIST), 0);
	CHECK_STR(out.buf, "deb [signed-by=apt/keyrings/kubewright-kubernetes.gpg] " URL " /");
	CHECK_INT(run("only_pinned " PIN " apt/keyrings/kubewright-kubernetes.gpg"), 0);
	/* a ring that trusts more is no longer ours */
	CHECK_INT(run("cp both.gpg apt/keyrings/kubewright-kubernetes.gpg"), 0);
	CHECK_INT(host(REPOSITORY("pin.gpg")), 0);
	CHECK_INT(run("only_pinned " PIN " apt/keyrings/kubewright-kubernetes.gpg"), 0);
	close_site();
	/* another key alone: nothing is left behind */
	open_host();
	put("other.gpg", NEW_OTHER, sizeof(NEW_OTHER) - 1, 0644);
	CHECK_INT(host(REPOSITORY("other.gpg")), 1);
	CHECK(strstr(out.buf, "has the fingerprint " OTHER ", not the pinned " PIN));
	CHECK_INT(run("ls apt/keyrings " LIST), 2);
	close_site();
}

static void test_refused(void)
{
	/* apt does not take our line: it is gone again */
	open_host();
	PUT("refuses", "");
	CHECK_INT(host(REPOSITORY("pin.gpg")), 1);
	CHECK(strstr(out.buf, "apt refuses the package source for " URL ": Conflicting values"));
	CHECK_INT(run("ls " LIST), 2);
	close_site();
	/* an older one that apt took stays */
	open_host();
	CHECK_INT(host("mkdir -p apt/sources.list.d; echo older >" LIST "\napt_refuses() { grep -q ^deb " LIST
		       " && echo no; }\n" REPOSITORY("pin.gpg")),
		1);
	CHECK_INT(run("cat " LIST), 0);
	CHECK_STR(out.buf, "older");
	close_site();
}

static void test_there_already(void)
{
	open_host();
	put_source("k.list", "deb [signed-by=%s/pin.gpg] " URL " /\n");
	CHECK_INT(host(REPOSITORY("none")), 0);
	CHECK_INT(run("ls " LIST " apt/keyrings"), 2);
	put_source("k.list", "deb [signed-by=%s/both.gpg] " URL " /\n");
	CHECK_INT(host(REPOSITORY("pin.gpg")), 1);
	CHECK(strstr(out.buf,
		"error a package source for " URL " is there and cannot be used: apt/sources.list.d/k.list:1 trusts"));
	CHECK_INT(run("ls " LIST " apt/keyrings"), 2);
	close_site();
}

/* An earlier run left two sources that name different keys. */
static void test_mended(void)
{
	open_host();
	PUT("refuses", "");
	put_source("k.list", "deb [signed-by=%s/pin.gpg] " URL " /\n");
	PUT(LIST, "deb [signed-by=/x] " URL " /\n");
	CHECK_INT(host("sources_mended; " REPOSITORY("none")), 0);
	CHECK_INT(run("ls " LIST), 2);
	close_site();
	/* it is not ours: it stays, and apt's own words are reported */
	open_host();
	PUT(LIST, "ours\n");
	CHECK_INT(host("apt_refuses() { echo Malformed entry 1; }\nsources_mended"), 1);
	CHECK(strstr(out.buf, "error apt cannot read its package sources: Malformed entry 1"));
	CHECK_INT(run("cat " LIST), 0);
	CHECK_STR(out.buf, "ours");
	close_site();
}

/* The system's own mirror cannot be reached: that is reported, and not what follows from it. */
static void test_first_error(void)
{
	static const char said[] = "echo 'Err:1 http://deb.example.org bookworm InRelease'\n"
				   "echo 'W: Failed to fetch http://deb.example.org/x  Could not connect' >&2\n"
				   "echo 'W: Some index files failed to download.' >&2\n";
	struct str command = STR_INIT;

	open_host();
	str_addf(&command, "apt_get() { %s }\nupdate\n" REPOSITORY("none"), said);
	CHECK_INT(host(command.buf), 1);
	CHECK(strstr(out.buf, "error 'apt-get update' fails on this host: Failed to fetch http://deb.example.org/x"));
	CHECK(strstr(out.buf, "cannot download the key of the kubernetes package repository from http://none"));
	CHECK_INT(host("update\n" REPOSITORY("none")), 1);
	CHECK(strstr(out.buf, "error cannot download the key of the kubernetes package repository"));
	str_release(&command);
	close_site();
}

/* A file at a place of ours: the ledger says whose it is, and the file's own first line when the ledger is lost. */
static bool is_foreign(void)
{
	struct str script = STR_INIT;

	str_addf(&script, "first() { read -r kw_line <\"$1\"; }\n%s\nkw_state=state\nforeign_files conf\n",
		host_script_surroundings);
	CHECK_INT(run_text(&script), 0);
	CHECK(!out.len || strcmp(out.buf, "conf") == 0);
	return out.len > 0;
}

static void test_foreign_files(void)
{
	open_site();
	PUT("conf", "vrrp_instance other {\n");
	CHECK(is_foreign());
	PUT("state/ledger/list", "unit|keepalived.service|x\nfile|conf|absent\n");
	CHECK(!is_foreign());
	PUT("state/ledger/list", "file|/etc/conf|absent\n");
	CHECK(is_foreign());
	PUT("conf", "# Written by kubewright.\n");
	CHECK(!is_foreign());
	close_site();
}

static const struct test tests[] = {
	{ "only the pinned key gets into a ring", test_keys },
	{ "armor of several blocks, and sizes that are bounded", test_armor },
	{ "what apt knows of a place, and whose key it trusts there", test_sources },
	{ "suites and components", test_components },
	{ "a repository's key and source", test_repository },
	{ "what apt refuses is taken back", test_refused },
	{ "a source that is there is used or refused", test_there_already },
	{ "what an earlier run left broken is mended", test_mended },
	{ "the first error is reported", test_first_error },
	{ "files of others at places of ours", test_foreign_files },
};
TEST_MAIN(tests)
