/* The key store takes its next phase in a run: not before all hosts have answered, and once; and copies of it from before. */
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

static enum pki_phase phase(void)
{
	char dir[96];

	snprintf(dir, sizeof(dir), "%s/pki", rack_dir);
	return pki_store_phase_at(dir, wish.issuer);
}

/* The store is still in this phase, and no host was touched. */
static void not_taken(const struct lab *l, const struct ending *out, enum pki_phase from, const char *why)
{
	bool found = false;

	CHECK_INT(phase(), from);
	CHECK_STR(l->renewals, "");
	for (int i = 0; i < LAB_MACHINES; i++)
		found = found || strstr(out->host[i].what, why);
	if (!CHECK(found))
		for (int i = 0; i < LAB_MACHINES; i++)
			printf("# host %d: %s: %s\n", i, out->host[i].step, out->host[i].what);
}

/* All three phases, each in one run; the same run again takes no further one. */
static void test_phases(void)
{
	static const enum pki_issuer issuers[] = { PKI_ISSUER_CLUSTER, PKI_ISSUER_TOKENS };
	struct ending out;
	struct lab l;

	for (size_t i = 0; i < 2; i++) {
		begin(&l, issuers[i]);
		for (int from = PKI_PHASE_ONE; from <= PKI_PHASE_REISSUED; from++) {
			enum pki_phase then = (enum pki_phase)((from + 1) % 3);

			wish.turns = true;
			wish.from = (enum pki_phase)from;
			/* a look takes none */
			run(&l, true, &out);
			CHECK_INT(phase(), from);
			for (int again = 0; again < 2; again++) {
				run(&l, false, &out);
				nobody_aside(&out);
				CHECK_INT(phase(), then);
				CHECK(out.state.phase == then && !out.state.due);
				CHECK_STR(out.state.behind, "");
				CHECK_INT(l.renewals[0] != '\0', !again);
			}
		}
		wish.turns = false;
		end(&l);
	}
}

/* Nothing that the operator agreed to has happened: the store stays, and no host is touched. */
static void test_not_taken(void)
{
	struct ending out;
	struct lab l;

	begin(&l, PKI_ISSUER_CLUSTER);
	wish.turns = true;
	wish.from = PKI_PHASE_ONE;
	/* a worker that does not answer any more */
	run_on(&l, 15, false, &out);
	not_taken(&l, &out, PKI_PHASE_ONE, "w2 is not locked by this run");
	/* another machine is at work, on one host */
	snprintf(l.machines[4].lock, sizeof(l.machines[4].lock), "r9");
	run(&l, false, &out);
	not_taken(&l, &out, PKI_PHASE_ONE, "w2 is not locked by this run");
	snprintf(l.machines[1].lock, sizeof(l.machines[1].lock), "r9");
	run(&l, false, &out);
	not_taken(&l, &out, PKI_PHASE_ONE, "locked by another run");
	l.machines[1].lock[0] = l.machines[4].lock[0] = '\0';
	/* a host has not followed since the look */
	wish.turns = false;
	go_on(PKI_PHASE_ONE);
	run_on(&l, 15, false, &out);
	wish.turns = true;
	wish.from = PKI_PHASE_BOTH;
	run(&l, false, &out);
	not_taken(&l, &out, PKI_PHASE_BOTH,
		"the next CA does not sign yet, as not everything has what the key store holds");
	wish.turns = false;
	run(&l, false, &out);
	CHECK_STR(out.state.behind, "");
	wish.turns = true;
	/* it was of another phase that the look said so */
	wish.from = PKI_PHASE_REISSUED;
	run(&l, false, &out);
	not_taken(&l, &out, PKI_PHASE_BOTH, "another process has changed the key store");
	wish.turns = false;
	end(&l);
}

/* Cut after the store has taken it: the same again has the hosts follow. */
static void lose_all(struct lab *l, int machine, const char *job)
{
	(void)job;
	l->dead = machine;
}

static void test_cut(void)
{
	struct ending out;
	struct lab l;

	begin(&l, PKI_ISSUER_FRONT_PROXY);
	wish.turns = true;
	wish.from = PKI_PHASE_ONE;
	l.on_renew = lose_all;
	run(&l, false, &out);
	l.on_renew = NULL;
	CHECK_INT(phase(), PKI_PHASE_BOTH);
	CHECK(out.host[0].kind != ERROR_NONE && out.state.behind[0]);
	l.dead = -1;
	for (int i = 0; i < LAB_MACHINES; i++)
		l.machines[i].lock[0] = '\0';
	run(&l, false, &out);
	nobody_aside(&out);
	CHECK_INT(phase(), PKI_PHASE_BOTH);
	CHECK_STR(out.state.behind, "");
	wish.turns = false;
	end(&l);
}

static const struct test tests[] = {
	{ "a phase in one run", test_phases },
	{ "a phase that is not taken", test_not_taken },
	{ "cut after the store has taken it", test_cut },
	{ "a copy from when both were trusted", test_backward },
};
TEST_MAIN(tests)
