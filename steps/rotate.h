/*
 * The rotation of a CA, or of the key of service accounts: what its steps have in common, and what others ask about it.
 * cluster/rotate.h has the phases.
 */
#ifndef STEPS_ROTATE_H
#define STEPS_ROTATE_H

#include "steps/steps.h"

struct items;
struct str;

/* What a look, or a run, has seen of it, once that has ended, or with the lock; wants a key store. */
void rotate_see(const struct world *w, struct rotate_state *out);
/*
 * ---- rotate_turn.c: the key store takes its next phase, on the control plane that speaks for the cluster ----
 * When all hosts have answered, their locks are this run's, and what they have is still as the operator has seen it.
 */
enum step_verdict turn_store_check(struct task *t, struct error *why);
int turn_store_apply(struct task *t, struct error *err);
/* Whether hosts may follow: it has, or was not to. With the task's lock held. */
bool turn_is_over(const struct world *w);
/* ---- signing.c, rotate_signing.c: the certificate that signs, while ca.crt has two ---- */
#define SIGNING_ARGUMENT "cluster-signing-cert-file"
/* Whether controller managers are to read it from a file of its own, PKI_SIGNING_CRT. With the lock: asks all hosts. */
bool signing_is_apart(const struct world *w);
/* Whether the cluster's configuration says so. Pure. */
bool signing_was_apart(const struct world *w);
/* Whether a control plane is otherwise, in a run that rotates the cluster's CA. With the lock. */
bool signing_is_due(const struct world *w, int host);
enum step_verdict split_signing_check(struct task *t, struct error *why);
enum step_verdict join_signing_check(struct task *t, struct error *why);
int signing_apply(struct task *t, struct error *err);
/* ---- rotate_told.c: what the cluster publishes ---- */
/* Whether it is yet to follow the key store. */
bool told_is_due(const struct world *w);
/* Why it is not as the key store says; nothing is added: it is, or nobody has to know. */
void told_add_behind(const struct world *w, struct str *why);
/* ---- rotate_ca.c: on the control plane that speaks for the cluster ---- */
/* Asks who may trust the earlier CA alone, while the new one signs. */
int trusting_ask(struct task *t, struct error *err);
/* What forbids the next phase, as far as it is known. */
void trusting_see(const struct world *w, struct rotate_state *out);
/* Whether it is yet to be noted since when Pods have both, or the new one signs. With the task's lock held. */
bool trusting_unnoted(const struct world *w);
/* Notes that it is now. */
int trusting_note(struct task *t, struct error *err);
/* Whether the file of the CA that is rotated is to be placed in a job of these stages: bits 1 << enum renew_stage. */
bool rotate_has_turn(const struct world *w, int host, unsigned stages);
/* What steps/host/renew.sh wants to know of it: its key, then its certificates. */
void rotate_add_params(const struct world *w, int host, struct items *l);
/* ---- rotate_tokens.c: on the control plane that speaks for the cluster ---- */
/* Asks who uses tokens of the earlier key, once it is known since when the new one signs. */
int tokens_ask(struct task *t, struct error *err);
/* What forbids the next phase, as far as it is known. */
void tokens_see(const struct world *w, struct rotate_state *out);
/* -1: the store is a copy from before that key was rotated; control planes would get another than the others have. */
int tokens_refuse(const struct world *w, struct error *err);
/* Whether that is yet to be noted. With the task's lock held. */
bool tokens_unnoted(const struct world *w);
/* Notes that it is now. */
int tokens_note(struct task *t, struct error *err);
enum step_verdict ask_trust_check(struct task *t, struct error *why);
int ask_trust_apply(struct task *t, struct error *err);
enum step_verdict tell_trust_check(struct task *t, struct error *why);
int tell_trust_apply(struct task *t, struct error *err);

#endif
