/* Golden files: drawn, written, compared. */
#include "tests/unit/fake_golden.h"

#include "base/alloc.h"
#include "base/file.h"
#include "tests/unit/fake_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHOWN "/home/admin" /* as long as the folder's name */

static char folder[] = "/tmp/XXXXXX";
static char *source;

bool golden_begin(void)
{
	source = realpath(".", NULL);
	setenv("TZ", "UTC", 1);
	return source && mkdtemp(folder) && chdir(folder) == 0 && setenv("HOME", folder, 1) == 0;
}

bool golden_end(void)
{
	char *command = xasprintf("rm -rf %s", folder);
	bool ok = chdir("/") == 0 && system(command) == 0;

	free(command);
	free(source);
	return ok;
}

/* ---- drawing -------------------------------------------------------------------------------------------------------- */

/* Where the test runs is not part of a screen. */
static void put_folder(struct canvas *c)
{
	size_t n = strlen(folder);

	for (int i = 0; i + (int)n <= c->width * c->height; i++) {
		size_t same = 0;

		while (same < n && c->cells[(size_t)i + same].ch == (unsigned char)folder[same])
			same++;
		for (size_t k = 0; same == n && k < n; k++)
			c->cells[(size_t)i + k].ch = (unsigned char)SHOWN[k];
	}
}

void golden_screen(struct str *out, struct str *looks)
{
	struct str color = STR_INIT, mono = STR_INIT, both = STR_INIT;
	size_t n = 0;

	app_draw(fake_app, &fake_canvas);
	put_folder(&fake_canvas);
	canvas_dump(&fake_canvas, THEME_COLOR, &color);
	canvas_dump(&fake_canvas, THEME_MONOCHROME, &mono);
	for (int lines = 0; lines <= fake_canvas.height; n++)
		lines += color.buf[n] == '\n';
	str_addn(out, color.buf, n);
	str_addf(out, "-- cursor %d: %d\n", fake_canvas.cursor_y, fake_canvas.cursor_x);
	str_addf(&both, "-- colour\n%s-- monochrome\n%s", color.buf + n, mono.buf + n);
	/* the characters are the same in both */
	if (strncmp(color.buf, mono.buf, n) != 0)
		abort();
	str_add(out, strcmp(both.buf, looks->buf) == 0 ? "-- looks as in UTF-8\n" : both.buf);
	str_clear(looks);
	str_add(looks, both.buf);
	str_release(&both);
	str_release(&color);
	str_release(&mono);
}

/* ---- comparing ------------------------------------------------------------------------------------------------------ */

static void first_difference(const char *want, const char *got)
{
	for (int line = 1; *want || *got; line++) {
		int n = (int)strcspn(want, "\n"), m = (int)strcspn(got, "\n");

		if (n != m || strncmp(want, got, (size_t)n) != 0) {
			printf("# line %d is \"%.*s\", not \"%.*s\"\n", line, m, got, n, want);
			return;
		}
		want += n + (want[n] == '\n');
		got += m + (got[m] == '\n');
	}
}

static bool writing(void)
{
	const char *write = getenv("GOLDEN_WRITE");

	return write && strcmp(write, "1") == 0;
}

static bool put(const char *full, const struct str *text)
{
	bool ok = file_write(full, text->buf, text->len, 0644, NULL) == 0;

	if (!ok)
		printf("# cannot write %s\n", full);
	return ok;
}

static bool differs(const char *path, const char *want, const char *got)
{
	printf("# %s is otherwise; GOLDEN_WRITE=1 takes over what is new\n", path);
	first_difference(want, got);
	return false;
}

bool golden_same(const char *path, const struct str *text)
{
	char *full = xasprintf("%s/%s", source, path);
	struct str want = STR_INIT;
	bool there = file_read(full, 8 << 20, &want, NULL) == 0, ok = there && strcmp(want.buf, text->buf) == 0;

	if (!ok && writing())
		ok = put(full, text);
	else if (!there)
		printf("# %s is not there: GOLDEN_WRITE=1 writes it\n", path);
	else if (!ok)
		differs(path, want.buf, text->buf);
	str_release(&want);
	free(full);
	return ok;
}

bool golden_part(const char *path, const char *before, const struct str *text, const char *after)
{
	char *full = xasprintf("%s/%s", source, path), *from = NULL, *end = NULL, *was = NULL;
	struct str file = STR_INIT, then = STR_INIT;
	bool ok;

	if (file_read(full, 8 << 20, &file, NULL) == 0)
		from = strstr(file.buf, before);
	from = from ? from + strlen(before) : NULL;
	end = from ? strstr(from, after) : NULL;
	if (end)
		was = xstrndup(from, (size_t)(end - from));
	ok = was && strcmp(was, text->buf) == 0;
	if (!end) {
		printf("# %s has no place for it: \"%s\"\n", path, before);
	} else if (!ok && writing()) {
		str_addn(&then, file.buf, (size_t)(from - file.buf));
		str_add(&then, text->buf);
		str_add(&then, end);
		ok = put(full, &then);
	} else if (!ok) {
		differs(path, was, text->buf);
	}
	free(was);
	free(full);
	str_release(&file);
	str_release(&then);
	return ok;
}
