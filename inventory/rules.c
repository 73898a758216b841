/* What single fields want beyond their type. */
#include "inventory/private.h"

#include "base/str.h"
#include "inventory/release.h"

#include <ctype.h>
#include <string.h>

#define SAY(...) arena_printf(&l->arena, __VA_ARGS__)

static const char *rule_host(struct inventory_load *l, const char *text)
{
	unsigned a;

	if (strchr(text, ':'))
		return strspn(text, "0123456789abcdefABCDEF:.%") == strlen(text) &&
				       strchr(text, ':') != strrchr(text, ':')
			       ? SAY("'%s': IPv6 is not supported yet", inventory_shown(l, text))
			       : SAY("'%s' contains a port: set it as 'port'", inventory_shown(l, text));
	/* digits and dots alone are an address, if a wrong one */
	if (strspn(text, "0123456789.") == strlen(text) ? inventory_ipv4(text, &a) : inventory_is_domain(text))
		return NULL;
	return SAY("'%s' is neither an IPv4 address nor a host's name", inventory_shown(l, text));
}

static const char *rule_domain(struct inventory_load *l, const char *text)
{
	return inventory_is_domain(text) ? NULL : SAY("'%s' is not a DNS domain", inventory_shown(l, text));
}

static const char *rule_interface(struct inventory_load *l, const char *text)
{
	/* Linux: IFNAMSIZ, no '/', no blanks; ':' would be an alias */
	if (strlen(text) > 15)
		return SAY("'%s' is not an interface: its name has more than 15 characters", inventory_shown(l, text));
	return strpbrk(text, "/ :\t") || text[0] == '.'
		       ? SAY("'%s' is not the name of an interface", inventory_shown(l, text))
		       : NULL;
}

static const char *rule_user(struct inventory_load *l, const char *text)
{
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-$@\\", *p))
			return SAY("'%s' is not a login name", inventory_shown(l, text));
	return text[0] == '-' || strlen(text) > 64 ? SAY("'%s' is not a login name", inventory_shown(l, text)) : NULL;
}

static const char *rule_host_key(struct inventory_load *l, const char *text)
{
	static const char *const types[] = { "ssh-ed25519 AAAA", "ssh-rsa AAAA", "ecdsa-sha2-nistp256 AAAA",
		"ecdsa-sha2-nistp384 AAAA", "ecdsa-sha2-nistp521 AAAA", "sk-ssh-ed25519@openssh.com AAAA",
		"sk-ecdsa-sha2-nistp256@openssh.com AAAA" };

	if (str_starts(text, "SHA256:")) {
		size_t n = strspn(text + 7, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

		return n == 43 && strspn(text + 7 + n, "=") == strlen(text + 7 + n)
			       ? NULL
			       : SAY("'SHA256:' must be followed by 43 characters of base64");
	}
	if (str_starts(text, "MD5:"))
		return SAY(
			"MD5 fingerprints are not supported: use that of 'ssh-keygen -lf', which starts with SHA256:");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_starts(text, types[i]))
			return NULL;
	return SAY("a host key is 'SHA256:…' or 'ssh-ed25519 AAAA…', the line of the host's .pub file");
}

static const char *rule_image(struct inventory_load *l, const char *text)
{
	if (strstr(text, "://"))
		return SAY("'image-repository' is HOST[:PORT][/PATH], without a scheme");
	if (text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-._:/")] || !isalnum((unsigned char)text[0]) ||
		str_ends(text, "/"))
		return SAY("'%s' is not an image repository; write HOST[:PORT][/PATH]", inventory_shown(l, text));
	return NULL;
}

static const char *rule_kubernetes(struct inventory_load *l, const char *text)
{
	text += *text == 'v';
	/* what is not a version at all is reported by its type */
	if (isdigit((unsigned char)text[0]) && strchr(text, '.') && strspn(text, "0123456789.") == strlen(text) &&
		!release_find(text))
		return SAY("Kubernetes %s is not supported; supported are %s", inventory_shown(l, text),
			release_supported());
	return NULL;
}

/* Of ours, or of kubeadm's own: "SystemVerification", "FileAvailable--etc-kubernetes-manifests-etcd.yaml". */
static const char *rule_finding(struct inventory_load *l, const char *text)
{
	if (strcmp(text, "all") == 0)
		return SAY("'all' is not allowed: name each finding to ignore");
	if (text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._")] ||
		!isalpha((unsigned char)text[0]) || strlen(text) > 120)
		return SAY("'%s' is not the name of a finding; 'kubewright check --list' shows them, like 'swap-on'",
			inventory_shown(l, text));
	return NULL;
}

/* A bare word is more likely a plugin's name than a file's. */
static const char *rule_cni(struct inventory_load *l, const char *text)
{
	if (strcmp(text, "none") == 0 || strpbrk(text, "/.~"))
		return NULL;
	return SAY("unknown pod network '%s': give the path of its manifest (./%s.yaml), {url: 'https://…', sha256: "
		   "…}, or none",
		inventory_shown(l, text), inventory_shown(l, text));
}

static const char *rule_https(struct inventory_load *l, const char *text)
{
	return str_starts(text, "http://") ? SAY("the manifest's URL must be https://") : NULL;
}

/* A folder of the hosts, whose path goes into a unit and a script unchanged. */
static const char *rule_snapshots(struct inventory_load *l, const char *text)
{
	static const char *const others[] = { "/proc", "/sys", "/dev", "/run", "/tmp", "/etc", "/boot", "/var/lib/etcd",
		"/var/lib/kubelet", "/var/lib/containerd", "/var/lib/kubewright" };
	const char *shown = inventory_shown(l, text);

	if (text[0] != '/' || !text[1] || strlen(text) > 200)
		return SAY("'%s' is not the absolute path of a folder on the control planes", shown);
	if (text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/")])
		return SAY("'%s' may contain letters, digits and '-._/' only", shown);
	if (strstr(text, "//") || strstr(text, "/./") || strstr(text, "/../") || str_ends(text, "/") ||
		str_ends(text, "/.") || str_ends(text, "/.."))
		return SAY("write '%s' without '//', '.', '..' and a '/' at its end", shown);
	if (str_starts(text, "/var/lib/kubewright/snapshots") && (text[29] == '/' || !text[29]))
		return NULL;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (str_starts(text, others[i]) && (text[strlen(others[i])] == '/' || !text[strlen(others[i])]))
			return SAY("'%s' is not a place for snapshots: %s is used otherwise, or does not last", shown,
				others[i]);
	return NULL;
}

static const struct {
	const char *path; /* the end of a field's path */
	const char *(*check)(struct inventory_load *l, const char *text);
} rules[] = {
	{ "kubernetes.version", rule_kubernetes },
	{ "kubernetes.image-repository", rule_image },
	{ "endpoint.interface", rule_interface },
	{ "endpoint.host", rule_host },
	{ "network.dns-domain", rule_domain },
	{ "network.cni", rule_cni },
	{ "network.cni.url", rule_https },
	{ "etcd.snapshots.folder", rule_snapshots },
	{ "preflight.ignore", rule_finding },
	{ "ssh.user", rule_user },
	{ "ssh.address", rule_host },
	{ "ssh.host-key", rule_host_key },
};

const char *inventory_rule_check(struct inventory_load *l, const struct inventory_field *field, const char *text)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (*text && str_ends(field->path, rules[i].path))
			return rules[i].check(l, text);
	return NULL;
}
