#include "store/etag.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define MD5_DIGITS 32

char *etag_strong(const char *etag)
{
	if (etag == NULL)
		return NULL;
	bool weak = strncasecmp(etag, "W/", 2) == 0 && etag[2] == '"';
	return text_copy(etag + (weak ? 2 : 0));
}

char *etag_bare(const char *etag)
{
	char *bare = etag_strong(etag);
	size_t size = bare != NULL ? strlen(bare) : 0;
	if (size < 2 || bare[0] != '"' || bare[size - 1] != '"')
		return bare;
	memmove(bare, bare + 1, size - 2);
	bare[size - 2] = '\0';
	return bare;
}

bool etag_looks_like_md5(const char *etag)
{
	char *bare = etag_bare(etag);
	bool looks = bare != NULL && strlen(bare) == MD5_DIGITS &&
		     strspn(bare, "0123456789abcdefABCDEF") == MD5_DIGITS;
	free(bare);
	return looks;
}

bool etag_is_md5(const char *etag, const uint8_t md5[16])
{
	char hex[MD5_DIGITS + 1];
	char *bare = etag_bare(etag);
	text_hex(hex, md5, 16);
	bool is = bare != NULL && strcasecmp(bare, hex) == 0;
	free(bare);
	return is;
}

int etag_check(const char *etag, struct fail *f)
{
	size_t size = etag != NULL ? strlen(etag) : 0;
	if (size == 0)
		return fail_set(f, STATUS_NOT_A_REGISTRY, "the store answers without an ETag");
	if (size > ETAG_MAX)
		return fail_set(f, STATUS_NOT_A_REGISTRY,
			"the store answers with an ETag of %zu bytes, more than %d", size,
			ETAG_MAX);
	for (const char *c = etag; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return fail_set(f, STATUS_NOT_A_REGISTRY,
				"the store answers with an ETag that holds a control character");
	return 0;
}
