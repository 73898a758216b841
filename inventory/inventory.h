/*
 * The inventory: what the operator wants, from one strict YAML file.
 * A struct inventory owns an arena; every string in it lives until inventory_free.
 * Fields are never NULL unless said so; what was left out holds its default.
 */
#ifndef INVENTORY_INVENTORY_H
#define INVENTORY_INVENTORY_H

#include "base/alloc.h"

#include <stdbool.h>
#include <stddef.h>

struct error;
struct json;
struct str;

enum inventory_role {
	INVENTORY_CONTROL_PLANE,
	INVENTORY_WORKER,
};

/* Where a secret comes from. The file never holds one. */
enum inventory_secret_source {
	INVENTORY_SECRET_NONE, /* left out, or `none` */
	INVENTORY_SECRET_ASK,  /* `ask`: from the terminal */
	INVENTORY_SECRET_ENV,  /* `env:NAME`: an environment variable of kubewright's own process */
};
struct inventory_secret {
	enum inventory_secret_source source;
	const char *env; /* the variable's name; NULL unless ENV */
};
/* Whether text is "ask", "none" or "env:NAME"; env (may be NULL) gets NAME or NULL. */
bool inventory_secret_form(const char *text, enum inventory_secret_source *source, const char **env);

struct inventory_ssh {
	const char *address; /* where to dial; default: the host's address */
	int port;            /* default 22 */
	const char *user;    /* default root */
	const char *key;     /* absolute path of a private key; NULL: agent and the usual files of ~/.ssh */
	const char *host_key; /* pinned: "SHA256:…" or "ssh-ed25519 AAAA…"; NULL: known_hosts and a question */
	bool agent;          /* ask the agent; default true */
	struct inventory_secret password;   /* ssh.password */
	struct inventory_secret passphrase; /* ssh.passphrase, of the key file */
	struct inventory_secret sudo;       /* ssh.sudo: sudo's password; NONE: sudo needs none */
};

struct inventory_pair {
	const char *key, *value;
};
struct inventory_taint {
	const char *key, *value, *effect; /* value may be "" */
};

struct inventory_host {
	const char *name;    /* the Node's name: a DNS subdomain, lower case, at most 63 characters */
	const char *address; /* the Node's address, IPv4 for now */
	enum inventory_role role;
	struct inventory_ssh ssh; /* the file's ssh section with this host's own on top */
	struct inventory_pair *labels;
	size_t label_count;
	struct inventory_taint *taints;
	size_t taint_count;
	int line; /* in the file, for messages; 0: unknown */
};

struct inventory_repository {
	const char *url;         /* NULL: the product's default for the version and system */
	const char *key_url;     /* NULL: derived from url (…/Release.key or …/gpg) */
	const char *fingerprint; /* 40 hex digits, upper case; NULL: the product's pinned one */
};

struct inventory {
	struct arena arena;
	const char *path;    /* of the file; "-" when from memory */
	const char *cluster; /* name */

	struct {
		const char *version; /* "1.36.2" or "1.36", as written, no leading v */
		struct inventory_repository repository;
		const char *image_repository; /* default: the version's own (registry.k8s.io, k8s.gcr.io) => NULL */
	} kubernetes;
	struct {
		const char *version; /* NULL: newest that the version table allows */
		struct inventory_repository repository;
		const char *config; /* TOML, goes into a drop-in file; NULL: none */
	} containerd;
	struct {
		const char *vip;       /* NULL: none */
		const char *interface; /* of the VIP; NULL: the interface that has the host's address */
		const char *host;      /* load balancer of the operator's; NULL: none */
		int port;              /* default 6443 */
	} endpoint; /* neither vip nor host: single control plane, its own address */
	struct {
		const char *pods;       /* default 10.244.0.0/16 */
		const char *services;   /* default 10.96.0.0/12 */
		const char *dns_domain; /* default cluster.local */
		const char *cni;        /* "none" (default), absolute path, or https URL */
		const char *cni_sha256; /* 64 hex digits; required for a URL, else NULL */
	} network;
	struct {
		const char *cgroup_driver; /* "systemd" (default) or "cgroupfs" */
	} runtime;
	struct {
		struct {
			const char *every;   /* "never", "30m" … "24h"; default 12h */
			int keep;            /* newest ones; default 14 */
			int keep_days;       /* the newest one of each of so many days stays too; default 1 */
			const char *folder;  /* on the control planes, absolute */
		} snapshots; /* that each control plane takes of its own member */
	} etcd;
	struct {
		const char *key_type; /* "ecdsa-p256" (default), "rsa-2048", "rsa-3072", "rsa-4096" */
		const char *ca_keys;  /* "cluster" (default) or "operator" */
		/* "self" (default), or "cluster": what kubelets get for it is in kubelet_config already */
		const char *kubelet_serving;
		/* absolute folder; default: <state dir>/<cluster>/pki, decided by the caller when NULL */
		const char *store;
		struct inventory_secret passphrase;
		/* a certificate with fewer left is warned of (30), is critical (7) */
		int warn_days, critical_days;
	} pki;
	/* Passthroughs, converted from YAML to JSON; NULL: none. Always objects. Owned by the inventory. */
	struct json *kubelet_config, *kubeproxy_config, *kubeadm_extra;
	struct {
		/*
		 * "none" (default), or "cis": what it gives kubelets is in kubelet_config already, below what the
		 * operator gives them, and what it gives control planes in inventory_profile_args
		 */
		const char *profile;
		/* "none" (default), "default": the policy that is built in, or the absolute path of one */
		const char *audit;
		bool encrypt_secrets; /* in etcd; default false */
	} security;
	struct {
		const char **ignore; /* finding names */
		size_t ignore_count;
	} preflight;
	struct {
		bool manage; /* os.time: install and enable a time service; default true */
	} time;

	struct inventory_host *hosts;
	size_t host_count;
};

/* The findings of a load: up to 20, in file order. Each is one complaint with its place. */
struct inventory_problem {
	int line, column; /* 1-based, columns in characters; 0: whole file */
	bool warning;     /* a warning does not make the load fail */
	char text[320];   /* "unknown key 'adress'; did you mean 'address'?" */
	char excerpt[200]; /* the line with a caret line below; may be empty; printable */
};
struct inventory_problems {
	struct inventory_problem list[20];
	size_t count;
	size_t more; /* complaints that found no room */
};

/*
 * Reads, parses and checks a file. On failure returns NULL; err (ERROR_INVENTORY) carries a summary whose
 * detail is inventory_problems_format's text, and problems (may be NULL) all of them. Warnings are in problems on
 * success too. sets: "kubernetes.version=1.36.2", "hosts.cp1.address=10.0.0.1", … as given by --set, applied before
 * checking.
 */
struct inventory *inventory_load(const char *path, const char *const *sets, size_t set_count,
	struct inventory_problems *problems, struct error *err);
/* The same from memory; name is for messages, its folder for relative paths; NULL: of a text that nobody sees. */
struct inventory *inventory_parse(const char *name, const char *text, size_t len, const char *const *sets,
	size_t set_count, struct inventory_problems *problems, struct error *err);
/* A file that is still being made: what is not complete yet (no endpoint, no control plane) is only warned of. */
struct inventory *inventory_load_draft(const char *path, struct inventory_problems *problems, struct error *err);
void inventory_free(struct inventory *inv);
/* "FILE:LINE:COL: error: TEXT" + excerpt for each, as a compiler does. */
void inventory_problems_format(const struct inventory_problems *p, const char *name, struct str *out);

/* What security.profile cis gives the components of a control plane, unless kubeadm.extra gives them something else. */
struct inventory_profile_arg {
	const char *component;    /* "apiServer", as ClusterConfiguration has it */
	const char *name, *value; /* of an argument */
};
extern const struct inventory_profile_arg inventory_profile_args[];
extern const size_t inventory_profile_arg_count;

/* By name, or NULL; lent. */
const struct inventory_host *inventory_find(const struct inventory *inv, const char *name);
/* How many hosts have a role. */
size_t inventory_count(const struct inventory *inv, enum inventory_role role);
/* More than half: of so many etcd members this many must be healthy. */
size_t inventory_quorum(size_t voters);
/*
 * Whether the number of control planes is even, which tolerates no more losses than one less does: the sum into why. A
 * new cluster is not begun so; a living one may be so for a while.
 */
bool inventory_even(const struct inventory *inv, char *why, size_t size);
/* The host part of the cluster's endpoint: VIP, load balancer, or the single control plane's address. */
const char *inventory_endpoint(const struct inventory *inv);
/* Whether hosts may keep their swap: kubelet.config.failSwapOn. */
bool inventory_keeps_swap(const struct inventory *inv);
/* Whether the CAs' keys stay on the operator's machine: pki.ca-keys. */
bool inventory_keeps_ca_keys(const struct inventory *inv);
/* Whether the cluster's CA signs kubelets' serving certificates: pki.kubelet-serving. */
bool inventory_signs_serving(const struct inventory *inv);

/*
 * The one table of fields. Paths use "hosts[]" for list members; per-host ssh keys appear as "hosts[].ssh.port".
 * It feeds parser, checks, --set, the sample, the wizard's forms and the man page.
 */
enum inventory_type {
	INVENTORY_TYPE_STRING,
	INVENTORY_TYPE_NAME,    /* RFC 1123 label */
	INVENTORY_TYPE_NODE,    /* DNS subdomain, at most 63 characters */
	INVENTORY_TYPE_VERSION, /* text as written, 1.36 stays "1.36" */
	INVENTORY_TYPE_ADDRESS, /* IPv4 address */
	INVENTORY_TYPE_CIDR,
	INVENTORY_TYPE_PORT,
	INVENTORY_TYPE_DAYS,    /* 1 to 3650 */
	INVENTORY_TYPE_COUNT,   /* 1 to 1000 */
	INVENTORY_TYPE_BOOL,
	INVENTORY_TYPE_CHOICE,  /* choices: "a|b|c" */
	INVENTORY_TYPE_PATH,    /* ~ expanded, made absolute against the file's folder */
	INVENTORY_TYPE_URL,
	INVENTORY_TYPE_HEX,     /* fingerprints and digests */
	INVENTORY_TYPE_SECRET,  /* ask | none | env:NAME */
	INVENTORY_TYPE_MAP,     /* labels */
	INVENTORY_TYPE_LIST,    /* of strings */
	INVENTORY_TYPE_TREE,    /* passthrough */
	INVENTORY_TYPE_RESERVED, /* known, refused with "not yet" */
};
struct inventory_field {
	const char *path;
	enum inventory_type type;
	/* CHOICE: its words; PATH: words that are not paths; HEX: digits; STRING: "lines" if it may have several */
	const char *choices;
	const char *label;    /* for forms: "Kubernetes version" */
	const char *help;     /* one or two sentences */
	const char *fallback; /* default as text, for the sample and the man page; NULL: none */
	bool required;
	/* of the member: in struct inventory_host for "hosts[]…" and "ssh.…", else in struct inventory */
	size_t offset;
	/*
	 * It counts only when a cluster is created: where kubeadm's ClusterConfiguration of the living cluster has it.
	 * NULL: it counts at any time; of the maps that steps/birth_maps.c compares, as far as that can be.
	 */
	const char *birth;
};
extern const struct inventory_field inventory_fields[];
extern const size_t inventory_field_count;

/*
 * `kubewright init`: a commented sample. hosts: "name=address" or "address" or a range "10.0.0.[11-15]"; the first
 * three (or the first, when fewer than four are given) become control planes. Unnamed ones get cp1…, w1….
 * The result parses without problems when at least one host is given.
 */
int inventory_sample(const char *cluster, const char *const *hosts, size_t host_count, struct str *out,
	struct error *err);

/*
 * YAML that comes from elsewhere, as strictly as an inventory and with its limits (1 MiB, 100000 values, 32 levels).
 * NULL: it cannot be understood, and err (ERROR_PROTOCOL) says why. The caller frees.
 */
struct json *inventory_yaml(const char *text, size_t len, struct error *err);

/* For IPv4; false also when one of the texts is not such an address or range. */
bool inventory_cidr_contains(const char *cidr, const char *address);
bool inventory_cidr_overlap(const char *a, const char *b);
/* n-th address of cidr (0: the network's own) into out[16]; -1 when outside. */
int inventory_cidr_nth(const char *cidr, unsigned n, char out[16]);

#endif
