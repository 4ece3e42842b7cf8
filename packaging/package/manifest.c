#include "packaging/package/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/panic.h"
#include "packaging/json/json.h"
#include "packaging/package/handoff_json.h"
#include "packaging/package/signature.h"
#include "packaging/savedmodel/signature_def.h"

void manifest_release(struct manifest *manifest)
{
	handoff_release(&manifest->handoff);
	text_release(&manifest->text);
	free(manifest->tensorflow_version);
	for (size_t i = 0; i < manifest->tag_count; i++)
		free(manifest->tags[i]);
	free(manifest->tags);
	free(manifest->architecture);
	free(manifest->settings);
	signature_def_release_all(manifest->signatures, manifest->signature_count);
	for (size_t i = 0; i < manifest->file_count; i++)
		free(manifest->files[i].path);
	free(manifest->files);
	*manifest = (struct manifest){0};
}

bool manifest_is_logged(const struct manifest *manifest)
{
	return manifest->handoff.logged_model != NULL;
}

struct saved_model_file *manifest_add_file(
	struct manifest *manifest, const char *path, uint64_t size, const char *sha256)
{
	size_t count = manifest->file_count;
	/* one more at every power of two */
	if ((count & (count - 1)) == 0)
		manifest->files = memory_grow(
			manifest->files, count > 0 ? 2 * count : 1, sizeof(*manifest->files));
	struct saved_model_file *file = &manifest->files[manifest->file_count++];
	*file = (struct saved_model_file){.path = text_copy(path), .size = size};
	INVARIANT(strlen(sha256) == SHA256_HEX - 1);
	memcpy(file->sha256, sha256, SHA256_HEX);
	return file;
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct saved_model_file *)a)->path,
		((const struct saved_model_file *)b)->path);
}

void manifest_sort_files(struct manifest *manifest)
{
	if (manifest->file_count > 0)
		qsort(manifest->files, manifest->file_count, sizeof(*manifest->files),
			compare_files);
}

/* Straight into the text: a tree of all files takes several times its size. */
static void print_files(const struct manifest *manifest, bool whole, struct text *text)
{
	const char *before = "";
	for (size_t i = 0; i < manifest->file_count; i++) {
		const struct saved_model_file *file = &manifest->files[i];
		if (!whole && strcmp(file->path, MANIFEST_MLMODEL) == 0)
			continue;
		text_printf(text, "%s{\"path\":", before);
		json_print_string(file->path, text);
		text_printf(text, ",\"sha256\":\"%s\",\"size\":", file->sha256);
		json_print_number((double)file->size, text);
		text_add_string(text, "}");
		before = ",";
	}
}

static struct cJSON *tags_to_json(const struct manifest *manifest)
{
	struct cJSON *array = json_new_array();
	for (size_t i = 0; i < manifest->tag_count; i++)
		json_append(array, json_new_string(manifest->tags[i]));
	return array;
}

void manifest_print(const struct manifest *manifest, enum manifest_part part, struct text *text)
{
	bool whole = part != MANIFEST_BEFORE_MLMODEL;
	struct cJSON *object = json_new_object();
	struct text rest = {0};
	const char *saved_model = manifest_is_logged(manifest) ? NULL : "model/saved_model";
	json_set_string(
		object, "schema", manifest->is_package_1 ? PACKAGE_SCHEMA_1 : PACKAGE_SCHEMA);
	json_set(object, "handoff", handoff_to_json(&manifest->handoff, saved_model));
	json_set(object, "signatures",
		signature_to_json(manifest->signatures, manifest->signature_count));
	if (whole)
		json_set_number(object, "model_bytes", (double)manifest->model_bytes);
	json_set_number(object, "parameters", (double)manifest->parameter_count);
	if (part == MANIFEST_WHOLE && manifest->states_settings)
		json_set(object, "settings",
			manifest->settings_sha256[0] != '\0'
				? json_new_string(manifest->settings_sha256)
				: json_new_null());
	if (manifest->tag_count > 0)
		json_set(object, "tags", tags_to_json(manifest));
	json_set_number(object, "tensors", (double)manifest->tensor_count);
	if (manifest->tensorflow_version != NULL)
		json_set_string(object, "tensorflow", manifest->tensorflow_version);
	if (manifest->weights[0] != '\0')
		json_set_string(object, "weights", manifest->weights);
	json_print(object, &rest);
	json_release(object);
	/* of its keys "files" is the first */
	text_add_string(text, "{\"files\":[");
	print_files(manifest, whole, text);
	text_printf(text, "],%s", text_string(&rest) + 1);
	text_release(&rest);
}

void manifest_digest(struct manifest *manifest)
{
	struct text model = {0};
	manifest_print(manifest, MANIFEST_OF_MODEL, &model);
	sha256_of(text_string(&model), model.size, manifest->digest);
	text_release(&model);
	text_clear(&manifest->text);
	manifest_print(manifest, MANIFEST_WHOLE, &manifest->text);
	sha256_of(text_string(&manifest->text), manifest->text.size, manifest->whole);
}

ptrdiff_t manifest_find(const struct manifest *manifest, const char *path)
{
	struct saved_model_file key = {.path = (char *)path};
	const struct saved_model_file *found =
		manifest->file_count == 0 ? NULL
					  : bsearch(&key, manifest->files, manifest->file_count,
						    sizeof(key), compare_files);
	return found != NULL ? found - manifest->files : -1;
}
