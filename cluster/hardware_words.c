/* The map of a machine in words: hardware_words.h. What is not known is left out, or called unknown. */
#include "cluster/hardware_words.h"

#include "base/json.h"
#include "base/str.h"
#include "cluster/hardware_private.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct printing {
	const struct json *map;
	void (*fn)(const char *label, const char *text, void *ctx);
	void *ctx;
	struct str text;
};

/* ---- pieces ------------------------------------------------------------------------------------------------------------ */

/* What has filled its buffer ends before a character that may have been cut. */
static void whole(char *text, size_t size)
{
	size_t n = strlen(text);

	if (n + 1 < size)
		return;
	while (n > 0 && ((unsigned char)text[n - 1] & 0xc0) == 0x80)
		n--;
	if (n > 0 && (unsigned char)text[n - 1] >= 0xc0)
		n--;
	text[n] = '\0';
}

/* The next piece of a line, after a comma. */
__attribute__((format(printf, 2, 3))) static void piece(struct str *out, const char *fmt, ...)
{
	char text[320];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	whole(text, sizeof(text));
	str_addf(out, "%s%s", out->len ? ", " : "", text);
}

static void known(struct str *out, const struct json *o, const char *key, const char *before)
{
	const char *text = json_get_str(o, key, "");

	if (*text)
		piece(out, "%s%s", before, text);
}

static bool is_known(const struct json *o, const char *key)
{
	return json_get_int(o, key, INT64_MIN) != INT64_MIN;
}

/* Of three values: unknown is neither. */
static void yes_or_no(struct str *out, const struct json *o, const char *key, const char *yes, const char *no)
{
	bool is = json_get_bool(o, key, false), other = json_get_bool(o, key, true);

	if (is == other && *(is ? yes : no))
		piece(out, "%s", is ? yes : no);
}

void hardware_binary(int64_t bytes, char out[32])
{
	if (bytes >= INT64_C(10) << 30)
		snprintf(out, 32, "%" PRId64 " GiB", (bytes + (INT64_C(1) << 29)) >> 30);
	else
		snprintf(out, 32, "%.1f GiB", (double)bytes / (double)(INT64_C(1) << 30));
}

static void decimal(int64_t bytes, char out[32])
{
	if (bytes >= INT64_C(1000000000000))
		snprintf(out, 32, "%.2f TB", (double)bytes / 1e12);
	else
		snprintf(out, 32, "%.0f GB", (double)bytes / 1e9);
}

static void speed(struct str *out, const struct json *nic)
{
	int64_t mbit = json_get_int(nic, "mbit", 0);

	if (mbit > 0 && mbit % 1000 == 0)
		piece(out, "%" PRId64 " Gbit/s", mbit / 1000);
	else if (mbit > 0)
		piece(out, "%" PRId64 " Mbit/s", mbit);
}

static void say(struct printing *p, const char *label)
{
	if (p->text.len)
		p->fn(label, p->text.buf, p->ctx);
	str_clear(&p->text);
}

/* ---- the machine as a whole -------------------------------------------------------------------------------------------- */

static void name(struct str *out, const struct json *system)
{
	const char *vendor = json_get_str(system, "vendor", ""), *product = json_get_str(system, "product", "");

	if (*vendor || *product)
		piece(out, "%s%s%s", vendor, *vendor && *product ? " " : "", product);
	else
		known(out, system, "board", "");
}

static void say_system(struct printing *p)
{
	const struct json *s = json_get(p->map, "system"), *bios = json_get(s, "bios");
	const char *date = json_get_str(bios, "date", "");

	name(&p->text, s);
	known(&p->text, s, "serial", "serial ");
	known(&p->text, bios, "version", "firmware ");
	if (*date)
		str_addf(&p->text, " of %s", date);
	if (strcmp(json_get_str(s, "firmware", ""), "uefi") == 0)
		piece(&p->text, "started by UEFI");
	else if (json_get_str(s, "firmware", NULL))
		piece(&p->text, "not started by UEFI");
	yes_or_no(&p->text, s, "secure-boot", "Secure Boot", "no Secure Boot");
	piece(&p->text, json_get_bool(s, "bmc", false) ? "with a BMC" : "no BMC seen");
	say(p, "system");
}

static void say_virtual(struct printing *p)
{
	const struct json *v = json_get(p->map, "system.virtual"), *hidden = json_get(v, "hidden-flags");
	const char *steal = "steal-percent";

	if (json_text(v)) {
		str_add(&p->text, "bare metal");
	} else if (v && json_is_object(v)) {
		str_addf(&p->text, "virtualised by %s", json_get_str(v, "by", "?"));
		if (json_get(v, steal)) {
			struct str number = STR_INIT;

			json_write(json_get(v, steal), &number);
			piece(&p->text, "%s %% of its time went to others", number.buf);
			str_release(&number);
		}
		yes_or_no(&p->text, v, "performance-counters", "", "no performance counters");
		for (size_t i = 0; i < json_size(hidden); i++)
			piece(&p->text, "%s%s", i ? "" : "of its processor it does not see ",
				json_text(json_at(hidden, i)));
	} else {
		str_add(&p->text, "whether it is virtualised, is unknown");
	}
	say(p, "runs on");
}

static void say_kernel(struct printing *p)
{
	const struct json *s = json_get(p->map, "system");
	int64_t groups = json_get_int(s, "iommu-groups", -1);

	known(&p->text, s, "kernel", "");
	known(&p->text, s, "clock-source", "clock ");
	if (groups == 0)
		piece(&p->text, "no IOMMU");
	else if (groups > 0)
		piece(&p->text, "%" PRId64 " IOMMU groups", groups);
	if (json_get_int(s, "tainted", 0))
		piece(&p->text, "tainted %" PRId64, json_get_int(s, "tainted", 0));
	say(p, "kernel");
	str_add(&p->text, json_get_str(s, "command-line", ""));
	say(p, "command line");
}

static void say_vulnerable(const char *what, const struct json *text, void *ctx)
{
	struct str *out = ctx;

	if (json_text(text) && str_starts(json_text(text), "Vulnerable"))
		piece(out, "%s%s", out->len ? "" : "vulnerable to ", what);
}

static void cores(struct str *out, const struct json *cpu)
{
	if (is_known(cpu, "cores"))
		piece(out, "%" PRId64 " cores", json_get_int(cpu, "cores", 0));
	if (is_known(cpu, "threads"))
		piece(out, "%" PRId64 " threads", json_get_int(cpu, "threads", 0));
}

static void say_cpu(struct printing *p)
{
	const struct json *c = json_get(p->map, "cpu");
	struct str open = STR_INIT;

	piece(&p->text, "%" PRId64 " x %s", json_get_int(c, "sockets", 1), json_get_str(c, "model", "unknown"));
	cores(&p->text, c);
	yes_or_no(&p->text, c, "smt", "SMT", "no SMT");
	known(&p->text, c, "governor", "governor ");
	yes_or_no(&p->text, c, "turbo", "turbo", "no turbo");
	known(&p->text, c, "microcode", "microcode ");
	known(&p->text, c, "offline", "offline ");
	known(&p->text, c, "isolated", "isolated ");
	json_each(json_get(c, "mitigations"), say_vulnerable, &open);
	if (open.len)
		piece(&p->text, "%s", open.buf);
	str_release(&open);
	say(p, "processors");
}

/* ---- memory ------------------------------------------------------------------------------------------------------------ */

/* "32 GiB DDR5 4800 MT/s": those that are alike are counted. */
static void dimm(const struct json *d, char out[96])
{
	char size[32] = "of unknown size";
	const char *type = json_get_str(d, "type", "");
	int64_t mts = json_get_int(d, "mts", 0);

	if (is_known(d, "bytes"))
		hardware_binary(json_get_int(d, "bytes", 0), size);
	snprintf(out, 96, "%s%s%s", size, *type ? " " : "", type);
	if (mts)
		snprintf(out + strlen(out), 96 - strlen(out), " %" PRId64 " MT/s", mts);
}

static void dimms(struct str *out, const struct json *list)
{
	char one[96], other[96];

	for (size_t i = 0; i < json_size(list); i++) {
		size_t count = 0;
		bool told = false;

		dimm(json_at(list, i), one);
		for (size_t k = 0; k < json_size(list); k++) {
			dimm(json_at(list, k), other);
			told = told || (k < i && strcmp(one, other) == 0);
			count += strcmp(one, other) == 0;
		}
		if (!told)
			piece(out, "%zu x %s", count, one);
	}
}

static void say_memory(struct printing *p)
{
	const struct json *m = json_get(p->map, "memory"), *list = json_get(m, "dimms");
	char size[32];

	if (is_known(m, "bytes")) {
		hardware_binary(json_get_int(m, "bytes", 0), size);
		piece(&p->text, "%s", size);
	}
	if (json_is_array(list)) {
		piece(&p->text, "%zu of %" PRId64 " slots are filled", json_size(list), json_get_int(m, "slots", 0));
		dimms(&p->text, list);
		yes_or_no(&p->text, m, "ecc", "ECC", "no ECC");
	}
	if (json_get_int(m, "corrected-errors", 0))
		piece(&p->text, "%" PRId64 " errors corrected", json_get_int(m, "corrected-errors", 0));
	if (json_get_int(m, "uncorrected-errors", 0))
		piece(&p->text, "%" PRId64 " errors not corrected", json_get_int(m, "uncorrected-errors", 0));
	say(p, "memory");
}

/* ---- devices ----------------------------------------------------------------------------------------------------------- */

static void say_one(struct printing *p, const char *kind, const char *name)
{
	char label[80];

	snprintf(label, sizeof(label), "%s %s", kind, name);
	whole(label, sizeof(label));
	/* that it is there, is known */
	if (!p->text.len)
		str_add(&p->text, "unknown");
	say(p, label);
}

/* As its maker counts: at 100 % it has done what it was made for. */
static void health(struct str *out, const struct json *h)
{
	if (is_known(h, "wear-percent"))
		piece(out, "%" PRId64 " %% worn", json_get_int(h, "wear-percent", 0));
	if (json_get_int(h, "media-errors", 0) > 0)
		piece(out, "%" PRId64 " media errors", json_get_int(h, "media-errors", 0));
}

static void say_disk(struct printing *p, const struct json *d)
{
	char size[32];

	decimal(json_get_int(d, "bytes", 0), size);
	piece(&p->text, "%s", size);
	known(&p->text, d, "bus", "");
	yes_or_no(&p->text, d, "rotates", "rotating", "");
	known(&p->text, d, "model", "");
	known(&p->text, d, "serial", "serial ");
	known(&p->text, d, "firmware", "firmware ");
	health(&p->text, json_get(d, "health"));
	known(&p->text, d, "held", "");
	if (!*json_get_str(d, "held", ""))
		piece(&p->text, "not in use");
	say_one(p, "disk", json_get_str(d, "name", ""));
}

static void say_nic(struct printing *p, const struct json *n)
{
	speed(&p->text, n);
	yes_or_no(&p->text, n, "link", "", "no link");
	if (!is_known(n, "mbit") && json_get(n, "link") &&
		json_get_bool(n, "link", false) != json_get_bool(n, "link", true))
		piece(&p->text, "switched off");
	known(&p->text, n, "driver", "");
	known(&p->text, n, "firmware", "firmware ");
	if (is_known(n, "mtu"))
		piece(&p->text, "MTU %" PRId64, json_get_int(n, "mtu", 0));
	known(&p->text, n, "mac", "");
	known(&p->text, n, "member-of", "part of ");
	if (json_get_int(n, "functions", 0))
		piece(&p->text, "%" PRId64 " of %" PRId64 " virtual functions", json_get_int(n, "functions", 0),
			json_get_int(n, "functions-possible", 0));
	say_one(p, "card", json_get_str(n, "name", ""));
}

/* Of LACP all members have one aggregator, or some carry nothing. */
static void say_bond(struct printing *p, const struct json *b)
{
	const struct json *members = json_get(b, "members");
	int64_t first = json_get_int(json_at(members, 0), "aggregator", 0);

	known(&p->text, b, "mode", "");
	speed(&p->text, b);
	known(&p->text, b, "partner", "partner ");
	for (size_t i = 0; i < json_size(members); i++) {
		const struct json *m = json_at(members, i);
		bool up = json_get_bool(m, "link", true), same = json_get_int(m, "aggregator", first) == first;

		piece(&p->text, "%s%s%s", json_get_str(m, "name", ""), up ? "" : " (no link)",
			same ? "" : " (another aggregator: it carries nothing)");
	}
	say_one(p, "bond", json_get_str(b, "name", ""));
}

static void say_vlan(struct printing *p, const struct json *v)
{
	piece(&p->text, "%" PRId64 " on %s", json_get_int(v, "id", 0), json_get_str(v, "on", ""));
	say_one(p, "VLAN", json_get_str(v, "name", ""));
}

static void say_bridge(struct printing *p, const struct json *b)
{
	const struct json *ports = json_get(b, "ports");

	/* one of pods has hundreds */
	for (size_t i = 0; i < json_size(ports) && i < 8; i++)
		piece(&p->text, "%s", json_text(json_at(ports, i)));
	if (json_size(ports) > 8)
		piece(&p->text, "%zu more", json_size(ports) - 8);
	if (!p->text.len)
		piece(&p->text, "without a port");
	say_one(p, "bridge", json_get_str(b, "name", ""));
}

static void say_port(struct printing *p, const struct json *o)
{
	known(&p->text, o, "state", "");
	known(&p->text, o, "rate", "");
	known(&p->text, o, "link-layer", "");
	known(&p->text, o, "kind", "");
	known(&p->text, o, "firmware", "firmware ");
	known(&p->text, o, "nic", "card ");
	say_one(p, "RDMA", json_get_str(o, "device", ""));
}

static void say_accelerator(struct printing *p, const struct json *o)
{
	int64_t width = json_get_int(o, "width", 0), possible = json_get_int(o, "width-possible", 0);

	known(&p->text, o, "vendor", "");
	known(&p->text, o, "model", "");
	if (!*json_get_str(o, "model", ""))
		known(&p->text, o, "device", "device ");
	if (width)
		piece(&p->text, "%" PRId64 " lanes", width);
	if (width && possible > width)
		str_addf(&p->text, " of %" PRId64, possible);
	known(&p->text, o, "driver", "driver ");
	if (!*json_get_str(o, "driver", ""))
		piece(&p->text, "no driver");
	known(&p->text, o, "driver-version", "");
	say_one(p, "accelerator", json_get_str(o, "pci", ""));
}

static void say_errors(struct printing *p, const struct json *o)
{
	static const char *const kinds[] = { "correctable", "nonfatal", "fatal" };

	for (size_t i = 0; i < 3; i++)
		if (is_known(o, kinds[i]))
			piece(&p->text, "%" PRId64 " %s", json_get_int(o, kinds[i], 0), kinds[i]);
	say_one(p, "errors of", json_get_str(o, "pci", ""));
}

static const struct {
	const char *list;
	void (*say)(struct printing *p, const struct json *o);
} devices[] = {
	{ "disks", say_disk },
	{ "nics", say_nic },
	{ "bonds", say_bond },
	{ "vlans", say_vlan },
	{ "bridges", say_bridge },
	{ "infiniband", say_port },
	{ "accelerators", say_accelerator },
	{ "pcie-errors", say_errors },
};

/* The one that is nearest to its end. */
static void say_hottest(struct printing *p)
{
	const struct json *list = json_get(p->map, "temperatures"), *hottest = NULL;
	int64_t best = INT64_MAX;

	for (size_t i = 0; i < json_size(list); i++) {
		const struct json *o = json_at(list, i);
		int64_t left = json_get_int(o, "critical", 100) - json_get_int(o, "celsius", 0);

		if (left < best) {
			best = left;
			hottest = o;
		}
	}
	if (!hottest)
		return;
	piece(&p->text, "%" PRId64 " degrees Celsius", json_get_int(hottest, "celsius", 0));
	known(&p->text, hottest, "chip", "");
	known(&p->text, hottest, "sensor", "");
	if (is_known(hottest, "critical"))
		piece(&p->text, "%" PRId64 " are critical", json_get_int(hottest, "critical", 0));
	say(p, "hottest");
}

void hardware_device_line(
	const char *list, const struct json *o, void (*fn)(const char *label, const char *text, void *ctx), void *ctx)
{
	struct printing p = { NULL, fn, ctx, STR_INIT };

	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (strcmp(devices[i].list, list) == 0)
			devices[i].say(&p, o);
	str_release(&p.text);
}

/* ---- what is near what ------------------------------------------------------------------------------------------------- */

static void say_nodes(struct printing *p)
{
	const struct json *nodes = json_get(p->map, "memory.nodes");
	struct hardware_near near;
	char label[32], size[32];

	if (json_size(nodes) < 2)
		return;
	hardware_near_read(p->map, &near);
	for (size_t i = 0; i < json_size(nodes); i++) {
		const struct json *n = json_at(nodes, i);
		int64_t id = json_get_int(n, "id", -1);
		size_t count;
		const struct hardware_device *d = hardware_near_take(&near, id, &count);

		known(&p->text, n, "cpus", "CPUs ");
		if (!p->text.len)
			piece(&p->text, "no CPU");
		if (is_known(n, "bytes")) {
			hardware_binary(json_get_int(n, "bytes", 0), size);
			piece(&p->text, "%s", size);
		}
		for (size_t k = 0; k < count; k++)
			known(&p->text, d[k].is, d[k].key, "");
		snprintf(label, sizeof(label), "NUMA node %" PRId64, id);
		say(p, label);
	}
	free(near.list);
}

void hardware_lines(const struct json *map, void (*fn)(const char *label, const char *text, void *ctx), void *ctx)
{
	struct printing p = { map, fn, ctx, STR_INIT };

	say_system(&p);
	say_virtual(&p);
	say_kernel(&p);
	say_cpu(&p);
	say_memory(&p);
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		const struct json *list = json_get(map, devices[i].list);

		for (size_t k = 0; k < json_size(list); k++)
			devices[i].say(&p, json_at(list, k));
	}
	say_hottest(&p);
	say_nodes(&p);
	str_release(&p.text);
}

/* ---- one line a host --------------------------------------------------------------------------------------------------- */

static void column_system(const struct json *map, struct str *out)
{
	const struct json *system = json_get(map, "system");

	name(out, system);
	if (!json_text(json_get(system, "virtual")))
		known(out, json_get(system, "virtual"), "by", "");
}

static void column_cpu(const struct json *map, struct str *out)
{
	const struct json *c = json_get(map, "cpu");

	str_addf(out, "%" PRId64 " x %s", json_get_int(c, "sockets", 1), json_get_str(c, "model", "unknown"));
}

static void column_cores(const struct json *map, struct str *out)
{
	cores(out, json_get(map, "cpu"));
}

static void column_memory(const struct json *map, struct str *out)
{
	char size[32] = "unknown";

	if (is_known(json_get(map, "memory"), "bytes"))
		hardware_binary(json_get_int(map, "memory.bytes", 0), size);
	str_add(out, size);
}

static void column_disks(const struct json *map, struct str *out)
{
	const struct json *list = json_get(map, "disks");
	int64_t sum = 0;
	char size[32];

	for (size_t i = 0; i < json_size(list); i++)
		sum += json_get_int(json_at(list, i), "bytes", 0) / 1000;
	decimal(sum < INT64_MAX / 1000 ? sum * 1000 : INT64_MAX, size);
	str_addf(out, "%zu, %s", json_size(list), size);
}

static void column_nics(const struct json *map, struct str *out)
{
	const struct json *list = json_get(map, "nics");
	int64_t best = 0;

	for (size_t i = 0; i < json_size(list); i++)
		if (json_get_int(json_at(list, i), "mbit", 0) > best)
			best = json_get_int(json_at(list, i), "mbit", 0);
	str_addf(out, "%zu", json_size(list));
	if (best)
		str_addf(out, ", up to %" PRId64 " Gbit/s", best / 1000);
}

static void column_accelerators(const struct json *map, struct str *out)
{
	const struct json *list = json_get(map, "accelerators"), *first = json_at(list, 0);

	str_addf(out, "%zu", json_size(list));
	if (first)
		str_addf(out, " x %s %s", json_get_str(first, "vendor", ""), json_get_str(first, "model", ""));
}

const char *hardware_column(const struct json *map, size_t column, struct str *out)
{
	static const struct {
		const char *heading;
		void (*fill)(const struct json *map, struct str *out);
	} columns[] = { { "System", column_system }, { "Processors", column_cpu }, { "Cores", column_cores },
		{ "Memory", column_memory }, { "Disks", column_disks }, { "Cards", column_nics },
		{ "Accelerators", column_accelerators } };

	if (column >= sizeof(columns) / sizeof(columns[0]))
		return NULL;
	if (map)
		columns[column].fill(map, out);
	return columns[column].heading;
}
