/* An archive, or none. */
#include "tests/unit/fake_support.h"

static const char listing[] =
	"What 'kubewright support' took of cluster rack7 at 20261130T120000Z.\n\n"
	"Secrets that are known, and what looks like one, are replaced by three dots. Names of hosts, addresses,\n"
	"serial numbers and the words of logs are not. Of digests and ids of 64 digits the first 8 are shown.\n\n"
	"A run is shown by 'kubewright replay runs/RUN.jsonl', or as a table with --timeline.\n\n"
	"    bytes  file                                  what\n"
	"      212  versions.txt                          versions of kubewright and of its libraries\n"
	"     1840  inventory.yaml                        the inventory\n"
	"    20480  hosts/cp1/facts.json                  what was seen of cp1\n"
	"   262144  hosts/cp1/kubelet.log                 the journal of the kubelet\n"
	"    20480  hosts/cp2/facts.json                  what was seen of cp2\n"
	"   262144  hosts/cp2/kubelet.log                 the journal of the kubelet\n"
	"    20480  hosts/w1/facts.json                   what was seen of w1\n"
	"   262144  hosts/w1/kubelet.log                  the journal of the kubelet\n"
	"    20480  hosts/w2/facts.json                   what was seen of w2\n"
	"   262144  hosts/w2/kubelet.log                  the journal of the kubelet\n\n"
	"Not in it:\n  cp3: cannot connect to cp3 (10.0.0.13:22): no route to host\n";

void fake_support_fill(struct port_support *out, bool fails, const char *hostile)
{
	*out = (struct port_support){ .listing = "" };
	if (fails) {
		error_set(&out->error, ERROR_SYSTEM,
			"cannot write 'kubewright-support-rack7.tar.gz': no space left on device");
		error_hint(&out->error, "make room there, or name a file in another folder");
		return;
	}
	out->path = "/home/admin/kubewright-support-rack7-20261130T120000Z.tar.gz";
	out->listing = hostile ? hostile : listing;
	out->files = 11;
	out->cut = 4;
	out->size = 123456;
}
