/*
 * Security settings of the control planes: files that the API server is given, in a folder of their own, and the
 * arguments and volumes by which it reads them. A file's name says what is in it: with another content it is another
 * one, so that a change is a change of arguments, and the earlier file is still there for who goes back to it.
 */
#ifndef STEPS_SECURITY_H
#define STEPS_SECURITY_H

#include "steps/steps.h"

#include <stddef.h>

struct error;
struct json;
struct str;

/* Largest policy that is sent to hosts. */
#define SECURITY_POLICY_MAX (256 << 10)

/*
 * What the inventory asks of the API server: {"args": {NAME: {"value": …}}, "volumes": {NAME: {"hostPath": …}}}, as
 * kubeadm names its fields; NULL: nothing. With the task's lock held. The caller frees.
 */
struct json *security_own(const struct world *w);
/*
 * Puts them, by name, among the arguments and volumes of the API server in a ClusterConfiguration, and takes those away
 * that were given before and are wished no more. own, before: as security_own, or NULL. list: whether arguments are a
 * list, when there is none yet.
 */
void security_join(struct json *configuration, const struct json *own, const struct json *before, bool list);
/*
 * One such list or map of a component, joined by name: what stands there by others stays, in its order. own, before:
 * {NAME: {"value": …}}, or NULL. NULL: nothing is left. The caller frees.
 */
struct json *security_joined(
	const struct json *old, const struct json *own, const struct json *before, bool list);
/* Why a text is not an audit policy: err (ERROR_INVENTORY) and -1; 0: as far as can be seen it is one. Pure. */
int security_policy_refuse(const char *text, size_t len, struct error *err);

/* Where the audit policy that is built in lies on control planes. */
#define SECURITY_PATH 96
void security_default_path(char out[SECURITY_PATH]);

/* Puts these files on this host, if they are not there, and takes those away that its API server reads no more. */
int security_place(struct task *t, struct error *err);
/* The step that a control plane gets its certificates by, and these files. */
enum step_verdict place_check(struct task *t, struct error *why);
int place_apply(struct task *t, struct error *err);

#endif
