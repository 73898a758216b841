/* What an API server says in Prometheus' text: labels end within their places, and a Corefile and metrics add no more than is kept. */
#include "base/error.h"
#include "base/str.h"
#include "cluster/metrics.h"
#include "cluster/upgrade.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void look(const struct metric *m, void *ctx)
{
	(void)ctx;
	if (m->count > METRIC_LABELS)
		fuzz_broken("%zu labels", m->count);
	for (size_t i = 0; i < m->count; i++)
		if (!memchr(m->labels[i].name, '\0', METRIC_NAME) || !memchr(m->labels[i].value, '\0', METRIC_VALUE))
			fuzz_broken("a label without an end");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct upgrade_seen seen = { 0 };
	struct error err = { 0 };
	struct str text = STR_INIT;

	metrics_each((const char *)data, size, "m", look, NULL);
	str_add(&text, "apiserver_requested_deprecated_apis{");
	str_addn(&text, (const char *)data, size);
	str_add(&text, "\n");
	upgrade_see_metrics(&seen, 0, text.buf, text.len, &err);
	upgrade_see_corefile(&seen, text.buf);
	if (seen.count > 2 * UPGRADE_KEPT)
		fuzz_broken("%zu things are kept", seen.count);
	upgrade_seen_release(&seen);
	str_release(&text);
	return 0;
}
