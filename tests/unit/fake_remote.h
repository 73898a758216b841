/*
 * A host made of a function: decides each exec's answer, counts calls, and can lose the connection at the n-th. A
 * struct fake_host stands for the server and outlives connections; the remotes made from it share its counters. Hosts
 * may be used from one thread each; broken may be set and remote_cancel called from any.
 */
#ifndef TESTS_FAKE_REMOTE_H
#define TESTS_FAKE_REMOTE_H

#include "base/error.h"
#include "base/str.h"
#include "remote/remote.h"

#include <stdatomic.h>

struct fake_host;

/*
 * Answers one exec: appends to out (stdout) and log (stderr) and returns the exit status, or -1 with err set for a
 * failure of the connection. call counts from 1 over the host's life.
 */
typedef int fake_exec_fn(struct fake_host *h, unsigned call, const struct remote_exec *x, struct str *out,
	struct str *log, struct error *err);

/* A tunnel from the host: connects, calls use with the socket, and returns what it returned. */
typedef int fake_tunnel_fn(struct fake_host *h, const char *address, int port,
	int (*use)(int fd, void *ctx, struct error *err), void *ctx, struct error *err);

struct fake_host {
	fake_tunnel_fn *tunnel; /* NULL: there is no way through */
	fake_exec_fn *fn;      /* NULL: an empty answer, status 0 */
	void *ctx;
	unsigned fail_at;      /* this call loses the connection before it runs; 0: never */
	unsigned fail_after;   /* this call runs, and then the connection is lost: the answer never comes; 0: never */
	enum error_kind fail_kind; /* of these failures; 0: ERROR_CONNECT */
	const char *name;
	atomic_uint calls;     /* execs, also failed ones */
	atomic_uint opens, frees, cancels;
	atomic_bool broken;    /* every call fails while set */
};

/* A connection to the host. It fails for ever after its first failure, as a real one does. */
struct remote *fake_remote_open(struct fake_host *h);

/* ---- answering scripts ------------------------------------------------------------------------------------------- */

/* Whether the exec is a script of remote_script. */
bool fake_is_script(const struct remote_exec *x);
/* Whether its text contains this: distinguishes scripts. */
bool fake_has(const struct remote_exec *x, const char *text);
/* The value that a parameter of the script has, into out; false when it is not set. */
bool fake_param(const struct remote_exec *x, const char *name, struct str *out);
/* An answer: begin, any number of fake_say, end. Without the end it is one that was cut. */
void fake_begin(struct str *out, const struct remote_exec *x);
void fake_say(struct str *out, const char *word, const char *value);
void fake_end(struct str *out, const struct remote_exec *x);

#endif
