/* How one moves in the table of hosts and steps, and in the log below it. */
#include "tui/matrix.h"

#include <string.h>

#define LOG_PAGE 10

void matrix_init(struct matrix *m)
{
	memset(m, 0, sizeof(*m));
	m->step = SIZE_MAX;
	search_init(&m->search);
}

void matrix_release(struct matrix *m)
{
	search_release(&m->search);
}

size_t matrix_host(const struct matrix *m, const struct runview *v)
{
	return m->hosts.selected < v->host_count ? m->hosts.selected : v->host_count ? 0 : SIZE_MAX;
}

size_t matrix_step(const struct matrix *m, const struct runview *v)
{
	size_t host = matrix_host(m, v);

	if (host == SIZE_MAX)
		return SIZE_MAX;
	return m->step < v->step_count ? m->step : runview_current(v, host);
}

size_t matrix_next_failed(const struct matrix *m, const struct runview *v)
{
	for (size_t i = 1; i <= v->host_count; i++) {
		size_t h = (m->hosts.selected + i) % v->host_count;

		if (v->hosts[h].aside)
			return h;
	}
	return v->host_count;
}

static void select_host(struct matrix *m, size_t h)
{
	m->hosts.selected = h;
	m->back = false;
}

/* Beyond either end the host's own step is followed again. */
static void select_step(struct matrix *m, const struct runview *v, int by)
{
	size_t at = matrix_step(m, v);

	m->back = false;
	if (at == SIZE_MAX)
		m->step = v->step_count ? (by > 0 ? 0 : v->step_count - 1) : SIZE_MAX;
	else if ((by < 0 && at == 0) || (by > 0 && at + 1 >= v->step_count))
		m->step = SIZE_MAX;
	else
		m->step = by > 0 ? at + 1 : at - 1;
}

static void scroll(struct matrix *m, const struct runview *v, int by)
{
	size_t host = matrix_host(m, v), step = matrix_step(m, v);
	size_t lost = runview_lost(v, host, step), end = lost + runview_lines(v, host, step);
	size_t at = m->back ? m->bottom : end, least = lost + LOG_PAGE;

	if (by < 0)
		at = at > least + LOG_PAGE ? at - LOG_PAGE : least;
	else
		at += LOG_PAGE;
	m->back = at < end;
	m->bottom = at;
}

static const char *host_name(size_t i, void *view)
{
	return (*(const struct runview *const *)view)->hosts[i].name;
}

static bool search(struct matrix *m, const struct runview *v, int key)
{
	size_t found;
	int again = 0;

	if (!search_key(&m->search, key, &again))
		return false;
	if (again) {
		found = search_next(&m->search, v->host_count, m->hosts.selected, again, host_name, &v);
		if (found < v->host_count)
			select_host(m, found);
	}
	return true;
}

bool matrix_key(struct matrix *m, const struct runview *v, int key)
{
	size_t failed;

	list_resize(&m->hosts, v->host_count);
	if (search(m, v, key))
		return true;
	switch (key) {
	case K_LEFT:
	case K_BACK_TAB: select_step(m, v, -1); return true;
	case K_RIGHT:
	case K_TAB: select_step(m, v, 1); return true;
	case K_PAGE_UP: scroll(m, v, -1); return true;
	case K_PAGE_DOWN: scroll(m, v, 1); return true;
	case K_END:
		/* once for the log's end, once more for the step that the host is at */
		m->step = m->back ? m->step : SIZE_MAX;
		m->back = false;
		return true;
	case 'f':
		failed = matrix_next_failed(m, v);
		if (failed < v->host_count) {
			select_host(m, failed);
			m->step = SIZE_MAX;
		}
		return true;
	case K_UP:
	case K_DOWN:
	case 'j':
	case 'k':
	case 'g':
	case 'G': m->back = false; return list_key(&m->hosts, key);
	default: return false;
	}
}
