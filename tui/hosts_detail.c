/* What is known of one host: as a line of the table, and all of it below. */
#include "tui/pages.h"

#include <stdio.h>
#include <string.h>

static const struct runview_host *live_host(const struct wizard *w, const char *name, size_t *index)
{
	for (size_t i = 0; page_checking(w) && i < w->view.host_count; i++)
		if (strcmp(w->view.hosts[i].name, name) == 0) {
			*index = i;
			return &w->view.hosts[i];
		}
	return NULL;
}

static enum symbol live_state(
	const struct wizard *w, const struct runview_host *h, size_t index, enum style *style, struct str *out)
{
	size_t step = runview_current(&w->view, index);

	if (h->aside) {
		*style = STYLE_FAIL;
		str_add(out, h->error.what);
		return SYMBOL_FAIL;
	}
	*style = STYLE_RUNNING;
	for (size_t i = 0; i < w->view.question_count; i++)
		if (w->view.questions[i].host == (int)index) {
			*style = STYLE_WARNING;
			str_add(out, "waits for your answer");
			return SYMBOL_WARNING;
		}
	if (step < w->view.step_count)
		str_add(out, w->view.steps[step].title);
	else
		str_add(out, *h->state ? h->state : "waits");
	return *h->state || step < w->view.step_count ? SYMBOL_RUNNING : SYMBOL_WAITING;
}

enum symbol hosts_state(const struct wizard *w, const char *name, enum style *style, struct str *out)
{
	const struct seen_host *seen;
	size_t index = 0;
	const struct runview_host *live = live_host(w, name, &index);

	if (live)
		return live_state(w, live, index, style, out);
	seen = *name ? wizard_seen(w, name) : NULL;
	if (seen && seen->facts.probed) {
		*style = seen->connected ? STYLE_OK : STYLE_WARNING;
		str_addf(out, "looked at%s%s", page_seen_now(w) ? "" : " before a change",
			seen->connected ? "" : ", connection lost");
		return seen->connected ? SYMBOL_OK : SYMBOL_WARNING;
	}
	if (seen && seen->error.kind != ERROR_NONE) {
		*style = STYLE_FAIL;
		str_add(out, seen->error.what);
		return SYMBOL_FAIL;
	}
	*style = STYLE_DIM;
	str_add(out, "not looked at yet");
	return SYMBOL_WAITING;
}

static int line(struct canvas *c, int y, int bottom, const char *label, const char *value)
{
	if (y >= bottom || !*value)
		return y;
	canvas_text(c, y, 0, 10, STYLE_LABEL, label);
	return page_text(c, y, 10, bottom, STYLE_NORMAL, value);
}

static int draw_facts(const struct port_host *f, struct canvas *c, int y, int bottom)
{
	y = line(c, y, bottom, "System", f->os);
	y = line(c, y, bottom, "CPU", f->cpu);
	y = line(c, y, bottom, "Memory", f->memory);
	y = line(c, y, bottom, "Disks", f->disk);
	y = line(c, y, bottom, "Network", f->nics);
	y = line(c, y, bottom, "GPUs", f->gpus);
	return line(c, y, bottom, "Machine", f->kind);
}

static int draw_error(const struct error *e, struct canvas *c, int y, int bottom)
{
	y = page_text(c, y, 0, bottom, STYLE_FAIL, e->what);
	y = line(c, y, bottom, "To do", e->hint);
	return page_text(c, y, 0, bottom, STYLE_DIM, e->detail);
}

void hosts_draw_detail(const struct wizard *w, const struct hosts_row *row, struct canvas *c, int y, int bottom)
{
	const struct seen_host *seen = *row->name ? wizard_seen(w, row->name) : NULL;
	size_t index = 0;
	const struct runview_host *live = live_host(w, row->name, &index);
	enum style style = STYLE_NORMAL;
	struct str state = STR_INIT;

	if (y >= bottom)
		return;
	hosts_state(w, row->name, &style, &state);
	canvas_textf(c, y, 0, c->width, STYLE_HEADING, "%s  %s  %s", *row->name ? row->name : "(no name)", row->address,
		row->control_plane ? "control plane" : "worker");
	y++;
	if (live && live->aside)
		draw_error(&live->error, c, y, bottom);
	else if (!live && seen && seen->error.kind != ERROR_NONE && !seen->facts.probed)
		draw_error(&seen->error, c, y, bottom);
	else if (seen && seen->facts.probed)
		draw_facts(&seen->facts, c, y, bottom);
	else
		page_text(c, y, 0, bottom, style, state.buf);
	str_release(&state);
}

/* ---- a line of the table ---------------------------------------------------------------------------------------------- */

void hosts_draw_head(struct canvas *c, int y)
{
	static const struct {
		const char *text;
		int width, min;
	} columns[] = { { "Name", 16, 1 }, { "Role", 13, 4 }, { "Address", 15, 7 }, { "State", 28, 8 },
		{ "System", 20, 20 }, { "CPU", 24, 24 }, { "Memory", 8, 8 }, { "Disks", 18, 18 }, { "Network", 18, 18 },
		{ "GPUs", 14, 14 }, { "Machine", 12, 12 } };
	int x = 2;

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (!page_cell(c, y, &x, columns[i].width, columns[i].min, STYLE_HEADING, columns[i].text))
			return;
}

void hosts_draw_row(const struct wizard *w, const struct hosts_row *row, struct canvas *c, int y, bool here)
{
	static const struct port_host nothing;
	const struct seen_host *seen = *row->name ? wizard_seen(w, row->name) : NULL;
	const struct port_host *f = seen ? &seen->facts : &nothing;
	const struct {
		const char *text;
		int width;
	} wide[] = { { f->os, 20 }, { f->cpu, 24 }, { f->memory, 8 }, { f->disk, 18 }, { f->nics, 18 }, { f->gpus, 14 },
		{ f->kind, 12 } };
	enum style style = STYLE_NORMAL;
	struct str state = STR_INIT;
	enum symbol symbol = hosts_state(w, row->name, &style, &state);
	int x = 2;

	page_cell(c, y, &x, 16, 1, STYLE_NORMAL, *row->name ? row->name : "(no name)");
	page_cell(c, y, &x, 13, 4, STYLE_NORMAL, row->control_plane ? "control plane" : "worker");
	page_cell(c, y, &x, 15, 7, STYLE_NORMAL, row->address);
	if (c->width - x >= 8) {
		canvas_symbol(c, y, x, style, symbol);
		x += 2;
		page_cell(c, y, &x, 26, 6, style, state.buf);
	}
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (!page_cell(c, y, &x, wide[i].width, wide[i].width, STYLE_NORMAL, wide[i].text))
			break;
	str_release(&state);
	page_pointer(c, y, c->width, here);
}
