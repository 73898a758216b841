/* An address that is a name of ~/.ssh/config alone. */
#include "base/error.h"
#include "base/file.h"
#include "steps/steps.h"
#include "tests/test.h"

static void aliases(void)
{
	static const char text[] =
		"Host web1\n  HostName 10.0.0.5\n  User ops\nHost web2\n  HostName 10.0.0.6\n"
		"  ProxyJump gw.example.com\nHost web3\n  ProxyCommand nc gw %h %p\nHost web4\n  User ops\n"
		"Host web5\n HostName 10.0.0.7\n ProxyJump none\n ProxyJump gw\n";
	static const struct {
		const char *address, *part, *other;
	} table[] = {
		{ "web1", "a Host 'web1' (HostName 10.0.0.5), but is not read here", "the wizard import" },
		{ "web2", "(HostName 10.0.0.6, through gw.example.com)", "run kubewright where it reaches the hosts" },
		{ "web3", "(HostName web3, through ProxyCommand)", "run kubewright where" },
		{ "web4", "as it was", "as it was" },
		{ "web5", "(HostName 10.0.0.7)", "the wizard import" },
		{ "other", "as it was", "as it was" },
	};
	struct error err = { 0 };

	CHECK_INT(file_write("config", text, strlen(text), 0600, &err), 0);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		memset(&err, 0, sizeof(err));
		error_set(&err, ERROR_CONNECT, "cannot look up");
		error_hint(&err, "as it was");
		world_explain_alias(table[i].address, "config", &err);
		if (!CHECK(strstr(err.hint, table[i].part) && strstr(err.hint, table[i].other)))
			printf("# %s\n", err.hint);
	}
	error_hint(&err, "as it was");
	world_explain_alias("web1", "nowhere", &err);
	CHECK_STR(err.hint, "as it was");
}

static const struct test tests[] = { { "aliases", aliases } };
TEST_MAIN_IN_FOLDER(tests)
