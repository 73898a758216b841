/*
 * known_hosts and pins. The first byte chooses port, name and file; the rest is the file. Properties: a key that is remembered in it is known afterwards, unless
 * the file revokes it or cannot be read as such.
 */
#include "base/error.h"
#include "base/str.h"
#include "remote/ssh.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define TYPE "ssh-ed25519"
#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAIFoZ8d0m1ZfZ5sH9FM7Xb1q6nUq6eY7m7l0b2m3c4d5e"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct remote_known_key *where;
	struct remote_known known = { 0 };
	struct str algorithms = STR_INIT, more = STR_INIT;
	enum remote_known_state state;
	const char *host;
	char *text;
	int port;

	if (size < 2)
		return 0;
	port = data[0] & 1 ? 22 : 2222;
	host = data[0] & 2 ? "10.0.0.1" : "Host.Example";
	text = strndup((const char *)data + 1, size - 1);
	remote_known_add(&known, text, "f", host, port, data[0] & 4);
	remote_known_algorithms(&known, NULL, &algorithms);
	if (!algorithms.len)
		fuzz_broken("no algorithm is left to offer");
	state = remote_known_check(&known, TYPE, KEY, &where);
	remote_pin_matches(text, TYPE, "AAAA", "SHA256:abc");
	remote_known_release(&known);

	str_addf(&more, "%s\n", text);
	str_addf(&more, port == 22 ? "%s" : "[%s]:2222", data[0] & 2 ? "10.0.0.1" : "host.example");
	str_add(&more, " " TYPE " " KEY "\n");
	known = (struct remote_known){ 0 };
	remote_known_add(&known, more.buf, "f", host, port, false);
	if (state != REMOTE_KNOWN_REVOKED) {
		enum remote_known_state now = remote_known_check(&known, TYPE, KEY, &where);

		if (now != REMOTE_KNOWN_OK && now != REMOTE_KNOWN_REVOKED)
			fuzz_broken("a key that was remembered is not known: %s", more.buf);
	}
	remote_known_release(&known);
	str_release(&algorithms);
	str_release(&more);
	free(text);
	return 0;
}
