/* Secrets and the mask that keeps them out of all output. */
#include "tests/test.h"

#include "base/alloc.h"
#include "base/secret.h"

#include <pthread.h>

static void masked(struct mask *m, const char *text, const char *want)
{
	char *copy = xstrdup(text);

	mask_apply(m, copy);
	CHECK_STR(copy, want);
	free(copy);
}

static void covering(void)
{
	struct mask *m = mask_new();

	masked(m, "nothing is known yet", "nothing is known yet");
	mask_add(m, "hunter2-hunter2");
	mask_add(m, "abcdef");
	mask_add(m, "ninebytes");
	mask_add(m, "short");
	mask_add(m, "");
	mask_add(m, NULL);
	masked(m, "", "");
	masked(m, "password hunter2-hunter2.", "password •••.");
	masked(m, "hunter2-hunter2hunter2-hunter2", "••••••");
	masked(m, "hunter2-hunter", "hunter2-hunter");
	masked(m, "abcdef", "***");
	masked(m, "ninebytes", "•••");
	masked(m, "a short word stays", "a short word stays");
	masked(m, "ABCDEF", "ABCDEF");
	mask_free(m);
	mask_free(NULL);
}

/* No order of adding and no way of overlapping leaves a part of a secret. */
static void overlaps(void)
{
	struct mask *m = mask_new();

	mask_add(m, "secret");
	mask_add(m, "secret-and-more");
	mask_add(m, "more-and-tail");
	mask_add(m, "secret");
	masked(m, "x secret-and-more y", "x ••• y");
	masked(m, "x secret-and-more-and-tail y", "x ••• y");
	masked(m, "secret-and-mor", "***-and-mor");
	masked(m, "secretsecret", "******");
	mask_free(m);
	m = mask_new();
	mask_add(m, "aaaaaa");
	masked(m, "aaaaaaaaaaa", "•••");
	masked(m, "aaaaa", "aaaaa");
	mask_free(m);
}

static void never_longer(void)
{
	struct mask *m = mask_new();
	char text[5000], before[5000];

	mask_add(m, "ababab");
	mask_add(m, "bababababa");
	for (unsigned seed = 1; seed < 300; seed++) {
		unsigned x = seed;

		for (size_t i = 0; i < seed * 16; i++) {
			x = x * 1103515245u + 12345u;
			text[i] = (x >> 16) % 12 ? "ab"[i % 2] : 'c';
		}
		text[seed * 16] = '\0';
		strcpy(before, text);
		mask_apply(m, text);
		CHECK(strlen(text) <= strlen(before));
		CHECK(strstr(text, "ababab") == NULL);
		CHECK(strstr(text, "bababababa") == NULL);
	}
	mask_free(m);
}

static void *adder(void *arg)
{
	for (int i = 0; i < 200; i++) {
		char *word = xasprintf("another-secret-%d", i);

		mask_add(arg, word);
		free(word);
	}
	return NULL;
}

static void *user(void *arg)
{
	for (int i = 0; i < 3000; i++) {
		char text[] = "the password is correct-horse-battery, it is";

		mask_apply(arg, text);
		if (strcmp(text, "the password is •••, it is") != 0)
			return arg;
	}
	return NULL;
}

static void threads(void)
{
	struct mask *m = mask_new();
	pthread_t t[6];
	void *bad;

	mask_add(m, "correct-horse-battery");
	for (int i = 0; i < 6; i++)
		pthread_create(&t[i], NULL, i % 2 ? user : adder, m);
	for (int i = 0; i < 6; i++) {
		pthread_join(t[i], &bad);
		CHECK(bad == NULL);
	}
	masked(m, "another-secret-199", "•••");
	mask_free(m);
}

static void holding(void)
{
	struct secret s = { NULL, 0 };
	char buf[8] = "sesame!";

	secret_set(&s, "open sesame", 4);
	CHECK_STR(s.text, "open");
	CHECK_INT(s.len, 4);
	/* from its own text */
	secret_set(&s, s.text, 2);
	CHECK_STR(s.text, "op");
	secret_release(&s);
	CHECK(s.text == NULL && s.len == 0);
	secret_release(&s);
	secret_wipe(buf, sizeof(buf));
	for (size_t i = 0; i < sizeof(buf); i++)
		CHECK_INT(buf[i], 0);
}

static void random_words(void)
{
	char a[33], b[33];
	static char many[360001];
	int seen[256] = { 0 };

	secret_random_word(a, 32);
	secret_random_word(b, 32);
	CHECK_INT(strlen(a), 32);
	CHECK(strcmp(a, b) != 0);
	secret_random_word(many, sizeof(many) - 1);
	for (char *p = many; *p; p++)
		seen[(unsigned char)*p]++;
	for (const char *p = "abcdefghijklmnopqrstuvwxyz0123456789"; *p; p++)
		/* 10000 expected of each; a deviation of 7 sigma is not an accident */
		CHECK(seen[(unsigned char)*p] > 9300 && seen[(unsigned char)*p] < 10700);
	CHECK_INT(strspn(many, "abcdefghijklmnopqrstuvwxyz0123456789"), sizeof(many) - 1);
}

static const struct test tests[] = {
	{ "covering", covering },
	{ "overlaps", overlaps },
	{ "never longer", never_longer },
	{ "threads", threads },
	{ "holding", holding },
	{ "random words", random_words },
};
TEST_MAIN(tests)
