/*
 * What a host should be is data: items. A pure function per part makes them out of inventory, release, facts and
 * decision. The probe's questions, a step's check, the plan's differences, what put.sh does on the host, the facts
 * after it and whose wish the undo ledger notes all follow from them. What is wanted no more goes back to what the
 * ledger says it was. The host's name, swap and packages alone stay as they were brought until `reset`.
 */
#ifndef STEPS_RUN_WANT_H
#define STEPS_RUN_WANT_H

#include "engine/step.h"

#include <stdbool.h>
#include <stddef.h>

struct cluster_host;
struct error;
struct remote_answer;
struct remote_param;
struct str;
struct world;

/* In the order in which a check names them. */
enum item_kind {
	ITEM_PACKAGE,    /* key: its name; want: a version, as package_family has it, or "any" */
	ITEM_HOLD,       /* key: a package; want: "held" */
	ITEM_REPOSITORY, /* key: its name; want: "URL SUITE COMPONENT KEY-URL FINGERPRINT", "-" for no component */
	ITEM_FILE,       /* key: path; want: its text */
	ITEM_NAME,       /* key: the Node's name; want: the address it resolves to */
	ITEM_SWAP,       /* want: "off", now and at the next boot */
	ITEM_MODULE,     /* key: a kernel module; want: "loaded" */
	ITEM_SYSCTL,     /* key: its name with dots; want: its value, now and at the next boot */
	ITEM_UNIT,       /* key: "keepalived", without .service; want: "active" */
	ITEM_KINDS,
};
struct item {
	enum item_kind kind;
	const char *key;
	const char *want;   /* NULL: not there, or as the ledger has it */
	unsigned mode;      /* of a file */
	bool secret;        /* a file that is not shown */
	bool later;         /* a setting that is not there before its module is loaded */
	bool brought;       /* a file that the part's own script writes; want "": what is in it, the host alone knows */
	bool maybe;         /* a repository that is added only where a package is not to be had without it */
	const char *floor;  /* of a package: what is older will not do; NULL: anything */
	const char *reader; /* of a file: the unit that reads it, active as long as it is there; NULL: none */
	bool reload;        /* the reader takes it up by a reload */
	bool upgrades;      /* a package that may be brought to a newer version on a host of the living cluster */
	const char *from;   /* where it is wanted, for a contradiction; NULL: the part's name */
	bool in_use;        /* a file that is wanted no more, and still read: it stays unchanged; want "" */
	bool gone;          /* not wanted, and the ledger has it: to be put back */
};
struct items {
	struct item *list;
	size_t count;
	struct remote_param *params; /* see items_params */
	size_t param_count;
	char **owned;
	size_t owned_count;
};
/* The row's texts are copied, but for `from`. */
struct item *items_add(struct items *l, struct item row);
/* Keeps a text of the heap until items_release; returns it. */
const char *items_keep(struct items *l, char *text);
/*
 * Parameters files, file_N_path, file_N_mode, file_N_data, file_N_reader for lib.sh's put_files; and wish, for put.sh:
 * lines "KIND KEY VALUE" of the other kinds, and "gone KIND KEY READER". Lent until items_release.
 */
void items_params(struct items *l);
/* items_params and one more; both are lent. */
void items_param(struct items *l, const char *name, const char *value);
/* Secrets are wiped. */
void items_release(struct items *l);

/* ---- parts ---- */
struct want_part {
	const char *name; /* of its step too, and in the ledger */
	void (*items)(const struct world *w, int host, struct items *out);
	const char *scripts[2]; /* sent before put.sh: functions that it calls, see there; NULL: none */
	/* what its settings and its modules are for, in the files that a boot reads; NULL: its name says it */
	const char *settings, *modules;
};
extern const struct want_part want_os, want_packages, want_runtime, want_endpoint, want_security, want_snapshots,
	want_serving;

/*
 * A part's items, those that follow from them (the file of its settings and that of its modules, a repository's files,
 * readers), and what is to be put back. Pure.
 */
void want_items(const struct world *w, int host, const struct want_part *part, struct items *out);
/*
 * Adds the probe's parameters: paths, secret_paths, sysctls, modules, units, packages, sources of all parts. Pure.
 */
void want_questions(const struct world *w, int host, struct items *out);
/* Two parts of the wish, or two rows of one, that contradict each other: -1, ERROR_INVENTORY names both. Pure. */
int want_contradicts(const struct world *w, int host, struct error *err);

/* The first item that differs, for a step's check. When the run wants texts, the step's log gets all differences. */
enum step_verdict want_check(struct task *t, const char *part, struct error *why);
/*
 * Puts what differs on the host by put.sh, takes the answers into the facts, and fails when something is still not as
 * it should be. more: parameters for the part's script. answer may be NULL; filled also when something is still not
 * right.
 */
int want_apply(struct task *t, const char *part, const struct remote_param *more, size_t more_count,
	struct remote_answer *answer, struct error *err);
/*
 * For a part with a script of its own: adds its items and the parameters of items_params, list_NAME (the text of a
 * repository's file, in base64) and part.
 */
void want_params(struct task *t, const char *part, struct items *out);
/* After it: takes the answers into the facts, and fails when something is not as it should be. */
int want_learn(struct task *t, const char *part, const struct remote_answer *answer, struct error *err);

/* ---- kinds: item.c ---- */
/*
 * Of one kind: how it is called in the wish (items_params) and in the ledger; the rest is about an item that is wanted.
 */
struct item_type {
	const char *name;
	bool (*met)(const struct cluster_host *h, const struct item *i);
	/* What apply does about it: "writes /etc/x"; or STEP_IMPOSSIBLE. */
	enum step_verdict (*need)(const struct cluster_host *h, const struct item *i, struct error *why);
	/* After it was put: what it still is, and what has the last word; NULL: need says enough. */
	int (*stays)(const struct cluster_host *h, const struct item *i, struct error *err);
	/* For plan: adds how it is and how it will be; NULL: its files say it. */
	void (*differs)(const struct cluster_host *h, const struct item *i, struct str *out);
};
extern const struct item_type item_types[ITEM_KINDS];
/* item_types, for absent ones too. */
bool item_met(const struct cluster_host *h, const struct item *i);
enum step_verdict item_need(const struct cluster_host *h, const struct item *i, struct error *why);

#endif
