/* Chance, and eyes that look at every cell, for tests of the whole wizard. KW_SEED: other chances. */
#ifndef TESTS_UNIT_STRESS_H
#define TESTS_UNIT_STRESS_H

#include "tests/test.h"
#include "tests/unit/fake_port.h"

#include "base/alloc.h"

#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STRESS_SANITIZED 1
#else
#define STRESS_SANITIZED 0
#endif

/* ---- chance ------------------------------------------------------------------------------------------------------ */

static uint64_t chance_state;

static inline uint64_t seed(void)
{
	const char *text = getenv("KW_SEED");

	return text ? strtoull(text, NULL, 10) : 20260101;
}

static inline unsigned chance(unsigned n)
{
	chance_state ^= chance_state << 13;
	chance_state ^= chance_state >> 7;
	chance_state ^= chance_state << 17;
	return (unsigned)((chance_state >> 11) % n);
}

/* ---- what may stand on a canvas ---------------------------------------------------------------------------------- */

/* Controls, and what changes the direction or cannot be seen. */
static inline bool harmless(uint32_t ch, bool ascii)
{
	if (ch < ' ' || (ch >= 0x7f && ch < 0xa0) || (ch >= 0xd800 && ch < 0xe000) || ch > 0x10ffff)
		return false;
	if ((ch >= 0x200b && ch <= 0x200f) || (ch >= 0x2028 && ch <= 0x202e) || (ch >= 0x2060 && ch <= 0x206f))
		return false;
	return ch != 0xfeff && (!ascii || ch < 0x7f);
}

static inline bool look(void)
{
	const struct canvas *c = &fake_canvas;

	app_draw(fake_app, &fake_canvas);
	for (int i = 0; i < c->width * c->height; i++) {
		uint32_t ch = c->cells[i].ch;
		/* the right half of a wide character */
		bool half = !ch && i % c->width > 0 && c->cells[i - 1].ch >= 0x1100;

		if ((half || harmless(ch, c->ascii)) && c->cells[i].style < STYLE_COUNT)
			continue;
		printf("# on the canvas at %d,%d: U+%04X in style %d\n", i / c->width, i % c->width, (unsigned)ch,
			c->cells[i].style);
		fflush(stdout);
		return false;
	}
	return CHECK(c->cursor_x < c->width && c->cursor_y < c->height);
}

static inline void resize_at_random(void)
{
	if (chance(3))
		canvas_resize(&fake_canvas, 80 + (int)chance(130), 24 + (int)chance(40));
	else
		canvas_resize(&fake_canvas, 1 + (int)chance(100), 1 + (int)chance(30));
}

/* The main function of such a test: in a folder of its own, which is its home, too. */
static inline int stress_main(const struct test *tests, size_t count, int argc, char **argv)
{
	char folder[] = "/tmp/test_wizard.XXXXXX";
	int rc;

	if (!mkdtemp(folder) || chdir(folder))
		return 1;
	setenv("TZ", "UTC", 1);
	setenv("HOME", folder, 1);
	rc = test_main(tests, count, argc, argv);
	if (chdir("/") == 0) {
		char *command = xasprintf("rm -rf %s", folder);

		rc |= system(command) != 0;
		free(command);
	}
	return rc;
}

#endif
