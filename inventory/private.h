/* What the files of inventory/ share: the tree a YAML file becomes, and the state of one load. */
#ifndef INVENTORY_PRIVATE_H
#define INVENTORY_PRIVATE_H

#include "inventory/inventory.h"

#include <stdarg.h>

enum {
	INVENTORY_MAX_FILE = 1 << 20,
	INVENTORY_MAX_DEPTH = 32,
	INVENTORY_MAX_NODES = 100000,
	INVENTORY_MAX_SCALAR = 64 << 10,
	INVENTORY_MAX_HOSTS = 5000, /* Kubernetes' own limit */
};

enum inventory_kind {
	INVENTORY_KIND_BAD, /* complained about already; readers pass it over */
	INVENTORY_KIND_SCALAR,
	INVENTORY_KIND_LIST,
	INVENTORY_KIND_MAP,
};

struct inventory_node {
	enum inventory_kind kind;
	bool plain;                 /* a scalar without quotes */
	bool secret;                /* must not be shown in an excerpt */
	int line, column;           /* 1-based; 0: from --set */
	int last_line;              /* where its text ends */
	const char *origin;         /* "--set ssh.port"; NULL: the file */
	const char *text;           /* of a scalar, never NULL */
	struct inventory_node *key; /* of a map's member */
	struct inventory_node *next, *first, *last;
	size_t count; /* of members */
	/* bytes of the file's text; a block collection ends with its last member, a block scalar behind blank lines */
	size_t start, end;
	char style; /* of a scalar ', ", | or >, of a collection { or [; 0: plain, or a block */
};

struct inventory_load {
	struct inventory *inv;
	const char *name;
	char *folder;     /* absolute: where relative paths start */
	const char *text; /* the file without its byte order mark */
	size_t len;
	struct arena arena; /* of the tree */
	size_t nodes;
	struct inventory_node *root;
	struct inventory_problems *problems;
	size_t errors;
	struct inventory_host common;       /* only .ssh is used: the file's ssh section */
	struct inventory_node **host_nodes; /* one for each of inv->hosts */
	bool roles_unknown;                 /* some host's role could not be read */
	bool draft;                         /* what is not complete yet is only warned of */
	bool unseen;                        /* nobody sees the text: complaints name no other lines of it */
};

/* tree.c: reads YAML into l->root (NULL when there is none). Only complaints report failure. */
void inventory_tree_read(struct inventory_load *l);
/* A value given outside the file; complaints carry origin. NULL: complained, or no value. */
struct inventory_node *inventory_tree_value(struct inventory_load *l, const char *text, size_t len, const char *origin);
/* An empty node of l's arena; origin is lent, NULL: the file. */
struct inventory_node *inventory_node_new(struct inventory_load *l, enum inventory_kind kind, const char *origin);
/* Makes member, whose key is set for a map, the last of parent. */
void inventory_node_add(struct inventory_node *parent, struct inventory_node *member);
/* A map's member; NULL: there is none, or map is none. */
struct inventory_node *inventory_node_get(const struct inventory_node *map, const char *key);
/* "endpoint.vip" from the root; the deepest node that exists on the way, never NULL when there is a root. */
const struct inventory_node *inventory_node_near(const struct inventory_node *from, const char *path);
/* Plain "", "~" or null. */
bool inventory_node_empty(const struct inventory_node *n);
/* For messages: "a list", "a map", "a single value", "nothing". */
const char *inventory_kind_name(const struct inventory_node *n);

/* syntax.c: libyaml's own complaint in an operator's words. */
struct yaml_parser_s;
void inventory_syntax(
	struct inventory_load *l, const struct yaml_parser_s *parser, const char *text, size_t len, const char *origin);

/* problem.c: an error or a warning of l. at NULL: the whole file. Values shown go through inventory_shown. */
void inventory_complain(struct inventory_load *l, const struct inventory_node *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void inventory_warn(struct inventory_load *l, const struct inventory_node *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* How to report what is merely not complete: a complaint, or a warning while the file is a draft. */
typedef void inventory_say_fn(struct inventory_load *l, const struct inventory_node *at, const char *fmt, ...);
inventory_say_fn *inventory_unfinished(const struct inventory_load *l);
/* " (line 7)", or " (--set …)": where another node is. */
const char *inventory_where(struct inventory_load *l, const struct inventory_node *n);
/* Text on one line, printable, at most 60 bytes, in arena memory. */
const char *inventory_shown(struct inventory_load *l, const char *text);
/* The nearest of count words to a mistyped one; NULL: none is near. */
const char *inventory_nearest(const char *word, const char *const *words, size_t count);
/* The summary and its details for a load that found errors. */
int inventory_problems_error(const struct inventory_problems *p, const char *name, size_t errors, struct error *err);

/* excerpt.c: fills in the excerpts of all problems; secrets in the lines are cut off. */
void inventory_excerpts(struct inventory_load *l);
/* Length of the line that starts at text, without its break; *step with it. Breaks are YAML 1.1's. */
size_t inventory_line(const char *text, size_t len, size_t *step);
/* A key's name that promises a secret. */
bool inventory_sounds_secret(const char *word, size_t len);

/* value.c: a scalar, list or map into the member at base + field->offset. path is for messages: "hosts[2].name". */
void inventory_apply(
	struct inventory_load *l, const struct inventory_field *field, void *base, struct inventory_node *n);
/* text.c: NULL when text is a sound value of the field, else why not (arena or static); *out: what to store. */
const char *inventory_text_check(
	struct inventory_load *l, const struct inventory_field *field, const char *text, const char **out);
/* The checks of one field that its type does not cover; NULL: fine. */
const char *inventory_rule_check(struct inventory_load *l, const struct inventory_field *field, const char *text);
/* A DNS label of RFC 1123: at most 63 lower-case letters, digits and dashes. */
bool inventory_is_label(const char *text);
/* Whether Kubernetes takes it for a Node: a DNS subdomain of at most 63 characters. */
bool inventory_is_node_name(const char *text);
/* A DNS subdomain: such labels with dots, at most 253 characters. */
bool inventory_is_domain(const char *text);
/* labels.c: a map of labels, a list of taints, into *out in the inventory's arena, but for those complained of. */
void inventory_labels(
	struct inventory_load *l, struct inventory_pair **out, size_t *count, const struct inventory_node *n);
void inventory_taints(
	struct inventory_load *l, struct inventory_taint **out, size_t *count, const struct inventory_node *n);
/* json.c: whether plain text is read as a number: 7, -1.5e3, 0x1f, 0o17. */
bool inventory_is_number(const char *text);
/* yes, no, on, off, y, n: complained about where they are plain. */
bool inventory_is_ambiguous(const char *text);
/* A passthrough. The caller frees; NULL: complained. Members that are complained of are left out. */
struct json *inventory_json(struct inventory_load *l, const struct inventory_node *n);

/* fields.c: by its path in the table, "hosts[].ssh.port"; NULL: there is none. */
const struct inventory_field *inventory_field_find(const char *path);
/* True when some field's path starts with path and then '.', or "[]". */
bool inventory_is_section(const char *path);
/* Words that may follow path ("" or "ssh"): at most max, no doubles. */
size_t inventory_field_words(const char *path, const char **words, size_t max, struct arena *a);

/* set.c: changes l's tree by the argument of --set, "ssh.port=22"; what is wrong with it is complained of. */
void inventory_set(struct inventory_load *l, const char *argument);
/* walk.c: the tree into l->inv, field by field, over the defaults; complains of what is unknown, wrong or missing. */
void inventory_walk(struct inventory_load *l);
/* check.c: what no field can know by itself, over l->inv; the next two are parts of it, in files of their own. */
void inventory_check(struct inventory_load *l);
/* Names and addresses that two hosts have, and the number of control planes. */
void inventory_check_hosts(struct inventory_load *l);
/* What security.profile gives kubelets, into l->inv; warns of what the operator has set otherwise. */
void inventory_check_profile(struct inventory_load *l);
/* What pki.kubelet-serving gives kubelets, into l->inv; complains where the operator says otherwise. */
void inventory_check_serving(struct inventory_load *l);
/* kubelet.config and kubeproxy.config against what the programs know. */
void inventory_check_settings(struct inventory_load *l);
/* set.c: the field that a path like "hosts[].labels.gpu" names or leads into; *inside: what follows it. */
const struct inventory_field *inventory_set_field(const char *path, const char **inside);
/* Complains of a path that is not a field's, with what may have been meant. */
void inventory_unknown_path(struct inventory_load *l, const struct inventory_node *at, const char *path);

/*
 * sample_hosts.c: "cp[1-3]=10.0.0.[11-13]" and the like become hosts with name, address and role, in arena memory.
 * Names and addresses are made, not checked. ERROR_USAGE.
 */
int inventory_expand(struct arena *a, const char *const *specs, size_t spec_count, struct inventory_host **out,
	size_t *count, struct error *err);

/* cidr.c: host byte order. */
struct inventory_net {
	unsigned address, mask;
	int bits;
};
/* False: not four decimal numbers without leading zeros. */
bool inventory_ipv4(const char *text, unsigned *out);
/* "10.0.0.0/8"; host bits may be set. */
bool inventory_net(const char *text, struct inventory_net *out);

#endif
