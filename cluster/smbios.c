/* The firmware's table of structures: smbios.h. Each: type, length, handle, fields, then its texts, each with a NUL at its end, and one NUL more. */
#include "cluster/smbios.h"

#include "base/alloc.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define HEAD 4
#define TYPE_MEMORY 17
#define TYPE_IPMI 38
#define TYPE_END 127

struct structure {
	const unsigned char *at;
	size_t len;                 /* of its fields */
	const unsigned char *texts; /* up to `end` */
	const unsigned char *end;
};

static unsigned byte(const struct structure *s, size_t at)
{
	return at < s->len ? s->at[at] : 0;
}

static unsigned word(const struct structure *s, size_t at)
{
	return at + 1 < s->len ? s->at[at] | (unsigned)s->at[at + 1] << 8 : 0;
}

static uint32_t dword(const struct structure *s, size_t at)
{
	return at + 3 < s->len ? word(s, at) | (uint32_t)word(s, at + 2) << 16 : 0;
}

/* The text of that number; they are counted from 1. */
static void text(const struct structure *s, unsigned number, char *out, size_t size)
{
	const unsigned char *p = s->texts;
	char line[256];
	size_t n;

	out[0] = '\0';
	for (unsigned i = 1; number && i < number && p < s->end; i++) {
		const unsigned char *nul = memchr(p, '\0', (size_t)(s->end - p));

		p = nul ? nul + 1 : s->end;
	}
	if (!number || p >= s->end)
		return;
	n = strnlen((const char *)p, (size_t)(s->end - p));
	while (n && *p == ' ')
		p++, n--;
	while (n && p[n - 1] == ' ')
		n--;
	if (n >= sizeof(line))
		n = sizeof(line) - 1;
	memcpy(line, p, n);
	line[n] = '\0';
	str_copy_line(out, size, line);
}

static const char *type_of(unsigned type)
{
	static const struct {
		unsigned type;
		const char *name;
	} names[] = { { 0x12, "DDR" }, { 0x13, "DDR2" }, { 0x18, "DDR3" }, { 0x1a, "DDR4" }, { 0x1b, "LPDDR" },
		{ 0x1d, "LPDDR3" }, { 0x1e, "LPDDR4" }, { 0x1f, "NVDIMM" }, { 0x20, "HBM" }, { 0x21, "HBM2" },
		{ 0x22, "DDR5" }, { 0x23, "LPDDR5" }, { 0x24, "HBM3" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].type == type)
			return names[i].name;
	return "";
}

static void add_dimm(struct smbios *out, const struct structure *s)
{
	struct smbios_dimm *d;
	unsigned size = word(s, 0x0c), total = word(s, 0x08), data = word(s, 0x0a);

	if (out->count == SMBIOS_DIMMS) {
		out->cut = true;
		return;
	}
	out->dimms = xrealloc(out->dimms, out->count + 1, sizeof(*out->dimms));
	d = &out->dimms[out->count++];
	*d = (struct smbios_dimm){ .type = type_of(byte(s, 0x12)), .unknown = size == 0xffff };
	if (size == 0x7fff)
		d->bytes = (int64_t)(dword(s, 0x1c) & 0x7fffffff) << 20;
	else if (!d->unknown)
		d->bytes = (int64_t)(size & 0x7fff) << (size & 0x8000 ? 10 : 20);
	d->ecc = total != 0xffff && data != 0xffff && total > data && data;
	d->rated = word(s, 0x15) == 0xffff ? 0 : word(s, 0x15);
	d->speed = word(s, 0x20) == 0xffff ? 0 : word(s, 0x20);
	text(s, byte(s, 0x10), d->slot, sizeof(d->slot));
	text(s, byte(s, 0x11), d->bank, sizeof(d->bank));
	text(s, byte(s, 0x17), d->maker, sizeof(d->maker));
	text(s, byte(s, 0x18), d->serial, sizeof(d->serial));
	text(s, byte(s, 0x1a), d->part, sizeof(d->part));
}

/* Where the texts of a structure end: behind two NULs; NULL: nowhere. */
static const unsigned char *end_of_texts(const unsigned char *p, const unsigned char *end)
{
	while (end - p >= 2) {
		const unsigned char *nul = memchr(p, '\0', (size_t)(end - p - 1));

		if (!nul)
			return NULL;
		if (!nul[1])
			return nul + 2;
		p = nul + 1;
	}
	return NULL;
}

void smbios_read(struct smbios *out, const void *table, size_t len)
{
	const unsigned char *p = table, *end = p ? p + len : NULL;

	*out = (struct smbios){ 0 };
	while (p < end) {
		struct structure s = { .at = p };

		if (end - p < HEAD || p[1] < HEAD || p[1] > end - p) {
			out->cut = true;
			return;
		}
		s.len = p[1];
		s.texts = p + s.len;
		s.end = end_of_texts(s.texts, end);
		if (!s.end) {
			/* the last one may have lost its end */
			out->cut = p[0] != TYPE_END;
			return;
		}
		if (p[0] == TYPE_MEMORY)
			add_dimm(out, &s);
		out->managed = out->managed || p[0] == TYPE_IPMI;
		if (p[0] == TYPE_END)
			return;
		p = s.end;
	}
}

void smbios_release(struct smbios *s)
{
	free(s->dimms);
	*s = (struct smbios){ 0 };
}
