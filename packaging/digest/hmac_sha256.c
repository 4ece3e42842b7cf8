#include "packaging/digest/hmac_sha256.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/panic.h"

void hmac_sha256(
	const void *key, size_t key_size, const void *bytes, size_t size, uint8_t mac[SHA256_BYTES])
{
	unsigned length = 0;
	INVARIANT(HMAC(EVP_sha256(), key, (int)key_size, bytes, size, mac, &length) != NULL &&
		  length == SHA256_BYTES);
}
