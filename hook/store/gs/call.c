#include "store/gs/call.h"

#include <stdlib.h>
#include <string.h>

#include "auth/bearer.h"
#include "auth/fetch.h"
#include "base/env.h"
#include "base/escape.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/http.h"
#include "http/response.h"
#include "http/types.h"
#include "http/url.h"
#include "packaging/json/json.h"
#include "store/refusal.h"

#define ENDPOINT "https://storage.googleapis.com"

/* Opening. */

static char *find_endpoint(bool *emulator, struct fail *f)
{
	const char *named = env_get(ENV_STORAGE_EMULATOR_HOST);
	*emulator = named != NULL;
	if (named == NULL)
		named = env_get(ENV_API_ENDPOINT_OVERRIDE);
	if (named == NULL)
		return text_copy(ENDPOINT);
	char *url =
		strstr(named, "://") != NULL ? text_copy(named) : text_format("http://%s", named);
	char *origin = http_url_origin(url);
	for (size_t size = strlen(url); size > 0 && url[size - 1] == '/';)
		url[--size] = '\0';
	bool usable = origin != NULL && strpbrk(url, "?#@") == NULL &&
		      (*emulator || fetch_may_see_secrets(url));
	free(origin);
	if (usable)
		return url;
	fail_set(f, STATUS_CONFIGURATION,
		*emulator ? "STORAGE_EMULATOR_HOST is no address of a server"
			  : "API_ENDPOINT_OVERRIDE is no https:// address");
	free(url);
	return NULL;
}

static int read_bucket(struct gs *gs, const char *uri, struct fail *f)
{
	const char *bucket = strstr(uri, "://");
	size_t size = bucket != NULL ? strcspn(bucket + 3, "/") : 0;
	if (size == 0 || strpbrk(uri, "?#@") != NULL)
		return fail_set(f, STATUS_CONFIGURATION, "%.120s: not gs://BUCKET/PREFIX", uri);
	bucket += 3;
	gs->bucket = text_format("%.*s", (int)size, bucket);
	const char *prefix = bucket + size + strspn(bucket + size, "/");
	size = strlen(prefix);
	while (size > 0 && prefix[size - 1] == '/')
		size--;
	gs->prefix = text_format("%.*s", (int)size, prefix);
	return 0;
}

int gs_open(struct store *store, const char *uri, struct fail *f)
{
	struct gs *gs = memory_get(1, sizeof(*gs));
	bool emulator;
	store->state = gs;
	gs->endpoint = find_endpoint(&emulator, f);
	if (gs->endpoint == NULL || read_bucket(gs, uri, f) != 0 ||
		google_credentials_open(&gs->credentials, emulator, f) != 0) {
		gs_close(store);
		return -1;
	}
	store->root = text_format(
		"gs://%s%s%s", gs->bucket, gs->prefix[0] != '\0' ? "/" : "", gs->prefix);
	return 0;
}

void gs_close(struct store *store)
{
	struct gs *gs = store->state;
	if (gs == NULL)
		return;
	google_credentials_release(&gs->credentials);
	free(gs->bucket);
	free(gs->prefix);
	free(gs->endpoint);
	free(gs);
	store->state = NULL;
}

char *gs_name(const struct gs *gs, const char *path)
{
	bool both = gs->prefix[0] != '\0' && path[0] != '\0';
	return text_format("%s%s%s", gs->prefix, both ? "/" : "", path);
}

/* Sending. */

static char *url_of(const struct gs *gs, const struct gs_request *request)
{
	char *bucket = http_escape_query(gs->bucket);
	char *name = request->name != NULL ? http_escape_query(request->name) : NULL;
	char *url = text_format("%s%s/storage/v1/b/%s/o%s%s%s%s%s", gs->endpoint,
		request->is_upload ? "/upload" : "", bucket, name != NULL ? "/" : "",
		name != NULL ? name : "", request->behind != NULL ? request->behind : "",
		request->query != NULL ? "?" : "", request->query != NULL ? request->query : "");
	free(bucket);
	free(name);
	return url;
}

/* What goes along with a request. */
struct equipment {
	char *token;
	char *lines[2];
	const char *headers[3];
};

static int equip(struct store *store, const char *refused, struct equipment *e, struct fail *f)
{
	struct gs *gs = store->state;
	const char *payer = gs->credentials.key.quota_project;
	size_t count = 0;
	*e = (struct equipment){0};
	if (google_credentials_get(&gs->credentials, store->http, refused, &e->token, f) != 0)
		return -1;
	if (e->token != NULL)
		e->lines[count++] = bearer_header(e->token);
	if (payer != NULL)
		e->lines[count++] = text_format("x-goog-user-project: %s", payer);
	memcpy(e->headers, e->lines, sizeof(e->lines));
	return 0;
}

static void equipment_release(struct equipment *e)
{
	fetch_wipe(&e->token);
	for (size_t i = 0; i < sizeof(e->lines) / sizeof(e->lines[0]); i++)
		fetch_wipe(&e->lines[i]);
}

/* struct sending - one request, sent with one token or another */
struct sending {
	struct store *store;
	const struct gs_request *request;
};

static int send_once(void *context, const char *refused, char **used,
	struct http_response *response, struct fail *f)
{
	const struct sending *sending = context;
	const struct gs_request *request = sending->request;
	struct equipment equipment;
	if (equip(sending->store, refused, &equipment, f) != 0)
		return -1;
	char *url = url_of(sending->store->state, request);
	struct http_request http = {
		.method = request->method,
		.url = url,
		.content_type = request->content_type,
		.headers = equipment.headers,
		.body = request->body,
		.sink = request->sink,
		.coding = request->sink != NULL ? HTTP_AS_STORED_GZIP : HTTP_DECODED,
	};
	int result = http_send(sending->store->http, &http, response, f);
	free(url);
	*used = equipment.token;
	equipment.token = NULL;
	equipment_release(&equipment);
	return result;
}

int gs_send(struct store *store, const struct gs_request *request, struct http_response *response,
	struct fail *f)
{
	struct sending sending = {store, request};
	return bearer_send(send_once, &sending, &request->body, response, f);
}

/* {"error": {"message": "..."}}, or text */
void gs_message_read(const struct http_response *response, char *out, size_t size)
{
	struct cJSON *tree;
	struct fail ignored;
	out[0] = '\0';
	if (json_parse(text_string(&response->body), response->body.size, &tree, &ignored) != 0)
		return;
	struct json_at root = json_root(tree);
	struct json_at error = json_get(&root, "error");
	char *message = json_is_there(&error) ? fetch_member(&error, "message") : NULL;
	if (message != NULL)
		escape_into(out, size, message, strlen(message));
	free(message);
	json_release(tree);
}

int gs_expect(struct store *store, const struct http_response *response, struct fail *f)
{
	const struct gs *gs = store->state;
	char message[200];
	if (response->status >= 200 && response->status <= 299)
		return 0;
	gs_message_read(response, message, sizeof(message));
	char *shown = http_url_show(gs->endpoint);
	struct refusal refusal = {refusal_status(response->status), response->status, message, ""};
	refusal_fail(
		&refusal, f, "Google Cloud Storage at %.100s, bucket %.63s", shown, gs->bucket);
	free(shown);
	if (response->status == 404)
		return fail_hint(f, "is the bucket made?");
	if (f->status == STATUS_DENIED && !gs->credentials.anonymous)
		return fail_hint(f,
			"the credentials came from %.120s; they need objects.get, .list, .create "
			"and .delete",
			google_credentials_from(&gs->credentials));
	return -1;
}

/* Deleting. */

struct deletion {
	char *url;
	struct http_request request;
	struct http_response response;
};

static int delete_together(struct store *store, char *const *names, size_t count, struct fail *f)
{
	struct deletion deletions[HTTP_TOGETHER_MAX] = {0};
	struct http_exchange exchanges[HTTP_TOGETHER_MAX] = {0};
	struct equipment equipment;
	if (equip(store, NULL, &equipment, f) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct gs_request request = {.name = names[i]};
		deletions[i].url = url_of(store->state, &request);
		deletions[i].request = (struct http_request){
			.method = "DELETE",
			.url = deletions[i].url,
			.headers = equipment.headers,
		};
		exchanges[i].request = &deletions[i].request;
		exchanges[i].response = &deletions[i].response;
	}
	http_send_all(store->http, exchanges, count);
	int result = 0;
	for (size_t i = 0; i < count; i++) {
		if (result == 0 && exchanges[i].result != 0) {
			*f = exchanges[i].fail;
			result = -1;
		} else if (result == 0 && deletions[i].response.status != 404) {
			result = gs_expect(store, &deletions[i].response, f);
		}
		http_response_release(&deletions[i].response);
		free(deletions[i].url);
	}
	equipment_release(&equipment);
	return result;
}

int gs_delete(struct store *store, char *const *names, size_t count, struct fail *f)
{
	for (size_t i = 0; i < count; i += HTTP_TOGETHER_MAX) {
		size_t left = count - i;
		if (delete_together(store, names + i,
			    left < HTTP_TOGETHER_MAX ? left : HTTP_TOGETHER_MAX, f) != 0)
			return -1;
	}
	return 0;
}
