/*
 * Known failures by what the programs print: kubeadm, kubelet, containerd, etcd, keepalived, the kernel. A pure table
 * and the search through it; the text searched comes from servers and is hostile.
 */
#ifndef CLUSTER_SIGNATURES_H
#define CLUSTER_SIGNATURES_H

#include <stdbool.h>
#include <stddef.h>

/* Where a signature is looked for; the names of the sources are the same words in lower case. */
enum signature_where {
	IN_JOB = 1,         /* the log of kubeadm, or of whatever failed */
	IN_KUBELET = 2,
	IN_CONTAINERD = 4,
	IN_KEEPALIVED = 8,
	IN_PODS = 16,       /* the control plane's containers, kube-proxy */
	IN_SYSTEM = 32,     /* steps/host/explain.sh's own words, the kernel, the time service */
	IN_ANY = 63,
};
enum signature_rank {
	RANK_CONDITION, /* of the machine, with or without this failure: shown beside a cause, and never as one */
	RANK_SYMPTOM, /* something else is behind it */
	RANK_LIKELY,  /* often the cause, sometimes harmless */
	RANK_CAUSE,
};

struct signature {
	const char *name; /* stable word */
	unsigned where;
	enum signature_rank rank;
	/*
	 * One of them in a line, as it stands there without backslashes: "*" is anything, "{}" (two at most) captures a
	 * word without blanks.
	 */
	const char *patterns[7];
	const char *unless[4]; /* none of these texts in the line */
	/* A sentence each, lower case, no full stop; $1 and $2 stand for what was captured. */
	const char *cause, *remedy;
};
struct signature_table {
	const struct signature *list;
	size_t count;
};
extern const struct signature_table *const signature_tables[];
extern const size_t signature_table_count;

/* "job", "kubelet" …: the name of one bit of enum signature_where. */
const char *signature_where_name(enum signature_where where);

struct signature_source {
	const char *name; /* as above; one of another name is passed over */
	const char *text; /* any bytes; the end is looked at, see SIGNATURE_* */
	size_t len;
};
enum {
	SIGNATURE_TEXT = 64 << 10, /* bytes of a source */
	SIGNATURE_LINES = 400,     /* lines of a source */
	SIGNATURE_LINE = 1024,     /* bytes of a line */
};
struct signature_hit {
	const struct signature *signature;
	const char *source; /* name */
	char line[256];     /* printable, without backslashes, the part around the match */
	char cause[192], remedy[256];
	size_t age;         /* lines of its source that are newer */
};
/*
 * Finds what is known: causes before likely ones before symptoms, then the newest line; each signature once. Returns
 * the number of hits, at most max. The work is bounded by the sources' number alone.
 */
size_t signatures_match(const struct signature_source *sources, size_t count, struct signature_hit *hits, size_t max);
/*
 * The first thing that a program like kubeadm calls an error in its log, where nothing is known of it: "[ERROR NAME]:
 * …", then "error …", then what stands before the offer of a stack trace. Printable, as in a hit; false: there is none.
 */
bool signatures_first_error(const char *text, size_t len, char line[256]);

#endif
