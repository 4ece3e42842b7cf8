/* manifest - what a package says of itself: struct manifest, and its canonical form as JSON.
 *
 * A manifest is made in two steps: a start (handoff, signatures, counts, the files of the
 * SavedModel under saved_model/) and manifest_complete, which adds all that follows. Owns
 * everything it points to until manifest_release.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_MANIFEST_H
#define MODELHOOK_PACKAGING_PACKAGE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "packaging/digest/sha256.h"
#include "packaging/package/handoff.h"
#include "packaging/savedmodel/saved_model.h"

#define MANIFEST_NAME "manifest.json" /* the first entry of a package */
#define MANIFEST_BYTES (3 << 20)
#define SETTINGS_NAME "settings.json" /* the last one */
#define SETTINGS_BYTES (1 << 16)
#define MANIFEST_MLMODEL "MLmodel"
#define MANIFEST_SAVED_MODEL "saved_model/" /* where the SavedModel's files are below model/ */

#define PACKAGE_SCHEMA "modelhook/package@2"
#define PACKAGE_SCHEMA_1 "modelhook/package@1" /* still read, and finished as it is */

struct manifest {
	char digest[SHA256_HEX];  /* of model and handoff: the same whatever decides over them */
	char whole[SHA256_HEX];	  /* of the canonical manifest, its settings with it */
	struct handoff handoff;	  /* its saved_model is "model/saved_model" once it was read from a
				     package */
	struct text text;	  /* the canonical manifest */
	bool is_package_1;	  /* of the schema modelhook/package@1 */
	char *tensorflow_version; /* or NULL */
	char **tags;		  /* of the graph to be loaded; none in modelhook/package@1 */
	size_t tag_count;
	struct signature_def *signatures;
	size_t signature_count;
	char *architecture; /* the tag or param of that name in the handoff, else the model's
			       family; or NULL */
	/* files below model/, sorted, MLmodel among them; none for a logged model */
	struct saved_model_file *files;
	size_t file_count;
	uint64_t model_bytes; /* sum of files */
	uint64_t parameter_count;
	uint64_t tensor_count;
	char weights[SHA256_HEX]; /* digest of variables/ alone (paths and bytes): same weights,
				     same digest; that of the lines that `sha256sum` prints for
				     those files, sorted by path. "" for a logged model */
	bool states_settings; /* false: packed by a version that did not, so that anybody may have
				 taken them out; what is there is not read then */
	char settings_sha256[SHA256_HEX]; /* of settings.json; "": there are none */
	char *settings; /* JSON of the settings that decide (gates, policy), so that a replay
			   decides as the run would have; the last entry of the package,
			   settings.json. NULL: none */
};

void manifest_release(struct manifest *manifest);

/* manifest_add_file - append a file, without a MAC; the list is sorted by manifest_sort_files.
 * What it returns is the new entry, until the next is added. */
struct saved_model_file *manifest_add_file(
	struct manifest *manifest, const char *path, uint64_t size, const char *sha256);

/* manifest_sort_files - in the order of a manifest: by path, bytes */
void manifest_sort_files(struct manifest *manifest);

enum manifest_part {
	MANIFEST_BEFORE_MLMODEL, /* what MLmodel is made from: the model, without that file */
	MANIFEST_OF_MODEL,	 /* all but the settings */
	MANIFEST_WHOLE,
};

/* manifest_print - add the canonical form of that much of it to text */
void manifest_print(const struct manifest *manifest, enum manifest_part part, struct text *text);

/* manifest_digest - print the canonical form into manifest->text, and take both digests */
void manifest_digest(struct manifest *manifest);

/* manifest_find - index of the file of that path, or -1 */
ptrdiff_t manifest_find(const struct manifest *manifest, const char *path);

/* manifest_is_logged - it is of a model that the script logged itself */
bool manifest_is_logged(const struct manifest *manifest);

#endif
