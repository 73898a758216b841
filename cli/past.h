/* What earlier sessions left on this machine: runs, and the inventories that were worked on. */
#ifndef CLI_PAST_H
#define CLI_PAST_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct port_past;

/* The newest runs of a folder of journals, newest first, without other files; port_past_free frees. */
size_t cli_past_runs(const char *runs_dir, struct port_past **list);
/*
 * The journal of a run: a path, or the name of a run or the beginning of one of any cluster here; empty: the newest.
 * alive: only one under way counts. The caller frees.
 */
char *cli_past_find(const char *name, bool alive, struct error *err);

/* One absolute path a line, newest first; "" when there are none. The caller frees. */
char *cli_recent_read(const char *file);
/* Puts a path on top. What cannot be written is forgotten: it is a convenience. */
void cli_recent_add(const char *file, const char *path);

#endif
