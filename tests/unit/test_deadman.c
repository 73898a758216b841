/*
 * The scripts of the network's way back, run for real on this machine by the local remote: their folders and every command that would change something are
 * replaced by ones in a temporary folder, which write down their commands.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "remote/remote.h"
#include "steps/host/scripts.h"
#include "tests/test.h"

#include <sys/stat.h>
#include <unistd.h>

struct site {
	char dir[64];
	struct remote *remote;
	struct remote_answer answer;
	struct error err;
};

static const char *const words[] = { "stopped", "deadman", "at", "error", "hint", NULL };

static char *path(const struct site *s, const char *name)
{
	static char out[4][256];
	static unsigned n;

	n = (n + 1) % 4;
	snprintf(out[n], sizeof(out[n]), "%s/%s", s->dir, name);
	return out[n];
}

static void put(const struct site *s, const char *name, mode_t mode, const char *text)
{
	struct error err = { 0 };
	char dir[256];

	snprintf(dir, sizeof(dir), "%s", path(s, name));
	*strrchr(dir, '/') = '\0';
	CHECK_INT(file_mkdirs(dir, 0755, &err), 0);
	if (!CHECK_INT(file_write(path(s, name), text, strlen(text), mode, &err), 0))
		printf("# %s\n", err.what);
}

/* A file's text; the caller does not free: the last few stay. "" when there is none. */
static const char *get(const struct site *s, const char *name)
{
	static struct str out[4];
	static unsigned n;
	struct error err = { 0 };

	n = (n + 1) % 4;
	str_release(&out[n]);
	return file_read(path(s, name), 1 << 20, &out[n], &err) ? "" : out[n].buf;
}

static void replace(struct str *text, const char *from, const char *to)
{
	struct str out = STR_INIT;
	const char *p = text->buf, *hit;

	while ((hit = strstr(p, from)) != NULL) {
		str_addn(&out, p, (size_t)(hit - p));
		str_add(&out, to);
		p = hit + strlen(from);
	}
	str_add(&out, p);
	str_release(text);
	*text = out;
}

/* Everything that a script names of the system, in the folder instead. */
static void move_into(const struct site *s, struct str *script)
{
	static const char *const roots[] = { "/var/lib/", "/run/", "/etc/" };
	struct str bin = STR_INIT;

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		char to[256];

		snprintf(to, sizeof(to), "%s%s", s->dir, roots[i]);
		replace(script, roots[i], to);
	}
	str_addf(&bin, "PATH=%s/bin:/usr/", s->dir);
	replace(script, "PATH=/usr/", bin.buf);
	str_release(&bin);
}

static int run(struct site *s, const char *script)
{
	struct str text = STR_INIT, putback = STR_INIT;
	int rc;

	remote_answer_release(&s->answer);
	memset(&s->err, 0, sizeof(s->err));
	str_add(&putback, host_script_putback);
	move_into(s, &putback);
	const struct remote_param params[] = {
		{ "node", "cp1" },
		{ "run", "r1" },
		{ "seconds", "60" },
		{ "putback", putback.buf },
		{ "pods", "10.244.0.0/16" },
		{ "job", "reset-network" },
		{ "machine_id", "m1" },
	};
	str_add(&text, host_script_lib);
	str_add(&text, host_script_filter);
	str_add(&text, host_script_deadman);
	str_add(&text, host_script_undo);
	str_add(&text, script);
	move_into(s, &text);
	rc = remote_script(s->remote, "test", text.buf, params, sizeof(params) / sizeof(params[0]), words, &s->answer,
		NULL, NULL, 300000, &s->err);
	if (rc)
		printf("# %s: %s\n", s->err.what, s->err.detail);
	str_release(&text);
	str_release(&putback);
	return rc;
}

static const char *said(const struct site *s, const char *word)
{
	const char *value = remote_answer_get(&s->answer, word);

	return value ? value : "";
}

/* As nft and iptables show them: rules of the owner's beside Kubernetes', and of one table both tools have a hand in. */
static const char ruleset[] =
	"table ip filter { # handle 1\n"
	"\tchain INPUT { # handle 1\n"
	"\t\ttype filter hook input priority filter; policy accept;\n"
	"\t\tcounter jump KUBE-FIREWALL # handle 5\n"
	"\t\ttcp dport 22 accept comment \"not jump KUBE-FIREWALL\" # handle 6\n"
	"\t\tip saddr vmap { 192.0.2.1 : jump KUBE-FIREWALL } # handle 7\n"
	"\t\tjump KUBE-MINE # handle 8\n"
	"\t}\n\n"
	"\tchain KUBE-FIREWALL { # handle 2\n\t\tdrop # handle 9\n\t}\n\n"
	"\tchain KUBE-MINE { # handle 3\n\t\taccept # handle 10\n\t}\n}\n"
	"table ip nat { # handle 2\n"
	"\tchain PREROUTING { # handle 1\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n"
	"\t\tgoto KUBE-SERVICES # handle 3\n\t}\n\n"
	"\tchain KUBE-SERVICES { # handle 2\n\t}\n}\n"
	"table ip kube-proxy { # handle 3\n"
	"\tchain services { # handle 1\n\t\taccept # handle 2\n\t}\n}\n"
	"table inet foreign { # handle 4\n"
	"\tset bad { # handle 1\n\t\ttype ipv4_addr\n\t}\n"
	"\tchain in { # handle 2\n\t\ttype filter hook input priority 0; policy drop;\n\t\tip saddr @bad drop # handle 3\n\t}\n}\n";

static const char emptied[] =
	"table ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority filter; policy accept;\n\t\taccept\n\t}\n\n"
	"\tchain OUTPUT {\n\t\ttype filter hook output priority filter; policy accept;\n\t}\n}\n"
	"table ip nat {\n\tchain PREROUTING {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n\t}\n}\n"
	"table ip mangle {\n\tchain INPUT {\n\t\ttype filter hook input priority mangle; policy drop;\n\t}\n}\n"
	"table inet foreign {\n\tchain in {\n\t\ttype filter hook input priority 0; policy accept;\n\t}\n}\n";

static const char legacy[] = "*filter\n:INPUT ACCEPT [0:0]\n:KUBE-FIREWALL - [0:0]\n:MINE - [0:0]\n"
			     "-A INPUT -m comment --comment \"no -j KUBE-FIREWALL\" -j MINE\n"
			     "-A INPUT -m comment --comment \"kubernetes\" -j KUBE-FIREWALL\n"
			     "-A KUBE-FIREWALL -j DROP\nCOMMIT\n"
			     "*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n";

static void site_open(struct site *s)
{
	static const char *const quiet[] = { "iptables-nft-save", "ip6tables-nft-save", "ip6tables-legacy-save",
		"kubeadm" };
	struct str text = STR_INIT;

	memset(s, 0, sizeof(*s));
	snprintf(s->dir, sizeof(s->dir), "/tmp/kubewright-deadman.XXXXXX");
	CHECK(mkdtemp(s->dir));
	s->remote = remote_local_open();
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
		str_clear(&text);
		str_addf(&text, "bin/%s", quiet[i]);
		put(s, text.buf, 0755, "#!/bin/sh\n");
	}
	put(s, "ruleset", 0644, ruleset);
	put(s, "emptied", 0644, emptied);
	put(s, "legacy", 0644, legacy);
	put(s, "bin/iptables-legacy-save", 0755, "#!/bin/sh\ncat ${0%/bin/*}/legacy\n");
	put(s, "bin/iptables-legacy-restore", 0755, "#!/bin/sh\n{ echo \"legacy $*\"; cat; } >>${0%/bin/*}/calls\n");
	put(s, "bin/nft", 0755,
		"#!/bin/sh\nd=${0%/bin/*}\ncase \"$*\" in\n"
		"'list tables') echo 'table ip filter'; echo 'table ip kube-proxy'; echo 'table inet foreign' ;;\n"
		"'list ruleset') ;;\n"
		"'list chains') cat $d/mixed 2>/dev/null ;;\n"
		"'list table '*) echo \"table ${3} ${4} {\"; echo '}' ;;\n"
		"'-a -s list ruleset') cat $d/ruleset ;;\n"
		"'-s list ruleset') cat $d/emptied ;;\n"
		"'-c -f '*) ;;\n"
		"'-f '*) { echo nft; cat \"$2\"; } >>$d/calls ;;\n"
		"*) echo \"nft $*\" >>$d/calls ;;\nesac\n");
	put(s, "bin/ip", 0755,
		"#!/bin/sh\ncase \"$*\" in\n"
		"'-o link show up') echo '2: eth0: <BROADCAST,UP> mtu 1500' ;;\n"
		"'-o addr show') echo '2: eth0    inet 10.0.0.5/24 brd 10.0.0.255 scope global eth0' ;;\n"
		"'-4 -o route show table all') [ -e ${0%/bin/*}/lost ] || echo 'default via 10.0.0.1 dev eth0' ; echo '10.0.0.0/24 dev eth0 proto kernel' ;;\n"
		"'-o route show default') echo 'default via 10.0.0.1 dev cni0 ' ;;\n"
		"'-4 -o route show root 10.244.0.0/16') echo '10.244.1.0/24 via 10.0.0.21 dev eth0 ' ;;\n"
		"*show*) exit 0 ;;\n"
		"*) echo \"ip $*\" >>${0%/bin/*}/calls ;;\nesac\n");
	put(s, "bin/sysctl", 0755,
		"#!/bin/sh\ncase $1 in -n) echo 1 ;; *) echo \"sysctl $*\" >>${0%/bin/*}/calls ;; esac\n");
	put(s, "bin/systemctl", 0755,
		"#!/bin/sh\n[ \"$1\" != is-active ] || exit 3\n[ \"$1\" = reset-failed ] || echo \"systemctl $*\" >>${0%/bin/*}/calls\n");
	put(s, "bin/systemd-run", 0755, "#!/bin/sh\necho \"timer $5\" >>${0%/bin/*}/calls\n");
	put(s, "etc/machine-id", 0644, "m1\n");
	put(s, "run/kubewright/here", 0644, "");
	put(s, "var/lib/kubewright/ledger/list", 0600,
		"sysctl|net.ipv4.ip_forward|0\nfilter|words|ip/filter ip/filter/INPUT ip/filter/KUBE-MINE \nlink|cni0|absent\nlink|flannel.1|absent\n");
	str_release(&text);
}

static void site_close(struct site *s)
{
	char *command = xasprintf("rm -rf '%s'", s->dir);

	CHECK_INT(system(command), 0);
	free(command);
	remote_answer_release(&s->answer);
	remote_free(s->remote);
}

static void test_network(void)
{
	static const char want[] =
		"systemctl stop kubelet keepalived\nsystemctl stop kubewright-deadman.timer\ntimer --on-active=60\n"
		"legacy --noflush\n*filter\n:KUBE-FIREWALL - [0:0]\nCOMMIT\n"
		"nft delete table ip kube-proxy\n"
		"sysctl -q -w net.ipv4.ip_forward=0\n"
		"ip link set dev flannel.1 down\n"
		"ip -4 route del 10.244.1.0/24 via 10.0.0.21 dev eth0\n";
	struct site s;

	site_open(&s);
	CHECK_INT(run(&s, host_script_reset_network), 0);
	CHECK_STR(said(&s, "stopped"), "yes");
	CHECK_STR(get(&s, "calls"), want);
	CHECK_STR(get(&s, "run/kubewright/deadman/armed"), "r1\n");
	site_close(&s);
}

/* What cannot be put back is not taken away. */
static void test_no_copy(void)
{
	struct site s;

	site_open(&s);
	put(&s, "mixed", 0644, "table ip filter {\n\tchain INPUT {\n\t}\n\tchain KUBE-ODD {\n\t}\n}\n");
	CHECK_INT(run(&s, host_script_reset_network), -1);
	CHECK(strstr(s.err.what, "no copy can be kept of ip/filter/KUBE-ODD") && *s.err.hint);
	CHECK_STR(get(&s, "calls"), "systemctl stop kubelet keepalived\n");
	CHECK(access(path(&s, "run/kubewright/deadman/armed"), F_OK) != 0);
	site_close(&s);
}

static void test_remove(void)
{
	static const char want[] =
		"nft\ndelete rule ip filter INPUT handle 5\ndelete rule ip filter INPUT handle 7\ndelete rule ip nat PREROUTING handle 3\n"
		"flush chain ip filter KUBE-FIREWALL\nflush chain ip nat KUBE-SERVICES\n"
		"delete chain ip filter KUBE-FIREWALL\ndelete chain ip nat KUBE-SERVICES\n"
		"legacy --noflush\n*filter\n-D INPUT -m comment --comment \"kubernetes\" -j KUBE-FIREWALL\n-F KUBE-FIREWALL\n-X KUBE-FIREWALL\nCOMMIT\n"
		"nft\ndelete chain ip filter OUTPUT\ndelete table ip nat\n";
	struct site s;

	site_open(&s);
	CHECK_INT(run(&s, "filter_before\nfilter_remove \"$kw_state/rules\"\nsay stopped yes\n"), 0);
	CHECK_STR(get(&s, "calls"), want);
	site_close(&s);
}

/* What is noted before Kubernetes comes: OUTPUT of a table that has only INPUT is iptables' fancy. */
static void test_words(void)
{
	struct site s;

	site_open(&s);
	put(&s, "bin/iptables-nft-save", 0755,
		"#!/bin/sh\nprintf '*filter\\n:INPUT ACCEPT [0:0]\\n:FORWARD DROP [0:0]\\n:OUTPUT ACCEPT [0:0]\\n:OWN - [0:0]\\n"
		"-A INPUT -j OWN\\nCOMMIT\\n'\n");
	put(&s, "mixed", 0644, "table inet foreign {\n\tchain in {\n\t}\n}\n");
	CHECK_INT(run(&s, "say stopped \"$(filter_words)\"\n"), 0);
	CHECK_STR(said(&s, "stopped"),
		"inet/foreign inet/foreign/in ip/filter ip/filter/FORWARD ip/filter/INPUT ip/filter/KUBE-FIREWALL ip/filter/MINE ip/filter/OWN ");
	site_close(&s);
}

static void test_confirm(void)
{
	struct site s;

	site_open(&s);
	CHECK_INT(run(&s, host_script_confirm), 0);
	CHECK_STR(said(&s, "deadman"), "none");
	CHECK_INT(run(&s, host_script_reset_network), 0);
	CHECK_INT(run(&s, host_script_confirm), 0);
	CHECK_STR(said(&s, "deadman"), "confirmed");
	CHECK(strstr(get(&s, "calls"), "dev eth0\nsystemctl stop kubewright-deadman.timer\n"));
	CHECK(access(path(&s, "run/kubewright/deadman/armed"), F_OK) != 0);
	/* its answer may have been lost */
	CHECK_INT(run(&s, host_script_confirm), 0);
	CHECK_STR(said(&s, "deadman"), "confirmed");
	put(&s, "etc/machine-id", 0644, "m2\n");
	CHECK_INT(run(&s, host_script_confirm), 0);
	CHECK_STR(said(&s, "deadman"), "other");
	site_close(&s);
}

/* As the timer runs it. */
static void put_back(const struct site *s)
{
	char *command = xasprintf("sh '%s' >/dev/null 2>&1", path(s, "run/kubewright/deadman/putback"));

	unlink(path(s, "calls"));
	CHECK_INT(system(command), 0);
	free(command);
}

static void test_put_back(void)
{
	struct site s;

	site_open(&s);
	CHECK_INT(run(&s, host_script_reset_network), 0);
	/* armed again before it was confirmed: the first copy counts */
	put(&s, "run/kubewright/deadman/saved/first", 0600, "");
	CHECK_INT(run(&s, host_script_reset_network), 0);
	CHECK(access(path(&s, "run/kubewright/deadman/saved/first"), F_OK) == 0);
	put(&s, "lost", 0644, "");
	put(&s, "run/kubewright/deadman/saved/sysctls", 0600,
		"net.ipv4.ip_forward=0\nnet.ipv6.conf.all.forwarding=1\n");
	put_back(&s);
	CHECK_STR(get(&s, "calls"),
		"ip link set dev eth0 up\nip addr add 10.0.0.5/24 brd 10.0.0.255 dev eth0\n"
		"ip -4 route replace default via 10.0.0.1 dev eth0\n"
		"sysctl -q -w net.ipv4.ip_forward=0\n"
		"legacy --noflush\n*filter\n:KUBE-FIREWALL - [0:0]\n-A KUBE-FIREWALL -j DROP\nCOMMIT\n"
		"nft\ntable ip kube-proxy {}\ndelete table ip kube-proxy\ntable ip kube-proxy {\n}\n");
	CHECK(strlen(get(&s, "run/kubewright/deadman/restored")) > 9);
	CHECK(strstr(get(&s, "var/lib/kubewright/history"), " r1 deadman the network was put back\n"));
	/* too late */
	CHECK_INT(run(&s, host_script_confirm), 0);
	CHECK_STR(said(&s, "deadman"), "restored");
	CHECK(strlen(said(&s, "at")) > 9);
	/* nothing more happens when it runs again, or once it was confirmed */
	put_back(&s);
	CHECK_STR(get(&s, "calls"), "");
	site_close(&s);
}

static const struct test tests[] = {
	{ "the network is taken back", test_network },
	{ "what cannot be put back is not taken away", test_no_copy },
	{ "Kubernetes' rules go, others stay", test_remove },
	{ "what is there before Kubernetes", test_words },
	{ "a new session confirms", test_confirm },
	{ "nobody confirms: all is put back", test_put_back },
};
TEST_MAIN(tests)
