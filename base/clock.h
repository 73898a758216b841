#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_mono_ms(void); /* for durations and deadlines */
int64_t clock_boot_ms(void); /* the same, and counts while the machine is suspended */
int64_t clock_wall_ms(void); /* since 1970-01-01 UTC */
/* "2026-03-01T12:00:00Z" into out (21 bytes or more). */
void clock_rfc3339(int64_t wall_ms, char *out, unsigned long size);
/* The other way round, in whole seconds since 1970; 0: it is not one. */
int64_t clock_seconds(const char *rfc3339);

#endif
