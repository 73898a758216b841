/* Is a text a sound value of a field? By the field's type; rules.c has what single fields want beyond it. */
#include "inventory/private.h"

#include "base/file.h"
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_LENGTH = 63 };

#define SAY(...) arena_printf(&l->arena, __VA_ARGS__)

typedef const char *text_check(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out);

static const char *last_word(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

bool inventory_is_label(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n > NAME_MAX_LENGTH || text[0] == '-' || text[n - 1] == '-')
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

bool inventory_is_domain(const char *text)
{
	char label[64];
	size_t all = strlen(text), n;

	if (all == 0 || all > 253)
		return false;
	for (;; text += n + 1) {
		n = strcspn(text, ".");
		if (n >= sizeof(label))
			return false;
		memcpy(label, text, n);
		label[n] = '\0';
		if (!inventory_is_label(label))
			return false;
		if (!text[n])
			return true;
	}
}

static const char *check_string(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out)
{
	bool lines = field->choices && strcmp(field->choices, "lines") == 0;
	struct str s = STR_INIT;
	bool same;

	(void)out;
	if (!*text)
		return SAY("'%s' is empty", last_word(field->path));
	str_add_printable(&s, text, strlen(text));
	same = strcmp(s.buf, text) == 0;
	str_release(&s);
	if (!same || (!lines && strpbrk(text, "\n\t")))
		return SAY("'%s' must be one line of printable text", last_word(field->path));
	return NULL;
}

/* Kubernetes takes a DNS name, and keeps it in a label of the Node (kubernetes.io/hostname) too, which takes no more. */
bool inventory_is_node_name(const char *text)
{
	return inventory_is_domain(text) && strlen(text) <= NAME_MAX_LENGTH;
}

static const char *check_name(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out)
{
	(void)field;
	(void)out;
	if (inventory_is_label(text))
		return NULL;
	if (strlen(text) > NAME_MAX_LENGTH)
		return SAY("this name has %zu characters; at most %d are allowed", strlen(text), NAME_MAX_LENGTH);
	if (strpbrk(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		return SAY("'%s' is not a name: capitals are not allowed", inventory_shown(l, text));
	return SAY("'%s' is not a name: use a-z, 0-9 and '-', with a letter or digit at both ends",
		inventory_shown(l, text));
}

static const char *check_node(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out)
{
	if (inventory_is_node_name(text))
		return NULL;
	if (!strchr(text, '.') || strlen(text) > NAME_MAX_LENGTH || strpbrk(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		return check_name(l, field, text, out);
	return SAY(
		"'%s' is not a Node name: between its dots use a-z, 0-9 and '-', with a letter or digit at both ends",
		inventory_shown(l, text));
}

static const char *check_version(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out)
{
	const char *p = text + (*text == 'v'), *shown = inventory_shown(l, text);
	int parts = 0;

	(void)field;
	(void)out;
	for (;;) {
		size_t n = strspn(p, "0123456789");

		if (n == 0 || n > 4 || (n > 1 && *p == '0'))
			break;
		parts++;
		p += n;
		if (*p != '.' || parts == 3)
			break;
		p++;
	}
	if (*p || parts < 2)
		return SAY("'%s' is not a version; write it as 1.36.2 or 1.36", shown);
	return *text == 'v' ? SAY("write '%s' without the 'v': %s", shown, shown + 1) : NULL;
}

/* "10.0.0.011" -> "10.0.0.11": some take such a number for octal. */
static const char *without_zeros(struct inventory_load *l, const char *text)
{
	char *out = arena_strdup(&l->arena, text), *to = out;

	for (const char *p = text; *p; p++)
		if (*p != '0' || (p > text && p[-1] != '.' && to > out && to[-1] != '.') ||
			!isdigit((unsigned char)p[1]))
			*to++ = *p;
	*to = '\0';
	return out;
}

static const char *check_address(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out)
{
	const char *shown = inventory_shown(l, text);
	unsigned a;

	(void)field;
	(void)out;
	if (strchr(text, ':') && strspn(text, "0123456789abcdefABCDEF:.%/") == strlen(text))
		return SAY("'%s': IPv6 is not supported yet", shown);
	if (strchr(text, '/'))
		return SAY("'%s' is not an IPv4 address: remove the '/…'", shown);
	if (!inventory_ipv4(text, &a)) {
		const char *plain = without_zeros(l, text);

		return inventory_ipv4(plain, &a) ? SAY("'%s' has a number with leading zeros: write '%s'", shown, plain)
						 : SAY("'%s' is not an IPv4 address", shown);
	}
	if (a >> 24 == 0 || a >> 24 == 127 || a >> 28 >= 14 || a >> 16 == 0xa9fe)
		return SAY("'%s' is not an address that other hosts can reach", shown);
	return NULL;
}

static const char *check_cidr(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out)
{
	const char *shown = inventory_shown(l, text);
	struct inventory_net net;
	unsigned a;
	char base[16];

	(void)field;
	(void)out;
	if (strchr(text, ','))
		return SAY("'%s': several networks (dual stack) are not supported yet", shown);
	if (strchr(text, ':'))
		return SAY("'%s': IPv6 is not supported yet", shown);
	if (inventory_ipv4(text, &a))
		return SAY("'%s' is not a network: add its length, as in %s/16", shown, shown);
	if (!inventory_net(text, &net))
		return SAY("'%s' is not a network; write it as 10.244.0.0/16", shown);
	if ((net.address & ~net.mask) && inventory_cidr_nth(text, 0, base) == 0)
		return SAY("'%s' has bits beyond its length; did you mean '%s/%d'?", shown, base, net.bits);
	if (net.address >> 24 == 127 || net.address >> 28 >= 14 || net.bits == 0)
		return SAY("'%s' is not a usable network for a cluster", shown);
	return NULL;
}

static const char *check_port(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out)
{
	(void)field;
	(void)out;
	if (!*text || strlen(text) > 5 || strspn(text, "0123456789") != strlen(text) || text[0] == '0' ||
		atoi(text) > 65535)
		return SAY("'%s' is not a port; use a number from 1 to 65535", inventory_shown(l, text));
	return NULL;
}

/* Without leading zeros. */
static bool is_number_to(const char *text, int max)
{
	return *text && strlen(text) <= 4 && strspn(text, "0123456789") == strlen(text) && text[0] != '0' &&
	       atoi(text) <= max;
}

static const char *check_count(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out)
{
	(void)out;
	if (!is_number_to(text, 1000))
		return SAY(
			"'%s' is a number from 1 to 1000, not '%s'", last_word(field->path), inventory_shown(l, text));
	return NULL;
}

static const char *check_days(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out)
{
	(void)field;
	(void)out;
	if (!is_number_to(text, 3650))
		return SAY("'%s' is not a number of days; use one from 1 to 3650", inventory_shown(l, text));
	return NULL;
}

static const char *check_bool(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out)
{
	static const char *const yes[] = { "yes", "on", "y", "1" }, *const no[] = { "no", "off", "n", "0" };
	static const char *const fine[] = { "true", "True", "TRUE", "false", "False", "FALSE" };

	(void)out;
	for (size_t i = 0; i < 6; i++)
		if (strcmp(text, fine[i]) == 0)
			return NULL;
	for (size_t i = 0; i < 4; i++)
		if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0)
			return SAY("'%s' is neither true nor false; did you mean '%s'?", text,
				strcasecmp(text, yes[i]) == 0 ? "true" : "false");
	return SAY("'%s' must be true or false, not '%s'", last_word(field->path), inventory_shown(l, text));
}

static const char *check_choice(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out)
{
	const char *words[8], *near, *p = field->choices;
	struct str list = STR_INIT;
	size_t count = 0;

	(void)out;
	for (; count < 8; p++) {
		size_t n = strcspn(p, "|");

		words[count] = arena_strndup(&l->arena, p, n);
		if (strcmp(words[count++], text) == 0) {
			str_release(&list);
			return NULL;
		}
		str_addf(&list, "%s%s", count == 1 ? "" : p[n] ? ", " : " or ", words[count - 1]);
		p += n;
		if (!*p)
			break;
	}
	near = inventory_nearest(text, words, count);
	p = near ? SAY("unknown value '%s'; did you mean '%s'?", inventory_shown(l, text), near)
		 : SAY("unknown value '%s'; '%s' is %s", inventory_shown(l, text), last_word(field->path), list.buf);
	str_release(&list);
	return p;
}

static bool is_choice(const struct inventory_field *field, const char *text)
{
	size_t n = strlen(text);

	for (const char *p = field->choices; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
		if (strncmp(p, text, n) == 0 && (p[n] == '|' || !p[n]) && n)
			return true;
	return false;
}

static const char *check_path(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out)
{
	const char *why;
	char *full;

	if (is_choice(field, text))
		return NULL;
	if (strstr(text, "-----BEGIN"))
		return SAY("'%s' needs the path of a file, not its contents", last_word(field->path));
	why = check_string(l, field, text, out);
	if (why)
		return why;
	if (strstr(text, "://"))
		return strcmp(field->path, "network.cni") == 0
			       ? SAY("a URL needs its digest: {url: '…', sha256: …}")
			       : SAY("'%s' needs the path of a file, not a URL", last_word(field->path));
	if (strchr(text, '$'))
		return SAY("variables ($…) are not expanded in paths: write the path out, or start it with ~/");
	if (text[0] == '~' && text[1] && text[1] != '/')
		return SAY("only ~/ is expanded, not ~USER: write the path out");
	full = file_expand(str_starts(text, "./") ? text + 2 : text, l->folder);
	if (full[0] == '/')
		*out = arena_strdup(&l->arena, full);
	else
		why = SAY("'%s' cannot be made absolute: HOME is not set", inventory_shown(l, text));
	free(full);
	return why;
}

static const char *check_url(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out)
{
	const char *host = str_starts(text, "https://") ? text + 8 : str_starts(text, "http://") ? text + 7 : NULL;
	const char *end = host ? host + strcspn(host, "/?#") : NULL;

	(void)out;
	/* not shown: it may have a password in it */
	if (host && memchr(host, '@', (size_t)(end - host)))
		return SAY("a URL with a login in it does not belong in this file");
	if (!host)
		return SAY("'%s' must start with https:// or http://", last_word(field->path));
	if (host == end || !isalnum((unsigned char)*host) ||
		text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789-._~:/?#[]@!$&'()*+,;=%")])
		return SAY("'%s' is not a URL", inventory_shown(l, text));
	return NULL;
}

/* gpg shows fingerprints in groups: blanks are taken out. Fingerprints are kept in capitals, digests in small letters. */
static const char *check_hex(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out)
{
	size_t want = (size_t)atoi(field->choices), n = 0;
	char *hex = arena_alloc(&l->arena, strlen(text) + 1);

	for (const char *p = text; *p; p++) {
		if (*p == ' ')
			continue;
		if (!isxdigit((unsigned char)*p))
			return SAY("'%s' has a character that is not a hex digit: '%s'", last_word(field->path),
				inventory_shown(l, text));
		hex[n++] = (char)(want == 40 ? toupper((unsigned char)*p) : tolower((unsigned char)*p));
	}
	if (n != want)
		return SAY("'%s' has %zu hex digits; it needs %zu", last_word(field->path), n, want);
	*out = hex;
	return NULL;
}

/* Whatever stands there instead may be the secret itself: it is never shown. */
static const char *check_secret(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out)
{
	enum inventory_secret_source source;

	(void)out;
	if (inventory_secret_form(text, &source, NULL))
		return NULL;
	return SAY("'%s' must be ask, none or env:NAME; the secret itself does not belong in this file",
		last_word(field->path));
}

const char *inventory_text_check(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out)
{
	static text_check *const checks[] = {
		[INVENTORY_TYPE_STRING] = check_string,
		[INVENTORY_TYPE_NAME] = check_name,
		[INVENTORY_TYPE_NODE] = check_node,
		[INVENTORY_TYPE_VERSION] = check_version,
		[INVENTORY_TYPE_ADDRESS] = check_address,
		[INVENTORY_TYPE_CIDR] = check_cidr,
		[INVENTORY_TYPE_PORT] = check_port,
		[INVENTORY_TYPE_DAYS] = check_days,
		[INVENTORY_TYPE_COUNT] = check_count,
		[INVENTORY_TYPE_BOOL] = check_bool,
		[INVENTORY_TYPE_CHOICE] = check_choice,
		[INVENTORY_TYPE_PATH] = check_path,
		[INVENTORY_TYPE_URL] = check_url,
		[INVENTORY_TYPE_HEX] = check_hex,
		[INVENTORY_TYPE_SECRET] = check_secret,
		[INVENTORY_TYPE_RESERVED] = NULL,
	};
	const char *why = inventory_rule_check(l, field, text);

	if (!why && checks[field->type])
		why = checks[field->type](l, field, text, out);
	return why;
}
