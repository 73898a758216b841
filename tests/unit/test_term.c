/* The terminal, on pseudo-terminals: what is taken is put back, whatever happens; keys, signals, colours. */
#include "tests/test.h"
#include "tests/unit/fake_terminal.h"

#include "base/error.h"
#include "base/str.h"
#include "tui/canvas.h"
#include "tui/key.h"
#include "tui/term.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>

#define KEYS_MAX 64

/* What a program on the terminal reports to its test. */
struct told {
	int keys[KEYS_MAX];
	int key_count;
	int width, height;
	enum theme theme;
	bool ascii, signalled, fd_readable;
	struct error err;
};
static struct told *told;

static void begin(struct fake_terminal *s, const char *type, const char *locale, void (*program)(const char *log))
{
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!CHECK(told != MAP_FAILED) || !CHECK(fake_terminal_start(s, type, locale, program)))
		exit(1);
}

static void await(struct fake_terminal *s, const char *text, int n)
{
	CHECK(fake_terminal_await(s, text, n));
}

static void type_in(struct fake_terminal *s, const char *keys)
{
	CHECK(write(s->master, keys, strlen(keys)) == (ssize_t)strlen(keys));
}

/* Waits for the end; the terminal must be as it was. */
static void finish(struct fake_terminal *s)
{
	CHECK(fake_terminal_finish(s));
	CHECK(fake_terminal_same(&s->seen->before, &s->seen->after));
	CHECK(s->seen->before.c_lflag & ICANON);
}

static void clean(struct fake_terminal *s)
{
	fake_terminal_release(s);
	munmap(told, sizeof(*told));
}

/* An SGR sequence with a colour in it. */
static bool colored(const char *out)
{
	for (const char *p = strstr(out, "\033["); p; p = strstr(p, "\033[")) {
		p += 2;
		size_t n = strspn(p, "0123456789;");

		if (p[n] != 'm')
			continue;
		for (const char *q = p; q < p + n; q++)
			if ((q == p || q[-1] == ';') && (*q == '3' || *q == '4' || *q == '9') && q[1] >= '0' &&
				q[1] <= '9')
				return true;
	}
	return false;
}

/* ---- programs ---------------------------------------------------------------------------------------------------------- */

static struct term *open_term(const char *log)
{
	struct term *t = term_open(log, &told->err);

	if (!t)
		_exit(9);
	told->theme = term_theme(t);
	told->ascii = term_ascii(t);
	return t;
}

static void show(struct term *t, const char *text)
{
	struct canvas c;
	int width, height;

	term_size(t, &width, &height);
	told->width = width;
	told->height = height;
	canvas_init(&c, width, height, term_ascii(t));
	canvas_box(&c, 0, 0, height, width, STYLE_BORDER, NULL);
	canvas_text(&c, 2, 4, 0, STYLE_FAIL, "FAILED");
	canvas_text(&c, 3, 4, 0, STYLE_NORMAL, "grün 日本 🐧");
	canvas_textf(&c, 4, 4, 0, STYLE_NORMAL, "%s-%dx%d", text, width, height);
	canvas_cursor(&c, 2, 4);
	term_draw(t, &c, false);
	canvas_release(&c);
}

static void draws(const char *log)
{
	struct term *t = open_term(log);

	show(t, "wizard");
	if (write(2, "noise\n", 6) != 6)
		_exit(8);
	term_close(t);
	if (write(2, "back\n", 5) != 5)
		_exit(8);
	/* once more: nothing is left over from the first time */
	t = open_term(NULL);
	show(t, "again");
	term_close(t);
	term_close(NULL);
}

/* A canvas of another size than the screen. */
static void draws_other_sizes(const char *log)
{
	static const int sizes[][2] = { { 1, 1 }, { 1000, 1000 }, { 79, 3 }, { 81, 25 } };
	struct term *t = open_term(log);

	for (size_t i = 0; i < 4; i++) {
		struct canvas c;

		canvas_init(&c, sizes[i][0], sizes[i][1], term_ascii(t));
		for (int y = 0; y < c.height; y++)
			for (int x = 1; x < c.width; x += 2)
				canvas_text(&c, y, x, 2, STYLE_OK, "日");
		c.cells[0] = (struct cell){ 0x1b, 200 };
		term_draw(t, &c, i % 2 == 0);
		canvas_release(&c);
	}
	show(t, "whole");
	term_close(t);
}

static void wait_for_input(struct term *t)
{
	struct pollfd p[] = { { .fd = 0, .events = POLLIN }, { .fd = term_signal_fd(t), .events = POLLIN } };

	while (poll(p, 2, 20000) < 0 && errno == EINTR)
		;
	/* the test has given up: nothing is left behind */
	if (p[0].revents & (POLLHUP | POLLERR))
		_exit(8);
}

/* Reports every key until q; draws after each K_RESIZE. */
static void reads_keys(const char *log)
{
	struct term *t = open_term(log);
	struct pollfd p = { .fd = term_signal_fd(t), .events = POLLIN };

	show(t, "ready");
	for (;;) {
		int key = term_key(t);

		if (key == 'q' || term_signalled(t))
			break;
		if (key == K_NONE)
			wait_for_input(t);
		else if (told->key_count < KEYS_MAX)
			told->keys[told->key_count++] = key;
		if (key == K_RESIZE)
			show(t, "resized");
	}
	told->signalled = term_signalled(t);
	told->fd_readable = poll(&p, 1, 0) == 1;
	term_close(t);
}

static void aborts(const char *log)
{
	show(open_term(log), "wizard");
	abort();
}

static void faults(const char *log)
{
	show(open_term(log), "wizard");
	raise(SIGSEGV);
}

/* ---- cases ------------------------------------------------------------------------------------------------------------- */

static void draw_on(const char *type, const char *locale, bool color, bool alternate)
{
	bool ascii = strcmp(locale, "C") == 0;
	struct fake_terminal s;
	char text[4096];

	begin(&s, type, locale, draws);
	finish(&s);
	CHECK_INT(s.seen->status, 0);
	CHECK(strstr(s.out.buf, "wizard-80x24") != NULL);
	CHECK(strstr(s.out.buf, "again-80x24") != NULL);
	CHECK(strstr(s.out.buf, "FAILED") != NULL);
	CHECK_INT(strstr(s.out.buf, "日本") != NULL, !ascii);
	CHECK_INT(strstr(s.out.buf, "┌") != NULL, !ascii);
	CHECK_INT(told->ascii, ascii);
	CHECK_INT(told->theme, color ? THEME_COLOR : THEME_MONOCHROME);
	CHECK_INT(colored(s.out.buf), color);
	CHECK_INT(strstr(s.out.buf, "\033[?1049h") != NULL, alternate);
	CHECK_INT(strstr(s.out.buf, "\033[?1049l") != NULL, alternate);
	for (const char *p = s.out.buf; ascii && *p; p++)
		CHECK((unsigned char)*p < 0x80);
	fake_terminal_file(&s, "log", text, sizeof(text));
	CHECK_STR(text, "noise\n");
	fake_terminal_file(&s, "stderr", text, sizeof(text));
	CHECK_STR(text, "back\n");
	clean(&s);
}

static void draw(void)
{
	unsetenv("NO_COLOR");
	draw_on("xterm-256color", "C.UTF-8", true, true);
	draw_on("screen", "C.UTF-8", true, true);
	draw_on("linux", "C.UTF-8", true, false);
	draw_on("vt220", "C.UTF-8", false, false);
}

static void draw_plain(void)
{
	unsetenv("NO_COLOR");
	draw_on("linux", "C", true, false);
	draw_on("vt220", "C", false, false);
	setenv("NO_COLOR", "", 1);
	draw_on("xterm-256color", "C", true, true);
	setenv("NO_COLOR", "1", 1);
	draw_on("xterm-256color", "C.UTF-8", false, true);
	draw_on("linux", "C.UTF-8", false, false);
}

static void other_sizes(void)
{
	struct fake_terminal s;

	begin(&s, "xterm-256color", "C.UTF-8", draws_other_sizes);
	finish(&s);
	CHECK_INT(s.seen->status, 0);
	CHECK(strstr(s.out.buf, "whole-80x24") != NULL);
	clean(&s);
}

static void log_is_private(void)
{
	struct fake_terminal s;
	struct stat st;
	char path[128];

	begin(&s, "vt220", "C", draws);
	finish(&s);
	snprintf(path, sizeof(path), "%s/log", s.dir);
	CHECK(stat(path, &st) == 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	clean(&s);
}

static void crash_with(void (*program)(const char *log), int sig)
{
	static const char *const types[] = { "xterm-256color", "screen", "vt220" };

	for (size_t i = 0; i < 3; i++) {
		struct fake_terminal s;
		const char *leave;

		begin(&s, types[i], "C.UTF-8", program);
		finish(&s);
		/* a sanitizer makes an exit of some of them */
		if (sig)
			CHECK(WIFSIGNALED(s.seen->status) && WTERMSIG(s.seen->status) == sig);
		CHECK(s.seen->status != 0);
		leave = strstr(s.out.buf, "\033[?1049l");
		CHECK_INT(leave != NULL, i < 2);
		CHECK_INT(strstr(s.out.buf, "\033[?2004l") != NULL, i < 2);
		if (leave)
			CHECK(strstr(s.out.buf, "wizard-80x24") < leave);
		clean(&s);
	}
}

static void crash(void)
{
	crash_with(aborts, SIGABRT);
	crash_with(faults, 0);
}

static void has_keys(const int *want, int count)
{
	CHECK_INT(told->key_count, count);
	for (int i = 0; i < count && i < told->key_count; i++)
		CHECK_INT(told->keys[i], want[i]);
}

static void keys(void)
{
	static const int want[] = { 'a', K_CTRL('C'), K_CTRL('\\'), K_UP, K_UP, K_HOME, K_END, K_F5, K_F5, K_BACK_TAB,
		K_DELETE, K_PAGE_DOWN, 0xfc, 0x65e5, K_ENTER, K_TAB, K_BACKSPACE, K_BACKSPACE, K_F10, ' ' };
	static const char *const types[] = { "xterm-256color", "screen", "linux", "vt220" };

	for (size_t i = 0; i < 4; i++) {
		struct fake_terminal s;

		begin(&s, types[i], "C.UTF-8", reads_keys);
		await(&s, "ready-80x24", 1);
		type_in(&s,
			"a\003\034\033[A\033OA\033[1~\033OF\033[15~\033[[E\033[Z\033[3~\033[6~ü\xff日\r\t\b\x7f\033[21~\xe2\x82 q");
		finish(&s);
		CHECK_INT(s.seen->status, 0);
		has_keys(want, sizeof(want) / sizeof(want[0]));
		clean(&s);
	}
}

/* An Escape alone, and a character whose halves are far from each other. */
static void slow_keys(void)
{
	static const int want[] = { K_ESCAPE, 'x', 0xfc };
	struct fake_terminal s;

	begin(&s, "xterm-256color", "C.UTF-8", reads_keys);
	await(&s, "ready-80x24", 1);
	type_in(&s, "\033");
	for (int i = 0; i < 2000 && *(volatile int *)&told->key_count < 1; i++)
		poll(NULL, 0, 5);
	type_in(&s, "x\xc3");
	for (int i = 0; i < 2000 && *(volatile int *)&told->key_count < 2; i++)
		poll(NULL, 0, 5);
	/* time for the first half to be read alone */
	poll(NULL, 0, 60);
	type_in(&s, "\xbcq");
	finish(&s);
	has_keys(want, 3);
	clean(&s);
}

static void paste(void)
{
	static const int want[] = { 'a', ' ', 'b', ' ', K_ENTER };
	struct fake_terminal s;

	begin(&s, "xterm-256color", "C.UTF-8", reads_keys);
	await(&s, "ready-80x24", 1);
	CHECK(strstr(s.out.buf, "\033[?2004h") != NULL);
	type_in(&s, "\033[200~a\r\nb\n\003\033[A\033[201~\rq");
	finish(&s);
	has_keys(want, 5);
	CHECK(strstr(s.out.buf, "\033[?2004l") != NULL);
	clean(&s);
}

static void resize(void)
{
	struct winsize size = { .ws_row = 30, .ws_col = 100 };
	struct fake_terminal s;

	begin(&s, "xterm-256color", "C.UTF-8", reads_keys);
	await(&s, "ready-80x24", 1);
	ioctl(s.master, TIOCSWINSZ, &size);
	await(&s, "resized-100x30", 1);
	type_in(&s, "q");
	finish(&s);
	CHECK_INT(told->width, 100);
	CHECK_INT(told->height, 30);
	CHECK_INT(told->keys[0], K_RESIZE);
	CHECK_INT(told->key_count, 1);
	clean(&s);
}

static void stop_and_go_on(void)
{
	static const int want[] = { K_RESIZE, 'x' };
	struct fake_terminal s;

	begin(&s, "xterm-256color", "C.UTF-8", reads_keys);
	await(&s, "ready-80x24", 1);
	type_in(&s, "\032");
	/* the whole screen again, not what changed */
	await(&s, "resized-80x24", 1);
	await(&s, "FAILED", 2);
	type_in(&s, "xq");
	finish(&s);
	CHECK_INT(s.seen->status, 0);
	CHECK_INT(s.seen->stops, 1);
	CHECK(fake_terminal_same(&s.seen->before, &s.seen->stopped));
	has_keys(want, 2);
	clean(&s);
}

static void terminated(void)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGINT };

	for (size_t i = 0; i < 3; i++) {
		struct fake_terminal s;
		pid_t program;

		begin(&s, "xterm-256color", "C.UTF-8", reads_keys);
		await(&s, "ready-80x24", 1);
		program = tcgetpgrp(s.master);
		if (CHECK(program > 0))
			kill(program, signals[i]);
		finish(&s);
		CHECK_INT(s.seen->status, 0);
		CHECK(told->signalled);
		CHECK(told->fd_readable);
		CHECK(strstr(s.out.buf, "\033[?1049l") != NULL);
		clean(&s);
	}
}

static void refuse_on(const char *type, const char *what)
{
	struct fake_terminal s;

	begin(&s, type, "C.UTF-8", draws);
	finish(&s);
	CHECK(WIFEXITED(s.seen->status) && WEXITSTATUS(s.seen->status) == 9);
	CHECK_INT(told->err.kind, ERROR_USAGE);
	CHECK(strstr(told->err.what, what) != NULL);
	CHECK(told->err.hint[0] != '\0');
	CHECK_STR(s.out.buf, "");
	clean(&s);
}

static void refused(void)
{
	struct error err = { 0 };
	int null = open("/dev/null", O_RDWR);

	refuse_on("no-such-terminal", "no-such-terminal");
	refuse_on("dumb", "full-screen terminal");
	refuse_on("", "full-screen terminal");
	refuse_on(NULL, "full-screen terminal");
	setenv("TERM", "xterm-256color", 1);
	dup2(null, 0);
	CHECK(term_open(NULL, &err) == NULL);
	CHECK_INT(err.kind, ERROR_USAGE);
}

static void log_cannot_be_opened(const char *log)
{
	(void)log;
	open_term("/nonexistent/log");
}

static void no_log(void)
{
	struct fake_terminal s;

	begin(&s, "xterm-256color", "C.UTF-8", log_cannot_be_opened);
	finish(&s);
	CHECK(WIFEXITED(s.seen->status) && WEXITSTATUS(s.seen->status) == 9);
	CHECK_INT(told->err.kind, ERROR_SYSTEM);
	CHECK_STR(s.out.buf, "");
	clean(&s);
}

static const struct test tests[] = {
	{ "draw", draw },
	{ "draw_plain", draw_plain },
	{ "other_sizes", other_sizes },
	{ "log_is_private", log_is_private },
	{ "crash", crash },
	{ "keys", keys },
	{ "slow_keys", slow_keys },
	{ "paste", paste },
	{ "resize", resize },
	{ "stop_and_go_on", stop_and_go_on },
	{ "terminated", terminated },
	{ "refused", refused },
	{ "no_log", no_log },
};
TEST_MAIN(tests)
