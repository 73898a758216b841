/* Prometheus' text format, as far as one metric of a component wants it. Pure. */
#ifndef CLUSTER_METRICS_H
#define CLUSTER_METRICS_H

#include <stddef.h>

enum {
	METRIC_LABELS = 16,
	METRIC_NAME = 64,
	METRIC_VALUE = 256,
};
struct metric {
	struct {
		char name[METRIC_NAME], value[METRIC_VALUE];
	} labels[METRIC_LABELS];
	size_t count;
	double value;
};
/* The value of a label, lent; "": it has none of that name. */
const char *metric_label(const struct metric *m, const char *name);
/*
 * Reads one line without its newline: `name{label="text",…} number [time]`, with \\, \" and \n in texts. 1: it is of
 * this metric, and m is filled; 0: of another, a comment or empty; -1: of this one, and malformed, or larger than m.
 */
int metric_line(const char *line, size_t len, const char *name, struct metric *m);
/*
 * Calls fn for each line of this metric; m is lent during the call. Returns how many of its lines were malformed: what
 * they say is not known.
 */
unsigned metrics_each(
	const char *text, size_t len, const char *name, void (*fn)(const struct metric *m, void *ctx), void *ctx);

#endif
