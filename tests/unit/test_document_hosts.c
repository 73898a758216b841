/* Documents: hosts that come and go, what is typed for them, ~/.ssh/config, and the file on disk. */
#include "tests/unit/document_text.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "inventory/document.h"
#include "inventory/inventory.h"

#include <sys/stat.h>

static char folder[64];

static char *path_of(const char *name)
{
	if (!folder[0]) {
		snprintf(folder, sizeof(folder), "/tmp/kw-document-XXXXXX");
		if (!mkdtemp(folder))
			exit(1);
	}
	return xasprintf("%s/%s", folder, name);
}

static void clean(void)
{
	char *command = xasprintf("rm -rf '%s'", folder);

	if (folder[0])
		CHECK_INT(system(command), 0);
	free(command);
}

static char *write_file(const char *name, const char *text)
{
	char *path = path_of(name);

	CHECK_INT(file_write(path, text, strlen(text), 0640, NULL), 0);
	return path;
}

static void add(struct document *d, const char *name, const char *address, const char *role)
{
	struct error err = { 0 };

	if (!CHECK_INT(document_add_host(d, name, address, role, &err), 0))
		printf("# %s\n", err.what);
}

static void drop(struct document *d, const char *name)
{
	struct error err = { 0 };

	if (!CHECK_INT(document_remove_host(d, name, &err), 0))
		printf("# %s\n", err.what);
}

static void test_styles(void)
{
	static const struct {
		const char *before, *added, *after;
	} all[] = {
		{ "hosts:\n  - {name: a, address: 10.0.0.1, role: worker} # a\n  # end\n# far\n",
			"hosts:\n  - {name: a, address: 10.0.0.1, role: worker} # a\n"
			"  - {name: x1, address: 10.0.1.1, role: control-plane}\n  - {name: x2, address: 10.0.1.2, role: worker}\n"
			"  - {name: x3, address: 10.0.1.3, role: worker}\n  # end\n# far\n",
			"hosts:\n  - {name: x2, address: 10.0.1.2, role: worker}\n"
			"  - {name: x3, address: 10.0.1.3, role: worker}\n  # end\n# far\n" },
		{ "hosts:\n# a's\n-   name: a # a\n    # in a\n    address: 10.0.0.1\n    role: worker\n    # end of a\n\n# far",
			"hosts:\n# a's\n-   name: a # a\n    # in a\n    address: 10.0.0.1\n    role: worker\n    # end of a\n"
			"-   name: x1\n    address: 10.0.1.1\n    role: control-plane\n-   name: x2\n    address: 10.0.1.2\n    role: worker\n"
			"-   name: x3\n    address: 10.0.1.3\n    role: worker\n\n# far",
			"hosts:\n# a's\n    # end of a\n-   name: x2\n    address: 10.0.1.2\n    role: worker\n"
			"-   name: x3\n    address: 10.0.1.3\n    role: worker\n\n# far" },
		{ "hosts: [{name: a, address: 10.0.0.1, role: worker}]",
			"hosts: [{name: a, address: 10.0.0.1, role: worker}, {name: x1, address: 10.0.1.1, role: control-plane}, "
			"{name: x2, address: 10.0.1.2, role: worker}, {name: x3, address: 10.0.1.3, role: worker}]",
			"hosts: [{name: x2, address: 10.0.1.2, role: worker}, {name: x3, address: 10.0.1.3, role: worker}]" },
		{ "hosts: [\n  {name: a, address: 10.0.0.1, role: worker} # a\n  # end\n]\n",
			"hosts: [\n  {name: a, address: 10.0.0.1, role: worker}, # a\n"
			"  {name: x1, address: 10.0.1.1, role: control-plane},\n  {name: x2, address: 10.0.1.2, role: worker},\n"
			"  {name: x3, address: 10.0.1.3, role: worker}\n  # end\n]\n",
			"hosts: [\n  {name: x2, address: 10.0.1.2, role: worker},\n"
			"  {name: x3, address: 10.0.1.3, role: worker}\n  # end\n]\n" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct document *d = parse(all[i].before);

		add(d, "x1", "10.0.1.1", "control-plane");
		add(d, "x2", "10.0.1.2", "worker");
		add(d, "x3", "10.0.1.3", "worker");
		CHECK_STR(document_text(d), all[i].added);
		CHECK_INT(document_host_count(d), 4);
		drop(d, "a");
		drop(d, "x1");
		CHECK_STR(document_text(d), all[i].after);
		CHECK_INT(document_host_count(d), 2);
		CHECK_STR(document_host_name(d, 1), "x3");
		CHECK(document_host_name(d, 2) == NULL);
		document_free(d);
	}
}

static void test_none(void)
{
	static const char *const texts[] = { "cluster: a\n", "cluster: a\nhosts:\n", "cluster: a\nhosts: []\n",
		"cluster: a" };

	for (size_t i = 0; i < 4; i++) {
		struct document *d = parse(texts[i]);

		CHECK_INT(document_host_count(d), 0);
		CHECK(document_host_name(d, 0) == NULL);
		add(d, "cp1", "10.0.0.1", "control-plane");
		CHECK(strstr(document_text(d),
			"cluster: a\nhosts:\n  - {name: cp1, address: 10.0.0.1, role: control-plane}"));
		drop(d, "cp1");
		CHECK(strstr(document_text(d), "cluster: a\nhosts: []"));
		add(d, "cp2", "10.0.0.2", "worker");
		CHECK_INT(document_host_count(d), 1);
		document_free(d);
	}
}

static void test_refused(void)
{
	static const struct {
		const char *name, *address, *role, *words;
	} bad[] = {
		{ "a", "10.0.0.9", "worker", "duplicate name 'a': host 'a' already has it" },
		{ "b", "10.0.0.1", "worker", "duplicate address '10.0.0.1': host 'a' already has it" },
		{ "B", "10.0.0.9", "worker", "'B' is not a name: capitals are not allowed" },
		{ "", "10.0.0.9", "worker", "this host has no 'name'" },
		{ "b", "127.0.0.1", "worker", "'127.0.0.1' is not an address that other hosts can reach" },
		{ "b", "10.0.0.9", "boss", "unknown value 'boss'; 'role' is control-plane or worker" },
	};
	const char *text =
		"hosts:\n  - {name: a, address: 10.0.0.1}\n  - {address: 10.0.0.2}\n  - five\n  - {name: a}\n";
	struct document *d = parse(text);
	struct error err = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(document_add_host(d, bad[i].name, bad[i].address, bad[i].role, &err), -1);
		CHECK_INT(err.kind, ERROR_INVENTORY);
		CHECK_STR(err.what, bad[i].words);
	}
	CHECK_INT(document_remove_host(d, "b", &err), -1);
	CHECK_STR(document_text(d), text);
	CHECK_INT(document_host_count(d), 4);
	CHECK_STR(document_host_name(d, 1), "");
	CHECK_STR(document_host_name(d, 2), "");
	/* a host without a name can be given one, but not another's */
	CHECK_INT(document_set(d, "hosts..name", "a", &err), -1);
	CHECK_INT(document_set(d, "hosts..name", "b", &err), 0);
	CHECK_STR(document_host_name(d, 1), "b");
	/* of two hosts with one name the first is meant */
	CHECK_INT(document_set(d, "hosts.a.name", "c", &err), 0);
	CHECK_STR(document_host_name(d, 0), "c");
	CHECK_STR(document_host_name(d, 3), "a");
	CHECK_INT(document_set(d, "hosts.a.address", "", &err), -1);
	CHECK_STR(err.what, "host 'a' has no 'address'");
	document_free(d);
}

static int collect(void *ctx, const char *name, const char *address, struct error *err)
{
	(void)err;
	str_addf(ctx, "%s=%s ", name, address);
	return 0;
}

static int stop(void *ctx, const char *name, const char *address, struct error *err)
{
	(void)name;
	(void)address;
	return ++*(int *)ctx == 2 ? error_set(err, ERROR_CANCELLED, "enough") : 0;
}

static int add_each(void *ctx, const char *name, const char *address, struct error *err)
{
	return document_add_host(ctx, name, address, "worker", err);
}

static void test_expand(void)
{
	static const struct {
		const char *typed, *role, *want; /* NULL: refused */
	} all[] = {
		{ "cp[2-4]=10.0.0.[12-14]", "control-plane", "cp2=10.0.0.12 cp3=10.0.0.13 cp4=10.0.0.14 " },
		{ " 10.0.0.[20-22],\r\n10.0.0.30 ", "worker", "w1=10.0.0.20 w3=10.0.0.21 w4=10.0.0.22 w5=10.0.0.30 " },
		{ "10.0.0.20 w1=10.0.0.21", "worker", "w3=10.0.0.20 w1=10.0.0.21 " },
		{ "10.0.0.20", "control-plane", "cp2=10.0.0.20 " },
		{ "", "worker", NULL },
		{ " ,\n", "worker", NULL },
		{ "w[1-2]=10.0.0.[1-3]", "worker", NULL },
		{ "10.0.0.[5-4]", "worker", NULL },
		{ "a=10.0.0.20 a=10.0.0.21", "worker", NULL },
		{ "a=10.0.0.20 b=10.0.0.20", "worker", NULL },
		{ "10.0.0.2", "worker", NULL },
		{ "cp1=10.0.0.50", "worker", NULL },
		{ "10.0.0.20 nonsense", "worker", NULL },
		{ "10.0.0.[250-260]", "worker", NULL },
		{ "10.0.[0-99999].1", "worker", NULL },
		{ "A=10.0.0.20", "worker", NULL },
		{ "\x1b[31m=10.0.0.20", "worker", NULL },
	};
	struct document *d = parse("hosts: [{name: cp1, address: 10.0.0.1}, {name: w2, address: 10.0.0.2}]");
	struct error err = { 0 };
	int calls = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct str got = STR_INIT;

		CHECK_INT(
			document_expand_hosts(d, all[i].typed, all[i].role, collect, &got, &err), all[i].want ? 0 : -1);
		CHECK_STR(got.buf, all[i].want ? all[i].want : "");
		CHECK(all[i].want || err.what[0]);
		str_release(&got);
	}
	CHECK_INT(document_expand_hosts(d, "10.0.0.[20-29]", "worker", stop, &calls, &err), -1);
	CHECK_INT(calls, 2);
	CHECK_INT(err.kind, ERROR_CANCELLED);
	CHECK_INT(document_expand_hosts(d, "10.0.0.[20-29]", "worker", add_each, d, &err), 0);
	CHECK_INT(document_host_count(d), 12);
	document_free(d);
}

static void test_ssh_config(void)
{
	char *inner = write_file("inner.conf", "User inner\nHost i1\n  HostName 10.1.0.1\nHost *\n  User nobody\n");
	char *loop = write_file("loop.conf", "Include loop.conf loop.conf\nHost l\n");
	char *path = write_file("config",
		"# hosts\nUser outer\nInclude missing inner.c* loop.conf\r\n"
		"Host a b \"c\" *.x !d ? # e\n  hostname = 10.0.0.1\n\tUSER=ops\n  Port 2222 # p\n  IdentityFile \"~/my key\"\n"
		"  IdentityFile ~/.ssh/id\n  Include inner.conf\nHost a\n  User second\n  Port 70000\nHost p\n  HostName %h.example.com\n  IdentityFile %d/.ssh/k\n"
		"Match host a\n  Port 1\n  Include inner.conf\n\nHost=q\nPort 0\nHostName \x1b[31m\nHost\nNonsense\n=\n\"\nHost z");
	struct ssh_config_host *list;
	struct error err = { 0 };
	size_t count;

	if (CHECK_INT(ssh_config_hosts(path, &list, &count, &err), 0) && CHECK_INT(count, 8)) {
		static const char *const names[] = { "i1", "l", "a", "b", "c", "p", "q", "z" };

		for (size_t i = 0; i < count; i++)
			CHECK_STR(list[i].name, names[i]);
		CHECK_STR(list[0].address, "10.1.0.1");
		CHECK_STR(list[1].address, "l");
		for (size_t i = 2; i < 5; i++) {
			CHECK_STR(list[i].address, "10.0.0.1");
			CHECK_STR(list[i].user, "ops");
			CHECK_INT(list[i].port, 2222);
			CHECK_STR(list[i].key, "~/my key");
		}
		CHECK_STR(list[5].address, "p.example.com");
		CHECK_STR(list[5].key, "~/.ssh/k");
		CHECK_STR(list[6].address, "q");
		CHECK_INT(list[6].port, 0);
		CHECK_STR(list[7].user, "");
	}
	free(list);
	CHECK_INT(ssh_config_hosts("/nowhere/config", &list, &count, &err), -1);
	CHECK_INT(err.kind, ERROR_SYSTEM);
	CHECK(!list && !count);
	free(inner);
	free(loop);
	free(path);
	clean();
}

static void test_save(void)
{
	char *path = write_file("a.yaml", "cluster: a\n"), *link = path_of("link.yaml"), *new = path_of("new.yaml");
	struct error err = { 0 };
	struct document *d, *other;
	struct stat st;

	CHECK_INT(symlink("a.yaml", link), 0);
	d = document_load(link, &err);
	other = document_load(path, &err);
	if (!CHECK(d && other))
		exit(1);
	CHECK(!document_changed(d));
	CHECK_INT(document_set(d, "cluster", "b", &err), 0);
	CHECK(document_changed(d));
	CHECK_INT(document_save(d, false, &err), 0);
	CHECK(!document_changed(d));
	CHECK(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0640);
	/* the other one knows only the old file */
	CHECK_INT(document_set(other, "cluster", "c", &err), 0);
	CHECK_INT(document_save(other, false, &err), -1);
	CHECK_INT(err.kind, ERROR_SYSTEM);
	CHECK(strstr(err.what, "was changed by another program") != NULL);
	CHECK_INT(document_save(other, true, &err), 0);
	CHECK_INT(document_save(other, false, &err), 0);
	CHECK_INT(document_save(d, false, &err), -1);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(document_save(other, false, &err), -1);
	CHECK(strstr(err.what, "no longer exists") != NULL);
	document_free(d);
	document_free(other);
	d = document_parse(new, "cluster: n\n", &err);
	CHECK(d && document_changed(d));
	CHECK_STR(document_path(d), new);
	CHECK_INT(document_save(d, false, &err), 0);
	CHECK(stat(new, &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(!document_changed(d));
	document_free(d);
	d = document_parse(new, "cluster: other\n", &err);
	CHECK_INT(document_save(d, false, &err), -1);
	CHECK(strstr(err.what, "already exists") != NULL);
	document_free(d);
	CHECK(document_load("/nowhere/x.yaml", &err) == NULL);
	CHECK_INT(err.kind, ERROR_INVENTORY);
	free(path);
	free(link);
	free(new);
	clean();
}

TEST_MAIN(((const struct test[]){
	{ "styles", test_styles },
	{ "none", test_none },
	{ "refused", test_refused },
	{ "expand", test_expand },
	{ "ssh config", test_ssh_config },
	{ "save", test_save },
}))
