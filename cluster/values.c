/* Values of kubeadm's, the kubelets' and kube-proxy's configurations, which Kubernetes writes otherwise than they were given. */
#include "cluster/values.h"

#include "base/json.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/*
 * Settings whose zero is a value, and not what leaving them out means. Everywhere else Kubernetes writes down a zero as
 * nothing, so that none is the same.
 */
static const char *const zero_counts[] = {
	"authentication.webhook.enabled",
	"cgroupsPerQOS",
	"conntrack.maxPerCore",
	"conntrack.min",
	"conntrack.tcpCloseWaitTimeout",
	"conntrack.tcpEstablishedTimeout",
	"containerLogMaxFiles",
	"cpuCFSQuota",
	"cpuCFSQuotaPeriod",
	"enableControllerAttachDetach",
	"enableDebugFlagsHandler",
	"enableDebuggingHandlers",
	"enableProfilingHandler",
	"enableServer",
	"enableSystemLogHandler",
	"eventRecordQPS",
	"failCgroupV1",
	"failSwapOn",
	"healthzPort",
	"imageGCHighThresholdPercent",
	"imageGCLowThresholdPercent",
	"iptables.localhostNodePorts",
	"iptables.masqueradeBit",
	"iptablesDropBit",
	"iptablesMasqueradeBit",
	"kubeAPIQPS",
	"localStorageCapacityIsolation",
	"makeIPTablesUtilChains",
	"memoryThrottlingFactor",
	"nftables.masqueradeBit",
	"nodeStatusMaxImages",
	"oomScoreAdj",
	"podPidsLimit",
	"registerNode",
	"registryPullQPS",
	"resolvConf",
	"serializeImagePulls",
	"singleProcessOOMKill",
};

/* What people read: a text without its quotes. */
void value_words(struct str *out, const struct json *value)
{
	if (json_text(value))
		str_add(out, json_text(value));
	else if (value)
		json_write(value, out);
}

/* "1h30m": false when the text is not a span of time. */
static bool duration(const char *text, double *ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "ns", 1 }, { "us", 1e3 }, { "\u00b5s", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 },
		{ "h", 3600e9 } };
	const char *p = text + (*text == '-' || *text == '+');

	*ns = 0;
	if (strcmp(p, "0") == 0)
		return true;
	while (*p && strchr("0123456789.", *p)) {
		char *end;
		double n = strtod(p, &end);
		size_t i = 0;

		while (i < sizeof(units) / sizeof(units[0]) && !str_starts(end, units[i].name))
			i++;
		if (end == p || i == sizeof(units) / sizeof(units[0]))
			return false;
		*ns += n * units[i].ns;
		p = end + strlen(units[i].name);
	}
	*ns = *text == '-' ? -*ns : *ns;
	return *text && !*p;
}

/* "1024Mi"; *suffixed: it has a unit. */
static bool quantity(const char *text, double *value, bool *suffixed)
{
	static const struct {
		const char *name;
		double times;
	} units[] = { { "", 1 }, { "m", 1e-3 }, { "k", 1e3 }, { "M", 1e6 }, { "G", 1e9 }, { "T", 1e12 }, { "P", 1e15 },
		{ "E", 1e18 }, { "Ki", 0x1p10 }, { "Mi", 0x1p20 }, { "Gi", 0x1p30 }, { "Ti", 0x1p40 }, { "Pi", 0x1p50 },
		{ "Ei", 0x1p60 } };
	size_t digits = strspn(text, "+-.0123456789");
	char *end;

	*value = strtod(text, &end);
	if (!digits || end != text + digits)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].name) == 0) {
			*value *= units[i].times;
			*suffixed = *suffixed || i;
			return true;
		}
	return false;
}

/* Kubernetes writes some values otherwise than they were given: "90s" as "1m30s", "1024Mi" and 1073741824 as "1Gi". */
bool value_same(const struct json *wish, const struct json *living)
{
	struct str a = STR_INIT, b = STR_INIT;
	bool texts = json_text(wish) && json_text(living), suffixed = false, same;
	double x, y;

	value_words(&a, wish);
	value_words(&b, living);
	if (strcmp(a.buf, b.buf) == 0 && !json_text(wish) == !json_text(living))
		same = true;
	else if (texts && duration(a.buf, &x) && duration(b.buf, &y))
		same = x == y;
	else
		same = quantity(a.buf, &x, &suffixed) && quantity(b.buf, &y, &suffixed) && x == y &&
		       (suffixed || !texts);
	str_release(&a);
	str_release(&b);
	return same;
}

bool value_is_null(const struct json *value)
{
	struct str text = STR_INIT;
	bool null = !value;

	if (value && !json_text(value) && !json_size(value)) {
		json_write(value, &text);
		null = strcmp(text.buf, "null") == 0;
		str_release(&text);
	}
	return null;
}

/* Whether a value is what Kubernetes does not write down. */
bool value_is_zero(const struct json *value)
{
	struct str text = STR_INIT;
	double n;
	bool zero;

	if (json_is_array(value))
		return json_size(value) == 0;
	value_words(&text, value);
	zero = !text.len || strcmp(text.buf, "false") == 0 || (duration(text.buf, &n) && n == 0);
	str_release(&text);
	return zero;
}

bool value_zero_counts(const char *path)
{
	for (size_t i = 0; i < sizeof(zero_counts) / sizeof(zero_counts[0]); i++)
		if (strcmp(zero_counts[i], path) == 0)
			return true;
	return false;
}
