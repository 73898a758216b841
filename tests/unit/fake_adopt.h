/* A cluster that others made, made up, for its pages of the wizard. */
#ifndef TESTS_UNIT_FAKE_ADOPT_H
#define TESTS_UNIT_FAKE_ADOPT_H

#include "tui/wizard.h"

enum fake_adopt {
	FAKE_ADOPT_FITS,      /* with warnings, and a host that could not be looked at */
	FAKE_ADOPT_REFUSED,   /* an error among the findings */
	FAKE_ADOPT_UNREACHED, /* the first host does not answer */
};
/* As a look at all hosts ends, or of FAKE_ADOPT_UNREACHED the first. hostile: as in fake_support_fill. */
void fake_adopt_fill(struct port_adopted *out, enum fake_adopt kind, const char *file, const char *hostile);

#endif
