#include "store/mlflow/presigned_store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/body.h"
#include "http/url.h"
#include "mlflow/call.h"
#include "mlflow/page.h"
#include "mlflow/read.h"
#include "mlflow/reply.h"
#include "mlflow/runs.h"
#include "mlflow/server.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "store/etag.h"
#include "store/folders.h"
#include "store/mlflow/presigned.h"
#include "store/s3/open.h"

#define PUT_MAX ((uint64_t)5 << 30) /* what S3 takes in one */
#define FEATURE "presigned_upload_run_id_supported"

/* struct signing - the state */
struct signing {
	char *run_id;
	char *folder; /* of the store's root among the run's artifacts, "" or ending in a slash */
};

static void signing_release(struct store *s)
{
	struct signing *signing = s->state;
	if (signing == NULL)
		return;
	free(signing->run_id);
	free(signing->folder);
	free(signing);
	s->state = NULL;
}

/* Opening. */

/* The part of uri below the run's artifacts; NULL where it is elsewhere. */
static char *folder_of(const char *uri, const char *artifacts)
{
	size_t size = strlen(artifacts);
	while (size > 0 && artifacts[size - 1] == '/')
		size--;
	if (strncmp(uri, artifacts, size) != 0 || (uri[size] != '/' && uri[size] != '\0'))
		return NULL;
	const char *rest = uri + size + strspn(uri + size, "/");
	size = strlen(rest);
	while (size > 0 && rest[size - 1] == '/')
		size--;
	return text_format("%.*s%s", (int)size, rest, size > 0 ? "/" : "");
}

static int find_folder(struct store *s, const char *uri, char **folder, struct fail *f)
{
	struct run run = {0};
	const char *artifacts = s->run->artifact_uri;
	bool found = true;
	*folder = NULL;
	if (artifacts == NULL && mlflow_get_run(s->mlflow, s->run->id, &run, &found, f) != 0)
		return -1;
	if (artifacts == NULL && found)
		artifacts = run.artifact_uri;
	if (artifacts != NULL)
		*folder = folder_of(uri, artifacts);
	run_release(&run);
	return 0;
}

/* *opened false: this server does not sign, or not for that place */
static int open_signing(struct store *s, const char *uri, bool *opened, struct fail *f)
{
	char *folder = NULL;
	*opened = false;
	if (s->run == NULL || s->run->id == NULL || s->run->id[0] == '\0')
		return 0;
	if (mlflow_has_feature(s->mlflow, FEATURE, opened, f) != 0)
		return -1;
	if (*opened && find_folder(s, uri, &folder, f) != 0)
		return -1;
	*opened = folder != NULL;
	if (!*opened)
		return 0;
	struct signing *signing = memory_get(1, sizeof(*signing));
	signing->run_id = text_copy(s->run->id);
	signing->folder = folder;
	s->kind = &store_presigned;
	s->http = s->mlflow->http; /* what is not sent to a signed address goes to MLflow */
	s->state = signing;
	s->root = text_copy(uri);
	return 0;
}

/* *found: S3 can be asked with what this process has; else why not is in *why */
static int open_s3(struct store *s, const char *uri, bool *found, struct fail *why, struct fail *f)
{
	if (s3_open(s, uri, f) != 0)
		return -1;
	return s3_find_credentials(s, found, why, f);
}

int presigned_or_s3_open(struct store *s, const char *uri, struct fail *f)
{
	bool asked_for = s->options->presigned, found = false, opened;
	struct fail why;
	if (s->mlflow == NULL)
		return s3_open(s, uri, f);
	if (!asked_for && open_s3(s, uri, &found, &why, f) != 0)
		return -1;
	if (found)
		return 0;
	s3_close(s);
	free(s->root);
	s->root = NULL;
	if (open_signing(s, uri, &opened, f) != 0)
		return -1;
	if (opened)
		return 0;
	if (asked_for)
		fail_set(f, STATUS_CONFIGURATION,
			"the MLflow server signs no addresses for %.200s, as --presigned wants it",
			uri);
	else
		fail_set(f, STATUS_DENIED, "%.300s, and the MLflow server signs no uploads there",
			why.text);
	return fail_hint(f,
		"give the job a key (AWS_ACCESS_KEY_ID, a profile, a role), or have the server "
		"sign "
		"(MLflow 3.17 and later) or pass artifacts on (--artifacts-destination)");
}

/* Addresses. */

/* call: "presigned-upload-url"; *packed NULL: nothing is there. The caller wipes and frees it. */
static int ask_address(
	struct store *s, const char *call, const char *path, char **packed, struct fail *f)
{
	const struct signing *signing = s->state;
	struct mlflow_reply reply;
	struct cJSON *body = json_new_object();
	char *full = text_format("%s%s", signing->folder, path);
	char *name = text_format("artifacts/%s", call);
	json_set_string(body, "run_id", signing->run_id);
	json_set_string(body, "path", full);
	*packed = NULL;
	int result = mlflow_post(s->mlflow, name, body, &reply, f);
	if (result == 0 && !mlflow_is_missing(&reply)) {
		result = mlflow_expect(s->mlflow, &reply, f);
		if (result == 0)
			result = presigned_read(&reply.http.body, "presigned_url", packed, f);
	}
	mlflow_reply_release(&reply);
	free(name);
	free(full);
	return result;
}

/* Sending. */

static int put_once(struct store *s, const char *path, const struct http_body *body, bool *verified,
	struct fail *f)
{
	struct presigned to;
	char *packed, *etag;
	if (ask_address(s, "presigned-upload-url", path, &packed, f) != 0)
		return -1;
	if (packed == NULL)
		return fail_set(
			f, STATUS_REFUSED, "the MLflow server says that there is no such run");
	presigned_unpack(packed, &to);
	int result = presigned_put_summed(s, &to, body, &etag, verified, f);
	free(etag);
	presigned_drop(packed);
	return result;
}

/* It may have run out while tries were paused between. */
static bool may_have_run_out(const struct fail *f)
{
	return f->status == STATUS_DENIED && f->http == 403;
}

static int presigned_put_object(struct store *s, const struct store_content *content,
	const struct http_body *body, bool *verified, struct fail *f)
{
	if (content->size > PUT_MAX) {
		fail_set(f, STATUS_REFUSED,
			"%" PRIu64 " bytes: more than the 5 GiB that S3 takes in one",
			content->size);
		return fail_hint(f, "give the job credentials for S3: then it goes in parts");
	}
	int result = put_once(s, content->path, body, verified, f);
	if (result == 0 || !may_have_run_out(f))
		return result;
	if (http_body_rewind(body, f) != 0)
		return -1;
	return put_once(s, content->path, body, verified, f);
}

/* Reading. */

static int get_once(struct store *s, const char *path, const struct http_sink *sink, bool *found,
	struct fail *f)
{
	struct presigned from;
	char *packed;
	int result = ask_address(s, "presigned-download-url", path, &packed, f);
	*found = result == 0 && packed != NULL;
	if (*found) {
		presigned_unpack(packed, &from);
		result = presigned_get(s, &from, sink, 0, found, f);
	}
	presigned_drop(packed);
	return result;
}

static int presigned_get_object(struct store *s, const char *path, const struct http_sink *sink,
	bool *found, struct fail *f)
{
	int result = get_once(s, path, sink, found, f);
	if (result == 0 || !may_have_run_out(f))
		return result;
	if (sink->restart != NULL && sink->restart(sink->context, f) != 0)
		return -1;
	return get_once(s, path, sink, found, f);
}

static int list_folder(
	struct store *s, const char *folder, const struct entry_taker *taker, struct fail *f)
{
	struct artifact_reading reading;
	const struct signing *signing = s->state;
	struct mlflow_reply reply;
	char *full = text_format("%s%s", signing->folder, folder);
	size_t size = strlen(full);
	if (size > 0 && full[size - 1] == '/')
		full[size - 1] = '\0';
	char *escaped = http_escape_query(full);
	char *query = text_format("run_id=%s&path=%s", signing->run_id, escaped);
	artifact_reading_open(&reading, full, taker);
	int result = mlflow_get_into(s->mlflow, "artifacts/list", query, &reading.sink, &reply, f);
	if (result == 0)
		result = mlflow_take_artifacts(s->mlflow, &reply, &reading, f);
	artifact_reading_release(&reading);
	mlflow_reply_release(&reply);
	free(escaped);
	free(full);
	return result;
}

static int presigned_list(
	struct store *s, const char *folder, struct store_listing *listing, struct fail *f)
{
	return folders_list(s, list_folder, folder, listing, f);
}

static int presigned_remove(struct store *s, const char *path, struct fail *f)
{
	(void)s;
	return fail_set(f, STATUS_REFUSED, "%.160s: the MLflow server signs no removals", path);
}

const struct store_kind store_presigned = {
	.scheme = "s3, signed by the MLflow server",
	.list = presigned_list,
	.put = presigned_put_object,
	.get = presigned_get_object,
	.remove = presigned_remove,
	.show = store_show_in_root,
	.release = signing_release,
};
