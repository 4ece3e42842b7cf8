#include "packaging/package/manifest_complete.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "packaging/digest/sha256.h"
#include "packaging/package/mlmodel.h"
#include "packaging/package/mlmodel_architecture.h"

static void add_generated(struct manifest *manifest)
{
	const struct mlmodel_file *files = mlmodel_files(manifest);
	for (size_t i = 0; i < MLMODEL_FILE_COUNT; i++) {
		struct text text = {0};
		char sha256[SHA256_HEX];
		files[i].make(manifest, &text);
		sha256_of(text_string(&text), text.size, sha256);
		manifest_add_file(manifest, files[i].path, text.size, sha256);
		text_release(&text);
		/* each one may be made from those before it, in the order that they end up in */
		manifest_sort_files(manifest);
	}
}

/* The lines of sha256sum in the SavedModel's folder, so that anyone can check it with that. */
static void digest_weights(struct manifest *manifest)
{
	struct text lines = {0};
	const char *start = MANIFEST_SAVED_MODEL "variables/";
	for (size_t i = 0; i < manifest->file_count; i++) {
		const struct saved_model_file *file = &manifest->files[i];
		if (text_starts_with(file->path, start))
			text_printf(&lines, "%s  %s\n", file->sha256,
				file->path + strlen(MANIFEST_SAVED_MODEL));
	}
	sha256_of(text_string(&lines), lines.size, manifest->weights);
	text_release(&lines);
}

void manifest_complete(struct manifest *manifest)
{
	free(manifest->architecture);
	manifest->architecture = mlmodel_architecture(&manifest->handoff);
	if (!manifest_is_logged(manifest)) {
		digest_weights(manifest);
		add_generated(manifest);
	}
	manifest->model_bytes = 0;
	for (size_t i = 0; i < manifest->file_count; i++)
		manifest->model_bytes += manifest->files[i].size;
	manifest_digest(manifest);
}
