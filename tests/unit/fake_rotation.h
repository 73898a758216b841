/* A rotation on rack7, made up, for its page of the wizard. */
#ifndef TESTS_UNIT_FAKE_ROTATION_H
#define TESTS_UNIT_FAKE_ROTATION_H

#include "tui/wizard.h"

enum fake_rotation {
	FAKE_ROTATION_NEXT,    /* the next phase may begin */
	FAKE_ROTATION_REFUSED, /* a host is behind */
};
/* hostile: used for all texts of hosts; NULL: none is. */
void fake_rotation_fill(struct port_rotation *out, const char *name, enum fake_rotation which, const char *hostile);

#endif
