/* A configuration that its program refuses is taken back: containerd continues with the one it had, and the host's record says what is true. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "steps/host/scripts.h"
#include "tests/test.h"

#include <sys/stat.h>

static char dir[64];
static struct str out;

static const char *path(const char *name)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s/%s", dir, name);
	return text;
}

static void put(const char *name, mode_t mode, const char *text)
{
	char *folder = xstrdup(path(name));
	struct error err = { 0 };

	*strrchr(folder, '/') = '\0';
	CHECK_INT(file_mkdirs(folder, 0755, &err), 0);
	CHECK_INT(file_write(path(name), text, strlen(text), mode, &err), 0);
	free(folder);
}

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

/* containerd refuses a file with "bad" in it; systemctl notes what it is to restart, and fails where there is a file "fails". */
static void open_host(void)
{
	snprintf(dir, sizeof(dir), "/tmp/kubewright-putback.XXXXXX");
	CHECK(mkdtemp(dir));
	put("bin/containerd", 0755,
		"#!/bin/sh\n[ $1 != --version ] || { echo containerd x 1.7.0; exit; }\n[ $3 $4 = 'config dump' ] 2>/dev/null\n"
		"grep -qs bad \"$2\" || exit 0\necho 'containerd: toml: line 3: expected a value' >&2\nexit 1\n");
	put("bin/systemctl", 0755,
		"#!/bin/sh\ncase $1 in\nis-active) exit 0 ;;\nrestart) echo \"$(cat etc/config.toml)\" >>restarts; [ ! -f fails ] || ! grep -q new etc/config.toml ;;\nesac\n");
	put("bin/ctr", 0755, "#!/bin/sh\nexit 0\n");
	put("bin/journalctl", 0755, "#!/bin/sh\nexit 0\n");
	put("state/lock", 0600, "run=r1\nstep=s\n");
	put("restarts", 0644, "");
	put("etc/config.toml", 0640, "old\n");
}

static void close_host(void)
{
	char *command = xasprintf("rm -rf '%s'", dir);

	CHECK_INT(system(command), 0);
	free(command);
	str_release(&out);
}

static int runtime(const char *content)
{
	struct str script = STR_INIT, bin = STR_INIT, data = STR_INIT;
	char *command = xasprintf("cd %s && sh ./script 2>log", dir);
	char buf[4096];
	FILE *f;
	size_t n;
	int rc;

	str_add_base64(&data, content, strlen(content));
	str_addf(&script,
		"say() { printf '%%s %%s\\n' \"$1\" \"$2\"; }\nrun=r1 node=n step=s part=runtime wish='unit containerd restart' files=2 file_1_reader=containerd file_2_reader=containerd file_1_path=etc/config.toml "
		"file_1_mode=644 file_1_data=%s file_2_path=etc/conf.d/90.toml file_2_mode=600 file_2_data=%s\n",
		data.buf, data.buf);
	str_add(&script, host_script_lib);
	str_add(&script, host_script_questions);
	str_add(&script, host_script_undo);
	str_add(&script, host_script_wish);
	str_add(&script, host_script_runtime);
	str_add(&script, host_script_put);
	replace(&script, "/etc/containerd", "etc");
	replace(&script, "/run/kubewright", "run");
	replace(&script, "/var/lib/kubewright", "state");
	str_addf(&bin, "PATH=%s/bin:/usr/", dir);
	replace(&script, "PATH=/usr/", bin.buf);
	put("script", 0644, script.buf);
	str_clear(&out);
	f = popen(command, "r");
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		str_addn(&out, buf, n);
	rc = pclose(f);
	free(command);
	str_release(&script);
	str_release(&bin);
	str_release(&data);
	return WIFEXITED(rc) ? WEXITSTATUS(rc) : -1;
}

static void file_is(const char *name, const char *want)
{
	struct error err = { 0 };
	struct str text = STR_INIT;

	if (CHECK_INT(file_read(path(name), 1 << 16, &text, &err), 0))
		CHECK_STR(text.buf, want);
	str_release(&text);
}

static void as_before(void)
{
	struct stat st;

	file_is("etc/config.toml", "old\n");
	CHECK(stat(path("etc/config.toml"), &st) == 0 && (st.st_mode & 0777) == 0640);
	CHECK(stat(path("etc/conf.d/90.toml"), &st) != 0);
	file_is("state/host.conf", "stale_containerd=no\n");
}

static void test_refused(void)
{
	open_host();
	CHECK_INT(runtime("bad\n"), 1);
	CHECK(strstr(
		out.buf, "error containerd refuses the configuration: containerd: toml: line 3: expected a value"));
	as_before();
	/* what runs was left alone */
	file_is("restarts", "");
	close_host();
}

static void test_does_not_start(void)
{
	open_host();
	put("fails", 0644, "");
	CHECK_INT(runtime("new\n"), 1);
	CHECK(strstr(out.buf, "error containerd does not start"));
	as_before();
	file_is("restarts", "new\nold\n");
	close_host();
}

static void test_taken(void)
{
	struct stat st;

	open_host();
	CHECK_INT(runtime("new\n"), 0);
	file_is("etc/config.toml", "new\n");
	file_is("restarts", "new\n");
	file_is("state/host.conf", "stale_containerd=no\n");
	CHECK(stat(path("run/was"), &st) != 0);
	/* again: nothing changes */
	CHECK_INT(runtime("new\n"), 0);
	file_is("restarts", "new\n");
	close_host();
}

static const struct test tests[] = {
	{ "a configuration that is refused", test_refused },
	{ "a program that does not start with it", test_does_not_start },
	{ "one that is taken", test_taken },
};
TEST_MAIN(tests)
