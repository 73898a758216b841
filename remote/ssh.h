/* What the SSH files share. libssh's types stay behind this header; nothing outside remote/ includes it. */
#ifndef REMOTE_SSH_H
#define REMOTE_SSH_H

#include "base/secret.h"
#include "base/str.h"
#include "remote/remote.h"

#include <libssh/libssh.h>

/* ---- cancel.c ---------------------------------------------------------------------------------------------------- */

/* A socket that is shut down when the token fires, so that a thread blocked in it comes back at once. */
struct remote_watch {
	struct remote_watch *next;
	int fd;
};
/* One more holder; returns t. */
struct remote_cancel_token *remote_token_ref(struct remote_cancel_token *t);
/* Any thread; once true it stays so. */
bool remote_token_fired(const struct remote_cancel_token *t);
/* Readable for ever once the token has fired. */
int remote_token_fd(const struct remote_cancel_token *t);
/* The watch stays linked until unwatched; fd must stay open that long. */
void remote_token_watch(struct remote_cancel_token *t, struct remote_watch *w, int fd);
void remote_token_unwatch(struct remote_cancel_token *t, struct remote_watch *w);
/* Sets ERROR_CANCELLED; -1. */
int remote_cancelled(struct error *err);

/* ---- dial.c ------------------------------------------------------------------------------------------------------ */

/*
 * Resolves and connects until deadline (clock_mono_ms). Returns a connected socket (close-on-exec, non-blocking,
 * keepalive and NODELAY set) or -1: ERROR_CONNECT with a hint, or ERROR_CANCELLED. name is for messages.
 */
int remote_dial(const char *name, const char *address, int port, struct remote_cancel_token *t, int64_t deadline,
	struct error *err);
/*
 * Waits for the server's first bytes without taking them. 0: it may be SSH. -1: ERROR_CONNECT says what it is instead.
 * *again is set when the server hung up without a word, which a busy sshd does at random (MaxStartups) and which is
 * worth another try.
 */
int remote_peek_banner(const char *name, const char *where, int fd, struct remote_cancel_token *t, int64_t deadline,
	bool *again, struct error *err);

/* ---- hostkeys.c -------------------------------------------------------------------------------------------------- */

struct remote_known_key {
	char *type, *base64;
	const char *file; /* lent from the config */
	int line;
	bool revoked;
	bool authority; /* @cert-authority: its key signs host certificates, which libssh cannot check */
	bool bare;      /* without the port: good when nothing is known of the name with it, as for OpenSSH */
};
/* What the known_hosts files say about one host. */
struct remote_known {
	struct remote_known_key *keys;
	size_t count;
};
enum remote_known_state { REMOTE_KNOWN_OK, REMOTE_KNOWN_NONE, REMOTE_KNOWN_CHANGED, REMOTE_KNOWN_REVOKED };

/* Adds the lines of a known_hosts text that are about address and port. revoked_only: only @revoked lines count. */
void remote_known_add(struct remote_known *k, const char *text, const char *file, const char *address, int port,
	bool revoked_only);
/* Reads our own file, then the others unless ours knows the host; @revoked lines of all. A missing file is empty. */
int remote_known_load(struct remote_known *k, const struct remote_ssh_config *c, struct error *err);
void remote_known_release(struct remote_known *k);
/* *where: the line that decided, or NULL. */
enum remote_known_state remote_known_check(const struct remote_known *k, const char *type, const char *base64,
	const struct remote_known_key **where);
/* The first line that trusts a certificate authority for the host, or NULL. */
const struct remote_known_key *remote_known_authority(const struct remote_known *k);
/* Host key algorithms in the order to offer: types that are known or pinned first, as a server has several. */
void remote_known_algorithms(const struct remote_known *k, const char *pin, struct str *out);
/* Whether the pin ("SHA256:…" or "type base64 …") is this key. */
bool remote_pin_matches(const char *pin, const char *type, const char *base64, const char *fingerprint);
/* Adds the key to file unless it is there under this name and port: atomically, among threads and processes. */
int remote_known_append(const char *file, const char *address, int port, const char *type, const char *base64,
	struct error *err);

/* ---- keys.c ------------------------------------------------------------------------------------------------------ */

/* A private key and, if PATH-cert.pub is there, the same key with its certificate. */
struct remote_key {
	struct remote_key *next;
	char *path;
	ssh_key key, certified;
};
/* NULL: not loaded. */
const struct remote_key *remote_keys_find(const struct remote_keys *k, const char *path);
enum remote_key_kind {
	REMOTE_KEY_PRIVATE,
	REMOTE_KEY_PUBLIC, /* names a key that the agent has, as IdentityFile of ssh_config does */
	REMOTE_KEY_DEVICE, /* the private half is on a FIDO device, which libssh does not speak to */
};
/* What a key file holds. What is not known counts as private: reading it says what is wrong with it. */
enum remote_key_kind remote_key_kind(const char *path);
/* The public half of the key in a file, or in the .pub file beside it; NULL: unknown. The caller frees. */
ssh_key remote_key_public(const char *path, bool *device);
/* What the certificate beside a key says against a login now, as a sentence's rest, or false. */
bool remote_certificate_fault(const char *path, const char *user, char *out, size_t size);
/* Reads a key file; passphrase may be NULL. ERROR_AUTH when it needs one, or another one. */
struct remote_key *remote_key_read(const char *path, const char *passphrase, bool *encrypted, struct error *err);
void remote_key_free(struct remote_key *key);

/* ---- ssh_open.c -------------------------------------------------------------------------------------------------- */

struct remote_link {
	struct remote base; /* first: a struct remote * is one of these */
	ssh_session session;
	int fd, own; /* libssh's socket, and our duplicate of it (see link_close) */
	struct remote_cancel_token *token;
	struct remote_watch watch;
	ssh_event event;
	struct ssh_counter_struct wire, packets; /* bytes that the socket took; packets that libssh made of ours */
	unsigned unasked;                        /* channels that the server wanted to open */
	char *server_key;                        /* "type base64", once verified */
	char *name, *where, *user;
	struct secret sudo;
	bool root;       /* the login is root */
	char mark[25];   /* random word on the line before a command's own output */
	bool no_forward; /* sshd was observed to forbid what tunnels want, and that they get on without it */
	int64_t session_ended; /* clock_mono_ms; 0: none has */
};

/*
 * Waits until the session's socket has something to do (200 ms at most, so that libssh's own buffers are looked at).
 * -1: cancelled, past the deadline (what names what was waited for), or the connection is gone.
 */
int remote_link_wait(struct remote_link *l, int64_t deadline, const char *what, struct error *err);
/* Also false when the server misuses the connection: opens channels, or lets our answers pile up unread. */
bool remote_link_alive(const struct remote_link *l);
/* Sets ERROR_CONNECT "the connection to … was lost", or ERROR_CANCELLED; -1. */
int remote_link_lost(struct remote_link *l, struct error *err);

/* ---- verify.c ---------------------------------------------------------------------------------------------------- */

/*
 * Checks the key that the server has shown, asks about an unknown one, and notes it in server_key. ERROR_HOSTKEY: it is
 * not to be trusted.
 */
int remote_link_verify(struct remote_link *l, const struct remote_ssh_config *c, const struct remote_known *known,
	struct error *err);

/* ---- way.c ------------------------------------------------------------------------------------------------------- */

/*
 * Opens a session's channel. 0; 1: the server refuses, and ssh_get_error says why; -1: err. *channel may be set in any
 * case: remote_link_session_free.
 */
int remote_link_session(struct remote_link *l, ssh_channel *channel, int64_t deadline, const char *what,
	struct error *err);
void remote_link_session_free(struct remote_link *l, ssh_channel channel);
/*
 * Opens a channel that ends at host:port as the host sees it. *relayed: through a command there; then
 * remote_link_session_free is for it. -1: ERROR_REFUSED (nobody listens), ERROR_UNREACHABLE, ERROR_NET (another failure
 * there), ERROR_BLOCKED (there is no way to ask), or the link's; *channel may be set.
 */
int remote_link_way(struct remote_link *l, ssh_channel *channel, bool *relayed, const char *host, int port,
	struct error *err);

/* ---- auth.c, offers.c, agent.c ----------------------------------------------------------------------------------- */

/* What became of each way to log in: the error is made of it. */
enum remote_offer {
	REMOTE_OFFER_REFUSED,
	REMOTE_OFFER_PARTIAL,   /* accepted, but the server asks for more */
	REMOTE_OFFER_UNSIGNED,  /* accepted, but the agent did not sign */
	REMOTE_OFFER_HUNG,      /* the agent did not answer */
	REMOTE_OFFER_FAULTY,    /* refused; why says what is wrong with its certificate */
	/* not offered: */
	REMOTE_OFFER_ENCRYPTED,
	REMOTE_OFFER_DEVICE,
	REMOTE_OFFER_UNUSABLE,  /* why says it */
	REMOTE_OFFER_BEYOND,    /* beyond the number that servers take */
};
struct remote_offers {
	struct remote_offer_line {
		char *name, *why;
		enum remote_offer outcome;
		bool agent; /* a key of the agent */
	} *lines;
	size_t count;
};
/* Notes what became of one; name and why (NULL: nothing more to say) are copied. */
void remote_offers_add(struct remote_offers *o, const char *name, bool agent, enum remote_offer outcome,
	const char *why);
/* Forgets all but the first. */
void remote_offers_cut(struct remote_offers *o, size_t count);
void remote_offers_release(struct remote_offers *o);
/* "A, 5 of the agent's 9 keys, the password": what the server was shown. */
void remote_offers_tried(const struct remote_offers *o, struct str *out);
/* Sets what, hint and detail of a login that the server refused; methods: those it still takes. Always -1. */
int remote_offers_error(const struct remote_offers *o, const struct remote_link *l, const struct remote_ssh_config *c,
	int methods, struct error *err);

/*
 * Shows the server what there is, in the order of remote_ssh_open, until it lets us in. ERROR_AUTH says what was shown;
 * else the link's errors. on_note hears of what the agent did not sign.
 */
int remote_login(struct remote_link *l, const struct remote_ssh_config *c, int64_t deadline, struct error *err);

enum { REMOTE_AGENT_KEYS_MAX = 256 };
struct remote_agent;
/*
 * A filter between libssh and the operator's agent: shows some of its keys, in our order, and ends a conversation that
 * the agent lets hang, which libssh itself would wait for without limit. NULL: there is no agent.
 */
struct remote_agent *remote_agent_open(struct remote_cancel_token *t, int64_t deadline);
/* Its keys, at most REMOTE_AGENT_KEYS_MAX. */
unsigned remote_agent_count(const struct remote_agent *a);
/* Lent; NULL: of a kind that libssh does not know. */
ssh_key remote_agent_key(const struct remote_agent *a, unsigned i, const char **comment);
/* The keys that libssh sees from now on: order[from] up to order[to - 1]. */
void remote_agent_show(struct remote_agent *a, const unsigned *order, unsigned from, unsigned to);
/* The place in order of the key that a signature was asked of last; whether it was refused; whether the agent hung. */
unsigned remote_agent_asked(struct remote_agent *a);
bool remote_agent_unsigned(struct remote_agent *a);
bool remote_agent_hung(struct remote_agent *a);
/* libssh's end; libssh closes it. */
int remote_agent_take_fd(struct remote_agent *a);
void remote_agent_free(struct remote_agent *a);

/* ---- ssh_exec.c, sudo.c, tunnel.c -------------------------------------------------------------------------------- */

/* exec and tunnel of struct remote_ops, by libssh. */
int remote_ssh_exec(struct remote *r, const struct remote_exec *x, int *status, struct error *err);
int remote_ssh_tunnel(struct remote *r, const char *host, int port, int (*use)(int fd, void *ctx, struct error *err),
	void *ctx, struct error *err);
/* The prompt sudo is to show, so that a question for the password differs from everything else. */
void remote_sudo_prompt(const char *mark, struct str *out);
/* Whether the text says, as cloud images do for root, that another user is to log in, and which. */
bool remote_other_user(const char *text, char *user, size_t size);
/* Why sudo did not run the command: by its status, its text, and how often it asked for a password. -1, ERROR_AUTH. */
int remote_sudo_error(const char *user, const char *host, bool have_password, int status, const char *text, int asked,
	struct error *err);

#endif
