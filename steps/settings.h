/*
 * Settings of a living cluster: what the inventory passes through to kubelets, control planes and kube-proxy,
 * beside what the cluster has and what it has noted that it was given. Each kind has a document in a ConfigMap of
 * kube-system, by which later joins and upgrades go, and a note of its own in the ConfigMap kubewright: {"digest",
 * "given", "with", "before": the text that was replaced, "earlier": {"digest", "given", "with"} of the change before,
 * "accepted": whether some host has started with it}. The note is written before the document that it is about.
 */
#ifndef STEPS_SETTINGS_H
#define STEPS_SETTINGS_H

#include "steps/steps.h"

#include <stdbool.h>
#include <stddef.h>

struct error;
struct inventory;
struct json;
struct net_client;
struct settings;
struct str;

struct settings_kind {
	enum settings_id id;
	const char *field;    /* of the inventory */
	const char *whom;     /* who gets them, for people */
	const char *record;   /* the fact of what a host has recorded that it has; NULL: `behind` says it */
	const char *note;     /* key in the ConfigMap kubewright */
	const char *map;      /* where the document is; NULL: the release's name for the kubelets' */
	const char *key;      /* … in it */
	const char *document; /* its kind, for people */
	size_t seen;          /* where the ConfigMap is in struct cluster_state */
	/* What the inventory says; the caller frees. */
	struct json *(*wish)(const struct world *w);
	/* What else of the inventory the hosts get again when it changes; NULL: nothing. Lent. */
	const char *(*with)(const struct inventory *inv);
	/* Whether a field that differs can be changed at all, by its path below `field`; NULL: each can. */
	bool (*changeable)(const char *path);
	/* What merging alone does not do to the document that is to be, and to which list of it; NULL: nothing. */
	void (*finish)(const struct world *w, const struct settings *s, struct json *document);
	/* Whether it is finished there: the list at that path, or the map, is compared whole, after finishing. */
	bool (*finishes)(const struct settings *s, const char *path);
	const char *const *lists; /* … of these paths; ends with NULL; NULL: none */
	/* Of what one host does for the whole cluster: whether what is noted is still to be carried out. */
	bool (*behind)(const struct world *w, const struct settings *s);
	/* What takes too long stays, and the next run waits for it again; else it is put back. */
	bool continues;
};
extern const struct settings_kind settings_kubelet, settings_control_plane, settings_kubeproxy;

struct settings {
	const struct settings_kind *kind;
	struct json *wish, *note; /* note: NULL: there is none */
	const char *with;         /* as the kind has it; "" */
	char digest[65];          /* over wish and with */
};

/* What the change before gave, or this one while it is not noted yet; NULL: nothing. */
const struct json *settings_given_before(const struct settings *s);
/* The document as the survey, or this run after it, has seen it; NULL: it was not read. The caller frees. */
struct json *settings_living(const struct world *w, const struct settings_kind *kind);
/* Digest of what is noted; "": nothing. With the task's lock held. */
void settings_given(const struct world *w, const struct settings_kind *kind, char digest[65]);
/* Digest of the wish, for the host that a cluster begins on to record; "": nothing is wished. */
void settings_born(const struct world *w, const struct settings_kind *kind, char digest[65]);
/*
 * Notes what a new cluster was given, so that what leaves the inventory later is known; the log says when it could not
 * be.
 */
void settings_note_birth(struct task *t, const struct settings_kind *kind);
/* Whether a difference, by its field, is one of this kind's, that apply carries out. */
bool settings_is_of(const struct birth_difference *d, const struct settings_kind *kind);

/*
 * Puts a text under a key of the ConfigMap at a path of the API, as `map` was when it was read: not over somebody's
 * change of meanwhile. *now: the ConfigMap afterwards, which the caller frees; NULL with -1.
 */
int settings_put(struct net_client *c, const char *path, const struct json *map, const char *key, const char *text,
	struct json **now, struct error *err);

/*
 * Notes an object, which is taken, under a key of the ConfigMap kubewright, by the task's own control plane; the run
 * sees the ConfigMap as it is then.
 */
int settings_note_here(struct task *t, const char *key, struct json *note, struct error *err);

/* STEP_NEEDED, STEP_NOT_HERE, or STEP_IMPOSSIBLE where another host failed. */
enum step_verdict settings_look(struct task *t, const struct settings_kind *kind, struct error *why);
/* What is to be done on the host of the task when the document is as it is to be; 0, or -1: the host is as it was. */
typedef int settings_fn(struct task *t, const struct settings *s, struct error *err);
/*
 * Uploads the document when it differs, calls on_host, and takes the document back when that failed and no host has
 * started with it.
 */
int settings_change(struct task *t, const struct settings_kind *kind, settings_fn *on_host, struct error *err);

/* ---- kubeproxy_rollout.c: how far kube-proxy's DaemonSet is ---- */

#define KUBEPROXY_SET "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy"
/*
 * Annotation of its Pod template: the digest of the settings that its Pods have. With a new one they are replaced, Node
 * by Node.
 */
#define KUBEPROXY_NOTE "kubewright/kubeproxy-settings"
struct kubeproxy_rollout {
	/* The annotation of the Pods that are waited for, and its value; "": those without it. */
	const char *annotation, *value;
	bool back; /* Pods that do not start are waited for, too */
	bool none; /* there is no DaemonSet */
	/* Each Node has such a Pod, and it works; or each that is Ready. */
	bool whole, rest;
	char said[300]; /* what is missing */
	char away[200]; /* Nodes that are not Ready: they get theirs when they are */
	/* A Pod that does not start, its container, its Node and how it ended; "": there is none. */
	char pod[254], container[64], node[64], reason[200];
};
/* What is noted in the template of a DaemonSet under this annotation; "": nothing. */
const char *kubeproxy_noted(const struct json *set, const char *annotation);
/* For world_api, with a struct kubeproxy_rollout: fills what its caller does not set. */
int kubeproxy_look(struct net_client *c, void *rollout, struct error *err);
/*
 * settings_kubeproxy.c: gives the template the annotation, and waits until each Node that is Ready has a Pod of it or,
 * unless `back`, one does not start: that one is then in the rollout. -1: no DaemonSet, no API server, too long,
 * cancelled.
 */
int kubeproxy_roll_out(struct task *t, struct kubeproxy_rollout *r, struct error *err);
/* Says, with -1, which Pod of a rollout does not start, and why by its own log. */
int kubeproxy_failed(struct task *t, struct kubeproxy_rollout *r, struct error *err);
/* For world_api: asks for the log of the Pod that does not start, and puts its reason into `reason`. */
int kubeproxy_ask_reason(struct net_client *c, void *rollout, struct error *err);
/*
 * The line of a log that says why its program ended, without time and place; "" in out: the log is empty. Whether the
 * program itself calls it an error: else it is the last line, of whomever. Pure.
 */
bool kubeproxy_last_words(const char *log, char *out, size_t size);

#endif
