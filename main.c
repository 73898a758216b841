#include "cli/cli.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* CA keys and passwords are in this process: neither a core file nor another process of the same user gets at them. */
static void seal(void)
{
	static const struct rlimit none = { 0, 0 };

	if (getenv("KUBEWRIGHT_DUMPABLE"))
		return;
	/* neither can fail here; the sanitizers' leak check looks at its own process as a debugger does */
	(void)setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

int main(int argc, char **argv)
{
	seal();
	return cli_main(argc, argv);
}
