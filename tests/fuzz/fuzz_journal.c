/* A journal that somebody sent: loads or is refused, at any time of its run, and no event's text is without bounds; its time line is sound. An odd first byte puts a sound head before it. */
#include "base/error.h"
#include "base/str.h"
#include "engine/engine.h"
#include "tests/fuzz/fuzz.h"
#include "tui/timeline.h"

#include <stdlib.h>
#include <string.h>

static const char head[] =
	"{\"v\":1,\"seq\":0,\"kind\":\"run\",\"run\":\"r\",\"command\":\"apply\",\"hosts\":[{\"name\":\"a\",\"roles\":1},{\"name\":\"b\",\"roles\":2}],"
	"\"steps\":[{\"name\":\"probe\",\"title\":\"x\",\"roles\":3,\"flags\":0,\"needs\":[]},{\"name\":\"verify\",\"title\":\"x\",\"roles\":1,\"flags\":20,"
	"\"needs\":[{\"step\":\"probe\",\"roles\":3,\"min\":0}]}]}\n";

static void event(const struct event *e, void *ctx)
{
	(void)ctx;
	if (e->text)
		fuzz_printable("an event's text", e->text);
}

/* Its sums are of its time, and its path goes back in time. */
static void time_line(const struct recording *r)
{
	struct timeline *t = timeline_make(r);
	struct str text = STR_INIT;

	if (t->no_step_ms < 0 || t->no_step_ms > t->idle_ms || t->idle_ms > t->wall_ms || t->path_ms < 0 ||
		t->path_ms > t->wall_ms)
		abort();
	for (size_t i = 0; i + 1 < t->path_count; i++)
		if (t->path[i + 1] >= t->path[i])
			abort();
	timeline_text(t, 80, true, &text);
	fuzz_printable("a time line", text.buf);
	timeline_free(t);
	str_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t times[] = { -1, 1000, INT64_MAX, 5 };
	size_t n = size && data[0] & 1 ? sizeof(head) - 1 : 0, len;
	char *text = malloc(n + size + 1);
	struct error err = { 0 };
	struct recording *r;

	memcpy(text, head, n);
	if (size > 1)
		memcpy(text + n, data + 1, size - 1);
	r = recording_load(fuzz_file(text, n + (size ? size - 1 : 0)), &err);
	free(text);
	if (!r)
		return 0;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		recording_at(r, times[i]);
	recording_events(r, 0, event, NULL);
	recording_lines(r, &len);
	time_line(r);
	recording_follow(r, &err);
	recording_free(r);
	return 0;
}
