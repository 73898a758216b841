#include "tests/unit/fake_program.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void become(const char *dir, const char *path, bool errors, int argc, char **argv)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600), null = open("/dev/null", O_RDWR);

	setsid();
	dup2(null, 0);
	dup2(fd, 1);
	dup2(errors ? fd : null, 2);
	setenv("XDG_STATE_HOME", dir, 1);
	setenv("HOME", dir, 1);
	if (chdir(dir))
		_exit(99);
	exit(cli_main(argc, argv));
}

int fake_program(const char *dir, const char *const *words, bool errors, struct str *out)
{
	char *argv[16] = { xstrdup("kubewright") }, path[128];
	int argc = 1, status = 0;
	pid_t pid;

	for (; *words; words++)
		argv[argc++] = xstrdup(*words);
	snprintf(path, sizeof(path), "%s/out", dir);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		become(dir, path, errors, argc, argv);
	while (argc > 0)
		free(argv[--argc]);
	waitpid(pid, &status, 0);
	str_clear(out);
	return file_read(path, 1 << 20, out, NULL) || !WIFEXITED(status) ? -1 : WEXITSTATUS(status);
}
