/* Any text with a secret in it that is known: the secret does not get through, nor does what is not printable; a line of a recording stays JSON. */
#include "base/json.h"
#include "base/secret.h"
#include "base/sieve.h"
#include "base/str.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define KNOWN "Op3n-Sesame"
#define TOKEN " abcdef.0123456789abcdef "

static struct str sieved(const struct str *text)
{
	struct str out = STR_INIT;
	struct mask *m = mask_new();

	mask_add(m, KNOWN);
	sieve_add(&out, text->buf, text->len, m);
	mask_free(m);
	fuzz_printable("sieved text", out.buf);
	return out;
}

static void hidden(const struct str *text)
{
	struct str out = sieved(text);

	if (strstr(out.buf, KNOWN) || strstr(out.buf, TOKEN))
		fuzz_broken("a secret is in: %s", out.buf);
	str_release(&out);
}

static void recording(const struct str *text)
{
	struct json *j = json_object();
	struct str line = STR_INIT, out;

	json_set_str(j, "host", "cp1");
	json_set_str(j, "text", text->buf);
	json_write(j, &line);
	json_free(j);
	out = sieved(&line);
	j = json_parse(out.buf, out.len, NULL);
	if (!j)
		fuzz_broken("no JSON any more: %s\nwas: %s", out.buf, line.buf);
	json_free(j);
	str_release(&line);
	str_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t half = size / 2;
	struct str text = STR_INIT;

	str_addn(&text, data, half);
	str_add(&text, KNOWN TOKEN);
	str_addn(&text, data + half, size - half);
	hidden(&text);
	recording(&text);
	str_release(&text);
	return 0;
}
