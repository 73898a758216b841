/* What comes of the answers. What was not asked, or could not be, is unknown and never well. */
#include "cluster/mesh.h"

#include "base/alloc.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

/* So long must one host have listened while the other one asked. */
#define TOGETHER_MS 2000

static bool worked(const struct mesh_host *h)
{
	return h->answered && h->untried == MESH_TRIED;
}

static const struct mesh_result *result_of(const struct mesh_host *h, size_t to, const struct mesh_need *need)
{
	for (size_t i = 0; i < h->result_count; i++) {
		const struct mesh_result *r = &h->results[i];

		if (r->peer == (int)to && r->port == need->port && r->udp == need->udp)
			return r;
	}
	return NULL;
}

static enum mesh_listens listens_of(const struct mesh_host *h, const struct mesh_need *need)
{
	for (size_t i = 0; i < h->listen_count; i++)
		if (h->listens[i].port == need->port && h->listens[i].udp == need->udp)
			return h->listens[i].is;
	return MESH_LISTENS_UNKNOWN;
}

static bool arrived(const struct mesh_host *h, size_t from, int port)
{
	for (size_t i = 0; i < h->arrival_count; i++)
		if (h->arrivals[i].peer == (int)from && h->arrivals[i].port == port)
			return true;
	return false;
}

/* Both by the clock of this machine, which saw their answers come. */
static bool together(const struct mesh_host *asks, const struct mesh_host *listens)
{
	int64_t asked_from = asks->end_ms - asks->listened_ms, listened_from = listens->end_ms - listens->listened_ms;
	int64_t asked_to = asked_from + asks->asked_ms;
	int64_t from = asked_from > listened_from ? asked_from : listened_from;
	int64_t to = asked_to < listens->end_ms ? asked_to : listens->end_ms;

	return to - from >= TOGETHER_MS;
}

static struct mesh_verdict unanswered(enum mesh_reply reply, bool guessed)
{
	static const enum mesh_reason reasons[] = { [MESH_REPLY_REFUSED] = MESH_REFUSED,
		[MESH_REPLY_SILENT] = MESH_SILENT,
		[MESH_REPLY_UNREACHABLE] = MESH_UNREACHABLE,
		[MESH_REPLY_FORBIDDEN] = MESH_FORBIDDEN };

	return (struct mesh_verdict){ guessed ? MESH_WARNED : MESH_FAILED, reasons[reply] };
}

static struct mesh_verdict judge_tcp(
	const struct mesh_host *a, const struct mesh_host *b, enum mesh_listens is, enum mesh_reply reply, bool guessed)
{
	if (reply == MESH_REPLY_OWN)
		return (struct mesh_verdict){ MESH_OK, MESH_ANSWERED };
	if (reply == MESH_REPLY_OPEN)
		return is == MESH_LISTENS_OWN ? (struct mesh_verdict){ MESH_FAILED, MESH_OTHER }
					      : (struct mesh_verdict){ MESH_OK, MESH_SERVED };
	if (!worked(b))
		return (struct mesh_verdict){ MESH_UNKNOWN, MESH_NOT_THERE };
	if (is == MESH_LISTENS_HELD && reply == MESH_REPLY_REFUSED)
		return (struct mesh_verdict){ MESH_NOT_TESTED, MESH_HELD };
	if (is == MESH_LISTENS_UNKNOWN)
		return (struct mesh_verdict){ MESH_UNKNOWN, MESH_NOT_THERE };
	if (is == MESH_LISTENS_OWN && !together(a, b))
		return (struct mesh_verdict){ MESH_UNKNOWN, MESH_APART };
	return unanswered(reply, guessed);
}

static struct mesh_verdict judge_udp(const struct mesh_host *a, const struct mesh_host *b, enum mesh_listens is,
	enum mesh_reply reply, const struct mesh_need *need, size_t from, bool guessed)
{
	if (reply == MESH_REPLY_OPEN || reply == MESH_REPLY_OWN)
		return (struct mesh_verdict){ MESH_OK, MESH_ANSWERED };
	if (reply == MESH_REPLY_FORBIDDEN)
		return unanswered(reply, guessed);
	if (!worked(b) || is == MESH_LISTENS_UNKNOWN)
		return (struct mesh_verdict){ MESH_UNKNOWN, MESH_NOT_THERE };
	if (is != MESH_LISTENS_OWN)
		return (struct mesh_verdict){ MESH_NOT_TESTED, is == MESH_LISTENS_BUSY ? MESH_IN_USE : MESH_HELD };
	if (!together(a, b))
		return (struct mesh_verdict){ MESH_UNKNOWN, MESH_APART };
	if (arrived(b, from, need->port))
		return (struct mesh_verdict){ MESH_WARNED, MESH_ANSWER_LOST };
	return unanswered(reply, guessed);
}

struct mesh_verdict mesh_judge(const struct mesh_view *v, const struct mesh_need *need, size_t from, size_t to)
{
	const struct mesh_host *a = &v->hosts[from], *b = &v->hosts[to];
	const struct mesh_result *r = worked(a) ? result_of(a, to, need) : NULL;
	bool guessed = mesh_need_guessed(need, v->plan->network);
	enum mesh_listens is = worked(b) ? listens_of(b, need) : MESH_LISTENS_UNKNOWN;

	if (!r)
		return (struct mesh_verdict){ MESH_UNKNOWN, MESH_NOT_ASKED };
	return need->udp ? judge_udp(a, b, is, r->reply, need, from, guessed) : judge_tcp(a, b, is, r->reply, guessed);
}

const struct mesh_link *mesh_link(const struct mesh_view *v, size_t from, size_t to)
{
	const struct mesh_host *h = &v->hosts[from];

	return worked(h) && h->links[to].echoes ? &h->links[to] : NULL;
}

bool mesh_path_known(const struct mesh_view *v, size_t from, size_t to)
{
	const struct mesh_link *l = mesh_link(v, from, to);

	return l && l->mtu;
}

bool mesh_path_narrow(const struct mesh_view *v, size_t from, size_t to)
{
	const struct mesh_link *l = mesh_link(v, from, to);

	return l && l->mtu && v->hosts[from].mtu && l->mtu < v->hosts[from].mtu;
}

enum mesh_state mesh_pair(const struct mesh_view *v, size_t from, size_t to)
{
	enum mesh_state worst = MESH_OK;

	for (size_t n = 0; n < mesh_need_count; n++) {
		struct mesh_verdict is;

		if (!mesh_plan_needs(v->plan, &mesh_needs[n], from, to))
			continue;
		is = mesh_judge(v, &mesh_needs[n], from, to);
		if (is.state > worst)
			worst = is.state;
	}
	if (worst == MESH_OK && !mesh_path_known(v, from, to))
		worst = MESH_NOT_TESTED;
	return mesh_path_narrow(v, from, to) ? MESH_FAILED : worst;
}

/* ---- clocks ------------------------------------------------------------------------------------------------------------ */

struct ahead {
	int64_t ns, error;
};

static int by_ns(const void *x, const void *y)
{
	int64_t a = ((const struct ahead *)x)->ns, b = ((const struct ahead *)y)->ns;

	return (a > b) - (a < b);
}

/* How far host is ahead of another one, by the one of both that measured it best. */
static bool ahead_of(const struct mesh_view *v, size_t host, size_t other, struct ahead *out)
{
	const struct mesh_link *own = mesh_link(v, host, other), *theirs = mesh_link(v, other, host);

	if (!own && !theirs)
		return false;
	if (!theirs || (own && own->rtt_min_ns <= theirs->rtt_min_ns))
		*out = (struct ahead){ -own->offset_ns, own->rtt_min_ns / 2 };
	else
		*out = (struct ahead){ theirs->offset_ns, theirs->rtt_min_ns / 2 };
	return true;
}

/* The middle of them; of two, the one that says less: a single host that is off is not held against those it is compared with. */
bool mesh_clock(const struct mesh_view *v, size_t host, int64_t *ahead, int64_t *error)
{
	struct ahead *all = xcalloc(v->plan->count + 1, sizeof(*all)), *low, *high;
	size_t n = 0;

	for (size_t i = 0; i < v->plan->count; i++)
		if (i != host && mesh_plan_pair(v->plan, host, i) && ahead_of(v, host, i, &all[n]))
			n++;
	if (n) {
		qsort(all, n, sizeof(*all), by_ns);
		low = &all[(n - 1) / 2];
		high = &all[n / 2];
		if (llabs(high->ns) < llabs(low->ns))
			low = high;
		*ahead = low->ns;
		*error = low->error;
	}
	free(all);
	return n > 0;
}

/* ---- for programs ------------------------------------------------------------------------------------------------------ */

const char *mesh_state_name(enum mesh_state s)
{
	static const char *const names[MESH_STATES] = { "ok", "not-tested", "warning", "unknown", "failed" };

	return names[s];
}

const char *mesh_reason_name(enum mesh_reason r)
{
	static const char *const names[MESH_REASONS] = {
		[MESH_ANSWERED] = "answered",
		[MESH_SERVED] = "served",
		[MESH_IN_USE] = "in-use",
		[MESH_HELD] = "nothing-listens",
		[MESH_NOT_ASKED] = "not-asked",
		[MESH_NOT_THERE] = "not-looked-at",
		[MESH_APART] = "not-at-the-same-time",
		[MESH_ANSWER_LOST] = "answer-lost",
		[MESH_OTHER] = "other-answers",
		[MESH_REFUSED] = "refused",
		[MESH_SILENT] = "silent",
		[MESH_UNREACHABLE] = "unreachable",
		[MESH_FORBIDDEN] = "forbidden-here",
	};

	return names[r];
}

/* ---- for people -------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *mark, *words;
} states[MESH_STATES] = {
	[MESH_OK] = { "ok", "all that is needed gets through" },
	[MESH_NOT_TESTED] = { "~", "a part cannot be tested, see below; the rest gets through" },
	[MESH_WARNED] = { "!", "warnings, see below" },
	[MESH_UNKNOWN] = { "?", "unknown: it could not be asked" },
	[MESH_FAILED] = { "X", "something does not get through" },
};

const char *mesh_state_mark(enum mesh_state s)
{
	return states[s].mark;
}

const char *mesh_state_words(enum mesh_state s)
{
	return states[s].words;
}

const char *mesh_reason_words(enum mesh_reason r)
{
	static const char *const words[MESH_REASONS] = {
		[MESH_ANSWERED] = "gets through",
		[MESH_SERVED] = "gets through, to the program that has it",
		[MESH_IN_USE] = "in use there, by a program that does not answer this",
		[MESH_HELD] = "Kubernetes is installed there, and nothing listens",
		[MESH_NOT_ASKED] = "was not asked for",
		[MESH_NOT_THERE] = "nobody has looked at the other host",
		[MESH_APART] = "the other host did not listen at that time",
		[MESH_ANSWER_LOST] = "arrives, and the answer does not come back",
		[MESH_OTHER] = "something else answers",
		[MESH_REFUSED] = "is refused",
		[MESH_SILENT] = "does not answer",
		[MESH_UNREACHABLE] = "cannot be reached",
		[MESH_FORBIDDEN] = "is not let out",
	};

	return words[r];
}
