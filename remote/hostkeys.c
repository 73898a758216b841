/*
 * Host keys, by OpenSSH's known_hosts format (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). Our own logic, because libssh ignores @revoked
 * lines, takes a changed key when an option says so, and appends without a lock. libssh only matches hashed names.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "remote/ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define KNOWN_HOSTS_MAX (16 << 20)

/* The name under which a host stands in known_hosts. */
static char *known_name(const char *address, int port)
{
	char *name = port == 22 ? xstrdup(address) : xasprintf("[%s]:%d", address, port);

	for (char *p = name; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return name;
}

/* The next word of *p, or NULL. Cuts the text. */
static char *next_word(char **p)
{
	char *start = *p + strspn(*p, " \t\r");

	if (!*start)
		return NULL;
	*p = start + strcspn(start, " \t\r");
	if (**p)
		*(*p)++ = '\0';
	return start;
}

/* '*' and '?' as OpenSSH's match_pattern has them (brackets are plain); case does not count. name is lower-case already. */
static bool glob_matches(const char *p, size_t n, const char *name)
{
	for (; n > 0; p++, n--, name++) {
		char c = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;

		if (c == '*') {
			while (n > 1 && p[1] == '*')
				p++, n--;
			do {
				if (glob_matches(p + 1, n - 1, name))
					return true;
			} while (*name++);
			return false;
		}
		if (!*name || (c != '?' && c != *name))
			return false;
	}
	return *name == '\0';
}

/* A hashed name: HMAC-SHA1, which libssh knows how to do. */
static bool hash_matches(const char *pattern, const char *name, const char *type, const char *base64)
{
	struct ssh_knownhosts_entry *entry = NULL;
	char *line = xasprintf("%s %s %s", pattern, type, base64);
	int rc = ssh_known_hosts_parse_line(name, line, &entry);

	ssh_knownhosts_entry_free(entry);
	free(line);
	return rc == SSH_OK;
}

/* A list of patterns matches when one does and none that is negated does. */
static bool list_matches(const char *list, const char *name)
{
	bool hit = false;

	while (*list) {
		size_t n = strcspn(list, ",");
		bool negated = *list == '!';

		if (glob_matches(list + negated, n - negated, name)) {
			if (negated)
				return false;
			hit = true;
		}
		list += n + (list[n] == ',');
	}
	return hit;
}

static bool pattern_matches(const char *pattern, const char *name, const char *type, const char *base64)
{
	return pattern[0] == '|' ? hash_matches(pattern, name, type, base64) : list_matches(pattern, name);
}

/* bare: the name without the port, or NULL when that is its name anyway. */
static void add_line(struct remote_known *k, char *line, struct remote_known_key key, const char *name,
	const char *bare, bool revoked_only)
{
	char *p = line, *pattern = next_word(&p);

	if (!pattern || pattern[0] == '#')
		return;
	if (pattern[0] == '@') {
		key.revoked = strcmp(pattern, "@revoked") == 0;
		key.authority = strcmp(pattern, "@cert-authority") == 0;
		pattern = key.revoked || key.authority ? next_word(&p) : NULL;
	}
	if (!pattern || (revoked_only && !key.revoked))
		return;
	key.type = next_word(&p);
	key.base64 = next_word(&p);
	if (!key.type || !key.base64)
		return;
	if (!pattern_matches(pattern, name, key.type, key.base64)) {
		if (!bare || !pattern_matches(pattern, bare, key.type, key.base64))
			return;
		key.bare = true;
	}
	key.type = xstrdup(key.type);
	key.base64 = xstrdup(key.base64);
	k->keys = xrealloc(k->keys, k->count + 1, sizeof(*k->keys));
	k->keys[k->count++] = key;
}

void remote_known_add(
	struct remote_known *k, const char *text, const char *file, const char *address, int port, bool revoked_only)
{
	char *name = known_name(address, port), *bare = port == 22 ? NULL : known_name(address, 22);
	struct remote_known_key key = { .file = file };

	while (*text) {
		size_t len = strcspn(text, "\n");
		char *line = xstrndup(text, len);

		key.line++;
		add_line(k, line, key, name, bare, revoked_only);
		free(line);
		text += len + (text[len] == '\n');
	}
	free(name);
	free(bare);
}

/* A file that is not there is empty; one that cannot be read to its end is an error: it may hold a revocation. */
static int read_known(const char *path, struct str *out, struct error *err)
{
	str_clear(out);
	if (!path || (access(path, F_OK) != 0 && errno == ENOENT))
		return 0;
	if (file_read(path, KNOWN_HOSTS_MAX, out, err) != 0)
		return -1;
	if (!memchr(out->buf, '\0', out->len))
		return 0;
	error_set(err, ERROR_SYSTEM, "'%s' is damaged: it has a NUL byte, at byte %zu", path, strlen(out->buf) + 1);
	return error_hint(
		err, "remove the byte with an editor, and check the lines around it: one of them may revoke a key");
}

/* Whether the host's own name and port stand there: then what other files say of it does not count. */
static bool knows(const struct remote_known *k)
{
	for (size_t i = 0; i < k->count; i++)
		if (!k->keys[i].revoked && !k->keys[i].authority && !k->keys[i].bare)
			return true;
	return false;
}

int remote_known_load(struct remote_known *k, const struct remote_ssh_config *c, struct error *err)
{
	struct str text = STR_INIT;
	int rc = read_known(c->known_hosts, &text, err);
	bool ours;

	if (rc == 0)
		remote_known_add(k, text.buf, c->known_hosts, c->address, c->port, false);
	ours = knows(k);
	for (const char *const *file = c->other_known_hosts; rc == 0 && file && *file; file++) {
		rc = read_known(*file, &text, err);
		if (rc == 0)
			remote_known_add(k, text.buf, *file, c->address, c->port, ours);
	}
	str_release(&text);
	return rc;
}

void remote_known_release(struct remote_known *k)
{
	for (size_t i = 0; i < k->count; i++) {
		free(k->keys[i].type);
		free(k->keys[i].base64);
	}
	free(k->keys);
	*k = (struct remote_known){ 0 };
}

enum remote_known_state remote_known_check(
	const struct remote_known *k, const char *type, const char *base64, const struct remote_known_key **where)
{
	enum remote_known_state state = REMOTE_KNOWN_NONE;
	const struct remote_known_key *bare = NULL;

	*where = NULL;
	for (size_t i = 0; i < k->count; i++) {
		const struct remote_known_key *key = &k->keys[i];
		bool same = strcmp(key->type, type) == 0 && strcmp(key->base64, base64) == 0;

		if (same && key->revoked) {
			*where = key;
			return REMOTE_KNOWN_REVOKED;
		}
		if (key->revoked || key->authority || state == REMOTE_KNOWN_OK)
			continue;
		if (key->bare) {
			bare = same ? key : bare;
			continue;
		}
		/* a host that is known by keys of other types only counts as changed: it has let go of all of them */
		state = same ? REMOTE_KNOWN_OK : REMOTE_KNOWN_CHANGED;
		if (same || !*where || strcmp((*where)->type, type) != 0)
			*where = key;
	}
	if (state != REMOTE_KNOWN_NONE || !bare)
		return state;
	*where = bare;
	return REMOTE_KNOWN_OK;
}

const struct remote_known_key *remote_known_authority(const struct remote_known *k)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->keys[i].authority)
			return &k->keys[i];
	return NULL;
}

static const struct {
	const char *type, *algorithm;
} algorithms[] = {
	{ "ssh-ed25519", "ssh-ed25519" },
	{ "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256" },
	{ "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384" },
	{ "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521" },
	{ "ssh-rsa", "rsa-sha2-512,rsa-sha2-256" },
};

static bool wanted(const struct remote_known *k, const char *pin, const char *type)
{
	size_t n = strlen(type);
	bool bare = !knows(k);

	if (pin)
		return strncmp(pin, type, n) == 0 && (pin[n] == ' ' || pin[n] == '\t');
	for (size_t i = 0; i < k->count; i++) {
		const struct remote_known_key *key = &k->keys[i];

		if (!key->revoked && !key->authority && key->bare == bare && strcmp(key->type, type) == 0)
			return true;
	}
	return false;
}

void remote_known_algorithms(const struct remote_known *k, const char *pin, struct str *out)
{
	for (int known = 1; known >= 0; known--)
		for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
			if (wanted(k, pin, algorithms[i].type) == (known == 1))
				str_addf(out, "%s%s", out->len ? "," : "", algorithms[i].algorithm);
}

bool remote_pin_matches(const char *pin, const char *type, const char *base64, const char *fingerprint)
{
	char *copy, *p, *pinned_type, *pinned_key;
	bool same;

	if (strncmp(pin, "SHA256:", 7) == 0) {
		size_t n = strlen(pin);

		/* OpenSSH leaves base64's padding out; some tools do not */
		while (n > 7 && pin[n - 1] == '=')
			n--;
		return strncmp(pin, fingerprint, n) == 0 && fingerprint[n] == '\0';
	}
	p = copy = xstrdup(pin);
	pinned_type = next_word(&p);
	pinned_key = next_word(&p);
	same = pinned_type && pinned_key && strcmp(pinned_type, type) == 0 && strcmp(pinned_key, base64) == 0;
	free(copy);
	return same;
}

static pthread_mutex_t append_mutex = PTHREAD_MUTEX_INITIALIZER;

/* Whether the text has the key under the host's own name. */
static bool has_key(const char *text, const char *address, int port, const char *type, const char *base64)
{
	struct remote_known k = { 0 };
	const struct remote_known_key *where;
	bool has;

	remote_known_add(&k, text, NULL, address, port, false);
	has = remote_known_check(&k, type, base64, &where) == REMOTE_KNOWN_OK && !where->bare;
	remote_known_release(&k);
	return has;
}

static int append_locked(
	const char *file, const char *address, int port, const char *type, const char *base64, struct error *err)
{
	struct str text = STR_INIT;
	char *name;
	int rc = read_known(file, &text, err);

	if (rc == 0 && !has_key(text.buf, address, port, type, base64)) {
		name = known_name(address, port);
		if (text.len > 0 && text.buf[text.len - 1] != '\n')
			str_addc(&text, '\n');
		str_addf(&text, "%s %s %s\n", name, type, base64);
		if (has_key(text.buf, address, port, type, base64))
			rc = file_write(file, text.buf, text.len, 0600, err);
		else
			rc = error_set(err, ERROR_SYSTEM, "'%s' cannot hold the host key of %s", file, name);
		free(name);
	}
	str_release(&text);
	return rc;
}

int remote_known_append(
	const char *file, const char *address, int port, const char *type, const char *base64, struct error *err)
{
	char *copy = xstrdup(file), *dir = dirname(copy);
	int fd = -1, rc = file_mkdirs(dir, 0700, err);

	pthread_mutex_lock(&append_mutex);
	if (rc == 0) {
		/* the directory is what stays when the file is replaced */
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || flock(fd, LOCK_EX) != 0)
			rc = error_errno(err, ERROR_SYSTEM, errno, "cannot lock '%s'", dir);
	}
	if (rc == 0)
		rc = append_locked(file, address, port, type, base64, err);
	if (fd >= 0)
		close(fd);
	pthread_mutex_unlock(&append_mutex);
	free(copy);
	return rc;
}
