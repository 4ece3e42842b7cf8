#include "command_pack.h"

#include <stdlib.h>

#include "base/console.h"
#include "base/file.h"
#include "packaging/package.h"

static int write_package(const struct manifest *manifest, const struct saved_model *model,
	const char *path, struct fail *f)
{
	struct progress progress;
	progress_start(&progress, "pack", manifest->model_bytes);
	int result = package_write(manifest, model, path, &progress, f);
	progress_end(&progress);
	if (result != 0)
		return -1;
	console_say("packed %zu files, %llu bytes, digest %s", manifest->file_count,
		(unsigned long long)manifest->model_bytes, manifest->digest);
	console_print(path);
	console_print("\n");
	return 0;
}

static int pack_model(const struct handoff *handoff, const struct saved_model *model,
	const char *out, struct fail *f)
{
	struct manifest manifest;
	if (package_plan(handoff, model, &manifest, f) != 0)
		return -1;
	char *name = package_name(&manifest);
	char *path = file_is_directory(out) ? file_join(out, name) : text_copy(out);
	int result = write_package(&manifest, model, path, f);
	free(path);
	free(name);
	manifest_release(&manifest);
	return result;
}

static int inspect_and_pack(
	const struct handoff *handoff, const char *out, bool allow_nonfinite, struct fail *f)
{
	struct saved_model model = {0};
	struct progress progress;
	if (handoff->logged_model != NULL)
		return pack_model(handoff, NULL, out, f);
	progress_start(&progress, "inspect", 0);
	int result = saved_model_read(handoff->saved_model, &progress, &model, f);
	progress_end(&progress);
	if (result == 0)
		result = saved_model_check(&model, allow_nonfinite, f);
	if (result == 0)
		result = pack_model(handoff, &model, out, f);
	saved_model_release(&model);
	return result;
}

int command_pack(const char *path, const char *out, bool allow_nonfinite, struct fail *f)
{
	struct handoff handoff;
	if (handoff_read(path, &handoff, f) != 0)
		return -1;
	int result = inspect_and_pack(&handoff, out, allow_nonfinite, f);
	handoff_release(&handoff);
	return result;
}
