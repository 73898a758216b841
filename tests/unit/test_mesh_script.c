/* Hosts that ask each other: steps/host/mesh.sh for real, at two addresses of loopback, each in a process of its own. */
#include "tests/test.h"

#include "base/clock.h"
#include "steps/host/scripts.h"
#include "tests/unit/fake_site.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TCP, UDP, MEASURE, PORTS };
/* Long enough for a machine that is busy; of those that are answered nobody waits for the end. */
#define ASK_MS 60000
#define LISTEN_MS 90000

static int ports[PORTS];

/* A socket at an address, of a port or of one that is free; it listens. */
static int bound(const char *address, int type, int *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)*port) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, type, 0);

	inet_pton(AF_INET, address, &at.sin_addr);
	if (!CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0) ||
		(type == SOCK_STREAM && !CHECK(listen(fd, 5) == 0)))
		exit(1);
	getsockname(fd, (struct sockaddr *)&at, &len);
	*port = ntohs(at.sin_port);
	return fd;
}

/* Ports that are free at all addresses. */
static void choose(void)
{
	int fds[PORTS];

	for (int i = 0; i < PORTS; i++) {
		ports[i] = 0;
		fds[i] = bound("0.0.0.0", i == TCP ? SOCK_STREAM : SOCK_DGRAM, &ports[i]);
	}
	for (int i = 0; i < PORTS; i++)
		close(fds[i]);
}

/* What the host of the last number of 127.0.0.x gets as its plan. */
static void plan(struct str *out, int self, int other, const char *token, int ask_ms, int listen_ms)
{
	str_clear(out);
	str_addf(out, "self %d 127.0.0.%d\ntoken %s\nmark %s-mark\ntimes %d %d\n", self, self, token, token, ask_ms,
		listen_ms);
	str_addf(out, "listen tcp %d\nlisten udp %d\nlisten udp %d always\n", ports[TCP], ports[UDP], ports[MEASURE]);
	str_addf(out, "peer %d 127.0.0.%d tcp:%d udp:%d udp:%d\nsegment %d 127.0.0.%d\nfsync\n", other, other,
		ports[TCP], ports[UDP], ports[MEASURE], other, other);
}

static int run(struct fake_site *s, int self, const char *text)
{
	char address[16];
	const struct remote_param params[] = { { "plan", text }, { "address", address },
		{ "etcd_dir", fake_site_path(s, "var/lib/etcd") } };
	int rc;

	snprintf(address, sizeof(address), "127.0.0.%d", self);
	rc = fake_site_run(s, host_script_mesh, params, 3);
	if (rc)
		printf("# %s: %s\n", s->err.what, s->err.detail);
	if (rc == 0 && remote_answer_get(&s->h.facts, "mesh"))
		fake_site_put(s, "said", 0600, remote_answer_get(&s->h.facts, "mesh"));
	/* an address of its own is neither found by ARP nor by a gateway */
	if (rc == 0 && remote_answer_get(&s->h.facts, "segments") && strstr(text, "segment "))
		CHECK(strstr(remote_answer_get(&s->h.facts, "segments"), " unknown\n") != NULL);
	return rc;
}

static void has(const char *said, const char *fmt, int port)
{
	struct str line = STR_INIT, all = STR_INIT;

	str_addf(&all, "\n%s", said);
	str_addc(&line, '\n');
	for (const char *p = fmt; *p; p++)
		if (*p == '%')
			str_addf(&line, "%d", port);
		else
			str_addc(&line, *p);
	str_addc(&line, '\n');
	if (!CHECK(strstr(all.buf, line.buf) != NULL))
		printf("# no '%s' in:\n# %s\n", line.buf + 1, said);
	str_release(&line);
	str_release(&all);
}

/* Both hosts at once; the second one with another token, when one is given. */
static void both(struct fake_site *one, struct fake_site *two, const char *token)
{
	struct str text = STR_INIT;
	pid_t child;
	int status = -1;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		plan(&text, 2, 1, token ? token : "secret", token ? 10000 : ASK_MS, token ? 15000 : LISTEN_MS);
		_exit(run(two, 2, text.buf) ? 1 : 0);
	}
	plan(&text, 1, 2, "secret", token ? 10000 : ASK_MS, token ? 15000 : LISTEN_MS);
	CHECK_INT(run(one, 1, text.buf), 0);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	str_release(&text);
}

static void test_each_other(void)
{
	struct fake_site one, two;
	int64_t begun = clock_mono_ms();

	choose();
	fake_site_open(&one);
	fake_site_open(&two);
	fake_site_sh(&one, "mkdir -p var/lib/etcd");
	both(&one, &two, NULL);
	for (int i = 1; i <= 2; i++) {
		const char *said = fake_site_get(i == 1 ? &one : &two, "said"), *echo = strstr(said, "\necho ");
		int peer, count, mtu = 0;
		long long least, median, offset;

		has(said, "listen tcp % own", ports[TCP]);
		has(said, "listen udp % own", ports[UDP]);
		has(said, i == 1 ? "from 2 %" : "from 1 %", ports[UDP]);
		has(said, i == 1 ? "tcp 2 % own" : "tcp 1 % own", ports[TCP]);
		has(said, i == 1 ? "udp 2 % open" : "udp 1 % open", ports[UDP]);
		has(said, "end", 0);
		CHECK(echo &&
			sscanf(echo, "\necho %d %d %lld %lld %lld", &peer, &count, &least, &median, &offset) == 5);
		CHECK(echo && peer == 3 - i && count == 10 && least > 0 && least <= median);
		/* one machine, one clock */
		CHECK(echo && llabs(offset) <= least / 2 + 1000000);
		echo = strstr(said, "\nmtu ");
		CHECK(echo && sscanf(echo, "\nmtu %d %d", &peer, &mtu) == 2 && mtu == 1500);
		/* a folder that is there, and one whose parent is */
		CHECK(strstr(said, "\nfsync ") && !strstr(said, "\nfsync 0 "));
	}
	CHECK_STR(remote_answer_get(&one.h.facts, "iface"), "lo");
	/* who has all answers does not wait for the end */
	CHECK(clock_mono_ms() - begun < LISTEN_MS);
	fake_site_sh(&one, "[ -z \"$(ls -A var/lib/etcd)\" ]");
	fake_site_sh(&two, "[ \"$(ls -A var/lib)\" = kubewright ]");
	fake_site_close(&one);
	fake_site_close(&two);
}

/* Nobody is there: that is said, and all ends in time. */
static void test_alone(void)
{
	struct fake_site s;
	struct str text = STR_INIT;
	int64_t begun;
	const char *said;

	choose();
	fake_site_open(&s);
	plan(&text, 1, 2, "secret", 3000, 3500);
	begun = clock_mono_ms();
	CHECK_INT(run(&s, 1, text.buf), 0);
	CHECK(clock_mono_ms() - begun >= 900 && clock_mono_ms() - begun < TEST_SECONDS * 1000);
	said = fake_site_get(&s, "said");
	has(said, "tcp 2 % refused", ports[TCP]);
	has(said, "udp 2 % silent", ports[UDP]);
	CHECK(!strstr(said, "\nfrom ") && !strstr(said, "\necho ") && !strstr(said, "\nmtu "));
	CHECK(strstr(said, "\ntimes ") != NULL);
	str_release(&text);
	fake_site_close(&s);
}

/* Two runs at once, or an answer that somebody makes up. */
static void test_other_run(void)
{
	struct fake_site one, two;
	const char *said;

	choose();
	fake_site_open(&one);
	fake_site_open(&two);
	both(&one, &two, "other");
	said = fake_site_get(&one, "said");
	has(said, "tcp 2 % open", ports[TCP]);
	has(said, "udp 2 % silent", ports[UDP]);
	CHECK(!strstr(said, "\nfrom ") && !strstr(said, "\necho "));
	fake_site_close(&one);
	fake_site_close(&two);
}

/* A program has the ports; a host that has Kubernetes; one without the address. */
static void test_ports(void)
{
	struct fake_site s;
	struct str text = STR_INIT;
	const char *said;
	int fds[3];

	choose();
	fake_site_open(&s);
	fds[0] = bound("0.0.0.0", SOCK_STREAM, &ports[TCP]);
	fds[1] = bound("127.0.0.1", SOCK_DGRAM, &ports[UDP]);
	plan(&text, 1, 2, "secret", 5000, 5200);
	CHECK_INT(run(&s, 1, text.buf), 0);
	said = fake_site_get(&s, "said");
	has(said, "listen tcp % busy", ports[TCP]);
	has(said, "listen udp % busy", ports[UDP]);
	has(said, "listen udp % own", ports[MEASURE]);
	has(said, "tcp 2 % open", ports[TCP]);
	close(fds[0]);
	close(fds[1]);
	fake_site_put(&s, "etc/kubernetes/kubelet.conf", 0600, "x");
	CHECK_INT(run(&s, 1, text.buf), 0);
	said = fake_site_get(&s, "said");
	has(said, "listen tcp % held", ports[TCP]);
	has(said, "listen udp % held", ports[UDP]);
	has(said, "listen udp % own", ports[MEASURE]);
	str_clear(&text);
	str_addf(&text,
		"self 1 192.0.2.7\ntoken a\nmark b\ntimes 300 500\nlisten udp %d always\npeer 2 127.0.0.2 tcp:%d udp:%d\n",
		ports[MEASURE], ports[TCP], ports[UDP]);
	CHECK_INT(run(&s, 1, text.buf), 0);
	has(fake_site_get(&s, "said"), "listen udp % none", ports[MEASURE]);
	str_release(&text);
	fake_site_close(&s);
}

/* Datagrams that are not of this run are not answered; one that is gets no more than it brought. */
static void test_echo(void)
{
	struct fake_site s;
	struct str text = STR_INIT;
	struct sockaddr_in to = { .sin_family = AF_INET };
	char packet[400], answer[2000];
	struct timeval wait = { 0, 200000 };
	int fd, status = -1, port = 0;
	bool first = false;
	pid_t child;

	choose();
	fake_site_open(&s);
	plan(&text, 1, 2, "secret", 100, 20000);
	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(run(&s, 1, text.buf) ? 1 : 0);
	fd = bound("127.0.0.2", SOCK_DGRAM, &port);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	to.sin_port = htons((uint16_t)ports[UDP]);
	snprintf(packet, sizeof(packet), "%-399s", "KW1 secret q 2 0 1 77 ");
	for (int i = 0; i < 100 && !first; i++) {
		sendto(fd, packet, 300, 0, (struct sockaddr *)&to, sizeof(to));
		first = recv(fd, answer, sizeof(answer), 0) == 128 && memcmp(answer, "KW1 secret a 1 ", 15) == 0;
	}
	CHECK(first);
	while (recv(fd, answer, sizeof(answer), 0) > 0)
		continue;
	/* too short to be answered */
	sendto(fd, packet, 127, 0, (struct sockaddr *)&to, sizeof(to));
	CHECK(recv(fd, answer, sizeof(answer), 0) < 0);
	snprintf(packet, sizeof(packet), "%-399s", "KW1 wrong! q 2 0 1 77 ");
	sendto(fd, packet, 300, 0, (struct sockaddr *)&to, sizeof(to));
	CHECK(recv(fd, answer, sizeof(answer), 0) < 0);
	/* not from the address of the host that it says it is of */
	snprintf(packet, sizeof(packet), "%-399s", "KW1 secret q 3 0 1 77 ");
	sendto(fd, packet, 300, 0, (struct sockaddr *)&to, sizeof(to));
	CHECK(recv(fd, answer, sizeof(answer), 0) < 0);
	close(fd);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	has(fake_site_get(&s, "said"), "from 2 %", ports[UDP]);
	str_release(&text);
	fake_site_close(&s);
}

/* A host whose answers are made up spoils nothing of those that ask it. */
static void test_made_up(void)
{
	static const char *const times[] = { "9999999999999999999 9999999999999999999", "5 4", "-1 -1", "x y", "" };
	struct fake_site s;
	struct str text = STR_INIT;
	struct timeval wait = { 0, 300000 };
	int fd, status = -1;
	size_t sent = 0;
	const char *said;
	pid_t child;

	choose();
	fake_site_open(&s);
	fd = bound("127.0.0.2", SOCK_DGRAM, &ports[UDP]);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	plan(&text, 1, 2, "secret", 5000, 5200);
	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(run(&s, 1, text.buf) ? 1 : 0);
	while (waitpid(child, &status, WNOHANG) == 0) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		char ask[512] = "", answer[512];
		unsigned seq;
		unsigned long long t1;

		if (recvfrom(fd, ask, sizeof(ask) - 1, 0, (struct sockaddr *)&from, &len) <= 0 ||
			sscanf(ask, "KW1 secret q 1 %*d %u %llu", &seq, &t1) != 2)
			continue;
		snprintf(answer, sizeof(answer), "KW1 secret a 2 %d %u %llu %s 128", ports[UDP], seq, t1,
			times[sent++ % (sizeof(times) / sizeof(times[0]))]);
		sendto(fd, answer, strlen(answer), 0, (struct sockaddr *)&from, sizeof(from));
	}
	close(fd);
	CHECK_INT(status, 0);
	CHECK(sent > 0);
	said = fake_site_get(&s, "said");
	has(said, "udp 2 % open", ports[UDP]);
	has(said, "end", 0);
	CHECK(!strstr(said, "\necho "));
	str_release(&text);
	fake_site_close(&s);
}

/* Without perl, or while another run works there, nothing is tried. */
static void test_not_tried(void)
{
	struct fake_site s;
	struct str script = STR_INIT;

	choose();
	fake_site_open(&s);
	str_add(&script, host_script_mesh);
	fake_site_replace(&script, "has perl ||", "has no-perl-here ||");
	CHECK_INT(fake_site_run(&s, script.buf, NULL, 0), 0);
	CHECK_STR(remote_answer_get(&s.h.facts, "perl"), "none");
	CHECK(!remote_answer_get(&s.h.facts, "mesh"));
	fake_site_put(&s, "var/lib/kubewright/lock", 0600, "run=r2\n");
	CHECK_INT(fake_site_run(&s, host_script_mesh, NULL, 0), -1);
	CHECK_STR(s.err.what, "another run of kubewright works on this host: r2");
	str_release(&script);
	fake_site_close(&s);
}

static const struct test tests[] = {
	{ "two hosts", test_each_other },
	{ "a host alone", test_alone },
	{ "another run", test_other_run },
	{ "ports that are not ours", test_ports },
	{ "what is answered", test_echo },
	{ "answers that are made up", test_made_up },
	{ "what is not tried", test_not_tried },
};
TEST_MAIN(tests)
