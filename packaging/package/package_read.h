/* package_read - a package from anyone's disk: checked in full, or file by file.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_PACKAGE_READ_H
#define MODELHOOK_PACKAGING_PACKAGE_PACKAGE_READ_H

#include <stddef.h>
#include <stdint.h>

#include "base/console.h"
#include "base/fail.h"
#include "packaging/digest/file_mac.h"
#include "packaging/package/file_check.h"
#include "packaging/package/manifest.h"

/* package_read - read the whole package from anyone's disk, check every name, size and digest, and
 * give its manifest, whose files have MACs. Refuses (UNACCEPTABLE): absolute paths, "..", links,
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
	uint8_t mac[FILE_MAC_BYTES]; /* of the file, at its end */
};

/* package_open_file - position at the first byte of files[index] */
MUST_CHECK int package_open_file(const char *path, const struct manifest *manifest, size_t index,
	struct package_stream *stream, struct fail *f);

/* package_stream_read - up to size bytes; *got 0 at the end, where the file's MAC or, without one,
 * its SHA-256 has been compared */
MUST_CHECK int package_stream_read(
	struct package_stream *stream, void *buffer, size_t size, size_t *got, struct fail *f);

/* package_stream_next - go on to files[index], which must come after the present one: no second
 * pass over the archive when files are taken in order */
MUST_CHECK int package_stream_next(struct package_stream *stream, const struct manifest *manifest,
	size_t index, struct fail *f);

void package_stream_release(struct package_stream *stream);

#endif
