/* What libyaml cannot read, in an operator's words. Its own texts are those of 0.2.5. */
#include "inventory/private.h"

#include <string.h>
#include <yaml.h>

struct words {
	const char *problem, *context; /* parts of libyaml's texts; NULL: any */
	bool at_context;               /* the mistake is where the context began */
	const char *text;              /* %d: the context's line, when there is one */
};

static const struct words table[] = {
	{ "tab character", NULL, false, "a tab is used for indentation: YAML allows only spaces" },
	{ "found unexpected end of stream", "quoted scalar", true, "the quote opened here is not closed" },
	{ "found unexpected document indicator", "quoted scalar", true, "the quote opened here is not closed" },
	{ "expected ',' or ']'", NULL, true,
		"the '[' opened here is not closed by ']', or a ',' is missing between two values" },
	{ "expected ',' or '}'", NULL, true,
		"the '{' opened here is not closed by '}', or a ',' is missing between two pairs" },
	{ "did not find expected key", "block mapping", false,
		"a 'key: value' was expected here: check the indentation, and quote a value that has quotes in its middle" },
	{ "did not find expected '-'", NULL, false,
		"a '- ' was expected here: all members of a list start in the same column" },
	{ "could not find expected ':'", NULL, true,
		"this line has no ': ' after its key, or its value continues below" },
	{ "block sequence entries are not allowed", NULL, false,
		"'- ' cannot follow 'key:' on the same line: start the list on the next line" },
	{ "unknown escape", NULL, false, "unknown escape after '\\': inside \"…\" write '\\\\', or use '…'" },
	{ "alphabetic or numeric", NULL, false, "a value that starts with '*' or '&' must be quoted" },
	{ "expected <document start>", NULL, false, "this does not belong to the lines above: check the indentation" },
	{ "undefined tag handle", NULL, false, "tags ('!…') are not supported: quote a value that starts with '!'" },
	{ "expected node content", NULL, false, "a value is missing here" },
	{ "mapping keys are not allowed", NULL, false, "'? ' is not allowed here: quote a value that starts with '?'" },
	{ "", "scanning a tag", false, "tags ('!…') are not supported: quote a value that starts with '!'" },
	{ "indentation indicator", NULL, false, "digits after '|' or '>' must be 1 to 9" },
	{ "expected comment or line break", NULL, false,
		"nothing may follow '|' or '>' on the same line: the text starts on the next line" },
};

/* Bytes up to a mark; a mark counts characters. */
static size_t offset_of(const char *text, size_t len, size_t index)
{
	size_t i = 0;

	while (i < len && index > 0) {
		do
			i++;
		while (i < len && (text[i] & 0xc0) == 0x80);
		index--;
	}
	return i;
}

static const char *token_text(const char *text, size_t len, size_t at, char *buf, size_t size)
{
	char c = at < len ? text[at] : ' ';

	if (c == '\t')
		return "a tab is used for indentation: YAML allows only spaces";
	snprintf(buf, size, "a value cannot start with '%c': put it in quotes", c >= ' ' && c < 127 ? c : '?');
	return buf;
}

static size_t line_start(const char *text, size_t at)
{
	while (at > 0 && text[at - 1] != '\n' && text[at - 1] != '\r')
		at--;
	return at;
}

/* "a: b: c", a line that is indented too deep, and one below "a:b" get the same complaint from libyaml. */
static const char *mapping_text(const char *text, size_t at)
{
	size_t start = line_start(text, at), above = start, i;

	for (i = start; i + 1 < at; i++)
		if (text[i] == ':' && text[i + 1] == ' ')
			return "a second ': ' on this line: put the value in quotes if it is part of the value";
	do
		above = above ? line_start(text, above - 1) : 0;
	while (above && strchr("#\r\n", text[above + strspn(text + above, " ")]));
	/* both start with at most that many blanks: a parser's mark lies behind them */
	if (strspn(text + start, " ") <= strspn(text + above, " "))
		return "the line above is not a 'key: value': it needs a blank after its ':'";
	return "this line is indented deeper than the one above, which already has a value";
}

/* Errors in bytes have no mark, only an offset. */
static void reader_error(
	struct inventory_load *l, struct inventory_node *at, const yaml_parser_t *parser, const char *text, size_t len)
{
	size_t left = parser->problem_offset < len ? parser->problem_offset : len, step = 0;
	const char *p = text, *end = text + left;
	bool control = strstr(parser->problem, "control characters") != NULL;

	if (!at->origin) {
		for (;;) {
			size_t n = inventory_line(p, (size_t)(text + len - p), &step);

			at->line++;
			if (p + n >= end || !step || p + step > end)
				break;
			p += step;
		}
		for (at->column = 1; p < end; p++)
			at->column += (*p & 0xc0) != 0x80;
	}
	if (control)
		inventory_complain(l, at, "control character (0x%02x) here", (unsigned)parser->problem_value);
	else
		inventory_complain(l, at, "this is not UTF-8 text");
}

void inventory_syntax(
	struct inventory_load *l, const yaml_parser_t *parser, const char *text, size_t len, const char *origin)
{
	struct inventory_node *at = inventory_node_new(l, INVENTORY_KIND_BAD, origin);
	const char *problem = parser->problem ? parser->problem : "cannot be read",
		   *context = parser->context ? parser->context : "";
	yaml_mark_t mark = parser->problem_mark;
	const char *shown = problem;
	char buf[64];

	if (parser->error == YAML_READER_ERROR) {
		reader_error(l, at, parser, text, len);
		return;
	}
	if (strstr(problem, "cannot start any token")) {
		shown = token_text(text, len, offset_of(text, len, mark.index), buf, sizeof(buf));
	} else if (strstr(problem, "mapping values are not allowed")) {
		shown = mapping_text(text, offset_of(text, len, mark.index));
	} else {
		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
			if (strstr(problem, table[i].problem) &&
				(!table[i].context || strstr(context, table[i].context))) {
				shown = table[i].text;
				mark = table[i].at_context && parser->context ? parser->context_mark : mark;
				break;
			}
	}
	if (!origin) {
		at->line = (int)mark.line + 1;
		at->column = (int)mark.column + 1;
	}
	inventory_complain(l, at, "%s", shown);
}
