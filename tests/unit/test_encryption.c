/* Secrets encrypted in etcd: turn by turn, so that no API server ever meets one that it cannot read. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/encryption.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct error errors[LAB_MACHINES];

#define LIVING \
	"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.2\n" \
	"apiServer: {certSANs: [127.0.0.1, localhost, 10.0.0.100], extraArgs: [{name: others, value: x}]}\n" \
	"scheduler: {}\n"

/* The run at work, and after how many things that are done on machines it is ended; 0: never. */
static struct engine *engine;
static unsigned happened, ends_at;
/* Who joins again: the run is a rejoin; NULL: it is apply. */
static bool *again;

static void happens(struct lab *l, int machine)
{
	(void)l;
	(void)machine;
	if (++happened == ends_at)
		engine_command(engine, ENGINE_CANCEL, -1);
}

/* apply, with the call of that number failing. */
static void apply_cut(struct lab *l, bool encrypt, unsigned fail_at, enum lab_fault fault)
{
	static struct engine_host list[LAB_MACHINES];
	static struct step steps[64];
	struct error err = { 0 };
	struct engine_config c = { .run = "r1",
		.steps = steps,
		.step_count = plan_with(&plans[again ? PLAN_REJOIN : PLAN_INSTALL], PLAN_MORE_ENCRYPTION, steps),
		.hosts = list,
		.host_count = LAB_MACHINES,
		.open = lab_open };
	struct world w;

	rack_inventory->security.encrypt_secrets = encrypt;
	rack_world(&w);
	w.wish.verify_ms = 100;
	w.wish.rejoin = again;
	c.world = &w;
	for (int i = 0; i < LAB_MACHINES; i++)
		list[i] =
			(struct engine_host){ rack_inventory->hosts[i].name, i < 3 ? ROLE_CONTROL_PLANE : ROLE_WORKER };
	lab_run(l, &w, fail_at, fault);
	engine = engine_new(&c);
	engine_no_questions(engine);
	CHECK_INT(engine_start(engine, &err), 0);
	while (engine_wait(engine, -1, 1000))
		continue;
	memset(errors, 0, sizeof(errors));
	for (int i = 0; i < LAB_MACHINES; i++)
		if (engine_host_error(engine, i))
			errors[i] = *engine_host_error(engine, i);
	engine_free(engine);
	world_release(&w);
}

static void apply(struct lab *l, bool encrypt)
{
	apply_cut(l, encrypt, 0, LAB_LOST);
}

static const char *rack_store_path(void)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/pki", rack_dir);
	return path;
}

/* What a key is called here: "k1" for the present one of the folder, "k2" for the one before. */
static const char *short_of(const char *by)
{
	struct error err = { 0 };
	struct pki_store *s;
	const char *name = "?";

	if (strcmp(by, ENCRYPTION_IDENTITY) == 0)
		return "clear";
	s = pki_store_open(rack_store_path(), NULL, &err);
	for (int i = 0; s && i < PKI_SECRETS_KEYS; i++)
		if (pki_store_secrets_key(s, i) && strcmp(pki_store_secrets_key(s, i)->id, by) == 0)
			name = i ? "k2" : "k1";
	pki_store_free(s);
	return name;
}

/* How often each control plane was changed, how many files each has, what each reads, and how Secrets lie in etcd. */
static void looks(struct lab *l, const char *want)
{
	struct str now = STR_INIT;

	for (int i = 0; i < LAB_MACHINES; i++)
		str_addf(&now, "%u", l->machines[i].changes);
	str_addc(&now, ' ');
	for (int i = 0; i < LAB_MACHINES; i++)
		str_addf(&now, "%u", lab_own_files(&l->machines[i]));
	for (int i = 0; i < 3; i++) {
		struct encryption e;

		CHECK(encryption_of_path(l->machines[i].encryption, &e));
		for (size_t k = 0; k < e.count; k++)
			str_addf(&now, "%s%s", k ? "," : " ", short_of(e.by[k]));
	}
	str_add(&now, ":");
	for (size_t i = 0; i < l->secret_count; i++)
		str_addf(&now, " %s", short_of(l->secrets[i].by));
	if (!CHECK_STR(now.buf, want))
		for (int i = 0; i < LAB_MACHINES; i++)
			printf("# host %d: %s: %s\n", i, errors[i].step, errors[i].what);
	str_release(&now);
}

static void begin(struct lab *l)
{
	static const char *const names[] = { "a", "b", "c", "d" };

	rack_cluster(l);
	l->applied = true;
	strcpy(l->given[SETTINGS_CONTROL_PLANE].text, LIVING);
	for (size_t i = 0; i < 4; i++) {
		strcpy(l->secrets[i].name, names[i]);
		strcpy(l->secrets[i].by, ENCRYPTION_IDENTITY);
	}
	l->secret_count = 4;
	lab_secrets_used(l);
}

static void end(void)
{
	rack_inventory->security.encrypt_secrets = false;
	rack_down();
}

#define CLEAR " clear clear clear clear clear clear clear"
#define K1 " k1 k1 k1 k1 k1 k1 k1"

static void test_there_and_back(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	apply(&l, false);
	looks(&l, "00000 00000 clear clear clear:" CLEAR);
	apply(&l, true);
	looks(&l, "33300 11100 k1 k1 k1:" K1);
	CHECK(!strstr(l.given[SETTINGS_CONTROL_PLANE].text, "identity") &&
		strstr(l.given[SETTINGS_CONTROL_PLANE].text, "secrets-"));
	apply(&l, true);
	looks(&l, "33300 11100 k1 k1 k1:" K1);
	apply(&l, false);
	looks(&l, "66600 00000 clear clear clear:" CLEAR);
	CHECK(!strstr(l.given[SETTINGS_CONTROL_PLANE].text, "kubewright"));
	apply(&l, false);
	looks(&l, "66600 00000 clear clear clear:" CLEAR);
	end();
}

/* By the same step the keys of the CAs leave the hosts, and once: the turns after it are about Secrets alone. */
static void test_beside_custody(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	for (int i = 0; i < 3; i++)
		l.machines[i].ca_keys = true;
	rack_inventory->pki.ca_keys = "operator";
	apply(&l, true);
	looks(&l, "33300 11100 k1 k1 k1:" K1);
	for (int i = 0; i < 3; i++)
		CHECK(!l.machines[i].ca_keys && l.machines[i].custody == 1);
	rack_inventory->pki.ca_keys = "cluster";
	apply(&l, true);
	looks(&l, "33300 11100 k1 k1 k1:" K1);
	for (int i = 0; i < 3; i++)
		CHECK(l.machines[i].ca_keys && l.machines[i].custody == 2);
	end();
}

/* As certs rotate secrets-key does before its run. */
static void another_key(void)
{
	struct error err = { 0 };
	struct pki_store *s = pki_store_open(rack_store_path(), NULL, &err);

	CHECK_INT(pki_store_secrets_make(s, rack_store_path(), NULL, &err), 0);
	pki_store_free(s);
}

static void test_another_key(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	apply(&l, true);
	another_key();
	looks(&l, "33300 11100 k2 k2 k2: k2 k2 k2 k2 k2 k2 k2");
	apply(&l, true);
	looks(&l, "66600 11100 k1 k1 k1:" K1);
	/* off and on again it is the same one */
	apply(&l, false);
	apply(&l, true);
	looks(&l, "12121200 11100 k1 k1 k1:" K1);
	end();
}

/* How many there were when it was ended after n of them, and continued. */
static unsigned cut_at(bool encrypt, bool other_key, unsigned n)
{
	struct lab l;
	unsigned ended;

	rack_up();
	begin(&l);
	if (!encrypt || other_key)
		apply(&l, true);
	if (other_key)
		another_key();
	l.on_turn = happens;
	happened = 0;
	ends_at = n;
	apply(&l, encrypt);
	ended = happened;
	CHECK(ended <= n);
	ends_at = 0;
	apply(&l, encrypt);
	for (int i = 0; i < 3; i++)
		l.machines[i].changes = 0;
	looks(&l, encrypt ? "00000 11100 k1 k1 k1:" K1 : "00000 00000 clear clear clear:" CLEAR);
	end();
	return ended;
}

/* Wherever a run ends, the next one continues, and no API server ever meets what it cannot read (lab_secrets_used). */
static void test_cut(void)
{
	unsigned points = 0;

	while (cut_at(true, false, points + 1) > points)
		points += TEST_STEP;
	/* three turns of three, and seven Secrets */
	CHECK(TEST_SANITIZED || points == 16);
	for (unsigned n = 2; n < 17; n += TEST_SANITIZED ? 9 : 4) {
		cut_at(false, false, n);
		cut_at(true, true, n + 1);
	}
}

/* A connection that is lost, or a script that fails, half way. */
static void test_lost(void)
{
	static const struct {
		unsigned at;
		enum lab_fault fault;
	} all[] = { { 60, LAB_LOST_AFTER }, { 75, LAB_ERROR } };

	for (size_t k = 0; k < 2; k++) {
		struct lab l;

		rack_up();
		begin(&l);
		apply_cut(&l, true, all[k].at, all[k].fault);
		apply(&l, true);
		for (int i = 0; i < 3; i++)
			l.machines[i].changes = 0;
		looks(&l, "00000 11100 k1 k1 k1:" K1);
		end();
	}
}

/* None begins while one of them cannot be looked at, and what is begun waits for it. */
static void test_away(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	l.out_of_sight = 1u << 2;
	apply(&l, true);
	looks(&l, "00000 00000 clear clear clear:" CLEAR);
	CHECK(strcmp(errors[0].step, "components") == 0 && strstr(errors[0].what, "cp3 was not looked at"));
	CHECK(errors[0].hint[0]);
	l.out_of_sight = 0;
	apply(&l, true);
	looks(&l, "33300 11100 k1 k1 k1:" K1);
	end();
}

/* The process counts, not what its manifest says. */
static void test_stuck(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	l.machines[1].stuck = true;
	apply(&l, true);
	/* the first turn is there, and by it nobody writes in another way */
	looks(&l, "11100 11100 clear,k1 clear,k1 clear,k1:" CLEAR);
	CHECK(strstr(errors[0].what, "cp2 does not run with"));
	l.machines[1].stuck = false;
	apply(&l, true);
	looks(&l, "33300 11100 k1 k1 k1:" K1);
	end();
}

#define REFUSED(word) \
	do { \
		if (!CHECK(errors[0].code == REFUSAL_ENCRYPTION && strstr(errors[0].what, word) && errors[0].hint[0])) \
			printf("# %s: %s\n", errors[0].step, errors[0].what); \
	} while (0)

/* What others have given stays, and nothing of ours is put beside it. */
static void test_foreign(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	strcpy(l.given[SETTINGS_CONTROL_PLANE].text,
		"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.2\n"
		"apiServer: {certSANs: [127.0.0.1, localhost, 10.0.0.100], extraArgs: [{name: encryption-provider-config, "
		"value: /etc/kubernetes/enc/enc.yaml}]}\nscheduler: {}\n");
	apply(&l, false);
	looks(&l, "00000 00000 clear clear clear:" CLEAR);
	CHECK(!errors[0].what[0] && strstr(l.given[SETTINGS_CONTROL_PLANE].text, "/enc/enc.yaml"));
	apply(&l, true);
	looks(&l, "00000 00000 clear clear clear:" CLEAR);
	REFUSED("/etc/kubernetes/enc/enc.yaml");
	CHECK(strstr(l.given[SETTINGS_CONTROL_PLANE].text, "/enc/enc.yaml"));
	end();
}

/* One API server that others have given something: the file stays where Secrets are encrypted with ours. */
static void test_foreign_host(void)
{
	char path[sizeof(((struct machine *)NULL)->encryption)];
	struct lab l;

	rack_up();
	begin(&l);
	apply(&l, true);
	memcpy(path, l.machines[1].encryption, sizeof(path));
	for (int encrypt = 0; encrypt < 2; encrypt++) {
		strcpy(l.machines[1].encryption, "/etc/kubernetes/enc/enc.yaml");
		apply(&l, encrypt);
		REFUSED("(cp2: /etc/kubernetes/enc/enc.yaml)");
		memcpy(l.machines[1].encryption, path, sizeof(path));
		looks(&l, "33300 11100 k1 k1 k1:" K1);
	}
	end();
}

/* Without the key nothing is made, and nothing changed: neither another key, nor the files that there are. */
static void test_lost_key(void)
{
	char command[256];
	struct lab l;

	rack_up();
	begin(&l);
	apply(&l, true);
	snprintf(command, sizeof(command), "mv '%s/pki/secrets.key' '%s/key'", rack_dir, rack_dir);
	CHECK_INT(system(command), 0);
	for (int encrypt = 0; encrypt < 2; encrypt++) {
		apply(&l, encrypt);
		REFUSED("does not have it");
		CHECK_INT(lab_own_files(&l.machines[0]), 1);
	}
	snprintf(command, sizeof(command), "mv '%s/key' '%s/pki/secrets.key'", rack_dir, rack_dir);
	CHECK_INT(system(command), 0);
	apply(&l, true);
	looks(&l, "33300 11100 k1 k1 k1:" K1);
	end();
}

/* Whether some host's step ended with these words. */
static bool says(const char *step, const char *words)
{
	for (int i = 0; i < 3; i++)
		if (strcmp(errors[i].step, step) == 0 && strstr(errors[i].what, words))
			return true;
	for (int i = 0; i < 3; i++)
		printf("# %s: %s\n", errors[i].step, errors[i].what);
	return false;
}

/* Keys of etcd that nobody asked for say nothing, whatever lies there. */
static void test_strange_keys(void)
{
	static const char *const keys[] = { "/s", "", "/registry/secrets", "/registry/zzz/default/a" };
	struct lab l;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		rack_up();
		begin(&l);
		l.strange_key = keys[i];
		apply(&l, true);
		looks(&l, "22200 11100 k1,clear k1,clear k1,clear:" K1);
		CHECK(says("rewrite-secrets", "etcd's list of keys cannot be continued"));
		end();
	}
}

/* Where nobody can say by what Secrets are encrypted no key is made, and that is not taken for success. */
static void test_unknown(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	strcpy(l.given[SETTINGS_CONTROL_PLANE].text, "x");
	apply(&l, true);
	REFUSED("kubeadm-config");
	CHECK(!pki_store_secrets_at(rack_store_path()));
	strcpy(l.given[SETTINGS_CONTROL_PLANE].text, LIVING);
	apply(&l, true);
	looks(&l, "33300 11100 k1 k1 k1:" K1);
	end();
}

/* Somebody else changes Secrets, too; but not for ever. */
static void test_conflicts(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	l.conflicts = 3;
	apply(&l, true);
	looks(&l, "33300 11100 k1 k1 k1:" K1);
	CHECK_INT(l.rewrites, 7);
	l.conflicts = 1000;
	apply(&l, false);
	looks(&l, "55500 11100 clear,k1 clear,k1 clear,k1: k1 k1 k1 k1 clear clear clear");
	CHECK(says("rewrite-secrets", "default/a is not written again"));
	l.conflicts = 0;
	apply(&l, false);
	looks(&l, "66600 00000 clear clear clear:" CLEAR);
	end();
}

/* It gets what its cluster is at, and reads every Secret. */
static void test_joins(void)
{
	struct machine *m;
	struct lab l;

	rack_up();
	begin(&l);
	apply(&l, true);
	m = &l.machines[2];
	fake_blank(m);
	m->node = false;
	m->member = LAB_NO_MEMBER;
	m->encryption[0] = m->components[0] = '\0';
	apply(&l, true);
	looks(&l, "33300 11100 k1 k1 k1:" K1);
	lab_secrets_used(&l);
	end();
}

/* While one joins again none begins: it would not have the turns. */
static void test_joins_again(void)
{
	bool third[LAB_MACHINES] = { [2] = true };
	struct lab l;

	rack_up();
	begin(&l);
	fake_blank(&l.machines[2]);
	l.machines[2].components[0] = '\0';
	again = third;
	apply(&l, true);
	again = NULL;
	CHECK(l.machines[2].node && !errors[0].what[0] && !errors[1].what[0] && !errors[2].what[0]);
	looks(&l, "00000 00000 clear clear clear:" CLEAR);
	lab_secrets_used(&l);
	apply(&l, true);
	looks(&l, "33300 11100 k1 k1 k1:" K1);
	end();
}

/* Its key goes when it leaves, and is there again before its API server is. */
static void test_joins_encrypted(void)
{
	bool third[LAB_MACHINES] = { [2] = true };
	struct lab l;

	rack_up();
	begin(&l);
	apply(&l, true);
	again = third;
	apply(&l, true);
	again = NULL;
	looks(&l, "33300 11100 k1 k1 k1:" K1);
	end();
}

/* Whom an upgrade is refused for: kubeadm would name a file there that is not there. */
static void looks_upgraded(struct lab *l, const char *host)
{
	const struct plan *p = &plans[PLAN_UPGRADE];
	const struct error *refusal;
	struct engine *e;
	struct world w;

	rack_world(&w);
	w.wish.take_lock = false;
	w.wish.upgrade = true;
	e = rack_run(
		l, &w, (struct engine_config){ .steps = p->steps, .step_count = p->count, .check_only = true }, 31);
	refusal = w.decided.refusal;
	CHECK_STR(refusal && refusal->code == REFUSAL_ENCRYPTION ? refusal->about : "", host);
	engine_free(e);
	world_release(&w);
}

static void test_upgrade(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	l.on_turn = happens;
	happened = 0;
	ends_at = 1;
	apply(&l, true);
	ends_at = 0;
	CHECK(l.machines[0].encryption[0] && !l.machines[1].encryption[0]);
	looks_upgraded(&l, "cp2");
	apply(&l, true);
	looks_upgraded(&l, "");
	end();
}

/* A new cluster begins with it, without a turn. */
static void test_born(void)
{
	struct lab l;

	rack_up();
	lab_init(&l, rack_inventory, rack_store, rack_tls);
	apply(&l, true);
	/* these machines join by no configuration of kubeadm's */
	looks(&l, "00000 11100 k1 clear clear:");
	end();
}

static const struct test tests[] = {
	{ "there and back", test_there_and_back },
	{ "another key", test_another_key },
	{ "beside the place of the CAs' keys", test_beside_custody },
	{ "ended anywhere", test_cut },
	{ "lost", test_lost },
	{ "another configuration", test_foreign },
	{ "another configuration on one host", test_foreign_host },
	{ "a key that is lost", test_lost_key },
	{ "conflicts", test_conflicts },
	{ "keys that etcd was not asked for", test_strange_keys },
	{ "a configuration that is not known", test_unknown },
	{ "a control plane joins", test_joins },
	{ "a control plane joins again", test_joins_again },
	{ "one that has the key joins again", test_joins_encrypted },
	{ "an upgrade in the middle of a turn", test_upgrade },
	{ "a new cluster", test_born },
	{ "a control plane that is away", test_away },
	{ "an API server that runs with something else", test_stuck },
};
TEST_MAIN(tests)
