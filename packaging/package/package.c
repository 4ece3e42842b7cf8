#include "packaging/package/package.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/panic.h"
#include "base/plain_path.h"
#include "base/text.h"
#include "packaging/digest/sha256.h"
#include "packaging/golden/golden.h"
#include "packaging/package/manifest_complete.h"
#include "packaging/package/manifest_parse.h"
#include "packaging/package/signature.h"

/* Room for "-RUN8-DIGEST12.tar.gz" and a temporary suffix in a file name of 255 bytes. */
#define NAME_PART_MAX 180

/* Letters of every script stay. All else is a dash: what is not printable came out escaped, with
 * backslashes. A dash at its beginning would make an option of it. */
static char *name_part(const char *model)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789._-";
	char cut[NAME_PART_MAX + 1];
	escape_into(cut, sizeof(cut), model, strlen(model));
	for (char *at = cut; *at != '\0'; at++)
		if ((unsigned char)*at < 0x80 && strchr(plain, *at) == NULL)
			*at = '-';
	size_t start = strspn(cut, "-"), size = strlen(cut);
	while (size > start && cut[size - 1] == '-')
		size--;
	return size > start ? text_format("%.*s", (int)(size - start), cut + start)
			    : text_copy("model");
}

char *package_name(const struct manifest *manifest)
{
	char *part = name_part(manifest->handoff.model);
	char *name = text_format(
		"%s-%.8s-%.12s.tar.gz", part, manifest->handoff.run_id, manifest->digest);
	free(part);
	return name;
}

static const struct saved_model_file *find_file(const struct saved_model *model, const char *path)
{
	for (size_t i = 0; i < model->file_count; i++)
		if (strcmp(model->files[i].path, path) == 0)
			return &model->files[i];
	return NULL;
}

/* What the training script said it wrote must be what is there now. */
static int check_files(
	const struct handoff *handoff, const struct saved_model *model, struct fail *f)
{
	for (size_t i = 0; i < handoff->file_count; i++) {
		const struct pair *stated = &handoff->files[i];
		const struct saved_model_file *file = find_file(model, stated->key);
		if (file == NULL)
			return fail_set(f, STATUS_UNACCEPTABLE,
				"%.200s: in the handoff's files, but not in the SavedModel",
				stated->key);
		if (strcmp(file->sha256, stated->value) != 0)
			return fail_set(f, STATUS_UNACCEPTABLE,
				"%.200s: changed since the handoff was written: SHA-256 is %s, the "
				"handoff says %s",
				stated->key, file->sha256, stated->value);
	}
	return 0;
}

/* Golden requests that cannot be read would be found out only when a service is asked. */
static int check_golden(
	const struct handoff *handoff, const struct saved_model *model, struct fail *f)
{
	struct golden golden = {0};
	struct text bytes = {0};
	if (handoff->golden == NULL)
		return 0;
	if (find_file(model, handoff->golden) == NULL)
		return fail_set(f, STATUS_UNACCEPTABLE, "golden: %.200s is not in the SavedModel",
			handoff->golden);
	char *path = file_join(handoff->saved_model, handoff->golden);
	int result = file_read(path, GOLDEN_BYTES_MAX, &bytes, f);
	free(path);
	if (result == 0)
		result = golden_open(&bytes, &golden, f);
	for (size_t i = 0; result == 0 && i < golden.count; i++) {
		struct golden_request request;
		result = golden_request(&golden, i, &request, f);
		golden_request_release(&request);
	}
	golden_release(&golden);
	text_release(&bytes);
	return result != 0 ? fail_wrap(f, "golden") : 0;
}

static int add_files(const struct saved_model *model, struct manifest *manifest, struct fail *f)
{
	for (size_t i = 0; i < model->file_count; i++) {
		const struct saved_model_file *file = &model->files[i];
		char shown[256];
		const char *problem = plain_path_problem(file->path);
		if (problem != NULL)
			return fail_set(f, STATUS_UNACCEPTABLE, "%s: no name for a package: %s",
				escape_into(shown, sizeof(shown), file->path, strlen(file->path)),
				problem);
		char *path = text_format("%s%s", MANIFEST_SAVED_MODEL, file->path);
		struct saved_model_file *added =
			manifest_add_file(manifest, path, file->size, file->sha256);
		memcpy(added->mac, file->mac, sizeof(added->mac));
		added->has_mac = file->has_mac;
		free(path);
	}
	return 0;
}

/* A package that could not be read again must not be written: what a graph names its tensors, or
 * says their sizes are, is nobody's promise. */
static int check_readable(const struct manifest *manifest, struct fail *f)
{
	struct manifest again;
	const struct text *text = &manifest->text;
	if (text->size > MANIFEST_BYTES - SHA256_HEX) /* of settings that are yet to come */
		return fail_set(f, STATUS_UNACCEPTABLE, "its manifest has %zu bytes, at most %d go",
			text->size, MANIFEST_BYTES - SHA256_HEX);
	if (manifest_parse(text_string(text), text->size, &again, f) != 0)
		return fail_wrap(f, "no package can hold this");
	manifest_release(&again);
	return 0;
}

static int fill(const struct handoff *handoff, const struct saved_model *model,
	struct manifest *manifest, struct fail *f)
{
	handoff_copy(handoff, &manifest->handoff);
	manifest->states_settings = true;
	if (model != NULL) {
		if (check_files(handoff, model, f) != 0 || check_golden(handoff, model, f) != 0 ||
			add_files(model, manifest, f) != 0)
			return -1;
		manifest->tensorflow_version = text_copy(model->tensorflow_version);
		manifest->tag_count = model->tag_count;
		manifest->tags = memory_get(model->tag_count + 1, sizeof(*manifest->tags));
		for (size_t i = 0; i < model->tag_count; i++)
			manifest->tags[i] = text_copy(model->tags[i]);
		manifest->signatures =
			signature_copy_all(model->signatures, model->signature_count);
		manifest->signature_count = model->signature_count;
		manifest->parameter_count = model->parameter_count;
		manifest->tensor_count = model->tensor_count;
	}
	manifest_complete(manifest);
	return check_readable(manifest, f);
}

int package_plan(const struct handoff *handoff, const struct saved_model *model,
	struct manifest *manifest, struct fail *f)
{
	INVARIANT((model == NULL) == (handoff->logged_model != NULL));
	*manifest = (struct manifest){0};
	if (fill(handoff, model, manifest, f) == 0)
		return 0;
	manifest_release(manifest);
	return -1;
}

void package_settle(struct manifest *manifest, const char *settings)
{
	char *copy = text_copy(settings);
	free(manifest->settings);
	manifest->settings = copy;
	manifest->states_settings = true;
	manifest->settings_sha256[0] = '\0';
	if (settings != NULL)
		sha256_of(settings, strlen(settings), manifest->settings_sha256);
	manifest_digest(manifest);
}
