#include "store/azure/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth/fetch.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/text.h"
#include "http/http.h"
#include "http/response.h"
#include "http/types.h"
#include "http/url.h"
#include "packaging/digest/base64.h"
#include "packaging/xml/xml.h"
#include "store/azure/token.h"
#include "store/checksum.h"
#include "store/refusal.h"

#define VERSION "x-ms-version: 2021-12-02"
#define SKEW_MS (INT64_C(5) * 60 * 1000)

/* Opening. */

static int decode_key(struct azure *azure, struct fail *f)
{
	const char *key = azure->account.key;
	size_t size = strlen(key);
	if (size == 0 || azure->account.name == NULL)
		return fail_set(
			f, STATUS_CONFIGURATION, "%s: no account is named for it", azure->from);
	azure->key = memory_get(size, 1);
	if (!base64_decode(key, azure->key))
		return fail_set(
			f, STATUS_CONFIGURATION, "%s is no key: it is not base64", azure->from);
	azure->key_size = size / 4 * 3 - (key[size - 1] == '=') - (key[size - 2] == '=');
	return 0;
}

static int find_credentials(struct azure *azure, struct fail *f)
{
	struct azure_account *account = &azure->account;
	const char *key = env_get(ENV_AZURE_STORAGE_ACCESS_KEY);
	const char *sas = env_get(ENV_AZURE_STORAGE_SAS_TOKEN);
	if (account->key != NULL || account->sas != NULL) {
		azure->from = env_name(ENV_AZURE_STORAGE_CONNECTION_STRING);
	} else if (key != NULL) {
		azure->from = env_name(ENV_AZURE_STORAGE_ACCESS_KEY);
		account->key = text_trimmed(key, strlen(key));
	} else if (sas != NULL) {
		azure->from = env_name(ENV_AZURE_STORAGE_SAS_TOKEN);
		account->sas = text_copy(sas + strspn(sas, "?"));
	}
	secret_add(account->key);
	secret_add(account->sas);
	if (account->key != NULL)
		return decode_key(azure, f);
	if (fetch_may_see_secrets(account->endpoint))
		return 0;
	return fail_set(f, STATUS_CONFIGURATION,
		"the blob endpoint is no https:// address: only a key may be used there");
}

int azure_open(struct store *store, const char *uri, struct fail *f)
{
	struct azure *azure = memory_get(1, sizeof(*azure));
	store->state = azure;
	bearer_keeper_open(&azure->keeper);
	if (azure_account_read(
		    uri, env_get(ENV_AZURE_STORAGE_CONNECTION_STRING), &azure->account, f) != 0 ||
		find_credentials(azure, f) != 0) {
		azure_close(store);
		return -1;
	}
	size_t size = strlen(uri);
	while (uri[size - 1] == '/')
		size--;
	store->root = text_format("%.*s", (int)size, uri);
	return 0;
}

void azure_close(struct store *store)
{
	struct azure *azure = store->state;
	if (azure == NULL)
		return;
	if (azure->key != NULL)
		explicit_bzero(azure->key, azure->key_size);
	free(azure->key);
	bearer_keeper_release(&azure->keeper);
	azure_account_release(&azure->account);
	free(azure);
	store->state = NULL;
}

char *azure_name(const struct azure *azure, const char *path)
{
	const char *prefix = azure->account.prefix;
	bool both = prefix[0] != '\0' && path[0] != '\0';
	return text_format("%s%s%s", prefix, both ? "/" : "", path);
}

/* Sending. */

/* What goes along with one request. */
struct equipment {
	char *url;
	char *date;
	char *authorization; /* secret, as is the URL with a signature in it */
	char *token;
	const char *headers[AZURE_HEADERS_MAX + 4];
	size_t count;
};

static char *date_line(void)
{
	char date[64];
	time_t now = (time_t)(clock_now_ms() / 1000);
	struct tm parts;
	gmtime_r(&now, &parts);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
	return text_format("x-ms-date: %s", date);
}

static char *url_of(const struct azure_account *account, const struct azure_request *request)
{
	struct text url = {0};
	char *container = http_escape_query(account->container);
	char *name = request->name != NULL ? http_escape_path(request->name) : NULL;
	char mark = '?';
	text_printf(&url, "%s/%s%s%s", account->endpoint, container, name != NULL ? "/" : "",
		name != NULL ? name : "");
	for (size_t i = 0; i < AZURE_QUERY_MAX && request->parameters[i].name != NULL; i++) {
		char *value = http_escape_query(request->parameters[i].value);
		text_printf(&url, "%c%s=%s", mark, request->parameters[i].name, value);
		free(value);
		mark = '&';
	}
	if (account->sas != NULL)
		text_printf(&url, "%c%s", mark, account->sas);
	free(container);
	free(name);
	return text_take(&url);
}

static void sign(
	const struct azure *azure, const struct azure_request *request, struct equipment *e)
{
	const char *path = strchr(strstr(e->url, "://") + 3, '/');
	char *only_path = text_format("%.*s", (int)strcspn(path, "?"), path);
	struct azure_to_sign to_sign = {
		.method = request->method,
		.path = only_path,
		.parameters = request->parameters,
		.headers = e->headers,
		.content_type = request->content_type,
		.size = request->body.size,
	};
	char *value = azure_key_sign(azure->account.name, azure->key, azure->key_size, &to_sign);
	e->authorization = text_format("authorization: %s", value);
	free(value);
	free(only_path);
}

static int fetch_token(void *context, struct bearer *bearer, struct fail *f)
{
	return azure_token_fetch(context, bearer, f);
}

static int authorize(struct store *store, const struct azure_request *request, const char *refused,
	struct equipment *e, struct fail *f)
{
	struct azure *azure = store->state;
	if (azure->account.sas != NULL)
		return 0;
	if (azure->key != NULL) {
		sign(azure, request, e);
	} else {
		if (bearer_keeper_get(
			    &azure->keeper, refused, fetch_token, store->http, &e->token, f) != 0)
			return -1;
		e->authorization = bearer_header(e->token);
	}
	e->headers[e->count++] = e->authorization;
	return 0;
}

static int equip(struct store *store, const struct azure_request *request, const char *refused,
	struct equipment *e, struct fail *f)
{
	const struct azure *azure = store->state;
	*e = (struct equipment){.url = url_of(&azure->account, request), .date = date_line()};
	for (size_t i = 0; i < AZURE_HEADERS_MAX && request->headers[i] != NULL; i++)
		e->headers[e->count++] = request->headers[i];
	e->headers[e->count++] = e->date;
	e->headers[e->count++] = VERSION;
	return authorize(store, request, refused, e, f);
}

static void equipment_release(struct equipment *e)
{
	fetch_wipe(&e->url);
	fetch_wipe(&e->authorization);
	fetch_wipe(&e->token);
	free(e->date);
}

/* struct sending - one request, sent with one token or another */
struct sending {
	struct store *store;
	const struct azure_request *request;
};

static int send_once(void *context, const char *refused, char **used,
	struct http_response *response, struct fail *f)
{
	const struct sending *sending = context;
	const struct azure_request *request = sending->request;
	struct equipment equipment;
	int result = equip(sending->store, request, refused, &equipment, f);
	if (result == 0) {
		struct http_request http = {
			.method = request->method,
			.url = equipment.url,
			.content_type = request->content_type,
			.headers = equipment.headers,
			.body = request->body,
			.sink = request->sink,
			.coding = request->sink != NULL ? HTTP_AS_STORED : HTTP_DECODED,
		};
		result = http_send(sending->store->http, &http, response, f);
	}
	*used = equipment.token;
	equipment.token = NULL;
	equipment_release(&equipment);
	return result;
}

static int take_error(void *context, const char *path, const char *text, struct fail *f)
{
	struct azure_reply *reply = context;
	(void)f;
	if (strcmp(path, "Error/Code") == 0)
		escape_into(reply->code, sizeof(reply->code), text, strlen(text));
	else if (strcmp(path, "Error/Message") == 0)
		escape_into(reply->message, sizeof(reply->message), text, strcspn(text, "\r\n"));
	return 0;
}

/* HEAD has no body, but a header. */
void azure_error_read(struct azure_reply *reply)
{
	struct fail ignored;
	const struct text *body = &reply->http.body;
	char *code = http_response_header(&reply->http, "x-ms-error-code");
	if (code != NULL)
		escape_into(reply->code, sizeof(reply->code), code, strlen(code));
	free(code);
	if (body->size > 0)
		(void)!xml_read(body->data, body->size, take_error, reply, &ignored);
}

int azure_send(struct store *store, const struct azure_request *request, struct azure_reply *reply,
	struct fail *f)
{
	struct sending sending = {store, request};
	*reply = (struct azure_reply){0};
	int result = bearer_send(send_once, &sending, &request->body, &reply->http, f);
	if (result == 0 && (reply->http.status < 200 || reply->http.status > 299))
		azure_error_read(reply);
	return result;
}

bool azure_is_missing(const struct azure_reply *reply)
{
	return reply->http.status == 404 && strcmp(reply->code, "ContainerNotFound") != 0;
}

static enum status status_of(const struct azure_reply *reply)
{
	enum status status = refusal_status(reply->http.status);
	/* the body was damaged on its way */
	return status != STATUS_DENIED && strcmp(reply->code, "Md5Mismatch") == 0 ? STATUS_LATER
										  : status;
}

static int hint(const struct azure *azure, const struct azure_reply *reply, struct fail *f)
{
	int64_t now = clock_now_ms(), theirs = reply->http.date_ms;
	if (strcmp(reply->code, "ContainerNotFound") == 0)
		return fail_hint(f, "is the container made?");
	if (f->status != STATUS_DENIED)
		return -1;
	if (theirs != 0 && (theirs > now + SKEW_MS || theirs < now - SKEW_MS))
		return refusal_hint_clocks(theirs, f);
	return fail_hint(f, "the credentials came from %s; may they write to container %.60s?",
		azure->from != NULL ? azure->from : azure_token_from(), azure->account.container);
}

int azure_expect(struct store *store, const struct azure_reply *reply, struct fail *f)
{
	const struct azure *azure = store->state;
	long status = reply->http.status;
	if (status >= 200 && status <= 299)
		return 0;
	char *shown = http_url_show(azure->account.endpoint);
	struct refusal refusal = {status_of(reply), status, reply->code, reply->message};
	refusal_fail(&refusal, f, "Azure Storage at %.100s, container %.63s", shown,
		azure->account.container);
	free(shown);
	return hint(azure, reply, f);
}

void azure_reply_release(struct azure_reply *reply)
{
	http_response_release(&reply->http);
	*reply = (struct azure_reply){0};
}
