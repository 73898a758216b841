/* ~/.ssh/config, for the import of hosts: every host that comes out has bounded, printable values and a port that can be. */
#include "base/error.h"
#include "inventory/document.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ssh_config_host *list;
	struct error err = { 0 };
	size_t count;

	if (ssh_config_hosts(fuzz_file(data, size), &list, &count, &err))
		return 0;
	for (size_t i = 0; i < count; i++) {
		fuzz_printable("name", list[i].name);
		fuzz_printable("address", list[i].address);
		fuzz_printable("user", list[i].user);
		fuzz_printable("key", list[i].key);
		if (list[i].port < 0 || list[i].port > 65535)
			fuzz_broken("port %d", list[i].port);
	}
	free(list);
	return 0;
}
