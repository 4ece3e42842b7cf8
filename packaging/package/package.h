/* package - modelhook/package@2: a .tar.gz that alone is enough to finish a promotion, anywhere.
 *
 * manifest.json first (schema, handoff, SignatureDefs, TensorFlow version, counts, files with size
 * and SHA-256), then model/: MLmodel, conda.yaml, python_env.yaml, requirements.txt, code/ (our
 * loader) and saved_model/, last settings.json. Entries sorted by bytes, times 0, owners 0, modes
 * 0644, no time in the gzip header: the same input gives the same bytes on any machine.
 * manifest.json is canonical (keys sorted, no white space) and states the SHA-256 of settings.json,
 * or null where there is none: a package without the settings that it states is not read. The
 * digest by which a version is found is that of the manifest without this key, so that the same
 * model under other gates is no second version; packages of before the key have the same digest. A
 * package of a logged model carries the manifest and its settings alone.
 *
 * Everything below model/ but saved_model/ follows from the manifest. What follows is part of
 * modelhook/package@2: a change of it (another loader, another line in MLmodel) needs a new schema
 * version, or packages in a spool could not be finished any more. In modelhook/package@1 there was
 * another loader, which asks for the tag `serve`, and no flavor beside it.
 *
 * struct manifest owns everything it points to.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_PACKAGE_H
#define MODELHOOK_PACKAGING_PACKAGE_PACKAGE_H

#include <stdint.h>

#include "base/console.h"
#include "base/fail.h"
#include "base/text.h"
#include "packaging/package/file_check.h"
#include "packaging/package/handoff.h"
#include "packaging/savedmodel/saved_model.h"

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

/* package_name - NAME-RUN8-DIGEST12.tar.gz, NAME in UTF-8: of ASCII what is not [A-Za-z0-9._-] is
 * replaced by "-", none at its ends; the caller frees it */
char *package_name(const struct manifest *manifest);

/* package_plan - the manifest of handoff and model, without writing anything. model is NULL for a
 * logged model. UNACCEPTABLE: a file that differs from the handoff's `files`, a model without the
 * signature "serving_default", a name that no package may carry. */
MUST_CHECK int package_plan(const struct handoff *handoff, const struct saved_model *model,
	struct manifest *manifest, struct fail *f);

/* package_settle - the settings that a replay of this package decides by; a copy is taken, NULL:
 * none. To be called, if at all, between package_plan and package_write. */
void package_settle(struct manifest *manifest, const char *settings);

/* package_tap - who else takes the bytes of the SavedModel's files while they are packed; nothing
 * of it fails the packing */
struct package_tap {
	void (*bytes)(void *context, size_t index, const void *bytes, size_t size); /* in order */
	void (*end)(void *context, size_t index); /* they were those of files[index] */
	void *context;
};

/* package_write - write the package of `manifest` (from package_plan)
 * atomically to path; is_private: for this user alone, whatever the umask. A file that changed
 * since it was inspected is UNACCEPTABLE by name. progress (or NULL) counts the bytes of model/;
 * tap: or NULL. */
MUST_CHECK int package_write(const struct manifest *manifest, const char *path, bool is_private,
	struct progress *progress, const struct package_tap *tap, struct fail *f);

/* package_read - read the whole package from anyone's disk, check every name, size and digest, and
 * give its manifest, whose files are sealed. Refuses (UNACCEPTABLE): absolute paths, "..", links,
 * devices, duplicates, entries that the manifest does not name or that are missing, sizes beyond
 * the manifest's, a compression bomb, trailing garbage, generated files (MLmodel, loader,
 * environments) that are not what this handoff gives. Writes nothing. progress (or NULL) counts the
 * bytes of the package. */
MUST_CHECK int package_read(
	const char *path, struct progress *progress, struct manifest *manifest, struct fail *f);

/* package_stream - one file of model/ read from the package, in order; owns an open archive. */
struct archive_reader;
struct package_stream {
	struct archive_reader *archive;
	size_t index;			     /* in the manifest's files */
	const struct saved_model_file *file; /* borrowed from the manifest */
	struct file_check check;
	uint8_t seal[FILE_MAC_BYTES]; /* of the file, at its end */
};

/* package_open_file - position at the first byte of files[index] */
MUST_CHECK int package_open_file(const char *path, const struct manifest *manifest, size_t index,
	struct package_stream *stream, struct fail *f);

/* package_stream_read - up to size bytes; *got 0 at the end, where the file's seal or, without one,
 * its SHA-256 has been compared */
MUST_CHECK int package_stream_read(
	struct package_stream *stream, void *buffer, size_t size, size_t *got, struct fail *f);

/* package_stream_next - go on to files[index], which must come after the present one: no second
 * pass over the archive when files are taken in order */
MUST_CHECK int package_stream_next(struct package_stream *stream, const struct manifest *manifest,
	size_t index, struct fail *f);

void package_stream_release(struct package_stream *stream);

#endif
