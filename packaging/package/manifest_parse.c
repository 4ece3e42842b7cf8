#include "packaging/package/manifest_parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/plain_path.h"
#include "base/stop.h"
#include "base/text.h"
#include "packaging/json/json.h"
#include "packaging/json/json_check.h"
#include "packaging/json/json_list.h"
#include "packaging/package/handoff_json.h"
#include "packaging/package/manifest_complete.h"
#include "packaging/package/signature.h"
#include "packaging/savedmodel/signature_def.h"

static int read_file(const struct json_at *at, struct manifest *manifest, struct fail *f)
{
	static const char *const keys[] = {"path", "sha256", "size"};
	char *path = NULL, *sha256 = NULL;
	int64_t size = 0;
	if (json_known_keys(at, keys, 3, f) != 0)
		return -1;
	struct json_at path_at = json_get(at, "path"), sha256_at = json_get(at, "sha256");
	struct json_at size_at = json_get(at, "size");
	int result = -1;
	if (json_string(&path_at, &path, f) == 0 && json_string(&sha256_at, &sha256, f) == 0 &&
		json_integer(&size_at, 0, JSON_INTEGER_MAX, &size, f) == 0) {
		const char *problem = plain_path_problem(path);
		if (problem != NULL)
			json_fail(&path_at, f, "not a plain relative path: %s", problem);
		else if (!text_is_hex(sha256, SHA256_HEX - 1))
			json_fail(&sha256_at, f, "not 64 lower-case hex digits");
		else
			result = 0;
	}
	if (result == 0)
		manifest_add_file(manifest, path, (uint64_t)size, sha256);
	free(path);
	free(sha256);
	return result;
}

/* The list of files on its way, and its place in the whole for messages. */
struct files_reading {
	struct manifest *manifest;
	struct json_at root, files;
};

static int take_file(void *context, struct json_lenient *answer,
	const struct json_lenient_value *item, struct fail *f)
{
	struct files_reading *reading = context;
	struct json_at file = {.value = answer->root,
		.parent = &reading->files,
		.index = reading->manifest->file_count};
	(void)item;
	return stop_or_late(f) == 0 ? read_file(&file, reading->manifest, f) : -1;
}

static int read_schema(const struct json_at *at, struct manifest *manifest, struct fail *f)
{
	char *schema = NULL;
	if (json_string(at, &schema, f) != 0)
		return -1;
	manifest->is_package_1 = strcmp(schema, PACKAGE_SCHEMA_1) == 0;
	int result = manifest->is_package_1 || strcmp(schema, PACKAGE_SCHEMA) == 0
			     ? 0
			     : json_fail(at, f,
				       "not " PACKAGE_SCHEMA " or " PACKAGE_SCHEMA_1
				       ", the ones known here");
	free(schema);
	return result;
}

static int read_tags(const struct json_at *at, struct manifest *manifest, struct fail *f)
{
	if (!json_is_there(at))
		return 0;
	if (json_array(at, f) != 0)
		return -1;
	manifest->tags = memory_get(json_count(at) + 1, sizeof(*manifest->tags));
	for (struct json_at tag = json_first(at); json_is_there(&tag); tag = json_next(&tag))
		if (json_string(&tag, &manifest->tags[manifest->tag_count++], f) != 0)
			return -1;
	return 0;
}

static int read_counts(const struct json_at *at, struct manifest *manifest, struct fail *f)
{
	struct json_at parameters = json_get(at, "parameters"), tensors = json_get(at, "tensors");
	int64_t parameter_count = 0, tensor_count = 0;
	if (json_integer(&parameters, 0, JSON_INTEGER_MAX, &parameter_count, f) != 0 ||
		json_integer(&tensors, 0, JSON_INTEGER_MAX, &tensor_count, f) != 0)
		return -1;
	manifest->parameter_count = (uint64_t)parameter_count;
	manifest->tensor_count = (uint64_t)tensor_count;
	return 0;
}

static int read_settings_digest(const struct json_at *at, struct manifest *manifest, struct fail *f)
{
	char *sha256 = NULL;
	manifest->states_settings = json_is_there(at);
	if (!manifest->states_settings || json_is_null(at))
		return 0;
	if (json_string(at, &sha256, f) != 0)
		return -1;
	bool plain = text_is_hex(sha256, SHA256_HEX - 1);
	if (plain)
		memcpy(manifest->settings_sha256, sha256, SHA256_HEX);
	free(sha256);
	return plain ? 0 : json_fail(at, f, "neither 64 lower-case hex digits nor null");
}

/* What the text says but for its files, whose list is empty here. */
static int read_rest(const struct json_at *at, struct manifest *manifest, struct fail *f)
{
	static const char *const keys[] = {"schema", "handoff", "signatures", "files",
		"model_bytes", "parameters", "settings", "tags", "tensors", "tensorflow",
		"weights"};
	if (json_known_keys(at, keys, sizeof(keys) / sizeof(keys[0]), f) != 0)
		return -1;
	struct json_at schema = json_get(at, "schema"), handoff = json_get(at, "handoff");
	struct json_at signatures = json_get(at, "signatures"), files = json_get(at, "files");
	struct json_at tensorflow = json_get(at, "tensorflow"), tags = json_get(at, "tags");
	struct json_at settings = json_get(at, "settings");
	if (read_schema(&schema, manifest, f) != 0 || read_tags(&tags, manifest, f) != 0 ||
		json_object(&handoff, f) != 0 ||
		handoff_from_json(&handoff, "", &manifest->handoff, f) != 0 ||
		signature_from_json(
			&signatures, &manifest->signatures, &manifest->signature_count, f) != 0 ||
		json_array(&files, f) != 0 || read_counts(at, manifest, f) != 0 ||
		read_settings_digest(&settings, manifest, f) != 0)
		return -1;
	if (!json_is_there(&tensorflow))
		return 0;
	return json_string(&tensorflow, &manifest->tensorflow_version, f);
}

static int read_rest_text(const struct text *text, struct manifest *manifest, struct fail *f)
{
	struct cJSON *root;
	if (json_parse(text_string(text), text->size, &root, f) != 0)
		return -1;
	struct json_at at = json_root(root);
	int result = read_rest(&at, manifest, f);
	json_release(root);
	return result;
}

/* What the text says, its files as they are listed there; they are read one by one, since the tree
 * of all takes several times the text. */
static int read_stated(const char *text, size_t size, struct manifest *manifest, struct fail *f)
{
	struct files_reading reading = {.manifest = manifest};
	reading.files = (struct json_at){.parent = &reading.root, .key = "files"};
	struct json_list list = {.key = "files",
		.depth = 1,
		.rest_max = MANIFEST_BYTES,
		.take = take_file,
		.context = &reading};
	int result = json_check_text(text, size, f);
	if (result == 0 && json_list_add(&list, text, size, f) != 0) {
		if (f->status == STATUS_NOT_A_REGISTRY)
			f->status = STATUS_UNACCEPTABLE;
		result = -1;
	}
	if (result == 0)
		result = read_rest_text(&list.rest, manifest, f);
	json_list_release(&list);
	return result;
}

/* Keep the files below saved_model/ only: the others must follow from them. */
static void keep_saved_model(struct manifest *manifest, struct manifest *stated)
{
	stated->files = manifest->files;
	stated->file_count = manifest->file_count;
	manifest->files = NULL;
	manifest->file_count = 0;
	for (size_t i = 0; i < stated->file_count; i++) {
		const struct saved_model_file *file = &stated->files[i];
		if (text_starts_with(file->path, MANIFEST_SAVED_MODEL))
			manifest_add_file(manifest, file->path, file->size, file->sha256);
	}
}

static int check_order(const struct manifest *stated, struct fail *f)
{
	for (size_t i = 1; i < stated->file_count; i++)
		if (strcmp(stated->files[i - 1].path, stated->files[i].path) >= 0)
			return fail_set(f, STATUS_UNACCEPTABLE,
				"%.200s: listed twice or out of order", stated->files[i].path);
	return 0;
}

static int check_stated(
	const struct manifest *manifest, const struct saved_model_file *file, struct fail *f)
{
	ptrdiff_t index = manifest_find(manifest, file->path);
	if (index < 0)
		return fail_set(f, STATUS_UNACCEPTABLE,
			"%.200s: neither a file of the SavedModel nor one that follows from the "
			"handoff",
			file->path);
	if (strcmp(manifest->files[index].sha256, file->sha256) != 0 ||
		manifest->files[index].size != file->size)
		return fail_set(f, STATUS_UNACCEPTABLE, "%.200s: not what follows from the handoff",
			file->path);
	return 0;
}

/* The text is not the canonical form of what it says: name the file where that shows. */
static int name_difference(
	const struct manifest *manifest, const struct manifest *stated, struct fail *f)
{
	if (check_order(stated, f) != 0)
		return -1;
	for (size_t i = 0; i < stated->file_count; i++)
		if (check_stated(manifest, &stated->files[i], f) != 0)
			return -1;
	if (stated->file_count != manifest->file_count)
		return fail_set(f, STATUS_UNACCEPTABLE,
			"a file that follows from the handoff is not listed");
	return fail_set(f, STATUS_UNACCEPTABLE,
		"not in canonical form, or its sums are not those of its files");
}

static int check_same(struct manifest *manifest, const char *text, size_t size, struct fail *f)
{
	struct manifest stated = {0};
	keep_saved_model(manifest, &stated);
	manifest_complete(manifest);
	int result = 0;
	if (manifest->text.size != size || memcmp(manifest->text.data, text, size) != 0)
		result = name_difference(manifest, &stated, f);
	manifest_release(&stated);
	return result;
}

static int check_parts(const struct manifest *manifest, struct fail *f)
{
	if (manifest_is_logged(manifest)) {
		if (manifest->file_count == 0 && manifest->signature_count == 0 &&
			manifest->tag_count == 0)
			return 0;
		return fail_set(f, STATUS_UNACCEPTABLE,
			"a logged model with files, signatures or tags of its own");
	}
	if (manifest->is_package_1 != (manifest->tag_count == 0))
		return fail_set(f, STATUS_UNACCEPTABLE,
			manifest->is_package_1 ? "tags: not in " PACKAGE_SCHEMA_1
					       : "tags: none, so that no graph can be loaded");
	const struct signature_def *def = signature_def_find(
		manifest->signatures, manifest->signature_count, "serving_default");
	if (def == NULL || def->output_count == 0)
		return fail_set(f, STATUS_UNACCEPTABLE,
			"signatures: no \"serving_default\" with inputs and outputs");
	return 0;
}

int manifest_parse(const char *text, size_t size, struct manifest *manifest, struct fail *f)
{
	*manifest = (struct manifest){0};
	int result = read_stated(text, size, manifest, f);
	if (result == 0)
		result = check_parts(manifest, f);
	if (result == 0)
		result = check_same(manifest, text, size, f);
	if (result != 0)
		manifest_release(manifest);
	return result;
}
