/* Requests for certificates on rack7, made up, for the page of the wizard. */
#ifndef TESTS_UNIT_FAKE_REQUESTS_H
#define TESTS_UNIT_FAKE_REQUESTS_H

#include "tui/wizard.h"

enum fake_requests {
	FAKE_REQUESTS_NONE,   /* nobody waits */
	FAKE_REQUESTS_ALL,    /* two that may be signed, one refused, one of another signer */
	FAKE_REQUESTS_SILENT, /* no API server answers */
};
/* hostile: used for all texts of the cluster; NULL: none is. */
void fake_requests_fill(struct port_requests *out, enum fake_requests which, const char *hostile);

#endif
