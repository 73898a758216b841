/*
 * What the machines of fake_cluster.h are set up with: an inventory of three control planes and two workers, a key
 * store, TLS contexts.
 */
#ifndef TESTS_UNIT_FAKE_RACK_H
#define TESTS_UNIT_FAKE_RACK_H

#include "tests/unit/fake_cluster.h"

extern struct inventory *rack_inventory;
extern struct pki_store *rack_store;
extern struct ssl_ctx_st *rack_tls[LAB_MACHINES][2];
extern char rack_dir[64]; /* a folder of its own; the store is in pki below it */

/* Ends the test when it cannot be made. */
void rack_up(void);
void rack_down(void);

#endif
