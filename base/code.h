/*
 * What programs go by: a stable word with fields, beside a text that is for people alone and may be said better at any
 * time. No program reads the texts. docs/events.md lists the codes for pipelines.
 */
#ifndef BASE_CODE_H
#define BASE_CODE_H

#include <stddef.h>

#define CODE_FIELDS 4
/* note: why it is unknown although known_hosts speaks of the host; may be missing */
enum { HOST_KEY_HOST, HOST_KEY_TYPE, HOST_KEY_FINGERPRINT, HOST_KEY_NOTE };

/* X(code, word, its fields): verdicts of steps, why one is refused, questions, states of hosts, how a run ends. */
#define CODES(X) \
	X(EVIDENCE_FILE, "file", "path") \
	X(EVIDENCE_NAME, "name", "host") \
	X(EVIDENCE_SWAP, "swap", NULL) \
	X(EVIDENCE_SWAP_BOOT, "swap-boot", NULL) \
	X(EVIDENCE_SYSCTL, "sysctl", "key") \
	X(EVIDENCE_SYSCTL_BOOT, "sysctl-boot", "key") \
	X(EVIDENCE_PACKAGE, "package", "package") \
	X(EVIDENCE_HOLD, "hold", "package") \
	X(EVIDENCE_SOURCE, "source", NULL) \
	X(EVIDENCE_DPKG, "dpkg", NULL) \
	X(EVIDENCE_UNIT, "unit", "unit") \
	X(EVIDENCE_UNIT_STALE, "unit-stale", "unit") \
	X(EVIDENCE_CERTIFICATES, "certificates", NULL) \
	X(EVIDENCE_IMAGES, "images", "version") \
	X(EVIDENCE_MANIFEST, "manifest", "manifest") \
	X(EVIDENCE_NODE, "node", "host") \
	X(EVIDENCE_JOB, "job", "job") \
	X(EVIDENCE_JOB_RUNNING, "job-running", "job") \
	X(EVIDENCE_JOB_CUT, "job-cut", "job") \
	X(EVIDENCE_LEFTOVERS, "leftovers", "host") \
	X(EVIDENCE_KUBECONFIG, "kubeconfig", "path") \
	X(EVIDENCE_VERIFY, "verify", NULL) \
	X(EVIDENCE_PODS, "pods", "host") \
	X(EVIDENCE_LEAVING, "leaving", NULL) \
	X(EVIDENCE_MEMBER, "member", NULL) \
	X(EVIDENCE_FINDING, "finding", "finding") \
	X(EVIDENCE_MENDED, "mended", NULL) \
	X(EVIDENCE_ETCD, "etcd", "do") \
	X(EVIDENCE_LEDGER, "ledger", "host") \
	X(REFUSAL_DECISION, "decision", NULL) \
	X(QUESTION_HOST_KEY, "host-key", "host", "type", "fingerprint", "note") \
	X(HOST_CONNECTING, "connecting", NULL) \
	X(HOST_CONNECTED, "connected", NULL) \
	X(HOST_LOST, "lost", NULL) \
	X(HOST_RETRYING, "retrying", NULL) \
	X(HOST_SKIPPED, "skipped", NULL) \
	X(RUN_CANCEL, "cancel", NULL) \
	X(RUN_LEAVE, "leave", NULL) \
	X(OUTPUT_GATHERED, "gathered", "source")
#define CODE_ENUM(code, ...) code,
enum code { CODE_NONE, CODES(CODE_ENUM) CODE_COUNT };
#undef CODE_ENUM

/* "" of CODE_NONE. */
const char *code_name(enum code code);
/* CODE_NONE: no code of this version. */
enum code code_of(const char *name);
/* The name of its i-th field, or NULL. */
const char *code_field(enum code code, size_t i);
/* What people read: text. In a build that shows that nothing reads it (make WORDS=codes) the code's name. */
const char *code_words(enum code code, const char *text);

#endif
