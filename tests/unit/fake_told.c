/* Recordings made by hand, event by event. */
#include "tests/unit/fake_told.h"

#include "base/error.h"
#include "base/file.h"
#include "tests/test.h"

/* clang-format off */
const char told_install[] = HEAD(RACK,
	STEP("probe", 3, 1, "") ","
	STEP("survey", 1, 1, NEED("probe", 0)) ","
	STEP("decide", 1, 1, NEED("survey", 1)) ","
	STEP("os", 3, 0, NEED("probe", 0) "," NEED("decide", 1)) ","
	STEP("init", 1, 0, NEED("os", 0)) ","
	STEP("join", 2, 0, NEED("os", 0) "," NEED("init", 1)) ","
	STEP("join-cp", 1, 2, NEED("os", 0) "," NEED("init", 1)) ","
	STEP("verify", 1, 1, NEED("join-cp", 1) "," NEED("join", 2)) ","
	STEP("unlock", 3, 20, ""));
/* clang-format on */

struct str told = STR_INIT;
static int seq;

void tell_begin(const char *head)
{
	str_clear(&told);
	str_add(&told, head);
	seq = 0;
}

void tell(int at, const char *kind, const char *host, const char *step, const char *more)
{
	str_addf(&told, "{\"v\":1,\"seq\":%d,\"at\":%d,\"kind\":\"%s\"", ++seq, at, kind);
	if (host)
		str_addf(&told, ",\"host\":\"%s\"", host);
	if (step)
		str_addf(&told, ",\"step\":\"%s\"", step);
	str_addf(&told, "%s}\n", more);
}

void tell_start(const char *host, const char *step, int at)
{
	tell(at, "step-started", host, step, "");
}

void tell_end(const char *host, const char *step, const char *outcome, int at, int ms)
{
	char more[64];

	snprintf(more, sizeof(more), ",\"outcome\":\"%s\",\"ms\":%d", outcome, ms);
	tell(at, "step-done", host, step, more);
}

void tell_state(const char *host, const char *code, int at)
{
	char more[64];

	snprintf(more, sizeof(more), ",\"code\":\"%s\"", code);
	tell(at, "host-state", host, NULL, more);
}

void tell_over(int at)
{
	char more[64];

	snprintf(more, sizeof(more), ",\"outcome\":\"changed\",\"ms\":%d", at);
	tell(at, "run-done", NULL, NULL, more);
}

static struct recording *recording;

struct timeline *told_timeline(void)
{
	struct error err = { 0 };

	CHECK_INT(file_write(TOLD_JOURNAL, told.buf, told.len, 0600, NULL), 0);
	recording = recording_load(TOLD_JOURNAL, &err);
	if (!CHECK(recording != NULL)) {
		printf("# %s\n", err.what);
		exit(1);
	}
	CHECK_INT(recording_bad_lines(recording), 0);
	return timeline_make(recording);
}

void told_forget(struct timeline *t)
{
	timeline_free(t);
	recording_free(recording);
}

void tell_install(void)
{
	static const char *const hosts[] = { "c1", "c2", "c3", "w1" };

	tell_begin(told_install);
	for (int h = 0; h < 4; h++)
		tell_start(hosts[h], "probe", 0);
	tell_state("c1", "connecting", 0);
	tell_state("c1", "connected", 100);
	tell_state("w1", "connecting", 400);
	tell_state("w1", "connected", 500);
	tell_end("c1", "probe", "ok", 1000, 1000);
	tell_end("c3", "probe", "ok", 1200, 1200);
	tell_end("w1", "probe", "ok", 1300, 1300);
	tell_end("c2", "probe", "ok", 1500, 1500);
	tell_start("c1", "decide", 1500);
	tell_end("c1", "decide", "ok", 1510, 10);
	for (int h = 0; h < 4; h++)
		tell_start(hosts[h], "os", 1510);
	tell_end("c1", "os", "changed", 3000, 1490);
	tell_start("c1", "init", 3000);
	tell_end("w1", "os", "changed", 3200, 1690);
	tell_end("c3", "os", "changed", 3500, 1990);
	tell_end("c2", "os", "changed", 4000, 2490);
	tell_end("c1", "init", "changed", 8000, 5000);
	tell_start("c2", "join-cp", 8000);
	tell_start("w1", "join", 8000);
	tell_end("w1", "join", "changed", 9000, 1000);
	tell_end("c2", "join-cp", "changed", 12000, 4000);
	tell_start("c3", "join-cp", 12000);
	tell_end("c3", "join-cp", "changed", 15000, 3000);
	tell_start("c1", "verify", 15000);
	tell_end("c1", "verify", "ok", 16000, 1000);
	for (int h = 0; h < 4; h++)
		tell_start(hosts[h], "unlock", 16000);
	tell_end("c1", "unlock", "changed", 16100, 100);
	tell_end("c2", "unlock", "changed", 16100, 100);
	tell_end("w1", "unlock", "changed", 16100, 100);
	tell_end("c3", "unlock", "changed", 16150, 150);
	tell_over(16200);
}
