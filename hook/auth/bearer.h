/* bearer - an access token that is good for a while, as token endpoints and metadata services give
 * it out (RFC 6749, section 5.1), and who keeps it for all threads.
 *
 * A token is fetched again before it expires, and once more where the store does not take it.
 */
#ifndef MODELHOOK_AUTH_BEARER_H
#define MODELHOOK_AUTH_BEARER_H

#include <pthread.h>

#include "base/fail.h"
#include "http/types.h"

struct bearer {
	char *token;	    /* a secret, owned; NULL: none */
	int64_t expires_ms; /* since 1970 */
};

void bearer_release(struct bearer *bearer);

/* bearer_read - {"access_token", "expires_in"} of a 200 (or "expires_on", Azure's App Service);
 * DENIED where it is another response, with what it says of the error; LATER for 429 and 5xx */
MUST_CHECK int bearer_read(
	const struct http_response *response, struct bearer *bearer, struct fail *f);

/* struct bearer_keeper - shared by threads */
struct bearer_keeper {
	pthread_mutex_t lock;
	struct bearer bearer;
};

void bearer_keeper_open(struct bearer_keeper *keeper);
void bearer_keeper_release(struct bearer_keeper *keeper);

/* bearer_keeper_get - a copy of a token that is good for some minutes, which the caller gives to
 * fetch_wipe; fetch gets a new one, under the lock. `refused`: the token that a store did not take,
 * or NULL; it is not given out again. */
MUST_CHECK int bearer_keeper_get(struct bearer_keeper *keeper, const char *refused,
	int (*fetch)(void *context, struct bearer *bearer, struct fail *f), void *context,
	char **token, struct fail *f);

/* bearer_try - send the request once; refused: as above; *used: the token that was sent, which the
 * caller gives to fetch_wipe, or NULL */
typedef int bearer_try(void *context, const char *refused, char **used,
	struct http_response *response, struct fail *f);

/* bearer_send - send a request; if the response is 401 to a token, once more with a new token.
 * body: what the request sends, which is rewound before. The caller releases the response, also
 * after a failure. */
MUST_CHECK int bearer_send(bearer_try *try, void *context, const struct http_body *body,
	struct http_response *response, struct fail *f);

/* bearer_header - "authorization: Bearer ...", which the caller gives to fetch_wipe */
char *bearer_header(const char *token);

#endif
