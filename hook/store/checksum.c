#include "store/checksum.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/text.h"

char *checksum_base64(const void *bytes, size_t size)
{
	char *out = memory_get(4 * ((size + 2) / 3) + 1, 1);
	EVP_EncodeBlock((unsigned char *)out, bytes, (int)size);
	return out;
}

char *checksum_base64_url(const void *bytes, size_t size)
{
	char *out = checksum_base64(bytes, size);
	for (char *c = out; *c != '\0'; c++) {
		if (*c == '+')
			*c = '-';
		else if (*c == '/')
			*c = '_';
		else if (*c == '=')
			*c = '\0';
	}
	return out;
}

bool checksum_parse_base64(const char *base64, uint8_t *bytes)
{
	size_t size = strlen(base64);
	return size % 4 == 0 &&
	       EVP_DecodeBlock(bytes, (const unsigned char *)base64, (int)size) >= 0;
}

char *checksum_crc32c(uint32_t crc)
{
	uint8_t bytes[4] = {
		(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};
	return checksum_base64(bytes, sizeof(bytes));
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
		fail_out_of_memory();
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
