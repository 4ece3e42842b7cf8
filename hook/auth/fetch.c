#include "auth/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "http/http.h"
#include "http/types.h"
#include "http/url.h"

int fetch_open(struct fetch *fetch, const struct http *like, bool near, struct fail *f)
{
	int64_t in_all_ms = near ? FETCH_NEAR_MS : FETCH_FAR_MS;
	fetch->options = *like->options;
	fetch->options.max_retries = 1;
	fetch->options.timeout_ms = in_all_ms / 4;
	if (http_open(&fetch->http, &fetch->options, NULL, deadline_in(in_all_ms), f) != 0)
		return -1;
	fetch->http.trust = (struct http_trust){0};
	fetch->http.direct = near;
	return 0;
}

void fetch_release(struct fetch *fetch)
{
	http_release(&fetch->http);
}

int fetch_ask(struct fetch *fetch, const char *method, const char *url, const char *header,
	struct http_response *response, struct fail *f)
{
	const char *headers[] = {header, NULL};
	struct http_request request = {.method = method,
		.url = url,
		.headers = headers,
		.max_response = FETCH_RESPONSE_MAX};
	return http_send(&fetch->http, &request, response, f);
}

int fetch_post_form(struct fetch *fetch, const char *url, const char *form,
	struct http_response *response, struct fail *f)
{
	struct http_request request = {
		.method = "POST",
		.url = url,
		.content_type = "application/x-www-form-urlencoded",
		.body = {.bytes = form, .size = strlen(form)},
		.max_response = FETCH_RESPONSE_MAX,
	};
	return http_send(&fetch->http, &request, response, f);
}

char *fetch_member(const struct json_at *object, const char *key)
{
	struct json_at at = json_get(object, key);
	struct fail ignored;
	char *value = NULL;
	if (json_is_there(&at) && !json_is_null(&at) && json_string(&at, &value, &ignored) != 0)
		return NULL;
	secret_add_named(key, value);
	return value;
}

char *fetch_read_file(const char *path, struct fail *f)
{
	struct text text = {0};
	char *token = NULL;
	if (file_read(path, FETCH_RESPONSE_MAX, &text, f) == 0)
		token = text_trimmed(text_string(&text), text.size);
	if (text.data != NULL)
		explicit_bzero(text.data, text.size);
	text_release(&text);
	return token;
}

bool fetch_may_see_secrets(const char *url)
{
	return text_starts_with(url, "https://") || http_url_is_loopback(url);
}

void fetch_wipe(char **secret)
{
	if (*secret != NULL)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}
