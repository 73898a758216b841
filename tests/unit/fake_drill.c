/* Faults on purpose, and who writes and reads meanwhile: what machines of fake_cluster.h make of steps/host/drill.sh and drill-measure.sh. */
#include "steps/host/scripts.h"
#include "tests/unit/fake_cluster.h"

#include <stdio.h>
#include <string.h>

static void note(struct machine *m, const char *what)
{
	size_t len = strlen(m->lab->drills);

	snprintf(m->lab->drills + len, sizeof(m->lab->drills) - len, "%s%s:%s", len ? " " : "", m->host.name, what);
}

static void begin(struct machine *m, const char *fault)
{
	bool stays = strcmp(fault, "worker") == 0 || strcmp(fault, "vip") == 0 || strcmp(fault, "link") == 0;

	for (int i = 0; i < LAB_MACHINES; i++)
		lab_insist(!m->lab->machines[i].fault[0], "a fault while another one is under way");
	lab_insist(!m->measures, "a fault where somebody measures");
	note(m, fault);
	if (stays)
		snprintf(m->fault, sizeof(m->fault), "%s", fault);
	m->silent = strcmp(fault, "worker") == 0;
	if (m->lab->on_drill)
		m->lab->on_drill(m->lab, m->index, fault);
}

static void end(struct machine *m, struct str *out)
{
	fake_say(out, "ended", m->fault[0] || m->measures ? "run" : "itself");
	m->fault[0] = '\0';
	m->silent = m->measures = false;
}

static void fault(struct machine *m, const struct remote_exec *x, bool whole, struct str *out)
{
	struct str act = STR_INIT, which = STR_INIT;

	fake_param(x, "act", &act);
	fake_param(x, "fault", &which);
	if (strcmp(act.buf, "look") == 0) {
		fake_say(out, "held", m->index == 0 ? "yes" : "no");
		fake_say(out, "filter", m->lab->no_filter ? "no" : "yes");
	} else if (strcmp(act.buf, "begin") == 0) {
		begin(m, which.buf);
	} else if (whole) {
		end(m, out);
	}
	str_release(&act);
	str_release(&which);
}

static void measure(struct machine *m, const struct remote_exec *x, bool whole, struct str *out)
{
	static const char *const sums[] = { "writes", "writes_failed", "write_pause", "reads", "reads_failed",
		"read_pause", "lost" };
	static const char *const values[] = { "50", "2", "2400", "40", "1", "1900", "0" };
	struct str what = STR_INIT;

	fake_param(x, "measure", &what);
	if (strcmp(what.buf, "begin") == 0) {
		m->measures = true;
	} else if (strcmp(what.buf, "look") == 0) {
		fake_say(out, "writes_ok", m->lab->never_again ? "2" : "3");
		fake_say(out, "reads_ok", "3");
	} else if (whole) {
		for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
			fake_say(out, sums[i],
				strcmp(sums[i], "lost") == 0 && m->lab->writes_lost ? m->lab->writes_lost : values[i]);
		end(m, out);
	}
	fake_say(out, "now", "1000");
	str_release(&what);
}

bool lab_drill(struct machine *m, const struct remote_exec *x, bool whole, struct str *out)
{
	if (fake_has(x, host_script_drill_measure))
		measure(m, x, whole, out);
	else if (fake_has(x, host_script_drill))
		fault(m, x, whole, out);
	else
		return false;
	return true;
}
