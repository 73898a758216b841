/* What shows in a line alone: forms of secrets as a table, and values of keys that name one. */
#include "base/sieve_private.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define TOKEN ALNUM "-._~+/="

static size_t run(const char *line, size_t n, size_t at, const char *set)
{
	size_t len = 0;

	while (at + len < n && strchr(set, line[at + len]))
		len++;
	return len;
}

size_t sieve_base64(const char *line, size_t n, size_t at)
{
	return run(line, n, at, ALNUM "+/=");
}

size_t sieve_begin(const char *line, size_t n)
{
	return run(line, n, 0, " \t-\"'");
}

/* Whether this set's run begins here, and not before: the letter of an escaped newline is not part of it. */
static bool begins(const char *line, size_t at, const char *set)
{
	static const char escapes[] = "nrtbfu";

	if (at > 0 && line[at - 1] == '\\')
		return !strchr(escapes, line[at]);
	return at == 0 || !strchr(set, line[at - 1]) ||
	       (at > 1 && line[at - 2] == '\\' && strchr(escapes, line[at - 1]));
}

static bool word_is(const char *line, size_t n, size_t at, const char *word)
{
	size_t len = strlen(word);

	return n - at >= len && strncasecmp(line + at, word, len) == 0 && begins(line, at, ALNUM);
}

/* ---- forms: each returns how much of the line from here is its own, and how much of that may stay ------------------ */

/* As `kubeadm token` makes it: six characters, a dot, sixteen. */
static size_t bootstrap_token(const char *line, size_t n, size_t at, size_t *keep)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	(void)keep;
	return begins(line, at, set) && run(line, n, at, set) == 6 && at + 6 < n && line[at + 6] == '.' &&
			       run(line, n, at + 7, set) == 16
		       ? 23
		       : 0;
}

/* Base64 of {", also when the rest was cut off. */
static size_t jwt(const char *line, size_t n, size_t at, size_t *keep)
{
	size_t len = line[at] == 'e' && begins(line, at, ALNUM) ? run(line, n, at, ALNUM "-_.=") : 0;

	(void)keep;
	return len >= 20 && memcmp(line + at, "eyJ", 3) == 0 ? len : 0;
}

static size_t bearer(const char *line, size_t n, size_t at, size_t *keep)
{
	size_t word = word_is(line, n, at, "Bearer ") ? 7 : word_is(line, n, at, "Basic ") ? 6 : 0, len;

	len = word ? run(line, n, at + word, TOKEN) : 0;
	*keep = word;
	return len >= 8 ? word + len : 0;
}

/* A certificate key, or the id of a container or the digest of a file, which its first digits are enough for. */
static size_t hex_64(const char *line, size_t n, size_t at, size_t *keep)
{
	static const char set[] = "0123456789abcdefABCDEF";
	size_t len = begins(line, at, ALNUM) ? run(line, n, at, set) : 0;

	*keep = 8;
	if (len < 64 || (at >= 7 && memcmp(line + at - 7, "sha256:", 7) == 0))
		return 0;
	return len;
}

/* scheme://user:password@host */
static size_t url_password(const char *line, size_t n, size_t at, size_t *keep)
{
	size_t user, len;

	if (n - at < 3 || memcmp(line + at, "://", 3) != 0)
		return 0;
	user = 3 + run(line, n, at + 3, ALNUM "-._~%+!$&'()*,;=");
	if (at + user >= n || line[at + user] != ':')
		return 0;
	len = strcspn(line + at + user + 1, "@/ \n\"");
	*keep = user + 1;
	return len && at + user + 1 + len < n && line[at + user + 1 + len] == '@' ? user + 1 + len : 0;
}

static const struct {
	const char *name; /* for readers of the table */
	size_t (*find)(const char *line, size_t n, size_t at, size_t *keep);
} forms[] = {
	{ "bootstrap token", bootstrap_token },
	{ "JSON web token", jwt },
	{ "credentials of a request", bearer },
	{ "64 digits of hex", hex_64 },
	{ "password in a URL", url_password },
};

struct sieve_span sieve_form(const char *line, size_t n, size_t at)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t keep = 0, len = forms[i].find(line, n, at, &keep);

		if (len)
			return (struct sieve_span){ keep, len, false };
	}
	return (struct sieve_span){ 0, 0, false };
}

/* ---- keys and their values ----------------------------------------------------------------------------------------- */

bool sieve_is_key(const char *key, size_t n)
{
	static const char *const ends[] = { "password", "passwd", "passphrase", "token", "secret", "auth",
		"authorization", "privatekey", "private_key", "private-key", "key-data", "certificate-key",
		"certificatekey", "secretkey", "secret_key", "secret-key", "apikey", "api_key", "api-key", "auth_pass",
		"credential", "credentials" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t len = strlen(ends[i]);

		if (n >= len && strncasecmp(key + n - len, ends[i], len) == 0)
			return true;
	}
	return false;
}

/* What a field of the inventory or a switch may say without a secret. */
static bool harmless(const char *value, size_t n)
{
	static const char *const words[] = { "ask", "none", "null", "~", "true", "false", "{}", "[]" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == n && memcmp(value, words[i], n) == 0)
			return true;
	return n == 0 || (n > 4 && memcmp(value, "env:", 4) == 0 && run(value, n, 4, ALNUM "_") == n - 4);
}

struct key {
	size_t from, len;
	size_t quote; /* length of the quote behind it; 0: none */
	bool first;   /* first: no flag, and nothing before it in the line */
};

/* Whether a line is JSON, or part of it: its strings are in double quotes, which are escaped inside of them. */
static bool is_json(const char *line, size_t n)
{
	size_t blanks = run(line, n, 0, " \t");

	return blanks < n && (line[blanks] == '{' || line[blanks] == '"');
}

/* The key that ends before a separator. len 0: none. */
static struct key key_before(const char *line, size_t at)
{
	struct key k = { 0, 0, 0, false };
	size_t end = at;

	while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '\t'))
		end--;
	while (end > 0 && strchr("\"'\\", line[end - 1])) {
		k.quote++;
		end--;
	}
	k.from = end;
	while (k.from > 0 && end - k.from < 64 && strchr(ALNUM "_-.", line[k.from - 1]))
		k.from--;
	k.len = end - k.from;
	k.first = k.len && line[k.from] != '-' && sieve_begin(line, at) >= k.from && !is_json(line, at);
	return k;
}

/* A quote with what escapes it, \\\" in text inside of text. Returns its length; 0: none. */
static size_t quote_at(const char *line, size_t n, size_t at)
{
	size_t slashes = run(line, n, at, "\\");

	/* two of them are one of the text before a quote that is not escaped */
	return (slashes % 2 || !slashes) && at + slashes < n && strchr("\"'`", line[at + slashes]) ? slashes + 1 : 0;
}

/* Whether a string of JSON is open here. */
static bool in_string(const char *line, size_t at)
{
	bool open = false;

	for (size_t i = 0; i < at; i++) {
		if (line[i] == '\\')
			i++;
		else
			open = line[i] == '"' ? !open : open;
	}
	return open;
}

/* Where the same quote is again, or one that is escaped less and ends all of it; n: nowhere. */
static size_t quote_again(const char *line, size_t n, size_t at, char quote, size_t len)
{
	for (; at < n; at++) {
		size_t slashes = run(line, n, at, "\\"), next = at + slashes;

		if (slashes % 2 == 0) {
			slashes = 0;
			at = next;
		}
		if (next < n && line[next] == '"' && slashes + 1 < len + (quote != '"' && is_json(line, n)))
			return at;
		if (next < n && line[next] == quote && slashes + 1 == len)
			return at;
		/* what is escaped once more than the quote is part of the text */
		at = next;
	}
	return n;
}

/* Whether a brace is open here: YAML's and JSON's values end with it then. */
static bool in_braces(const char *line, size_t at)
{
	const char *open = memrchr(line, '{', at), *close = memrchr(line, '}', at);

	return open && (!close || close < open);
}

static size_t bare_length(const char *line, size_t n, size_t at, const char *ends)
{
	size_t len = 0;

	while (at + len < n && !strchr(ends, line[at + len]) && !quote_at(line, n, at + len))
		len += line[at + len] == '\\' && at + len + 1 < n ? 2 : 1;
	return len;
}

/* A value without quotes. */
static struct sieve_span bare(const char *line, size_t n, size_t sep, size_t at, const struct key *k)
{
	bool header = k->len >= 13 && strncasecmp(line + k->from + k->len - 13, "authorization", 13) == 0;
	bool braces = line[sep] == ':' && (k->quote || in_braces(line, sep));
	bool whole = (k->first && !k->quote) || header;
	size_t len = whole ? n - at : bare_length(line, n, at, braces ? ",}]" : " \t");

	if (whole && header && !k->first)
		len = bare_length(line, n, at, "");
	while (len && strchr(" \t\r", line[at + len - 1]))
		len--;
	if (harmless(line + at, len))
		return (struct sieve_span){ 0, 0, false };
	return (struct sieve_span){ at - sep, at - sep + len,
		line[sep] == ':' && k->quote == 1 && line[k->from + k->len] == '"' };
}

static struct sieve_span quoted(const char *line, size_t n, size_t sep, size_t at, size_t len, bool array)
{
	size_t from = at + len, end = quote_again(line, n, from, line[from - 1], len);

	/* of an array all that this line has */
	while (array && end < n && quote_at(line, n, end) == len) {
		size_t comma = end + len + run(line, n, end + len, " "), more = comma + 1;

		more += more < n ? run(line, n, more, " ") : 0;
		if (more >= n || line[comma] != ',' || quote_at(line, n, more) != len)
			break;
		end = quote_again(line, n, more + len, line[more + len - 1], len);
	}
	if (harmless(line + from, end - from))
		return (struct sieve_span){ 0, 0, false };
	return (struct sieve_span){ from - sep, end - sep, false };
}

struct sieve_span sieve_value(const char *line, size_t n, size_t at)
{
	const struct sieve_span none = { 0, 0, false };
	bool flag = line[at] == ' ', array;
	struct key k;
	size_t v, first, quote;

	if (line[at] != '=' && line[at] != ':' && !flag)
		return none;
	k = key_before(line, at);
	if (!k.len || !sieve_is_key(line + k.from, k.len))
		return none;
	/* only of a flag a blank is what parts it from its value */
	if (flag && line[k.from] != '-' && !(k.len >= 9 && memcmp(line + k.from + k.len - 9, "auth_pass", 9) == 0))
		return none;
	v = at + 1 + run(line, n, at + 1, " \t");
	if (v >= n || (flag && strchr("=:-", line[v])))
		return none;
	array = line[v] == '[';
	first = array ? v + 1 + run(line, n, v + 1, " ") : v;
	quote = quote_at(line, n, first);
	/* what is in an object is judged by its own keys; a block of text has marks; a string of JSON may end here */
	if (line[v] == '{' || (k.first && v + 2 >= n && strchr("|>", line[v])) || (array && !quote && k.quote) ||
		(quote == 1 && line[first] == '"' && is_json(line, n) && in_string(line, at)))
		return none;
	return quote ? quoted(line, n, at, first, quote, array) : bare(line, n, at, v, &k);
}

/* ---- Secrets ------------------------------------------------------------------------------------------------------- */

bool sieve_says_secret(const char *line, size_t n)
{
	const char *at = line, *end = line + n;

	while ((at = memmem(at, (size_t)(end - at), "kind", 4)) != NULL) {
		size_t from = (size_t)(at - line) + 4, i = from + run(line, n, from, "\\\"' :");

		at += 4;
		if (i == from || n - i < 6 || memcmp(line + i, "Secret", 6) != 0)
			continue;
		i += 6;
		i += n - i >= 4 && memcmp(line + i, "List", 4) == 0 ? 4 : 0;
		if (i == n || !isalnum((unsigned char)line[i]))
			return true;
	}
	return false;
}

struct sieve_span sieve_secret_data(const char *line, size_t n, size_t at)
{
	struct key k = line[at] == ':' ? key_before(line, at) : (struct key){ 0, 0, 0, false };
	size_t open = at + 1, end;
	bool text = false;

	if (!(k.len == 4 && memcmp(line + k.from, "data", 4) == 0) &&
		!(k.len == 10 && memcmp(line + k.from, "stringData", 10) == 0))
		return (struct sieve_span){ 0, 0, false };
	open += run(line, n, open, " ");
	if (open >= n || line[open] != '{')
		return (struct sieve_span){ 0, 0, false };
	for (end = open + 1; end < n && (text || line[end] != '}'); end++) {
		size_t quote = quote_at(line, n, end);

		/* a quote that is escaped less ends the text that the object is in */
		if (quote && (quote < k.quote || !k.quote))
			break;
		text = quote == k.quote ? !text : text;
		end += quote ? quote - 1 : line[end] == '\\' ? run(line, n, end, "\\") - 1 : 0;
	}
	end = end < n ? end : n;
	return (struct sieve_span){ open + 1 - at, end - at, false };
}
