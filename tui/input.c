/* Bytes to keys. No curses: its own decoder forgets the first half of a character when the second is late. */
#include "tui/input.h"

#include "tui/glyph.h"
#include "tui/key.h"

#define PASTE_MS 1000

static const char paste_end[] = INPUT_PASTE_END;

/* A paste whose end got lost must not swallow Enter for ever. */
static void pass_time(struct input *in, int64_t now_ms)
{
	if (in->pasting && now_ms - in->last_ms > PASTE_MS)
		in->pasting = false;
	in->last_ms = now_ms;
}

void input_paste(struct input *in, bool begins, int64_t now_ms)
{
	*in = (struct input){ .pasting = begins, .last_ms = now_ms };
}

int input_function(struct input *in, int key, int64_t now_ms)
{
	pass_time(in, now_ms);
	in->part_len = 0;
	return in->pasting ? K_NONE : key;
}

static int decoded(struct input *in, unsigned char byte)
{
	struct reader r;
	struct glyph g;
	size_t need;

	if (byte < 0x80 || byte >= 0xc0)
		in->part_len = 0;
	if (byte < 0x80)
		return byte;
	in->part[in->part_len++] = byte;
	need = in->part[0] >= 0xf0 ? 4 : in->part[0] >= 0xe0 ? 3 : in->part[0] >= 0xc0 ? 2 : 1;
	if (in->part_len < need)
		return K_NONE;
	r = (struct reader){ in->part, in->part + in->part_len, false };
	in->part_len = 0;
	return reader_next(&r, &g) && g.ch != GLYPH_REPLACEMENT ? (int)g.ch : K_NONE;
}

/* Within a paste a character is text, whatever it is: no Ctrl-C, no Escape, and a line end is a blank. */
static int pasted(struct input *in, int key)
{
	bool second_half = in->after_return && key == '\n';

	/* curses finds the mark only when it comes in one piece */
	if (key == K_ESCAPE || (in->end_seen && key == paste_end[in->end_seen])) {
		in->end_seen = key == K_ESCAPE ? 1 : in->end_seen + 1;
		in->pasting = in->end_seen < sizeof(paste_end) - 1;
		return K_NONE;
	}
	in->end_seen = 0;
	in->after_return = key == '\r';
	if (key == '\r' || key == '\n' || key == '\t')
		return second_half ? K_NONE : ' ';
	return key < ' ' || key == 0x7f ? K_NONE : key;
}

int input_byte(struct input *in, unsigned char byte, int64_t now_ms)
{
	int key;

	pass_time(in, now_ms);
	key = decoded(in, byte);
	if (in->pasting)
		return pasted(in, key);
	return key == '\n' ? K_ENTER : key == 8 ? K_BACKSPACE : key;
}
