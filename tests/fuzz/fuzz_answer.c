/* What a host may answer: the first byte chooses the word list, the rest is the answer. Properties: no crash, values NUL-terminated. */
#include "base/error.h"
#include "remote/remote.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const words[] = { "os", "mem", "unit.*", "error", NULL };
	struct remote_answer a;
	struct error err = { 0 };

	if (size == 0)
		return 0;
	if (remote_answer_parse(&a, "N", (const char *)data + 1, size - 1, data[0] & 1 ? words : NULL, &err) == 0) {
		for (size_t i = 0; i < a.count; i++)
			if (a.lines[i].value[a.lines[i].len] != '\0' || strlen(a.lines[i].word) == 0)
				abort();
		remote_answer_release(&a);
	} else if (err.kind != ERROR_PROTOCOL || a.count != 0) {
		abort();
	}
	return 0;
}
