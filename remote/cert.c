/* A user certificate's limits (PROTOCOL.certkeys of OpenSSH): a server that refuses one does not say why. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "remote/ssh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CERT_FILE_MAX = 1 << 20 };

struct blob {
	const unsigned char *at;
	size_t left;
	bool broken;
};

static uint64_t take(struct blob *b, size_t bytes)
{
	uint64_t v = 0;

	if (b->left < bytes)
		b->broken = true;
	for (size_t i = 0; !b->broken && i < bytes; i++)
		v = v << 8 | b->at[i];
	b->at += b->broken ? 0 : bytes;
	b->left -= b->broken ? 0 : bytes;
	return v;
}

static struct blob take_string(struct blob *b)
{
	struct blob s = { b->at + 4, take(b, 4), b->broken };

	if (b->broken || b->left < s.left) {
		b->broken = true;
		return (struct blob){ NULL, 0, true };
	}
	b->at += s.left;
	b->left -= s.left;
	return s;
}

/* Strings between the nonce and the serial number, by the key's kind; -1: unknown. */
static int key_strings(const struct blob *type)
{
	static const struct {
		const char *name;
		int strings;
	} kinds[] = { { "ssh-ed25519-cert-v01@openssh.com", 1 }, { "ssh-rsa-cert-v01@openssh.com", 2 },
		{ "ecdsa-sha2-nistp256-cert-v01@openssh.com", 2 }, { "ecdsa-sha2-nistp384-cert-v01@openssh.com", 2 },
		{ "ecdsa-sha2-nistp521-cert-v01@openssh.com", 2 }, { "sk-ssh-ed25519-cert-v01@openssh.com", 2 },
		{ "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", 3 } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (type->left == strlen(kinds[i].name) && memcmp(type->at, kinds[i].name, type->left) == 0)
			return kinds[i].strings;
	return -1;
}

static void say_time(const char *what, uint64_t when, char *out, size_t size)
{
	time_t t = (time_t)when;
	char day[32] = "";
	struct tm tm;

	if (localtime_r(&t, &tm))
		strftime(day, sizeof(day), "%Y-%m-%d %H:%M", &tm);
	snprintf(out, size, "%s %s", what, day);
}

/* None means any, by sshd's default: none. */
static bool names_user(struct blob principals, const char *user, struct str *all)
{
	bool hit = false;

	while (principals.left > 0 && !principals.broken) {
		struct blob p = take_string(&principals);

		hit = hit || (!p.broken && p.left == strlen(user) && memcmp(p.at, user, p.left) == 0);
		if (!p.broken && all->len < 100) {
			str_add(all, all->len ? ", " : "");
			str_add_printable(all, (const char *)p.at, p.left > 40 ? 40 : p.left);
		}
	}
	return hit;
}

static bool fault(struct blob b, const char *user, char *out, size_t size)
{
	struct blob type = take_string(&b), principals;
	int strings = type.broken ? -1 : key_strings(&type);
	uint64_t now = (uint64_t)time(NULL), kind, after, before;
	struct str all = STR_INIT;
	bool bad = true;

	for (int i = 0; i < 1 + strings; i++)
		take_string(&b);
	take(&b, 8);
	kind = take(&b, 4);
	take_string(&b);
	principals = take_string(&b);
	after = take(&b, 8);
	before = take(&b, 8);
	if (strings < 0 || b.broken)
		return false;
	if (kind != 1)
		snprintf(out, size, "is for hosts, not for users");
	else if (now >= before)
		say_time("expired on", before, out, size);
	else if (now < after)
		say_time("is not valid before", after, out, size);
	else if (!names_user(principals, user, &all))
		snprintf(out, size, "is for the login %s, not for %s", all.len ? all.buf : "no login", user);
	else
		bad = false;
	str_release(&all);
	return bad;
}

bool remote_certificate_fault(const char *path, const char *user, char *out, size_t size)
{
	char *cert = xasprintf("%s-cert.pub", path);
	struct str text = STR_INIT, blob = STR_INIT;
	const char *start;
	bool bad = false;

	if (file_read(cert, CERT_FILE_MAX, &text, NULL) == 0 && (start = strchr(text.buf, ' ')) != NULL) {
		start++;
		bad = str_add_unbase64(&blob, start, strcspn(start, " \t\r\n")) == 0 &&
		      fault((struct blob){ (const unsigned char *)blob.buf, blob.len, false }, user, out, size);
	}
	str_release(&text);
	str_release(&blob);
	free(cert);
	return bad;
}
