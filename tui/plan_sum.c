/* What a plan comes to: its steps by host, and the words for it. */
#include "tui/pages.h"

#include <string.h>

/* The lock is released in any case: that is not a change. */
static bool would(const struct runview *v, size_t host, size_t step)
{
	const struct progress_cell *cell = runview_cell(v, host, step);

	return cell && cell->state == CELL_WOULD && !(v->steps[step].flags & STEP_ALWAYS);
}

size_t plan_would_count(const struct runview *v, size_t host)
{
	size_t n = 0;

	for (size_t i = 0; i < v->step_count; i++)
		n += would(v, host, i);
	return n;
}

/* The i-th step that would be done on a host; step_count when there is none. */
size_t plan_would_at(const struct runview *v, size_t host, size_t i)
{
	size_t step = 0;

	for (; step < v->step_count; step++)
		if (would(v, host, step) && i-- == 0)
			break;
	return step;
}

bool plan_now(const struct wizard *w, const struct plan_aim *aim)
{
	return page_document_is(w, w->plan_text) && w->plan_purpose == aim->purpose &&
	       strcmp(w->plan_host, aim->host) == 0 &&
	       strcmp(w->plan_what ? w->plan_what : "", aim->what ? aim->what : "") == 0;
}

struct plan_sum plan_sum_of(const struct wizard *w, const struct plan_aim *aim)
{
	struct plan_sum sum = { 0, 0, 0 };
	bool now = plan_now(w, aim);

	for (size_t i = 0; now && i < w->plan.host_count; i++) {
		size_t n = plan_would_count(&w->plan, i);

		sum.steps += n;
		sum.hosts += n > 0;
		sum.aside += w->plan.hosts[i].aside;
	}
	return sum;
}

void plan_step_text(const struct runview *v, size_t host, size_t step, struct str *out)
{
	const char *text = runview_text(v, host, step);
	size_t lines = runview_lines(v, host, step);

	str_addf(out, "%s\n", v->steps[step].title);
	if (text && *text)
		str_addf(out, "  %s\n", text);
	for (size_t i = 0; i < lines; i++)
		str_addf(out, "    %s\n", runview_line(v, host, step, i));
	if (runview_lost(v, host, step))
		str_addf(out, "    (%zu earlier lines are not kept)\n", runview_lost(v, host, step));
	str_addc(out, '\n');
}

static void head_text(const struct wizard *w, const struct plan_aim *aim, enum style *style, struct str *out)
{
	struct plan_sum sum = plan_sum_of(w, aim);

	*style = STYLE_RUNNING;
	if (wizard_running(w)) {
		str_add(out, w->purpose == aim->purpose ? "Making the plan. Nothing is changed"
							: "Waiting for the current task");
		if (page_key_questions(w))
			str_add(out, ". New host keys wait to be confirmed: c shows them");
		return;
	}
	*style = STYLE_WARNING;
	if (!plan_now(w, aim)) {
		str_add(out, w->plan_text && !page_document_is(w, w->plan_text)
				     ? "The inventory changed after this plan: c plans again"
				     : "No plan yet: c plans");
		return;
	}
	*style = STYLE_HEADING;
	if (sum.steps && w->plan_barred.kind) {
		*style = STYLE_FAIL;
		str_addf(out, "%s: a shows why", w->plan_barred.what);
	} else if (sum.steps) {
		page_count(out, sum.steps, "step on ", "steps on ");
		page_count(out, sum.hosts, "host", "hosts");
		str_addf(out, ". a starts the %s%s%s", purpose_kind(aim->purpose)->noun, *aim->host ? " of " : "",
			aim->host);
	} else {
		str_add(out, sum.aside ? "Nothing to do on the hosts that were reached" : "Nothing to do: ");
		str_add(out, sum.aside ? "" : purpose_kind(aim->purpose)->idle);
	}
}

void plan_draw_head(const struct wizard *w, const struct plan_aim *aim, struct canvas *c)
{
	struct plan_sum sum = plan_sum_of(w, aim);
	struct str text = STR_INIT;
	enum style style;

	head_text(w, aim, &style, &text);
	canvas_text(c, 0, 0, c->width, style, text.buf);
	str_clear(&text);
	if (!wizard_running(w) && plan_now(w, aim) && w->summary_valid && w->purpose == aim->purpose) {
		if (w->summary.version && *w->summary.version)
			str_addf(&text, "Kubernetes %s", w->summary.version);
		if (w->summary.endpoint && *w->summary.endpoint)
			str_addf(&text, "%sAPI at %s", text.len ? ", " : "", w->summary.endpoint);
	}
	if (sum.aside) {
		str_add(&text, text.len ? "; " : "");
		page_count(&text, sum.aside, "host is left out", "hosts are left out");
	}
	canvas_text(c, 1, 0, c->width, sum.aside ? STYLE_WARNING : STYLE_DIM, text.buf);
	str_release(&text);
}
