/* Every wait of a run says what it waits for: in the log at once, to people when it takes long. */
#include "steps/run/run.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define SILENT_MS 10000

void world_waits(struct task *t, struct world_wait *w, int64_t limit_ms, const char *what)
{
	int64_t now = clock_mono_ms(), left = w->begun_ms + limit_ms - now;

	if (strcmp(w->said, what) != 0) {
		task_log(t, "waiting: %s", what);
		snprintf(w->said, sizeof(w->said), "%s", what);
		w->told = false;
	}
	/* what changes often is reported no oftener than this */
	if (w->told || now - (w->told_ms ? w->told_ms : w->begun_ms) < SILENT_MS)
		return;
	w->told = true;
	w->told_ms = now;
	task_notice(t, NOTICE_WAITS, NULL, "waits, %lld s at most: %s", (long long)(left > 0 ? left / 1000 : 0), what);
}
