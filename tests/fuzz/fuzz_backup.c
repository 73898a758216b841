/* A backup of a cluster's keys: the frame around it, and the text in it, in the form that is written and no other. */
#include "base/error.h"
#include "base/str.h"
#include "pki/private.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* What is taken is written again as it was. */
static void text(const struct str *in)
{
	struct str out = STR_INIT;
	struct pki_backup b;

	pki_backup_init(&b);
	if (pki_backup_parse(in, &b, NULL) == 0) {
		fuzz_printable("a cluster's name", b.cluster);
		if (pki_backup_text(&b, &out, NULL) || out.len > in->len + 64)
			fuzz_broken("what was read cannot be written");
	}
	str_wipe(&out);
	pki_backup_release(&b);
}

/* Begins with the magic, which would take long to find. */
static void frame(const uint8_t *data, size_t size)
{
	struct str whole = STR_INIT, read = STR_INIT;
	struct error err = { 0 };

	str_add(&whole, "kubewright keys\n");
	str_addn(&whole, data, size);
	if (pki_backup_read(fuzz_file(whole.buf, whole.len), &read, &err) == 0 && read.len != whole.len)
		fuzz_broken("%zu bytes of %zu", read.len, whole.len);
	fuzz_printable("what is wrong with it", err.what);
	str_release(&whole);
	str_release(&read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = STR_INIT;

	str_addn(&in, data, size);
	text(&in);
	frame(data, size);
	str_release(&in);
	return 0;
}
