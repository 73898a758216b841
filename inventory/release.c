#include "inventory/release.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MODERN(m, patch, pause_tag, floor, recommended, v1, etcd) \
	{ \
		.minor = m, .kubeadm_api = "v1beta4", .extra_args_list = true, .kubelet_config = "kubelet-config", \
		.has_validate = true, .has_upgrade_config = true, .has_timeouts = true, .super_admin = true, \
		.learner = true, .admin_org = "kubeadm:cluster-admins", .kubelet_client_org_before = patch, \
		.policy_api = "policy/v1", .taint = "node-role.kubernetes.io/control-plane", \
		.image_repository = "registry.k8s.io", .pause = pause_tag, .containerd_floor = floor, \
		.containerd_recommended = recommended, .repository = "https://pkgs.k8s.io/core:/stable:/v" m "/deb/", \
		.cgroup_v1 = v1, .etcd_floor = "3.5.26", .etcd_oldest = etcd, .seccomp_default = true, \
	}

static const struct release releases[] = {
	{
		.minor = "1.20",
		.kubeadm_api = "v1beta2",
		.kubelet_config = "kubelet-config-1.20",
		.sa_rsa = true,
		.needs_crictl = true,
		.admin_org = "system:masters",
		.kubelet_client_org_before = INT_MAX,
		.policy_api = "policy/v1beta1",
		.taint = "node-role.kubernetes.io/master",
		.image_repository = "k8s.gcr.io",
		.pause = "3.2",
		.containerd_floor = "1.4.0",
		.containerd_recommended = "1.4.0",
		.cgroup_v1 = true,
	},
	MODERN("1.34", 8, "3.10.1", "1.7.0", "1.7.28", true, NULL),
	MODERN("1.35", 5, "3.10.1", "1.7.0", "2.1.5", false, NULL),
	MODERN("1.36", 1, "3.10.2", "2.0.0", "2.2.0", false, "3.6.0"),
};

const struct release *release_find(const char *version)
{
	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
		size_t n = strlen(releases[i].minor);

		if (strncmp(version, releases[i].minor, n) == 0 && (version[n] == '\0' || version[n] == '.'))
			return &releases[i];
	}
	return NULL;
}

const char *release_supported(void)
{
	return "1.20, 1.34, 1.35, 1.36";
}

/* The number at *text, which is moved behind it; 0: none. */
static long leading_number(const char **text)
{
	char *end;
	long n = 0;

	if (isdigit((unsigned char)**text)) {
		n = strtol(*text, &end, 10);
		*text = end;
	}
	return n;
}

int release_compare(const char *a, const char *b)
{
	const char *colon_a = strchr(a, ':'), *colon_b = strchr(b, ':');

	a = colon_a ? colon_a + 1 : a;
	b = colon_b ? colon_b + 1 : b;
	for (;;) {
		long x = leading_number(&a), y = leading_number(&b);

		if (x != y)
			return x < y ? -1 : 1;
		if (*a != '.' && *b != '.')
			return 0;
		a += *a == '.';
		b += *b == '.';
	}
}

int release_minor(const char *version)
{
	const char *dot = strchr(version, '.');

	return dot && isdigit((unsigned char)dot[1]) ? (int)strtol(dot + 1, NULL, 10) : -1;
}

/* The value of a field of the stanza at text, up to its line's end; NULL when it has none. A stanza ends at an empty line. */
static const char *stanza_field(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (; *text && *text != '\n'; text += strcspn(text, "\n"), text += *text == '\n')
		if (strncmp(text, name, n) == 0 && text[n] == ':')
			return text + n + 1 + strspn(text + n + 1, " ");
	return NULL;
}

static bool is_patch_of(const char *version, size_t len, const char *minor)
{
	size_t n = strlen(minor);

	return len > n + 1 && len < 32 && strncmp(version, minor, n) == 0 && version[n] == '.' &&
	       strspn(version + n + 1, "0123456789") == len - n - 1;
}

void release_newest(const char *index, const char *minor, char out[32])
{
	out[0] = '\0';
	for (const char *p = index, *end; p && *p; p = end ? end + strspn(end, "\n") : NULL) {
		const char *name = stanza_field(p, "Package"), *version = stanza_field(p, "Version");
		size_t len = version ? strcspn(version, "-\n") : 0;
		char one[32];

		end = strstr(p, "\n\n");
		if (!name || strncmp(name, "kubeadm\n", 8) != 0 || !is_patch_of(version ? version : "", len, minor))
			continue;
		memcpy(one, version, len);
		one[len] = '\0';
		if (!out[0] || release_compare(out, one) < 0)
			memcpy(out, one, sizeof(one));
	}
}
