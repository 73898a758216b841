/* Machines beside one another, and what is not well with one: findings_hardware.h. */
#include "cluster/findings_hardware.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/findings.h"
#include "inventory/inventory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* Memory that the firmware keeps for itself differs from start to start. */
#define CLOSE_PERCENT 4
/* Of what its maker made a disk for. */
#define WORN_PERCENT 90

/* ---- what is compared -------------------------------------------------------------------------------------------------- */

/* Exact, for it is compared. */
static void size_text(int64_t bytes, struct str *out)
{
	if (bytes >> 30 && bytes % (INT64_C(1) << 30) == 0)
		str_addf(out, "%" PRId64 " GiB", bytes >> 30);
	else if (bytes >> 20 && bytes % (INT64_C(1) << 20) == 0)
		str_addf(out, "%" PRId64 " MiB", bytes >> 20);
	else
		str_addf(out, "%" PRId64 " bytes", bytes);
}

static void text_at(const struct json *map, const char *path, struct str *out)
{
	const struct json *j = json_get(map, path);

	if (json_text(j))
		str_add(out, json_text(j));
	else if (j && json_get_bool(map, path, false) == json_get_bool(map, path, true))
		str_add(out, json_get_bool(map, path, false) ? "yes" : "no");
	else if (strcmp(path, "bytes") == 0 && json_get_int(map, path, -1) >= 0)
		size_text(json_get_int(map, path, 0), out);
	else if (json_get_int(map, path, INT64_MIN) != INT64_MIN)
		str_addf(out, "%" PRId64, json_get_int(map, path, 0));
}

static void cores(const struct json *map, struct str *out)
{
	if (json_get_int(map, "cpu.cores", 0))
		str_addf(out, "%" PRId64 " sockets, %" PRId64 " cores, %" PRId64 " threads",
			json_get_int(map, "cpu.sockets", 0), json_get_int(map, "cpu.cores", 0),
			json_get_int(map, "cpu.threads", 0));
}

static void add_mitigation(const char *name, const struct json *text, void *out)
{
	if (json_text(text))
		str_addf(out, "%s%s: %s", ((struct str *)out)->len ? "; " : "", name, json_text(text));
}

static void mitigations(const struct json *map, struct str *out)
{
	json_each(json_get(map, "cpu.mitigations"), add_mitigation, out);
}

/* Without what each machine has of its own: where its root is. */
static void command_line(const struct json *map, struct str *out)
{
	static const char *const own[] = { "BOOT_IMAGE=", "root=", "initrd=", "resume=", "ip=", "hostname=" };
	const char *text = json_get_str(map, "system.command-line", "");

	for (size_t n; *text; text += n, text += strspn(text, " ")) {
		bool keeps = true;

		n = strcspn(text, " ");
		for (size_t i = 0; i < COUNT(own); i++)
			keeps = keeps && !str_starts(text, own[i]);
		if (keeps)
			str_addf(out, "%s%.*s", out->len ? " " : "", (int)n, text);
	}
	/* none is one too */
	if (!out->len && json_text(json_get(map, "system.command-line")))
		str_add(out, "(none)");
}

static void iommu(const struct json *map, struct str *out)
{
	int64_t groups = json_get_int(map, "system.iommu-groups", -1);

	if (groups >= 0)
		str_add(out, groups ? "on" : "off");
}

static void memory(const struct json *map, struct str *out)
{
	const struct json *nodes = json_get(map, "memory.nodes");

	if (json_get_int(map, "memory.bytes", 0) <= 0)
		return;
	str_addf(out, "%" PRId64 " MiB", json_get_int(map, "memory.bytes", 0) >> 20);
	for (size_t i = 0; json_size(nodes) > 1 && i < json_size(nodes); i++)
		str_addf(out, ", node %" PRId64 " %" PRId64 " MiB", json_get_int(json_at(nodes, i), "id", 0),
			json_get_int(json_at(nodes, i), "bytes", 0) >> 20);
}

/* How many are alike in these members, as a text: "2 x a b, 1 x c d". */
static void alike(const struct json *list, const char *const *keys, struct str *out)
{
	struct str *texts = json_size(list) ? xcalloc(json_size(list), sizeof(*texts)) : NULL;

	for (size_t i = 0; i < json_size(list); i++) {
		str_init(&texts[i]);
		for (size_t k = 0; keys[k]; k++) {
			size_t len = texts[i].len;

			if (len)
				str_addc(&texts[i], ' ');
			text_at(json_at(list, i), keys[k], &texts[i]);
			if (len && texts[i].len == len + 1)
				str_truncate(&texts[i], len);
		}
	}
	for (size_t i = 0; i < json_size(list); i++) {
		size_t count = 0, before = 0;

		for (size_t k = 0; k < json_size(list); k++) {
			bool same = strcmp(texts[i].buf, texts[k].buf) == 0;

			count += same;
			before += same && k < i;
		}
		if (!before)
			str_addf(out, "%s%zu x %s", out->len ? ", " : "", count,
				*texts[i].buf ? texts[i].buf : "unknown");
	}
	if (!json_size(list))
		str_add(out, "none");
	for (size_t i = 0; i < json_size(list); i++)
		str_release(&texts[i]);
	free(texts);
}

static void dimms(const struct json *map, struct str *out)
{
	static const char *const keys[] = { "bytes", "type", "mts", "part", NULL };

	if (json_is_array(json_get(map, "memory.dimms")))
		alike(json_get(map, "memory.dimms"), keys, out);
}

static void disks(const struct json *map, struct str *out)
{
	static const char *const keys[] = { "model", "bytes", "sector", NULL };

	alike(json_get(map, "disks"), keys, out);
}

static void disk_firmware(const struct json *map, struct str *out)
{
	static const char *const keys[] = { "model", "firmware", NULL };

	if (json_size(json_get(map, "disks")))
		alike(json_get(map, "disks"), keys, out);
}

static void nics(const struct json *map, struct str *out)
{
	static const char *const keys[] = { "driver", "mbit", "link", NULL };

	alike(json_get(map, "nics"), keys, out);
}

/* A machine without perl cannot ask its cards, and one whose cards have none says nothing. */
static void card_firmware(const struct json *map, struct str *out)
{
	static const char *const keys[] = { "driver", "firmware", NULL };
	const struct json *list = json_get(map, "nics");

	for (size_t i = 0; i < json_size(list); i++)
		if (json_text(json_get(json_at(list, i), "firmware"))) {
			alike(list, keys, out);
			return;
		}
}

static void mtus(const struct json *map, struct str *out)
{
	static const char *const keys[] = { "name", "mtu", NULL };

	if (json_size(json_get(map, "nics")))
		alike(json_get(map, "nics"), keys, out);
}

static void ports(const struct json *map, struct str *out)
{
	static const char *const keys[] = { "state", "rate", "link-layer", "firmware", NULL };

	alike(json_get(map, "infiniband"), keys, out);
}

static void accelerators(const struct json *map, struct str *out)
{
	static const char *const keys[] = { "vendor", "device", "width", "driver", "driver-version", "firmware", NULL };

	alike(json_get(map, "accelerators"), keys, out);
}

#define OF_FIRMWARE "update the firmware of this machine, or of the others"
#define OF_SETTINGS "compare the settings of its firmware with those of another one"
static const struct comparison {
	const char *name, *what, *path; /* path: of what is read; NULL: fn says it */
	void (*fn)(const struct json *map, struct str *out);
	const char *why, *remedy;
} comparisons[] = {
	{ "odd-cores", "processors", NULL, cores, "a processor is missing, or cores are switched off", OF_SETTINGS },
	{ "odd-smt", "SMT", "cpu.smt", NULL, "its cores do another amount of work", OF_SETTINGS },
	{ "odd-microcode", "microcode", "cpu.microcode", NULL, "errors of processors are mended on some machines alone",
		"install the same firmware, or the same package of microcode, and restart it" },
	{ "odd-mitigations", "what processors are vulnerable to", NULL, mitigations,
		"another microcode, kernel or command line: it is slower, or open",
		"compare microcode, kernel and command line" },
	{ "odd-governor", "the governor", "cpu.governor", NULL, "its cores run at another speed", OF_SETTINGS },
	{ "odd-turbo", "turbo", "cpu.turbo", NULL, "its cores run at another speed", OF_SETTINGS },
	{ "odd-memory", "memory", NULL, memory, "a DIMM is missing or is not recognised",
		"'kubewright hardware HOST' shows its slots; is one loose, or dead?" },
	{ "odd-dimms", "DIMMs", NULL, dimms, "memory of another kind slows all of it down, or some is missing",
		"'kubewright hardware HOST' shows its slots" },
	{ "odd-disks", "disks", NULL, disks, "a disk is missing or is another one",
		"'kubewright hardware HOST' shows its disks" },
	{ "odd-disk-firmware", "the firmware of disks", NULL, disk_firmware,
		"errors of disks are mended on some machines alone", "update it" },
	{ "odd-cards", "network cards", NULL, nics, "a cable, a port of the switch or a card is not like the others'",
		"look at its cables and at the switch's ports" },
	{ "odd-card-firmware", "the firmware of network cards", NULL, card_firmware,
		"errors of cards are mended on some machines alone", "update it" },
	{ "odd-mtu", "MTU", NULL, mtus, "larger packets do not pass between them", "set the same MTU on all" },
	{ "odd-rdma", "RDMA ports", NULL, ports, "the slowest port slows down all",
		"look at its cables and at the subnet manager" },
	{ "odd-accelerators", "accelerators", NULL, accelerators,
		"one is missing, or has fewer lanes or another driver", "'kubewright hardware HOST' shows them" },
	{ "odd-firmware", "the machine's firmware", "system.bios.version", NULL, "it may behave otherwise",
		OF_FIRMWARE },
	{ "odd-secure-boot", "Secure Boot", "system.secure-boot", NULL,
		"a driver that the others load may be refused here", OF_SETTINGS },
	{ "odd-iommu", "the IOMMU", NULL, iommu, "devices cannot be handed to pods here as there", OF_SETTINGS },
	{ "odd-kernel", "the kernel", "system.kernel", NULL, "it may behave otherwise",
		"install the same kernel, and restart it" },
	{ "odd-command-line", "the kernel's command line", NULL, command_line, "it may behave otherwise",
		"compare /etc/default/grub and /etc/default/grub.d" },
	{ "odd-clock", "the clock source", "system.clock-source", NULL,
		"reading the time takes many times as long with another one than tsc",
		"look at the kernel's log for 'clocksource'" },
	{ "odd-bmc", "a BMC", "system.bmc", NULL, "it cannot be reached when it hangs",
		"is it switched off, or its driver not loaded?" },
};

/* ---- who is like whom -------------------------------------------------------------------------------------------------- */

struct compared {
	const struct inventory *inv;
	struct json *const *maps;
	struct finding_scope s;
	char **groups; /* per host; NULL: it is compared with nobody */
};

static char *group_of(const struct inventory_host *h, const struct json *map)
{
	const char *product = json_get_str(map, "system.product", ""), *model = json_get_str(map, "cpu.model", "");

	if (!map || !*product || !*model)
		return NULL;
	return xasprintf("%d|%s|%s|%s", h->role, json_get_str(map, "system.vendor", ""), product, model);
}

/* "263923 MiB, node 0 …": whether all numbers are close. */
static bool close_to(const char *a, const char *b)
{
	while (*a && *b) {
		char *x, *y;
		long long n = strtoll(a, &x, 10), m = strtoll(b, &y, 10);
		long long apart = n > m ? n - m : m - n;

		if (x == a || y == b) {
			if (*a++ != *b++)
				return false;
			continue;
		}
		if (apart * 100 > (n > m ? n : m) * CLOSE_PERCENT)
			return false;
		a = x;
		b = y;
	}
	return *a == *b;
}

static bool same(const struct comparison *c, const char *a, const char *b)
{
	return c->fn == memory ? close_to(a, b) : strcmp(a, b) == 0;
}

static void say_odd(
	struct compared *all, const struct comparison *c, const char *is, const char *most, size_t count, size_t of)
{
	struct finding *f;

	all->s.name = c->name;
	f = finding_add(&all->s, FINDING_WARNING, "%s: %.150s; %zu of %zu machines of its kind have: %.150s", c->what,
		is, count, of, most);
	finding_why(f, "%s", c->why);
	finding_remedy(f, "%s", c->remedy);
}

/* Of those that are like host `first`: what most have, and who has something else. */
static void compare(struct compared *all, const struct comparison *c, size_t first)
{
	size_t n = all->inv->host_count, known = 0, best = 0, best_at = 0;
	struct str *values = xcalloc(n, sizeof(*values));

	for (size_t i = 0; i < n; i++) {
		str_init(&values[i]);
		if (!all->groups[i] || strcmp(all->groups[i], all->groups[first]) != 0)
			continue;
		if (c->path)
			text_at(all->maps[i], c->path, &values[i]);
		else
			c->fn(all->maps[i], &values[i]);
		known += values[i].len > 0;
	}
	for (size_t i = 0; i < n; i++) {
		size_t count = 0;

		for (size_t k = 0; values[i].len && k < n; k++)
			count += values[k].len && same(c, values[i].buf, values[k].buf);
		if (count > best) {
			best = count;
			best_at = i;
		}
	}
	for (size_t i = 0; known >= 3 && 2 * best > known && i < n; i++) {
		all->s.index = (int)i;
		if (values[i].len && !same(c, values[i].buf, values[best_at].buf))
			say_odd(all, c, values[i].buf, values[best_at].buf, best, known);
	}
	for (size_t i = 0; i < n; i++)
		str_release(&values[i]);
	free(values);
}

static bool is_first_of_group(const struct compared *all, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (all->groups[k] && strcmp(all->groups[k], all->groups[i]) == 0)
			return false;
	return true;
}

/* ---- what is not well by itself ---------------------------------------------------------------------------------------- */

static void lanes(struct finding_scope *s, const struct json *map)
{
	const struct json *list = json_get(map, "accelerators");

	for (size_t i = 0; i < json_size(list); i++) {
		const struct json *o = json_at(list, i);
		int64_t width = json_get_int(o, "width", 0), possible = json_get_int(o, "width-possible", 0);
		struct finding *f;

		if (width <= 0 || width >= possible)
			continue;
		f = finding_add(s, FINDING_WARNING,
			"the accelerator %s has %" PRId64 " of %" PRId64 " PCI Express lanes",
			json_get_str(o, "pci", ""), width, possible);
		finding_why(f, "data reaches it that much slower");
		finding_remedy(f, "is it seated well, and in a slot of that width?");
	}
}

static void bonds(struct finding_scope *s, const struct json *map)
{
	const struct json *list = json_get(map, "bonds");

	for (size_t i = 0; i < json_size(list); i++) {
		const struct json *members = json_get(json_at(list, i), "members");
		int64_t first = json_get_int(json_at(members, 0), "aggregator", 0);

		for (size_t k = 0; k < json_size(members); k++) {
			const struct json *m = json_at(members, k);
			bool down = !json_get_bool(m, "link", true);
			struct finding *f;

			if (!down && json_get_int(m, "aggregator", first) == first)
				continue;
			f = finding_add(s, FINDING_WARNING,
				down ? "%s of %s has no link" : "%s of %s is in another aggregator than the first",
				json_get_str(m, "name", ""), json_get_str(json_at(list, i), "name", ""));
			finding_why(f, "it carries nothing, and nothing is left when the other one fails");
			finding_remedy(f, down ? "look at its cable and at the switch's port"
					       : "does the switch talk LACP on both ports, in one group?");
		}
	}
}

static void memory_errors(struct finding_scope *s, const struct json *map)
{
	int64_t corrected = json_get_int(map, "memory.corrected-errors", 0),
		lost = json_get_int(map, "memory.uncorrected-errors", 0);
	struct finding *f;

	if (corrected <= 0 && lost <= 0)
		return;
	f = finding_add(s, FINDING_WARNING,
		"its memory has had %" PRId64 " errors that were corrected, and %" PRId64 " that were not", corrected,
		lost);
	finding_why(f, "a DIMM that begins to fail ends with the machine's halt");
	finding_remedy(f, "the BMC's log names the DIMM; change it");
}

/* Bits of the first byte of NVMe's log 02h. */
static const char *const critical_words[] = { "its spare blocks run out", "it is too hot or too cold",
	"it has had so many errors that it is not to be relied on", "it takes no more writes",
	"it loses what is in its cache when the power fails", "its persistent memory takes no more writes" };

static void disks_critical(struct finding_scope *s, const struct json *map)
{
	const struct json *list = json_get(map, "disks");

	for (size_t i = 0; i < json_size(list); i++) {
		int64_t bits = json_get_int(json_at(list, i), "health.critical-warning", 0);

		for (size_t b = 0; b < COUNT(critical_words); b++) {
			struct finding *f;

			if (!(bits >> b & 1))
				continue;
			f = finding_add(s, FINDING_WARNING, "the disk %s says that %s",
				json_get_str(json_at(list, i), "name", ""), critical_words[b]);
			finding_why(f, "what is on it may be lost, and a member of etcd on it stops");
			finding_remedy(f, b == 1 ? "look at the machine's fans and at the air's way to it"
						 : "move what is on it, and change it");
		}
	}
}

static void disks_worn(struct finding_scope *s, const struct json *map)
{
	const struct json *list = json_get(map, "disks");

	for (size_t i = 0; i < json_size(list); i++) {
		int64_t wear = json_get_int(json_at(list, i), "health.wear-percent", 0);
		struct finding *f;

		if (wear < WORN_PERCENT)
			continue;
		f = finding_add(s, FINDING_WARNING, "the disk %s is worn by %" PRId64 " %% of what it was made for",
			json_get_str(json_at(list, i), "name", ""), wear);
		finding_why(f, "beyond that its maker does not promise that it keeps what is written");
		finding_remedy(f, "plan to change it; etcd and logs write most");
	}
}

static void disk_errors(struct finding_scope *s, const struct json *map)
{
	const struct json *list = json_get(map, "disks");

	for (size_t i = 0; i < json_size(list); i++) {
		int64_t n = json_get_int(json_at(list, i), "health.media-errors", 0);
		struct finding *f;

		if (n <= 0)
			continue;
		f = finding_add(s, FINDING_WARNING, "the disk %s could not read or keep data %" PRId64 " times",
			json_get_str(json_at(list, i), "name", ""), n);
		finding_why(f, "files on it are damaged, or soon will be");
		finding_remedy(f, "look for errors of it in the kernel's log, and change it");
	}
}

static void pcie_errors(struct finding_scope *s, const struct json *map)
{
	const struct json *list = json_get(map, "pcie-errors");

	for (size_t i = 0; i < json_size(list); i++) {
		int64_t n = json_get_int(json_at(list, i), "fatal", 0) + json_get_int(json_at(list, i), "nonfatal", 0);
		struct finding *f;

		if (n <= 0)
			continue;
		f = finding_add(s, FINDING_WARNING,
			"%s has had %" PRId64 " errors on PCI Express that were not corrected",
			json_get_str(json_at(list, i), "pci", ""), n);
		finding_why(f, "a device that disturbs its bus is lost sooner or later");
		finding_remedy(f, "seat it again, or change it or its riser");
	}
}

static void rdma(struct finding_scope *s, const struct json *map)
{
	const struct json *list = json_get(map, "infiniband");

	for (size_t i = 0; i < json_size(list); i++) {
		const struct json *o = json_at(list, i);
		struct finding *f;

		if (strcmp(json_get_str(o, "link-layer", ""), "InfiniBand") != 0 ||
			strcmp(json_get_str(o, "state", ""), "INIT") != 0)
			continue;
		f = finding_add(s, FINDING_WARNING, "the port %s of %s waits for a subnet manager",
			json_get_str(o, "port", ""), json_get_str(o, "device", ""));
		finding_why(f, "without one nothing passes over InfiniBand");
		finding_remedy(f, "start opensm on one host, or the switch's own");
	}
}

static const struct {
	const char *name;
	void (*fn)(struct finding_scope *s, const struct json *map);
} checks[] = {
	{ "few-lanes", lanes },
	{ "bond-member-idle", bonds },
	{ "memory-errors", memory_errors },
	{ "disk-critical", disks_critical },
	{ "disk-worn", disks_worn },
	{ "disk-errors", disk_errors },
	{ "pcie-errors", pcie_errors },
	{ "no-subnet-manager", rdma },
};

const char *findings_hardware_name(size_t i)
{
	if (i < COUNT(comparisons))
		return comparisons[i].name;
	return i < COUNT(comparisons) + COUNT(checks) ? checks[i - COUNT(comparisons)].name : NULL;
}

void findings_hardware(const struct inventory *inv, struct json *const *maps, struct findings *out)
{
	struct compared all = { .inv = inv, .maps = maps, .s = { .inv = inv, .out = out } };

	all.groups = xcalloc(inv->host_count, sizeof(*all.groups));
	for (size_t i = 0; i < inv->host_count; i++)
		all.groups[i] = group_of(&inv->hosts[i], maps[i]);
	for (size_t i = 0; i < inv->host_count; i++)
		for (size_t k = 0; maps[i] && k < COUNT(checks); k++) {
			all.s.index = (int)i;
			all.s.name = checks[k].name;
			checks[k].fn(&all.s, maps[i]);
		}
	for (size_t i = 0; i < inv->host_count; i++)
		for (size_t k = 0; all.groups[i] && is_first_of_group(&all, i) && k < COUNT(comparisons); k++)
			compare(&all, &comparisons[k], i);
	for (size_t i = 0; i < inv->host_count; i++)
		free(all.groups[i]);
	free(all.groups);
}
