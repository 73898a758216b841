/* What a log's end says about why its program ended. Go prints the stacks of all its goroutines last: they mean something to a developer, and nothing to an operator. */
#include "cluster/health_private.h"

#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LINE 512

/* "2026-11-28T18:00:00.123456789Z stderr F " is the container runtime's own. */
static const char *without_stream(const char *line)
{
	const char *p = strstr(line, " stderr F ");

	p = p ? p : strstr(line, " stdout F ");
	return p && isdigit((unsigned char)*line) && !memchr(line, ' ', (size_t)(p - line)) ? p + strlen(" stderr F ")
											    : line;
}

/* The severity of a line "E1128 18:00:00.123456 4711 server.go:269] text", else '\0'. */
static char klog_level(const char *line)
{
	if (!strchr("IWEF", line[0]) || !line[0])
		return '\0';
	for (int i = 1; i <= 4; i++)
		if (!isdigit((unsigned char)line[i]))
			return '\0';
	return line[5] == ' ' && strstr(line, "] ") ? line[0] : '\0';
}

static bool stack_frame(const char *line)
{
	size_t n = strlen(line);
	const char *open = strchr(line, '(');

	return line[0] == '\t' || str_starts(line, "goroutine ") || str_starts(line, "created by ") ||
	       (strstr(line, ".go:") && strstr(line, " +0x")) ||
	       /* "main.main()", "k8s.io/kubernetes/cmd.(*x).Run(0xc000, 0x1)" */
	       (open && n && line[n - 1] == ')' && !memchr(line, ' ', (size_t)(open - line)) &&
		       strchr(line, '.') < open);
}

/* How much a line says: 0 nothing, 1 something, 2 an error, 3 why the program ended. */
static int weight(const char *line)
{
	char level = klog_level(line);

	/* what systemd says of a unit's end is known already */
	if (!line[strspn(line, " \t\r")] || stack_frame(line) || strstr(line, ".service"))
		return 0;
	if (level == 'F' || str_starts(line, "panic:") || strcasestr(line, "level=fatal") ||
		strcasestr(line, "\"fatal\"") || str_starts(line, "fatal error:"))
		return 3;
	return level == 'E' || (level != 'I' && (strcasestr(line, "error") || strcasestr(line, "failed"))) ? 2 : 1;
}

static const char *message(const char *line)
{
	return klog_level(line) ? strstr(line, "] ") + 2 : line;
}

void health_last_words(const char *text, char *out, size_t size)
{
	int best = 0;

	out[0] = '\0';
	while (*text) {
		size_t n = strcspn(text, "\n");
		char line[LINE];
		const char *said = line;
		int w;

		snprintf(line, sizeof(line), "%.*s", (int)(n < LINE ? n : LINE - 1), text);
		said = without_stream(line);
		w = weight(said);
		if (w && w >= best) {
			best = w;
			snprintf(out, size, "%s", message(said));
		}
		text += n + (text[n] == '\n');
	}
}
