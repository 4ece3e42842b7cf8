/* http - one request, one response, over libcurl, which only this folder knows.
 *
 * Knows: TLS (verified always; the distribution's CA bundle is looked for where Debian, RHEL, SUSE
 * and Alpine keep it, SSL_CERT_FILE and CURL_CA_BUNDLE first), proxies, keep-alive, redirects (same
 * origin only when credentials go along), compressed responses, retries with backoff and jitter,
 * Retry-After, the deadline of the whole command, SIGTERM within a fraction of a second. Does not
 * know MLflow.
 *
 * Three ways out: a response (0, whatever its status), a failure (-1), and with either whether the
 * request may have been carried out all the same (response.unknown): only the caller knows how to
 * ask.
 */
#ifndef MODELHOOK_HTTP_HTTP_H
#define MODELHOOK_HTTP_HTTP_H

#include "base/clock.h"
#include "base/fail.h"
#include "http/login.h"
#include "http/options.h"
#include "http/types.h"

MUST_CHECK int http_open(struct http *http, const struct http_options *options,
	const struct http_login *login, struct deadline deadline, struct fail *f);
/* http_open_beside - the same for one more thread: settings, login, deadline and trust. engine:
 * what it sends over, or NULL; closed after it is released */
MUST_CHECK int http_open_beside(
	const struct http *http, struct http_engine *engine, struct http *beside, struct fail *f);
bool http_is_open(const struct http *http);
void http_release(struct http *http);

/* http_send - send and wait. 0: answer is filled, any status (after the retries are used up, a 5xx
 * or 429 comes back here as a response too). -1: no response; LATER, TERMINATED, INTERRUPTED,
 * DENIED (TLS client or proxy refused), NOT_A_REGISTRY (no HTTP), CONFIGURATION (certificates,
 * URL), or what body.read or sink.write failed with. */
MUST_CHECK int http_send(struct http *http, const struct http_request *request,
	struct http_response *response, struct fail *f);

/* http_send_all - send all at once, at most HTTP_TOGETHER_MAX, and wait for all; each has its own
 * result */
#define HTTP_TOGETHER_MAX 8
void http_send_all(struct http *http, struct http_exchange *exchanges, size_t count);

/* http_library_versions - "libcurl 8.14.1, OpenSSL 3.5.7, ..." for --version; the caller frees it
 */
char *http_library_versions(void);

#endif
