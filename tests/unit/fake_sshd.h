/*
 * A real sshd on 127.0.0.1 with host keys, users and sudo rules of its own, in a mount namespace where its files lie
 * over /etc/passwd, /etc/shadow, /etc/group, /etc/sudoers and /run: the machine itself is not changed.
 * Users: root; ops (sudo with password); free (sudo without); plain (no sudo rule); term (requiretty); bare (no sudo in
 * PATH); noisy (its .bashrc talks); closed (shell is nologin); tick (sudo with password, which it remembers for all
 * sessions); nox (sudo, but what it starts may start nothing); cloud (says that another user is meant, as cloud images
 * do for root). All have the password SSHD_PASSWORD and take the key "id".
 */
#ifndef TESTS_FAKE_SSHD_H
#define TESTS_FAKE_SSHD_H

#include <stdbool.h>
#include <sys/types.h>

#define SSHD_PASSWORD "right horse"

struct sshd {
	/* keys: id, locked (passphrase "open sesame"), other (not authorised), agent's own; known_hosts; log */
	char dir[64];
	int port;
	pid_t pid, agent; /* agent: 0: none */
	char path[64][128]; /* buffers of sshd_path */
	unsigned used;
};

/* Why it cannot run here, or NULL. */
const char *sshd_missing(void);
/* Makes the keys that all servers of this process and its children share; else the first start does. */
void sshd_make_keys(void);
/* Starts it and waits until it listens; extra: more lines for sshd_config. Dies (exit 1) when that fails. */
void sshd_start(struct sshd *s, const char *extra);
/* Path of a file in its directory; lent, one of 64 that take turns. */
const char *sshd_path(struct sshd *s, const char *name);
/* Ends it and all its children, removes its directory. */
void sshd_stop(struct sshd *s);
/* The text of its public host key of a type ("ed25519"): "ssh-ed25519 AAAA…". The caller frees. */
char *sshd_host_key(struct sshd *s, const char *type);
/*
 * Starts an empty agent, which ends with this process however that ends, and holds nothing of it open; SSH_AUTH_SOCK
 * names it. One at a time; sshd_stop ends it too.
 */
void sshd_agent_start(struct sshd *s);
void sshd_agent_stop(struct sshd *s);
/* Kills the children of the listener (each a connection) with SIGKILL; returns how many. */
int sshd_cut(const struct sshd *s);
/* Stops them instead: connections that are open and silent. */
void sshd_freeze(const struct sshd *s);
/* A TCP listener on 127.0.0.1; *port is set. */
int listen_any(int *port, int backlog);

#endif
