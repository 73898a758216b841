/* An archive for somebody who helps, made up, for its page of the wizard. */
#ifndef TESTS_UNIT_FAKE_SUPPORT_H
#define TESTS_UNIT_FAKE_SUPPORT_H

#include "tui/wizard.h"

/* fails: it could not be written. hostile: used for all texts of hosts; NULL: none is. */
void fake_support_fill(struct port_support *out, bool fails, const char *hostile);

#endif
