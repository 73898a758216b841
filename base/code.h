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

/* X(code, word, its fields): verdicts of steps, refusals, notices, questions, states of hosts, how a run ends. */
#define CODES(X) \
	X(EVIDENCE_FILE, "file", "path") \
	X(EVIDENCE_NAME, "name", "host") \
	X(EVIDENCE_SWAP, "swap", NULL) \
	X(EVIDENCE_SWAP_BOOT, "swap-boot", NULL) \
	X(EVIDENCE_SYSCTL, "sysctl", "key") \
	X(EVIDENCE_SYSCTL_BOOT, "sysctl-boot", "key") \
	X(EVIDENCE_MODULE, "module", "module") \
	X(EVIDENCE_GONE, "gone", "key") \
	X(EVIDENCE_PACKAGE, "package", "package") \
	X(EVIDENCE_HOLD, "hold", "package") \
	X(EVIDENCE_SOURCE, "source", "source") \
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
	X(EVIDENCE_DRILL, "drill", "fault") \
	X(EVIDENCE_LEAVING, "leaving", NULL) \
	X(EVIDENCE_MEMBER, "member", NULL) \
	X(EVIDENCE_FINDING, "finding", "finding") \
	X(EVIDENCE_MENDED, "mended", NULL) \
	X(EVIDENCE_ETCD, "etcd", "do") \
	X(EVIDENCE_UPGRADE, "upgrade", "version") \
	X(EVIDENCE_CORDONED, "cordoned", "host") \
	X(EVIDENCE_REBOOT, "reboot", "host") \
	X(EVIDENCE_SETTINGS, "settings", "field") \
	X(EVIDENCE_RENEW, "renew", "do") \
	X(EVIDENCE_ENCRYPTION, "encryption", "do") \
	X(EVIDENCE_LEDGER, "ledger", "host") \
	X(REFUSAL_UNLISTED, "unlisted", "host") \
	X(REFUSAL_OTHER_ADDRESS, "other-address", "host") \
	X(REFUSAL_OTHER_ROLE, "other-role", "host") \
	X(REFUSAL_CA_KEYS, "ca-keys", NULL) \
	X(REFUSAL_OTHER_VERSION, "other-version", "version") \
	X(REFUSAL_UNRESOLVED, "unresolved", "version") \
	X(REFUSAL_DOWN, "down", "host") \
	X(REFUSAL_EVEN, "even", NULL) \
	X(REFUSAL_ABSENT, "absent", "hosts") \
	X(REFUSAL_NO_STORE, "no-store", "path") \
	X(REFUSAL_PASSPHRASE, "passphrase", "path") \
	X(REFUSAL_PREFLIGHT, "preflight", "finding") \
	X(REFUSAL_NO_APT, "no-apt", "manager") \
	X(REFUSAL_VERSION, "version", "package") \
	X(REFUSAL_NO_CONTROL_PLANE, "no-control-plane", "host") \
	X(REFUSAL_UNSEEN, "unseen", "host") \
	X(REFUSAL_NO_CLUSTER, "no-cluster", NULL) \
	X(REFUSAL_NODE_GONE, "node-gone", "host") \
	X(REFUSAL_HOST_BLANK, "host-blank", "host") \
	X(REFUSAL_NO_API, "no-api", NULL) \
	X(REFUSAL_NOT_OUT, "not-out", "host") \
	X(REFUSAL_OTHER_CLUSTER, "other-cluster", "cluster") \
	X(REFUSAL_OTHER_NAME, "other-name", "name") \
	X(REFUSAL_NO_LEDGER, "no-ledger", NULL) \
	X(REFUSAL_NOT_OURS, "not-ours", "host") \
	X(REFUSAL_NOT_SHOWN, "not-shown", NULL) \
	X(REFUSAL_OTHER_MACHINE, "other-machine", "machine") \
	X(REFUSAL_NO_REMEDY, "no-remedy", "finding") \
	X(REFUSAL_LIVING, "living", "host") \
	X(REFUSAL_ETCD_RUNS, "etcd-runs", NULL) \
	X(REFUSAL_NO_ETCD, "no-etcd", NULL) \
	X(REFUSAL_OLDER, "older", "version") \
	X(REFUSAL_SKIPS, "skips", "version") \
	X(REFUSAL_UPGRADE, "upgrade-stopped", "host") \
	X(REFUSAL_REBOOT, "reboot-stopped", "host") \
	X(REFUSAL_SETTINGS, "settings-stopped", "host") \
	X(REFUSAL_QUORUM, "quorum", "host") \
	X(REFUSAL_HALF_UPGRADED, "half-upgraded", "version") \
	X(REFUSAL_ETCD_UNWELL, "etcd-unwell", "member") \
	X(REFUSAL_NO_SPACE, "no-space", "member") \
	X(REFUSAL_NO_ROOM, "no-room", "host") \
	X(REFUSAL_DEFRAG, "defrag-stopped", "host") \
	X(REFUSAL_RENEW, "renew-stopped", "host") \
	X(REFUSAL_ROTATION, "ca-rotated", "file") \
	X(REFUSAL_ENCRYPTION, "encryption-stopped", NULL) \
	X(REFUSAL_CLOCK, "clock", "host") \
	X(REFUSAL_DRILL, "drill-refused", "fault") \
	X(NOTICE_FINDING, "warned", "finding") \
	X(NOTICE_RUNTIME, "runtime-old", "version") \
	X(NOTICE_BIRTH, "birth-only", "field") \
	X(NOTICE_BIRTH_UNKNOWN, "birth-unknown", "field") \
	X(NOTICE_HALF_UPGRADED, "upgrade-unfinished", "version") \
	X(NOTICE_WAITS, "waits", NULL) \
	X(NOTICE_LOCKED, "locked", "run") \
	X(NOTICE_LOCK_TAKEN, "lock-taken", "owner") \
	X(NOTICE_LOCK_LOST, "lock-lost", "run") \
	X(NOTICE_LOCKED_OUT, "locked-out", "host") \
	X(NOTICE_STORE, "store-fetched", "host") \
	X(NOTICE_PODS_END, "pods-end", "host") \
	X(NOTICE_OVERRULED, "overruled", NULL) \
	X(NOTICE_LEFT_ALONE, "left-alone", "host") \
	X(NOTICE_UNRECORDED, "unrecorded", "path") \
	X(NOTICE_CA_KEYS, "ca-keys-left", "host") \
	X(NOTICE_SERVING, "kubelets-not-verified", "host") \
	X(NOTICE_SNAPSHOT, "snapshot-saved", "path") \
	X(NOTICE_MEMBER_OUT, "member-out", "member") \
	X(NOTICE_OLD_MACHINE, "old-machine", "address") \
	X(NOTICE_API_SLOW, "api-slow", "host") \
	X(NOTICE_ETCD_STOPPED, "etcd-stopped", "host") \
	X(NOTICE_SNAPSHOTS_STAY, "snapshots-stay", "host") \
	X(NOTICE_ETCD_ANEW, "etcd-anew", "host") \
	X(NOTICE_DEFRAGMENTED, "defragmented", "host") \
	X(NOTICE_ALARM_CLEARED, "alarm-cleared", "member") \
	X(NOTICE_RENEWED, "renewed", "host") \
	X(NOTICE_ETCD_KEPT, "etcd-not-restarted", "host") \
	X(NOTICE_TOKEN_LEFT, "token-left", NULL) \
	X(NOTICE_NO_NETWORK, "no-network", NULL) \
	X(NOTICE_UNWELL, "unwell", NULL) \
	X(NOTICE_DRILL, "fault-made", "fault", "host") \
	X(NOTICE_DRILL_ENDED, "drill-ended", "host") \
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
