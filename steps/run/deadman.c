/* Changes to a host's network, which may cut the operator off: confirmed by a session of its own, or the host puts its network back. */
#include "steps/run/run.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <string.h>

/* After the host should have put its network back: for logins to get through again. */
#define GRACE_MS 30000
#define EACH_MS 1000

static const char *const confirm_words[] = { "deadman", "at", "error", "hint", NULL };

/* By the session that task_reopen made. 0: the host said what became of it, in state and at. */
static int ask_host(struct task *t, const char *job, char *state, char *at, size_t size, struct error *err)
{
	const struct remote_param params[] = {
		{ "job", job },
		{ "machine_id", cluster_fact(world_facts(t), "machine_id") },
	};
	struct remote_answer answer = { 0 };
	struct str script = STR_INIT;
	const char *word;
	int rc;

	str_add(&script, host_script_deadman);
	str_add(&script, host_script_confirm);
	rc = world_script(t, "confirm", script.buf, params, 2, confirm_words, &answer, 60000, err);
	word = remote_answer_get(&answer, "deadman");
	snprintf(state, size, "%s", word ? word : "");
	word = remote_answer_get(&answer, "at");
	snprintf(at, size, "%s", word ? word : "");
	remote_answer_release(&answer);
	str_release(&script);
	return rc;
}

/* Logs in again until the host has said what became of it. */
static int new_session(struct task *t, const char *job, char *state, char *at, size_t size, struct error *err)
{
	int64_t deadline = clock_mono_ms() + DEADMAN_SECONDS * 1000 + GRACE_MS;
	char before[sizeof(((struct error *)0)->what)] = "";

	for (;;) {
		struct error e = { 0 };
		int64_t next = clock_mono_ms() + EACH_MS;

		if (task_reopen(t, &e) && ask_host(t, job, state, at, size, &e) == 0)
			return 0;
		if (task_cancelled(t) || e.kind == ERROR_CANCELLED || clock_mono_ms() > deadline ||
			e.kind == ERROR_COMMAND || e.kind == ERROR_HOSTKEY)
			return *err = e, -1;
		/* a try a second, most of which end alike */
		if (strcmp(before, e.what) != 0)
			task_log(t, "no new session yet: %s", e.what);
		if (!*before)
			task_notice(t, NOTICE_LOCKED_OUT, world_host(t)->name,
				"%s accepts no new SSH session after the change to its network; it puts the network "
				"back within %d s unless one is opened",
				world_host(t)->name, DEADMAN_SECONDS);
		snprintf(before, sizeof(before), "%s", e.what);
		task_lock(t);
		while (clock_mono_ms() < next && !task_cancelled(t))
			task_wait(t, next);
		task_unlock(t);
	}
}

static int never(const struct error *last, const char *what, struct error *err)
{
	if (last->kind != ERROR_CONNECT && last->kind != ERROR_AUTH)
		return *err = *last, -1;
	error_set(err, ERROR_COMMAND,
		"no new SSH session can be opened since %s, not even after the %d s within which the host should have "
		"put its network back",
		what, DEADMAN_SECONDS);
	error_detail(err, last->what);
	return error_hint(err,
		"log in at the console: 'journalctl -u kubewright-deadman' and 'nft list ruleset' show why; a reboot "
		"also restores the system's own network state");
}

static int confirm(struct task *t, const char *job, const char *what, const struct error *lost, struct error *err)
{
	char state[32], at[64];
	struct error last = { 0 };

	if (new_session(t, job, state, at, sizeof(state), &last))
		return never(&last, what, err);
	if (strcmp(state, "confirmed") == 0 && !lost) {
		task_log(t, "a new session works: the change to the network stays");
		return 0;
	}
	if (strcmp(state, "confirmed") == 0 || (lost && strcmp(state, "none") == 0))
		return *err = *lost, -1; /* the engine tries again, and finds the job */
	if (strcmp(state, "restored") == 0) {
		error_set(err, ERROR_COMMAND,
			"no new SSH session could be opened after %s, so the host put its network back at %s; "
			"Kubernetes is stopped there, nothing else was undone",
			what, at);
		return error_hint(err,
			"a rule of your own there allows SSH only with what was removed: see 'nft list ruleset' and "
			"'ip route' on the host, fix it, then run 'kubewright reset' again");
	}
	if (strcmp(state, "other") == 0) {
		error_set(
			err, ERROR_COMMAND, "after %s another machine answers at %s", what, world_host(t)->ssh.address);
		return error_hint(err,
			"nothing was done to that machine; the host itself puts its network back within %d s: is the "
			"address used twice?",
			DEADMAN_SECONDS);
	}
	error_set(err, ERROR_COMMAND, "the host no longer knows of the change to its network");
	return error_hint(err,
		"did it restart? then its own configuration has set up its network: run 'kubewright reset' again to "
		"continue");
}

int world_network_job(struct task *t, const char *name, const char *script, const char *what, const char *const *words,
	int64_t timeout_ms, struct error *err)
{
	char seconds[16];
	const struct remote_param params[] = {
		{ "seconds", seconds },
		{ "putback", host_script_putback },
		{ "pods", world_of(t)->wish.inventory->network.pods },
	};
	struct error lost = { 0 };
	struct str text = STR_INIT;
	int rc;

	snprintf(seconds, sizeof(seconds), "%d", DEADMAN_SECONDS);
	str_add(&text, host_script_filter);
	str_add(&text, host_script_deadman);
	str_add(&text, script);
	rc = world_job(t, name, text.buf, params, 3, words, NULL, NULL, timeout_ms, &lost);
	str_release(&text);
	if (rc && lost.kind != ERROR_CONNECT && lost.kind != ERROR_TIMEOUT)
		return *err = lost, -1;
	/* a connection that was lost may have been cut by the very change: the host is asked all the same */
	return confirm(t, name, what, rc ? &lost : NULL, err);
}
