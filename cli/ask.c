/* Questions on /dev/tty. */
#include "cli/cli.h"

#include "base/error.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static volatile sig_atomic_t saved_fd = -1;

void cli_ask_restore(void)
{
	int fd = saved_fd;

	if (fd >= 0)
		tcsetattr(fd, TCSANOW, &saved);
	saved_fd = -1;
}

static int open_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	/* a background job would be stopped by the first read, and hang */
	if (fd >= 0 && tcgetpgrp(fd) != getpgrp()) {
		close(fd);
		fd = -1;
	}
	return fd;
}

bool cli_can_ask(void)
{
	int fd = isatty(STDIN_FILENO) || isatty(STDERR_FILENO) ? open_terminal() : -1;

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void put(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		return;
}

/* One line of the terminal in canonical mode; -1: end of input or woken. */
static int read_line(int fd, char *out, size_t size, int wake_fd)
{
	size_t n = 0;

	for (;;) {
		struct pollfd p[2] = { { fd, POLLIN, 0 }, { wake_fd, POLLIN, 0 } };
		char c;

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return -1;
		if (p[1].revents)
			return -1;
		if (!p[0].revents)
			continue;
		ssize_t got = read(fd, &c, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		if (c == '\n') {
			out[n] = '\0';
			return (int)n;
		}
		if (n + 1 < size)
			out[n++] = c;
	}
}

bool cli_ask_line(const char *prompt, char *out, size_t size, int wake_fd)
{
	int fd = cli_can_ask() ? open_terminal() : -1;
	int n;

	if (fd < 0)
		return false;
	fflush(NULL);
	/* what was typed before the question was there is no answer to it */
	tcflush(fd, TCIFLUSH);
	put(fd, prompt);
	n = read_line(fd, out, size, wake_fd);
	if (n < 0)
		put(fd, "\n");
	close(fd);
	return n >= 0;
}

/* The safe answer is the first, and an empty line's; another one must be typed in full. -1: it is none of them. */
static int which_answer(const char *answers, const char *line)
{
	size_t len = strlen(line);

	for (int i = 0; *answers; i++) {
		size_t n = strcspn(answers, "|");

		if (len == 0 || (len == n && strncmp(answers, line, n) == 0))
			return i;
		answers += n + (answers[n] == '|');
	}
	return -1;
}

int cli_ask_answer(const char *question, const char *answers, int wake_fd)
{
	char prompt[640], line[32];
	int answer = -1;

	snprintf(prompt, sizeof(prompt), "%s [%s] ", question, answers);
	while (answer < 0 && cli_ask_line(prompt, line, sizeof(line), wake_fd)) {
		answer = which_answer(answers, line);
		snprintf(prompt, sizeof(prompt), "Type one of these words in full [%s] ", answers);
	}
	return answer < 0 ? 0 : answer;
}

int cli_ask_secret(const char *prompt, struct secret *out, struct error *err)
{
	int fd = cli_can_ask() ? open_terminal() : -1;
	struct termios quiet;
	char line[1024];
	int n;

	if (fd < 0)
		return error_set(err, ERROR_USAGE, "no terminal to ask on");
	if (tcgetattr(fd, &saved)) {
		error_errno(err, ERROR_SYSTEM, errno, "cannot read the terminal's settings");
		close(fd);
		return -1;
	}
	quiet = saved;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
	saved_fd = fd;
	fflush(NULL);
	tcsetattr(fd, TCSAFLUSH, &quiet);
	put(fd, prompt);
	n = read_line(fd, line, sizeof(line), -1);
	cli_ask_restore();
	put(fd, "\n");
	close(fd);
	if (n >= 0)
		secret_set(out, line, (size_t)n);
	secret_wipe(line, sizeof(line));
	return n >= 0 ? 0 : error_set(err, ERROR_CANCELLED, "nothing was entered");
}
