#include "base/secret.h"

#include "base/alloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void secret_wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}

void secret_set(struct secret *s, const char *text, size_t len)
{
	char *copy = xstrndup(text, len);

	secret_release(s);
	s->text = copy;
	s->len = len;
}

void secret_release(struct secret *s)
{
	if (s->text) {
		secret_wipe(s->text, s->len);
		free(s->text);
	}
	s->text = NULL;
	s->len = 0;
}

void secret_random_word(char *out, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char byte;

	for (size_t i = 0; i < n;) {
		ssize_t got = getrandom(&byte, 1, 0);

		if (got < 0 && errno != EINTR) {
			perror("kubewright: getrandom");
			abort();
		}
		/* 252 is the largest multiple of 36 in a byte: no letter is likelier than another */
		if (got == 1 && byte < 252)
			out[i++] = letters[byte % 36];
	}
	out[n] = '\0';
}
