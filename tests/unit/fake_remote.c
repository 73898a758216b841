#include "tests/unit/fake_remote.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

struct fake_remote {
	struct remote base;
	struct fake_host *host;
	atomic_bool cancelled;
	bool lost;
};

static int lose(struct fake_remote *f, struct error *err)
{
	f->lost = true;
	error_set(err, f->host->fail_kind ? f->host->fail_kind : ERROR_CONNECT, "the connection to %s was lost",
		f->host->name ? f->host->name : "a fake host");
	return error_hint(err, "it was made to");
}

static int fake_exec(struct remote *r, const struct remote_exec *x, int *status, struct error *err)
{
	struct fake_remote *f = (struct fake_remote *)r;
	struct fake_host *h = f->host;
	struct str out = STR_INIT, log = STR_INIT;
	unsigned call = atomic_fetch_add(&h->calls, 1) + 1;
	int rc = 0;

	if (atomic_load(&f->cancelled))
		return error_set(err, ERROR_CANCELLED, "cancelled");
	if (f->lost || atomic_load(&h->broken) || call == h->fail_at)
		return lose(f, err);
	if (h->fn) {
		rc = h->fn(h, call, x, &out, &log, err);
	} else if (fake_is_script(x)) {
		fake_begin(&out, x);
		fake_end(&out, x);
	}
	if (rc >= 0 && call == h->fail_after) {
		rc = lose(f, err);
	} else if (rc >= 0) {
		if (log.len > 0 && x->on_stderr)
			x->on_stderr(log.buf, log.len, x->ctx);
		if (x->out)
			str_addn(x->out, out.buf, out.len);
		*status = rc;
		rc = 0;
	}
	str_release(&out);
	str_release(&log);
	if (rc == 0 && atomic_load(&f->cancelled))
		return error_set(err, ERROR_CANCELLED, "cancelled");
	return rc;
}

static int fake_tunnel(struct remote *r, const char *host, int port, int (*use)(int fd, void *ctx, struct error *err),
	void *ctx, struct error *err)
{
	struct fake_remote *f = (struct fake_remote *)r;

	if (!f->host->tunnel)
		return error_set(err, ERROR_REFUSED, "a fake host has no tunnel to %s:%d", host, port);
	if (atomic_load(&f->cancelled))
		return error_set(err, ERROR_CANCELLED, "cancelled");
	if (f->lost || atomic_load(&f->host->broken))
		return lose(f, err);
	return f->host->tunnel(f->host, host, port, use, ctx, err);
}

static void fake_cancel(struct remote *r)
{
	struct fake_remote *f = (struct fake_remote *)r;

	atomic_store(&f->cancelled, true);
	atomic_fetch_add(&f->host->cancels, 1);
}

static void fake_free(struct remote *r)
{
	atomic_fetch_add(&((struct fake_remote *)r)->host->frees, 1);
	free(r);
}

static const struct remote_ops fake_ops = { fake_exec, fake_tunnel, fake_cancel, fake_free, NULL, NULL };

struct remote *fake_remote_open(struct fake_host *h)
{
	struct fake_remote *f = xcalloc(1, sizeof(*f));

	f->base.ops = &fake_ops;
	f->host = h;
	atomic_init(&f->cancelled, false);
	atomic_fetch_add(&h->opens, 1);
	return &f->base;
}

/* The nonce of a script: the word after "begin\n' ". */
static const char *nonce_of(const struct remote_exec *x, size_t *len)
{
	static const char before[] = "%s begin\\n' ";
	const char *input = x->input, *p = input ? memmem(input, x->input_len, before, sizeof(before) - 1) : NULL;

	if (!p)
		return NULL;
	p += sizeof(before) - 1;
	*len = strcspn(p, "\n");
	return p;
}

bool fake_is_script(const struct remote_exec *x)
{
	size_t len;

	return !x->command && nonce_of(x, &len) != NULL;
}

bool fake_has(const struct remote_exec *x, const char *text)
{
	return x->input && memmem(x->input, x->input_len, text, strlen(text)) != NULL;
}

bool fake_param(const struct remote_exec *x, const char *name, struct str *out)
{
	char *line = xasprintf("\n%s='", name);
	const char *end = (const char *)x->input + x->input_len;
	const char *p = x->input ? memmem(x->input, x->input_len, line, strlen(line)) : NULL;

	if (p) {
		/* inside quotes until one that is not followed by \'' , which stands for a quote */
		for (p += strlen(line); p < end; p++) {
			if (*p != '\'') {
				str_addc(out, *p);
			} else if (end - p > 3 && memcmp(p, "'\\''", 4) == 0) {
				str_addc(out, '\'');
				p += 3;
			} else {
				break;
			}
		}
	}
	free(line);
	return p != NULL;
}

static void frame(struct str *out, const struct remote_exec *x, const char *what)
{
	size_t len = 0;
	const char *nonce = nonce_of(x, &len);

	if (nonce)
		str_addf(out, "%.*s %s\n", (int)len, nonce, what);
}

void fake_begin(struct str *out, const struct remote_exec *x)
{
	frame(out, x, "begin");
}

void fake_say(struct str *out, const char *word, const char *value)
{
	str_addf(out, "%s:", word);
	str_add_base64(out, value, strlen(value));
	str_addc(out, '\n');
}

void fake_end(struct str *out, const struct remote_exec *x)
{
	frame(out, x, "end");
}
