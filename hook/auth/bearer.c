#include "auth/bearer.h"

#include <stdlib.h>
#include <string.h>

#include "auth/fetch.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/panic.h"
#include "base/text.h"
#include "http/body.h"
#include "http/response.h"
#include "packaging/json/json.h"

#define FRESH_MS                                                                                   \
	(INT64_C(4) * 60 * 1000) /* fetched again before it has less left: Google's                \
				  * metadata service keeps one for all but five minutes */

void bearer_release(struct bearer *bearer)
{
	fetch_wipe(&bearer->token);
	*bearer = (struct bearer){0};
}

/* A number, or, as Azure's metadata services have it, its digits in a string; 0: neither. */
static double read_number(const struct json_at *root, const char *key)
{
	struct json_at at = json_get(root, key);
	char *digits = fetch_member(root, key);
	struct fail ignored;
	double number = 0;
	if (digits != NULL)
		number = strtod(digits, NULL);
	else if (!json_is_there(&at) || json_number(&at, &number, &ignored) != 0)
		number = 0;
	free(digits);
	return number > 0 && number < 1e12 ? number : 0;
}

/* For how many seconds, or until when, or a while. */
static int64_t read_expiry(const struct json_at *root)
{
	double seconds = read_number(root, "expires_in"), until = read_number(root, "expires_on");
	if (seconds > 0 || until == 0)
		return clock_now_ms() + (int64_t)((seconds > 0 ? seconds : 300) * 1000);
	return (int64_t)(until * 1000);
}

static int refused(const struct http_response *response, const struct json_at *root, struct fail *f)
{
	bool later = response->status == 429 || response->status >= 500;
	char *error = root != NULL ? fetch_member(root, "error") : NULL;
	char *more = root != NULL ? fetch_member(root, "error_description") : NULL;
	fail_set(f, later ? STATUS_LATER : STATUS_DENIED, "it answers %ld%s%.60s%s%.200s",
		response->status, error != NULL ? " " : "", error != NULL ? error : "",
		more != NULL ? ": " : "", more != NULL ? more : "");
	f->http = response->status;
	free(error);
	free(more);
	return -1;
}

int bearer_read(const struct http_response *response, struct bearer *bearer, struct fail *f)
{
	struct cJSON *tree;
	struct fail ignored;
	int result = 0;
	if (json_parse(text_string(&response->body), response->body.size, &tree, &ignored) != 0)
		return refused(response, NULL, f);
	struct json_at root = json_root(tree);
	if (response->status != 200)
		result = refused(response, &root, f);
	else if ((bearer->token = fetch_member(&root, "access_token")) == NULL)
		result = fail_set(f, STATUS_DENIED, "its answer holds no token");
	else
		bearer->expires_ms = read_expiry(&root);
	json_release(tree);
	return result;
}

void bearer_keeper_open(struct bearer_keeper *keeper)
{
	*keeper = (struct bearer_keeper){0};
	INVARIANT(pthread_mutex_init(&keeper->lock, NULL) == 0);
}

void bearer_keeper_release(struct bearer_keeper *keeper)
{
	bearer_release(&keeper->bearer);
	pthread_mutex_destroy(&keeper->lock);
}

static bool is_good(const struct bearer *bearer, const char *refused)
{
	return bearer->token != NULL && !text_equal(bearer->token, refused) &&
	       bearer->expires_ms >= clock_now_ms() + FRESH_MS;
}

int bearer_keeper_get(struct bearer_keeper *keeper, const char *refused,
	int (*fetch)(void *context, struct bearer *bearer, struct fail *f), void *context,
	char **token, struct fail *f)
{
	int result = 0;
	pthread_mutex_lock(&keeper->lock);
	if (!is_good(&keeper->bearer, refused)) {
		bearer_release(&keeper->bearer);
		result = fetch(context, &keeper->bearer, f);
	}
	*token = result == 0 ? text_copy(keeper->bearer.token) : NULL;
	pthread_mutex_unlock(&keeper->lock);
	return result;
}

int bearer_send(bearer_try *try, void *context, const struct http_body *body,
	struct http_response *response, struct fail *f)
{
	char *used = NULL, *again = NULL;
	*response = (struct http_response){0};
	int result = try(context, NULL, &used, response, f);
	if (result == 0 && response->status == 401 && used != NULL) {
		http_response_release(response);
		*response = (struct http_response){0};
		result = http_body_rewind(body, f);
		if (result == 0)
			result = try(context, used, &again, response, f);
	}
	fetch_wipe(&used);
	fetch_wipe(&again);
	return result;
}

char *bearer_header(const char *token)
{
	return text_format("authorization: Bearer %s", token);
}
