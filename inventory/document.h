/*
 * An inventory as a text that is being edited. Every change touches only the lines that it must: comments, order,
 * quoting and blank lines of the operator's file stay. Paths are those of --set: "kubernetes.version",
 * "hosts.cp1.ssh.port". A document may be incomplete (no hosts yet), but it is always YAML that can be parsed: a change
 * that would break it is refused and nothing is changed.
 */
#ifndef INVENTORY_DOCUMENT_H
#define INVENTORY_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct inventory_field;
struct inventory_problems;
struct str;

struct document;

/*
 * Reads a file. A file that is not a YAML mapping is refused (ERROR_INVENTORY with the place); one that merely fails
 * checks is opened.
 */
struct document *document_load(const char *path, struct error *err);
/* From text, to be saved at path. */
struct document *document_parse(const char *path, const char *text, struct error *err);
void document_free(struct document *d);
const char *document_text(const struct document *d); /* lent until the next change */
const char *document_path(const struct document *d);
bool document_changed(const struct document *d);     /* since load or save */

/*
 * The value as text in the form that document_set takes: a scalar's text; a map as "gpu=h200,rack=7"; a list as "a,b";
 * a passthrough tree as JSON on one line. 1: there; 0: left out, out untouched.
 */
int document_get(const struct document *d, const char *path, struct str *out);
/*
 * Sets a field, adding its section when that is missing; value NULL or "" takes the field out (and a section that has
 * nothing left in it but no comment). The value is checked like the same value in a file (document_check). On error
 * nothing is changed.
 */
int document_set(struct document *d, const char *path, const char *value, struct error *err);
/*
 * Whether value would do for the field by itself, with the complaint that the file would get (same words). value "" is
 * fine unless the field is required.
 */
int document_check(const struct document *d, const char *path, const char *value, struct error *err);

/* Entries under hosts, complete or not. */
size_t document_host_count(const struct document *d);
/* "" when the host has no name; NULL beyond the end. Lent until the next change. */
const char *document_host_name(const struct document *d, size_t i);
/*
 * Appends a host in the style of the ones before it ("- {…}" or block). role: "control-plane" or "worker".
 * ERROR_INVENTORY for a name or address that is taken or not valid.
 */
int document_add_host(struct document *d, const char *name, const char *address, const char *role, struct error *err);
/* Takes a host's lines out, with the comment on them; comments between hosts stay. */
int document_remove_host(struct document *d, const char *name, struct error *err);

/* Everything that apply would complain about; true: nothing but warnings. */
bool document_problems(const struct document *d, struct inventory_problems *out, struct error *err);
/*
 * Writes it (temporary file, fsync, rename; mode kept, 0600 for a new one). Refused when the file on disk was changed
 * by others since load or save (ERROR_SYSTEM; force: not refused).
 */
int document_save(struct document *d, bool force, struct error *err);

/*
 * Host patterns of ~/.ssh/config that name one machine (no wildcards), with HostName, User, Port, IdentityFile. Include
 * is followed (bounded).
 */
struct ssh_config_host {
	char name[64];
	char address[256]; /* HostName, or the name */
	char user[64], key[256]; /* "" when not given */
	int port;          /* 0 when not given */
	char jump[128];    /* ProxyJump, or "ProxyCommand": the way there, which kubewright does not take; "": direct */
};
/* Caller frees *list. ERROR_SYSTEM when the file cannot be read. */
int ssh_config_hosts(const char *path, struct ssh_config_host **list, size_t *count, struct error *err);

/*
 * What an operator typed or pasted for hosts: "name=address", "address", ranges "cp[1-3]=10.0.0.[11-13]" and
 * "10.0.0.[11-15]", one or many, separated by spaces, commas or line ends, as in `kubewright init`. Unnamed ones get
 * the next free w1… or cp1…. Calls fn for each; the first complaint ends it with nothing called.
 */
int document_expand_hosts(const struct document *d, const char *typed, const char *role,
	int (*fn)(void *ctx, const char *name, const char *address, struct error *err), void *ctx, struct error *err);

#endif
