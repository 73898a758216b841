/* The operator's kubeconfig: a certificate of its own, never a copy of admin.conf. */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "pki/given.h"
#include "pki/pki.h"

#include <stdio.h>
#include <string.h>

#define DAYS 365
#define RENEW_BEFORE_S (30 * 86400)

/* Whether text is a kubeconfig for this server whose certificate is of our CA and will do for a while. */
static bool still_good(const struct world *w, const char *text, const char *server)
{
	struct str pem = STR_INIT;
	struct pki_cert_info info;
	bool good = false;

	if (strstr(text, server) && pki_kubeconfig_client(text, &pem) == 0 &&
		pki_cert_info(pem.buf, pem.len, &info, NULL) == 0 &&
		pki_cert_verify(pem.buf, pem.len, pki_store_pem(w->pki.store, PKI_CA_CRT), false, NULL, 0, NULL) == 0 &&
		pki_signed_now(w->pki.store, PKI_ISSUER_CLUSTER, pem.buf, pem.len))
		good = info.not_after - clock_wall_ms() / 1000 > RENEW_BEFORE_S;
	str_release(&pem);
	return good;
}

static void server_url(const struct world *w, char *out, size_t size)
{
	snprintf(out, size, "https://%s:%d", inventory_endpoint(w->wish.inventory), w->wish.inventory->endpoint.port);
}

enum step_verdict kubeconfig_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	struct str text = STR_INIT;
	char server[128];
	bool good;

	if (task_host(t) != (w->decided.lead >= 0 ? w->decided.lead : w->decided.init_host))
		return STEP_NOT_HERE;
	server_url(w, server, sizeof(server));
	good = w->pki.store && file_read(w->wish.kubeconfig, 1u << 20, &text, NULL) == 0 &&
	       still_good(w, text.buf, server);
	str_wipe(&text);
	if (good)
		return STEP_DONE;
	return step_needed(why, EVIDENCE_KUBECONFIG, w->wish.kubeconfig, "writes %s", w->wish.kubeconfig);
}

/* Before it is written, as `kubewright kubeconfig` does it. Whether it was. */
static bool note(struct task *t, const struct secret *text, struct pki_given *g)
{
	const struct world *w = world_of(t);
	struct error err = { 0 };

	if (!w->wish.given)
		return false;
	if (pki_given_fill(text->text, w->wish.kubeconfig, g, &err) == 0 && pki_given_add(w->wish.given, g, &err) == 0)
		return true;
	task_notice(t, NOTICE_UNRECORDED, w->wish.given,
		"the new kubeconfig is not recorded, 'kubewright kubeconfig --list' will not show it: %s", err.what);
	return false;
}

static int give(struct task *t, const struct secret *text, struct error *err)
{
	const struct world *w = world_of(t);
	struct pki_given g;
	bool noted = note(t, text, &g);

	if (file_write(w->wish.kubeconfig, text->text, text->len, 0600, err) == 0)
		return 0;
	if (noted)
		pki_given_drop(w->wish.given, g.serial, NULL);
	return -1;
}

int kubeconfig_apply(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);
	struct secret text = { 0 };
	char server[128];
	int rc;

	server_url(w, server, sizeof(server));
	rc = pki_kubeconfig(w->pki.store, w->wish.inventory->cluster, server, "kubernetes-admin",
		w->wish.release->admin_org, DAYS, &text, err);
	if (rc == 0)
		rc = give(t, &text, err);
	secret_release(&text);
	return rc;
}
