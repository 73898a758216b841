/* A cluster that runs already: which control plane to ask, how to log in there, and the file for its inventory. */
#include "tui/adopt.h"

#include "base/alloc.h"
#include "base/file.h"
#include "tui/start.h"
#include "tui/widgets.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum field {
	FIELD_HOST,
	FIELD_USER,
	FIELD_PORT,
	FIELD_KEY,
	FIELD_PASSWORD,
	FIELD_SUDO,
	FIELD_CLUSTER,
	FIELD_FILE,
	FIELDS
};
static const struct {
	const char *key, *label, *none, *help;
} fields[FIELDS] = {
	[FIELD_HOST] = { "host", "Control plane", "to be filled in",
		"Name or IPv4 address of one control plane of the cluster. The other hosts are learned from it." },
	[FIELD_USER] = { "ssh.user", "User", "root",
		"The user to log in as, on all of the hosts; root's rights come from sudo." },
	[FIELD_PORT] = { "ssh.port", "Port", "22", "TCP port of sshd, on all of the hosts." },
	[FIELD_KEY] = { "ssh.key", "Private key", "the agent's, and the usual files in ~/.ssh",
		"Path of a private key file, or of the .pub file of a key that the agent has." },
	[FIELD_PASSWORD] = { "ssh.password", "Password", "none",
		"Password of the login: ask, none or env:NAME. It is not written into a file." },
	[FIELD_SUDO] = { "ssh.sudo", "sudo password", "none",
		"Password for sudo: ask, none (sudo needs none) or env:NAME. It is not written into a file." },
	[FIELD_CLUSTER] = { "cluster", "Name", "the one that the cluster has",
		"Name of the cluster here, in lower-case letters, digits and '-': in kubeconfigs and in the path of its keys. Many clusters call themselves kubernetes." },
	[FIELD_FILE] = { "out", "Inventory", "to be filled in",
		"The new file that the inventory is written to. One that is there is never overwritten." },
};

struct adopt_page {
	struct screen screen;
	struct list list;
	char *values[FIELDS]; /* "": not given */
	char complaint[640];
};

static struct adopt_page *of(struct screen *s)
{
	return (struct adopt_page *)s;
}

static void set(struct adopt_page *p, size_t i, char *value)
{
	free(p->values[i]);
	p->values[i] = value;
}

/* ---- what may be typed ------------------------------------------------------------------------------------------------ */

/* A value of the inventory is right when an inventory may have it. */
static bool is_right(const char *key, const char *value, struct error *err)
{
	struct document *d = document_parse("-", "cluster: x\n", err);
	int rc = d ? document_check(d, key, value, err) : -1;

	document_free(d);
	return rc == 0;
}

static const char *wrong(struct adopt_page *p, size_t i, const char *text)
{
	struct error err = { 0 };

	if (i == FIELD_HOST)
		return *text && !strpbrk(text, " \t@/") ? NULL : "a host name or an IPv4 address";
	if (i == FIELD_FILE && !*text)
		return "the path of a file";
	if (i == FIELD_FILE && access(text, F_OK) == 0)
		return "this file exists, and is never overwritten; name another one";
	if (i == FIELD_FILE || !*text || is_right(fields[i].key, text, &err))
		return NULL;
	snprintf(p->complaint, sizeof(p->complaint), "%s", err.what);
	return p->complaint;
}

static const char *take(struct screen *screen, const char *text, void *ctx)
{
	struct adopt_page *p = of(screen);
	size_t i = p->list.selected;
	char *value = i == FIELD_FILE ? file_expand(text, NULL) : xstrdup(text);
	const char *complaint = wrong(p, i, value);

	(void)ctx;
	if (complaint) {
		free(value);
		return complaint;
	}
	set(p, i, value);
	if (p->list.selected + 1 < FIELDS)
		p->list.selected++;
	return NULL;
}

/* In this folder, beside the inventory that may be there already. */
static char *free_file(void)
{
	char folder[PATH_MAX] = ".", *path;

	if (!getcwd(folder, sizeof(folder)))
		snprintf(folder, sizeof(folder), ".");
	path = xasprintf("%s/" START_FILE, folder);
	for (unsigned n = 1; access(path, F_OK) == 0 && n < 100; n++) {
		free(path);
		path = xasprintf("%s/adopted-%u.yaml", folder, n);
	}
	return path;
}

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

static void edit(struct screen *screen)
{
	const struct adopt_page *p = of(screen);
	size_t i = p->list.selected;

	app_push(screen->app,
		screen_input(fields[i].label, fields[i].help, p->values[i], NULL, false, take, screen, NULL));
}

static void empty(struct screen *screen)
{
	set(of(screen), of(screen)->list.selected, xstrdup(""));
}

static void what_of(const struct adopt_page *p, struct str *out)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (*p->values[i])
			str_addf(out, "%s=%s\n", fields[i].key, p->values[i]);
}

static void command_of(const struct adopt_page *p, struct str *out)
{
	str_add(out, "kubewright adopt ");
	str_add_quoted(out, *p->values[FIELD_HOST] ? p->values[FIELD_HOST] : "HOST");
	for (size_t i = FIELD_USER; i <= FIELD_SUDO; i++) {
		char *value = xasprintf("%s=%s", fields[i].key, p->values[i]);

		if (*p->values[i]) {
			str_add(out, " --set ");
			str_add_quoted(out, value);
		}
		free(value);
	}
	if (*p->values[FIELD_CLUSTER]) {
		str_add(out, " --cluster ");
		str_add_quoted(out, p->values[FIELD_CLUSTER]);
	}
	str_add(out, " \\\n        --out ");
	str_add_quoted(out, p->values[FIELD_FILE]);
}

static void look(struct screen *screen)
{
	struct adopt_page *p = of(screen);
	struct str what = STR_INIT, command = STR_INIT;

	for (size_t i = 0; i < FIELDS; i++) {
		const char *complaint = wrong(p, i, p->values[i]);

		if (!complaint)
			continue;
		p->list.selected = i;
		app_say(screen->app, STYLE_WARNING, "%s: %s", fields[i].label, complaint);
		return;
	}
	what_of(p, &what);
	command_of(p, &command);
	app_push(screen->app, screen_adopted(what.buf, command.buf));
	str_release(&what);
	str_release(&command);
}

static void equivalent(struct screen *screen)
{
	struct str text = STR_INIT;

	str_add(&text, "The command line that does the same as this page:\n\n    ");
	command_of(of(screen), &text);
	str_addc(&text, '\n');
	app_push(screen->app, screen_reader("The same as a command", text.buf));
	str_release(&text);
}

static bool on_given(const struct screen *screen)
{
	const struct adopt_page *p = (const struct adopt_page *)screen;

	return *p->values[p->list.selected] != '\0';
}

/* ---- the screen ------------------------------------------------------------------------------------------------------- */

#define AT_VALUE 18

static void draw(const struct screen *screen, struct canvas *c)
{
	const struct adopt_page *p = (const struct adopt_page *)screen;
	int y = page_text(c, 0, 0, c->height, STYLE_NORMAL,
		"The cluster was made with kubeadm, by hand or by another tool. One of its control planes is asked, then all of its hosts. Nothing is changed on them.");

	y++;
	for (size_t i = 0; i < FIELDS && y < c->height; i++, y++) {
		bool given = *p->values[i] != '\0';

		canvas_text(c, y, 2, AT_VALUE - 3, STYLE_NORMAL, fields[i].label);
		canvas_text(c, y, AT_VALUE, c->width - AT_VALUE, given ? STYLE_NORMAL : STYLE_DIM,
			given ? p->values[i] : fields[i].none);
		page_pointer(c, y, c->width, i == p->list.selected);
	}
	canvas_hline(c, y++, 0, c->width, STYLE_BORDER);
	page_text(c, y, 0, c->height, STYLE_NORMAL, fields[p->list.selected].help);
}

static bool key(struct screen *screen, int k)
{
	return list_key(&of(screen)->list, k);
}

static void release(struct screen *screen)
{
	for (size_t i = 0; i < FIELDS; i++)
		free(of(screen)->values[i]);
	free(screen);
}

static const struct binding bindings[] = {
	{ K_ENTER, "Edit", "Asks for the value of the selected line.", edit, NULL },
	{ K_DELETE, "Clear", "Empties the selected line: what is shown dimmed applies.", empty, on_given },
	{ 'a', "Look", "Looks at the cluster, and shows what it is and what is in the way. Changes nothing.", look,
		NULL },
	{ K_F10, NULL, "Looks at the cluster.", look, NULL },
	{ 'e', "Command", "Shows the command that does the same.", equivalent, NULL },
	{ K_ESCAPE, "Back", "Goes back.", page_back, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Take over",
	.about =
		"Takes over a cluster that runs already and was made with kubeadm without kubewright: its hosts are looked at, and an inventory is written that describes it. Nothing is changed on any host.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.free = release,
};

struct screen *screen_adopt(void)
{
	struct adopt_page *p = xcalloc(1, sizeof(*p));

	p->screen.ops = &ops;
	for (size_t i = 0; i < FIELDS; i++)
		p->values[i] = i == FIELD_FILE ? free_file() : xstrdup("");
	list_resize(&p->list, FIELDS);
	return &p->screen;
}
