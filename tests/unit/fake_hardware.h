/* Machines of rack7, made up, for their page of the wizard. */
#ifndef TESTS_UNIT_FAKE_HARDWARE_H
#define TESTS_UNIT_FAKE_HARDWARE_H

#include "tui/wizard.h"

/* unseen: cp2 could not be looked at. hostile: used for all texts of hosts; NULL: none is. */
void fake_hardware_fill(struct port_hardware *out, bool unseen, const char *hostile);

#endif
