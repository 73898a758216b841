/* JSON of servers: what is written is read again and written alike; error bodies become printable messages. */
#include "base/json.h"
#include "base/str.h"
#include "net/private.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void each(const char *key, const struct json *value, void *ctx)
{
	*(size_t *)ctx += strlen(key) + json_size(value);
}

static void round_trip(const struct json *j)
{
	struct str first = STR_INIT, second = STR_INIT;
	struct json *again, *merged;
	size_t sum = 0;

	json_write(j, &first);
	again = json_parse(first.buf, first.len, NULL);
	if (!again)
		fuzz_broken("not read again: %s", first.buf);
	json_write(again, &second);
	if (strcmp(first.buf, second.buf) != 0)
		fuzz_broken("%s became %s", first.buf, second.buf);
	merged = json_copy(j);
	if (json_is_object(j)) {
		json_merge(merged, again);
		json_each(j, each, &sum);
	}
	json_get_str(j, "a.b\\.c.0.metadata", "");
	json_get_int(j, "0.1.2", 0);
	json_free(merged);
	json_free(again);
	str_release(&first);
	str_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json *j = json_parse((const char *)data, size, NULL);
	struct str body = STR_INIT, message = STR_INIT;

	str_addn(&body, (const char *)data, size);
	net_message(&body, &message);
	fuzz_printable("message", message.buf);
	str_release(&body);
	str_release(&message);
	if (j)
		round_trip(j);
	json_free(j);
	return 0;
}
