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

/* The machines of a lab serve what the store of a world says by now, and trust whom it trusts. */
void rack_serve(struct lab *l, const struct pki_store *store);

/* What a control plane's kubeadm has left on it. */
#define RACK_INSTALLED "kubelet-conf admin-conf apiserver-manifest etcd-manifest etcd-data ca-crt"
/* A whole cluster on all machines, without a pod network. */
void rack_cluster(struct lab *l);
/* A run r1 of Kubernetes 1.36.2 that takes the locks, with its folders below rack_dir. The caller releases. */
void rack_world(struct world *w);
/*
 * Runs the steps of config to their end over the machines, whose hosts of the bit mask take part, and with the world;
 * nobody answers questions. The caller frees the engine.
 */
struct engine *rack_run(struct lab *l, struct world *w, struct engine_config config, unsigned hosts);

/* An installation, or what changed since one, on all hosts; errors: of each host, none where it went well. */
void rack_apply(struct lab *l, struct error errors[LAB_MACHINES]);

#endif
