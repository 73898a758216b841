/* Signals: the first asks a run to end, the second ends the program. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int wake[2] = { -1, -1 };
static volatile sig_atomic_t running, count;

static void on_signal(int sig)
{
	int keep = errno;

	(void)sig;
	count = count + 1;
	if (!running || count > 1) {
		cli_ask_restore();
		_exit(130);
	}
	if (write(wake[1], "", 1) < 0)
		errno = keep;
	errno = keep;
}

void cli_signals_setup(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa;

	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK))
		wake[0] = wake[1] = -1;
	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	/* a file that may not get larger is an error like a full disk */
	sigaction(SIGXFSZ, &sa, NULL);
	sa.sa_handler = on_signal;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct sigaction old;

		/* nohup means it */
		if (ends[i] != SIGHUP || sigaction(SIGHUP, NULL, &old) || old.sa_handler != SIG_IGN)
			sigaction(ends[i], &sa, NULL);
	}
}

void cli_signals_running(bool now)
{
	count = 0;
	running = now;
}

int cli_signals_fd(void)
{
	return wake[0];
}

bool cli_signals_taken(void)
{
	char c[16];
	bool any = false;

	while (wake[0] >= 0 && read(wake[0], c, sizeof(c)) > 0)
		any = true;
	return any;
}
