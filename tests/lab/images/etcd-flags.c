/*
 * Starts etcd 3.5 with the flags of etcd 3.6 that kubeadm passes: two were renamed between them.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_NEW "--watch-progress-notify-interval="
#define PROGRESS_OLD "--experimental-watch-progress-notify-interval="

int main(int argc, char **argv)
{
	static char progress[256];

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--feature-gates=InitialCorruptCheck=true") == 0)
			argv[i] = (char *)"--experimental-initial-corrupt-check=true";
		if (strncmp(argv[i], PROGRESS_NEW, strlen(PROGRESS_NEW)) == 0) {
			snprintf(progress, sizeof(progress), "%s%s", PROGRESS_OLD, argv[i] + strlen(PROGRESS_NEW));
			argv[i] = progress;
		}
	}
	execv("/usr/local/bin/etcd-3.5", argv);
	perror("etcd-3.5");
	return 127;
}
