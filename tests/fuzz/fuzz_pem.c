/* Certificates and keys of a host: no crash, and the name in a certificate has no controls. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/secret.h"
#include "pki/private.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/* What is listed of a file: bounded, and every text without controls. */
static void list(const char *pem, size_t size)
{
	struct arena arena = { 0 };
	struct pki_public *keys;
	struct pki_cert *certs;
	size_t left_out;
	int n = pki_certs_read(pem, size, 4, &arena, &certs, &left_out, NULL);

	if (n > 4)
		fuzz_broken("%d certificates", n);
	for (int i = 0; i < n; i++) {
		fuzz_printable("an algorithm", certs[i].algorithm);
		for (size_t k = 0; k < certs[i].org_count; k++)
			fuzz_printable("an organisation", certs[i].orgs[k]);
		for (size_t k = 0; k < certs[i].san_count; k++)
			fuzz_printable("a name", certs[i].sans[k].text);
	}
	pki_publics_read(pem, size, 4, &arena, &keys, &left_out, NULL);
	arena_release(&arena);
}

static void look(const char *pem, size_t size)
{
	static const char *const sans[] = { "10.0.0.1", "cp1" };
	struct pki_cert_info info;
	struct error err = { 0 };
	char *text;

	if (pki_cert_info(pem, size, &info, &err))
		return;
	fuzz_printable("a certificate's name", info.subject_cn);
	text = strndup(pem, size);
	pki_cert_verify(pem, size, text, true, sans, 2, &err);
	pki_same_key(text, text);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct secret pass = { .text = (char *)"secret", .len = 6 }, out = { 0 };
	struct error err = { 0 };
	EVP_PKEY *key;

	look((const char *)data, size);
	list((const char *)data, size);
	key = pki_key_from_pem((const char *)data, size, "f", &pass, &err);
	if (key && pki_key_to_pem(key, NULL, &out, &err) == 0)
		secret_release(&out);
	EVP_PKEY_free(key);
	return 0;
}
