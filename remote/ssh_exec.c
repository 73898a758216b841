/*
 * One command over SSH. The first line that the command's own shell prints is a random mark: whatever came before it is the login
 * shell's noise and is dropped, and where sudo is needed it proves that we are root now. Until then neither the script nor
 * anything else but the password that sudo has asked for is sent.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "remote/ssh.h"

#include <libssh/callbacks.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
	EXEC_TIMEOUT_MS = 60 * 1000,
	EXEC_OUT_MAX = 16 << 20,
	EXEC_NOISE_MAX = 16 << 10, /* of what comes before the mark this much is kept, for errors */
	EXEC_CHUNK = 32 << 10,
	EXEC_LINGER_MS = 2000, /* after the status, for output that a child in the background holds open */
};

struct run {
	struct remote_link *link;
	const struct remote_exec *x;
	ssh_channel channel;
	bool sudo;
	bool marked;                 /* the mark was seen */
	struct str prompt;           /* what sudo asks with */
	struct str noise, noise_err; /* before the mark; of sudo's, noise_err continues behind it */
	int asked;                   /* times that sudo asked for the password */
	bool password_sent;
	size_t sent; /* of the input */
	bool eof_sent;
	size_t out_len, out_max;
	bool too_much;
	bool eof, closed, has_status;
	int status;
	int64_t status_at;
};

/* Bounds what is kept of the noise; its end is what says most. */
static void trim_noise(struct str *s)
{
	if (s->len > EXEC_NOISE_MAX) {
		memmove(s->buf, s->buf + s->len - EXEC_NOISE_MAX / 2, EXEC_NOISE_MAX / 2);
		s->len = EXEC_NOISE_MAX / 2;
		s->buf[s->len] = '\0';
	}
}

static void take_stdout(struct run *r, const char *data, size_t len)
{
	if (r->out_len + len > r->out_max) {
		r->too_much = true;
		return;
	}
	r->out_len += len;
	if (r->x->out)
		str_addn(r->x->out, data, len);
}

static void before_mark(struct run *r, const char *data, size_t len)
{
	const char *mark = r->link->mark;
	size_t n = strlen(mark);
	char *hit;

	str_addn(&r->noise, data, len);
	hit = memmem(r->noise.buf, r->noise.len, mark, n);
	/* the word alone may be an echo of the command line: it is the mark when the line ends with it */
	while (hit && hit + n < r->noise.buf + r->noise.len && hit[n] != '\n')
		hit = memmem(hit + 1, (size_t)(r->noise.buf + r->noise.len - hit - 1), mark, n);
	if (!hit || hit + n >= r->noise.buf + r->noise.len) {
		trim_noise(&r->noise);
		return;
	}
	r->marked = true;
	hit += n + 1;
	take_stdout(r, hit, (size_t)(r->noise.buf + r->noise.len - hit));
}

static int count_prompts(const struct run *r)
{
	const char *p = r->noise_err.buf, *end = p + r->noise_err.len;
	int n = 0;

	while ((p = memmem(p, (size_t)(end - p), r->prompt.buf, r->prompt.len)) != NULL) {
		n++;
		p += r->prompt.len;
	}
	return n;
}

static int on_data(ssh_session session, ssh_channel channel, void *data, uint32_t len, int is_stderr, void *ctx)
{
	struct run *r = ctx;

	(void)session;
	(void)channel;
	if (!is_stderr && r->marked) {
		take_stdout(r, data, len);
	} else if (!is_stderr) {
		before_mark(r, data, len);
	} else if (r->marked || !r->sudo) {
		if (r->x->on_stderr)
			r->x->on_stderr(data, len, r->x->ctx);
		if (!r->marked || r->sudo)
			str_addn(&r->noise_err, data, len);
	} else {
		str_addn(&r->noise_err, data, len);
		r->asked = count_prompts(r);
	}
	trim_noise(&r->noise_err);
	return (int)len;
}

static void on_eof(ssh_session session, ssh_channel channel, void *ctx)
{
	(void)session;
	(void)channel;
	((struct run *)ctx)->eof = true;
}

static void on_close(ssh_session session, ssh_channel channel, void *ctx)
{
	(void)session;
	(void)channel;
	((struct run *)ctx)->closed = true;
}

static void set_status(struct run *r, int status)
{
	r->has_status = true;
	r->status = status;
	r->status_at = clock_mono_ms();
}

static void on_status(ssh_session session, ssh_channel channel, int status, void *ctx)
{
	(void)session;
	(void)channel;
	set_status(ctx, status);
}

static int signal_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = { { "ABRT", SIGABRT }, { "ALRM", SIGALRM }, { "FPE", SIGFPE }, { "HUP", SIGHUP },
		{ "ILL", SIGILL }, { "INT", SIGINT }, { "KILL", SIGKILL }, { "PIPE", SIGPIPE }, { "QUIT", SIGQUIT },
		{ "SEGV", SIGSEGV }, { "TERM", SIGTERM }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 } };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (strcmp(signals[i].name, name) == 0)
			return signals[i].number;
	return 127; /* one that RFC 4254 6.10 does not name: 128 + 127 = 255 */
}

static void on_signal(ssh_session session, ssh_channel channel, const char *name, int core, const char *message,
	const char *lang, void *ctx)
{
	(void)session;
	(void)channel;
	(void)core;
	(void)message;
	(void)lang;
	set_status(ctx, 128 + signal_number(name));
}

/* The command line for the login shell. */
static void command_line(const struct remote_link *l, const struct remote_exec *x, struct str *out)
{
	struct str inner = STR_INIT;

	str_addf(&inner, "echo %s; %s", l->mark, x->command ? x->command : "exec /bin/sh -s");
	str_add(out, "exec ");
	if (!l->root && !x->as_user) {
		/* the prompt distinguishes a question for the password from every other text; -n when there is no password to give */
		str_add(out, "env LC_ALL=C sudo ");
		if (l->sudo.text) {
			str_add(out, "-S -p ");
			remote_sudo_prompt(l->mark, out);
		} else {
			str_add(out, "-n");
		}
		str_add(out, " -- ");
	}
	str_add(out, "/bin/sh -c ");
	str_add_quoted(out, inner.buf);
	str_release(&inner);
}

/* Opens the channel and asks for the command. */
static int start(struct run *r, struct ssh_channel_callbacks_struct *cb, int64_t deadline, struct error *err)
{
	struct remote_link *l = r->link;
	struct str command = STR_INIT;
	int rc = remote_link_session(l, &r->channel, deadline, "a channel", err);

	if (rc < 0)
		return -1;
	if (rc == 0) {
		ssh_set_channel_callbacks(r->channel, cb);
		command_line(l, r->x, &command);
		while ((rc = ssh_channel_request_exec(r->channel, command.buf)) == SSH_AGAIN)
			if (remote_link_wait(l, deadline, "the command's start", err) != 0)
				break;
		str_release(&command);
		if (rc == SSH_AGAIN)
			return -1;
	}
	if (rc == SSH_OK)
		return 0;
	if (!remote_link_alive(l))
		return remote_link_lost(l, err);
	error_set(err, ERROR_CONNECT, "%s refuses to run a command: %s", l->name, ssh_get_error(l->session));
	return error_hint(err, "does its sshd_config restrict sessions (MaxSessions, ForceCommand) for '%s'?", l->user);
}

/* Sends what may be sent now. Returns whether there is more that could go at once. */
static bool feed(struct run *r)
{
	const struct remote_exec *x = r->x;
	bool open = !r->sudo || r->marked;
	uint32_t window;

	if (r->sudo && !r->marked && r->asked == 1 && !r->password_sent && r->link->sudo.text) {
		struct str line = STR_INIT;

		str_addn(&line, r->link->sudo.text, r->link->sudo.len);
		str_addc(&line, '\n');
		ssh_channel_write(r->channel, line.buf, (uint32_t)line.len);
		str_wipe(&line);
		r->password_sent = true;
	}
	if (!open || r->eof_sent || r->closed)
		return false;
	/* one piece at a time: libssh would queue any amount and then block in send */
	if (r->sent < x->input_len && (ssh_get_poll_flags(r->link->session) & SSH_WRITE_PENDING) == 0) {
		size_t n = x->input_len - r->sent;
		int written;

		window = ssh_channel_window_size(r->channel);
		n = n > window ? window : n;
		n = n > EXEC_CHUNK ? EXEC_CHUNK : n;
		written = n > 0 ? ssh_channel_write(r->channel, (const char *)x->input + r->sent, (uint32_t)n) : 0;
		r->sent = written < 0 ? x->input_len : r->sent + (size_t)written; /* nobody reads it any more */
	}
	if (r->sent >= x->input_len) {
		ssh_channel_send_eof(r->channel);
		r->eof_sent = true;
		return false;
	}
	return ssh_channel_window_size(r->channel) > 0 &&
	       (ssh_get_poll_flags(r->link->session) & SSH_WRITE_PENDING) == 0;
}

static bool over(const struct run *r, int64_t now)
{
	char user[64];

	/* who says that another user is meant sleeps for 10 s before it leaves */
	if (r->closed || r->too_much || r->asked > 1 ||
		(!r->marked && remote_other_user(r->noise.buf, user, sizeof(user))))
		return true;
	return r->has_status && (r->eof || now - r->status_at > EXEC_LINGER_MS);
}

static int out_of_time(struct run *r, int64_t timeout, struct error *err)
{
	ssh_channel_request_send_signal(r->channel, "TERM");
	error_set(
		err, ERROR_TIMEOUT, "a command on %s did not end within %.0f s", r->link->name, (double)timeout / 1000);
	return error_hint(err, "is the host overloaded, or waiting for a disk or a network that does not answer?");
}

static int talk(struct run *r, int64_t timeout, int64_t deadline, struct error *err)
{
	struct remote_link *l = r->link;

	for (;;) {
		int64_t now = clock_mono_ms();
		bool more;

		if (remote_token_fired(l->token))
			return remote_cancelled(err);
		if (over(r, now))
			return 0;
		if (!remote_link_alive(l))
			return remote_link_lost(l, err);
		if (now >= deadline)
			return out_of_time(r, timeout, err);
		more = feed(r);
		now = deadline - now;
		if (ssh_event_dopoll(l->event, more        ? 0
					       : now < 250 ? (int)now
							   : 250) == SSH_ERROR &&
			!over(r, clock_mono_ms()))
			return remote_link_lost(l, err);
	}
}

/* What a run without the mark means. */
static int no_mark(struct run *r, struct error *err)
{
	struct remote_link *l = r->link;
	struct str text = STR_INIT;
	char user[64];
	int rc;

	str_add_printable(&text, r->noise_err.buf, r->noise_err.len);
	str_add_printable(&text, r->noise.buf, r->noise.len);
	if (remote_other_user(text.buf, user, sizeof(user))) {
		error_set(err, ERROR_AUTH, "%s refuses '%s': it asks for the user '%s'", l->name, l->user, user);
		rc = error_hint(err, "set ssh.user to '%s' in the inventory; it becomes root with sudo", user);
	} else if (r->sudo && r->noise_err.len > 0) {
		rc = remote_sudo_error(l->user, l->name, l->sudo.text != NULL, r->has_status ? r->status : -1, text.buf,
			r->asked, err);
	} else if (!r->has_status) {
		rc = remote_link_lost(l, err);
	} else {
		error_set(err, ERROR_AUTH, "the login of '%s' on %s does not run commands (status %d)", l->user,
			l->name, r->status);
		error_detail(err, text.buf);
		rc = error_hint(err,
			"is its shell nologin, has its password expired, or does sshd_config have a ForceCommand for it?");
	}
	str_release(&text);
	return rc;
}

static int finish(struct run *r, int *status, struct error *err)
{
	if (r->too_much) {
		error_set(
			err, ERROR_PROTOCOL, "a command on %s printed more than %zu bytes", r->link->name, r->out_max);
		return error_hint(
			err, "this is not the answer that was asked for; check what the host's login shell prints");
	}
	if (!r->marked)
		return no_mark(r, err);
	if (!r->has_status)
		return remote_link_lost(r->link, err);
	if (r->sudo && r->status == 126 && r->out_len == 0 && strstr(r->noise_err.buf, "Permission denied")) {
		error_set(err, ERROR_AUTH, "sudo on %s lets '%s' start a shell, but no program from it (noexec)",
			r->link->name, r->link->user);
		return error_hint(err, "remove 'Defaults noexec' or the tag NOEXEC for '%s' in /etc/sudoers there",
			r->link->user);
	}
	*status = r->status;
	return 0;
}

int remote_ssh_exec(struct remote *remote, const struct remote_exec *x, int *status, struct error *err)
{
	struct remote_link *l = (struct remote_link *)remote;
	struct run r = { .link = l,
		.x = x,
		.sudo = !l->root && !x->as_user,
		.out_max = x->out_max ? x->out_max : EXEC_OUT_MAX,
		.prompt = STR_INIT,
		.noise = STR_INIT,
		.noise_err = STR_INIT };
	struct ssh_channel_callbacks_struct cb = { .userdata = &r,
		.channel_data_function = on_data,
		.channel_eof_function = on_eof,
		.channel_close_function = on_close,
		.channel_exit_status_function = on_status,
		.channel_exit_signal_function = on_signal };
	int64_t timeout = x->timeout_ms ? x->timeout_ms : EXEC_TIMEOUT_MS, deadline = clock_mono_ms() + timeout;
	int rc;

	if (remote_token_fired(l->token))
		return remote_cancelled(err);
	if (!remote_link_alive(l))
		return remote_link_lost(l, err);
	remote_sudo_prompt(l->mark, &r.prompt);
	ssh_callbacks_init(&cb);
	rc = start(&r, &cb, deadline, err);
	if (rc == 0)
		rc = talk(&r, timeout, deadline, err);
	if (rc == 0)
		rc = finish(&r, status, err);
	if (r.channel) {
		ssh_remove_channel_callbacks(r.channel, &cb);
		remote_link_session_free(l, r.channel);
	}
	str_release(&r.prompt);
	str_release(&r.noise);
	str_release(&r.noise_err);
	return rc;
}
