/* `certs rotate` over machines that keep what is done to them: all phases of a CA, each interrupted and continued, and what may not begin yet. */
#include "tests/test.h"
#include "tests/unit/rotate_rack.h"

#include "base/clock.h"

/* How many certificates, or public keys, a text has. */
static unsigned certificates(const char *pem)
{
	unsigned n = 0;

	for (const char *p = pem; p && (p = strstr(p, "-----BEGIN ")) != NULL; p++)
		n++;
	return n;
}

/* All control planes have what the store says, whose file has so many; workers have nothing of it. */
static void all_have(const struct lab *l, unsigned count)
{
	struct error err = { 0 };
	struct pki_store *s;
	const char *pem;
	char dir[96];

	snprintf(dir, sizeof(dir), "%s/pki", rack_dir);
	s = pki_store_open(dir, NULL, &err);
	pem = pki_store_pem(s, pki_issuer_crt(wish.issuer));
	CHECK_INT(certificates(pem), count);
	for (int i = 0; i < LAB_MACHINES; i++) {
		const struct machine *m = &l->machines[i];

		if (i < 3 || wish.issuer == PKI_ISSUER_CLUSTER)
			CHECK_STR(m->trusts[wish.issuer].buf, pem);
		else
			CHECK_INT(m->trusts[wish.issuer].len, 0);
		CHECK_STR(m->restart, "");
		if (i < 3 && wish.issuer == PKI_ISSUER_TOKENS) {
			CHECK_STR(m->accepts.buf, pem);
			CHECK(!m->sa_key.len || strcmp(m->sa_key.buf, pki_store_pem(s, PKI_SA_KEY)) == 0);
		}
		CHECK_INT(m->apart, i < 3 && m->ca_keys && wish.issuer == PKI_ISSUER_CLUSTER && count > 1);
		for (size_t k = 0; k < RENEW_KINDS; k++)
			if (m->certs[k].path[0] && renew_kinds[k].issuer == wish.issuer)
				CHECK(pki_signed_now(s, wish.issuer, m->certs[k].pem.buf, m->certs[k].pem.len));
	}
	pki_store_free(s);
}

/* The same words, whatever their order: hosts of one step may take their turns in any. */
static bool same_jobs(const char *a, const char *b)
{
	char one[64];

	if (strlen(a) != strlen(b))
		return false;
	for (; *a; a += strlen(one), a += *a == ' ') {
		snprintf(one, sizeof(one), "%.*s", (int)strcspn(a, " "), a);
		if (!strstr(b, one))
			return false;
	}
	return true;
}

static void whole(struct lab *l, const char *jobs, unsigned done, enum pki_phase phase)
{
	struct ending out;

	run(l, false, &out);
	nobody_aside(&out);
	if (!same_jobs(l->renewals, jobs))
		CHECK_STR(l->renewals, jobs);
	CHECK_INT(out.done, done);
	CHECK(out.state.phase == phase && !out.state.due);
	CHECK_STR(out.state.behind, "");
	all_have(l, phase == PKI_PHASE_ONE ? 1 : 2);
	/* again it has nothing to do */
	run(l, false, &out);
	nobody_aside(&out);
	CHECK_STR(l->renewals, "");
	CHECK_STR(out.state.behind, "");
}

/* The API servers alone restart; and they publish whom to trust, also that the earlier one is gone. */
static void test_front_proxy(void)
{
	static const char jobs[] = "cp1:servers cp2:servers cp3:servers";
	struct ending out;
	struct lab l;

	begin(&l, PKI_ISSUER_FRONT_PROXY);
	run(&l, true, &out);
	CHECK_STR(out.state.behind, "");
	CHECK(!out.state.due && out.state.phase == PKI_PHASE_ONE);
	go_on(PKI_PHASE_ONE);
	run(&l, true, &out);
	CHECK(out.state.due && strstr(out.state.behind, "cp1 does not have it yet"));
	CHECK_STR(l.renewals, "");
	whole(&l, jobs, 0, PKI_PHASE_BOTH);
	CHECK_INT(certificates(l.told.buf), 2);
	go_on(PKI_PHASE_BOTH);
	whole(&l, jobs, 3, PKI_PHASE_REISSUED);
	go_on(PKI_PHASE_REISSUED);
	whole(&l, jobs, 0, PKI_PHASE_ONE);
	CHECK_STR(l.told.buf, l.machines[0].trusts[PKI_ISSUER_FRONT_PROXY].buf);
	end(&l);
}

/* A list of one pod that is given the CA, and whose container runs since then. */
static void started_at(char *out, size_t size, int64_t seconds_ago)
{
	char when[32];

	clock_rfc3339(clock_wall_ms() - seconds_ago * 1000, when, sizeof(when));
	snprintf(out, size,
		"{\"items\":[{\"metadata\":{\"namespace\":\"shop\",\"name\":\"web-0\"},\"spec\":{\"volumes\":[{\"projected\":"
		"{\"sources\":[{\"configMap\":{\"name\":\"kube-root-ca.crt\"}}]}}]},"
		"\"status\":{\"containerStatuses\":[{\"state\":{\"running\":{\"startedAt\":\"%s\"}}}]}}]}",
		when);
}

/* The cluster's own CA: on all hosts, and in what Pods have, and who joins. */
static void test_cluster(void)
{
	static const char all[] =
		"cp1:servers cp2:servers cp3:servers cp1:kubelet cp2:kubelet cp3:kubelet w1:kubelet w2:kubelet";
	struct ending out;
	char pods[600], waits[500];
	struct lab l;

	begin(&l, PKI_ISSUER_CLUSTER);
	run(&l, true, &out);
	CHECK_STR(out.state.behind, "");
	CHECK(!out.state.due && out.state.phase == PKI_PHASE_ONE);
	go_on(PKI_PHASE_ONE);
	run(&l, true, &out);
	CHECK(out.state.due);
	CHECK_STR(l.renewals, "");
	/* API servers show the CA that signs, certified by the other one */
	whole(&l, all, 3, PKI_PHASE_BOTH);
	CHECK_INT(certificates(l.told_ca.buf), 2);
	CHECK_INT(certificates(l.roots.buf), 2);
	go_on(PKI_PHASE_BOTH);
	whole(&l, all, 3 * 5 + 5, PKI_PHASE_REISSUED);
	CHECK(strstr(l.ca_note, "\"since\":\"20"));
	/* who trusts the earlier one alone */
	CHECK_STR(out.state.breaks, "");
	started_at(pods, sizeof(pods), 600);
	l.token_pods = pods;
	run(&l, true, &out);
	CHECK(strstr(out.state.breaks, "1 pod may trust it alone") && strstr(out.state.breaks, "shop/web-0"));
	/* what comes before its containers runs on */
	started_at(waits, sizeof(waits), 600);
	snprintf(pods, sizeof(pods), "%.*s\"phase\":\"Pending\",\"initContainer%s",
		(int)(strstr(waits, "\"containerStatuses") - waits), waits, strstr(waits, "Statuses"));
	run(&l, true, &out);
	CHECK(strstr(out.state.breaks, "1 pod may trust it alone"));
	started_at(pods, sizeof(pods), -600);
	run(&l, true, &out);
	CHECK_STR(out.state.breaks, "");
	l.hooks = "nonsense";
	run(&l, true, &out);
	CHECK(strstr(out.state.breaks, "not known: ValidatingWebhookConfigurations"));
	l.hooks = NULL;
	l.token_pods = NULL;
	/* since when is noted again, where that was lost */
	l.ca_note[0] = '\0';
	run(&l, true, &out);
	CHECK(out.state.due && strstr(out.state.behind, "do not have it yet"));
	whole(&l, "", 0, PKI_PHASE_REISSUED);
	CHECK(l.ca_note[0]);
	go_on(PKI_PHASE_REISSUED);
	whole(&l, all, 3, PKI_PHASE_ONE);
	CHECK_STR(l.told_ca.buf, l.machines[0].trusts[PKI_ISSUER_CLUSTER].buf);
	CHECK_STR(l.roots.buf, l.machines[0].trusts[PKI_ISSUER_CLUSTER].buf);
	end(&l);
}

/* A list of one object that was made so long ago. */
static void made_at(char *out, size_t size, const char *name, const char *spec, int64_t seconds_ago)
{
	char when[32];

	clock_rfc3339(clock_wall_ms() - seconds_ago * 1000, when, sizeof(when));
	snprintf(out, size,
		"{\"items\":[{\"metadata\":{\"namespace\":\"shop\",\"name\":\"%s\",\"creationTimestamp\":\"%s\"}%s}]}",
		name, when, spec);
}

/* In each of its phases a control plane restarts what reads the keys, and tokens of any API server are accepted by all. */
static void test_tokens(void)
{
	static const char jobs[] = "cp1:servers cp2:servers cp3:servers";
	static const char volume[] =
		",\"spec\":{\"volumes\":[{\"projected\":{\"sources\":[{\"serviceAccountToken\":{\"expirationSeconds\":3607}}]}}]}";
	char pods[400], secrets[300];
	struct ending out;
	struct lab l;

	begin(&l, PKI_ISSUER_TOKENS);
	run(&l, true, &out);
	CHECK_STR(out.state.behind, "");
	CHECK(!out.state.due && out.state.phase == PKI_PHASE_ONE);
	go_on(PKI_PHASE_ONE);
	run(&l, true, &out);
	CHECK(out.state.due && strstr(out.state.behind, "cp1 does not have it yet"));
	whole(&l, jobs, 0, PKI_PHASE_BOTH);
	CHECK_STR(l.tokens_note, "");
	CHECK_INT(l.machines[0].managers, 0);
	go_on(PKI_PHASE_BOTH);
	whole(&l, jobs, 0, PKI_PHASE_REISSUED);
	CHECK(strstr(l.tokens_note, "\"key\":\"sha256:") && strstr(l.tokens_note, "\"since\":\"20"));
	for (int i = 0; i < 3; i++)
		CHECK_INT(l.machines[i].managers, 1);
	/* who has tokens of before */
	CHECK_STR(out.state.breaks, "");
	made_at(pods, sizeof(pods), "web-0", volume, 600);
	l.token_pods = pods;
	run(&l, true, &out);
	CHECK(strstr(out.state.breaks, "1 pod may still use a token") && strstr(out.state.breaks, "shop/web-0"));
	made_at(secrets, sizeof(secrets), "robot", "", 600);
	l.token_secrets = secrets;
	run(&l, true, &out);
	CHECK(strstr(out.state.breaks, "1 Secret holds a token that it has signed: shop/robot"));
	/* not known who */
	l.token_secrets = "nonsense";
	run(&l, true, &out);
	CHECK(strstr(out.state.breaks, "not known: Secrets"));
	l.token_secrets = l.token_pods = NULL;
	/* since when is noted again, where that was lost */
	l.tokens_note[0] = '\0';
	run(&l, true, &out);
	CHECK(out.state.due && strstr(out.state.behind, "is not noted yet"));
	whole(&l, "", 0, PKI_PHASE_REISSUED);
	CHECK(l.tokens_note[0]);
	go_on(PKI_PHASE_REISSUED);
	whole(&l, jobs, 0, PKI_PHASE_ONE);
	CHECK_INT(l.machines[0].managers, 1);
	CHECK(!l.tokens_refused);
	/* a snapshot of etcd from before was restored */
	snprintf(l.tokens_note, sizeof(l.tokens_note), "{\"key\":\"sha256:00\",\"since\":\"2026-03-01T12:00:00Z\"}");
	run(&l, true, &out);
	CHECK(out.state.due);
	whole(&l, "", 0, PKI_PHASE_ONE);
	CHECK(!strstr(l.tokens_note, "sha256:00"));
	end(&l);
}

/* An older snapshot of etcd was restored, and who lost the quorum cannot come back before its note is right. */
static void test_restored(void)
{
	static const char note[] = "{\"key\":\"sha256:00\",\"since\":\"2026-03-01T12:00:00Z\"}";
	struct ending out;
	struct lab l;

	begin(&l, PKI_ISSUER_TOKENS);
	snprintf(l.tokens_note, sizeof(l.tokens_note), "%s", note);
	run_on(&l, 29, false, &out);
	CHECK(out.host[0].kind == ERROR_NONE);
	CHECK(!strstr(l.tokens_note, "sha256:00"));
	CHECK(strstr(out.state.behind, "cp2 was not looked at"));
	/* one with another key says that it is the store here that is of before */
	snprintf(l.tokens_note, sizeof(l.tokens_note), "%s", note);
	str_clear(&l.machines[2].trusts[PKI_ISSUER_TOKENS]);
	str_add(&l.machines[2].trusts[PKI_ISSUER_TOKENS],
		"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDUqp3p1+lXYLjqGu0offbfgLOg0u\n"
		"43uDT1MWJVA2N0HRtx7KPCJlMAW7DbuJhbEzGMvdBNgrfVNChCZnS7qqUg==\n-----END PUBLIC KEY-----\n");
	run(&l, false, &out);
	CHECK_STR(l.tokens_note, note);
	end(&l);
}

/* No control plane gets the key of a CA where this machine alone has them. */
static void test_operator(void)
{
	struct lab l;

	static const enum pki_issuer issuers[] = { PKI_ISSUER_ETCD, PKI_ISSUER_TOKENS, PKI_ISSUER_CLUSTER };

	for (int ca = 0; ca < 3; ca++) {
		struct ending due;

		begin(&l, issuers[ca]);
		rack_inventory->pki.ca_keys = "operator";
		/* those that are there would not belong to the certificates */
		for (int i = 1; i < 3; i++)
			l.machines[i].ca_keys = false;
		run(&l, true, &due);
		CHECK_INT(due.host[0].code, REFUSAL_CA_KEYS);
		CHECK(strstr(due.host[0].hint, "pki.ca-keys to cluster") && due.host[1].kind == ERROR_NONE);
		CHECK_STR(due.state.behind, "the keys of the CAs are not where pki.ca-keys says on cp1");
		l.machines[0].ca_keys = false;
		for (enum pki_phase p = PKI_PHASE_ONE; p <= PKI_PHASE_REISSUED; p++) {
			struct ending out;

			go_on(p);
			run(&l, false, &out);
			nobody_aside(&out);
			CHECK_STR(out.state.behind, "");
			all_have(&l, p == PKI_PHASE_REISSUED ? 1 : 2);
		}
		/* that of service accounts is no CA's: API servers sign with it */
		CHECK_INT(l.machines[0].sa_key.len > 0, ca == 1);
		end(&l);
	}
}

/* etcd's members one by one, then the API servers; when only who signs changes, nothing restarts. */
static void test_etcd(void)
{
	static const char trust[] =
		"cp1:etcd cp2:etcd cp3:etcd cp1:restart cp2:restart cp3:restart cp1:servers cp2:servers cp3:servers";
	struct lab l;

	begin(&l, PKI_ISSUER_ETCD);
	go_on(PKI_PHASE_ONE);
	whole(&l, trust, 0, PKI_PHASE_BOTH);
	go_on(PKI_PHASE_BOTH);
	whole(&l, "cp1:etcd cp2:etcd cp3:etcd cp1:servers cp2:servers cp3:servers", 12, PKI_PHASE_REISSUED);
	go_on(PKI_PHASE_REISSUED);
	whole(&l, trust, 0, PKI_PHASE_ONE);
	end(&l);
}

/* ---- interrupted ---------------------------------------------------------------------------------------------------- */

static int lost_at;
static void lose_second(struct lab *l, int machine, const char *job)
{
	(void)job;
	if (machine == 1 && --lost_at == 0)
		l->dead = 1;
}

/* The second machine is lost in each of its jobs of a phase: those after it are not touched, and the same again ends well. */
static void test_interrupted(void)
{
	static const enum pki_issuer issuers[] = { PKI_ISSUER_CLUSTER, PKI_ISSUER_FRONT_PROXY, PKI_ISSUER_ETCD,
		PKI_ISSUER_TOKENS };
	struct ending out;
	struct lab l;
	int cuts;

	for (size_t i = 0; i < 4; i++) {
		begin(&l, issuers[i]);
		for (int phase = PKI_PHASE_ONE; phase <= PKI_PHASE_REISSUED; phase++) {
			enum pki_phase then = (enum pki_phase)((phase + 1) % 3);

			go_on((enum pki_phase)phase);
			/* the others wait for the one that is lost */
			verify_ms = 1000;
			for (cuts = 0;; cuts++) {
				/* what was done before is not done again */
				lost_at = 1;
				l.on_renew = lose_second;
				run(&l, false, &out);
				l.on_renew = NULL;
				if (l.dead < 0)
					break;
				CHECK(out.host[1].kind != ERROR_NONE);
				/* one after the other: cp3 has not begun what cp2 did not end */
				CHECK(str_ends(l.renewals, strstr(l.renewals, "cp2")));
				l.dead = -1;
				l.machines[1].lock[0] = '\0';
			}
			verify_ms = 60000;
			run(&l, false, &out);
			/* each of its jobs was the last one once */
			CHECK(cuts >= (issuers[i] == PKI_ISSUER_ETCD && phase != PKI_PHASE_BOTH ? 3 : 1));
			nobody_aside(&out);
			CHECK_STR(out.state.behind, "");
			all_have(&l, then == PKI_PHASE_ONE ? 1 : 2);
			CHECK(!l.tokens_refused);
		}
		end(&l);
	}
}

/* ---- what stays in the way ------------------------------------------------------------------------------------------ */

static void test_behind(void)
{
	struct ending out;
	struct lab l;

	begin(&l, PKI_ISSUER_FRONT_PROXY);
	/* one that was not asked */
	run_on(&l, 29, true, &out);
	CHECK_STR(out.state.behind, "cp2 was not looked at");
	go_on(PKI_PHASE_ONE);
	run_on(&l, 29, false, &out);
	CHECK_STR(l.renewals, "cp1:servers cp3:servers");
	CHECK_STR(out.state.behind, "cp2 was not looked at");
	run(&l, true, &out);
	CHECK(out.state.due && strstr(out.state.behind, "cp2 does not have it yet"));
	/* a restart that was noted, and did not come */
	run(&l, false, &out);
	snprintf(l.machines[2].restart, sizeof(l.machines[2].restart), "kube-apiserver");
	run(&l, true, &out);
	CHECK(out.state.due && strstr(out.state.behind, "cp3"));
	run(&l, false, &out);
	CHECK_STR(out.state.behind, "");
	/* what is published lacks one */
	str_clear(&l.told);
	str_add(&l.told, "nothing");
	run(&l, true, &out);
	CHECK(out.state.due && strstr(out.state.behind, "servers behind the API"));
	end(&l);
}

/* A file of another cluster is left alone. */
static void test_foreign(void)
{
	struct ending out;
	struct lab l;

	begin(&l, PKI_ISSUER_ETCD);
	str_clear(&l.machines[1].trusts[PKI_ISSUER_ETCD]);
	str_add(&l.machines[1].trusts[PKI_ISSUER_ETCD], pki_store_pem(rack_store, PKI_CA_CRT));
	go_on(PKI_PHASE_ONE);
	run(&l, false, &out);
	CHECK(strstr(out.state.behind, "cp2: etcd/ca.crt: it holds another CA"));
	CHECK_STR(l.machines[1].trusts[PKI_ISSUER_ETCD].buf, pki_store_pem(rack_store, PKI_CA_CRT));
	end(&l);
}

/* kubeadm's upgrade makes certificates again and knows one CA alone. */
static void test_upgrade(void)
{
	const struct plan *plan = &plans[PLAN_UPGRADE];
	struct engine *e;
	struct world w;
	struct lab l;

	begin(&l, PKI_ISSUER_ETCD);
	go_on(PKI_PHASE_ONE);
	rack_world(&w);
	w.wish.take_lock = false;
	w.wish.upgrade = true;
	rack_serve(&l, w.pki.store);
	e = rack_run(&l, &w,
		(struct engine_config){ .steps = plan->steps, .step_count = plan->count, .check_only = true }, 31);
	if (CHECK(w.decided.refusal != NULL)) {
		CHECK_INT(w.decided.refusal->code, REFUSAL_ROTATION);
		CHECK_STR(w.decided.refusal->about, "etcd/ca.crt");
	}
	engine_free(e);
	world_release(&w);
	end(&l);
}

/* Nothing is changed by who has a copy of the keys from before: a control plane would get one that others no longer know. */
static void test_earlier_copy(void)
{
	static const bool cp2[5] = { [1] = true };
	struct engine *e;
	struct world w;
	struct lab l;

	begin(&l, PKI_ISSUER_TOKENS);
	snprintf(l.tokens_note, sizeof(l.tokens_note), "{\"key\":\"sha256:00\",\"since\":\"2026-03-01T12:00:00Z\"}");
	/* a host that only restarts gets no key */
	for (int restarts = 0; restarts < 2; restarts++) {
		const struct plan *plan = &plans[restarts ? PLAN_REBOOT : PLAN_INSTALL];

		rack_world(&w);
		w.wish.take_lock = false;
		w.wish.reboot = restarts ? cp2 : NULL;
		rack_serve(&l, w.pki.store);
		e = rack_run(&l, &w,
			(struct engine_config){ .steps = plan->steps, .step_count = plan->count, .check_only = true },
			31);
		if (CHECK(w.decided.done) && CHECK((w.decided.refusal == NULL) == restarts) && !restarts) {
			CHECK_INT(w.decided.refusal->code, REFUSAL_NO_STORE);
			CHECK(strstr(
				w.decided.refusal->what, "a copy from before the key of service accounts was rotated"));
		}
		engine_free(e);
		world_release(&w);
	}
	end(&l);
}

static const struct test tests[] = {
	{ "keys of CAs on this machine alone", test_operator },
	{ "ca", test_cluster },
	{ "front-proxy-ca", test_front_proxy },
	{ "etcd-ca", test_etcd },
	{ "sa", test_tokens },
	{ "sa, after an older snapshot of etcd", test_restored },
	{ "interrupted and continued", test_interrupted },
	{ "what is in the way", test_behind },
	{ "another cluster's", test_foreign },
	{ "no upgrade meanwhile", test_upgrade },
	{ "an earlier copy of the keys", test_earlier_copy },
};
TEST_MAIN(tests)
