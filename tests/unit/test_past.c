/* What journals say of earlier runs: whether one came to its end, and whether the cluster stood then. */
#include "tests/test.h"

#include "base/file.h"
#include "cli/past.h"
#include "tui/wizard.h"

#include <stdlib.h>
#include <sys/stat.h>

#define HEAD(command) "{\"v\":1,\"seq\":0,\"kind\":\"run\",\"run\":\"r\",\"command\":\"" command "\"}\n"
#define VERIFIED \
	"{\"v\":1,\"seq\":1,\"kind\":\"step-done\",\"host\":\"cp1\",\"step\":\"verify\",\"outcome\":\"ok\",\"ms\":5}\n"
#define FAILED \
	"{\"v\":1,\"seq\":1,\"kind\":\"step-done\",\"host\":\"cp1\",\"step\":\"verify\",\"outcome\":\"failed\",\"ms\":5}\n"
#define DONE "{\"v\":1,\"seq\":2,\"kind\":\"run-done\",\"outcome\":\"failed\",\"ms\":9}\n"

static void put(const char *path, const char *text)
{
	if (file_write(path, text, strlen(text), 0600, NULL))
		abort();
}

static void test_endings(void)
{
	static const struct {
		const char *path, *text, *command;
		bool stands, dead;
	} runs[] = {
		/* the newest first */
		{ "5.jsonl", HEAD("repair") VERIFIED DONE, "repair", true, false },
		{ "4.jsonl", HEAD("repair") VERIFIED, "repair", false, false },
		{ "3.jsonl", HEAD("apply") VERIFIED, "apply", false, true },
		{ "2.jsonl", HEAD("apply") FAILED DONE, "apply", false, false },
		{ "1.jsonl", HEAD("apply") VERIFIED DONE, "apply", true, false },
	};
	struct port_past *list;

	for (size_t i = 0; i < 5; i++)
		put(runs[i].path, runs[i].text);
	put("0.jsonl", "no journal\n");
	CHECK_INT(cli_past_runs(".", &list), 5);
	for (size_t i = 0; i < 5; i++) {
		CHECK_STR(list[i].command, runs[i].command);
		CHECK_INT(list[i].stands, runs[i].stands);
		CHECK_INT(list[i].dead, runs[i].dead);
		CHECK(!list[i].alive);
	}
	port_past_free(list, 5);
}

/* It goes by members, in whatever order they are, and by no text. */
static void test_members(void)
{
	static const char changed[] = HEAD(
		"apply") "{\"outcome\":\"ok\",\"step\":\"verify\",\"kind\":\"step-done\"}\n{\"ms\":9,\"kind\":\"run-done\"}\n";
	static const char talks[] = HEAD(
		"apply") "{\"kind\":\"output\",\"step\":\"verify\",\"outcome\":\"ok\",\"text\":\"step-done run-done\"}\n"
			 "{\"kind\":\"step-done\",\"step\":\"os\",\"outcome\":\"ok\"}\n{\"kind\":\"run-done\"}\n{\"kind\":\"run-do";
	struct port_past *list;

	CHECK_INT(mkdir("members", 0700), 0);
	put("members/2.jsonl", changed);
	put("members/1.jsonl", talks);
	CHECK_INT(cli_past_runs("members", &list), 2);
	CHECK(list[0].stands && !list[0].dead);
	CHECK(!list[1].stands && !list[1].dead);
	port_past_free(list, 2);
}

static const struct test tests[] = {
	{ "past runs: how they ended", test_endings },
	{ "past runs: members in another order", test_members },
};
TEST_MAIN_IN_FOLDER(tests)
