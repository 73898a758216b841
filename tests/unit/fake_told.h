/* Recordings made by hand, event by event, and their time lines. One at a time, in the folder that the test is in. */
#ifndef TESTS_UNIT_FAKE_TOLD_H
#define TESTS_UNIT_FAKE_TOLD_H

#include "base/str.h"
#include "tui/timeline.h"

#define TOLD_JOURNAL "20260301T120000-abcd.jsonl"

/* The first line; what is left out in a need is as engine/step.h has it. */
#define NEED(step, roles) "{\"step\":\"" step "\",\"roles\":" #roles ",\"min\":0}"
#define HOST(name, roles) "{\"name\":\"" name "\",\"roles\":" #roles "}"
#define STEP(name, roles, flags, needs) \
	"{\"name\":\"" name "\",\"title\":\"\",\"roles\":" #roles ",\"flags\":" #flags ",\"needs\":[" needs "]}"
#define HEAD(hosts, steps) \
	"{\"v\":1,\"seq\":0,\"kind\":\"run\",\"run\":\"20260301T120000-abcd\",\"command\":\"apply\",\"hosts\":[" hosts \
	"],\"steps\":[" steps "]}\n"
/* Three control planes and a worker. */
#define RACK HOST("c1", 1) "," HOST("c2", 1) "," HOST("c3", 1) "," HOST("w1", 2)
/* With RACK: an installation in small. survey is found not to concern anybody, so it has no events. */
extern const char told_install[];

/* The lines so far. */
extern struct str told;
/* A new one, of which this is the first line. */
void tell_begin(const char *head);
/* An event; host and step may be NULL, more is what follows in its line: ",\"text\":\"…\"". */
void tell(int at, const char *kind, const char *host, const char *step, const char *more);
/* The usual events; ms: how long it took. */
void tell_start(const char *host, const char *step, int at);
void tell_end(const char *host, const char *step, const char *outcome, int at, int ms);
void tell_state(const char *host, const char *code, int at);
void tell_over(int at);
/* A whole installation: the control planes join one after the other, and the worker logs in late. 16.2 s. */
void tell_install(void);

/* Writes it to TOLD_JOURNAL, whose lines must all be understood, and makes its time line; told_forget frees. */
struct timeline *told_timeline(void);
void told_forget(struct timeline *t);

#endif
