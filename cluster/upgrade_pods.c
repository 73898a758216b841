/* What an API server says of pods that an upgrade moves, of their budgets, and of what kubeadm itself looks at. */
#include "cluster/upgrade.h"

#include "base/json.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* ---- who selects whom ------------------------------------------------------------------------------------------------ */

struct selection {
	const struct json *labels;
	bool all;
};

static void match_label(const char *key, const struct json *value, void *ctx)
{
	struct selection *s = ctx;
	const char *want = json_text(value), *have = json_text(json_member(s->labels, key));

	s->all = s->all && want && have && strcmp(want, have) == 0;
}

static bool among(const struct json *values, const char *text)
{
	for (size_t i = 0; i < json_size(values); i++)
		if (json_text(json_at(values, i)) && strcmp(json_text(json_at(values, i)), text) == 0)
			return true;
	return false;
}

static bool expression(const struct json *e, const struct json *labels)
{
	const char *op = json_get_str(e, "operator", "");
	const char *have = json_text(json_member(labels, json_get_str(e, "key", "")));

	if (strcmp(op, "Exists") == 0)
		return have != NULL;
	if (strcmp(op, "DoesNotExist") == 0)
		return !have;
	if (strcmp(op, "In") == 0)
		return have && among(json_get(e, "values"), have);
	/* what is not known is not excluded by it */
	return strcmp(op, "NotIn") != 0 || !have || !among(json_get(e, "values"), have);
}

bool upgrade_selects(const struct json *selector, const struct json *labels)
{
	const struct json *expressions = json_get(selector, "matchExpressions");
	struct selection s = { labels, true };

	json_each(json_get(selector, "matchLabels"), match_label, &s);
	for (size_t i = 0; i < json_size(expressions); i++)
		s.all = s.all && expression(json_at(expressions, i), labels);
	return s.all;
}

/* ---- pods that a drain evicts ---------------------------------------------------------------------------------------- */

void upgrade_see_budgets(struct upgrade_seen *s, const struct json *list)
{
	const struct json *items = json_get(list, "items");

	if (!s->budgets)
		s->budgets = json_array();
	for (size_t i = 0; i < json_size(items); i++) {
		const struct json *b = json_at(items, i);
		struct json *kept;

		/* no pod, or one that may go: nothing is in the way */
		if (json_get_int(b, "status.disruptionsAllowed", 0) > 0 ||
			json_get_int(b, "status.expectedPods", 0) <= 0)
			continue;
		/* budgets are looked through for each pod */
		if (json_size(s->budgets) >= UPGRADE_KEPT) {
			s->seen[UPGRADE_BUDGET]++;
			continue;
		}
		kept = json_add(s->budgets, json_object());
		json_set_str(kept, "namespace", json_get_str(b, "metadata.namespace", ""));
		json_set_str(kept, "name", json_get_str(b, "metadata.name", ""));
		if (json_get(b, "spec.selector"))
			json_set(kept, "selector", json_copy(json_get(b, "spec.selector")));
	}
}

/* An item about a pod. */
static struct upgrade_item of_pod(enum upgrade_thing thing, const struct json *pod)
{
	struct upgrade_item item = { .thing = thing, .host = -1 };

	snprintf(item.name, sizeof(item.name), "%s/%s", json_get_str(pod, "metadata.namespace", ""),
		json_get_str(pod, "metadata.name", ""));
	snprintf(item.node, sizeof(item.node), "%s", json_get_str(pod, "spec.nodeName", ""));
	return item;
}

static void held_by_budget(struct upgrade_seen *s, const struct json *pod)
{
	for (size_t i = 0; i < json_size(s->budgets); i++) {
		const struct json *b = json_at(s->budgets, i);
		struct upgrade_item item = of_pod(UPGRADE_BUDGET, pod);

		if (strcmp(json_get_str(b, "namespace", ""), json_get_str(pod, "metadata.namespace", "")) != 0 ||
			!upgrade_selects(json_get(b, "selector"), json_get(pod, "metadata.labels")))
			continue;
		snprintf(item.more, sizeof(item.more), "%.159s", item.name);
		snprintf(item.name, sizeof(item.name), "%s/%s", json_get_str(b, "namespace", ""),
			json_get_str(b, "name", ""));
		upgrade_see(s, &item);
	}
}

/* In memory nothing outlives a restart either. */
static bool keeps_data(const struct json *pod)
{
	const struct json *volumes = json_get(pod, "spec.volumes");

	for (size_t i = 0; i < json_size(volumes); i++)
		if (json_get(json_at(volumes, i), "emptyDir") &&
			strcmp(json_get_str(json_at(volumes, i), "emptyDir.medium", ""), "Memory") != 0)
			return true;
	return false;
}

void upgrade_see_pod(struct upgrade_seen *s, const struct json *pod, bool stays, bool lost)
{
	struct upgrade_item item;

	if (stays || !*json_get_str(pod, "spec.nodeName", ""))
		return;
	if (lost) {
		item = of_pod(UPGRADE_POD_LOST, pod);
		upgrade_see(s, &item);
	}
	if (keeps_data(pod)) {
		item = of_pod(UPGRADE_POD_EMPTYDIR, pod);
		upgrade_see(s, &item);
	}
	held_by_budget(s, pod);
}

/* ---- what kubeadm looks at ------------------------------------------------------------------------------------------- */

/* The part of "host:5000/path/name:tag@digest" before the name's tag. */
static void repository(const char *image, char *out, size_t size)
{
	const char *slash = strrchr(image, '/');
	size_t n = strcspn(slash ? slash : image, ":@") + (size_t)(slash ? slash - image : 0);

	snprintf(out, size, "%.*s", (int)(n < size ? n : size - 1), image);
}

void upgrade_see_api_pods(struct upgrade_seen *s, const struct json *list)
{
	const struct json *items = json_get(list, "items");

	for (size_t i = 0; i < json_size(items); i++) {
		const struct json *pod = json_at(items, i);
		struct upgrade_item item = of_pod(UPGRADE_API_POD, pod);

		item.serious = strcmp(json_get_str(pod, "status.phase", ""), "Running") != 0;
		repository(json_get_str(json_at(json_get(pod, "spec.containers"), 0), "image", ""), item.more,
			sizeof(item.more));
		upgrade_see(s, &item);
	}
}

void upgrade_see_proxy(struct upgrade_seen *s, const struct json *daemonset)
{
	const char *image = json_get_str(json_at(json_get(daemonset, "spec.template.spec.containers"), 0), "image", "");
	const char *tag = strrchr(image, ':');

	/* a port is not a tag, and a digest says nothing of a version */
	if (!tag || strchr(tag, '/') || strchr(image, '@'))
		return;
	str_copy_line(s->proxy, sizeof(s->proxy), tag + 1 + (tag[1] == 'v'));
}

/* kubeadm's migration of the Corefile knows these, for CoreDNS 1.8 to 1.14; "import" is the parser's. */
static const char *const known_plugins[] = { "errors", "log", "health", "ready", "autopath", "kubernetes",
	"k8s_external", "prometheus", "forward", "cache", "loop", "reload", "loadbalance", "hosts", "rewrite",
	"transfer", "import" };

static void see_plugin(struct upgrade_seen *s, const char *word, size_t n)
{
	struct upgrade_item item = { .thing = UPGRADE_PLUGIN, .host = -1 };

	for (size_t i = 0; i < sizeof(known_plugins) / sizeof(known_plugins[0]); i++)
		if (strlen(known_plugins[i]) == n && strncmp(known_plugins[i], word, n) == 0)
			return;
	snprintf(item.name, sizeof(item.name), "%.*s", (int)(n < 64 ? n : 64), word);
	upgrade_see(s, &item);
}

/* Plugins begin the lines of a server's block; what is in a block of their own are their options. */
void upgrade_see_corefile(struct upgrade_seen *s, const char *text)
{
	int depth = 0;

	while (*text) {
		size_t line = strcspn(text, "\n"), blank = strspn(text, " \t\r"), len = strcspn(text, "#\n");
		const char *word = text + (blank < len ? blank : len);
		size_t n = (size_t)(text + len - word), first = strcspn(word, " \t\r\n#{}");

		if (depth == 1 && n && first)
			see_plugin(s, word, first < n ? first : n);
		for (size_t i = 0; i < len; i++)
			depth += (text[i] == '{') - (text[i] == '}');
		text += line + (text[line] == '\n');
	}
}
