/*
 * One host as seen from here: run something on it, reach through it, cancel.
 * The interface is a table of functions so that tests and local.c stand in for SSH.
 * A struct remote belongs to one thread; only remote_cancel may be called from another.
 */
#ifndef REMOTE_REMOTE_H
#define REMOTE_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct str;
struct secret;
struct remote;

/* Called with pieces of stderr as they come (not line-aligned, not NUL-terminated, any bytes). */
typedef void remote_output_fn(const char *data, size_t len, void *ctx);

struct remote_exec {
	/*
	 * Run by /bin/sh, which the login shell starts, as root (through sudo when the login is not root). NULL: "exec
	 * /bin/sh -s". Never holds data or secrets. What the login shell itself prints to stdout is dropped; input is
	 * not sent before sudo has made us root.
	 */
	const char *command;
	const void *input;     /* stdin, then EOF; may be NULL */
	size_t input_len;
	struct str *out;       /* stdout is appended here; NULL: dropped */
	size_t out_max;        /* 0: 16 MiB. More is ERROR_PROTOCOL */
	remote_output_fn *on_stderr; /* may be NULL */
	void *ctx;
	int64_t timeout_ms;    /* 0: 60 s. Of the whole exec */
	bool as_user;          /* do not become root */
};

struct remote_ops {
	int (*exec)(struct remote *r, const struct remote_exec *x, int *status, struct error *err);
	int (*tunnel)(struct remote *r, const char *host, int port, int (*use)(int fd, void *ctx, struct error *err),
		void *ctx, struct error *err);
	void (*cancel)(struct remote *r);
	void (*free)(struct remote *r);
	bool (*alive)(struct remote *r); /* NULL: always */
	bool (*relays)(struct remote *r); /* NULL: never */
};
struct remote {
	const struct remote_ops *ops;
	unsigned execs; /* counted, for the figures */
};

/*
 * Runs it to its end. 0 with *status = exit status (128 + N for a signal), or -1: link lost (ERROR_CONNECT), cancelled,
 * time-out, sudo refused (ERROR_AUTH with a hint), too much output. A non-zero status is not an error here.
 */
int remote_exec(struct remote *r, const struct remote_exec *x, int *status, struct error *err);
/*
 * Opens a TCP connection from the host to host:port (as the host sees it) and calls use(fd) in a thread of its own,
 * while the caller's thread moves the bytes; returns what use returned. Where the host's sshd forbids forwarding, a
 * command there connects (bash's /dev/tcp). Nobody listens there: ERROR_REFUSED. No packet comes back:
 * ERROR_UNREACHABLE. There is no way to ask, which says nothing of whom was to be asked: ERROR_BLOCKED. A lost link to
 * the host itself: ERROR_CONNECT. fd is a stream socket that use may read, write and shut down but not close.
 */
int remote_tunnel(struct remote *r, const char *host, int port, int (*use)(int fd, void *ctx, struct error *err),
	void *ctx, struct error *err);
/* Whether tunnels go by a command on the host, as was seen when one was opened. */
bool remote_relays(struct remote *r);
/* Makes the running and every later call end at once with ERROR_CANCELLED. Any thread. */
void remote_cancel(struct remote *r);
void remote_free(struct remote *r); /* NULL is fine */
/*
 * Whether the connection stands, as far as can be seen without a round trip: false once the other end has closed or
 * reset it. By the thread that owns it.
 */
bool remote_alive(struct remote *r);

/* ---- scripts: what runs on servers and how it answers ---------------------------------------------------------- */

/*
 * A script is POSIX sh text that defines functions and ends by calling its main function on its last line. Parameters
 * are shell variables set before it, on stdin. It answers with lines "word=value" on stdout through the prelude's
 * functions:
 *   say WORD VALUE     "word=value"; with anything but printable ASCII in it the value goes as base64 by itself
 *   say64 WORD         "word:base64" of its stdin
 * between a nonce line "<nonce> begin" and "<nonce> end"; anything outside is noise and dropped. What its commands
 * print to stdout goes to stderr, so that it cannot be taken for an answer (say writes to descriptor 3).
 */
struct remote_param {
	const char *name;  /* [a-z_][a-z0-9_]* */
	const char *value; /* any bytes but NUL; NULL: "" */
};
struct remote_answer_line {
	char *word, *value; /* value decoded, NUL-terminated after len */
	size_t len;
};
struct remote_answer {
	struct remote_answer_line *lines; /* as they came */
	size_t count;
	unsigned *order; /* of lines, by word; NULL: there are none */
};

/*
 * Runs a script as root. words: NULL-terminated list of the words it may answer ("unit.*" allows a prefix); another
 * one, a missing end, bad encoding or more than 4 MiB is ERROR_PROTOCOL. A non-zero status is ERROR_COMMAND whose what
 * is the value of the answer's "error" word if given (else "exit status N"), whose hint is the value of "hint", and
 * whose detail is the tail of stderr. Values are safe for a terminal (str_add_printable), in as many lines as they
 * have; those of "error", "hint" and of a word that stands in the list as "-word" are one line, those of "=word" are
 * left as they came, any bytes, for what is compared or parsed and never shown. answer may be NULL; else it is filled
 * (also when the script failed after answering) and the caller releases it.
 */
int remote_script(struct remote *r, const char *name, const char *script, const struct remote_param *params,
	size_t param_count, const char *const *words, struct remote_answer *answer, remote_output_fn *on_stderr,
	void *ctx, int64_t timeout_ms, struct error *err);
/* Builds what remote_script sends; wipe it when params hold secrets. */
void remote_script_text(struct str *out, const char *nonce, const char *script, const struct remote_param *params,
	size_t param_count);
/* Parses what came back: pure, fuzzed. */
int remote_answer_parse(struct remote_answer *a, const char *nonce, const char *data, size_t len,
	const char *const *words, struct error *err);
void remote_answer_release(struct remote_answer *a);
/* The first line with the word, or its value; NULL: there is none. Lent until the answer is changed. */
const struct remote_answer_line *remote_answer_find(const struct remote_answer *a, const char *word);
const char *remote_answer_get(const struct remote_answer *a, const char *word);
/* Puts another value in the place of the first one of a word, or adds a line. */
void remote_answer_set(struct remote_answer *a, const char *word, const char *value);

/* ---- opening ---------------------------------------------------------------------------------------------------- */

enum remote_hostkey_verdict {
	REMOTE_HOSTKEY_ACCEPT, /* and remember */
	REMOTE_HOSTKEY_REFUSE,
};
/*
 * Asked for an unknown key (never for a changed or revoked one). fingerprint: "SHA256:…", type: "ssh-ed25519". note: a
 * sentence on why it is unknown although known_hosts speaks of the host, or NULL. Host's thread; may block.
 */
typedef enum remote_hostkey_verdict remote_hostkey_fn(
	const char *host, const char *type, const char *fingerprint, const char *note, void *ctx);

struct remote_keys;
/* Keys that were read and decrypted once, shared by all sessions; made before the threads start. */
struct remote_keys *remote_keys_new(void);
void remote_keys_free(struct remote_keys *k);
/* Loads path unless it is loaded. passphrase may be NULL; a key that needs one is ERROR_AUTH saying so. */
int remote_keys_load(struct remote_keys *k, const char *path, const char *passphrase, struct error *err);
/* Whether the file needs a passphrase; -1 when it cannot be read. */
int remote_keys_encrypted(const char *path, struct error *err);

struct remote_cancel_token;
/* A place to cancel before the struct remote exists: dialling is cancelled too. Each holder frees its reference. */
struct remote_cancel_token *remote_cancel_token_new(void);
void remote_cancel_token_fire(struct remote_cancel_token *t); /* any thread; for good */
void remote_cancel_token_free(struct remote_cancel_token *t);

struct remote_ssh_config {
	const char *name;     /* host's name in the inventory, for messages */
	const char *address;  /* what to dial: IP or DNS name */
	int port;
	const char *user;
	const char *key;      /* NULL: agent and ~/.ssh/id_{ed25519,ecdsa,rsa} */
	bool agent;
	const struct remote_keys *keys; /* loaded ones; may be NULL */
	const struct secret *password;  /* NULL or none: no password login */
	const struct secret *sudo;      /* NULL or none: sudo must not need one */
	const char *host_key;           /* pinned; NULL: known_hosts */
	const char *known_hosts;        /* our own file; appended to atomically */
	/* the operator's and the machine's, read only; ends with NULL; NULL: none */
	const char *const *other_known_hosts;
	remote_hostkey_fn *on_unknown_key;
	void (*on_note)(const char *text, void *ctx); /* what a login that worked leaves to say; may be NULL */
	void *ctx;
	struct remote_cancel_token *cancel; /* may be NULL */
	int connect_timeout_ms;             /* 0: 10 s for TCP, 20 s until logged in */
};
/*
 * Dials, verifies the host key, logs in: with the named key, else with the agent's (five at most), else (no key named)
 * with those of ~/.ssh, else with the password, each once. Nothing ever prompts. Errors: ERROR_CONNECT (refused, no
 * route, timed out, no such name, not SSH, closed early), ERROR_HOSTKEY (changed: says what to do after a reinstall;
 * revoked; unknown and refused), ERROR_AUTH. All carry hints.
 */
struct remote *remote_ssh_open(const struct remote_ssh_config *c, struct error *err);
/*
 * The key that the host's server shows, verified as for a login: "ssh-ed25519 AAAA…". Does not log in. The caller
 * frees; NULL: err.
 */
char *remote_ssh_host_key(const struct remote_ssh_config *c, struct error *err);
/* This machine, by fork and exec; for tests. root is assumed. */
struct remote *remote_local_open(void);
/* ssh_init and friends; once, before threads. */
void remote_init(void);
/* "libssh 0.10.6/openssl/zlib" for --version; in a static buffer, not for threads. */
const char *remote_library(void);

#endif
