/* A file of the archive: sieved, bounded, listed. */
#include "cli/support_pack.h"

#include "base/archive.h"
#include "base/sieve.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Leaves whole lines of the end or the beginning, at most limit bytes. Returns how many bytes went. */
static size_t cut_to(struct str *text, size_t limit, enum pack_end end)
{
	size_t all = text->len, from = all - limit, len = limit;

	if (all <= limit)
		return 0;
	if (end == PACK_END) {
		from += text->buf[from - 1] == '\n' ? 0 : sieve_whole_line(text->buf + from, all - from);
		memmove(text->buf, text->buf + from, all - from);
		str_truncate(text, all - from);
		return from;
	}
	while (len > 0 && text->buf[len - 1] != '\n')
		len--;
	str_truncate(text, len);
	return all - len;
}

void pack_add(struct pack *p, const char *name, const char *what, const struct str *text, size_t limit,
	enum pack_end end, const char *cut)
{
	struct str out = STR_INIT;
	size_t gone;

	if (p->failed)
		return;
	/* before it is cut: what the sieve sees is whole */
	sieve_add(&out, text->buf, text->len, p->known);
	gone = cut_to(&out, limit, end);
	if (archive_add(p->archive, name, out.buf, out.len, &p->err)) {
		p->failed = true;
	} else {
		str_addf(&p->manifest, "%9zu  %-36s  %s", out.len, name, what);
		if (gone)
			str_addf(&p->manifest, "; cut: %zu bytes %s are left out", gone,
				end == PACK_END ? "before it" : "after it");
		str_addf(&p->manifest, "%s%s\n", cut ? "; cut: " : "", cut ? cut : "");
		p->files++;
		p->cut += gone || cut;
		p->bytes += (int64_t)out.len;
	}
	str_release(&out);
}

void pack_missing(struct pack *p, const char *fmt, ...)
{
	char text[1600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	str_addf(&p->missing, "  %s\n", text);
}
