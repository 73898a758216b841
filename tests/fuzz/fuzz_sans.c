/* A living cluster's ClusterConfiguration: the names in certSANs are bounded. */
#include "base/str.h"
#include "steps/steps.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void name(const char *text, void *ctx)
{
	(void)ctx;
	if (strlen(text) > 255)
		fuzz_broken("a name of %zu bytes", strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = STR_INIT;

	str_addn(&text, (const char *)data, size);
	kubeadm_cert_sans(text.buf, name, NULL);
	str_clear(&text);
	str_add(&text, "apiServer:\n  certSANs:\n");
	str_addn(&text, (const char *)data, size);
	kubeadm_cert_sans(text.buf, name, NULL);
	str_release(&text);
	return 0;
}
