/* The disks of a machine: what they are, by which name they stay the same, and what holds them. */
#include "cluster/hardware_private.h"

#include "base/json.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR INT64_C(512)
/* Disks and partitions of one machine, of which what holds them is looked for: all mounts are gone through for each. */
#define LOOKED_FOR 4096
#define NOT_LOOKED "not looked at for what holds it"

struct disk {
	const struct hardware_seen *s;
	const char *name;
	char device[24]; /* "259:0", of the disk or of one of its partitions */
	char bus[16], serial[128], type[32], id[160];
	struct str held;
	size_t *left; /* of LOOKED_FOR */
};

/* Loops, RAM disks, drives with doors, and what is made of other disks. */
static bool is_disk(const char *name)
{
	static const char *const others[] = { "loop", "ram", "zram", "sr", "fd", "dm-", "md", "nbd" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (str_starts(name, others[i]))
			return false;
	return true;
}

/* ---- what udev has read ------------------------------------------------------------------------------------------------ */

static void take(const char *line, const char *key, char *out, size_t size)
{
	size_t len = strlen(key);

	if (strncmp(line, key, len) == 0)
		snprintf(out, size, "%s", line + len);
}

/* Of all its names the one that the disk itself gives: a name of its place is another one's when disks are swapped. */
static bool is_better(const char *id, const char *than)
{
	static const char *const best[] = { "nvme-eui.", "nvme-uuid.", "wwn-" };

	for (size_t i = 0; i < sizeof(best) / sizeof(best[0]); i++) {
		if (str_starts(than, best[i]))
			return false;
		if (str_starts(id, best[i]))
			return true;
	}
	return !*than;
}

static void take_udev(const char *line, void *ctx)
{
	struct disk *d = ctx;
	const char *id = line + sizeof("S:disk/by-id/") - 1;

	take(line, "E:ID_BUS=", d->bus, sizeof(d->bus));
	take(line, "E:ID_SERIAL_SHORT=", d->serial, sizeof(d->serial));
	take(line, "E:ID_FS_TYPE=", d->type, sizeof(d->type));
	if (str_starts(line, "S:disk/by-id/") && is_better(id, d->id))
		snprintf(d->id, sizeof(d->id), "%s", id);
}

/* ---- what holds it ----------------------------------------------------------------------------------------------------- */

static void hold(struct disk *d, const char *how, const char *what)
{
	/* a disk may be mounted at a thousand places */
	if (d->held.len < 200)
		str_addf(&d->held, "%s%s%s", d->held.len ? ", " : "", how, what);
}

/* "36 35 98:0 /mnt1 /mnt2 rw …": the third is the device, the fifth where it is mounted. */
static void take_mount(const char *line, void *ctx)
{
	struct disk *d = ctx;
	char device[24], root[8], at[200];
	const char *third = line;

	for (int i = 0; i < 2; i++) {
		third += strcspn(third, " ");
		third += strspn(third, " ");
	}
	if (str_starts(third, d->device) && sscanf(line, "%*s %*s %23s %7s %199s", device, root, at) == 3 &&
		strcmp(device, d->device) == 0 && strcmp(root, "/") == 0)
		hold(d, "mounted at ", at);
}

static void take_swap(const char *line, void *ctx)
{
	struct disk *d = ctx;
	char at[64];

	if (sscanf(line, "/dev/%63s", at) == 1 && strcmp(at, d->name) == 0)
		hold(d, "swap", "");
}

static void find_holders(struct disk *d, const char *folder)
{
	struct tree_names names;

	tree_names(&d->s->links, folder, &names);
	for (size_t i = 0; i < names.count; i++)
		hold(d, "part of ", names.list[i]);
	tree_names_release(&names);
}

/* One block device: the disk, or a partition of it. */
static void find_uses(struct disk *d, const char *folder)
{
	const char *device = tree_get(&d->s->sys, "%s/dev", folder);
	const char *whole = d->name, *slash = strrchr(folder, '/');
	size_t before = d->held.len;
	char path[200];

	if (!device)
		return;
	if (!*d->left) {
		if (!d->held.len || !strstr(d->held.buf, NOT_LOOKED))
			hold(d, "", NOT_LOOKED);
		return;
	}
	--*d->left;
	snprintf(d->device, sizeof(d->device), "%s", device);
	d->name = slash + 1;
	d->type[0] = '\0';
	snprintf(path, sizeof(path), "b%s", d->device);
	tree_lines(&d->s->udev, path, take_udev, d);
	tree_lines(&d->s->proc, "./self/mountinfo", take_mount, d);
	tree_lines(&d->s->proc, "./swaps", take_swap, d);
	snprintf(path, sizeof(path), "%s/holders", folder);
	find_holders(d, path);
	if (d->held.len == before && d->type[0])
		hold(d, "has ", d->type);
	d->name = whole;
}

/* Names that stay the same and the disk's own numbers are those of the disk, not of its partitions: it comes last. */
static void find_all_uses(struct disk *d)
{
	struct tree_names parts;
	char folder[160], path[320];
	size_t count = 0;

	snprintf(folder, sizeof(folder), "block/%s", d->name);
	tree_names(&d->s->sys, folder, &parts);
	for (size_t i = 0; i < parts.count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, parts.list[i]);
		if (!tree_get(&d->s->sys, "%s/partition", path))
			continue;
		count++;
		find_uses(d, path);
	}
	tree_names_release(&parts);
	d->id[0] = d->serial[0] = d->bus[0] = '\0';
	find_uses(d, folder);
	if (count && !d->held.len)
		str_addf(&d->held, "%zu partition%s", count, count == 1 ? "" : "s");
}

/* ---- the list ---------------------------------------------------------------------------------------------------------- */

/* "nvme0" of "nvme0n1"; "" when it is none. */
static void controller_of(const char *name, char out[24])
{
	size_t n = str_starts(name, "nvme") ? 4 + strspn(name + 4, "0123456789") : 0;

	snprintf(out, 24, "%.*s", (int)n, name);
}

static void set_kind(const struct disk *d, const char *controller, struct json *o)
{
	const char *by = *controller ? "nvme" : str_starts(d->name, "vd") ? "virtio" : d->bus;

	hardware_text(o, "bus", by);
}

/* What a disk says of itself, in its own counts; null where it was not asked, or did not answer. */
static void set_wear(const struct hardware_seen *s, const char *controller, struct json *disk)
{
	static const struct {
		const char *key, *file;
		int64_t most, unit;
	} counts[] = {
		{ "critical-warning", "critical", 255, 1 },
		{ "spare-percent", "spare", 100, 1 },
		{ "spare-least-percent", "spare-least", 100, 1 },
		/* it may be worn beyond what it was made for; 255 is that or more */
		{ "wear-percent", "wear", 255, 1 },
		{ "media-errors", "media", INT64_MAX, 1 },
		{ "unsafe-shutdowns", "unsafe", INT64_MAX, 1 },
		{ "hours", "hours", INT64_MAX, 1 },
		/* in thousands of 512 bytes */
		{ "written-bytes", "written", INT64_MAX / 512000, 512000 },
	};
	struct json *o = NULL;
	int64_t n;

	for (size_t i = 0; *controller && i < sizeof(counts) / sizeof(counts[0]); i++)
		if (tree_number(&s->asked, &n, "%s/%s", controller, counts[i].file) && n <= counts[i].most) {
			o = o ? o : json_set(disk, "health", json_object());
			json_set_int(o, counts[i].key, n * counts[i].unit);
		}
	if (!o)
		json_set(disk, "health", json_null());
}

static struct json *disk_of(struct disk *d, int64_t sectors)
{
	const struct tree *sys = &d->s->sys;
	struct json *o = json_object();
	char controller[24], pci[HARDWARE_PCI], link[160];
	const char *model, *firmware, *serial, *rotates = tree_get(sys, "block/%s/queue/rotational", d->name);

	find_all_uses(d);
	controller_of(d->name, controller);
	model = *controller ? tree_get(sys, "class/nvme/%s/model", controller) : NULL;
	firmware = *controller ? tree_get(sys, "class/nvme/%s/firmware_rev", controller) : NULL;
	serial = *controller ? tree_get(sys, "class/nvme/%s/serial", controller) : NULL;
	json_set_str(o, "name", d->name);
	json_set_int(o, "bytes", sectors * SECTOR);
	set_kind(d, controller, o);
	hardware_text(o, "model", model ? model : tree_get(sys, "block/%s/device/model", d->name));
	hardware_text(o, "serial", serial ? serial : d->serial);
	hardware_text(o, "firmware", firmware ? firmware : tree_get(sys, "block/%s/device/rev", d->name));
	hardware_text(o, "id", d->id);
	if (rotates)
		json_set_bool(o, "rotates", strcmp(rotates, "1") == 0);
	hardware_number(d->s, o, "sector", "block/%s/queue/physical_block_size", d->name);
	hardware_text(o, "state",
		*controller ? tree_get(sys, "class/nvme/%s/state", controller)
			    : tree_get(sys, "block/%s/device/state", d->name));
	set_wear(d->s, controller, o);
	snprintf(link, sizeof(link), "block/%s", d->name);
	hardware_pci(d->s, link, pci);
	if (!*pci && *controller) {
		snprintf(link, sizeof(link), "class/nvme/%s", controller);
		hardware_pci(d->s, link, pci);
	}
	hardware_text(o, "pci", pci);
	hardware_node(d->s, o, "bus/pci/devices/%s/numa_node", pci);
	hardware_text(o, "held", d->held.buf);
	return o;
}

struct json *hardware_disks(const struct hardware_seen *s)
{
	struct json *list = json_array();
	struct tree_names names;
	size_t left = LOOKED_FOR;
	int64_t sectors;

	tree_names(&s->sys, "block", &names);
	for (size_t i = 0; i < names.count; i++) {
		struct disk d = { .s = s, .name = names.list[i], .held = STR_INIT, .left = &left };

		if (is_disk(d.name) && tree_number(&s->sys, &sectors, "block/%s/size", d.name) && sectors > 0 &&
			sectors < INT64_MAX / SECTOR)
			json_add(list, disk_of(&d, sectors));
		str_release(&d.held);
	}
	tree_names_release(&names);
	return list;
}
