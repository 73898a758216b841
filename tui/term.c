/* The terminal, through curses. What a crash or a signal needs is in guard.c; curses is called by one thread only. */
#include "tui/term.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "tui/canvas.h"
#include "tui/glyph.h"
#include "tui/guard.h"
#include "tui/input.h"
#include "tui/key.h"

#define NCURSES_WIDECHAR 1
#define key_name curses_key_name /* not ours */
#include <curses.h>
#undef key_name
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

/* Long enough for the rest of an escape sequence on a slow line, too short to be felt. */
#define ESCAPE_MS 25
#define LINE_MAX_CELLS 1000

#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
/* Far from KEY_MAX: from there on curses numbers the keys that terminfo has beyond its own. */
enum { KEY_PASTE_BEGIN = 0x4000, KEY_PASTE_END };

struct term {
	SCREEN *screen;
	WINDOW *keys; /* a pad: reading from it never draws */
	char *locale; /* LC_CTYPE before */
	char *leave;  /* what leaves the screen */
	struct termios raw;
	bool ascii, paste_marks;
	bool left;  /* stopped, and another job has the terminal */
	bool force; /* the next drawing draws everything */
	enum theme theme;
	attr_t attributes[STYLE_COUNT];
	short pairs[STYLE_COUNT];
	struct input input;
};

/* ---- taking the terminal ----------------------------------------------------------------------------------------------- */

static void send(const char *text)
{
	size_t n = strlen(text);

	while (n) {
		ssize_t sent = write(STDOUT_FILENO, text, n);

		if (sent < 0 && errno != EINTR)
			return;
		if (sent > 0) {
			text += sent;
			n -= (size_t)sent;
		}
	}
}

/* A capability of the terminal without its padding; nothing when it has none. */
static void add_capability(struct str *out, const char *text)
{
	for (; text && *text; text++) {
		const char *end = text[0] == '$' && text[1] == '<' ? strchr(text, '>') : NULL;

		if (end)
			text = end;
		else
			str_addc(out, *text);
	}
}

static const char *capability(const char *name)
{
	char *text = tigetstr(name);

	/* curses' -1: not a string */
	return text == (char *)-1 ? NULL : text;
}

/* For a crash: attributes off, below all that is on the screen, cursor and keys as usual, the alternate screen left. */
static char *leave_text(bool paste_marks)
{
	const char *cup = capability("cup");
	struct str s = STR_INIT;

	add_capability(&s, capability("sgr0"));
	str_add(&s, paste_marks ? PASTE_OFF : "");
	add_capability(&s, cup ? tparm(cup, LINES - 1, 0, 0, 0, 0, 0, 0, 0, 0) : NULL);
	str_add(&s, "\r\n");
	add_capability(&s, capability("cnorm"));
	add_capability(&s, capability("rmkx"));
	add_capability(&s, capability("rmcup"));
	return str_detach(&s);
}

static int refuse(struct error *err)
{
	error_set(err, ERROR_USAGE, "the wizard needs a full-screen terminal");
	return error_hint(err, "the other commands do not: see 'kubewright --help'");
}

static int refuse_type(struct error *err, const char *type)
{
	error_set(err, ERROR_USAGE, "no full screen on a terminal of type '%.40s' (TERM)", type);
	return error_hint(err, "try TERM=vt220, or the other commands: see 'kubewright --help'");
}

/* Characters as the locale has them. Nothing else of it: numbers and messages stay as the rest of the program expects them. */
static void take_locale(struct term *t)
{
	const char *old = setlocale(LC_CTYPE, NULL);

	t->locale = xstrdup(old ? old : "C");
	setlocale(LC_CTYPE, "");
	t->ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	/* its notion of upper case stays out, too, where that is possible */
	setlocale(LC_CTYPE, t->ascii ? "C" : "C.UTF-8");
}

static void free_term(struct term *t)
{
	setlocale(LC_CTYPE, t->locale);
	free(t->locale);
	free(t->leave);
	free(t);
}

static void take_modes(struct term *t)
{
	cbreak();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	/* a drawing that stops half-way because a key came would stay so when the key changes nothing */
	typeahead(-1);
	if (tcgetattr(STDOUT_FILENO, &t->raw))
		return;
	t->raw.c_cc[VINTR] = t->raw.c_cc[VQUIT] = _POSIX_VDISABLE;
	t->raw.c_lflag &= (tcflag_t)~IEXTEN;
	tcsetattr(STDOUT_FILENO, TCSADRAIN, &t->raw);
	def_prog_mode();
}

/* What terminals send in either mode of their keys, whatever TERM says: on a serial line it is often wrong. */
static void take_keys(struct term *t)
{
	static const struct {
		int key;
		const char *texts[4];
	} keys[] = {
		{ KEY_UP, { "\033[A", "\033OA" } },
		{ KEY_DOWN, { "\033[B", "\033OB" } },
		{ KEY_RIGHT, { "\033[C", "\033OC" } },
		{ KEY_LEFT, { "\033[D", "\033OD" } },
		{ KEY_HOME, { "\033[H", "\033OH", "\033[1~", "\033[7~" } },
		{ KEY_END, { "\033[F", "\033OF", "\033[4~", "\033[8~" } },
		{ KEY_IC, { "\033[2~" } },
		{ KEY_DC, { "\033[3~" } },
		{ KEY_PPAGE, { "\033[5~" } },
		{ KEY_NPAGE, { "\033[6~" } },
		{ KEY_BTAB, { "\033[Z" } },
		{ KEY_ENTER, { "\033OM" } },
		{ KEY_F(1), { "\033OP", "\033[11~", "\033[[A" } },
		{ KEY_F(2), { "\033OQ", "\033[12~", "\033[[B" } },
		{ KEY_F(3), { "\033OR", "\033[13~", "\033[[C" } },
		{ KEY_F(4), { "\033OS", "\033[14~", "\033[[D" } },
		{ KEY_F(5), { "\033[15~", "\033[[E" } },
		{ KEY_F(6), { "\033[17~" } },
		{ KEY_F(7), { "\033[18~" } },
		{ KEY_F(8), { "\033[19~" } },
		{ KEY_F(9), { "\033[20~" } },
		{ KEY_F(10), { "\033[21~" } },
	};

	t->keys = newpad(1, 1);
	keypad(t->keys, TRUE);
	nodelay(t->keys, TRUE);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		for (size_t k = 0; k < 4 && keys[i].texts[k]; k++) {
			int known = key_defined(keys[i].texts[k]);

			if (known == 0 || known > KEY_MAX)
				define_key(keys[i].texts[k], keys[i].key);
		}
	}
	if (t->paste_marks) {
		define_key(INPUT_PASTE_BEGIN, KEY_PASTE_BEGIN);
		define_key(INPUT_PASTE_END, KEY_PASTE_END);
	}
}

static void take_colors(struct term *t)
{
	const char *no = getenv("NO_COLOR");
	bool own;
	int count = 0;

	t->theme = has_colors() && !(no && *no) ? THEME_COLOR : THEME_MONOCHROME;
	own = t->theme == THEME_COLOR && start_color() == OK && use_default_colors() == OK;
	for (int i = 0; i < STYLE_COUNT; i++) {
		const struct look *l = theme_look(t->theme, (enum style)i);

		t->attributes[i] = (l->bold ? A_BOLD : 0) | (l->dim ? A_DIM : 0) | (l->underline ? A_UNDERLINE : 0) |
				   (l->reverse ? A_REVERSE : 0);
		if (l->foreground == COLOR_OWN && l->background == COLOR_OWN)
			continue;
		for (int k = 0; k < i && !t->pairs[i]; k++) {
			const struct look *other = theme_look(t->theme, (enum style)k);

			if (other->foreground == l->foreground && other->background == l->background)
				t->pairs[i] = t->pairs[k];
		}
		if (!t->pairs[i] && init_pair((short)(count + 1),
					    (short)(l->foreground < 0 && !own ? COLOR_7_WHITE : l->foreground),
					    (short)(l->background < 0 && !own ? COLOR_0_BLACK : l->background)) == OK)
			t->pairs[i] = (short)++count;
	}
}

/* What may be pasted comes between marks; consoles do not know them and some would show them. */
static bool knows_paste_marks(const char *type)
{
	return strcmp(type, "linux") != 0 && strncmp(type, "vt", 2) != 0 && strcmp(type, "ansi") != 0;
}

struct term *term_open(const char *log_path, struct error *err)
{
	const char *type = getenv("TERM");
	struct term *t;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || !type || !*type || strcmp(type, "dumb") == 0) {
		refuse(err);
		return NULL;
	}
	t = xcalloc(1, sizeof(*t));
	take_locale(t);
	if (guard_start(log_path, err)) {
		free_term(t);
		return NULL;
	}
	/* after guard_start: curses leaves alone the signals that have handlers */
	set_escdelay(ESCAPE_MS);
	t->screen = newterm(NULL, stdout, stdin);
	if (!t->screen || !capability("cup")) {
		if (t->screen) {
			endwin();
			delscreen(t->screen);
		}
		guard_end();
		free_term(t);
		refuse_type(err, type);
		return NULL;
	}
	t->paste_marks = knows_paste_marks(type);
	t->leave = leave_text(t->paste_marks);
	guard_screen(t->leave);
	take_modes(t);
	take_keys(t);
	take_colors(t);
	if (t->paste_marks)
		send(PASTE_ON);
	return t;
}

/* The terminal as it was, for good or for a while. */
static void leave(struct term *t)
{
	if (t->paste_marks)
		send(PASTE_OFF);
	endwin();
	/* consoles have one screen only: what the shell says must not stand on our last line */
	if (!capability("rmcup"))
		send("\r\n");
	guard_screen("");
}

void term_close(struct term *t)
{
	if (!t)
		return;
	if (!t->left && guard_foreground())
		leave(t);
	delwin(t->keys);
	delscreen(t->screen);
	guard_end();
	free_term(t);
}

int term_signal_fd(const struct term *t)
{
	(void)t;
	return guard_fd();
}

bool term_signalled(const struct term *t)
{
	(void)t;
	return guard_ended();
}

bool term_ascii(const struct term *t)
{
	return t->ascii;
}

enum theme term_theme(const struct term *t)
{
	return t->theme;
}

void term_size(const struct term *t, int *width, int *height)
{
	(void)t;
	getmaxyx(stdscr, *height, *width);
}

/* ---- drawing ----------------------------------------------------------------------------------------------------------- */

/* What stands in a cell, never wider or narrower for curses than for the canvas; 0: the right half of the one before. */
static wchar_t shown(const struct term *t, const struct cell *cell, int room)
{
	int width = room > 1 && !cell[1].ch ? 2 : 1;

	if (!cell->ch || (cell->ch >= ' ' && cell->ch < 0x7f))
		return (wchar_t)cell->ch;
	if (wcwidth((wchar_t)cell->ch) == width)
		return (wchar_t)cell->ch;
	return t->ascii ? L'?' : GLYPH_REPLACEMENT;
}

static void draw_line(const struct term *t, const struct canvas *c, int y, int width)
{
	const struct cell *row = c->cells + (long)y * c->width;
	wchar_t text[LINE_MAX_CELLS];

	for (int x = 0; x < width;) {
		int start = x, n = 0;
		unsigned style = row[x].style < STYLE_COUNT ? row[x].style : STYLE_NORMAL;

		/* a run ends also where curses might not agree on how far it got */
		do {
			wchar_t ch = shown(t, row + x, width - x);

			if (ch)
				text[n++] = ch;
			x++;
		} while (x < width && row[x].style == row[start].style && row[x - 1].ch && row[x].ch);
		attr_set(t->attributes[style], t->pairs[style], NULL);
		if (n)
			mvaddnwstr(y, start, text, n);
	}
}

void term_draw(struct term *t, const struct canvas *c, bool force)
{
	int width, height;

	if (t->left)
		return;
	getmaxyx(stdscr, height, width);
	width = width < c->width ? width : c->width;
	height = height < c->height ? height : c->height;
	attr_set(A_NORMAL, 0, NULL);
	erase();
	for (int y = 0; y < height; y++)
		draw_line(t, c, y, width < LINE_MAX_CELLS ? width : LINE_MAX_CELLS);
	if (c->cursor_x >= 0 && c->cursor_x < width && c->cursor_y >= 0 && c->cursor_y < height) {
		move(c->cursor_y, c->cursor_x);
		curs_set(1);
	} else {
		curs_set(0);
	}
	if (force || t->force)
		clearok(curscr, TRUE);
	t->force = false;
	refresh();
}

/* ---- keys -------------------------------------------------------------------------------------------------------------- */

/* After another job had the terminal. */
static void come_back(struct term *t)
{
	/* in the background this stops the process until it is brought to the foreground */
	while (tcsetattr(STDOUT_FILENO, TCSADRAIN, &t->raw) && errno == EINTR)
		;
	reset_prog_mode();
	keypad(t->keys, TRUE);
	guard_screen(t->leave);
	if (t->paste_marks)
		send(PASTE_ON);
	t->force = true;
	t->left = false;
}

/* Signals that came since the last time: K_RESIZE when the screen is to be redrawn. */
static int attend(struct term *t)
{
	unsigned events = guard_take();
	struct winsize size;

	if (!events)
		return K_NONE;
	if (events & GUARD_STOP) {
		leave(t);
		t->left = true;
		guard_stop();
		/* its own SIGCONT */
		guard_take();
	}
	if (events & (GUARD_STOP | GUARD_CONTINUED)) {
		/* ended by the shell while stopped: the terminal is not ours to draw on any more */
		if (guard_ended() && !guard_foreground())
			return K_NONE;
		come_back(t);
	}
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col &&
		is_term_resized(size.ws_row, size.ws_col))
		resizeterm(size.ws_row, size.ws_col);
	return K_RESIZE;
}

static int function_key(int key)
{
	if (key >= KEY_F(1) && key <= KEY_F(10))
		return K_F1 + key - KEY_F(1);
	switch (key) {
	case KEY_UP: return K_UP;
	case KEY_DOWN: return K_DOWN;
	case KEY_LEFT: return K_LEFT;
	case KEY_RIGHT: return K_RIGHT;
	case KEY_A3:
	case KEY_PPAGE: return K_PAGE_UP;
	case KEY_C3:
	case KEY_NPAGE: return K_PAGE_DOWN;
	case KEY_A1:
	case KEY_FIND:
	case KEY_HOME: return K_HOME;
	case KEY_C1:
	case KEY_SELECT:
	case KEY_END: return K_END;
	case KEY_DC: return K_DELETE;
	case KEY_IC: return K_INSERT;
	case KEY_BTAB: return K_BACK_TAB;
	case KEY_ENTER: return K_ENTER;
	case KEY_BACKSPACE: return K_BACKSPACE;
	}
	/* KEY_RESIZE too: attend has done that already */
	return K_NONE;
}

static int translate(struct term *t, int got)
{
	int64_t now = clock_mono_ms();

	if (got < KEY_MIN)
		return input_byte(&t->input, (unsigned char)got, now);
	if (got != KEY_PASTE_BEGIN && got != KEY_PASTE_END)
		return input_function(&t->input, function_key(got), now);
	input_paste(&t->input, got == KEY_PASTE_BEGIN, now);
	return K_NONE;
}

int term_key(struct term *t)
{
	int key = attend(t), got;

	if (t->left)
		return K_NONE;
	while (key == K_NONE && (got = wgetch(t->keys)) != ERR)
		key = translate(t, got);
	return key;
}
