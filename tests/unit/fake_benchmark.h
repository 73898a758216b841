/* What comes of the benchmark on rack7, made up, for the page of the wizard. */
#ifndef TESTS_UNIT_FAKE_BENCHMARK_H
#define TESTS_UNIT_FAKE_BENCHMARK_H

#include "tui/wizard.h"

/* unseen: cp2 could not be looked at. hostile: used for all texts of hosts; NULL: none is. */
void fake_benchmark_fill(struct port_benchmark *out, bool unseen, const char *hostile);

#endif
