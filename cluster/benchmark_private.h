/* What the files of benchmark.h share. */
#ifndef CLUSTER_BENCHMARK_PRIVATE_H
#define CLUSTER_BENCHMARK_PRIVATE_H

#include "cluster/benchmark.h"

struct str;

enum benchmark_answer { BENCHMARK_YES, BENCHMARK_NO, BENCHMARK_UNSEEN, BENCHMARK_NONE };

enum benchmark_op {
	OP_IS,       /* this value; false and 0 are the same */
	OP_NOT,      /* any other value */
	OP_SET,      /* each of the flags, in a list with commas, has a value */
	OP_UNSET,    /* it is not given */
	OP_HAS,      /* a list with commas has this word */
	OP_LACKS,    /* … does not have it */
	OP_ONLY,     /* … has words, and none that is not among these */
	OP_AT_LEAST, /* a number, or seconds */
	OP_AT_MOST,
	OP_ABOVE,
};

struct benchmark_rule;
/* What a host shows of a rule, appended in words, and whether that is as the item wants it. */
typedef enum benchmark_answer benchmark_look(
	const struct benchmark_rule *rule, const struct benchmark_host *h, struct str *seen);

struct benchmark_rule {
	benchmark_look *look;
	const char *where; /* NAME of files.NAME; or a component of the control plane */
	/* of files, why there need be none; of a component a flag; of kubelets a path in their file */
	const char *name;
	const char *flag;  /* of kubelets: that goes before their file; NULL: there is none */
	enum benchmark_op op;
	const char *value;     /* wanted: of files the most mode, in octal, or the owner */
	const char *built_in;  /* what counts when it is not given; NULL: nothing does */
	const char *elsewhere; /* a flag with which the setting is in a file that is not read; NULL: there is none */
};

/* benchmark_files.c: modes and owners */
extern benchmark_look benchmark_mode, benchmark_owner;
/* benchmark_settings.c: flags of the control plane's components, and what a kubelet goes by */
extern benchmark_look benchmark_flag, benchmark_kubelet;
/* benchmark_special.c: what no single flag says */
extern benchmark_look benchmark_providers, benchmark_etcd_ca, benchmark_serving, benchmark_rotates, benchmark_proxy;

#endif
