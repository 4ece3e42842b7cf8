/* aws_keys - the keys of a caller of AWS, or a token in their place.
 */
#ifndef MODELHOOK_AUTH_AWS_KEYS_H
#define MODELHOOK_AUTH_AWS_KEYS_H

#include <stdint.h>

/* aws_keys - owned secrets; wiped on release */
struct aws_keys {
	char *access_key; /* NULL: none */
	char *secret_key;
	char *session_token; /* or NULL */
	char *bearer;	     /* instead of the others; or NULL */
	int64_t expires_ms;  /* 0: never */
	const char *from;    /* a literal, for messages: "the environment" */
};

void aws_keys_release(struct aws_keys *keys);
void aws_keys_copy(const struct aws_keys *from, struct aws_keys *to);

#endif
