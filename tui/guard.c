/* Signals and modes of the terminal. What runs in a handler is limited to what signal-safety(7) allows. */
#include "tui/guard.h"

#include "base/alloc.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define TTY STDOUT_FILENO

static const int crashes[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT };
static const int notes[] = { SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT, SIGWINCH };
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct termios modes;
static struct sigaction before_crash[COUNT(crashes)], before_note[COUNT(notes)];
static int wake[2] = { -1, -1 }, kept_stderr = -1;
static char leave[256];
static volatile sig_atomic_t leave_len, started, ended, stopped, continued, resized;
/* a stack that ran over leaves no room for a handler */
static char spare_stack[65536];
static bool spare_stack_used;

bool guard_foreground(void)
{
	pid_t group = tcgetpgrp(TTY);

	return group < 0 || group == getpgrp();
}

static void put_stderr_back(void)
{
	if (kept_stderr >= 0)
		dup2(kept_stderr, STDERR_FILENO);
	else
		close(STDERR_FILENO);
}

static void put_modes_back(void)
{
	sigset_t ttou, old;

	/* a job in the background would be stopped here, or spoil the modes of the shell */
	if (!guard_foreground())
		return;
	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &ttou, &old);
	while (tcsetattr(TTY, TCSANOW, &modes) && errno == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* The way out when nothing can be trusted any more. */
static void restore(void)
{
	if (!started)
		return;
	started = 0;
	if (leave_len && guard_foreground() && write(TTY, leave, (size_t)leave_len) < 0)
		leave_len = 0;
	put_modes_back();
	put_stderr_back();
}

static void on_crash(int sig, siginfo_t *info, void *context)
{
	int keep = errno;

	(void)context;
	restore();
	for (size_t i = 0; i < COUNT(crashes); i++)
		if (crashes[i] == sig)
			sigaction(sig, &before_crash[i], NULL);
	/* a fault comes again by itself when the instruction does, and then with its address */
	if (info->si_code <= 0 || sig == SIGQUIT)
		raise(sig);
	errno = keep;
}

static void on_note(int sig)
{
	int keep = errno;

	if (sig == SIGTSTP)
		stopped = 1;
	else if (sig == SIGCONT)
		continued = 1;
	else if (sig == SIGWINCH)
		resized = 1;
	else
		ended = 1;
	/* full: it is readable already */
	if (write(wake[1], "", 1) < 0)
		errno = keep;
	errno = keep;
}

static struct sigaction note_action(void)
{
	struct sigaction sa = { .sa_handler = on_note, .sa_flags = SA_RESTART };

	sigemptyset(&sa.sa_mask);
	return sa;
}

static void use_spare_stack(void)
{
	stack_t now, spare = { .ss_sp = spare_stack, .ss_size = sizeof(spare_stack) };

	/* a sanitizer has one of its own */
	spare_stack_used = !sigaltstack(NULL, &now) && (now.ss_flags & SS_DISABLE) && !sigaltstack(&spare, NULL);
}

static void take_signals(void)
{
	struct sigaction note = note_action(), crash = { .sa_flags = SA_SIGINFO | SA_ONSTACK }, old;

	ended = stopped = continued = resized = 0;
	use_spare_stack();
	for (size_t i = 0; i < COUNT(notes); i++) {
		sigaction(notes[i], NULL, &before_note[i]);
		/* nohup means it, and so does a shell without job control */
		old = before_note[i];
		if ((notes[i] != SIGHUP && notes[i] != SIGTSTP) || old.sa_handler != SIG_IGN)
			sigaction(notes[i], &note, NULL);
	}
	sigfillset(&crash.sa_mask);
	crash.sa_sigaction = on_crash;
	for (size_t i = 0; i < COUNT(crashes); i++)
		sigaction(crashes[i], &crash, &before_crash[i]);
}

int guard_start(const char *log_path, struct error *err)
{
	const char *path = log_path ? log_path : "/dev/null";
	int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);

	if (log < 0)
		return error_errno(err, ERROR_SYSTEM, errno, "cannot open '%s'", path);
	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) || tcgetattr(TTY, &modes)) {
		error_errno(err, ERROR_SYSTEM, errno, "cannot prepare the terminal");
		if (wake[0] >= 0) {
			close(wake[0]);
			close(wake[1]);
			wake[0] = wake[1] = -1;
		}
		close(log);
		return -1;
	}
	fflush(stderr);
	kept_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(log, STDERR_FILENO);
	if (log != STDERR_FILENO)
		close(log);
	leave_len = 0;
	started = 1;
	take_signals();
	die_hook(restore);
	return 0;
}

void guard_end(void)
{
	stack_t none = { .ss_flags = SS_DISABLE };

	if (!started)
		return;
	put_modes_back();
	started = 0;
	die_hook(NULL);
	for (size_t i = 0; i < COUNT(crashes); i++)
		sigaction(crashes[i], &before_crash[i], NULL);
	for (size_t i = 0; i < COUNT(notes); i++)
		sigaction(notes[i], &before_note[i], NULL);
	if (spare_stack_used)
		sigaltstack(&none, NULL);
	fflush(stderr);
	put_stderr_back();
	if (kept_stderr >= 0)
		close(kept_stderr);
	close(wake[0]);
	close(wake[1]);
	kept_stderr = wake[0] = wake[1] = -1;
}

void guard_screen(const char *text)
{
	size_t n = strlen(text);

	/* a crash in between finds nothing rather than half of it */
	leave_len = 0;
	if (n > sizeof(leave))
		return;
	memcpy(leave, text, n);
	leave_len = (int)n;
}

int guard_fd(void)
{
	return wake[0];
}

bool guard_ended(void)
{
	return ended;
}

unsigned guard_take(void)
{
	static const struct {
		volatile sig_atomic_t *seen;
		unsigned event;
	} kinds[] = { { &stopped, GUARD_STOP }, { &continued, GUARD_CONTINUED }, { &resized, GUARD_RESIZED } };
	unsigned events = 0;
	char drain[64];

	/* first the pipe: a signal after this makes it readable again */
	while (wake[0] >= 0 && read(wake[0], drain, sizeof(drain)) > 0)
		;
	/* that one stays: who leaves late must not miss it */
	if (ended && write(wake[1], "", 1) < 0)
		ended = 1;
	/* each forgotten before it is passed on, so that one that comes meanwhile is not lost */
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (!*kinds[i].seen)
			continue;
		*kinds[i].seen = 0;
		events |= kinds[i].event;
	}
	return events;
}

void guard_stop(void)
{
	struct sigaction stop = { .sa_handler = SIG_DFL }, old;

	sigemptyset(&stop.sa_mask);
	sigaction(SIGTSTP, &stop, &old);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &old, NULL);
}
