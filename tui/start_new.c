/* The inventory of a new cluster, and what is in this folder. */
#include "tui/start.h"

#include "base/alloc.h"
#include "inventory/release.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The text that a new inventory begins with. Nothing is written before the operator leaves a page. */
struct document *start_new_document(const char *cluster, struct error *err)
{
	const char *newest = strrchr(release_supported(), ' ');
	char folder[PATH_MAX] = ".";
	char *path, *text;
	struct document *d;

	if (!getcwd(folder, sizeof(folder)))
		snprintf(folder, sizeof(folder), ".");
	path = xasprintf("%s/" START_FILE, folder);
	/* the inventory that is here already is another cluster's */
	if (access(path, F_OK) == 0) {
		free(path);
		path = xasprintf("%s/%s.yaml", folder, cluster);
	}
	text = xasprintf(
		"# Inventory of a Kubernetes cluster, for kubewright. 'kubewright check' reads this file and looks at the\n"
		"# hosts; it changes nothing.\n\n"
		"# Name of the cluster; used in kubeconfigs and in the path of its keys.\n"
		"cluster: %s\n\n"
		"kubernetes:\n"
		"  # 1.36.2, or 1.36 for its newest patch at the first apply. A living cluster gets another one only by an upgrade.\n"
		"  version: %s\n\n"
		"hosts: []\n",
		cluster, newest ? newest + 1 : release_supported());
	d = NULL;
	if (access(path, F_OK) == 0)
		error_set(err, ERROR_USAGE, "%s already exists; choose another name, or open it", path);
	else
		d = document_parse(path, text, err);
	free(path);
	free(text);
	return d;
}

size_t start_own_folder(const char *path)
{
	char *folder = realpath(".", NULL);
	size_t n = folder ? strlen(folder) : 0;
	bool own = n > 1 && strncmp(path, folder, n) == 0 && path[n] == '/';

	free(folder);
	return own ? n + 1 : 0;
}
