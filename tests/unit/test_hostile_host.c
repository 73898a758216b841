/*
 * The whole program against a real sshd whose commands are an attacker's: answers full of escapes, output without end, answers without end, silence. What it prints is
 * text, its memory and its journal are bounded, the other host is looked at, and the exit status says so.
 */
#include "tests/test.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cluster/cluster.h"
#include "tests/unit/fake_sshd.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Sanitizers keep what was freed, and shadows of all. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_MAX_KIB (1 << 20)
#else
#define MEMORY_MAX_KIB (200 << 10)
#endif

#define EVIL \
	"x\x1b]0;OWNED\x07\x1b[2J\x1b]52;c;Y3VybA==\x07\xc2\x9b" \
	"31m\xe2\x80\xae\x7f\xff" \
	"\nhint: forged"

static struct sshd evil, calm;
static char home[64];

static void put(const char *name, mode_t mode, const char *text)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", home, name);
	if (file_write(path, text, strlen(text), mode, NULL))
		exit(2);
}

/* Lines of an answer that says each of these words, with the same value. */
static void answer(const char *name, const char *const *words)
{
	struct str text = STR_INIT;

	for (; *words; words++) {
		const char *word = *words + strspn(*words, "-=");

		str_addf(&text, "%.*s%s:", (int)strcspn(word, "*"), word, strchr(word, '*') ? "kubelet" : "");
		str_add_base64(&text, EVIL, sizeof(EVIL) - 1);
		str_addc(&text, '\n');
	}
	put(name, 0644, text.buf);
	str_release(&text);
}

/* What runs in place of every command: it knows the nonce, as any host does. what: shell text that runs before the answer. */
static void attack(const char *what)
{
	struct str text = STR_INIT;

	str_addf(&text,
		"#!/bin/sh\ncd %s\nm=${SSH_ORIGINAL_COMMAND#*echo }\necho \"${m%%%%;*}\"\nscript=$(cat)\n"
		"n=$(printf '%%s\\n' \"$script\" | sed -n \"s/^printf '.n%%s begin.n' //p\" | head -n 1)\n"
		"f=probe\ncase $script in *'-u kubelet -n \"$lines\"'*) f=logs ;; *certs_inside*) f=certs ;; esac\n%s\n"
		"printf '\\n%%s begin\\n' \"$n\"\ncat $f\nprintf '%%s end\\n' \"$n\"\n",
		home, what);
	put("attack", 0755, text.buf);
	str_release(&text);
}

static bool begin(void)
{
	static const char *const logs[] = { "history", "job", "log", "kubelet", NULL };
	static const char *const certs[] = { "cert.*", "public.*", "left_out", NULL };
	const char *missing = sshd_missing();
	struct str text = STR_INIT;
	char extra[160];

	if (missing) {
		printf("# skipped: %s\n", missing);
		return false;
	}
	strcpy(home, "/tmp/kubewright-hostile-XXXXXX");
	if (!mkdtemp(home))
		exit(2);
	snprintf(extra, sizeof(extra), "ForceCommand %s/attack", home);
	sshd_start(&evil, extra);
	sshd_start(&calm, NULL);
	str_addf(&text,
		"cluster: c\nkubernetes: {version: 1.36.2}\nendpoint: {vip: 10.9.0.100}\nnetwork: {cni: none}\nhosts:\n"
		"  - {name: evil, address: 10.9.0.1, role: control-plane, ssh: {address: 127.0.0.1, port: %d, user: root, key: %s/id}}\n"
		"  - {name: calm, address: 10.9.0.2, role: worker, ssh: {address: 127.0.0.1, port: %d, user: root, key: %s/id}}\n",
		evil.port, evil.dir, calm.port, calm.dir);
	put("kubewright.yaml", 0644, text.buf);
	str_release(&text);
	answer("probe", cluster_probe_words);
	answer("logs", logs);
	answer("certs", certs);
	attack("");
	return true;
}

static void end(void)
{
	char command[96];

	sshd_stop(&evil);
	sshd_stop(&calm);
	snprintf(command, sizeof(command), "rm -rf '%s'", home);
	CHECK_INT(system(command), 0);
}

/* The program with these words; what it printed on both streams, its exit status (-1: a signal), the memory it took. */
static int run(struct str *out, long *max_kb, const char *const *words)
{
	char *argv[16] = { xstrdup("kubewright") }, path[96];
	struct rusage usage;
	int argc = 1, status;
	pid_t pid;

	for (; *words; words++)
		argv[argc++] = xstrdup(*words);
	argv[argc++] = xstrdup("--accept-new-host-keys");
	snprintf(path, sizeof(path), "%s/out", home);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600), in = open("/dev/null", O_RDONLY);

		alarm(200);
		dup2(in, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		setenv("HOME", home, 1);
		unsetenv("XDG_STATE_HOME");
		unsetenv("SSH_AUTH_SOCK");
		if (chdir(home))
			_exit(99);
		exit(cli_main(argc, argv));
	}
	while (argc > 0)
		free(argv[--argc]);
	if (wait4(pid, &status, 0, &usage) != pid)
		exit(2);
	*max_kb = usage.ru_maxrss;
	str_clear(out);
	CHECK_INT(file_read(path, 64u << 20, out, NULL), 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void harmless(const struct str *out, const char *what)
{
	struct str clean = STR_INIT;

	str_add_printable(&clean, out->buf, out->len);
	if (!CHECK(clean.len == out->len && memcmp(clean.buf, out->buf, out->len) == 0))
		printf("# %s: %s\n", what, clean.buf);
	str_release(&clean);
}

static void test_escapes(void)
{
	static const struct {
		const char *words[6];
		const char *has;
	} table[] = {
		{ { "status" }, "31m" },
		{ { "status", "-o", "json" }, "31m" },
		{ { "status", "-v" }, "31m" },
		{ { "check" }, "calm" },
		{ { "check", "-o", "json" }, "calm" },
		{ { "plan", "-v" }, "calm" },
		{ { "plan", "-o", "json" }, "calm" },
		{ { "logs", "evil" }, "== log of the last job: x31m? hint: forged ==" },
		{ { "unlock" }, "x31m? hint: forged" },
		{ { "unlock", "-o", "json" }, "x31m? hint: forged" },
		{ { "etcd", "members" }, "etcd" },
		{ { "etcd", "defrag", "--yes" }, "etcd" },
		{ { "etcd", "disarm" }, "etcd" },
		{ { "certs", "-v" }, "not read: x31m" },
		{ { "certs", "-o", "json" }, "\"state\": \"unreadable\"" },
	};
	struct str out = STR_INIT;
	long kb;

	if (!begin())
		return;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int status = run(&out, &kb, table[i].words);

		harmless(&out, table[i].words[0]);
		if (!CHECK(status >= 0 && status != 1) || !CHECK(strstr(out.buf, table[i].has)))
			printf("# row %zu: status %d: %s\n", i, status, out.buf);
	}
	str_release(&out);
	end();
}

/* 200 MiB of stderr, of a line without end, of stdout before and within an answer; and a host that says nothing. */
static void test_floods(void)
{
	static const struct {
		const char *attack, *says;
	} table[] = {
		{ "yes 'all is well' | head -c 200000000 >&2", NULL },
		{ "head -c 200000000 /dev/zero | tr '\\0' x >&2; exit 3", "exit status 3" },
		{ "yes | head -c 200000000", NULL },
		{ "printf '\\n%s begin\\n' \"$n\"; yes os_name=x | head -c 200000000", NULL },
		{ "printf '\\n%s begin\\nos_name=' \"$n\"; head -c 200000000 /dev/zero | tr '\\0' x", NULL },
		{ "exit 0", "gave no answer" },
	};
	static const char *const check[] = { "check", NULL }, *const apply[] = { "apply", "--hosts", "evil", NULL };
	struct str out = STR_INIT;
	char path[320];
	long kb;

	if (!begin())
		return;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int status;

		attack(table[i].attack);
		status = run(&out, &kb, check);
		harmless(&out, "check");
		if (!CHECK(status >= 4 && status <= 8) || !CHECK(kb < MEMORY_MAX_KIB) ||
			!CHECK(strstr(out.buf, "calm") && strstr(out.buf, "evil")) ||
			!CHECK(!table[i].says || strstr(out.buf, table[i].says)))
			printf("# row %zu: status %d, %ld KiB: %s\n", i, status, kb, out.buf);
	}
	/* and what is recorded */
	attack(table[0].attack);
	CHECK(run(&out, &kb, apply) > 0);
	snprintf(path, sizeof(path),
		"test $(du -sm %s/.local/state/kubewright/c/runs | cut -f1) -lt 40 && grep -q 'was dropped: more than' %s/.local/state/kubewright/c/runs/*.jsonl",
		home, home);
	CHECK_INT(system(path), 0);
	str_release(&out);
	end();
}

static const struct test tests[] = {
	{ "escapes in every answer", test_escapes },
	{ "output without end", test_floods },
};

int main(int argc, char **argv)
{
	sshd_make_keys();
	return test_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
