/* The ways out of a machine: network cards, what is made of them, and InfiniBand's ports. */
#include "cluster/hardware_private.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NET "class/net"
#define IB "class/infiniband"

/* A function of a card that is handed to pods: it comes and goes with them. */
static void set_function(const struct hardware_seen *s, struct json *o, const char *pci)
{
	if (tree_get(&s->links, "bus/pci/devices/%s/physfn", pci))
		json_set_bool(o, "virtual-function", true);
}

static struct json *nic_of(const struct hardware_seen *s, const char *name)
{
	struct json *o = json_object();
	const char *carrier = tree_get(&s->sys, NET "/%s/carrier", name);
	const char *own = tree_get(&s->sys, NET "/%s/bonding_slave/perm_hwaddr", name), *driver, *firmware;
	char pci[HARDWARE_PCI], link[128];

	snprintf(link, sizeof(link), NET "/%s", name);
	hardware_pci(s, link, pci);
	json_set_str(o, "name", name);
	/* of the card, which may be on a bus of its own over PCI: virtio */
	driver = hardware_link(s, NET "/%s/device/driver", name);
	hardware_text(o, "driver", driver ? driver : hardware_link(s, "bus/pci/devices/%s/driver", pci));
	firmware = tree_get(&s->asked, "%s/firmware", name);
	hardware_text(o, "firmware", firmware && strcmp(firmware, "N/A") != 0 ? firmware : NULL);
	hardware_text(o, "mac", own ? own : tree_get(&s->sys, NET "/%s/address", name));
	hardware_number(s, o, "mbit", NET "/%s/speed", name);
	/* what is switched off cannot be asked */
	if (carrier)
		json_set_bool(o, "link", strcmp(carrier, "1") == 0);
	else
		json_set(o, "link", json_null());
	hardware_number(s, o, "mtu", NET "/%s/mtu", name);
	hardware_text(o, "member-of", hardware_link(s, NET "/%s/master", name));
	hardware_text(o, "pci", pci);
	hardware_node(s, o, "bus/pci/devices/%s/numa_node", pci);
	set_function(s, o, pci);
	hardware_number(s, o, "functions-possible", "bus/pci/devices/%s/sriov_totalvfs", pci);
	hardware_number(s, o, "functions", "bus/pci/devices/%s/sriov_numvfs", pci);
	return o;
}

/* With a device behind it. */
struct json *hardware_nics(const struct hardware_seen *s)
{
	struct json *list = json_array();
	struct tree_names names;

	tree_names(&s->sys, NET, &names);
	for (size_t i = 0; i < names.count; i++)
		if (tree_get(&s->links, NET "/%s/device", names.list[i]))
			json_add(list, nic_of(s, names.list[i]));
	tree_names_release(&names);
	return list;
}

/* An interface and what it belongs to, both lent. */
struct member {
	const char *of, *name;
	size_t at; /* its place among all */
};
struct members {
	struct member *list; /* by what they belong to, and in their order where that is the same */
	size_t count;
};

static int by_master(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = strcmp(x->of, y->of);

	return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* All of them at once: a host of thousands of bonds and cards would be searched for each bond again. */
static void read_members(const struct hardware_seen *s, const struct tree_names *all, struct members *out)
{
	*out = (struct members){ xcalloc(all->count + 1, sizeof(*out->list)), 0 };
	for (size_t i = 0; i < all->count; i++) {
		const char *of = hardware_link(s, NET "/%s/master", all->list[i]);

		if (of)
			out->list[out->count++] = (struct member){ of, all->list[i], i };
	}
	qsort(out->list, out->count, sizeof(*out->list), by_master);
}

/* Calls fn for each interface that belongs to this one. */
static void each_member(const struct hardware_seen *s, const struct members *all, const char *master,
	void (*fn)(const struct hardware_seen *s, const char *name, struct json *list), struct json *list)
{
	size_t from = 0, to = all->count;

	while (from < to) {
		size_t at = from + (to - from) / 2;

		if (strcmp(all->list[at].of, master) < 0)
			from = at + 1;
		else
			to = at;
	}
	for (; from < all->count && strcmp(all->list[from].of, master) == 0; from++)
		fn(s, all->list[from].name, list);
}

static void add_bonded(const struct hardware_seen *s, const char *name, struct json *list)
{
	struct json *o = json_add(list, json_object());
	const char *status = tree_get(&s->sys, NET "/%s/bonding_slave/mii_status", name);

	json_set_str(o, "name", name);
	json_set(o, "link", status ? json_bool(strcmp(status, "up") == 0) : json_null());
	hardware_number(s, o, "aggregator", NET "/%s/bonding_slave/ad_aggregator_id", name);
}

static void add_port(const struct hardware_seen *s, const char *name, struct json *list)
{
	(void)s;
	json_add(list, json_string(name));
}

struct json *hardware_bonds(const struct hardware_seen *s)
{
	struct json *list = json_array();
	struct tree_names names;
	struct members members;

	tree_names(&s->sys, NET, &names);
	read_members(s, &names, &members);
	for (size_t i = 0; i < names.count; i++) {
		const char *mode = tree_get(&s->sys, NET "/%s/bonding/mode", names.list[i]);
		struct json *o;
		char word[48];

		if (!mode)
			continue;
		/* "802.3ad 4" */
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(mode, " "), mode);
		o = json_add(list, json_object());
		json_set_str(o, "name", names.list[i]);
		json_set_str(o, "mode", word);
		hardware_text(o, "partner", tree_get(&s->sys, NET "/%s/bonding/ad_partner_mac", names.list[i]));
		hardware_text(o, "active", tree_get(&s->sys, NET "/%s/bonding/active_slave", names.list[i]));
		hardware_number(s, o, "mbit", NET "/%s/speed", names.list[i]);
		hardware_number(s, o, "mtu", NET "/%s/mtu", names.list[i]);
		each_member(s, &members, names.list[i], add_bonded, json_set(o, "members", json_array()));
	}
	free(members.list);
	tree_names_release(&names);
	return list;
}

struct json *hardware_bridges(const struct hardware_seen *s)
{
	struct json *list = json_array(), *o;
	struct tree_names names;
	struct members members;

	tree_names(&s->sys, NET, &names);
	read_members(s, &names, &members);
	for (size_t i = 0; i < names.count; i++) {
		if (!tree_get(&s->sys, NET "/%s/bridge/bridge_id", names.list[i]))
			continue;
		o = json_add(list, json_object());
		json_set_str(o, "name", names.list[i]);
		each_member(s, &members, names.list[i], add_port, json_set(o, "ports", json_array()));
	}
	free(members.list);
	tree_names_release(&names);
	return list;
}

/* "eno1.100       | 100  | eno1", after two lines of headings. */
static void add_vlan(const char *line, void *list)
{
	char name[33], on[33];
	struct json *o;
	int id;

	if (sscanf(line, "%32s | %d | %32s", name, &id, on) != 3)
		return;
	o = json_add(list, json_object());
	json_set_str(o, "name", name);
	json_set_int(o, "id", id);
	json_set_str(o, "on", on);
}

struct json *hardware_vlans(const struct hardware_seen *s)
{
	struct json *list = json_array();

	tree_lines(&s->proc, "./net/vlan/config", add_vlan, list);
	return list;
}

/* "4: ACTIVE" is ACTIVE. */
static const char *state(const char *text)
{
	const char *colon = text ? strchr(text, ':') : NULL;

	for (text = colon ? colon + 1 : text; text && isspace((unsigned char)*text); text++)
		;
	return text;
}

static struct json *port_of(const struct hardware_seen *s, const char *device, const char *port)
{
	struct json *o = json_object();
	char path[160], pci[HARDWARE_PCI], link[128];

	snprintf(path, sizeof(path), IB "/%s/ports/%s", device, port);
	snprintf(link, sizeof(link), IB "/%s", device);
	hardware_pci(s, link, pci);
	json_set_str(o, "device", device);
	json_set_str(o, "port", port);
	hardware_text(o, "state", state(tree_get(&s->sys, "%s/state", path)));
	hardware_text(o, "physical-state", state(tree_get(&s->sys, "%s/phys_state", path)));
	hardware_text(o, "rate", tree_get(&s->sys, "%s/rate", path));
	hardware_text(o, "link-layer", tree_get(&s->sys, "%s/link_layer", path));
	hardware_text(o, "lid", tree_get(&s->sys, "%s/lid", path));
	hardware_text(o, "nic", tree_get(&s->sys, "%s/gid_attrs/ndevs/0", path));
	hardware_text(o, "kind", tree_get(&s->sys, IB "/%s/hca_type", device));
	hardware_text(o, "firmware", tree_get(&s->sys, IB "/%s/fw_ver", device));
	hardware_text(o, "pci", pci);
	hardware_node(s, o, "bus/pci/devices/%s/numa_node", pci);
	set_function(s, o, pci);
	return o;
}

struct json *hardware_infiniband(const struct hardware_seen *s)
{
	struct json *list = json_array();
	struct tree_names devices, ports;
	char folder[128];

	tree_names(&s->sys, IB, &devices);
	for (size_t i = 0; i < devices.count; i++) {
		snprintf(folder, sizeof(folder), IB "/%s/ports", devices.list[i]);
		tree_names(&s->sys, folder, &ports);
		for (size_t k = 0; k < ports.count; k++)
			json_add(list, port_of(s, devices.list[i], ports.list[k]));
		tree_names_release(&ports);
	}
	tree_names_release(&devices);
	return list;
}
