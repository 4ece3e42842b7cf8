/* fetch - short questions to whoever gives out credentials: agents, metadata services, token
 * endpoints.
 *
 * Over connections of their own, with the distribution's CAs, given up within seconds: a machine
 * that has no such service drops what is sent there.
 */
#ifndef MODELHOOK_AUTH_FETCH_H
#define MODELHOOK_AUTH_FETCH_H

#include "base/fail.h"
#include "http/types.h"
#include "packaging/json/json.h"

#define FETCH_RESPONSE_MAX ((size_t)256 << 10)
#define FETCH_NEAR_MS 8000 /* in all, for what is on this machine or its host */
#define FETCH_FAR_MS 30000

struct fetch {
	struct http_options options; /* a shallow copy */
	struct http http;
};

/* fetch_open - settings as those of `like`; near: no proxy. Must not be moved once opened. */
MUST_CHECK int fetch_open(struct fetch *fetch, const struct http *like, bool near, struct fail *f);
void fetch_release(struct fetch *fetch);

/* fetch_ask - header: one line, or NULL; any status is a response */
MUST_CHECK int fetch_ask(struct fetch *fetch, const char *method, const char *url,
	const char *header, struct http_response *response, struct fail *f);

/* fetch_post_form - form: application/x-www-form-urlencoded */
MUST_CHECK int fetch_post_form(struct fetch *fetch, const char *url, const char *form,
	struct http_response *response, struct fail *f);

/* fetch_member - a copy of a string in an object, or NULL; the caller frees it */
char *fetch_member(const struct json_at *object, const char *key);

/* fetch_read_file - what a file holds, without the white space around it; the caller frees it,
 * NULL: it could not be read */
char *fetch_read_file(const char *path, struct fail *f);

/* fetch_may_see_secrets - https, or this very machine */
bool fetch_may_see_secrets(const char *url);

/* fetch_wipe - wipe and free a secret, and forget it */
void fetch_wipe(char **secret);

#endif
