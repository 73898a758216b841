/* The key store and the hosts of a rotation that are not of one phase: copies of before. */
#include "tests/test.h"
#include "tests/unit/rotate_rack.h"

#include "base/alloc.h"

#include <stdlib.h>

/* The store is kept aside in the phase of both, and is back there when the next one signs: nothing is changed. */
static void test_backward(void)
{
	char dir[96], copy[96], *command;
	struct error err = { 0 };
	struct ending out;
	struct lab l;

	begin(&l, PKI_ISSUER_CLUSTER);
	snprintf(dir, sizeof(dir), "%s/pki", rack_dir);
	snprintf(copy, sizeof(copy), "%s/copy", rack_dir);
	go_on(PKI_PHASE_ONE);
	run(&l, false, &out);
	command = xasprintf("cp -a '%s' '%s'", dir, copy);
	CHECK_INT(system(command), 0);
	free(command);
	go_on(PKI_PHASE_BOTH);
	/* one host alone has followed */
	run_on(&l, 25, false, &out);
	command = xasprintf("rm -r '%s' && mv '%s' '%s'", dir, copy, dir);
	CHECK_INT(system(command), 0);
	free(command);
	run(&l, true, &out);
	CHECK(strstr(out.state.ahead, "cp1: another CA signs there"));
	CHECK_INT(rotate_next(&rotate_kinds[PKI_ISSUER_CLUSTER], ROTATE_BEGIN, &out.state, &err), ROTATE_REFUSED);
	CHECK(strstr(err.what, "would go backward on cp1"));
	l.renewals[0] = '\0';
	run(&l, false, &out);
	CHECK(!strstr(l.renewals, "cp1"));
	end(&l);
}

static const struct test tests[] = {
	{ "a copy from when both were trusted", test_backward },
};
TEST_MAIN(tests)
