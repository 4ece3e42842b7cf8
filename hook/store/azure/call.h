/* call - one request to Azure's Blob service: where blobs are, how it is signed, what its
 * refusals mean.
 *
 * Credentials, the first that is set: the connection string's key or shared access signature,
 * AZURE_STORAGE_ACCESS_KEY, AZURE_STORAGE_SAS_TOKEN, then tokens (store/azure/token.h).
 */
#ifndef MODELHOOK_STORE_AZURE_CALL_H
#define MODELHOOK_STORE_AZURE_CALL_H

#include "auth/bearer.h"
#include "base/fail.h"
#include "base/text.h"
#include "http/types.h"
#include "store/azure/account.h"
#include "store/azure/key.h"
#include "store/store.h"

#define AZURE_HEADERS_MAX 8

/* struct azure - what a store's threads share; only the token changes */
struct azure {
	struct azure_account account;
	uint8_t *key; /* secret: what account.key stands for; NULL: not by key */
	size_t key_size;
	const char *from; /* where the credentials are from, for messages; NULL: a token's */
	struct bearer_keeper keeper;
};

MUST_CHECK int azure_open(struct store *store, const char *uri, struct fail *f);
void azure_close(struct store *store);

/* azure_name - the full name of a blob of the store; the caller frees it */
char *azure_name(const struct azure *azure, const char *path);

/* azure_request - name NULL: the container. Headers in lower case; zeros are none. */
struct azure_request {
	const char *method;
	const char *name;
	struct azure_parameter parameters[AZURE_QUERY_MAX]; /* sorted by name */
	const char *headers[AZURE_HEADERS_MAX];
	const char *content_type;
	struct http_body body;
	const struct http_sink *sink;
};

/* azure_reply - an answer, and what an error in it is called */
struct azure_reply {
	struct http_response http;
	char code[64]; /* "BlobNotFound"; "" */
	char message[200];
};

/* azure_send - any answer is a reply (0). A token that is refused is fetched anew, once. */
MUST_CHECK int azure_send(struct store *store, const struct azure_request *request,
	struct azure_reply *reply, struct fail *f);

/* azure_is_missing - the blob is not there, while its container is */
bool azure_is_missing(const struct azure_reply *reply);

/* azure_expect - 0 for a 2xx, else the failure */
MUST_CHECK int azure_expect(struct store *store, const struct azure_reply *reply, struct fail *f);

void azure_reply_release(struct azure_reply *reply);

/* azure_error_read - what an answer that is no success says */
void azure_error_read(struct azure_reply *reply);

#endif
