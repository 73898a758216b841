/* Internal to inventory: the settings that kubelet.config and kubeproxy.config may have. */
#ifndef INVENTORY_SETTINGS_H
#define INVENTORY_SETTINGS_H

#include <stddef.h>

enum inventory_setting_type {
	ANY,
	TEXT,
	BOOL,
	INT,  /* of 32 bits */
	LONG, /* of 64 */
	REAL,
	DURATION,           /* text: "1m30s" */
	TEXTS,              /* a list */
	INTS,
	TEXTS_BY_NAME,      /* a map */
	BOOLS_BY_NAME,
	LISTS_BY_NAME,
	QUANTITIES_BY_NAME, /* text or numbers */
};
enum inventory_setting_releases {
	ALWAYS,
	SINCE_1_34, /* not in 1.20 */
	UNTIL_1_20,
};

struct inventory_setting {
	const char *path; /* "authentication.x509.clientCAFile"; "[]" behind a list of maps; NULL ends the table */
	enum inventory_setting_type type;
	enum inventory_setting_releases releases;
};
extern const struct inventory_setting inventory_kubelet_settings[], inventory_kubeproxy_settings[];

#endif
