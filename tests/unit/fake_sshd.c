#include "tests/unit/fake_sshd.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* crypt(3) of SSHD_PASSWORD */
#define PASSWORD_HASH \
	"$6$kubewright$77qxhAYFv0A.5VpNFHdhQyXk2/uzlQDToOWm4MoXur/RNzQsm0pECdLvidhl.a6AEF3JqjcijDe1nAb/1ZlJp/"

static const char *const users[] = { "ops", "free", "plain", "term", "bare", "noisy", "closed", "tick", "nox",
	"cloud" };
enum { FIRST_UID = 54320 };

static void die(const char *what)
{
	printf("# cannot set up sshd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (system(text) != 0)
		die(text);
}

static bool namespaces_work(void)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

const char *sshd_missing(void)
{
	if (geteuid() != 0)
		return "needs root";
	if (access("/usr/sbin/sshd", X_OK) != 0 || access("/usr/bin/ssh-keygen", X_OK) != 0)
		return "needs sshd and ssh-keygen (apt install openssh-server)";
	return namespaces_work() ? NULL : "needs mount namespaces (CAP_SYS_ADMIN)";
}

const char *sshd_path(struct sshd *s, const char *name)
{
	char *out = s->path[s->used++ % 64];
	size_t n = strlen(s->dir);

	memcpy(out, s->dir, n);
	snprintf(out + n, sizeof(s->path[0]) - n, "/%s", name);
	return out;
}

static void put(struct sshd *s, const char *name, mode_t mode, const struct str *text)
{
	struct error err = { 0 };

	if (file_write(sshd_path(s, name), text->buf, text->len, mode, &err) != 0)
		die(err.what);
}

int listen_any(int *port, int backlog)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(name);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&name, size) != 0 || listen(fd, backlog) != 0 ||
		getsockname(fd, (struct sockaddr *)&name, &size) != 0)
		die("listen");
	*port = ntohs(name.sin_port);
	return fd;
}

static void write_accounts(struct sshd *s)
{
	struct str passwd = STR_INIT, shadow = STR_INIT, group = STR_INIT, sudoers = STR_INIT, rc = STR_INIT;

	str_addf(&passwd, "root:x:0:0:root:%s/root:/bin/bash\nsshd:x:54319:65534::/run/sshd:/usr/sbin/nologin\n",
		s->dir);
	str_add(&shadow, "root:" PASSWORD_HASH ":19000:0:99999:7:::\nsshd:!:19000:0:99999:7:::\n");
	str_add(&group, "root:x:0:\nshadow:x:42:\ntty:x:5:\nnogroup:x:65534:\n");
	for (unsigned i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		str_addf(&passwd, "%s:x:%u:%u::%s/home/%s:%s\n", users[i], FIRST_UID + i, FIRST_UID + i, s->dir,
			users[i], strcmp(users[i], "closed") == 0 ? "/usr/sbin/nologin" : "/bin/bash");
		str_addf(&shadow, "%s:" PASSWORD_HASH ":19000:0:99999:7:::\n", users[i]);
		str_addf(&group, "%s:x:%u:\n", users[i], FIRST_UID + i);
		run("mkdir -p %s/home/%s && chown %u:%u %s/home/%s", s->dir, users[i], FIRST_UID + i, FIRST_UID + i,
			s->dir, users[i]);
	}
	str_add(&sudoers,
		"root ALL=(ALL) ALL\nops ALL=(ALL) ALL\nfree ALL=(ALL) NOPASSWD: ALL\nnoisy ALL=(ALL) ALL\n"
		"term ALL=(ALL) NOPASSWD: ALL\nDefaults:term requiretty\nbare ALL=(ALL) NOPASSWD: ALL\nDefaults lecture=always\nDefaults:ops use_pty\nDefaults:free use_pty\n"
		"tick ALL=(ALL) ALL\nDefaults:tick timestamp_type=global\nnox ALL=(ALL) NOPASSWD: NOEXEC: ALL\n");
	str_add(&rc, "echo 'Welcome, dear operator!'\necho 'noise on stderr' >&2\nprintf 'no newline at the end'\n");
	put(s, "passwd", 0644, &passwd);
	put(s, "shadow", 0600, &shadow);
	put(s, "group", 0644, &group);
	put(s, "sudoers", 0440, &sudoers);
	put(s, "home/noisy/.bashrc", 0644, &rc);
	str_clear(&rc);
	str_add(&rc,
		"echo 'Please login as the user \"debian\" rather than the user \"cloud\".'; echo; sleep 30; exit 142\n");
	put(s, "home/cloud/.bashrc", 0644, &rc);
	/* without PAM's pause of two seconds after a wrong password */
	run("mkdir %s/pam.d && for f in sshd sudo other; do printf '%%s\\n' 'auth required pam_unix.so nodelay' "
	    "'account required pam_unix.so' 'session required pam_permit.so' > %s/pam.d/$f; done",
		s->dir, s->dir);
	run("mkdir -p %s/root %s/bin && ln -s /usr/bin/env %s/bin/env", s->dir, s->dir, s->dir);
	str_release(&passwd);
	str_release(&shadow);
	str_release(&group);
	str_release(&sudoers);
	str_release(&rc);
}

static void write_config(struct sshd *s, const char *extra)
{
	struct str conf = STR_INIT;

	str_addf(&conf,
		"ListenAddress 127.0.0.1\nPort %d\nHostKey %s/host_ed25519\nHostKey %s/host_rsa\nPidFile none\n",
		s->port, s->dir, s->dir);
	str_addf(&conf, "AuthorizedKeysFile %s/authorized_keys\nStrictModes no\nUsePAM yes\nPermitRootLogin yes\n",
		s->dir);
	str_addf(&conf,
		"PasswordAuthentication yes\nUseDNS no\nLogLevel VERBOSE\nSetEnv PATH=/usr/local/bin:/usr/bin:/bin\n%s\n"
		"Match User bare\n\tSetEnv PATH=%s/bin\n",
		extra ? extra : "MaxStartups 200", s->dir);
	put(s, "conf", 0644, &conf);
	str_release(&conf);
}

/* Never returns: becomes sshd, seeing its own accounts. */
static void become_sshd(struct sshd *s)
{
	static const char *const over[] = { "passwd", "shadow", "group", "sudoers", "pam.d" };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount("tmpfs", "/run", "tmpfs", 0, "mode=755") != 0 || mkdir("/run/sshd", 0755) != 0)
		die("mount");
	for (size_t i = 0; i < sizeof(over) / sizeof(over[0]); i++) {
		char target[64];

		snprintf(target, sizeof(target), "/etc/%s", over[i]);
		if (access(target, F_OK) == 0 && mount(sshd_path(s, over[i]), target, NULL, MS_BIND, NULL) != 0)
			die(target);
	}
	execl("/usr/sbin/sshd", "/usr/sbin/sshd", "-D", "-f", sshd_path(s, "conf"), "-E", sshd_path(s, "log"),
		(char *)NULL);
	die("exec sshd");
}

static void wait_listening(const struct sshd *s)
{
	for (int i = 0; i < 500; i++) {
		struct sockaddr_in name = { .sin_family = AF_INET,
			.sin_port = htons((unsigned short)s->port),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), status;
		int rc = connect(fd, (struct sockaddr *)&name, sizeof(name));

		close(fd);
		if (rc == 0)
			return;
		if (waitpid(s->pid, &status, WNOHANG) == s->pid)
			die("sshd ended");
		poll(NULL, 0, 20);
	}
	die("sshd does not listen");
}

/* Keys that all servers of a test program share: making them takes longer than most tests. */
static char keys_dir[64];
static pid_t keys_owner;

static void drop_keys(void)
{
	if (getpid() == keys_owner)
		run("rm -rf %s", keys_dir);
}

void sshd_make_keys(void)
{
	if (keys_dir[0] || sshd_missing())
		return;
	snprintf(keys_dir, sizeof(keys_dir), "/tmp/kubewright-keys.XXXXXX");
	if (!mkdtemp(keys_dir))
		die("mkdtemp");
	keys_owner = getpid();
	atexit(drop_keys);
	run("cd %s && for k in host_ed25519 id other; do ssh-keygen -q -t ed25519 -N '' -f $k; done && "
	    "ssh-keygen -q -t rsa -b 2048 -N '' -f host_rsa && ssh-keygen -q -t ed25519 -a 4 -N 'open sesame' -f locked && "
	    "cat id.pub locked.pub > authorized_keys",
		keys_dir);
}

void sshd_start(struct sshd *s, const char *extra)
{
	int fd;

	memset(s, 0, sizeof(*s));
	snprintf(s->dir, sizeof(s->dir), "/tmp/kubewright-sshd.XXXXXX");
	if (!mkdtemp(s->dir))
		die("mkdtemp");
	sshd_make_keys();
	run("chmod 755 %s && mkdir %s/home && cp -p %s/* %s", s->dir, s->dir, keys_dir, s->dir);
	write_accounts(s);
	fd = listen_any(&s->port, 1);
	close(fd);
	write_config(s, extra);
	s->pid = fork();
	if (s->pid == 0)
		become_sshd(s);
	wait_listening(s);
}

/* Parent of a process, or 0. */
static pid_t parent_of(pid_t pid)
{
	char path[64], text[512], *p;
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	p = strrchr(text, ')');
	return p && strlen(p) > 4 ? (pid_t)atoi(p + 4) : 0;
}

/* Ends what descends from a process, or only stops it. */
static int signal_children(pid_t of, int sig)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)) != NULL) {
		pid_t pid = (pid_t)atoi(e->d_name);

		if (pid > 1 && parent_of(pid) == of) {
			/* stopped first, so that it does not report its child's death as a command's end */
			kill(pid, SIGSTOP);
			signal_children(pid, sig);
			kill(pid, sig);
			n++;
		}
	}
	if (d)
		closedir(d);
	return n;
}

int sshd_cut(const struct sshd *s)
{
	return signal_children(s->pid, SIGKILL);
}

void sshd_freeze(const struct sshd *s)
{
	signal_children(s->pid, SIGSTOP);
}

void sshd_agent_start(struct sshd *s)
{
	const char *socket = sshd_path(s, "agent.sock"), *program = sshd_path(s, "agent");

	/* a copy has no set-group-ID bit: a program that has one would outlive its parent */
	run("cp \"$(command -v ssh-agent)\" %s", program);
	s->agent = fork();
	if (s->agent == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close_range(3, ~0u, 0);
		/* asks for a confirmation in vain */
		setenv("SSH_ASKPASS", "/bin/false", 1);
		setenv("DISPLAY", "none", 1);
		if (freopen("/dev/null", "w", stdout))
			execl(program, "ssh-agent", "-D", "-a", socket, (char *)NULL);
		_exit(127);
	}
	setenv("SSH_AUTH_SOCK", socket, 1);
	/* the socket is there before the agent listens; by 2 it says "no agent" */
	for (int i = 0; i < 500 && system("ssh-add -l >/dev/null 2>&1") == 2 << 8; i++)
		usleep(10000);
}

void sshd_agent_stop(struct sshd *s)
{
	if (!s->agent)
		return;
	kill(s->agent, SIGKILL);
	waitpid(s->agent, NULL, 0);
	unlink(sshd_path(s, "agent.sock"));
	s->agent = 0;
}

void sshd_stop(struct sshd *s)
{
	sshd_agent_stop(s);
	signal_children(s->pid, SIGKILL);
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	if (!getenv("KEEP_SSHD"))
		run("rm -rf %s", s->dir);
}

char *sshd_host_key(struct sshd *s, const char *type)
{
	struct str text = STR_INIT;
	char name[64], *end;

	snprintf(name, sizeof(name), "host_%s.pub", type);
	if (file_read(sshd_path(s, name), 4096, &text, NULL) != 0)
		die(name);
	end = strchr(text.buf, ' ');
	end = end ? strchr(end + 1, ' ') : NULL;
	if (end)
		*end = '\0';
	return str_detach(&text);
}
