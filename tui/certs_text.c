/* Certificates in words. */
#include "tui/certs.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

enum style certs_style(enum certs_state state)
{
	static const enum style styles[CERTS_STATES] = { [CERTS_UNREADABLE] = STYLE_FAIL,
		[CERTS_EXPIRED] = STYLE_FAIL,
		[CERTS_EARLY] = STYLE_FAIL,
		[CERTS_CRITICAL] = STYLE_FAIL,
		[CERTS_WARNING] = STYLE_WARNING,
		[CERTS_OK] = STYLE_OK,
		[CERTS_UNUSED] = STYLE_DIM };

	return styles[state];
}

enum symbol certs_symbol(enum certs_state state)
{
	return state < CERTS_WARNING    ? SYMBOL_FAIL
	       : state == CERTS_WARNING ? SYMBOL_WARNING
	       : state == CERTS_OK      ? SYMBOL_OK
					: SYMBOL_SKIPPED;
}

static void add_time(struct str *out, int64_t s)
{
	char text[32];

	clock_rfc3339(s * 1000, text, sizeof(text));
	str_add(out, text);
}

static void add_days(struct str *out, int days)
{
	page_count(out, (size_t)abs(days), "day", "days");
}

void certs_sentence(const struct port_cert *cert, struct str *out)
{
	if (!cert->readable) {
		str_add(out, "It holds no certificate that can be read");
	} else if (cert->days < 0) {
		str_add(out, "It has expired, ");
		add_days(out, cert->days);
		str_add(out, " ago, on ");
		add_time(out, cert->end_s);
	} else if (cert->state == CERTS_EARLY) {
		str_add(out, "It is not valid before ");
		add_time(out, cert->begin_s);
		str_add(out, "; is the clock right?");
		return;
	} else {
		str_add(out, "It ends in ");
		add_days(out, cert->days);
		str_add(out, ", on ");
		add_time(out, cert->end_s);
	}
	str_add(out, cert->state == CERTS_UNUSED ? "; nothing reads it any more." : ".");
}

bool certs_readers(const struct port_cert *cert, struct str *out)
{
	bool restarts = false;

	if (!cert->readers[0].name)
		str_add(out, "-");
	for (size_t i = 0; i < CERTS_READERS && cert->readers[i].name; i++) {
		str_addf(out, "%s%s%s", i ? ", " : "", cert->readers[i].name, cert->readers[i].restarts ? "*" : "");
		restarts = restarts || cert->readers[i].restarts;
	}
	return restarts;
}

/* ---- to be read ------------------------------------------------------------------------------------------------------- */

/* The label begins with a blank: what is too long continues below the text (tui/reader.c). */
static void fact(struct str *out, const char *label, const char *value)
{
	if (*value)
		str_addf(out, " %-11s  %s\n", label, value);
}

static void add_names(struct str *out, const char *names)
{
	const char *label = "Names";

	for (; *names; names += strcspn(names, "\n"), names += *names == '\n') {
		str_addf(out, " %-11s  %.*s\n", label, (int)strcspn(names, "\n"), names);
		label = "";
	}
}

static void add_readers(const struct port_cert *cert, struct str *out)
{
	str_add(out, "\nRead by\n");
	if (!cert->readers[0].name)
		str_add(out, cert->state == CERTS_UNUSED ? "  nobody\n" : "  nobody that kubewright knows\n");
	for (size_t i = 0; i < CERTS_READERS && cert->readers[i].name; i++)
		str_addf(out, "  %s, which %s\n", cert->readers[i].name,
			cert->readers[i].restarts ? "must restart to take up a new one"
						  : "takes up a new one without a restart");
	if (cert->renewed)
		str_addf(out, "  %s also renews it by itself, before its end.\n", cert->readers[0].name);
	else if (cert->readers[0].name)
		str_add(out, "  None of them renews it.\n");
}

static void add_difference(const struct port_certs_difference *d, struct str *out)
{
	str_addf(
		out, "%s is not the same everywhere. Each line is a digest and who has the file with it:\n\n", d->file);
	for (const char *p = d->groups; *p; p += strcspn(p, "\n"), p += *p == '\n')
		str_addf(out, "  %.*s\n", (int)strcspn(p, "\n"), p);
}

static void explain_cert(const struct port_certs *seen, const struct port_cert *cert, struct str *out)
{
	struct str valid = STR_INIT;

	str_addf(out, "%s on %s\n\n", cert->path, seen->hosts[cert->host].name);
	certs_sentence(cert, out);
	str_add(out, "\n\n");
	if (cert->readable) {
		add_time(&valid, cert->begin_s);
		str_add(&valid, " to ");
		add_time(&valid, cert->end_s);
		fact(out, "Valid", valid.buf);
		fact(out, "Subject", cert->subject);
		fact(out, "Issuer", cert->issuer);
		fact(out, "Kind", cert->ca ? "certificate authority" : "");
		fact(out, "Key", cert->key);
		fact(out, "Serial", cert->serial);
		fact(out, "SHA-256", cert->sha256);
		add_names(out, cert->names);
	}
	add_readers(cert, out);
	if (cert->difference < seen->difference_count) {
		str_addc(out, '\n');
		add_difference(&seen->differences[cert->difference], out);
	}
	str_release(&valid);
}

size_t certs_count(const struct port_certs *seen, size_t host)
{
	size_t count = 0;

	for (size_t i = 0; i < seen->count; i++)
		count += seen->list[i].host == host;
	return count;
}

static void explain_host(const struct port_certs *seen, size_t host, struct str *out)
{
	const struct port_certs_host *h = &seen->hosts[host];

	str_addf(out, "%s%s%s\n\n", h->name, *h->role ? ", " : "", h->role);
	if (!h->looked) {
		str_add(out, "It was not looked at: what it has may have expired.\n\n");
		page_error(out, &h->error);
		return;
	}
	page_count(out, certs_count(seen, host), "certificate", "certificates");
	str_addc(out, '\n');
	if (*h->left_out)
		str_addf(out, "\n%s\n", h->left_out);
}

void certs_explain(const struct port_certs *seen, const struct certs_line *line, struct str *out)
{
	if (line->kind == CERTS_LINE_HOST)
		explain_host(seen, line->index, out);
	else if (line->kind == CERTS_LINE_CERT)
		explain_cert(seen, &seen->list[line->index], out);
	else
		add_difference(&seen->differences[line->index], out);
}
