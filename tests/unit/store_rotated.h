/* A key store in which a CA, or the key of service accounts, is rotated. */
#ifndef TESTS_UNIT_STORE_ROTATED_H
#define TESTS_UNIT_STORE_ROTATED_H

#include "base/alloc.h"
#include "base/clock.h"
#include "cluster/renew.h"
#include "tests/unit/certs_made.h"

#include <stdlib.h>
#include <unistd.h>

static char dir[96];

static inline struct pki_store *opened(const struct secret *passphrase)
{
	struct error err = { 0 };
	struct pki_store *s = pki_store_open(dir, passphrase, &err);

	if (!CHECK(s != NULL)) {
		printf("# %s\n", err.what);
		exit(1);
	}
	return s;
}

static inline void begin(void)
{
	made_begin();
	snprintf(dir, sizeof(dir), "%s/pki", made_dir);
}

static inline bool is_there(const char *file)
{
	char *path = xasprintf("%s/%s", dir, file);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/* The store takes the next phase, and made_store is it from then on. */
static inline void rotate(enum pki_issuer issuer, enum pki_phase from)
{
	struct error err = { 0 };

	if (!CHECK_INT(pki_store_rotate(dir, NULL, issuer, from, &err), 0))
		printf("# %s\n", err.what);
	pki_store_free(made_store);
	made_store = opened(NULL);
}

/* What becomes of a host with these files, in a rotation by made_store; items have no files. */
static inline void decided(const struct pki_files *files, enum pki_issuer issuer, bool worker, struct renew_host *out)
{
	struct remote_answer a = { 0 };
	struct certs_host h = { 0 };

	made_answer(files, &a);
	certs_answer(&h, &a, worker);
	renew_decide(&h, worker, made_store, &(struct renew_wish){ .rotates = true, .issuer = issuer },
		clock_wall_ms() / 1000, out);
	/* items lend what is in it */
	for (size_t i = 0; i < out->count; i++)
		out->items[i].file = NULL;
	certs_release(&h);
	remote_answer_release(&a);
}

#endif
