/* key - the signature of a request to Azure Storage with an account's key ("Shared Key",
 * Authorize with Shared Key, version 2015-02-21 and later).
 */
#ifndef MODELHOOK_STORE_AZURE_KEY_H
#define MODELHOOK_STORE_AZURE_KEY_H

#include <stddef.h>
#include <stdint.h>

#define AZURE_QUERY_MAX 5

/* azure_parameter - one of a query, not escaped */
struct azure_parameter {
	const char *name; /* lower case; NULL: none */
	const char *value;
};

/* azure_to_sign - borrowed; headers are "name: value" lines in lower case, NULL-terminated */
struct azure_to_sign {
	const char *method;
	const char *path;			  /* of the URL, escaped, with the slash */
	const struct azure_parameter *parameters; /* AZURE_QUERY_MAX, sorted by name */
	const char *const *headers;
	const char *content_type; /* or NULL */
	uint64_t size;		  /* of the body */
};

/* azure_key_sign - the value of the header Authorization; key is what its base64 stands for. The
 * caller frees it. */
char *azure_key_sign(const char *account, const uint8_t *key, size_t key_size,
	const struct azure_to_sign *request);

#endif
