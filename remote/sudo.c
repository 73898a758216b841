/* sudo's many ways to say no. Texts are those of sudo 1.9 with LC_ALL=C, and of sudo-rs where they differ. */
#include "base/error.h"
#include "remote/ssh.h"

#include <stdio.h>
#include <string.h>

void remote_sudo_prompt(const char *mark, struct str *out)
{
	str_addf(out, "sudo-%s:", mark);
}

static bool says(const char *text, const char *a, const char *b)
{
	return strstr(text, a) || (b && strstr(text, b));
}

/* sudo's own last line, without our prompt: for what is not recognised. */
static void last_line(const char *text, struct str *out)
{
	size_t end = strlen(text), start;

	while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == ' '))
		end--;
	start = end;
	while (start > 0 && text[start - 1] != '\n')
		start--;
	str_addn(out, text + start, end - start > 200 ? 200 : end - start);
}

bool remote_other_user(const char *text, char *user, size_t size)
{
	static const char please[] = "Please login as the user \"";
	const char *name = strstr(text, please), *end;

	name = name ? name + sizeof(please) - 1 : NULL;
	end = name ? strchr(name, '"') : NULL;
	if (!end || (size_t)(end - name) >= size || !strstr(end, "rather than"))
		return false;
	snprintf(user, size, "%.*s", (int)(end - name), name);
	return true;
}

int remote_sudo_error(const char *user, const char *host, bool have_password, int status, const char *text, int asked,
	struct error *err)
{
	struct str line = STR_INIT;

	if (asked > 1 || says(text, "incorrect password", "incorrect authentication")) {
		error_set(err, ERROR_AUTH, "the sudo password of '%s' on %s is wrong", user, host);
		return error_hint(err,
			"try it there with 'sudo -k; sudo true'; it was tried once only, so that the account is not locked");
	}
	if (says(text, "must have a tty", "no tty present")) {
		error_set(err, ERROR_AUTH, "sudo on %s refuses '%s' without a terminal (requiretty)", host, user);
		return error_hint(err, "add 'Defaults:%s !requiretty' to /etc/sudoers.d/ there", user);
	}
	if (says(text, "not in the sudoers", "not allowed to") || says(text, "may not run sudo", "I'm sorry")) {
		error_set(err, ERROR_AUTH, "'%s' may not become root with sudo on %s", user, host);
		return error_hint(err, "add it to the sudo (or wheel) group there, or to /etc/sudoers.d/");
	}
	if (says(text, "password is required", "interactive authentication is required")) {
		error_set(err, ERROR_AUTH, "sudo on %s needs the password of '%s', and none was given", host, user);
		return error_hint(
			err, "set 'ssh.sudo: ask' in the inventory, or allow it with NOPASSWD in /etc/sudoers.d/");
	}
	if (says(text, "xpired", NULL)) {
		error_set(err, ERROR_AUTH, "the account or password of '%s' on %s has expired", user, host);
		return error_hint(err, "log in there once and set a new password");
	}
	if (status == 127 || says(text, "sudo: not found", "sudo: command not found") ||
		says(text, "sudo': No such file", NULL)) {
		error_set(err, ERROR_AUTH, "sudo is not installed on %s, and '%s' is not root", host, user);
		return error_hint(err, "install sudo there, or log in as root");
	}
	last_line(text, &line);
	error_set(err, ERROR_AUTH, "sudo did not run the command for '%s' on %s%s%s", user, host, line.len ? ": " : "",
		line.buf);
	str_release(&line);
	return error_hint(err, "try 'sudo %strue' there as '%s'", have_password ? "" : "-n ", user);
}
