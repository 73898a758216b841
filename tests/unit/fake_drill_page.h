/* Faults on purpose on rack7, made up, for their page of the wizard. */
#ifndef TESTS_UNIT_FAKE_DRILL_PAGE_H
#define TESTS_UNIT_FAKE_DRILL_PAGE_H

#include "tui/wizard.h"

/* made: what came of them, else which can be made. refused: none can, as the cluster is not well. hostile: as ever. */
void fake_drill_fill(struct port_drill *out, bool made, bool refused, const char *hostile);

#endif
