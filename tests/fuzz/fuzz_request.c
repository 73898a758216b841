/* A request for a certificate, as anybody who may ask sends it: bounded, and every text without controls; what is not signed by its own key is none. */
#include "base/alloc.h"
#include "base/error.h"
#include "pki/private.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct pki_request q;
	struct error err = { 0 };
	const unsigned char *p = data;
	X509_REQ *req;

	if (pki_request_read((const char *)data, size, &arena, &q, &err) == 0)
		fuzz_printable("a name", q.cn);
	/* the fields of one that nobody has signed */
	req = size < 65536 ? d2i_X509_REQ(NULL, &p, (long)size) : NULL;
	if (req) {
		pki_request_fill(req, &arena, &q);
		fuzz_printable("a CN", q.cn);
		fuzz_printable("an algorithm", q.algorithm);
		for (size_t i = 0; i < q.org_count; i++)
			fuzz_printable("an organisation", q.orgs[i]);
		for (size_t i = 0; i < q.san_count; i++)
			fuzz_printable("a name", q.sans[i].text);
	}
	X509_REQ_free(req);
	arena_release(&arena);
	return 0;
}
