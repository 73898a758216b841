/*
 * Errors are plain values: they live on the stack, are copied by assignment,
 * cross threads and never need freeing. A function that can fail takes a
 * `struct error *` last, returns -1 or NULL, and leaves it untouched when it
 * succeeds, so calls chain. The engine fills in host and step once.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/code.h"

enum error_kind {
	ERROR_NONE,
	ERROR_INTERNAL,    /* a bug of ours: exit 1 */
	ERROR_USAGE,       /* command line: exit 2 */
	ERROR_INVENTORY,   /* the file: exit 3 */
	ERROR_CONNECT,     /* cannot reach the host: exit 4 */
	ERROR_HOSTKEY,     /* unknown, changed or revoked host key: exit 4 */
	ERROR_AUTH,        /* login or sudo refused: exit 4 */
	ERROR_COMMAND,     /* something failed on a host: exit 5 */
	ERROR_NET,         /* HTTP, API, etcd: exit 5 */
	ERROR_REFUSED,     /* the same, and it is certain: nobody listens there: exit 5 */
	ERROR_UNREACHABLE, /* the same: no packet comes back from there: exit 5 */
	ERROR_BLOCKED,     /* it could not be asked, and may be well: exit 4 */
	ERROR_PKI,         /* keys, certificates, the store: exit 5 */
	ERROR_SYSTEM,      /* this machine: files, memory, threads: exit 5 */
	ERROR_PROTOCOL,    /* an answer that cannot be understood: exit 5 */
	ERROR_TIMEOUT,     /* exit 5 */
	ERROR_PREFLIGHT,   /* exit 6 */
	ERROR_LOCKED,      /* another run holds the lock: exit 7 */
	ERROR_CANCELLED,   /* exit 130 */
};

struct error {
	enum error_kind kind;
	char host[64];     /* set by the engine */
	char step[64];     /* set by the engine */
	char what[512];    /* lower case, no full stop: "cannot open '/etc/x': permission denied" */
	char hint[384];    /* what the operator can do about it */
	char detail[1024]; /* tail of stderr, a YAML excerpt; may have several lines */
	enum code code;    /* what programs go by beside kind; CODE_NONE: kind says it all */
	char about[192];   /* … and its first field */
};

/* Texts are made safe for a terminal. Each returns -1 so that `return error_set(…)` reads well. err may be NULL. */
int error_set(struct error *err, enum error_kind kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Like error_set, and appends ": " and the text of errno value errnum. */
int error_errno(struct error *err, enum error_kind kind, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Puts "context: " in front of what. */
int error_wrap(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sets the hint unless one is there: the innermost knows best. */
int error_hint(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sets the detail; when text is too long its *end* is kept, cut at a line start. */
int error_detail(struct error *err, const char *text);
/* What the error is about, for programs. about may be NULL. */
int error_about(struct error *err, enum code code, const char *about);
/* Both: error_set, and what it is about. */
int error_refuse(struct error *err, enum error_kind kind, enum code code, const char *about, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* "connect", "auth", …: stable words for JSON. */
const char *error_kind_name(enum error_kind kind);
/* The process exit code for a kind, as in the man page's EXIT STATUS. */
int error_exit_code(enum error_kind kind);

#endif
