/* Pseudo-terminals for tests. */
#include "tests/unit/fake_terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SILENT_MS 20000

static void path_of(const struct fake_terminal *t, const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", t->dir, name);
}

static void set_or_unset(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static void be_program(const struct fake_terminal *t, int slave, void (*program)(const char *log))
{
	char path[128];
	int fd;

	setpgid(0, 0);
	tcsetpgrp(slave, getpid());
	signal(SIGTTOU, SIG_DFL);
	/* who runs the tests may be under nohup or in the background of a script */
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	dup2(slave, 0);
	dup2(slave, 1);
	path_of(t, "stderr", path);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, 2);
	path_of(t, "log", path);
	/*
	 * The thread sanitizer of GCC 12 maps its record of pending signals at a thread's first call that may wait, and
	 * forgets a signal that comes just then: it is mapped before anybody can send one.
	 */
	poll(NULL, 0, 0);
	program(path);
	_exit(0);
}

static void be_shell(const struct fake_terminal *t, int slave, void (*program)(const char *log))
{
	pid_t pid;

	close(t->master);
	setsid();
	ioctl(slave, TIOCSCTTY, 0);
	signal(SIGTTOU, SIG_IGN);
	tcgetattr(slave, &t->seen->before);
	pid = fork();
	if (pid == 0)
		be_program(t, slave, program);
	while (waitpid(pid, &t->seen->status, WUNTRACED) == pid && WIFSTOPPED(t->seen->status)) {
		tcgetattr(slave, &t->seen->stopped);
		t->seen->stops++;
		kill(-pid, SIGCONT);
	}
	/* here and not later: the end of the session resets them */
	tcgetattr(slave, &t->seen->after);
	_exit(0);
}

bool fake_terminal_start(
	struct fake_terminal *t, const char *type, const char *locale, void (*program)(const char *log))
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	int slave;

	*t = (struct fake_terminal){ .out = STR_INIT, .dir = "/tmp/kubewright-test-XXXXXX" };
	t->seen = mmap(NULL, sizeof(*t->seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t->seen == MAP_FAILED || !mkdtemp(t->dir) || openpty(&t->master, &slave, NULL, NULL, &size))
		return false;
	set_or_unset("TERM", type);
	set_or_unset("LC_ALL", locale);
	unsetenv("LINES");
	unsetenv("COLUMNS");
	t->shell = fork();
	if (t->shell == 0)
		be_shell(t, slave, program);
	close(slave);
	return t->shell > 0;
}

static int times(const char *out, const char *text)
{
	int n = 0;

	for (; (out = strstr(out, text)); out++)
		n++;
	return n;
}

bool fake_terminal_await(struct fake_terminal *t, const char *text, int n)
{
	char buf[4096];

	while (!text || times(t->out.buf, text) < n) {
		struct pollfd p = { .fd = t->master, .events = POLLIN };
		ssize_t got;

		if (poll(&p, 1, SILENT_MS) <= 0)
			return false;
		got = read(t->master, buf, sizeof(buf));
		if (got <= 0)
			return !text;
		for (ssize_t i = 0; i < got; i++)
			if (buf[i])
				str_addc(&t->out, buf[i]);
	}
	return true;
}

bool fake_terminal_finish(struct fake_terminal *t)
{
	return fake_terminal_await(t, NULL, 0) && waitpid(t->shell, NULL, 0) == t->shell;
}

void fake_terminal_release(struct fake_terminal *t)
{
	char path[128];

	path_of(t, "log", path);
	unlink(path);
	path_of(t, "stderr", path);
	unlink(path);
	rmdir(t->dir);
	close(t->master);
	str_release(&t->out);
	munmap(t->seen, sizeof(*t->seen));
}

void fake_terminal_file(const struct fake_terminal *t, const char *name, char *out, size_t size)
{
	char path[128];
	ssize_t n;
	int fd;

	path_of(t, name, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, out, size - 1);
	out[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

bool fake_terminal_same(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag &&
	       a->c_lflag == b->c_lflag && memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc)) == 0;
}
