/* How many files this process may have open: each connection takes some of them. */
#ifndef BASE_DESCRIPTORS_H
#define BASE_DESCRIPTORS_H

#include <stddef.h>

struct error;

/* Of a host that is connected to: its socket, what wakes its thread, what cancels it; and of a run besides those. */
#define DESCRIPTORS_HOST 3
#define DESCRIPTORS_RUN 48

/* Raises the limit as far as this process may by itself. Once, at the start. */
void descriptors_raise(void);
/* As the limit is now. */
size_t descriptors_allowed(void);
/* To how many hosts one can be connected at once. */
size_t descriptors_hosts(void);
/* Whether they are enough for connections to so many hosts at once; -1: err (ERROR_SYSTEM) has both numbers. */
int descriptors_enough(size_t hosts, struct error *err);

#endif
