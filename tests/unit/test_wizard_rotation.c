/* What the wizard's pages of rotations are given, over machines that keep what is done to them; and the key store's next phase. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/alloc.h"
#include "cli/wizard.h"
#include "inventory/inventory.h"
#include "tui/wizard.h"

#include <stdlib.h>
#include <string.h>

#define DAY 86400

static char *store;
static struct cli_rotation next;

static void begin(struct lab *l)
{
	rack_up();
	rack_cluster(l);
	lab_certs(l, rack_store, -30 * DAY, 335 * DAY);
	store = xasprintf("%s/pki", rack_dir);
}

static void end(struct lab *l)
{
	lab_certs_gone(l);
	rack_down();
	free(store);
}

/* A look, as the wizard takes it; hosts: those that take part. */
static void look(struct lab *l, unsigned hosts, const char *name, struct port_rotation *out)
{
	const struct plan *plan = &plans[PLAN_ROTATE];
	struct renew_wish wish;
	struct cli_options o = { .renew = &wish };
	struct cli_run r = { .options = &o, .inventory = rack_inventory, .store_dir = store };
	struct error err = { 0 };

	CHECK_INT(cli_rotation_wish(name, &wish, &err), 0);
	rack_world(&r.world);
	r.world.wish.take_lock = false;
	r.world.wish.renew = &wish;
	rack_serve(l, r.world.pki.store);
	r.engine = rack_run(l, &r.world,
		(struct engine_config){ .steps = plan->steps, .step_count = plan->count, .check_only = true }, hosts);
	cli_wizard_rotation(&r, name, &next, out);
	engine_free(r.engine);
	world_release(&r.world);
}

/* As a run continues from it, whose first step that changes anything is the store's: steps/rotate_turn.c. */
static int turn(const char *name, struct error *err)
{
	struct renew_wish wish;
	int rc;

	*err = (struct error){ 0 };
	rc = cli_rotation_wish(name, &wish, err) || cli_rotation_turn(&next, name, rack_inventory, &wish, err) ? -1 : 0;
	if (rc == 0 && wish.turns && pki_store_phase_at(store, wish.issuer) == wish.from)
		rc = pki_store_rotate(store, NULL, wish.issuer, wish.from, err);
	return rc;
}

/* From one CA to two, the hosts follow, then the new one would sign. */
static void test_phases(void)
{
	static struct lab l;
	struct port_rotation out;
	struct error err;

	begin(&l);
	look(&l, 31, "etcd-ca", &out);
	CHECK_STR(out.name, "etcd-ca");
	CHECK(strstr(out.state, "etcd-ca: one CA is trusted, and signs\n") != NULL);
	CHECK(strstr(out.tell, "etcd-ca: This makes another CA") != NULL);
	CHECK_INT(out.refused.kind, ERROR_NONE);
	CHECK(next.next == ROTATE_CHANGES && next.phase == PKI_PHASE_ONE);
	port_rotation_release(&out);
	/* a look alone changes nothing */
	CHECK_INT(pki_store_phase_at(store, PKI_ISSUER_ETCD), PKI_PHASE_ONE);
	/* what was shown of one is not done to another */
	CHECK_INT(turn("sa", &err), -1);
	CHECK_INT(pki_store_phase_at(store, PKI_ISSUER_TOKENS), PKI_PHASE_ONE);
	CHECK_INT(turn("etcd-ca", &err), 0);
	CHECK_INT(pki_store_phase_at(store, PKI_ISSUER_ETCD), PKI_PHASE_BOTH);
	/* when it begins again, after a secret was asked for, it does not take a second step */
	CHECK_INT(turn("etcd-ca", &err), 0);
	CHECK_INT(pki_store_phase_at(store, PKI_ISSUER_ETCD), PKI_PHASE_BOTH);
	/* hosts that have not followed yet come first */
	look(&l, 31, "etcd-ca", &out);
	CHECK(next.next == ROTATE_CONTINUES && next.phase == PKI_PHASE_BOTH);
	CHECK(strstr(out.tell, "This continues what was begun") != NULL);
	CHECK(strstr(out.state, "to be placed") != NULL);
	CHECK_INT(turn("etcd-ca", &err), 0);
	CHECK_INT(pki_store_phase_at(store, PKI_ISSUER_ETCD), PKI_PHASE_BOTH);
	port_rotation_release(&out);
	end(&l);
}

/* A host that could not be looked at: nothing may begin, and nothing is remembered from before. */
static void test_refused(void)
{
	static struct lab l;
	struct port_rotation out;
	struct error err;

	begin(&l);
	look(&l, 31, "front-proxy-ca", &out);
	port_rotation_release(&out);
	CHECK(next.kind != NULL);
	look(&l, 31 - 4, "front-proxy-ca", &out);
	CHECK_STR(out.tell, "");
	CHECK(out.refused.kind != ERROR_NONE && strstr(out.refused.what, "cp3") != NULL);
	CHECK(next.kind == NULL);
	port_rotation_release(&out);
	CHECK_INT(turn("front-proxy-ca", &err), -1);
	CHECK(strstr(err.what, "was not looked at") != NULL);
	CHECK_INT(pki_store_phase_at(store, PKI_ISSUER_FRONT_PROXY), PKI_PHASE_ONE);
	end(&l);
}

/* The inventory is of another cluster. */
static void test_stale(void)
{
	static struct lab l;
	struct error err = { 0 };

	begin(&l);
	next = (struct cli_rotation){ rotate_kind_find("etcd-ca"), ROTATE_CHANGES, PKI_PHASE_BOTH, "", false, "" };
	CHECK_INT(turn("etcd-ca", &err), -1);
	CHECK(strstr(err.what, "what was looked at is the cluster") != NULL);
	CHECK_INT(pki_store_phase_at(store, PKI_ISSUER_ETCD), PKI_PHASE_ONE);
	end(&l);
}

static void test_names(void)
{
	struct renew_wish wish;
	struct error err = { 0 };

	CHECK_INT(cli_rotation_wish("sa", &wish, &err), 0);
	CHECK(wish.rotates && wish.issuer == PKI_ISSUER_TOKENS);
	CHECK_INT(cli_rotation_wish("nothing", &wish, &err), -1);
	CHECK_INT(cli_rotation_wish(NULL, &wish, &err), -1);
}

/* ---- the key of Secrets: one run, of a kind of its own ------------------------------------------------------------------- */

static void run_plan(struct lab *l, enum plan_id id, bool look, struct cli_run *r)
{
	static struct step steps[64];
	size_t count = plan_with(&plans[id], look ? 0 : PLAN_MORE_ENCRYPTION, steps);

	rack_world(&r->world);
	r->world.wish.verify_ms = 1000;
	r->world.wish.take_lock = !look;
	r->engine = rack_run(
		l, &r->world, (struct engine_config){ .steps = steps, .step_count = count, .check_only = look }, 31);
}

static void run_end(struct cli_run *r)
{
	engine_free(r->engine);
	world_release(&r->world);
}

static void look_secrets(struct lab *l, struct port_rotation *out, struct error *err)
{
	struct cli_options o = { .hosts = NULL };
	struct cli_run r = { .options = &o, .inventory = rack_inventory, .store_dir = store };

	run_plan(l, PLAN_SECRETS_KEY, true, &r);
	cli_wizard_rotation(&r, "secrets-key", &next, out);
	/* what is begun from the page, twice: a secret may have been asked for between */
	if (err)
		for (int i = 0; i < 2; i++)
			CHECK_INT(cli_rotation_make(&next, &r, err), 0);
	run_end(&r);
}

/* A run that begins by the look that there was. */
static int make_again(struct error *err)
{
	struct cli_options o = { .hosts = NULL };
	struct cli_run r = { .options = &o, .inventory = rack_inventory, .store_dir = store };
	int rc;

	rack_world(&r.world);
	rc = cli_rotation_make(&next, &r, err);
	world_release(&r.world);
	return rc;
}

static char *present_key(void)
{
	struct error err = { 0 };
	struct pki_store *s = pki_store_open(store, NULL, &err);
	char *id = xstrdup(pki_store_secrets_key(s, 0)->id);

	pki_store_free(s);
	return id;
}

static void test_secrets(void)
{
	static struct lab l;
	struct cli_run r = { .inventory = rack_inventory };
	struct port_rotation out;
	struct renew_wish wish;
	struct error err = { 0 };
	char *first, *second;

	begin(&l);
	l.applied = true;
	strcpy(l.given[SETTINGS_CONTROL_PLANE].text,
		"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.2\n"
		"apiServer: {certSANs: [127.0.0.1, localhost, 10.0.0.100]}\nscheduler: {}\n");
	/* where the inventory does not ask for it */
	look_secrets(&l, &out, NULL);
	CHECK_STR(out.tell, "");
	CHECK(strstr(out.refused.what, "does not say that Secrets are encrypted") && *out.refused.hint);
	CHECK(!next.secrets);
	port_rotation_release(&out);
	rack_inventory->security.encrypt_secrets = true;
	run_plan(&l, PLAN_INSTALL, false, &r);
	run_end(&r);
	first = present_key();
	look_secrets(&l, &out, NULL);
	CHECK_STR(out.refused.what, "");
	CHECK(strstr(out.state, first) && strstr(out.tell, "This makes another key for Secrets."));
	CHECK(next.secrets && next.next == ROTATE_CHANGES);
	port_rotation_release(&out);
	/* what was shown of it is not done to another, and the other way round */
	CHECK_INT(turn("etcd-ca", &err), -1);
	CHECK_INT(cli_rotation_wish("secrets-key", &wish, &err) || wish.rotates, 0);
	CHECK_INT(cli_rotation_turn(&next, "secrets-key", rack_inventory, &wish, &err), 0);
	CHECK(!wish.turns);
	look_secrets(&l, &out, &err);
	port_rotation_release(&out);
	second = present_key();
	CHECK(strcmp(first, second) != 0);
	/* who looked before does not make a third while the second is on its way */
	next.next = ROTATE_CHANGES;
	CHECK_INT(make_again(&err), -1);
	CHECK(strstr(err.what, "is another one than was looked at"));
	/* it was made once: the one before it is the first */
	look_secrets(&l, &out, &err);
	CHECK(strstr(out.state, second) && strstr(out.state, first));
	CHECK(strstr(out.tell, "makes no other key") && next.next == ROTATE_CONTINUES);
	port_rotation_release(&out);
	free(second);
	second = present_key();
	CHECK(strstr(second, first) == NULL);
	free(first);
	free(second);
	rack_inventory->security.encrypt_secrets = false;
	end(&l);
}

static const struct test tests[] = {
	{ "the wizard's rotation: its phases", test_phases },
	{ "the wizard's rotation: one that may not begin", test_refused },
	{ "the wizard's rotation: what is not as it was looked at", test_stale },
	{ "the wizard's rotation: by name", test_names },
	{ "the wizard's rotation: the key of Secrets", test_secrets },
};

TEST_MAIN(tests)
