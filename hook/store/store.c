#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/env.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/text.h"
#include "http/http.h"
#include "http/plan.h"
#include "http/types.h"
#include "packaging/digest/sha256.h"

#define OBJECTS_MAX 100000
#define LISTING_MAX ((size_t)16 << 20)
#define OBJECT_BYTES (2 * sizeof(struct store_object) + 24) /* and its path */

int store_beyond(struct store *store, struct http **http, struct fail *f)
{
	*http = &store->beyond;
	if (http_is_open(&store->beyond))
		return 0;
	if (http_open(&store->beyond, store->http->options, NULL, store->http->deadline, f) != 0)
		return -1;
	store->beyond.engine = store->http->engine;
	store->beyond.send_rate = store->http->send_rate;
	store->beyond.trust = (struct http_trust){
		.insecure = env_is_true(ENV_MLFLOW_S3_IGNORE_TLS),
		.insecure_setting = env_name(ENV_MLFLOW_S3_IGNORE_TLS),
		.warned = store->is_worker,
	};
	return 0;
}

void store_release(struct store *store)
{
	if (store->kind != NULL && store->kind->release != NULL && !store->is_worker)
		store->kind->release(store);
	if (http_is_open(&store->own_http))
		http_release(&store->own_http);
	if (http_is_open(&store->beyond))
		http_release(&store->beyond);
	free(store->own_mlflow);
	free(store->root);
	*store = (struct store){0};
}

static int by_path(const void *a, const void *b)
{
	const struct store_object *x = a, *y = b;
	return strcmp(x->path, y->path);
}

int store_list(
	struct store *store, const char *folder, struct store_listing *listing, struct fail *f)
{
	return store_list_some(store, folder, NULL, NULL, listing, f);
}

int store_list_some(struct store *store, const char *folder, store_keep_function *keep,
	const void *context, struct store_listing *listing, struct fail *f)
{
	*listing = (struct store_listing){.keep = keep, .context = context};
	if (store->kind->list(store, folder, listing, f) != 0) {
		store_listing_release(listing);
		return fail_wrap(f, "artifacts in %.120s", folder);
	}
	if (listing->count > 1)
		qsort(listing->objects, listing->count, sizeof(*listing->objects), by_path);
	return 0;
}

static bool is_planned(struct store *store, const char *method, const char *path, const char *more)
{
	if (store->plan == NULL)
		return false;
	char *name = store->kind->show(store, path);
	plan_add(store->plan, method, name, more);
	free(name);
	return true;
}

int store_put(struct store *store, const struct store_content *content,
	const struct http_body *body, bool *verified, struct fail *f)
{
	*verified = false;
	char *size = text_format("(%llu bytes)", (unsigned long long)content->size);
	bool planned = is_planned(store, "PUT", content->path, size);
	free(size);
	if (!planned && store->kind->put(store, content, body, verified, f) != 0)
		return fail_wrap(f, "artifact %.160s", content->path);
	return 0;
}

int store_get(struct store *store, const char *path, const struct http_sink *sink, bool *found,
	struct fail *f)
{
	*found = false;
	if (store->kind->get(store, path, sink, found, f) != 0)
		return fail_wrap(f, "artifact %.160s", path);
	return 0;
}

int store_remove(struct store *store, const char *path, struct fail *f)
{
	if (is_planned(store, "DELETE", path, ""))
		return 0;
	if (store->kind->remove(store, path, f) != 0)
		return fail_wrap(f, "artifact %.160s", path);
	return 0;
}

void store_sweep(struct store *store, const char *folder)
{
	struct fail f;
	if (store->plan != NULL || store->kind->sweep == NULL)
		return;
	if (store->kind->sweep(store, folder, &f) != 0)
		console_warn("something that an earlier call left may stay: %s", f.text);
}

struct digest_sink {
	struct sha256 sha;
	uint64_t size;
	uint64_t max; /* more is not worth reading */
	bool over;
};

static int digest_write(void *context, const void *bytes, size_t size, struct fail *f)
{
	struct digest_sink *digest = context;
	digest->size += size;
	digest->over = digest->size > digest->max;
	if (digest->over)
		return fail_set(f, STATUS_UNACCEPTABLE, "more than %llu bytes",
			(unsigned long long)digest->max);
	sha256_add(&digest->sha, bytes, size);
	return 0;
}

static int digest_restart(void *context, struct fail *f)
{
	struct digest_sink *digest = context;
	(void)f;
	sha256_release(&digest->sha);
	sha256_init(&digest->sha);
	digest->size = 0;
	digest->over = false;
	return 0;
}

static int read_digest(struct store *store, const char *path, struct digest_sink *digest,
	char sha256[65], bool *found, struct fail *f)
{
	struct http_sink sink = {digest_write, digest_restart, digest};
	sha256_init(&digest->sha);
	int result = store_get(store, path, &sink, found, f);
	sha256_finish(&digest->sha, sha256);
	return result;
}

int store_get_digest(struct store *store, const char *path, char sha256[65], uint64_t *size,
	bool *found, struct fail *f)
{
	struct digest_sink digest = {.max = UINT64_MAX};
	int result = read_digest(store, path, &digest, sha256, found, f);
	*size = digest.size;
	return result;
}

/* What is larger than it should be is another file: a few bytes on the wire may decode to many. */
static int has_by_reading(struct store *store, const struct store_content *content,
	enum store_has *has, struct fail *f)
{
	char sha256[SHA256_HEX];
	bool found;
	struct digest_sink digest = {.max = content->size};
	int result = read_digest(store, content->path, &digest, sha256, &found, f);
	if (result != 0 && !digest.over)
		return -1;
	bool same =
		result == 0 && digest.size == content->size && strcmp(sha256, content->sha256) == 0;
	bool missing = result == 0 && !found;
	*has = missing ? STORE_HAS_NOT : same ? STORE_HAS_SAME : STORE_HAS_OTHER;
	return 0;
}

int store_has_content(struct store *store, const struct store_content *content, enum store_has *has,
	struct fail *f)
{
	*has = STORE_HAS_SOME;
	if (store->kind->has != NULL && store->kind->has(store, content, has, f) != 0)
		return fail_wrap(f, "artifact %.160s", content->path);
	return *has == STORE_HAS_SOME ? has_by_reading(store, content, has, f) : 0;
}

int store_remove_each(struct store *s, const char *path,
	int (*remove_one)(struct store *s, const char *path, struct fail *f), struct fail *f)
{
	struct store_listing listing = {0};
	int result = s->kind->list(s, path, &listing, f);
	for (size_t i = 0; result == 0 && i < listing.count; i++) {
		char *inside = text_format("%s/%s", path, listing.objects[i].path);
		result = remove_one(s, inside, f);
		free(inside);
	}
	store_listing_release(&listing);
	return result == 0 ? remove_one(s, path, f) : -1;
}

char *store_show_in_root(const struct store *s, const char *path)
{
	return text_format("%s/%s", s->root, path);
}

const char *store_receipt(const struct store_upload *upload, unsigned index)
{
	const char *receipt = upload->receipts[index];
	return receipt != NULL ? receipt : "";
}

void store_set_receipt(struct store_upload *upload, unsigned index, char *receipt)
{
	free(upload->receipts[index]);
	upload->receipts[index] = receipt;
}

void store_clear_receipts(struct store_upload *upload)
{
	for (unsigned i = 0; i < upload->part_count; i++)
		store_set_receipt(upload, i, NULL);
}

void store_upload_release(struct store_upload *upload)
{
	if (upload->receipts != NULL)
		store_clear_receipts(upload);
	free(upload->receipts);
	free(upload->id);
	free(upload->state);
	*upload = (struct store_upload){0};
}

bool store_path_is_plain(const char *path)
{
	for (const char *part = path;; part++) {
		size_t size = strcspn(part, "/");
		bool dots = size <= 2 && strspn(part, ".") >= size;
		if (dots) /* none, one or two */
			return false;
		part += size;
		if (*part == '\0')
			return true;
	}
}

static bool is_digest(const char *digest)
{
	return digest != NULL && (text_is_hex(digest, 32) || text_is_hex(digest, 64));
}

/* That it takes. */
static size_t bytes_of(const char *path, const char *digest)
{
	return OBJECT_BYTES + strlen(path) + (digest != NULL ? strlen(digest) + 24 : 0);
}

int store_listing_add(struct store_listing *listing, const char *path, uint64_t size,
	const char *digest, struct fail *f)
{
	if (!is_digest(digest))
		digest = NULL;
	if (stop_or_late(f) != 0)
		return -1;
	if (listing->keep != NULL && !listing->keep(listing->context, path))
		return 0;
	if (store_listing_charge(listing, bytes_of(path, digest), f) != 0)
		return -1;
	if (listing->count == OBJECTS_MAX)
		return fail_set(f, STATUS_UNACCEPTABLE, "more than %d artifacts", OBJECTS_MAX);
	if ((listing->count & (listing->count - 1)) == 0)
		listing->objects = memory_grow(listing->objects,
			listing->count > 0 ? 2 * listing->count : 1, sizeof(*listing->objects));
	listing->objects[listing->count++] =
		(struct store_object){text_copy(path), size, text_copy(digest)};
	return 0;
}

int store_listing_charge(struct store_listing *listing, size_t bytes, struct fail *f)
{
	listing->bytes += bytes;
	if (listing->bytes <= LISTING_MAX)
		return 0;
	return fail_set(f, STATUS_UNACCEPTABLE, "the list of artifacts takes more than %zu MiB",
		LISTING_MAX >> 20);
}

void store_listing_cut(struct store_listing *listing, size_t count)
{
	while (listing->count > count) {
		struct store_object *object = &listing->objects[--listing->count];
		listing->bytes -= bytes_of(object->path, object->digest);
		free(object->path);
		free(object->digest);
	}
}

void store_listing_release(struct store_listing *listing)
{
	store_listing_cut(listing, 0);
	free(listing->objects);
	*listing = (struct store_listing){0};
}
