#include "http/failure.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/panic.h"
#include "http/url.h"

#define WORDS 240
#define CODE_TOO_LARGE 100 /* CURLE_TOO_LARGE, since libcurl 8.6 */

static const char *words(const struct http_transfer *t, int code, char buffer[WORDS])
{
	const char *said = t->error[0] != '\0' ? t->error : curl_easy_strerror((CURLcode)code);
	return escape_into(buffer, WORDS, said, strcspn(said, "\r\n"));
}

static bool says(const struct http_transfer *t, const char *const *phrases)
{
	for (; *phrases != NULL; phrases++)
		if (strstr(t->error, *phrases) != NULL)
			return true;
	return false;
}

/* OpenSSL's names of the alerts with which a server turns a client certificate, or its absence,
 * down (RFC 8446 section 6.2). */
static bool is_client_refused(const struct http_transfer *t)
{
	static const char *const alerts[] = {"alert certificate required", "alert bad certificate",
		"alert unknown ca", "alert certificate expired", "alert certificate revoked",
		"alert certificate unknown", "alert access denied", NULL};
	return says(t, alerts);
}

static bool is_no_tls(const struct http_transfer *t)
{
	static const char *const signs[] = {"wrong version number", "packet length too long",
		"unknown protocol", "http request", "record layer failure", NULL};
	return says(t, signs);
}

static long info(const struct http_transfer *t, CURLINFO what)
{
	long value = 0;
	curl_easy_getinfo(t->easy, what, &value);
	return value;
}

static bool was_sent(const struct http_transfer *t)
{
	return info(t, CURLINFO_REQUEST_SIZE) > 0;
}

static bool hint_proxy(const struct http_transfer *t, struct fail *f)
{
	fail_hint(f, "the proxy comes from %s; NO_PROXY names the servers that need none",
		t->proxy.variable);
	return true;
}

static bool connect_failure(const struct http_transfer *t, const char *origin, struct fail *f)
{
	int os = (int)info(t, CURLINFO_OS_ERRNO);
	const char *to = t->proxy.shown != NULL ? t->proxy.shown : origin;
	fail_set(f, STATUS_LATER, "cannot connect to %s%.200s%s%s",
		t->proxy.shown != NULL ? "proxy " : "", to, os != 0 ? ": " : "",
		os != 0 ? strerror(os) : "");
	f->os = os;
	return t->proxy.shown != NULL ? hint_proxy(t, f) : true;
}

static bool proxy_unknown(const struct http_transfer *t, struct fail *f)
{
	fail_set(f, STATUS_LATER, "could not resolve proxy %.200s",
		t->proxy.shown != NULL ? t->proxy.shown : "");
	return t->proxy.shown != NULL ? hint_proxy(t, f) : true;
}

static bool timed_out(const struct http_transfer *t, const char *origin, struct fail *f)
{
	if (was_sent(t)) {
		fail_set(f, STATUS_LATER, "no byte moved for %.0f s",
			(double)t->http->options->timeout_ms / 1000);
		return true;
	}
	if (t->proxy.shown == NULL) {
		fail_set(f, STATUS_LATER, "no connection to %s in time", origin);
		return true;
	}
	fail_set(f, STATUS_LATER, "no connection to %s through proxy %.200s in time", origin,
		t->proxy.shown);
	return hint_proxy(t, f);
}

static bool client_refused(const struct http_transfer *t, const char *said, struct fail *f)
{
	fail_set(f, STATUS_DENIED, "the server refused the TLS client certificate: %s", said);
	if (t->http->trust.takes_client_cert)
		fail_hint(f, "set MLFLOW_TRACKING_CLIENT_CERT_PATH to a PEM file with the "
			     "certificate and its key");
	return false;
}

static bool handshake_failure(
	const struct http_transfer *t, const char *origin, const char *said, struct fail *f)
{
	if (is_client_refused(t))
		return client_refused(t, said, f);
	if (is_no_tls(t)) {
		fail_set(f, STATUS_NOT_A_REGISTRY, "%s does not speak TLS: %s", origin, said);
		fail_hint(f, "should the URL begin with http:// instead of https://?");
		return false;
	}
	fail_set(f, STATUS_LATER, "TLS with %s failed: %s", origin, said);
	return true;
}

static bool not_trusted(
	const struct http_transfer *t, const char *origin, const char *said, struct fail *f)
{
	const char *setting = t->http->trust.ca_setting;
	fail_set(f, STATUS_CONFIGURATION, "the certificate of %s is not trusted: %s", origin, said);
	fail_hint(f, "set %s%sSSL_CERT_FILE%s to the CA bundle that it is signed by",
		setting != NULL ? setting : "", setting != NULL ? " (or " : "",
		setting != NULL ? ")" : "");
	return false;
}

static bool proxy_refused(
	const struct http_transfer *t, long code, const char *origin, struct fail *f)
{
	const char *shown = t->proxy.shown != NULL ? t->proxy.shown : "";
	bool later = code >= 500;
	fail_set(f, later ? STATUS_LATER : STATUS_DENIED,
		"proxy %.200s refused CONNECT to %s: HTTP %ld%s", shown, origin, code,
		code == 407 ? ": the proxy wants credentials" : "");
	const char *variable =
		t->proxy.variable != NULL ? t->proxy.variable : env_name(ENV_HTTPS_PROXY);
	if (code == 407)
		fail_hint(f, "put them into %s, or name the server in NO_PROXY", variable);
	else
		fail_hint(f, "name the server in NO_PROXY, if it can be reached without");
	return later;
}

/* libcurl speaks to a proxy before anything is sent to the server. */
static bool is_refused_by_proxy(long code)
{
	return code >= 400 && code <= 599;
}

static bool broken(
	const struct http_transfer *t, const char *origin, const char *said, struct fail *f)
{
	long proxy = info(t, CURLINFO_HTTP_CONNECTCODE);
	if (is_client_refused(t))
		return client_refused(t, said, f);
	if (is_refused_by_proxy(proxy))
		return proxy_refused(t, proxy, origin, f);
	fail_set(f, STATUS_LATER, "the connection broke before the whole answer was there");
	f->os = (int)info(t, CURLINFO_OS_ERRNO);
	/* A server that wants a certificate may reset the connection before its alert is read. */
	if (t->http->trust.takes_client_cert && strncasecmp(t->url, "https:", 6) == 0 &&
		t->header_bytes == 0)
		fail_hint(f, t->http->options->client_cert == NULL
				     ? "if the server wants a client certificate, set "
				       "MLFLOW_TRACKING_CLIENT_CERT_PATH"
				     : "does the server know who signed the client certificate in "
				       "MLFLOW_TRACKING_CLIENT_CERT_PATH?");
	return true;
}

static bool no_http(const struct http_transfer *t, const char *said, struct fail *f)
{
	if (was_sent(t))
		fail_set(f, STATUS_NOT_A_REGISTRY, "what answers does not speak HTTP/1: %s", said);
	else
		fail_set(f, STATUS_CONFIGURATION, "this URL cannot be asked: %s", said);
	return false;
}

/* What comes in a coding that was not asked for, or is broken, comes so again. */
static bool not_decoded(const char *said, struct fail *f)
{
	fail_set(f, STATUS_NOT_A_REGISTRY,
		"the answer is compressed in a way that cannot be decoded: %s", said);
	fail_hint(f, "gzip and deflate are asked for: does a proxy in front of the server add "
		     "another Content-Encoding?");
	return false;
}

static bool no_memory(const struct http_transfer *t, struct fail *f)
{
	if (!was_sent(t))
		panic_out_of_memory();
	fail_set(f, STATUS_NOT_A_REGISTRY, "the headers of the answer are too large");
	return false;
}

static bool read_failure(
	const struct http_transfer *t, int code, const char *origin, struct fail *f)
{
	char said[WORDS];
	words(t, code, said);
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		fail_set(f, STATUS_LATER, "the name of %s is not known", origin);
		return true;
	case CURLE_COULDNT_RESOLVE_PROXY:
		return proxy_unknown(t, f);
	case CURLE_COULDNT_CONNECT:
		return connect_failure(t, origin, f);
	case CURLE_OPERATION_TIMEDOUT:
		return timed_out(t, origin, f);
	case CURLE_SSL_CONNECT_ERROR:
		return handshake_failure(t, origin, said, f);
	case CURLE_PEER_FAILED_VERIFICATION:
		return not_trusted(t, origin, said, f);
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ENGINE_NOTFOUND:
		fail_set(f, STATUS_CONFIGURATION, "certificate files: %s", said);
		return false;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
	case CURLE_WEIRD_SERVER_REPLY:
		return no_http(t, said, f);
	case CURLE_BAD_CONTENT_ENCODING:
		return not_decoded(said, f);
	case CURLE_OUT_OF_MEMORY: /* also said of a header line beyond libcurl's own bound */
	case CODE_TOO_LARGE:
		return no_memory(t, f);
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_PROXY:
		return broken(t, origin, said, f);
	default:
		fail_set(f, STATUS_LATER, "%s", said);
		return false;
	}
}

bool http_failure_read(const struct http_transfer *t, int code, struct fail *f)
{
	char *origin = http_url_origin(t->url);
	char shown[200];
	const char *named = origin != NULL ? origin : "the server";
	escape_into(shown, sizeof(shown), named, strlen(named));
	bool again = read_failure(t, code, shown, f);
	free(origin);
	return again;
}
