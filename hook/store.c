#include "store.h"

#include <stdlib.h>
#include <string.h>

#include "packaging/sha256.h"
#include "store_proxy.h"

static const struct {
	const char *scheme;
	const struct store_kind *kind;
	int (*open)(struct store *store, const char *artifact_uri, struct fail *f);
} schemes[] = {
	{"mlflow-artifacts", &store_proxy, store_proxy_open},
	{"http", &store_proxy, store_proxy_open},
	{"https", &store_proxy, store_proxy_open},
};

#define SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

int store_open(struct store *store, struct mlflow *mlflow, const char *artifact_uri, struct fail *f)
{
	size_t size = strcspn(artifact_uri, ":");
	*store = (struct store){.mlflow = mlflow};
	for (size_t i = 0; i < SCHEMES && artifact_uri[size] == ':'; i++) {
		if (strlen(schemes[i].scheme) != size ||
			strncmp(schemes[i].scheme, artifact_uri, size) != 0)
			continue;
		store->kind = schemes[i].kind;
		return schemes[i].open(store, artifact_uri, f);
	}
	char shown[160];
	text_escape(shown, sizeof(shown), artifact_uri, strcspn(artifact_uri, "?#@"));
	fail_set(f, STATUS_CONFIGURATION, "artifacts at %s: no store here serves that scheme",
		shown);
	return fail_hint(f, "start the MLflow server with --artifacts-destination, so that it "
			    "passes artifacts on (mlflow-artifacts:)");
}

void store_release(struct store *store)
{
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
	*listing = (struct store_listing){0};
	if (store->kind->list(store, folder, listing, f) != 0) {
		store_listing_release(listing);
		return fail_in(f, "artifacts in %.120s", folder);
	}
	if (listing->count > 1)
		qsort(listing->objects, listing->count, sizeof(*listing->objects), by_path);
	return 0;
}

int store_put(struct store *store, const char *path, const struct http_body *body, struct fail *f)
{
	if (store->kind->put(store, path, body, f) != 0)
		return fail_in(f, "artifact %.160s", path);
	return 0;
}

int store_get(struct store *store, const char *path, const struct http_sink *sink, bool *found,
	struct fail *f)
{
	*found = false;
	if (store->kind->get(store, path, sink, found, f) != 0)
		return fail_in(f, "artifact %.160s", path);
	return 0;
}

int store_remove(struct store *store, const char *path, struct fail *f)
{
	if (store->kind->remove(store, path, f) != 0)
		return fail_in(f, "artifact %.160s", path);
	return 0;
}

struct digest_sink {
	struct sha256 sha;
	uint64_t size;
};

static int digest_write(void *context, const void *bytes, size_t size, struct fail *f)
{
	struct digest_sink *digest = context;
	(void)f;
	sha256_add(&digest->sha, bytes, size);
	digest->size += size;
	return 0;
}

static int digest_restart(void *context, struct fail *f)
{
	struct digest_sink *digest = context;
	(void)f;
	sha256_release(&digest->sha);
	sha256_init(&digest->sha);
	digest->size = 0;
	return 0;
}

int store_get_digest(struct store *store, const char *path, char sha256[65], uint64_t *size,
	bool *found, struct fail *f)
{
	struct digest_sink digest = {0};
	struct http_sink sink = {digest_write, digest_restart, &digest};
	sha256_init(&digest.sha);
	int result = store_get(store, path, &sink, found, f);
	*size = digest.size;
	sha256_finish(&digest.sha, sha256);
	return result;
}

void store_listing_release(struct store_listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->objects[i].path);
	free(listing->objects);
	*listing = (struct store_listing){0};
}
