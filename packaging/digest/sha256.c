#include "packaging/digest/sha256.h"

#include <openssl/evp.h>

#include "base/panic.h"
#include "base/text.h"

void sha256_init(struct sha256 *sha)
{
	sha->context = EVP_MD_CTX_new();
	if (sha->context == NULL || EVP_DigestInit_ex(sha->context, EVP_sha256(), NULL) != 1)
		panic_out_of_memory();
}

void sha256_add(struct sha256 *sha, const void *bytes, size_t size)
{
	INVARIANT(EVP_DigestUpdate(sha->context, bytes, size) == 1);
}

void sha256_finish(struct sha256 *sha, char hex[SHA256_HEX])
{
	uint8_t digest[SHA256_BYTES];
	INVARIANT(EVP_DigestFinal_ex(sha->context, digest, NULL) == 1);
	text_hex(hex, digest, sizeof(digest));
	sha256_release(sha);
}

void sha256_release(struct sha256 *sha)
{
	EVP_MD_CTX_free(sha->context);
	sha->context = NULL;
}

void sha256_of(const void *bytes, size_t size, char hex[SHA256_HEX])
{
	struct sha256 sha;
	sha256_init(&sha);
	sha256_add(&sha, bytes, size);
	sha256_finish(&sha, hex);
}
