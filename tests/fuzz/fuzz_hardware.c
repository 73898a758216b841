/*
 * What a machine shows of itself, as steps/host/machine.sh sends it: seven parts, each ended by a line "%%". Properties: a map and its words are printable, nothing is
 * missed that is there, and a firmware's table is read within its end.
 */
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/cluster.h"
#include "cluster/hardware.h"
#include "cluster/hardware_gone.h"
#include "cluster/hardware_words.h"
#include "cluster/smbios.h"
#include "inventory/inventory.h"
#include "remote/remote.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static const char *const words[] = { "=sys", "=proc", "=udev", "=links", "cpuinfo", "=smbios", "=asked", NULL };

static const char text[] = "cluster: rack7\n"
			   "kubernetes: {version: 1.36.2}\n"
			   "network: {cni: none}\n"
			   "hosts:\n"
			   "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n";

static void check_line(const char *label, const char *line, void *ctx)
{
	(void)ctx;
	fuzz_printable("a label", label);
	fuzz_printable("a line", line);
}

static void check_part(int depth, const char *label, const char *line, void *ctx)
{
	if (depth < 0 || depth > 1)
		fuzz_broken("a part of depth %d", depth);
	check_line(label, line, ctx);
}

/* The next part of the input, as a word of an answer. */
static const char *add_part(struct str *out, const char *word, const char *p, const char *end)
{
	static const char mark[] = "%%\n";
	const char *stop = memmem(p, (size_t)(end - p), mark, sizeof(mark) - 1);
	size_t n = (size_t)((stop ? stop : end) - p);

	str_addf(out, "%s:", word + (*word == '='));
	str_add_base64(out, p, n);
	str_addc(out, '\n');
	return stop ? stop + sizeof(mark) - 1 : end;
}

static void check_kept(const struct json *map)
{
	struct inventory *inv = inventory_parse("-", text, sizeof(text) - 1, NULL, 0, NULL, NULL);
	struct findings gone = { 0 };
	struct json *kept = hardware_kept(map, map);

	findings_hardware_gone(inv, 0, map, map, &gone);
	if (gone.count)
		fuzz_broken("what is there is missed: %s", gone.list[0].what);
	if (!json_equal(kept, map))
		fuzz_broken("a look beside itself is kept as another one");
	findings_release(&gone);
	json_free(kept);
	inventory_free(inv);
}

/* In memory of just that size. */
static void check_table(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct smbios s;

	memcpy(copy, data, size);
	smbios_read(&s, copy, size);
	for (size_t i = 0; i < s.count; i++) {
		fuzz_printable("a slot", s.dimms[i].slot);
		fuzz_printable("a serial number", s.dimms[i].serial);
		if (s.dimms[i].bytes < 0)
			fuzz_broken("memory below zero");
	}
	smbios_release(&s);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;
	struct remote_answer answer = { 0 };
	struct str all = STR_INIT;
	struct error err = { 0 };
	struct json *map;

	check_table(data, size);
	str_add(&all, "N begin\n");
	for (size_t i = 0; words[i]; i++)
		p = add_part(&all, words[i], p, end);
	str_add(&all, "N end\n");
	if (remote_answer_parse(&answer, "N", all.buf, all.len, words, &err))
		fuzz_broken("the parts are not an answer: %s", err.what);
	map = hardware_map(&answer);
	hardware_lines(map, check_line, NULL);
	hardware_tree(map, check_part, NULL);
	check_kept(map);
	json_free(map);
	remote_answer_release(&answer);
	str_release(&all);
	return 0;
}
