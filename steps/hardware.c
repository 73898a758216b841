/* What the machines are made of: one exec, nothing else of a host is looked at. */
#include "steps/steps.h"

#include "base/json.h"
#include "cluster/hardware.h"
#include "steps/host/scripts.h"

/* Files are read as they are; what comes of them is cleaned. */
static const char *const words[] = { "=sys", "=proc", "=udev", "=links", "=asked", "cpuinfo", "=smbios", "-efi",
	"-secure_boot", "-virtual", "-iommu_groups", "error", "hint", NULL };

int hardware_apply(struct task *t, struct error *err)
{
	struct remote_answer answer = { 0 };
	int rc = world_script(t, "machine", host_script_machine, NULL, 0, words, &answer, 120000, err);
	struct json *map = rc == 0 ? hardware_map(&answer) : NULL, **at = &world_of(t)->seen.hardware[task_host(t)],
		    *old;

	task_lock(t);
	old = *at;
	*at = map ? map : old;
	task_unlock(t);
	if (map)
		json_free(old);
	remote_answer_release(&answer);
	return rc;
}
