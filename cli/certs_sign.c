/* kubewright certs sign [NAME…]: who waits for a certificate and may have it, the operator's word, and then the certificates. */
#include "cli/run.h"

#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

static const char *const verdicts[] = {
	[REQUEST_GOOD] = "good",
	[REQUEST_REFUSED] = "refused",
	[REQUEST_FOREIGN] = "foreign",
	[REQUEST_SIGNED] = "signed",
};

/* Named, or all that may be signed when none is. */
static bool is_meant(char **names, size_t count, const struct request *q)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], q->name) == 0)
			return true;
	return count == 0;
}

static void age(int64_t s, char *out, size_t size)
{
	if (s < 120)
		snprintf(out, size, "%llds", (long long)(s < 0 ? 0 : s));
	else if (s < 7200)
		snprintf(out, size, "%lldm", (long long)s / 60);
	else if (s < 2 * 86400)
		snprintf(out, size, "%lldh", (long long)s / 3600);
	else
		snprintf(out, size, "%lldd", (long long)s / 86400);
}

static void print_request(const struct request *q)
{
	struct str names = STR_INIT;
	char old[24];

	age(q->age_s, old, sizeof(old));
	request_names(q, &names);
	printf("%s  %s\n", q->name, q->verdict == REQUEST_GOOD ? "may be signed" : verdicts[q->verdict]);
	printf("  from %s, %s ago, of %s\n", q->requester, old, q->signer);
	if (*q->asked.cn)
		printf("  for %s%s%s%s%s\n", q->asked.cn, q->asked.org_count ? " of " : "",
			q->asked.org_count ? q->asked.orgs[0] : "", names.len ? ", as " : "", names.buf);
	printf("  usages: %s\n", *q->usages ? q->usages : "none");
	if (q->verdict == REQUEST_REFUSED)
		printf("  not signed: %s\n", q->why);
	else if (q->verdict == REQUEST_FOREIGN)
		printf("  left alone: its signer is not one that kubewright signs for\n");
	str_release(&names);
}

static void print_all(const struct cli_run *r)
{
	const struct requests *list = &r->world.seen.requests;

	for (size_t i = 0; i < list->count; i++)
		print_request(&list->list[i]);
	if (list->more)
		printf("and %zu more, which are shown when these are done\n", list->more);
}

static struct json *request_json(const struct request *q)
{
	struct json *j = json_object(), *names;

	json_set_str(j, "name", q->name);
	json_set_str(j, "signer", q->signer);
	json_set_str(j, "requester", q->requester);
	json_set_str(j, "cn", q->asked.cn);
	names = json_set(j, "names", json_array());
	for (size_t i = 0; i < q->asked.san_count; i++)
		json_add(names, json_string(q->asked.sans[i].text));
	json_set_str(j, "usages", q->usages);
	json_set_int(j, "age_s", q->age_s);
	json_set_str(j, "state", verdicts[q->verdict]);
	if (q->why[0])
		json_set_str(j, "why", q->why);
	return j;
}

static void print_json(const struct cli_run *r, int status)
{
	struct engine_result result;
	struct str line = STR_INIT;
	struct json *j, *list;

	engine_result(r->engine, &result);
	j = json_summary(r, &result, status);
	list = json_set(j, "requests", json_array());
	for (size_t i = 0; i < r->world.seen.requests.count; i++)
		json_add(list, request_json(&r->world.seen.requests.list[i]));
	json_write(j, &line);
	puts(line.buf);
	json_free(j);
	str_release(&line);
}

static const struct request *find(const struct cli_run *r, const char *name)
{
	for (size_t i = 0; i < r->world.seen.requests.count; i++)
		if (strcmp(r->world.seen.requests.list[i].name, name) == 0)
			return &r->world.seen.requests.list[i];
	return NULL;
}

/* What is named is to be there, and may be signed. */
static int check_names(const struct cli_run *r, char **names, size_t count)
{
	struct error err = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct request *q = find(r, names[i]);

		if (q && q->verdict == REQUEST_GOOD)
			continue;
		if (q)
			error_set(&err, ERROR_COMMAND, "%s is not signed: %s", q->name, q->why);
		else
			error_set(&err, ERROR_USAGE, "no CertificateSigningRequest '%.64s' waits", names[i]);
		error_hint(&err,
			q ? "'kubectl certificate deny %s' refuses it for good"
			  : "'kubewright certs sign' shows those that do; '%s' may be done already",
			names[i]);
		return cli_fail(&err);
	}
	return 0;
}

/* Else the cluster has its CAs' keys, and signs what is approved. */
static bool signs_here(const struct cli_run *r)
{
	return inventory_keeps_ca_keys(r->world.wish.inventory);
}

static int confirm(const struct cli_run *r, unsigned n)
{
	struct str question = STR_INIT;
	struct error err = { 0 };
	int rc;

	str_addf(&question,
		signs_here(r) ? "This signs %u certificate%s with the cluster's CA. Do it?"
			      : "This approves %u request%s, and a control plane signs then. Do it?",
		n, n == 1 ? "" : "s");
	rc = cli_confirm_yes(r->options, question.buf, "certs sign hands out certificates and must be confirmed", &err);
	str_release(&question);
	return rc ? cli_fail(&err) : 0;
}

/* *uids: of what was agreed to; empty: there is nothing to do, and the exit status is returned. */
static int look(const struct cli_session *s, char **names, size_t count, struct str *uids)
{
	const struct cli_options *o = &s->options;
	unsigned n = 0, refused = 0;
	struct cli_run r;
	int status = cli_look(&r, KIND_SIGN_LOOK, o);

	if (status)
		return status;
	status = cli_look_errors(&r, true);
	/* nobody could be asked */
	if (!r.world.seen.requests.pages) {
		status = status ? status : error_exit_code(ERROR_COMMAND);
		goto out;
	}
	for (size_t i = 0; i < r.world.seen.requests.count; i++) {
		const struct request *q = &r.world.seen.requests.list[i];

		refused += q->verdict == REQUEST_REFUSED;
		if (q->verdict != REQUEST_GOOD || !is_meant(names, count, q))
			continue;
		str_addf(uids, "%s ", q->uid);
		n++;
	}
	if (!o->json)
		print_all(&r);
	status = check_names(&r, names, count);
	if (status == 0 && n)
		status = confirm(&r, n);
	else if (status == 0 && refused)
		status = CLI_EXIT_HOSTS_LEFT;
	if (status || !n)
		str_clear(uids);
	if (!n && o->json)
		print_json(&r, status);
	else if (!n && status == 0)
		puts(r.world.seen.requests.count ? "nothing to sign" : "nobody waits for a certificate");
out:
	cli_run_release(&r);
	return status;
}

static int report(const struct cli_run *r)
{
	const struct requests *list = &r->world.seen.requests;
	struct engine_result result;
	unsigned left = cli_hosts_left(r), done = 0, refused = 0;
	int status;

	engine_result(r->engine, &result);
	for (size_t i = 0; i < list->count; i++) {
		done += list->list[i].verdict == REQUEST_SIGNED;
		refused += list->list[i].verdict == REQUEST_REFUSED;
	}
	status = cli_exit_status(result.cancelled, done > 0, left, left ? cli_run_error(r, &result) : NULL);
	if (status == 0 && refused)
		status = CLI_EXIT_HOSTS_LEFT;
	if (r->options->json)
		return print_json(r, status), status;
	cli_summary(r, &result);
	printf("\n%u %s%s %s\n", done, signs_here(r) ? "certificate" : "request", done == 1 ? "" : "s",
		signs_here(r) ? "signed" : "approved");
	for (size_t i = 0; i < list->count; i++)
		if (list->list[i].verdict == REQUEST_REFUSED)
			printf("%s  not signed: %s\n", list->list[i].name, list->list[i].why);
	return status;
}

int cli_certs_sign(const struct cli_options *o)
{
	struct cli_session session;
	struct str uids = STR_INIT;
	char **names = o->args + 1;
	size_t count = o->arg_count - 1;
	int status;

	cli_session_begin(&session, o);
	session.options.arg_count = 0;
	status = look(&session, names, count, &uids);
	cli_session_next(&session);
	session.options.sign = uids.buf;
	if (status == 0 && uids.len)
		status = cli_run_change(&session.options, KIND_SIGN, &(struct cli_change){ .report = report });
	cli_session_end(&session);
	str_release(&uids);
	return status;
}
