/*
 * Arguments that security.profile gives the components of a control plane: beside those of others, joined by name. What
 * kubeadm.extra sets itself is never theirs.
 */
#ifndef STEPS_PROFILE_H
#define STEPS_PROFILE_H

#include "steps/steps.h"

#include <stdbool.h>

struct json;

/* What it asks for: {"scheduler": {NAME: {"value": …}}, …}; NULL: nothing. The caller frees. */
struct json *profile_own(const struct world *w);
/*
 * Puts them among the arguments of a ClusterConfiguration, and takes those away that were given before and are wished
 * no more. own, before: as profile_own, or NULL. list: whether arguments are a list, when there is none yet.
 */
void profile_join(const struct world *w, struct json *configuration, const struct json *own, const struct json *before,
	bool list);
/* Whether one of the two is about the arguments at this path of a ClusterConfiguration: "scheduler.extraArgs". */
bool profile_is_about(const struct json *own, const struct json *before, const char *path);

#endif
