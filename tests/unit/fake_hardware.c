/* Three alike control planes, and two workers with accelerators of which one is not well. */
#include "tests/unit/fake_hardware.h"

#include <stdio.h>
#include <string.h>

static const struct port_hardware_line control_plane[] = {
	{ 0, "NUMA node 0", "" },
	{ 1, "processors", "CPUs 0-31" },
	{ 1, "memory", "126 GiB" },
	{ 1, "card eno1", "25 Gbit/s, ice, MTU 1500, 3c:ec:ef:00:00:01" },
	{ 1, "disk nvme0n1", "960 GB, nvme, SAMSUNG MZQL2960HCJR, mounted at /" },
	{ 0, "NUMA node unknown, or none", "" },
	{ 1, "card eno2", "no link, switched off" },
};
static const struct port_hardware_line worker[] = {
	{ 0, "NUMA node 0", "distances 10 21" },
	{ 1, "processors", "CPUs 0-47,96-143" },
	{ 1, "memory", "1008 GiB" },
	{ 1, "card eno1", "25 Gbit/s, mlx5_core, MTU 9000, b8:3f:d2:00:00:01, part of bond0" },
	{ 1, "card ens1", "400 Gbit/s, mlx5_core, MTU 4200, b8:3f:d2:00:00:11" },
	{ 1, "RDMA mlx5_0", "ACTIVE, 400 Gb/sec (4X NDR), InfiniBand, MT4129, firmware 28.39.1002" },
	{ 1, "RDMA mlx5_1", "ACTIVE, 400 Gb/sec (4X NDR), InfiniBand, MT4129, firmware 28.39.1002" },
	{ 1, "accelerator 0000:19:00.0", "NVIDIA, NVIDIA H200, 16 lanes, driver nvidia, 550.54.15" },
	{ 1, "accelerator 0000:3b:00.0", "NVIDIA, NVIDIA H200, 16 lanes, driver nvidia, 550.54.15" },
	{ 1, "accelerator 0000:4c:00.0", "NVIDIA, NVIDIA H200, 8 lanes of 16, driver nvidia, 550.54.15" },
	{ 1, "accelerator 0000:5d:00.0", "NVIDIA, NVIDIA H200, 16 lanes, driver nvidia, 550.54.15" },
	{ 1, "disk nvme0n1", "960 GB, nvme, SAMSUNG MZQL2960HCJR, mounted at /" },
	{ 0, "NUMA node 1", "distances 21 10" },
	{ 1, "processors", "CPUs 48-95,144-191" },
	{ 1, "memory", "unknown" },
	{ 1, "card eno2", "25 Gbit/s, mlx5_core, MTU 9000, b8:3f:d2:00:00:02, part of bond0" },
	{ 1, "accelerator 0000:9b:00.0", "NVIDIA, NVIDIA H200, 16 lanes, driver nvidia, 550.54.15" },
	{ 1, "disk nvme1n1", "3.84 TB, nvme, SAMSUNG MZQL23T8HCLS, not in use" },
	{ 0, "NUMA node unknown, or none", "" },
	{ 1, "disk sda", "unknown" },
	{ 1, "bond bond0", "802.3ad, 50 Gbit/s, eno1, eno2" },
};

static void add_lines(struct port_hardware_host *h, struct arena *arena, const struct port_hardware_line *lines,
	size_t count, const char *hostile)
{
	h->near = arena_alloc(arena, count * sizeof(*h->near));
	h->all = arena_alloc(arena, (count + 1) * sizeof(*h->all));
	h->all[h->all_count++] =
		(struct port_hardware_line){ 1, "system", hostile ? hostile : "Dell Inc. PowerEdge R760, serial 7XK2" };
	for (size_t i = 0; i < count; i++) {
		h->near[h->near_count] = lines[i];
		if (hostile)
			h->near[h->near_count].label = h->near[h->near_count].text = hostile;
		h->near_count++;
		if (lines[i].depth)
			h->all[h->all_count++] = h->near[i];
	}
}

static void find(struct port_hardware_host *h, const char *name, bool ignored, const char *what, const char *why,
	const char *remedy)
{
	struct finding *f = &h->findings[h->finding_count++];

	*f = (struct finding){ .level = FINDING_WARNING, .ignored = ignored };
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->what, sizeof(f->what), "%s", what);
	snprintf(f->why, sizeof(f->why), "%s", why);
	snprintf(f->remedy, sizeof(f->remedy), "%s", remedy);
}

void fake_hardware_fill(struct port_hardware *out, bool unseen, const char *hostile)
{
	static const char *const names[] = { "cp1", "cp2", "cp3", "w1", "w2" };

	*out = (struct port_hardware){ .host_count = 5, .tell = hostile ? hostile : "" };
	out->hosts = arena_alloc(&out->arena, out->host_count * sizeof(*out->hosts));
	for (size_t i = 0; i < out->host_count; i++) {
		struct port_hardware_host *h = &out->hosts[i];

		h->name = names[i];
		h->findings = arena_alloc(&out->arena, 4 * sizeof(*h->findings));
		h->kind = "unknown";
		h->seen = !unseen || i != 1;
		if (!h->seen) {
			error_set(&h->error, ERROR_CONNECT, "%s",
				hostile ? hostile : "cannot connect to cp2 (10.0.0.12:22): no route to host");
			error_hint(&h->error, "is the machine on? see its console");
			continue;
		}
		h->kind = hostile ? hostile : i < 3 ? "Supermicro SYS-120C" : "Dell Inc. PowerEdge XE9680";
		add_lines(h, &out->arena, i < 3 ? control_plane : worker,
			i < 3 ? sizeof(control_plane) / sizeof(*control_plane) : sizeof(worker) / sizeof(*worker),
			hostile);
	}
	find(&out->hosts[2], "odd-firmware", true, "the machine's firmware: 1.4; 2 of 3 machines of its kind have: 1.6",
		"it may behave otherwise", "update the firmware of this machine, or of the others");
	find(&out->hosts[3], "few-lanes", false,
		hostile ? hostile : "the accelerator 0000:4c:00.0 has 8 of 16 PCI Express lanes",
		"data reaches it that much slower", "is it seated well, and in a slot of that width?");
	find(&out->hosts[3], "gone-dimm", false,
		"the DIMM B7, Micron, MTC40F2046S1RC48BA1 was there when it was last looked at, and is gone",
		"what was there is lost, or was taken away", "is it loose, or dead? the BMC's log says more");
}
