#include "mlflow/versions.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/types.h"
#include "http/url.h"
#include "mlflow/call.h"
#include "mlflow/models.h"
#include "mlflow/page.h"
#include "mlflow/read.h"
#include "mlflow/reply.h"
#include "packaging/json/json.h"

#define VERSIONS_PER_PAGE 1000

static char *number_string(int64_t number)
{
	return text_format("%lld", (long long)number);
}

/* Versions are strings on the wire. */
static struct cJSON *version_body(const char *name, int64_t number)
{
	struct cJSON *body = json_new_object();
	char *version = number_string(number);
	json_set_string(body, "name", name);
	json_set_string(body, "version", version);
	free(version);
	return body;
}

/* The search's language quotes with ' or " and knows no escape. */
static int name_filter(const char *name, char **filter, struct fail *f)
{
	char quote = strchr(name, '\'') == NULL ? '\'' : '"';
	*filter = NULL;
	if (strchr(name, quote) != NULL)
		return fail_set(f, STATUS_REFUSED,
			"MLflow cannot search for a model name with both kinds of quotes");
	char *plain = text_format("name=%c%s%c", quote, name, quote);
	*filter = http_escape_query(plain);
	free(plain);
	return 0;
}

struct version_search {
	const char *name;
	const char *filter;
	struct versions *versions;
};

static char *versions_query(const char *filter, const char *token)
{
	char *escaped = http_escape_query(token != NULL ? token : "");
	char *query = text_format("filter=%s&max_results=%d&order_by=version_number%%20ASC%s%s",
		filter, VERSIONS_PER_PAGE, token != NULL ? "&page_token=" : "", escaped);
	free(escaped);
	return query;
}

void mlflow_prefetch_state(struct mlflow *m, const char *name)
{
	struct fail ignored;
	char *filter;
	if (name_filter(name, &filter, &ignored) != 0)
		return;
	struct mlflow_question questions[] = {
		{"registered-models/get", mlflow_model_query(name)},
		{"model-versions/search", versions_query(filter, NULL)},
	};
	mlflow_prefetch(m, questions, 2);
	free(filter);
}

/* What a database without regard for case, or a proxy that drops the filter, mixes in. */
static int check_names(const struct version_search *search, struct fail *f)
{
	for (size_t i = 0; i < search->versions->count; i++)
		if (mlflow_check_named("name", search->versions->items[i].model, search->name, f) !=
			0)
			return -1;
	return 0;
}

/* The order keeps pages apart while others change versions: the default one, by time of change,
 * would move a version that was just changed from a page to come to one already read. */
static int versions_page(struct mlflow *m, void *context, const char *token, char **next,
	bool *added, struct fail *f)
{
	struct version_search *search = context;
	struct mlflow_reply reply;
	size_t before = search->versions->count;
	int result = mlflow_get(
		m, "model-versions/search", versions_query(search->filter, token), &reply, f);
	if (result == 0)
		result = mlflow_expect(m, &reply, f);
	if (result == 0 &&
		(mlflow_read_versions(&reply.http.body, search->versions, next, f) != 0 ||
			check_names(search, f) != 0))
		result = fail_wrap(f, "model-versions/search");
	mlflow_reply_release(&reply);
	versions_sort(search->versions);
	*added = search->versions->count > before;
	return result;
}

static int by_number(const void *a, const void *b)
{
	const struct version *x = a, *y = b;
	return (x->number > y->number) - (x->number < y->number);
}

void versions_sort(struct versions *versions)
{
	size_t kept = 0;
	if (versions->count > 1)
		qsort(versions->items, versions->count, sizeof(*versions->items), by_number);
	for (size_t i = 0; i < versions->count; i++) {
		struct version *version = &versions->items[i];
		if (kept > 0 && versions->items[kept - 1].number == version->number)
			version_release(version);
		else
			versions->items[kept++] = *version;
	}
	versions->count = kept;
}

int mlflow_list_versions(
	struct mlflow *m, const char *name, struct versions *versions, struct fail *f)
{
	char *filter;
	*versions = (struct versions){0};
	if (name_filter(name, &filter, f) != 0)
		return -1;
	struct version_search search = {.name = name, .filter = filter, .versions = versions};
	int result = mlflow_pages(m, "model-versions/search", versions_page, &search, f);
	free(filter);
	if (result != 0)
		versions_release(versions);
	return result;
}

/* number 0: any */
static int read_asked(const struct text *body, const char *name, int64_t number,
	struct version *version, struct fail *f)
{
	if (mlflow_read_version(body, version, f) != 0)
		return -1;
	int result = mlflow_check_named("name", version->model, name, f);
	if (result == 0 && number != 0 && version->number != number)
		result = fail_set(f, STATUS_NOT_A_REGISTRY,
			"asked for version %lld, the answer has version %lld", (long long)number,
			(long long)version->number);
	if (result != 0)
		version_release(version);
	return result;
}

int mlflow_get_version(struct mlflow *m, const char *name, int64_t number, struct version *version,
	bool *found, struct fail *f)
{
	struct mlflow_reply reply;
	char *escaped = http_escape_query(name);
	char *query = text_format("name=%s&version=%lld", escaped, (long long)number);
	int result = mlflow_get(m, "model-versions/get", query, &reply, f);
	*version = (struct version){0};
	*found = result == 0 && !mlflow_is_missing(&reply);
	if (*found)
		result = mlflow_expect(m, &reply, f);
	if (*found && result == 0 && read_asked(&reply.http.body, name, number, version, f) != 0)
		result = fail_wrap(f, "model-versions/get");
	free(escaped);
	mlflow_reply_release(&reply);
	return result;
}

int mlflow_get_download_uri(
	struct mlflow *m, const char *name, int64_t number, char **uri, struct fail *f)
{
	struct mlflow_reply reply;
	char *escaped = http_escape_query(name);
	char *query = text_format("name=%s&version=%lld", escaped, (long long)number);
	int result = mlflow_get(m, "model-versions/get-download-uri", query, &reply, f);
	*uri = NULL;
	if (result == 0)
		result = mlflow_expect(m, &reply, f);
	if (result == 0)
		result = mlflow_read_download_uri(&reply.http.body, uri, f);
	free(escaped);
	mlflow_reply_release(&reply);
	return result;
}

/* Creating */

static struct cJSON *create_body(const struct version_request *request)
{
	struct cJSON *body = json_new_object(), *tags = json_new_array();
	json_set_string(body, "name", request->model);
	json_set_string(body, "source", request->source);
	if (request->run_id != NULL && request->run_id[0] != '\0')
		json_set_string(body, "run_id", request->run_id);
	if (request->model_id != NULL)
		json_set_string(body, "model_id", request->model_id);
	if (request->description != NULL)
		json_set_string(body, "description", request->description);
	for (size_t i = 0; i < request->tag_count; i++) {
		struct cJSON *tag = json_new_object();
		json_set_string(tag, "key", request->tags[i].key);
		json_set_string(tag, "value", request->tags[i].value);
		json_append(tags, tag);
	}
	json_set(body, "tags", tags);
	return body;
}

/* What the server would answer; the number is its to give, and stays 0. */
static void answer_planned(const struct version_request *request, struct version *version)
{
	*version = (struct version){
		.stage = text_copy("None"),
		.source = text_copy(request->source),
		.run_id = text_copy(request->run_id != NULL ? request->run_id : ""),
		.status = text_copy("READY"),
		.status_message = text_copy(""),
		.description = text_copy(request->description != NULL ? request->description : ""),
		.user = text_copy(""),
		.created_ms = clock_now_ms(),
		.updated_ms = clock_now_ms(),
		.tag_count = request->tag_count,
	};
	version->tags = memory_get(request->tag_count, sizeof(*version->tags));
	for (size_t i = 0; i < request->tag_count; i++) {
		version->tags[i].key = text_copy(request->tags[i].key);
		version->tags[i].value = text_copy(request->tags[i].value);
	}
}

int mlflow_create_version(struct mlflow *m, const struct version_request *request,
	struct version *version, bool *unknown, struct fail *f)
{
	struct mlflow_write write = {
		.method = "POST",
		.path = "model-versions/create",
		.body = create_body(request),
		.repeat = HTTP_NOT_IDEMPOTENT,
	};
	struct mlflow_reply reply;
	*version = (struct version){0};
	int result = mlflow_write(m, &write, &reply, f);
	*unknown = reply.http.unknown;
	if (result == 0)
		result = mlflow_expect(m, &reply, f);
	if (result == 0 && reply.planned) {
		answer_planned(request, version);
	} else if (result == 0 &&
		   read_asked(&reply.http.body, request->model, 0, version, f) != 0) {
		/* A success that cannot be read: it may well be there. */
		*unknown = true;
		result = fail_wrap(f, "model-versions/create");
	}
	mlflow_reply_release(&reply);
	return result;
}

/* Changing */

int mlflow_set_version_tag(struct mlflow *m, const char *name, int64_t number, const char *key,
	const char *value, struct fail *f)
{
	struct cJSON *body = version_body(name, number);
	json_set_string(body, "key", key);
	json_set_string(body, "value", value);
	return mlflow_do(m, "POST", "model-versions/set-tag", body, f);
}

int mlflow_delete_version_tag(
	struct mlflow *m, const char *name, int64_t number, const char *key, struct fail *f)
{
	struct cJSON *body = version_body(name, number);
	json_set_string(body, "key", key);
	return mlflow_do_gone(m, "DELETE", "model-versions/delete-tag", body, f);
}

int mlflow_describe_version(
	struct mlflow *m, const char *name, int64_t number, const char *description, struct fail *f)
{
	struct cJSON *body = version_body(name, number);
	json_set_string(body, "description", description);
	return mlflow_do(m, "PATCH", "model-versions/update", body, f);
}

int mlflow_delete_version(struct mlflow *m, const char *name, int64_t number, struct fail *f)
{
	return mlflow_do_gone(m, "DELETE", "model-versions/delete", version_body(name, number), f);
}

int mlflow_transition(struct mlflow *m, const char *name, int64_t number, const char *stage,
	bool archive_existing, bool *supported, struct fail *f)
{
	struct cJSON *body = version_body(name, number);
	json_set_string(body, "stage", stage);
	json_set_bool(body, "archive_existing_versions", archive_existing);
	return mlflow_try(m, "POST", "model-versions/transition-stage", body, supported, f);
}
