/* What the hosts of rack7 get through to one another, made up, for its page of the wizard. */
#ifndef TESTS_UNIT_FAKE_MESH_H
#define TESTS_UNIT_FAKE_MESH_H

#include "tui/wizard.h"

/*
 * count: hosts, five at least: cp1 to cp3, w1 and so on; of more than five each asks control planes and its
 * neighbours. unseen: cp2 could not be looked at. hostile: used for all texts of hosts; NULL: none is.
 */
void fake_mesh_fill(struct port_mesh *out, size_t count, bool unseen, const char *hostile);

#endif
