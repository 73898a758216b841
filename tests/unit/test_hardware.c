/* What machines are made of: steps/host/machine.sh, run for real on trees as several kinds of machines show them, and the map that comes of it. */
#include "tests/test.h"

#include "base/json.h"
#include "cluster/hardware.h"
#include "cluster/hardware_words.h"
#include "cluster/smbios.h"
#include "steps/host/scripts.h"
#include "tests/unit/fake_site.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static struct fake_site site;
static struct json *map;

/* ---- trees --------------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void put(const char *text, const char *fmt, ...)
{
	char path[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	fake_site_put(&site, path, 0644, text);
}

__attribute__((format(printf, 1, 2))) static void sh(const char *fmt, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	fake_site_sh(&site, command);
}

static void begin(const char *virtual)
{
	char text[128];

	map = NULL;
	fake_site_open(&site);
	snprintf(text, sizeof(text), "#!/bin/sh\necho %s\n", virtual);
	fake_site_put(&site, "bin/systemd-detect-virt", 0755, text);
}

static void look(void)
{
	if (!CHECK_INT(fake_site_run(&site, host_script_machine, NULL, 0), 0))
		printf("# %s: %s\n", site.err.what, site.err.detail);
	map = hardware_map(&site.h.facts);
}

static void end(void)
{
	json_free(map);
	fake_site_close(&site);
}

static void is(const char *path, const char *want)
{
	struct str text = STR_INIT;
	const struct json *j = json_get(map, path);

	if (j)
		json_write(j, &text);
	if (!CHECK_STR(text.buf, want))
		printf("# %s\n", path);
	str_release(&text);
}

static void collect(const char *label, const char *text, void *ctx)
{
	str_addf(ctx, "%s: %s\n", label, text);
}

static void says(const char *want)
{
	struct str text = STR_INIT;

	hardware_lines(map, collect, &text);
	if (!CHECK(strstr(text.buf, want) != NULL))
		printf("# no '%s' in\n%s", want, text.buf);
	str_release(&text);
}

static void processors(int sockets, int cores, int threads, int nodes)
{
	int all = sockets * cores * threads;

	for (int i = 0; i < all; i++) {
		char socket[8], core[8];

		snprintf(socket, sizeof(socket), "%d\n", i % (sockets * cores) / cores);
		snprintf(core, sizeof(core), "%d\n", i % cores);
		put(socket, "sys/devices/system/cpu/cpu%d/topology/physical_package_id", i);
		put(core, "sys/devices/system/cpu/cpu%d/topology/core_id", i);
		put("performance\n", "sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", i);
	}
	for (int i = 0; i < nodes; i++) {
		put("Node 0 MemTotal:       263923896 kB\nNode 0 MemFree: 1 kB\n",
			"sys/devices/system/node/node%d/meminfo", i);
		put(i ? "8-15\n" : "0-7\n", "sys/devices/system/node/node%d/cpulist", i);
		put("0\n", "sys/devices/system/node/node%d/hugepages/hugepages-2048kB/nr_hugepages", i);
	}
	put("processor\t: 0\nmodel name\t: Intel(R) Xeon(R) Gold 6430\nmicrocode\t: 0x2b000603\n"
	    "flags\t\t: fpu aes avx2 constant_tsc nonstop_tsc pdpe1gb x2apic vmx\n\nprocessor\t: 1\nmodel name\t: another\n",
		"proc/cpuinfo");
	put("MemTotal:       527847792 kB\n", "proc/meminfo");
}

static void device(const char *at, const char *class, const char *vendor, const char *node)
{
	char text[16];

	snprintf(text, sizeof(text), "%s\n", class);
	put(text, "sys/bus/pci/devices/%s/class", at);
	snprintf(text, sizeof(text), "%s\n", vendor);
	put(text, "sys/bus/pci/devices/%s/vendor", at);
	snprintf(text, sizeof(text), "%s\n", node);
	put(text, "sys/bus/pci/devices/%s/numa_node", at);
}

/* With what leads to it from the folders of its kind. */
static void card(const char *name, const char *at, const char *driver)
{
	sh("mkdir -p sys/devices/pci0000:00/%s/net/%s sys/bus/pci/drivers/%s && cd sys && mkdir -p class/net bus/pci/devices/%s && "
	   "ln -sfn ../../devices/pci0000:00/%s/net/%s class/net/%s && ln -sfn ../.. devices/pci0000:00/%s/net/%s/device && "
	   "ln -sfn ../../drivers/%s bus/pci/devices/%s/driver",
		at, name, driver, at, at, name, name, at, name, driver, at);
}

/* ---- SMBIOS -------------------------------------------------------------------------------------------------------- */

static void structure(
	struct str *table, unsigned type, const unsigned char *fields, size_t len, const char *texts, size_t texts_len)
{
	unsigned char head[4] = { (unsigned char)type, (unsigned char)(len + 4), 0, 0 };

	str_addn(table, head, 4);
	str_addn(table, fields, len);
	str_addn(table, texts, texts_len);
	str_addn(table, "\0", 1);
	if (!texts_len)
		str_addn(table, "\0", 1);
}

/* A memory device of so many MiB; mib 0: an empty slot. */
static void dimm(struct str *table, const char *slot, unsigned mib)
{
	unsigned char f[0x54 - 4] = { 0 };
	struct str texts = STR_INIT;

	f[0x08 - 4] = 80;
	f[0x0a - 4] = 64;
	f[0x0c - 4] = mib > 0x7ffe ? 0xff : (unsigned char)mib;
	f[0x0d - 4] = mib > 0x7ffe ? 0x7f : (unsigned char)(mib >> 8);
	for (int i = 0; mib > 0x7ffe && i < 4; i++)
		f[0x1c - 4 + i] = (unsigned char)(mib >> 8 * i);
	f[0x10 - 4] = 1;
	f[0x12 - 4] = 0x22;
	f[0x15 - 4] = 4800 & 0xff;
	f[0x16 - 4] = 4800 >> 8;
	f[0x20 - 4] = 4400 & 0xff;
	f[0x21 - 4] = 4400 >> 8;
	f[0x17 - 4] = 2;
	f[0x18 - 4] = 3;
	f[0x1a - 4] = 4;
	str_addf(&texts, "%s", slot);
	str_addn(&texts, "\0Micron \0S\33[31m1\0MTC40F2046S1RC48BA1 ", 37);
	str_addn(&texts, "\0", 1);
	structure(table, 17, f, sizeof(f), texts.buf, texts.len);
	str_release(&texts);
}

static void put_table(const struct str *table)
{
	struct str hex = STR_INIT;

	str_add_base64(&hex, table->buf, table->len);
	put(hex.buf, "table");
	sh("mkdir -p sys/firmware/dmi/tables && base64 -d table >sys/firmware/dmi/tables/DMI");
	str_release(&hex);
}

/* ---- machines ------------------------------------------------------------------------------------------------------ */

/* Firmware, processors, and two DIMMs in three slots. */
static void put_board(void)
{
	struct str table = STR_INIT;

	processors(2, 4, 2, 2);
	put("Dell Inc.\n", "sys/class/dmi/id/sys_vendor");
	put("PowerEdge R760\n", "sys/class/dmi/id/product_name");
	put("To Be Filled By O.E.M.\n", "sys/class/dmi/id/product_serial");
	put("2.1.5\n", "sys/class/dmi/id/bios_version");
	put("03/14/2024\n", "sys/class/dmi/id/bios_date");
	put("1\n", "sys/devices/system/cpu/smt/active");
	put("1\n", "sys/devices/system/cpu/intel_pstate/no_turbo");
	put("Vulnerable: No microcode\n", "sys/devices/system/cpu/vulnerabilities/mds");
	put("Not affected\n", "sys/devices/system/cpu/vulnerabilities/l1tf");
	put("tsc\n", "sys/devices/system/clocksource/clocksource0/current_clocksource");
	put("0\n", "sys/devices/system/edac/mc/mc0/ue_count");
	put("7\n", "sys/devices/system/edac/mc/mc0/ce_count");
	sh("mkdir -p sys/firmware/efi/efivars sys/kernel/iommu_groups/0 sys/kernel/iommu_groups/1 && "
	   "printf '\\6\\0\\0\\0\\1' >sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c");
	dimm(&table, "A1", 32768);
	dimm(&table, "A2", 0);
	dimm(&table, "B1", 16384);
	structure(&table, 38, (const unsigned char *)"\1\0\0\0", 4, "", 0);
	structure(&table, 127, NULL, 0, "", 0);
	put_table(&table);
	str_release(&table);
}

/* One disk, and what is none. */
static void put_disk(void)
{
	put("7501476528\n", "sys/block/nvme0n1/size");
	put("259:0\n", "sys/block/nvme0n1/dev");
	put("0\n", "sys/block/nvme0n1/queue/rotational");
	put("1\n", "sys/block/nvme0n1/nvme0n1p1/partition");
	put("259:1\n", "sys/block/nvme0n1/nvme0n1p1/dev");
	put("SAMSUNG MZQL23T8HCLS-00A07                  \n", "sys/class/nvme/nvme0/model");
	put("S64HNX0T\n", "sys/class/nvme/nvme0/serial");
	put("GDC5602Q\n", "sys/class/nvme/nvme0/firmware_rev");
	put("S:disk/by-id/nvme-SAMSUNG_X\nS:disk/by-id/nvme-eui.36\nE:ID_BUS=nvme\n", "run/udev/data/b259:0");
	put("S:disk/by-id/nvme-eui.36-part1\nE:ID_FS_TYPE=ext4\n", "run/udev/data/b259:1");
	put("36 35 259:1 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p1 rw\n37 36 259:1 /var/x /bound rw - ext4 /dev/nvme0n1p1 rw\n",
		"proc/self/mountinfo");
	sh("mkdir -p sys/block/loop0 sys/block/nvme1n1 && echo 100 >sys/block/loop0/size && echo 0 >sys/block/nvme1n1/size");
}

/* A bond of two cards with a VLAN on it, and RoCE. */
static void put_cards(void)
{
	device("0000:3b:00.0", "0x020000", "0x15b3", "1");
	device("0000:3b:00.1", "0x020000", "0x15b3", "-1");
	card("eno1", "0000:3b:00.0", "mlx5_core");
	card("eno2", "0000:3b:00.1", "mlx5_core");
	sh("ln -s ../0000:3b:00.0 sys/bus/pci/devices/0000:3b:00.1/physfn");
	put("25000\n", "sys/class/net/eno1/speed");
	put("1\n", "sys/class/net/eno1/carrier");
	put("0\n", "sys/class/net/eno2/carrier");
	put("b8:3f:d2:00:00:01\n", "sys/class/net/eno1/address");
	put("b8:3f:d2:00:00:02\n", "sys/class/net/eno1/bonding_slave/perm_hwaddr");
	put("1\n", "sys/class/net/eno1/bonding_slave/ad_aggregator_id");
	put("2\n", "sys/class/net/eno2/bonding_slave/ad_aggregator_id");
	put("up\n", "sys/class/net/eno1/bonding_slave/mii_status");
	put("down\n", "sys/class/net/eno2/bonding_slave/mii_status");
	put("802.3ad 4\n", "sys/class/net/bond0/bonding/mode");
	sh("for i in eno1 eno2; do ln -s ../bond0 sys/class/net/$i/master; done");
	put("VLAN Dev name\t | VLAN ID\nName-Type: VLAN_NAME_TYPE_RAW_PLUS_VID_NO_PAD\nbond0.100      | 100  | bond0\n",
		"proc/net/vlan/config");
	sh("mkdir -p sys/devices/pci0000:00/0000:3b:00.0/infiniband/mlx5_0 sys/class/infiniband && "
	   "ln -s ../../devices/pci0000:00/0000:3b:00.0/infiniband/mlx5_0 sys/class/infiniband/mlx5_0");
	put("4: ACTIVE\n", "sys/class/infiniband/mlx5_0/ports/1/state");
	put("25 Gb/sec (1X EDR)\n", "sys/class/infiniband/mlx5_0/ports/1/rate");
	put("Ethernet\n", "sys/class/infiniband/mlx5_0/ports/1/link_layer");
	put("RxErr 1\nTOTAL_ERR_COR 12\n", "sys/bus/pci/devices/0000:3b:00.0/aer_dev_correctable");
	put("TOTAL_ERR_FATAL 0\n", "sys/bus/pci/devices/0000:3b:00.0/aer_dev_fatal");
	put("coretemp\n", "sys/class/hwmon/hwmon0/name");
	put("54000\n", "sys/class/hwmon/hwmon0/temp1_input");
	put("Package id 0\n", "sys/class/hwmon/hwmon0/temp1_label");
	put("100000\n", "sys/class/hwmon/hwmon0/temp1_crit");
}

static void check_board(void)
{
	is("system.product", "\"PowerEdge R760\"");
	is("system.serial", "null");
	is("system.virtual", "\"none\"");
	is("system.secure-boot", "true");
	is("system.firmware", "\"uefi\"");
	is("system.bmc", "true");
	is("system.iommu-groups", "2");
	is("cpu.sockets", "2");
	is("cpu.cores", "8");
	is("cpu.threads", "16");
	is("cpu.model", "\"Intel(R) Xeon(R) Gold 6430\"");
	is("cpu.turbo", "false");
	is("memory.nodes.1.bytes", "270258069504");
	is("memory.slots", "3");
	is("memory.dimms.0.bytes", "34359738368");
	is("memory.dimms.0.maker", "\"Micron\"");
	is("memory.dimms.0.mts", "4400");
	is("memory.dimms.1.bytes", "17179869184");
	is("memory.ecc", "true");
	is("memory.corrected-errors", "7");
	CHECK_INT(json_size(json_get(map, "memory.dimms")), 2);
}

static void check_devices(void)
{
	CHECK_INT(json_size(json_get(map, "disks")), 1);
	is("disks.0.bytes", "3840755982336");
	is("disks.0.id", "\"nvme-eui.36\"");
	is("disks.0.firmware", "\"GDC5602Q\"");
	is("disks.0.model", "\"SAMSUNG MZQL23T8HCLS-00A07\"");
	is("disks.0.held", "\"mounted at /\"");
	is("nics.0.driver", "\"mlx5_core\"");
	is("nics.0.mac", "\"b8:3f:d2:00:00:02\"");
	is("nics.0.node", "1");
	is("nics.1.node", "null");
	is("nics.1.link", "false");
	is("nics.0.virtual-function", "");
	is("nics.1.virtual-function", "true");
	is("nics.1.mbit", "null");
	is("vlans", "[{\"name\":\"bond0.100\",\"id\":100,\"on\":\"bond0\"}]");
	is("infiniband.0.state", "\"ACTIVE\"");
	is("pcie-errors", "[{\"pci\":\"0000:3b:00.0\",\"correctable\":12}]");
	is("temperatures.0.celsius", "54");
}

/* Two sockets with two nodes, NVMe, a bond with a VLAN, RoCE, and DIMMs. */
static void test_server(void)
{
	begin("none");
	put_board();
	put_disk();
	put_cards();
	look();
	check_board();
	check_devices();
	says("bond bond0: 802.3ad, eno1, eno2 (no link) (another aggregator: it carries nothing)\n");
	says("system: Dell Inc. PowerEdge R760, firmware 2.1.5 of 03/14/2024, started by UEFI, Secure Boot, with a BMC\n");
	says("memory: 503 GiB, 2 of 3 slots are filled, 1 x 32 GiB DDR5 4400 MT/s, 1 x 16 GiB DDR5 4400 MT/s, ECC, 7 errors corrected\n");
	says("vulnerable to mds\n");
	says("NUMA node 1: CPUs 8-15, 252 GiB, eno1, mlx5_0\n");
	says("runs on: bare metal\n");
	end();
}

/* Eight GPUs, one of them with half of its lanes, and without a driver. */
static void test_accelerators(void)
{
	char at[16];

	begin("none");
	processors(2, 4, 1, 2);
	for (int i = 0; i < 8; i++) {
		snprintf(at, sizeof(at), "0000:%02x:00.0", 0x19 + i * 0x10);
		device(at, "0x030200", "0x10de", i < 4 ? "0" : "1");
		put(i == 5 ? "8\n" : "16\n", "sys/bus/pci/devices/%s/current_link_width", at);
		put("16\n", "sys/bus/pci/devices/%s/max_link_width", at);
		put("Model: \t\t NVIDIA H200\nIRQ:   \t\t 1\nVideo BIOS: \t 96.00.a5.00.01\n",
			"proc/driver/nvidia/gpus/%s/information", at);
		if (i != 7)
			sh("mkdir -p sys/bus/pci/drivers/nvidia && ln -s ../../drivers/nvidia sys/bus/pci/devices/%s/driver",
				at);
	}
	put("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5\nGCC version: 12.2.0\n",
		"proc/driver/nvidia/version");
	/* a switch between them, and the picture of a BMC */
	device("0000:05:00.0", "0x068000", "0x10de", "0");
	device("0000:03:00.0", "0x030000", "0x1a03", "0");
	look();
	CHECK_INT(json_size(json_get(map, "accelerators")), 8);
	is("accelerators.0.driver-version", "\"550.54.15\"");
	is("accelerators.5.width", "8");
	is("accelerators.7.driver", "null");
	says("NVIDIA, NVIDIA H200, 8 lanes of 16, driver nvidia, 550.54.15\n");
	says("no driver");
	end();
}

/* A card on a bus of its own: its driver is the card's, not that of what carries the bus. A DIMM that does not say what it is. */
static void test_virtio(void)
{
	static const unsigned char module[0x17] = { [0x0d - 4] = 2048 >> 8, [0x10 - 4] = 1, [0x12 - 4] = 2 };
	struct str table = STR_INIT;

	begin("kvm");
	processors(1, 2, 1, 1);
	device("0000:00:03.0", "0x020000", "0x1af4", "-1");
	card("ens3", "0000:00:03.0", "virtio-pci");
	sh("cd sys && mkdir -p devices/pci0000:00/0000:00:03.0/virtio0/net bus/virtio/drivers/virtio_net && "
	   "mv devices/pci0000:00/0000:00:03.0/net/ens3 devices/pci0000:00/0000:00:03.0/virtio0/net/ && "
	   "ln -sfn ../../devices/pci0000:00/0000:00:03.0/virtio0/net/ens3 class/net/ens3 && "
	   "ln -sfn ../../../../bus/virtio/drivers/virtio_net devices/pci0000:00/0000:00:03.0/virtio0/driver");
	put("52:54:00:00:00:01\n", "sys/devices/pci0000:00/0000:00:03.0/virtio0/net/ens3/address");
	structure(&table, 17, module, sizeof(module), "DIMM 0\0", 7);
	put_table(&table);
	str_release(&table);
	look();
	is("nics.0.driver", "\"virtio_net\"");
	says("1 of 1 slots are filled, 1 x 2.0 GiB, ");
	end();
}

/* As a machine says these, without the machine. They are released. */
enum { SYS, PROC, LINKS, ASKED, PARTS };
static void look_at(struct str parts[PARTS])
{
	static const char *const words[] = { "=sys", "=proc", "=links", "=asked", NULL };
	struct remote_answer answer = { 0 };
	struct error err = { 0 };
	struct str all = STR_INIT;

	str_add(&all, "N begin\n");
	for (int i = 0; i < PARTS; i++) {
		str_addf(&all, "%s:", words[i] + 1);
		str_add_base64(&all, parts[i].buf, parts[i].len);
		str_addc(&all, '\n');
		str_release(&parts[i]);
	}
	str_add(&all, "N end\n");
	CHECK_INT(remote_answer_parse(&answer, "N", all.buf, all.len, words, &err), 0);
	map = hardware_map(&answer);
	remote_answer_release(&answer);
	str_release(&all);
}

/* A machine that shows more disks than any has costs no more time for it, and none of them is called free. */
static void test_many_disks(void)
{
	struct str parts[PARTS] = { STR_INIT, STR_INIT, STR_INIT, STR_INIT }, *sys = &parts[SYS], *proc = &parts[PROC];

	for (int i = 0; i < 2; i++) {
		str_addf(sys, "block/sd%c/size%c9\nblock/sd%c/dev%c8:%d\n", 'a' + i, 0, 'a' + i, 0, i);
		for (int k = 1; k < 3000; k++)
			str_addf(sys, "block/sd%c/sd%c%d/partition%c1\nblock/sd%c/sd%c%d/dev%c%d:%d\n", 'a' + i,
				'a' + i, k, 0, 'a' + i, 'a' + i, k, 0, 9 + i, k);
	}
	/* a device that begins as another one is another one */
	for (int k = 0; k < 2; k++)
		str_addf(proc, "./self/mountinfo%c%d 1 %s / /%s rw - ext4\n", 0, k, k ? "9:17" : "9:170",
			k ? "one" : "two");
	str_addf(proc, "./self/mountinfo%cnonsense\n", 0);
	look_at(parts);
	is("disks.0.held", "\"mounted at /one, mounted at /two\"");
	is("disks.1.bytes", "4608");
	is("disks.1.held", "\"not looked at for what holds it\"");
	json_free(map);
}

/* What disks and cards were asked for. A count that cannot be is unknown, and so is all of a disk that did not answer. */
static void test_asked(void)
{
	static const char *const said[] = { "nvme0/critical", "0", "nvme0/spare", "101", "nvme0/spare-least", "10",
		"nvme0/wear", "7", "nvme0/written", "40", "nvme0/hours", "99999999999999999999", "nvme0/media", "-1",
		"n0/firmware", "4.40 \33[31m0x8", "n1/firmware", "N/A" };
	struct str parts[PARTS] = { STR_INIT, STR_INIT, STR_INIT, STR_INIT };

	for (int i = 0; i < 2; i++) {
		str_addf(&parts[SYS], "block/nvme%dn1/size%c8\nclass/nvme/nvme%d/x%c\nclass/net/n%d/mtu%c9\n", i, 0, i,
			0, i, 0);
		str_addf(&parts[LINKS], "class/net/n%d/device%cx\n", i, 0);
	}
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i += 2)
		str_addf(&parts[ASKED], "%s%c%s\n", said[i], 0, said[i + 1]);
	look_at(parts);
	is("disks.0.health",
		"{\"critical-warning\":0,\"spare-least-percent\":10,\"wear-percent\":7,\"written-bytes\":20480000}");
	is("disks.1.health", "null");
	says("7 % worn, not in use");
	is("nics.0.firmware", "\"4.40 0x8\"");
	is("nics.1.firmware", "null");
	json_free(map);
}

/* No firmware's table, no speeds, nothing but what every kernel has: unknown, and not none. */
static void test_bare(void)
{
	begin("kvm");
	put("processor\t: 0\nBogoMIPS\t: 50.00\nCPU part\t: 0xd0c\n", "proc/cpuinfo");
	put("cpu  100 0 50 800 0 0 0 50 0 0\ncpu0 1 1 1 1 1 1 1 1\n", "proc/stat");
	look();
	is("system.vendor", "null");
	is("system.secure-boot", "null");
	is("system.virtual.by", "\"kvm\"");
	is("system.virtual.steal-percent", "5.0");
	is("system.virtual.performance-counters", "false");
	is("cpu.threads", "null");
	is("cpu.turbo", "null");
	is("cpu.model", "\"0xd0c\"");
	is("memory.bytes", "null");
	is("memory.dimms", "null");
	is("memory.corrected-errors", "null");
	is("disks", "[]");
	says("runs on: virtualised by kvm, 5.0 % of its time went to others, no performance counters\n");
	end();
	/* no counts */
	begin("kvm");
	put("cpu  inf 0 0 0 0 0 0 inf 0 0\n", "proc/stat");
	look();
	is("system.virtual.steal-percent", "");
	end();
	/* not even that */
	begin("none");
	sh("rm -f bin/systemd-detect-virt; rm -rf sys proc run/udev");
	fake_site_put(&site, "bin/systemd-detect-virt", 0755, "#!/bin/sh\nexit 1\n");
	look();
	is("cpu.model", "null");
	CHECK(map != NULL);
	end();
}

/* More than anybody has; in the order in which people count. */
static void test_many(void)
{
	begin("none");
	sh("i=0; while [ $i -lt 400 ]; do mkdir -p sys/block/sd$i; echo 1953525168 >sys/block/sd$i/size; i=$((i + 1)); done");
	sh("i=0; while [ $i -lt 12 ]; do mkdir -p sys/block/nvme${i}n1; echo 800 >sys/block/nvme${i}n1/size; i=$((i + 1)); done");
	look();
	CHECK_INT(json_size(json_get(map, "disks")), 412);
	is("disks.2.name", "\"nvme2n1\"");
	is("disks.11.name", "\"nvme11n1\"");
	end();
}

/* Values that are none, and texts that would write on a terminal. */
static void test_absurd(void)
{
	begin("none");
	put("99999999999999999999999\n", "sys/block/sda/size");
	put("9223372036854775807\n", "sys/block/sdb/size");
	put("-5\n", "sys/block/sdc/size");
	put("\33]0;x\7A\33[2JB\n", "sys/class/dmi/id/sys_vendor");
	put("9223372036854775807\n", "sys/devices/system/cpu/cpu0/topology/physical_package_id");
	put("18446744073709551615\n", "sys/devices/system/cpu/cpu1/topology/physical_package_id");
	put("1\n", "sys/devices/system/cpu/cpu0/topology/core_id");
	put("1\n", "sys/devices/system/cpu/cpu1/topology/core_id");
	put("9223372036854775807\n", "sys/devices/system/edac/mc/mc0/ce_count");
	put("9223372036854775807\n", "sys/devices/system/edac/mc/mc1/ce_count");
	put("Node 0 MemTotal: 9223372036854775807 kB\n", "sys/devices/system/node/node0/meminfo");
	put("MemTotal: x\n", "proc/meminfo");
	put("TOTAL_ERR_COR 99999999999999999999\n", "sys/bus/pci/devices/0000:00:00.0/aer_dev_correctable");
	put("TOTAL_ERR_FATAL\n", "sys/bus/pci/devices/0000:00:00.0/aer_dev_fatal");
	look();
	is("disks", "[]");
	is("cpu.threads", "1");
	is("memory.nodes.0.bytes", "null");
	is("memory.bytes", "null");
	CHECK(!strchr(json_get_str(map, "system.vendor", "\33"), '\33'));
	end();
}

/* ---- the firmware's table by itself -------------------------------------------------------------------------------- */

static void test_smbios(void)
{
	struct str table = STR_INIT;
	struct smbios s;
	size_t whole;

	dimm(&table, "DIMM_A1", 65536);
	dimm(&table, "DIMM_A2", 0);
	structure(&table, 127, NULL, 0, "", 0);
	whole = table.len;
	smbios_read(&s, table.buf, table.len);
	CHECK_INT(s.count, 2);
	CHECK(!s.cut && !s.managed);
	CHECK_STR(s.dimms[0].slot, "DIMM_A1");
	CHECK_STR(s.dimms[0].part, "MTC40F2046S1RC48BA1");
	CHECK_STR(s.dimms[0].type, "DDR5");
	CHECK(!strchr(s.dimms[0].serial, '\33'));
	CHECK_INT(s.dimms[0].bytes >> 20, 65536);
	CHECK_INT(s.dimms[1].bytes, 0);
	CHECK(s.dimms[0].ecc && s.dimms[0].rated == 4800 && s.dimms[0].speed == 4400);
	smbios_release(&s);
	/* wherever it is cut, in a copy of just that size */
	for (size_t len = 0; len < whole; len++) {
		char *part = malloc(len ? len : 1);

		memcpy(part, table.buf, len);
		smbios_read(&s, part, len);
		CHECK(s.count <= 2 && (s.cut || len == 0 || len + 6 >= whole || s.count < 2));
		smbios_release(&s);
		free(part);
	}
	/* a structure without a length would never end */
	table.buf[1] = 0;
	smbios_read(&s, table.buf, table.len);
	CHECK(s.cut && s.count == 0);
	smbios_release(&s);
	smbios_read(&s, NULL, 0);
	CHECK_INT(s.count, 0);
	smbios_release(&s);
	str_release(&table);
}

static const struct test tests[] = {
	{ "more disks than there are", test_many_disks },
	{ "a server with two sockets", test_server },
	{ "eight accelerators", test_accelerators },
	{ "a card on a bus of its own, a module of no type", test_virtio },
	{ "what devices are asked for", test_asked },
	{ "what shows nothing is unknown", test_bare },
	{ "four hundred disks", test_many },
	{ "absurd values", test_absurd },
	{ "the firmware's table", test_smbios },
};
TEST_MAIN(tests)
