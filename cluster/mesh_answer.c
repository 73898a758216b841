/* What a host says of its neighbours: lines of words and numbers, and nothing that its plan does not ask for. */
#include "cluster/mesh.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "remote/remote.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FIELDS 6
/* A day, in ns and in us: no round trip and no write that counts is longer. */
#define DAY_NS (86400 * INT64_C(1000000000))
#define DAY_US (DAY_NS / 1000)

static const char *const listens[] = { "", "own", "busy", "held", "none" };
static const char *const replies[] = { "own", "open", "refused", "silent", "unreachable", "forbidden" };

struct reader {
	struct mesh_host *h;
	const struct mesh_plan *plan;
	size_t host;
	char *fields[FIELDS + 1];
	size_t count;
	bool ended;
};

static int word_of(const char *const *words, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (*words[i] && strcmp(words[i], text) == 0)
			return (int)i;
	return -1;
}

/* A decimal number from min to max, or false. */
static bool number(const char *text, int64_t min, int64_t max, int64_t *out)
{
	size_t digits = strspn(text + (*text == '-'), "0123456789");

	if (!digits || digits > 19 || text[digits + (*text == '-')])
		return false;
	*out = strtoll(text, NULL, 10);
	return *out >= min && *out <= max;
}

static bool small(const char *text, int min, int max, int *out)
{
	int64_t n;

	if (!number(text, min, max, &n))
		return false;
	*out = (int)n;
	return true;
}

/* A host that this one is to ask. */
static bool peer(const struct reader *r, const char *text, int *out)
{
	return small(text, 0, (int)r->plan->count - 1, out) && mesh_plan_pair(r->plan, r->host, (size_t)*out);
}

static bool take_listen(struct reader *r)
{
	struct mesh_listen *l;
	int port, is = r->count == 4 ? word_of(listens, COUNT(listens), r->fields[3]) : -1;
	bool udp = r->count == 4 && strcmp(r->fields[1], "udp") == 0;

	if (is < 0 || (!udp && strcmp(r->fields[1], "tcp") != 0) || !small(r->fields[2], 1, 65535, &port) ||
		r->h->listen_count > mesh_need_count)
		return false;
	r->h->listens = xrealloc(r->h->listens, r->h->listen_count + 1, sizeof(*r->h->listens));
	l = &r->h->listens[r->h->listen_count++];
	*l = (struct mesh_listen){ udp, port, (enum mesh_listens)is };
	return true;
}

static bool take_from(struct reader *r)
{
	struct mesh_arrival a;

	if (r->count != 3 || !peer(r, r->fields[1], &a.peer) || !small(r->fields[2], 1, 65535, &a.port) ||
		r->h->arrival_count > r->plan->count * (mesh_need_count + 1))
		return false;
	r->h->arrivals = xrealloc(r->h->arrivals, r->h->arrival_count + 1, sizeof(*r->h->arrivals));
	r->h->arrivals[r->h->arrival_count++] = a;
	return true;
}

static bool take_result(struct reader *r)
{
	struct mesh_result x = { .udp = strcmp(r->fields[0], "udp") == 0 };
	int reply = r->count == 4 ? word_of(replies, COUNT(replies), r->fields[3]) : -1;

	if (reply < 0 || !peer(r, r->fields[1], &x.peer) || !small(r->fields[2], 1, 65535, &x.port) ||
		r->h->result_count > r->plan->count * (mesh_need_count + 1))
		return false;
	x.reply = (enum mesh_reply)reply;
	r->h->results = xrealloc(r->h->results, r->h->result_count + 1, sizeof(*r->h->results));
	r->h->results[r->h->result_count++] = x;
	return true;
}

static bool take_echo(struct reader *r)
{
	struct mesh_link *l;
	int64_t n;
	int to;

	if (r->count != 6 || !peer(r, r->fields[1], &to))
		return false;
	l = &r->h->links[to];
	if (!number(r->fields[2], 1, 1000, &n) || !number(r->fields[3], 0, DAY_NS, &l->rtt_min_ns) ||
		!number(r->fields[4], l->rtt_min_ns, DAY_NS, &l->rtt_ns) ||
		!number(r->fields[5], -INT64_C(4000000000000000000), INT64_C(4000000000000000000), &l->offset_ns))
		return false;
	l->echoes = (unsigned)n;
	return true;
}

static bool take_mtu(struct reader *r)
{
	int to;

	return r->count == 3 && peer(r, r->fields[1], &to) && small(r->fields[2], 0, 65535, &r->h->links[to].mtu);
}

static bool take_fsync(struct reader *r)
{
	struct mesh_host *h = r->h;
	int64_t n;

	if (r->count != 5 || !number(r->fields[1], 0, 100000, &n) ||
		!number(r->fields[2], 0, DAY_US, &h->fsync_p50_us) ||
		!number(r->fields[3], 0, DAY_US, &h->fsync_p99_us) ||
		!number(r->fields[4], 0, DAY_US, &h->fsync_max_us))
		return false;
	h->fsync_asked = true;
	h->fsync_count = (unsigned)n;
	return true;
}

static bool take_times(struct reader *r)
{
	return r->count == 3 && number(r->fields[1], 0, 600000, &r->h->asked_ms) &&
	       number(r->fields[2], 0, 600000, &r->h->listened_ms);
}

static bool take_end(struct reader *r)
{
	r->ended = true;
	return r->count == 1;
}

static const struct {
	const char *word;
	bool (*take)(struct reader *r);
} takers[] = {
	{ "listen", take_listen },
	{ "from", take_from },
	{ "tcp", take_result },
	{ "udp", take_result },
	{ "echo", take_echo },
	{ "mtu", take_mtu },
	{ "fsync", take_fsync },
	{ "times", take_times },
	{ "end", take_end },
};

static bool take_line(struct reader *r, char *line)
{
	char *rest = line, *field;

	r->count = 0;
	while ((field = strsep(&rest, " ")) != NULL) {
		if (r->count == FIELDS)
			return false;
		r->fields[r->count++] = field;
	}
	for (size_t i = 0; i < COUNT(takers) && !r->ended; i++)
		if (strcmp(takers[i].word, r->fields[0]) == 0)
			return takers[i].take(r);
	return false;
}

/* "INDEX same|apart|unknown" */
static bool take_segment(struct reader *r, char *line)
{
	static const char *const is[] = { "unknown", "same", "apart" };
	char *rest = line, *index = strsep(&rest, " ");
	int to, word = rest ? word_of(is, COUNT(is), rest) : -1;

	if (word < 0 || !peer(r, index, &to))
		return false;
	r->h->links[to].segment = (enum mesh_segment)word;
	return true;
}

static int refused(struct mesh_host *h, const char *line, struct error *err)
{
	char shown[80];

	mesh_host_release(h);
	str_copy_line(shown, sizeof(shown), line);
	return error_set(err, ERROR_PROTOCOL, "the host's answer is not one of the mesh's: '%s'", shown);
}

/* NULL: there are none. */
static int take_lines(
	struct reader *r, const char *lines, bool (*take)(struct reader *r, char *line), struct error *err)
{
	char *text = xstrdup(lines ? lines : ""), *rest = text, *line;
	bool good = true;

	while (good && (line = strsep(&rest, "\n")) != NULL && (*line || rest)) {
		char *shown = xstrdup(line);

		good = take(r, line);
		if (!good)
			refused(r->h, shown, err);
		free(shown);
	}
	free(text);
	return good ? 0 : -1;
}

static void copy_word(char *out, size_t size, const struct remote_answer *a, const char *word)
{
	const char *value = remote_answer_get(a, word);

	str_copy_line(out, size, value ? value : "");
}

int mesh_host_take(
	struct mesh_host *h, const struct mesh_plan *p, size_t host, const struct remote_answer *a, struct error *err)
{
	const char *said = remote_answer_get(a, "mesh"), *mtu = remote_answer_get(a, "mtu");
	struct reader r = { .h = h, .plan = p, .host = host };

	*h = (struct mesh_host){ .answered = true };
	h->links = xcalloc(p->count + 1, sizeof(*h->links));
	copy_word(h->iface, sizeof(h->iface), a, "iface");
	copy_word(h->firewall, sizeof(h->firewall), a, "firewall");
	if (mtu && *mtu && !small(mtu, 68, 65536, &h->mtu))
		return refused(h, mtu, err);
	if (remote_answer_get(a, "perl") || (said && strcmp(said, "unknown\n") == 0)) {
		h->untried = said ? MESH_NO_CLOCK : MESH_NO_PERL;
		return 0;
	}
	if (take_lines(&r, said, take_line, err) || take_lines(&r, remote_answer_get(a, "segments"), take_segment, err))
		return -1;
	for (size_t i = 0; i < h->listen_count; i++)
		if (h->listens[i].is == MESH_LISTENS_NONE)
			h->untried = MESH_NO_ADDRESS;
	if (!r.ended)
		h->untried = MESH_CUT;
	return 0;
}

void mesh_host_release(struct mesh_host *h)
{
	free(h->listens);
	free(h->results);
	free(h->arrivals);
	free(h->links);
	*h = (struct mesh_host){ 0 };
}
