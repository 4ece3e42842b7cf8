#include "store/checksum.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/panic.h"
#include "packaging/digest/base64.h"

char *checksum_crc32c(uint32_t crc)
{
	uint8_t bytes[4] = {
		(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};
	return base64_encode(bytes, sizeof(bytes));
}

void checksum_md5(const void *bytes, size_t size, uint8_t digest[MD5_BYTES])
{
	unsigned length = MD5_BYTES;
	INVARIANT(EVP_Digest(bytes, size, digest, &length, EVP_md5(), NULL) == 1);
}

void md5_init(struct md5 *md5)
{
	if (md5->context == NULL)
		md5->context = EVP_MD_CTX_new();
	if (md5->context == NULL)
		panic_out_of_memory();
	INVARIANT(EVP_DigestInit_ex(md5->context, EVP_md5(), NULL) == 1);
}

void md5_add(struct md5 *md5, const void *bytes, size_t size)
{
	INVARIANT(EVP_DigestUpdate(md5->context, bytes, size) == 1);
}

void md5_finish(struct md5 *md5, uint8_t digest[MD5_BYTES])
{
	INVARIANT(EVP_DigestFinal_ex(md5->context, digest, NULL) == 1);
	md5_release(md5);
}

void md5_release(struct md5 *md5)
{
	EVP_MD_CTX_free(md5->context);
	md5->context = NULL;
}
