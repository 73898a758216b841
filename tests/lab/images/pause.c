/* The container that holds a pod's namespaces: reaps orphans until told to end. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_child(int signal_number)
{
	(void)signal_number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void on_end(int signal_number)
{
	(void)signal_number;
	_exit(0);
}

int main(void)
{
	signal(SIGINT, on_end);
	signal(SIGTERM, on_end);
	signal(SIGCHLD, on_child);
	for (;;)
		pause();
}
