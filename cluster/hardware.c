/* The map of a machine: the system, its processors and its memory, and what is common to all parts. */
#include "cluster/hardware.h"

#include "base/json.h"
#include "base/str.h"
#include "cluster/hardware_private.h"
#include "remote/remote.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS "devices/system/cpu"
#define NODES "devices/system/node"
#define KIB INT64_C(1024)

/* ---- for all parts ------------------------------------------------------------------------------------------------- */

void hardware_text(struct json *o, const char *key, const char *text)
{
	json_set_str(o, key, text && *text ? text : NULL);
}

void hardware_number(const struct hardware_seen *s, struct json *o, const char *key, const char *fmt, ...)
{
	char path[256];
	int64_t n;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (tree_number(&s->sys, &n, "%s", path))
		json_set_int(o, key, n);
	else
		json_set(o, key, json_null());
}

void hardware_node(const struct hardware_seen *s, struct json *o, const char *fmt, ...)
{
	char path[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	/* "-1" is not a number here */
	hardware_number(s, o, "node", "%s", path);
}

const char *hardware_link(const struct hardware_seen *s, const char *fmt, ...)
{
	char path[256];
	const char *target, *slash;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	target = tree_get(&s->links, "%s", path);
	slash = target ? strrchr(target, '/') : NULL;
	return slash ? slash + 1 : target;
}

static void set_yes(struct json *o, const char *key, const char *text)
{
	if (text && (strcmp(text, "1") == 0 || strcmp(text, "0") == 0))
		json_set_bool(o, key, *text == '1');
	else
		json_set(o, key, json_null());
}

/* ---- the system ------------------------------------------------------------------------------------------------------ */

/* What makers leave in when they have nothing to say. */
static const char *told(const char *text)
{
	static const char *const nothing[] = { "None", "none", "0", "Not Specified", "Not Applicable", "Default string",
		"System Serial Number", "System Product Name", "System manufacturer", "To Be Filled By O.E.M.",
		"To be filled by O.E.M." };

	for (size_t i = 0; text && i < sizeof(nothing) / sizeof(nothing[0]); i++)
		if (strcmp(text, nothing[i]) == 0)
			return NULL;
	return text;
}

static const char *dmi(const struct hardware_seen *s, const char *file)
{
	return told(tree_get(&s->sys, "class/dmi/id/%s", file));
}

/* A line of the first processor in /proc/cpuinfo. */
static bool cpu_line(const struct hardware_seen *s, const char *key, char *out, size_t size)
{
	const char *text = remote_answer_get(s->said, "cpuinfo");
	size_t len = strlen(key);

	for (const char *p = text; p && *p; p += strcspn(p, "\n"), p += *p == '\n') {
		const char *colon = p + len;

		if (strncmp(p, key, len) != 0)
			continue;
		colon += strspn(colon, " \t");
		if (*colon != ':')
			continue;
		colon++;
		colon += strspn(colon, " \t");
		snprintf(out, size, "%.*s", (int)strcspn(colon, "\n"), colon);
		return *out != '\0';
	}
	return false;
}

/* What a processor of the last ten years has, and a virtual one may be refused. */
static void set_hidden(const struct hardware_seen *s, struct json *o)
{
	static const char *const all[] = { "aes", "avx2", "constant_tsc", "nonstop_tsc", "pdpe1gb", "x2apic" };
	char flags[8192], padded[8194], word[24];
	struct json *list;

	if (!cpu_line(s, "flags", flags, sizeof(flags)))
		return;
	snprintf(padded, sizeof(padded), " %s ", flags);
	list = json_set(o, "hidden-flags", json_array());
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(word, sizeof(word), " %s ", all[i]);
		if (!strstr(padded, word))
			json_add(list, json_string(all[i]));
	}
	if (!strstr(padded, " vmx ") && !strstr(padded, " svm "))
		json_add(list, json_string("vmx or svm"));
}

/* Of all time since the start, what a hypervisor has given to others. */
static void set_steal(const struct hardware_seen *s, struct json *o)
{
	const char *text = tree_get(&s->proc, "./stat");
	double n[8] = { 0 }, sum = 0;

	if (!text || sscanf(text, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5],
			     &n[6], &n[7]) != 8)
		return;
	for (int i = 0; i < 8; i++) {
		/* the kernel counts: "inf", or less than none, is not a count */
		if (!(n[i] >= 0 && n[i] < 1e19))
			return;
		sum += n[i];
	}
	if (sum > 0)
		json_set(o, "steal-percent", json_real((double)(int64_t)(1000 * n[7] / sum + 0.5) / 10));
}

static void set_virtual(const struct hardware_seen *s, struct json *system)
{
	const char *by = remote_answer_get(s->said, "virtual");
	struct json *o;
	struct tree_names units;

	if (!by || strcmp(by, "none") == 0) {
		hardware_text(system, "virtual", by);
		return;
	}
	o = json_set(system, "virtual", json_object());
	json_set_str(o, "by", by);
	set_steal(s, o);
	tree_names(&s->sys, "bus/event_source/devices", &units);
	json_set_bool(o, "performance-counters", units.count > 0);
	tree_names_release(&units);
	set_hidden(s, o);
}

static struct json *system_of(const struct hardware_seen *s)
{
	struct json *o = json_object(), *bios;
	const char *serial = dmi(s, "product_serial"), *version = tree_get(&s->proc, "./sys/kernel/osrelease"),
		   *efi = remote_answer_get(s->said, "efi"), *groups = remote_answer_get(s->said, "iommu_groups");
	struct tree_names bmcs;
	int64_t tainted;

	hardware_text(o, "vendor", dmi(s, "sys_vendor"));
	hardware_text(o, "product", dmi(s, "product_name"));
	hardware_text(o, "serial", serial);
	hardware_text(o, "board", dmi(s, "board_name"));
	bios = json_set(o, "bios", json_object());
	hardware_text(bios, "vendor", dmi(s, "bios_vendor"));
	hardware_text(bios, "version", dmi(s, "bios_version"));
	hardware_text(bios, "date", dmi(s, "bios_date"));
	hardware_text(o, "firmware", !efi ? NULL : strcmp(efi, "yes") == 0 ? "uefi" : "bios");
	set_yes(o, "secure-boot", remote_answer_get(s->said, "secure_boot"));
	tree_names(&s->links, "class/ipmi", &bmcs);
	json_set_bool(o, "bmc", bmcs.count > 0 || s->smbios.managed);
	tree_names_release(&bmcs);
	set_virtual(s, o);
	hardware_text(o, "kernel", version);
	hardware_text(o, "command-line", tree_get(&s->proc, "./cmdline"));
	if (tree_number(&s->proc, &tainted, "./sys/kernel/tainted"))
		json_set_int(o, "tainted", tainted);
	hardware_text(
		o, "clock-source", tree_get(&s->sys, "devices/system/clocksource/clocksource0/current_clocksource"));
	hardware_text(o, "lockdown", tree_get(&s->sys, "kernel/security/lockdown"));
	if (groups)
		json_set_int(o, "iommu-groups", strtol(groups, NULL, 10));
	return o;
}

/* ---- processors -------------------------------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Of those that are at work; false: the kernel does not show it. */
static bool count_processors(const struct hardware_seen *s, struct json *o)
{
	struct tree_names names;
	int64_t *sockets, *cores, socket, core;
	size_t n = 0, socket_count = 0, core_count = 0;

	tree_names(&s->sys, CPUS, &names);
	sockets = calloc(names.count + 1, sizeof(*sockets));
	cores = calloc(names.count + 1, sizeof(*cores));
	for (size_t i = 0; sockets && cores && i < names.count; i++)
		if (tree_number(&s->sys, &socket, CPUS "/%s/topology/physical_package_id", names.list[i]) &&
			tree_number(&s->sys, &core, CPUS "/%s/topology/core_id", names.list[i])) {
			sockets[n] = socket & 0xffffff;
			cores[n++] = (socket & 0xffffff) << 32 | (core & 0xffffffff);
		}
	if (n) {
		qsort(sockets, n, sizeof(*sockets), by_number);
		qsort(cores, n, sizeof(*cores), by_number);
	}
	for (size_t i = 0; i < n; i++) {
		socket_count += i == 0 || sockets[i] != sockets[i - 1];
		core_count += i == 0 || cores[i] != cores[i - 1];
	}
	free(sockets);
	free(cores);
	tree_names_release(&names);
	if (!n)
		return false;
	json_set_int(o, "sockets", (int64_t)socket_count);
	json_set_int(o, "cores", (int64_t)core_count);
	json_set_int(o, "threads", (int64_t)n);
	return true;
}

static void set_governor(const struct hardware_seen *s, struct json *o)
{
	struct tree_names names;
	const char *all = NULL;
	bool mixed = false;

	tree_names(&s->sys, CPUS, &names);
	for (size_t i = 0; i < names.count; i++) {
		const char *one = tree_get(&s->sys, CPUS "/%s/cpufreq/scaling_governor", names.list[i]);

		mixed = mixed || (one && all && strcmp(one, all) != 0);
		all = one ? one : all;
	}
	hardware_text(o, "governor", mixed ? "mixed" : all);
	tree_names_release(&names);
}

static void set_turbo(const struct hardware_seen *s, struct json *o)
{
	const char *no = tree_get(&s->sys, CPUS "/intel_pstate/no_turbo"),
		   *boost = tree_get(&s->sys, CPUS "/cpufreq/boost");

	if (no)
		json_set_bool(o, "turbo", strcmp(no, "0") == 0);
	else
		set_yes(o, "turbo", boost);
}

static struct json *mitigations(const struct hardware_seen *s)
{
	struct json *o = json_object();
	struct tree_names names;

	tree_names(&s->sys, CPUS "/vulnerabilities", &names);
	for (size_t i = 0; i < names.count; i++)
		hardware_text(o, names.list[i], tree_get(&s->sys, CPUS "/vulnerabilities/%s", names.list[i]));
	tree_names_release(&names);
	return o;
}

static struct json *cpu_of(const struct hardware_seen *s)
{
	struct json *o = json_object();
	char line[256];
	int64_t khz;

	hardware_text(o, "model",
		cpu_line(s, "model name", line, sizeof(line)) || cpu_line(s, "Model", line, sizeof(line)) ||
				cpu_line(s, "CPU part", line, sizeof(line))
			? line
			: NULL);
	if (!count_processors(s, o))
		json_set(o, "threads", json_null());
	set_yes(o, "smt", tree_get(&s->sys, CPUS "/smt/active"));
	hardware_text(o, "online", tree_get(&s->sys, CPUS "/online"));
	hardware_text(o, "offline", tree_get(&s->sys, CPUS "/offline"));
	hardware_text(o, "isolated", tree_get(&s->sys, CPUS "/isolated"));
	hardware_text(o, "microcode",
		cpu_line(s, "microcode", line, sizeof(line)) ? line
							     : tree_get(&s->sys, CPUS "/cpu0/microcode/version"));
	hardware_text(o, "driver", tree_get(&s->sys, CPUS "/cpu0/cpufreq/scaling_driver"));
	set_governor(s, o);
	set_turbo(s, o);
	if (tree_number(&s->sys, &khz, CPUS "/cpu0/cpufreq/cpuinfo_max_freq"))
		json_set_int(o, "max-mhz", khz / 1000);
	json_set(o, "mitigations", mitigations(s));
	return o;
}

/* ---- memory ------------------------------------------------------------------------------------------------------------ */

/* "Node 0 MemTotal:       24683656 kB", or the same without the node. */
static void set_total(struct json *o, const char *line)
{
	const char *colon = line ? strchr(line, ':') : NULL;
	long long kib = colon ? strtoll(colon + 1, NULL, 10) : 0;

	if (kib > 0 && kib < INT64_MAX / KIB)
		json_set_int(o, "bytes", kib * KIB);
	else
		json_set(o, "bytes", json_null());
}

static struct json *nodes(const struct hardware_seen *s)
{
	struct json *list = json_array(), *o, *pages;
	struct tree_names names, sizes;
	char folder[128];

	tree_names(&s->sys, NODES, &names);
	for (size_t i = 0; i < names.count; i++) {
		o = json_add(list, json_object());
		json_set_int(o, "id", strtol(names.list[i] + strcspn(names.list[i], "0123456789"), NULL, 10));
		hardware_text(o, "cpus", tree_get(&s->sys, NODES "/%s/cpulist", names.list[i]));
		set_total(o, tree_get(&s->sys, NODES "/%s/meminfo", names.list[i]));
		hardware_text(o, "distance", tree_get(&s->sys, NODES "/%s/distance", names.list[i]));
		pages = json_set(o, "hugepages", json_object());
		snprintf(folder, sizeof(folder), NODES "/%s/hugepages", names.list[i]);
		tree_names(&s->sys, folder, &sizes);
		for (size_t k = 0; k < sizes.count; k++)
			hardware_number(s, pages, sizes.list[k] + (str_starts(sizes.list[k], "hugepages-") ? 10 : 0),
				"%s/%s/nr_hugepages", folder, sizes.list[k]);
		tree_names_release(&sizes);
	}
	tree_names_release(&names);
	return list;
}

static void set_dimms(const struct smbios *b, struct json *memory)
{
	struct json *list;
	bool ecc = false;

	if (!b->count) {
		json_set(memory, "dimms", json_null());
		return;
	}
	json_set_int(memory, "slots", (int64_t)b->count);
	list = json_set(memory, "dimms", json_array());
	for (size_t i = 0; i < b->count; i++) {
		const struct smbios_dimm *d = &b->dimms[i];
		struct json *o;

		if (!d->bytes && !d->unknown)
			continue;
		ecc = ecc || d->ecc;
		o = json_add(list, json_object());
		hardware_text(o, "slot", *d->slot ? d->slot : d->bank);
		json_set(o, "bytes", d->unknown ? json_null() : json_int(d->bytes));
		hardware_text(o, "type", d->type);
		json_set(o, "rated-mts", d->rated ? json_int(d->rated) : json_null());
		json_set(o, "mts", d->speed ? json_int(d->speed) : json_null());
		hardware_text(o, "maker", told(d->maker));
		hardware_text(o, "part", told(d->part));
		hardware_text(o, "serial", told(d->serial));
	}
	json_set_bool(memory, "ecc", ecc);
}

/* Since the start, or since the driver was loaded; no driver: not known. */
static void set_errors(const struct hardware_seen *s, struct json *memory)
{
	struct tree_names names;
	int64_t corrected = 0, lost = 0, n;
	bool known = false;

	tree_names(&s->sys, "devices/system/edac/mc", &names);
	for (size_t i = 0; i < names.count; i++) {
		if (tree_number(&s->sys, &n, "devices/system/edac/mc/%s/ce_count", names.list[i]))
			corrected += n & UINT32_MAX, known = true;
		if (tree_number(&s->sys, &n, "devices/system/edac/mc/%s/ue_count", names.list[i]))
			lost += n & UINT32_MAX;
	}
	tree_names_release(&names);
	json_set(memory, "corrected-errors", known ? json_int(corrected) : json_null());
	json_set(memory, "uncorrected-errors", known ? json_int(lost) : json_null());
}

static struct json *memory_of(const struct hardware_seen *s)
{
	struct json *o = json_object();

	set_total(o, tree_get(&s->proc, "./meminfo"));
	json_set(o, "nodes", nodes(s));
	set_dimms(&s->smbios, o);
	set_errors(s, o);
	return o;
}

/* ---- temperatures ------------------------------------------------------------------------------------------------------ */

static struct json *temperatures(const struct hardware_seen *s)
{
	struct json *list = json_array(), *o;
	struct tree_names chips, files;
	char folder[128], file[128];
	int64_t n;

	tree_names(&s->sys, "class/hwmon", &chips);
	for (size_t i = 0; i < chips.count; i++) {
		snprintf(folder, sizeof(folder), "class/hwmon/%s", chips.list[i]);
		tree_names(&s->sys, folder, &files);
		for (size_t k = 0; k < files.count; k++) {
			size_t len = strcspn(files.list[k], "_");

			if (!str_ends(files.list[k], "_input") ||
				!tree_number(&s->sys, &n, "%s/%s", folder, files.list[k]))
				continue;
			snprintf(file, sizeof(file), "%s/%.*s", folder, (int)len, files.list[k]);
			o = json_add(list, json_object());
			hardware_text(o, "chip", tree_get(&s->sys, "%s/name", folder));
			hardware_text(o, "sensor", tree_get(&s->sys, "%s_label", file));
			json_set_int(o, "celsius", n / 1000);
			if (tree_number(&s->sys, &n, "%s_crit", file))
				json_set_int(o, "critical", n / 1000);
		}
		tree_names_release(&files);
	}
	tree_names_release(&chips);
	return list;
}

/* ---- all of it --------------------------------------------------------------------------------------------------------- */

static void read_tree(struct tree *t, const struct remote_answer *said, const char *word)
{
	const struct remote_answer_line *line = remote_answer_find(said, word);

	tree_read(t, line ? line->value : NULL, line ? line->len : 0);
}

struct json *hardware_map(const struct remote_answer *said)
{
	const struct remote_answer_line *table = remote_answer_find(said, "smbios");
	struct hardware_seen s = { .said = said };
	struct json *map = json_object();

	read_tree(&s.sys, said, "sys");
	read_tree(&s.proc, said, "proc");
	read_tree(&s.udev, said, "udev");
	read_tree(&s.links, said, "links");
	read_tree(&s.asked, said, "asked");
	smbios_read(&s.smbios, table ? table->value : NULL, table ? table->len : 0);
	json_set(map, "system", system_of(&s));
	json_set(map, "cpu", cpu_of(&s));
	json_set(map, "memory", memory_of(&s));
	json_set(map, "disks", hardware_disks(&s));
	json_set(map, "nics", hardware_nics(&s));
	json_set(map, "bonds", hardware_bonds(&s));
	json_set(map, "bridges", hardware_bridges(&s));
	json_set(map, "vlans", hardware_vlans(&s));
	json_set(map, "infiniband", hardware_infiniband(&s));
	json_set(map, "accelerators", hardware_accelerators(&s));
	json_set(map, "temperatures", temperatures(&s));
	json_set(map, "pcie-errors", hardware_pcie_errors(&s));
	json_clean(map);
	tree_release(&s.sys);
	tree_release(&s.proc);
	tree_release(&s.udev);
	tree_release(&s.links);
	tree_release(&s.asked);
	smbios_release(&s.smbios);
	return map;
}
