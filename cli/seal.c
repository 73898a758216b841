/* The process is closed to others before a secret comes into it. */
#include "cli/cli.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void cli_seal(void)
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
