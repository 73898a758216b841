/* Any bytes on a terminal: what str_add_printable makes has no controls and stays the same when it is cleaned again; no cell of a canvas holds a control. */
#include "base/str.h"
#include "tests/fuzz/fuzz.h"
#include "tui/canvas.h"

#include <stdlib.h>
#include <string.h>

static void clean_text(const uint8_t *data, size_t size)
{
	struct str s = STR_INIT;

	str_add_printable(&s, (const char *)data, size);
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.buf[i];

		if ((c < 32 && c != '\n' && c != '\t') || c == 127 || c == 0)
			fuzz_broken("control %#x", c);
		/* C1 controls, as UTF-8 has them */
		if (c == 0xc2 && (unsigned char)s.buf[i + 1] < 0xa0)
			fuzz_broken("control U+%04X", (unsigned char)s.buf[i + 1]);
	}
	fuzz_printable("printable text", s.buf);
	str_release(&s);
}

static void draw(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct str out = STR_INIT;
	struct canvas c;

	canvas_init(&c, size ? 1 + data[0] % 90 : 20, 5, size && data[0] & 1);
	canvas_text(&c, 0, 0, 0, 0, text);
	canvas_text(&c, 1, 3, 7, 0, text);
	canvas_paragraph(&c, 2, 1, 3, size > 1 ? data[1] % 40 + 1 : 9, 0, 0, text);
	canvas_columns(&c, text);
	for (int i = 0; i < c.width * c.height; i++) {
		uint32_t ch = c.cells[i].ch;

		if ((ch && ch < 32) || (ch >= 127 && ch < 160))
			fuzz_broken("a cell holds U+%04X", ch);
	}
	canvas_dump(&c, 0, &out);
	str_release(&out);
	canvas_release(&c);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	clean_text(data, size);
	draw(data, size);
	return 0;
}
