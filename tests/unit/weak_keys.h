/* Encryption that takes next to no time: the many keys and backups of these tests are nobody's. */
#ifndef TESTS_UNIT_WEAK_KEYS_H
#define TESTS_UNIT_WEAK_KEYS_H

#include <dlfcn.h>
#include <openssl/pkcs12.h>

X509_ALGOR *PKCS5_pbe2_set_scrypt(const EVP_CIPHER *cipher, const unsigned char *salt, int len, unsigned char *iv,
	uint64_t n, uint64_t r, uint64_t p)
{
	X509_ALGOR *(*real)(
		const EVP_CIPHER *, const unsigned char *, int, unsigned char *, uint64_t, uint64_t, uint64_t);

	*(void **)&real = dlsym(RTLD_NEXT, "PKCS5_pbe2_set_scrypt");
	return real(cipher, salt, len, iv, n / 1024, r, p);
}

static int scrypts, scrypt_strong; /* how many there were; and whether they take what they are given */

int EVP_PBE_scrypt(const char *pass, size_t len, const unsigned char *salt, size_t salt_len, uint64_t n, uint64_t r,
	uint64_t p, uint64_t max, unsigned char *key, size_t key_len)
{
	int (*real)(const char *, size_t, const unsigned char *, size_t, uint64_t, uint64_t, uint64_t, uint64_t,
		unsigned char *, size_t);

	*(void **)&real = dlsym(RTLD_NEXT, "EVP_PBE_scrypt");
	scrypts++;
	return real(pass, len, salt, salt_len, scrypt_strong || n <= 8192 ? n : n / 4096, r, p, max, key, key_len);
}

#endif
