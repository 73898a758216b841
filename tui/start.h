/* What the first page lists. */
#ifndef TUI_START_H
#define TUI_START_H

#include "tui/pages.h"

#define START_FILE "kubewright.yaml" /* in the folder that kubewright was started in */

enum entry_kind { ENTRY_FILE, ENTRY_NEW, ENTRY_ADOPT, ENTRY_OPEN };
struct entry {
	enum entry_kind kind;
	char *path, *cluster;
	size_t folder; /* bytes at the start of path that name the folder of this process */
	char state[200];
	enum style style;
	bool dead, alive;
	char *live; /* the recording of the run under way; NULL: none is */
};

/* Fills in what became of the cluster's last run. */
void start_last_run(const struct wizard *w, struct entry *e);
/* A new inventory in this folder, in memory alone. ERROR_USAGE when its file is there already. */
struct document *start_new_document(const char *cluster, struct error *err);

/* How many bytes of a path say no more than that it is in this folder. */
size_t start_own_folder(const char *path);

#endif
