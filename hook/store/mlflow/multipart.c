#include "store/mlflow/multipart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/text.h"
#include "http/retry.h"
#include "http/types.h"
#include "http/url.h"
#include "mlflow/call.h"
#include "mlflow/reply.h"
#include "mlflow/runs.h"
#include "mlflow/server.h"
#include "packaging/digest/sha256.h"
#include "packaging/json/json.h"
#include "store/checksum.h"
#include "store/etag.h"
#include "store/mlflow/presigned.h"
#include "store/mlflow/proxy.h"

#define TAG "modelhook.upload."
#define MINIMUM_DEFAULT ((uint64_t)500 << 20)

/* The environment. */

static int read_bytes(enum env_variable variable, uint64_t *bytes, struct fail *f)
{
	const char *text = env_get(variable);
	char *end;
	if (text == NULL)
		return 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || value > (UINT64_C(1) << 50))
		return fail_set(f, STATUS_CONFIGURATION, "environment: %s is not a number of bytes",
			env_name(variable));
	*bytes = value;
	return 0;
}

int proxy_parts_open(struct store *s, struct fail *f)
{
	struct proxy *proxy = s->state;
	uint64_t chunk = 0;
	proxy->minimum = MINIMUM_DEFAULT;
	if (read_bytes(ENV_MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE, &proxy->minimum, f) != 0 ||
		read_bytes(ENV_MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE, &chunk, f) != 0)
		return -1;
	s->part_size = (size_t)chunk;
	if (env_get(ENV_MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD) != NULL)
		proxy->parts = env_is_true(ENV_MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD)
				       ? PROXY_TAKES_PARTS
				       : PROXY_TAKES_NO_PARTS;
	return 0;
}

/* Calls. */

/* An artifact as the API wants it: the folder in the URL, the name in the body. */
struct target {
	char *folder; /* escaped, with the root's path */
	const char *name;
	int before; /* of the store's root, what stands in front of the API */
};

static struct target target_of(const struct store *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *below = text_format("%.*s", slash != NULL ? (int)(slash - path) : 0, path);
	char *escaped = http_escape_path(below);
	struct target target = {.name = slash != NULL ? slash + 1 : path};
	const char *root = proxy_below(s, &target.before);
	target.folder = text_format("%s%s%s", root, below[0] != '\0' ? "/" : "", escaped);
	free(escaped);
	free(below);
	return target;
}

/* action: "create"; more is handed over. *reply is to be released. */
static int call(struct store *s, const char *action, const char *path, struct cJSON *more,
	enum http_idempotency repeat, struct mlflow_reply *reply, struct fail *f)
{
	struct target target = target_of(s, path);
	struct text body = {0};
	char *url = text_format(
		"%.*s/mlflow-artifacts/mpu/%s%s", target.before, s->root, action, target.folder);
	json_set_string(more, "path", target.name);
	json_print(more, &body);
	struct http_request request = {
		.method = "POST",
		.url = url,
		.content_type = "application/json",
		.body = {.bytes = body.data, .size = body.size},
		.repeat = repeat,
		.is_permanent = repeat == HTTP_NOT_IDEMPOTENT ? proxy_is_500_permanent : NULL,
	};
	char *named = text_format("mlflow-artifacts/mpu/%s", action);
	int result = mlflow_send(s->mlflow, &request, "mlflow-artifacts/mpu", reply, f);
	if (result != 0)
		fail_wrap(f, "%s", named);
	free(named);
	json_release(more);
	text_release(&body);
	free(target.folder);
	free(url);
	return result;
}

/* What the server can do; asked once. */

static int ask(struct store *s, struct proxy *proxy, struct fail *f)
{
	static const char *const keys[] = {"multipart_uploads_enabled",
		"multipart_downloads_enabled", "artifacts_presigned_only"};
	bool has[3];
	if (proxy->asked)
		return 0;
	if (mlflow_has_features(s->mlflow, keys, 3, has, f) != 0)
		return -1;
	proxy->asked = true;
	if (proxy->parts == PROXY_TAKES_PARTS_ASK)
		proxy->parts = has[0] ? PROXY_TAKES_PARTS : PROXY_TAKES_NO_PARTS;
	proxy->can_sign = has[1];
	if (has[2])
		proxy->presigned_only = true;
	return 0;
}

int proxy_ask_server(struct store *s, struct fail *f)
{
	struct proxy *proxy = s->state;
	pthread_mutex_lock(&proxy->lock);
	int result = ask(s, proxy, f);
	pthread_mutex_unlock(&proxy->lock);
	return result;
}

/* Begin. */

/* How many characters of base64 the ID of an address's block has, the padding left out: MLflow
 * before 3.18 numbers its blocks 1 to 10 without leading zeros. */
static size_t block_id_size(const char *url)
{
	const char *query = strchr(url, '?'),
		   *id = query != NULL ? strstr(query, "blockid=") : NULL;
	size_t size = 0;
	if (id == NULL)
		return 0;
	for (id += sizeof("blockid=") - 1; *id != '\0' && *id != '&';) {
		bool escaped = id[0] == '%' && id[1] != '\0' && id[2] != '\0';
		bool padding = *id == '=' || strncasecmp(id, "%3d", 3) == 0;
		size += !padding;
		id += escaped ? 3 : 1;
	}
	return size;
}

static struct proxy_addresses *to_block(
	const struct text *packed, const size_t *at, unsigned parts, bool is_azure)
{
	size_t head = sizeof(struct proxy_addresses) + parts * sizeof(*at);
	struct proxy_addresses *block = memory_get(1, head + packed->size);
	block->is_azure = is_azure;
	block->is_uneven = is_azure && block_id_size(packed->data + at[0]) !=
					       block_id_size(packed->data + at[parts - 1]);
	for (unsigned i = 0; i < parts; i++)
		block->at[i] = head + at[i];
	memcpy((char *)block + head, packed->data, packed->size);
	return block;
}

static int read_addresses(const struct json_at *credentials, unsigned parts, struct text *packed,
	size_t *at, struct fail *f)
{
	unsigned found = 0;
	if (json_array(credentials, f) != 0)
		return -1;
	for (struct json_at item = json_first(credentials); json_is_there(&item);
		item = json_next(&item), found++) {
		struct json_at number = json_get(&item, "part_number");
		int64_t index;
		if (json_object(&item, f) != 0 || json_integer(&number, 1, parts, &index, f) != 0)
			return -1;
		if (index != (int64_t)found + 1)
			return json_fail(&number, f, "not the next part");
		at[found] = packed->size;
		if (presigned_pack(&item, "url", packed, f) != 0)
			return -1;
	}
	if (found != parts)
		return json_fail(credentials, f, "%u parts instead of %u", found, parts);
	return 0;
}

static int read_answer(const struct json_at *root, unsigned parts, char **id,
	struct proxy_addresses **addresses, struct fail *f)
{
	struct json_at name = json_get(root, "upload_id");
	struct json_at credentials = json_get(root, "credentials");
	struct text packed = {0};
	size_t *at = memory_get(parts, sizeof(*at));
	int result = 0;
	if (json_is_there(&name) && !json_is_null(&name))
		result = json_string(&name, id, f);
	else
		*id = text_copy(""); /* Azure's have none */
	if (result == 0)
		result = read_addresses(&credentials, parts, &packed, at, f);
	if (result == 0) {
		const char *query = strchr(packed.data, '?');
		bool is_azure = query != NULL && strstr(query, "blockid=") != NULL;
		*addresses = to_block(&packed, at, parts, is_azure);
	}
	if (packed.data != NULL)
		explicit_bzero(packed.data, packed.size);
	text_release(&packed);
	free(at);
	return result;
}

int proxy_addresses_read(const struct text *body, unsigned parts, char **id,
	struct proxy_addresses **addresses, struct fail *f)
{
	struct cJSON *tree = NULL;
	*id = NULL;
	*addresses = NULL;
	int result = json_parse(text_string(body), body->size, &tree, f);
	if (result == 0) {
		struct json_at root = json_root(tree);
		result = read_answer(&root, parts, id, addresses, f);
	}
	json_release(tree);
	if (result == 0)
		return 0;
	if (f->status == STATUS_UNACCEPTABLE)
		f->status = STATUS_NOT_A_REGISTRY;
	return fail_wrap(f, "the answer to mlflow-artifacts/mpu/create");
}

static int create(struct store *s, struct store_upload *upload, struct fail *f)
{
	struct mlflow_reply reply;
	struct proxy_addresses *addresses = NULL;
	struct cJSON *more = json_new_object();
	json_set_number(more, "num_parts", upload->part_count);
	int result = call(s, "create", upload->content.path, more, HTTP_IDEMPOTENT, &reply, f);
	if (result == 0 && mlflow_is_unsupported(&reply)) {
		((struct proxy *)s->state)->parts = PROXY_TAKES_NO_PARTS;
		upload->whole = true;
	} else if (result == 0) {
		result = mlflow_expect(s->mlflow, &reply, f);
		if (result == 0)
			result = proxy_addresses_read(
				&reply.http.body, upload->part_count, &upload->id, &addresses, f);
	}
	upload->state = addresses;
	mlflow_reply_release(&reply);
	return result;
}

/* The tag that tells of an open upload: named by a digest of its name, which may be long. */

static char *tag_of(const char *id)
{
	char digest[SHA256_HEX];
	sha256_of(id, strlen(id), digest);
	return text_format(TAG "%.12s", digest);
}

static int note(struct store *s, const struct store_upload *upload, struct fail *f)
{
	if (s->run == NULL || upload->id[0] == '\0')
		return 0;
	char *tag = tag_of(upload->id);
	char *value = text_format("%s %s", upload->id, upload->content.path);
	int result = mlflow_set_run_tag(s->mlflow, s->run->id, tag, value, f);
	if (result != 0 && f->http == 404)
		result = 0; /* the doctor's probe belongs to no run */
	free(value);
	free(tag);
	return result;
}

static int forget(struct store *s, const char *id, struct fail *f)
{
	if (s->run == NULL || id[0] == '\0')
		return 0;
	char *tag = tag_of(id);
	int result = mlflow_delete_run_tag(s->mlflow, s->run->id, tag, f);
	free(tag);
	return result;
}

/* MLflow has no words for an upload that is no more, and answers 500. What has no name cannot be
 * ended: Azure drops blocks that nobody commits. */
static int end(struct store *s, const char *path, const char *id, struct fail *f)
{
	struct mlflow_reply reply;
	if (id[0] == '\0')
		return 0;
	struct cJSON *more = json_new_object();
	json_set_string(more, "upload_id", id);
	int result = call(s, "abort", path, more, HTTP_NOT_IDEMPOTENT, &reply, f);
	if (result == 0 && reply.http.status != 500 && !mlflow_is_unsupported(&reply))
		result = mlflow_expect_done(s->mlflow, &reply, f);
	mlflow_reply_release(&reply);
	return result == 0 ? forget(s, id, f) : -1;
}

int proxy_begin(struct store *s, struct store_upload *upload, struct fail *f)
{
	struct proxy *proxy = s->state;
	struct fail first;
	upload->whole = upload->content.size < proxy->minimum || proxy->no_way_there;
	if (upload->whole)
		return 0;
	if (proxy_check_name(upload->content.path, f) != 0 || proxy_ask_server(s, f) != 0)
		return -1;
	upload->whole = proxy->parts == PROXY_TAKES_NO_PARTS && !proxy->presigned_only;
	if (upload->whole || create(s, upload, f) != 0 || upload->whole)
		return upload->whole ? 0 : -1;
	const struct proxy_addresses *addresses = upload->state;
	if (addresses->is_uneven) {
		upload->whole = true;
		return end(s, upload->content.path, upload->id, f);
	}
	if (note(s, upload, &first) == 0)
		return 0;
	(void)!end(s, upload->content.path, upload->id, f);
	*f = first;
	return -1;
}

/* Parts. A receipt is the ETag, behind "=" where it is the MD5 of what was sent, else behind "?".
 */

static int set_receipt(
	struct store_upload *upload, unsigned index, const char *etag, bool is_md5, struct fail *f)
{
	if (etag != NULL && etag_check(etag, f) != 0) /* Azure's parts have none */
		return -1;
	store_set_receipt(
		upload, index, text_format("%c%s", is_md5 ? '=' : '?', etag != NULL ? etag : ""));
	return 0;
}

static int receipt(struct store_upload *upload, const struct store_part *part, const char *etag,
	struct fail *f)
{
	uint8_t md5[MD5_BYTES];
	checksum_md5(part->bytes, part->size, md5);
	return set_receipt(upload, part->index, etag, etag_is_md5(etag, md5), f);
}

int proxy_put_part(struct store *s, struct store_upload *upload, const struct store_part *part,
	bool *kept, struct fail *f)
{
	struct proxy *proxy = s->state;
	const struct proxy_addresses *addresses = upload->state;
	struct http_body body = {.bytes = part->bytes, .size = part->size};
	struct presigned to;
	char *etag;
	*kept = false;
	presigned_unpack((const char *)addresses + addresses->at[part->index], &to);
	int result = presigned_put(s, &to, &body, &etag, f);
	if (result == 0)
		result = receipt(upload, part, etag, f);
	else if (!status_is_stop(f->status))
		proxy->no_way_there = true;
	free(etag);
	return result;
}

bool proxy_has_another_way(struct store *s)
{
	struct proxy *proxy = s->state;
	bool has =
		proxy->no_way_there && !proxy->tried_both && deadline_left(s->http->deadline) > 0;
	proxy->tried_both = proxy->tried_both || proxy->no_way_there;
	return has;
}

/* Finish. */

static struct cJSON *completion_of(const struct store_upload *upload, bool *sure)
{
	const struct proxy_addresses *addresses = upload->state;
	struct cJSON *more = json_new_object(), *parts = json_new_array();
	*sure = true;
	for (unsigned i = 0; i < upload->part_count; i++) {
		struct cJSON *part = json_new_object();
		*sure = *sure && store_receipt(upload, i)[0] == '=';
		json_set_number(part, "part_number", i + 1);
		json_set_string(part, "etag", store_receipt(upload, i) + 1);
		/* there it holds the block's ID; elsewhere it would make the body large */
		if (addresses->is_azure)
			json_set_string(part, "url", (const char *)addresses + addresses->at[i]);
		json_append(parts, part);
	}
	json_set(more, "parts", parts);
	json_set_string(more, "upload_id", upload->id);
	return more;
}

/* *done false: it cannot be told from the answer, or there is none */
static int complete(
	struct store *s, const struct store_upload *upload, bool *done, bool *sure, struct fail *f)
{
	struct mlflow_reply reply;
	struct cJSON *more = completion_of(upload, sure);
	int result =
		call(s, "complete", upload->content.path, more, HTTP_NOT_IDEMPOTENT, &reply, f);
	bool unknown = reply.http.unknown || reply.http.status == 500;
	*done = result == 0 && !unknown;
	if (*done)
		result = mlflow_expect_done(s->mlflow, &reply, f);
	else if (result == 0)
		fail_set(f, STATUS_LATER, "mlflow-artifacts/mpu/complete: answers %ld",
			reply.http.status);
	mlflow_reply_release(&reply);
	return result == 0 || unknown ? 0 : -1;
}

/* An answer that was lost, or that tells of an upload that is no more: what is there decides. It is
 * asked for before it is sent again, and at most as often as any request. */
int proxy_finish(struct store *s, struct store_upload *upload, struct fail *f)
{
	int tries = http_retry_tries(s->http->options);
	bool done = false, sure = false;
	struct fail last;
	for (int next = 1; !done; next++) {
		enum store_has has;
		if (complete(s, upload, &done, &sure, &last) != 0) {
			*f = last;
			return -1;
		}
		if (done)
			break;
		if (store_has_content(s, &upload->content, &has, f) != 0)
			return -1;
		done = sure = has == STORE_HAS_SAME;
		int64_t ms = done ? 0 : http_retry_wait_ms(s->http, next + 1, tries, -1);
		if (ms < 0) {
			*f = last;
			return -1;
		}
		if (!done && stop_sleep(ms, f) != 0)
			return -1;
	}
	upload->verified = sure;
	return forget(s, upload->id, f);
}

/* In one part. */

static int put_only_part(struct store *s, struct store_upload *upload, const struct http_body *body,
	bool *verified, struct fail *f)
{
	const struct proxy_addresses *addresses = upload->state;
	struct fail first;
	struct presigned to;
	char *etag;
	presigned_unpack((const char *)addresses + addresses->at[0], &to);
	int result = presigned_put_summed(s, &to, body, &etag, verified, f);
	if (result == 0)
		result = set_receipt(upload, 0, etag, *verified, f);
	if (result == 0)
		result = proxy_finish(s, upload, f);
	free(etag);
	if (result == 0)
		return 0;
	first = *f;
	(void)!end(s, upload->content.path, upload->id, f);
	*f = first;
	return -1;
}

int proxy_put_presigned(struct store *s, const struct store_content *content,
	const struct http_body *body, bool *verified, struct fail *f)
{
	struct store_upload upload = {.content = *content, .part_count = 1};
	upload.receipts = memory_get(1, sizeof(*upload.receipts));
	int result = create(s, &upload, f);
	if (result == 0 && upload.whole)
		result = fail_set(f, STATUS_REFUSED,
			"the MLflow server takes artifacts by presigned URL alone, and signs none");
	if (result == 0)
		result = note(s, &upload, f);
	if (result == 0)
		result = put_only_part(s, &upload, body, verified, f);
	store_upload_release(&upload);
	return result;
}

int proxy_abandon(struct store *s, struct store_upload *upload, struct fail *f)
{
	return end(s, upload->content.path, upload->id, f);
}

/* Uploads of calls that were killed: the run was read before this call began its own. */
int proxy_sweep(struct store *s, const char *folder, struct fail *f)
{
	int result = 0;
	(void)folder;
	for (size_t i = 0; result == 0 && s->run != NULL && i < s->run->tag_count; i++) {
		const struct pair *tag = &s->run->tags[i];
		if (!text_starts_with(tag->key, TAG))
			continue;
		char *id = text_copy(tag->value);
		char *path = id + strcspn(id, " ");
		if (*path != '\0')
			*path++ = '\0';
		result = store_path_is_plain(path)
				 ? end(s, path, id, f)
				 : mlflow_delete_run_tag(s->mlflow, s->run->id, tag->key, f);
		free(id);
	}
	return result;
}
