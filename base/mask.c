#include "base/alloc.h"
#include "base/secret.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SHORTEST 6
#define COVER "•••"
#define SMALL_COVER "***" /* for words that are shorter than the bytes of COVER */

struct mask {
	pthread_rwlock_t lock;
	struct secret *words;
	size_t count;
	bool first[256]; /* bytes that some word begins with: most of a text is passed by this look */
};

struct mask *mask_new(void)
{
	struct mask *m = xcalloc(1, sizeof(*m));

	pthread_rwlock_init(&m->lock, NULL);
	return m;
}

void mask_free(struct mask *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->count; i++)
		secret_release(&m->words[i]);
	free(m->words);
	pthread_rwlock_destroy(&m->lock);
	free(m);
}

static bool known(const struct mask *m, const char *text)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->words[i].text, text) == 0)
			return true;
	return false;
}

void mask_add(struct mask *m, const char *text)
{
	size_t n = text ? strlen(text) : 0;

	if (n < SHORTEST)
		return;
	pthread_rwlock_wrlock(&m->lock);
	if (!known(m, text)) {
		m->words = xrealloc(m->words, m->count + 1, sizeof(*m->words));
		memset(&m->words[m->count], 0, sizeof(*m->words));
		secret_set(&m->words[m->count++], text, n);
		m->first[(unsigned char)*text] = true;
	}
	pthread_rwlock_unlock(&m->lock);
}

/* Length of the longest word that begins at p, else 0. */
static size_t word_at(const struct mask *m, const char *p)
{
	size_t longest = 0;

	if (!m->first[(unsigned char)*p])
		return 0;
	for (size_t i = 0; i < m->count; i++)
		if (m->words[i].len > longest && strncmp(p, m->words[i].text, m->words[i].len) == 0)
			longest = m->words[i].len;
	return longest;
}

/* Words may contain or overlap each other: what is covered is their union, so that nothing of one stays. */
static size_t covered_at(const struct mask *m, const char *p)
{
	size_t end = word_at(m, p);

	for (size_t i = 1; i < end; i++) {
		size_t n = word_at(m, p + i);

		if (i + n > end)
			end = i + n;
	}
	return end;
}

void mask_apply(struct mask *m, char *text)
{
	char *out = text;

	pthread_rwlock_rdlock(&m->lock);
	for (const char *p = text; *p;) {
		size_t n = covered_at(m, p), width = n >= strlen(COVER) ? strlen(COVER) : strlen(SMALL_COVER);

		if (!n) {
			*out++ = *p++;
			continue;
		}
		memcpy(out, width == strlen(COVER) ? COVER : SMALL_COVER, width);
		out += width;
		p += n;
	}
	*out = '\0';
	pthread_rwlock_unlock(&m->lock);
}
