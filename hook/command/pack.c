/* pack: the package of a handoff, and nothing else. */
#include <stdlib.h>

#include "base/console.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "command/command.h"
#include "command/from_handoff.h"
#include "packaging/package/manifest.h"
#include "packaging/package/package.h"

static int pack_planned(
	struct invocation *call, struct manifest *manifest, const char *folder, struct fail *f)
{
	const char *out = call->settings.output_path != NULL ? call->settings.output_path : folder;
	char *name = package_name(manifest);
	char *path = file_is_directory(out) ? file_join(out, name) : text_copy(out);
	int result = from_handoff_pack(call, manifest, path, false, NULL, f);
	if (result == 0) {
		console_print(path);
		console_print("\n");
	}
	free(path);
	free(name);
	return result;
}

int command_pack(struct invocation *call, struct fail *f)
{
	return from_handoff(call, false, pack_planned, f);
}
