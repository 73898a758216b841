/* Flags of the control plane's components and settings of kubelets, as they count, beside what the benchmark wants. */
#include "cluster/benchmark_private.h"

#include "base/json.h"
#include "base/str.h"
#include "cluster/values.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a value as much is shown. */
#define SHOWN 60

/* ---- values ----------------------------------------------------------------------------------------------------------- */

/* As Go reads a boolean; else the word itself. */
static const char *plain(const char *word)
{
	static const char *const no[] = { "0", "f", "F", "FALSE", "False" }, *const yes[] = { "1", "t", "T", "TRUE",
		"True", "" };

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (strcmp(word, no[i]) == 0)
			return "false";
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (strcmp(word, yes[i]) == 0)
			return "true";
	return word;
}

static bool is_bool(const char *word)
{
	return strcmp(word, "true") == 0 || strcmp(word, "false") == 0;
}

static bool same(const char *value, const char *wanted)
{
	return strcmp(value, wanted) == 0 || (is_bool(wanted) && strcmp(plain(value), wanted) == 0);
}

/* "Gate=0" is "Gate=false". */
static bool same_word(const char *word, const char *wanted)
{
	const char *a = strchr(word, '='), *b = strchr(wanted, '=');

	if (!a || !b)
		return strcmp(word, wanted) == 0;
	return a - word == b - wanted && strncmp(word, wanted, (size_t)(a - word)) == 0 && same(a + 1, b + 1);
}

/* How many words of a list with commas are, or are not, among those of another one. */
static size_t words(const char *list, const char *among, bool in)
{
	size_t count = 0;

	for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',') {
		bool found = false;
		char word[128], other[128];

		p += strspn(p, " ");
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(p, ", "), p);
		for (const char *q = among; *word && *q && !found; q += strcspn(q, ","), q += *q == ',') {
			snprintf(other, sizeof(other), "%.*s", (int)strcspn(q, ","), q);
			found = same_word(word, other);
		}
		count += *word && found == in;
	}
	return count;
}

/* "300", "-1", "1m30s", in seconds then. */
static bool number(const char *text, double *out)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = { { "h", 3600 }, { "ms", 0.001 }, { "m", 60 }, { "s", 1 } };
	char *end;

	*out = 0;
	if (*text != '-' && !isdigit((unsigned char)*text))
		return false;
	for (const char *p = text; *p; p = end) {
		double n = strtod(p, &end);
		size_t u = 0;

		if (end == p || end - text > 40)
			return false;
		if (!*end && p == text)
			return *out = n, true;
		while (u < sizeof(units) / sizeof(units[0]) && !str_starts(end, units[u].unit))
			u++;
		if (u == sizeof(units) / sizeof(units[0]))
			return false;
		*out += n * units[u].seconds;
		end += strlen(units[u].unit);
	}
	return true;
}

static enum benchmark_answer compare(enum benchmark_op op, const char *value, const char *wanted)
{
	double a, b;

	if (!number(value, &a) || !number(wanted, &b))
		return BENCHMARK_UNSEEN;
	return (op == OP_AT_LEAST ? a >= b : op == OP_AT_MOST ? a <= b : a > b) ? BENCHMARK_YES : BENCHMARK_NO;
}

/* value: NULL: nothing counts. */
static enum benchmark_answer judge(const struct benchmark_rule *rule, const char *value)
{
	bool yes = false;

	if (!value)
		return rule->op == OP_UNSET || rule->op == OP_LACKS || rule->op == OP_NOT ? BENCHMARK_YES
											  : BENCHMARK_NO;
	switch (rule->op) {
	case OP_IS: yes = same(value, rule->value); break;
	case OP_NOT: yes = !same(value, rule->value); break;
	case OP_SET: yes = *value; break;
	case OP_UNSET: break;
	case OP_HAS: yes = words(value, rule->value, true) > 0; break;
	case OP_LACKS: yes = words(value, rule->value, true) == 0; break;
	case OP_ONLY: yes = words(value, rule->value, true) > 0 && words(value, rule->value, false) == 0; break;
	case OP_AT_LEAST:
	case OP_AT_MOST:
	case OP_ABOVE: return compare(rule->op, value, rule->value);
	}
	return yes ? BENCHMARK_YES : BENCHMARK_NO;
}

static void show(struct str *seen, const char *name, const char *value, const char *built_in)
{
	if (value)
		str_addf(seen, "%s is %.*s%s", name, SHOWN, *value ? value : "given", strlen(value) > SHOWN ? "…" : "");
	else if (built_in)
		str_addf(seen, "%s is not set, and %s is built in", name, *built_in ? built_in : "nothing");
	else
		str_addf(seen, "%s is not set", name);
}

/* ---- flags of the control plane ---------------------------------------------------------------------------------------- */

static const struct json *container_of(const struct benchmark_host *h, const char *component)
{
	char file[96];

	snprintf(file, sizeof(file), "%s.yaml", component);
	return json_get(json_member(h->said.manifests, file), "spec.containers.0");
}

/* Whether its manifest says how it is started: by itself, not by a shell whose words nobody reads. */
static bool readable(const struct benchmark_host *h, const char *component, struct str *seen)
{
	const char *command = json_text(json_get(container_of(h, component), "command.0")), *slash;

	if (!command) {
		str_addf(seen, "the manifest of %s is not there, or cannot be read", component);
		return false;
	}
	slash = strrchr(command, '/');
	if (strcmp(slash ? slash + 1 : command, component) == 0)
		return true;
	str_addf(seen, "the manifest of %s starts another program", component);
	return false;
}

/* etcd takes a flag that it is not given from a variable. */
static const char *from_variable(const struct benchmark_host *h, const char *component, const char *flag)
{
	const struct json *list = json_get(container_of(h, component), "env");
	const char *value = NULL;
	char name[80] = "ETCD_";
	size_t n = strlen(name);

	for (; *flag && n + 1 < sizeof(name); flag++)
		name[n++] = *flag == '-' ? '_' : (char)toupper((unsigned char)*flag);
	name[n] = '\0';
	for (size_t i = 0; i < json_size(list); i++)
		if (strcmp(json_get_str(json_at(list, i), "name", ""), name) == 0)
			value = json_get_str(json_at(list, i), "value", "");
	return value;
}

static const char *value_of(const struct benchmark_host *h, const char *component, const char *flag)
{
	const char *value = adopt_flag(&h->said, component, flag);

	return value || strcmp(component, "etcd") != 0 ? value : from_variable(h, component, flag);
}

enum benchmark_answer benchmark_flag(
	const struct benchmark_rule *rule, const struct benchmark_host *h, struct str *seen)
{
	enum benchmark_answer all = BENCHMARK_YES, one;
	const char *value;
	char name[64];

	if (!readable(h, rule->where, seen))
		return BENCHMARK_UNSEEN;
	if (rule->elsewhere && value_of(h, rule->where, rule->elsewhere)) {
		str_addf(seen, "it is in the file that --%s names", rule->elsewhere);
		return BENCHMARK_UNSEEN;
	}
	for (const char *p = rule->name; *p; p += strcspn(p, ","), p += *p == ',') {
		snprintf(name, sizeof(name), "--%.*s", (int)strcspn(p, ","), p);
		value = value_of(h, rule->where, name + 2);
		if (seen->len)
			str_add(seen, ", ");
		show(seen, name, value, rule->built_in);
		one = judge(rule, value ? value : rule->built_in);
		all = one == BENCHMARK_YES ? all : one;
	}
	return all;
}

/* ---- settings of kubelets ------------------------------------------------------------------------------------------------ */

/* The value of a flag of the kubelet that runs, "" of one without a value; the caller releases it. False: not given. */
static bool kubelet_flag(const struct benchmark_host *h, const char *flag, struct str *out)
{
	const char *args = adopt_said(&h->said, "kubelet_args");
	size_t n = strlen(flag);
	bool given = false;

	for (const char *p = args; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		const char *v = p + 2 + n;

		if (!str_starts(p, "--") || strncmp(p + 2, flag, n) != 0 || !strchr("=\n", *v))
			continue;
		given = true;
		str_clear(out);
		if (*v == '=')
			str_addn(out, v + 1, strcspn(v + 1, "\n"));
	}
	return given;
}

/* Whether it is known what the kubelet goes by: it runs, and has its settings from the one file that was read. */
static bool kubelet_known(const struct benchmark_host *h, struct str *seen)
{
	struct str value = STR_INIT;
	bool known = false;

	if (!*adopt_said(&h->said, "kubelet_args"))
		str_add(seen, "the kubelet does not run");
	else if (!h->kubelet)
		str_add(seen, "the kubelet's configuration is not there, or cannot be read");
	else if (kubelet_flag(h, "config-dir", &value))
		str_add(seen, "the kubelet reads other files besides its configuration (--config-dir)");
	else if (!kubelet_flag(h, "config", &value) || strcmp(value.buf, "/var/lib/kubelet/config.yaml") != 0)
		str_add(seen, "the kubelet does not go by /var/lib/kubelet/config.yaml");
	else
		known = true;
	str_release(&value);
	return known;
}

/* What its file says; a zero that Kubernetes takes for nothing is none. */
static bool kubelet_file(const struct benchmark_host *h, const char *path, struct str *out)
{
	const struct json *value = json_get(h->kubelet, path);

	if (!value || value_is_null(value) || json_is_object(value))
		return false;
	for (size_t i = 0; json_is_array(value) && i < json_size(value); i++)
		str_addf(out, "%s%s", i ? "," : "", json_text(json_at(value, i)) ? json_text(json_at(value, i)) : "?");
	if (!json_is_array(value))
		value_words(out, value);
	if (!value_is_zero(value) || value_zero_counts(path) || strcmp(out->buf, "false") == 0)
		return true;
	str_clear(out);
	return false;
}

enum benchmark_answer benchmark_kubelet(
	const struct benchmark_rule *rule, const struct benchmark_host *h, struct str *seen)
{
	struct str value = STR_INIT;
	enum benchmark_answer answer;
	char name[80];
	bool given;

	if (!kubelet_known(h, seen))
		return BENCHMARK_UNSEEN;
	given = rule->flag && kubelet_flag(h, rule->flag, &value);
	snprintf(name, sizeof(name), "%s%s", given || !rule->name ? "--" : "",
		given || !rule->name ? rule->flag : rule->name);
	given = given || (rule->name && kubelet_file(h, rule->name, &value));
	show(seen, name, given ? value.buf : NULL, rule->built_in);
	answer = judge(rule, given ? value.buf : rule->built_in);
	str_release(&value);
	return answer;
}
