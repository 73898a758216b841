/* What sits on PCI Express: accelerators, and links that count errors. */
#include "cluster/hardware_private.h"

#include "base/json.h"
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCI "bus/pci/devices"

/* "0000:3b:00.0" */
static bool is_address(const char *p, size_t len)
{
	static const char form[] = "xxxx:xx:xx.x";

	if (len != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < len; i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)p[i]) : p[i] != form[i])
			return false;
	return true;
}

void hardware_pci(const struct hardware_seen *s, const char *link, char out[HARDWARE_PCI])
{
	const char *p = tree_get(&s->links, "%s", link);

	out[0] = '\0';
	while (p && *p) {
		size_t n = strcspn(p, "/");

		if (is_address(p, n))
			snprintf(out, HARDWARE_PCI, "%.*s", (int)n, p);
		p += n + (p[n] == '/');
	}
}

/* Vendors whose cards compute; others of these classes show a picture. */
static const char *vendor_of(int64_t vendor)
{
	return vendor == 0x10de   ? "NVIDIA"
	       : vendor == 0x1002 ? "AMD"
	       : vendor == 0x8086 ? "Intel"
	       : vendor == 0x1da3 ? "Habana"
				  : NULL;
}

static bool computes(int64_t class)
{
	return class >> 8 == 0x0300 || class >> 8 == 0x0302 || class >> 8 == 0x0380 || class >> 8 == 0x1200;
}

struct model {
	char name[96], bios[48];
};

static void take(const char *line, const char *key, char *out, size_t size)
{
	size_t len = strlen(key);

	if (strncmp(line, key, len) != 0)
		return;
	line += len;
	snprintf(out, size, "%s", line + strspn(line, " \t"));
}

static void take_model(const char *line, void *ctx)
{
	struct model *m = ctx;

	take(line, "Model:", m->name, sizeof(m->name));
	take(line, "Video BIOS:", m->bios, sizeof(m->bios));
}

/*
 * "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue …": the first word that begins with a digit and has a
 * dot, as far as the line is one of the driver's.
 */
static void driver_version(const struct hardware_seen *s, char out[32])
{
	const char *text = tree_get(&s->proc, "./driver/nvidia/version");

	out[0] = '\0';
	for (const char *p = text; p && *p && p - text < 512; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (isdigit((unsigned char)*p) && memchr(p, '.', n)) {
			snprintf(out, 32, "%.*s", (int)n, p);
			return;
		}
		p += n;
	}
}

static struct json *accelerator_of(const struct hardware_seen *s, const char *at, const char *vendor)
{
	struct json *o = json_object();
	struct model model = { "", "" };
	char path[96], version[32];

	snprintf(path, sizeof(path), "./driver/nvidia/gpus/%s/information", at);
	tree_lines(&s->proc, path, take_model, &model);
	driver_version(s, version);
	json_set_str(o, "pci", at);
	json_set_str(o, "vendor", vendor);
	hardware_text(o, "device", tree_get(&s->sys, PCI "/%s/device", at));
	hardware_text(o, "model", model.name);
	hardware_text(o, "firmware", model.bios);
	hardware_text(o, "driver", hardware_link(s, PCI "/%s/driver", at));
	hardware_text(o, "driver-version", strcmp(vendor, "NVIDIA") == 0 ? version : NULL);
	hardware_node(s, o, PCI "/%s/numa_node", at);
	hardware_number(s, o, "width", PCI "/%s/current_link_width", at);
	hardware_number(s, o, "width-possible", PCI "/%s/max_link_width", at);
	hardware_text(o, "speed", tree_get(&s->sys, PCI "/%s/current_link_speed", at));
	hardware_text(o, "speed-possible", tree_get(&s->sys, PCI "/%s/max_link_speed", at));
	return o;
}

struct json *hardware_accelerators(const struct hardware_seen *s)
{
	struct json *list = json_array();
	struct tree_names names;
	int64_t class, vendor;

	tree_names(&s->sys, PCI, &names);
	for (size_t i = 0; i < names.count; i++)
		if (tree_number(&s->sys, &class, PCI "/%s/class", names.list[i]) && computes(class) &&
			tree_number(&s->sys, &vendor, PCI "/%s/vendor", names.list[i]) && vendor_of(vendor))
			json_add(list, accelerator_of(s, names.list[i], vendor_of(vendor)));
	tree_names_release(&names);
	return list;
}

/* "TOTAL_ERR_COR 12" */
static int64_t total(const struct hardware_seen *s, const char *at, const char *kind)
{
	const char *text = tree_get(&s->sys, PCI "/%s/aer_dev_%s", at, kind), *number = text ? strchr(text, ' ') : NULL;

	return number ? strtol(number, NULL, 10) : 0;
}

struct json *hardware_pcie_errors(const struct hardware_seen *s)
{
	static const char *const kinds[] = { "correctable", "nonfatal", "fatal" };
	struct json *list = json_array(), *o;
	struct tree_names names;

	tree_names(&s->sys, PCI, &names);
	for (size_t i = 0; i < names.count; i++) {
		o = NULL;
		for (size_t k = 0; k < 3; k++) {
			int64_t n = total(s, names.list[i], kinds[k]);

			if (n <= 0)
				continue;
			o = o ? o : json_add(list, json_object());
			json_set_str(o, "pci", names.list[i]);
			json_set_int(o, kinds[k], n);
		}
	}
	tree_names_release(&names);
	return list;
}
