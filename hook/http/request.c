#include "http/request.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/panic.h"
#include "base/secret.h"
#include "base/text.h"
#include "http/retry.h"
#include "http/tls.h"
#include "http/types.h"
#include "http/url.h"
#include "version.h"

#define HEADERS_MAX (64 << 10)
#define ERROR_BODY_MAX (64 << 10)
#define RESPONSE_MAX (8 << 20)
#define CONNECT_TIMEOUT_MS 20000
#define DECODED_ANYWAY (8 << 20)
#define DECODED_TIMES 200
#define UPLOAD_BUFFER (512L << 10)
#define DOWNLOAD_BUFFER (128L << 10)
#define SMALL_BUFFER (16L << 10) /* of the 64 KiB that each request on its way would take */
#define SMALL_BODY ((uint64_t)64 << 10)

static void note_failure(struct http_transfer *t)
{
	t->has_failed = true;
}

static long status_now(const struct http_transfer *t)
{
	long status = 0;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* Header lines. libcurl hands over the line with its end, not terminated. */

static char *header_value(const char *line, size_t size, const char *name)
{
	size_t length = strlen(name);
	if (size <= length || strncasecmp(line, name, length) != 0)
		return NULL;
	return text_trimmed(line + length, size - length);
}

static void read_date(struct http_transfer *t, const char *line, size_t size)
{
	char *date = header_value(line, size, "date:");
	int64_t at = date != NULL ? http_date_ms(date) : -1;
	if (at > 0)
		t->response->date_ms = at;
	free(date);
}

static void read_retry_after(struct http_transfer *t, const char *line, size_t size)
{
	char *value = header_value(line, size, "retry-after:");
	if (value != NULL)
		t->retry_after_ms = http_retry_after_ms(value, clock_now_ms());
	free(value);
}

/* libcurl takes a head that breaks off between two lines for a whole one. */
static void note_end_of_head(struct http_transfer *t, const char *line, size_t size)
{
	if (size > 0 && (line[0] == '\r' || line[0] == '\n'))
		t->head_is_whole = true;
	else if (size > 5 && memcmp(line, "HTTP/", 5) == 0) {
		t->head_is_whole = false;
		text_clear(&t->response->head);
	}
}

size_t http_on_header(char *line, size_t one, size_t size, void *context)
{
	struct http_transfer *t = context;
	(void)one;
	t->moved_at = clock_monotonic_ms();
	t->header_bytes += size;
	if (t->header_bytes > HEADERS_MAX) {
		fail_set(&t->fail, STATUS_NOT_A_REGISTRY,
			"the headers of the answer are larger than %d KiB", HEADERS_MAX >> 10);
		note_failure(t);
		return 0;
	}
	note_end_of_head(t, line, size);
	text_add(&t->response->head, line, size);
	read_date(t, line, size);
	read_retry_after(t, line, size);
	return size;
}

/* The body of the response. */

static size_t keep_error_body(struct http_transfer *t, const char *bytes, size_t size)
{
	struct text *body = &t->response->body;
	size_t room = ERROR_BODY_MAX - body->size;
	text_add(body, bytes, size < room ? size : room);
	t->enough = size > room;
	return t->enough ? 0 : size;
}

/* A little that is compressed can decode to more than anybody would send: no registry is so
 * repetitive. */
static bool is_bomb(struct http_transfer *t, size_t size)
{
	curl_off_t received = 0;
	t->body_decoded += size;
	if (t->body_decoded <= DECODED_ANYWAY)
		return false;
	curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
	if (received <= 0 || t->body_decoded / DECODED_TIMES <= (uint64_t)received)
		return false;
	fail_set(&t->fail, STATUS_NOT_A_REGISTRY,
		"the answer decodes to more than %d times its %lld bytes", DECODED_TIMES,
		(long long)received);
	note_failure(t);
	return true;
}

size_t http_on_body(char *bytes, size_t one, size_t size, void *context)
{
	struct http_transfer *t = context;
	const struct http_request *request = t->request;
	size_t max = request->max_response > 0 ? request->max_response : RESPONSE_MAX;
	long status = status_now(t);
	(void)one;
	if (status < 200 || status > 299)
		return keep_error_body(t, bytes, size);
	if (is_bomb(t, size))
		return 0;
	if (request->sink != NULL) {
		if (request->sink->write(request->sink->context, bytes, size, &t->fail) == 0)
			return size;
	} else if (t->response->body.size + size <= max) {
		text_add(&t->response->body, bytes, size);
		return size;
	} else {
		fail_set(&t->fail, STATUS_NOT_A_REGISTRY, "the answer is larger than %zu bytes",
			max);
	}
	note_failure(t);
	return 0;
}

/* The body of the request, when it is a stream. */

static size_t on_read(char *buffer, size_t one, size_t room, void *context)
{
	struct http_transfer *t = context;
	const struct http_body *body = &t->request->body;
	uint64_t left = body->size - t->body_sent;
	size_t wanted = left < one * room ? (size_t)left : one * room, got = 0;
	if (wanted == 0)
		return 0;
	if (body->read(body->context, buffer, wanted, &got, &t->fail) == 0) {
		/* What was promised in Content-Length cannot be taken back: the server would wait.
		 */
		if (got > 0) {
			t->body_sent += got;
			return got;
		}
		fail_set(&t->fail, STATUS_UNACCEPTABLE,
			"the body ends after %llu of %llu bytes: it changed while it was sent",
			(unsigned long long)t->body_sent, (unsigned long long)body->size);
	}
	note_failure(t);
	return CURL_READFUNC_ABORT;
}

/* Called by libcurl when a kept connection turns out to be gone before anything was answered. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
	struct http_transfer *t = context;
	const struct http_body *body = &t->request->body;
	if (offset != 0 || origin != SEEK_SET || body->rewind == NULL)
		return CURL_SEEKFUNC_CANTSEEK;
	if (body->rewind(body->context, &t->fail) != 0) {
		note_failure(t);
		return CURL_SEEKFUNC_FAIL;
	}
	t->body_sent = 0;
	return CURL_SEEKFUNC_OK;
}

static int on_progress(
	void *context, curl_off_t all_down, curl_off_t down, curl_off_t all_up, curl_off_t up)
{
	struct http_transfer *t = context;
	(void)all_down;
	(void)all_up;
	if (down + up != t->moved)
		t->moved_at = clock_monotonic_ms();
	t->moved = down + up;
	return 0;
}

/* Options. */

static void add_header(struct http_transfer *t, const char *line)
{
	secret_add_header(line);
	void *longer = curl_slist_append(t->headers, line);
	if (longer == NULL)
		panic_out_of_memory();
	t->headers = longer;
}

/* The login goes to its own origin alone. */
static int add_login(struct http_transfer *t)
{
	const struct http_login *login = t->http->login;
	struct http_lines lines = {0};
	if (!t->request->authorized || login == NULL)
		return 0;
	char *origin = http_url_origin(t->url);
	int result = 0;
	if (text_equal(origin, login->origin))
		result = login->make(login->context, t->http, t->request, t->url, &lines, &t->fail);
	for (size_t i = 0; result == 0 && i < lines.count; i++)
		add_header(t, lines.lines[i]);
	http_lines_release(&lines);
	free(origin);
	return result;
}

/* libcurl decodes what it was given names for, whatever header goes out. */
static void set_coding(struct http_transfer *t)
{
	const struct http_request *request = t->request;
	bool head = strcmp(request->method, "HEAD") == 0;
	if (request->coding == HTTP_DECODED && !head)
		curl_easy_setopt(t->easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	else
		add_header(t, request->coding == HTTP_AS_STORED_GZIP && !head
				      ? "Accept-Encoding: gzip"
				      : "Accept-Encoding: identity");
}

static int set_headers(struct http_transfer *t)
{
	const struct http_request *request = t->request;
	add_header(t, "Expect:"); /* a server that does not know it costs a second per upload */
	add_header(t, "Accept: */*");
	set_coding(t);
	char *type = text_format("Content-Type:%s%s", request->content_type != NULL ? " " : "",
		request->content_type != NULL ? request->content_type : "");
	add_header(t, type);
	free(type);
	if (http_url_same_origin(t->url, request->url))
		for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
			add_header(t, request->headers[i]);
	int result = add_login(t);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	return result;
}

static void set_body(struct http_transfer *t)
{
	const struct http_request *request = t->request;
	const struct http_body *body = &request->body;
	bool writes = strcmp(request->method, "POST") == 0 || strcmp(request->method, "PUT") == 0 ||
		      strcmp(request->method, "PATCH") == 0;
	if (body->size <= SMALL_BODY)
		curl_easy_setopt(t->easy, CURLOPT_UPLOAD_BUFFERSIZE, SMALL_BUFFER);
	else if (body->bytes == NULL)
		curl_easy_setopt(t->easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
	if (strcmp(request->method, "HEAD") == 0) {
		curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
	} else if (body->read != NULL && body->bytes == NULL) {
		curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)body->size);
		curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, on_read);
		curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
		curl_easy_setopt(t->easy, CURLOPT_SEEKFUNCTION, on_seek);
		curl_easy_setopt(t->easy, CURLOPT_SEEKDATA, t);
	} else if (writes || body->bytes != NULL) {
		const char *bytes = body->bytes != NULL ? body->bytes : "";
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, bytes);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->size);
	}
	curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_callbacks(struct http_transfer *t)
{
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, http_on_header);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, http_on_body);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(t->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(t->easy, CURLOPT_XFERINFODATA, t);
}

/* An empty name keeps libcurl from reading the environment in its own way. */
static void set_proxy(struct http_transfer *t)
{
	http_proxy_release(&t->proxy);
	if (t->http->proxy_url != NULL)
		http_proxy_set(t->http->proxy_url, t->http->proxy_setting, &t->proxy);
	else if (!t->http->direct && t->request->connect_to == NULL)
		http_proxy_find(t->url, &t->proxy);
	curl_easy_setopt(t->easy, CURLOPT_PROXY, t->proxy.url != NULL ? t->proxy.url : "");
	curl_easy_setopt(t->easy, CURLOPT_NOPROXY, "");
	curl_easy_setopt(t->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

/* A redirect to another host is not of the server that lies at that address. */
static void set_address(struct http_transfer *t)
{
	const char *to = t->request->connect_to;
	if (to == NULL || !http_url_same_origin(t->url, t->request->url))
		return;
	char *line = text_format("::%s", to);
	t->address = curl_slist_append(NULL, line);
	free(line);
	if (t->address == NULL)
		panic_out_of_memory();
	curl_easy_setopt(t->easy, CURLOPT_CONNECT_TO, t->address);
}

static void set_connection(struct http_transfer *t)
{
	int64_t silence = t->http->options->timeout_ms;
	long connect =
		silence > 0 && silence < CONNECT_TIMEOUT_MS ? (long)silence : CONNECT_TIMEOUT_MS;
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, connect);
	curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(
		t->easy, CURLOPT_QUICK_EXIT, 1L); /* SIGTERM does not wait for a resolver */
	curl_easy_setopt(t->easy, CURLOPT_BUFFERSIZE, DOWNLOAD_BUFFER);
	if (t->http->send_rate > 0)
		curl_easy_setopt(
			t->easy, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)t->http->send_rate);
	curl_easy_setopt(t->easy, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(t->easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(t->easy, CURLOPT_TCP_KEEPIDLE, 30L);
	curl_easy_setopt(t->easy, CURLOPT_TCP_KEEPINTVL, 10L);
	if (t->ipv4)
		curl_easy_setopt(t->easy, CURLOPT_IPRESOLVE, (long)CURL_IPRESOLVE_V4);
	/* libcurl sends a request again by itself when a kept connection closes without a byte of
	 * response. The server may have acted on it: a create gets a connection of its own. */
	if (t->request->repeat == HTTP_NOT_IDEMPOTENT || t->request->fresh_connection)
		curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L);
	if (t->request->fresh_connection)
		curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, 1L);
	set_address(t);
}

int http_request_make(struct http_transfer *t)
{
	t->easy = curl_easy_init();
	if (t->easy == NULL)
		panic_out_of_memory();
	t->header_bytes = 0;
	t->head_is_whole = false;
	t->body_sent = 0;
	t->body_decoded = 0;
	t->moved = 0;
	t->moved_at = clock_monotonic_ms();
	t->retry_after_ms = -1;
	t->error[0] = '\0';
	t->enough = false;
	curl_easy_setopt(t->easy, CURLOPT_URL, t->url);
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(t->easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "modelhook/" MODELHOOK_VERSION);
	set_callbacks(t);
	set_connection(t);
	set_proxy(t);
	set_body(t);
	http_tls_apply(t->http, http_url_same_origin(t->url, t->request->url), t->easy);
	return set_headers(t);
}

bool http_request_was_sent(const struct http_transfer *t)
{
	long bytes = 0;
	curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &bytes);
	return bytes > 0;
}

void http_request_release(struct http_transfer *t)
{
	curl_easy_cleanup(t->easy);
	t->easy = NULL;
	for (struct curl_slist *line = t->headers; line != NULL; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(t->headers);
	t->headers = NULL;
	curl_slist_free_all(t->address);
	t->address = NULL;
}
