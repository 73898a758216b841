/* check --mesh: what hosts get through to one another. */
#ifndef CLI_MESH_H
#define CLI_MESH_H

#include "cli/run.h"
#include "cluster/mesh.h"

struct json;
struct str;

/* The command; returns its exit status. */
int cli_mesh(const struct cli_options *o);
/*
 * Part of a first apply: the hosts ask each other. 0: it may continue, or it is not the first; else the exit status,
 * when something does not get through and nothing of Kubernetes is there yet; that is printed.
 */
int cli_first_mesh(const struct cli_options *o);
/* For people, in lines of 80 columns, without the findings. r->world.seen.mesh is what the hosts said. */
void cli_mesh_table(const struct cli_run *r, const struct mesh_view *v, struct str *out);
/* All of it, as a document. */
struct json *cli_mesh_json(const struct cli_run *r, const struct mesh_view *v, const struct findings *found);
/* The exit status; unseen: that of a host that could not be looked at, 0: all could be. */
int cli_mesh_status(const struct mesh_view *v, const struct findings *found, int unseen);

#endif
