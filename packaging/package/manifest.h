/* manifest - struct manifest as canonical JSON, and the files that follow from it.
 *
 * A manifest is made in two steps: a start (handoff, signatures, counts, the files of the
 * SavedModel under saved_model/) and manifest_complete, which adds all that follows. Reading does
 * the same with what the text says and compares: whatever does not come out equal, byte for byte,
 * was not written by package_write.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_MANIFEST_H
#define MODELHOOK_PACKAGING_PACKAGE_MANIFEST_H

#include "base/fail.h"
#include "base/text.h"
#include "packaging/package/package.h"

#define MANIFEST_NAME "manifest.json" /* the first entry of a package */
#define MANIFEST_BYTES (3 << 20)
#define SETTINGS_NAME "settings.json" /* the last one */
#define SETTINGS_BYTES (1 << 16)
#define MANIFEST_MLMODEL "MLmodel"
#define MANIFEST_SAVED_MODEL "saved_model/" /* where the SavedModel's files are below model/ */

/* manifest_add_file - append a file, without a seal; the list is sorted by manifest_complete. What
 * it returns is the new entry, until the next is added. */
struct saved_model_file *manifest_add_file(
	struct manifest *manifest, const char *path, uint64_t size, const char *sha256);

/* manifest_complete - from the start of a manifest, everything else in it */
void manifest_complete(struct manifest *manifest);

enum manifest_part {
	MANIFEST_BEFORE_MLMODEL, /* what MLmodel is made from: the model, without that file */
	MANIFEST_OF_MODEL,	 /* all but the settings */
	MANIFEST_WHOLE,
};

/* manifest_print - add the canonical form of that much of it to text */
void manifest_print(const struct manifest *manifest, enum manifest_part part, struct text *text);

/* manifest_parse - a complete manifest from its canonical form, checked in full */
MUST_CHECK int manifest_parse(
	const char *text, size_t size, struct manifest *manifest, struct fail *f);

/* manifest_find - index of the file of that path, or -1 */
ptrdiff_t manifest_find(const struct manifest *manifest, const char *path);

/* manifest_is_logged - it is of a model that the script logged itself */
bool manifest_is_logged(const struct manifest *manifest);

#endif
