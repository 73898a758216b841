/* The certificates of rack7, made up, for the page of the wizard. */
#ifndef TESTS_UNIT_FAKE_CERTS_H
#define TESTS_UNIT_FAKE_CERTS_H

#include "tui/wizard.h"

enum fake_certs {
	FAKE_CERTS_FINE,  /* nothing needs attention */
	FAKE_CERTS_ENDS,  /* all states; two front-proxy CAs; cp3 is down */
	FAKE_CERTS_EMPTY, /* no host has any */
};
/* hostile: used for all texts of hosts; NULL: none is. */
void fake_certs_fill(struct port_certs *out, enum fake_certs which, const char *hostile);

#endif
