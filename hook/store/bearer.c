#include "store/bearer.h"

#include <stdlib.h>
#include <string.h>

#include "store/fetch.h"

#define FRESH_MS                                                                                   \
	(INT64_C(4) * 60 * 1000) /* fetched again before it has less left: Google's                \
				  * metadata service keeps one for all but five minutes */

void bearer_release(struct bearer *bearer)
{
	fetch_wipe(&bearer->token);
	*bearer = (struct bearer){0};
}

/* A number, or, as Azure's metadata service has it, its digits in a string. */
static int64_t read_seconds(const struct json_at *root)
{
	struct json_at at = json_get(root, "expires_in");
	char *digits = fetch_member(root, "expires_in");
	struct fail ignored;
	double seconds = 300;
	if (digits != NULL)
		seconds = strtod(digits, NULL);
	else if (json_is_there(&at) && json_number(&at, &seconds, &ignored) != 0)
		seconds = 300;
	free(digits);
	return seconds > 0 && seconds < 1e9 ? (int64_t)seconds : 0;
}

static int refused(const struct http_answer *answer, const struct json_at *root, struct fail *f)
{
	bool later = answer->status == 429 || answer->status >= 500;
	char *error = root != NULL ? fetch_member(root, "error") : NULL;
	char *more = root != NULL ? fetch_member(root, "error_description") : NULL;
	fail_set(f, later ? STATUS_LATER : STATUS_DENIED, "it answers %ld%s%.60s%s%.200s",
		answer->status, error != NULL ? " " : "", error != NULL ? error : "",
		more != NULL ? ": " : "", more != NULL ? more : "");
	f->http = answer->status;
	free(error);
	free(more);
	return -1;
}

int bearer_read(const struct http_answer *answer, struct bearer *bearer, struct fail *f)
{
	struct cJSON *tree;
	struct fail ignored;
	int result = 0;
	if (json_parse(text_string(&answer->body), answer->body.size, &tree, &ignored) != 0)
		return refused(answer, NULL, f);
	struct json_at root = json_root(tree);
	if (answer->status != 200)
		result = refused(answer, &root, f);
	else if ((bearer->token = fetch_member(&root, "access_token")) == NULL)
		result = fail_set(f, STATUS_DENIED, "its answer holds no token");
	else
		bearer->expires_ms = clock_now_ms() + read_seconds(&root) * 1000;
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

char *bearer_header(const char *token)
{
	return text_format("authorization: Bearer %s", token);
}
