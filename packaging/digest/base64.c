#include "packaging/digest/base64.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/memory.h"

char *base64_encode(const void *bytes, size_t size)
{
	char *out = memory_get(4 * ((size + 2) / 3) + 1, 1);
	EVP_EncodeBlock((unsigned char *)out, bytes, (int)size);
	return out;
}

char *base64_encode_url(const void *bytes, size_t size)
{
	char *out = base64_encode(bytes, size);
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

bool base64_decode(const char *base64, uint8_t *bytes)
{
	size_t size = strlen(base64);
	return size % 4 == 0 &&
	       EVP_DecodeBlock(bytes, (const unsigned char *)base64, (int)size) >= 0;
}
