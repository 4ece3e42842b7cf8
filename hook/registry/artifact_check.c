#include "registry/artifact_check.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mlflow/mlflow.h"
#include "mlflow/types.h"
#include "mlflow/versions.h"
#include "packaging/package/manifest.h"
#include "registry/state.h"
#include "store/store.h"
#include "stores/open.h"

void artifact_check_add_sum(struct text *sums, const char *sha256, const char *path)
{
	text_printf(sums, "%s  %s\n", sha256, path);
}

void artifact_check_content(const struct manifest *manifest, char digest[SHA256_HEX])
{
	struct text sums = {0};
	for (size_t i = 0; i < manifest->file_count; i++)
		artifact_check_add_sum(&sums, manifest->files[i].sha256, manifest->files[i].path);
	sha256_of(text_string(&sums), sums.size, digest);
	text_release(&sums);
}

static int sum_all(struct store *store, const struct store_listing *listing,
	char digest[SHA256_HEX], struct fail *f)
{
	struct text sums = {0};
	int result = 0;
	for (size_t i = 0; result == 0 && i < listing->count; i++) {
		char sha256[SHA256_HEX];
		uint64_t size;
		bool found;
		result =
			store_get_digest(store, listing->objects[i].path, sha256, &size, &found, f);
		if (result == 0 && found)
			artifact_check_add_sum(&sums, sha256, listing->objects[i].path);
	}
	if (result == 0)
		sha256_of(text_string(&sums), sums.size, digest);
	text_release(&sums);
	return result;
}

static int ask_content(
	struct store *store, const char *expected, const char **lacks, struct fail *f)
{
	struct store_listing listing = {0};
	char digest[SHA256_HEX];
	if (store_list(store, "", &listing, f) != 0)
		return -1;
	int result = sum_all(store, &listing, digest, f);
	if (result == 0 && listing.count == 0)
		*lacks = "its files are gone";
	else if (result == 0 && strcmp(digest, expected) != 0)
		*lacks = "its files are not those that were registered";
	store_listing_release(&listing);
	return result;
}

static int ask_mlmodel(struct store *store, const char **lacks, struct fail *f)
{
	char digest[SHA256_HEX];
	uint64_t size;
	bool found;
	if (store_get_digest(store, "MLmodel", digest, &size, &found, f) != 0)
		return -1;
	if (!found)
		*lacks = "its files are gone: there is no MLmodel";
	return 0;
}

int artifact_check_open(struct mlflow *mlflow, const char *model, const struct version *version,
	const struct run *run, struct store *store, struct fail *f)
{
	char *uri = NULL;
	if (mlflow_get_download_uri(mlflow, model, version->number, &uri, f) != 0)
		return -1;
	int result = store_open(store, mlflow, run, uri, f);
	free(uri);
	return result;
}

int artifact_check_ask(struct mlflow *mlflow, const char *model, const struct version *version,
	const char **lacks, struct fail *f)
{
	struct store store = {0};
	struct run run = {.id = version->run_id};
	const char *content = version_tag(version, TAG_CONTENT);
	*lacks = NULL;
	int result = artifact_check_open(mlflow, model, version, &run, &store, f);
	if (result == 0)
		result = content != NULL ? ask_content(&store, content, lacks, f)
					 : ask_mlmodel(&store, lacks, f);
	store_release(&store);
	return result;
}

int artifact_check_check(
	struct mlflow *mlflow, const char *model, const struct version *version, struct fail *f)
{
	const char *lacks;
	if (artifact_check_ask(mlflow, model, version, &lacks, f) != 0)
		return -1;
	if (lacks == NULL)
		return 0;
	fail_set(f, STATUS_REFUSED, "%s", lacks);
	return version->source != NULL ? fail_hint(f, "they were at %.160s", version->source) : -1;
}
