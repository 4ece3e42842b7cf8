/* package_source - the files of a package, one reading of it after the other.
 */
#ifndef MODELHOOK_UPLOAD_PACKAGE_SOURCE_H
#define MODELHOOK_UPLOAD_PACKAGE_SOURCE_H

#include "base/fail.h"
#include "packaging/package/manifest.h"
#include "packaging/package/package_read.h"
#include "upload/pace.h"

struct package_source {
	const char *package; /* borrowed, as are the manifest and the pace */
	const struct manifest *manifest;
	struct pace *pace;
	struct package_stream stream;
	bool open;
	size_t index;
};

void package_source_open(struct package_source *p, const char *package,
	const struct manifest *manifest, struct pace *pace);

/* package_source_go_to - to the first byte of files[index]; cheap where that is further on */
MUST_CHECK int package_source_go_to(struct package_source *p, size_t index, struct fail *f);

/* package_source_rewind - to the first byte of the present file */
MUST_CHECK int package_source_rewind(struct package_source *p, struct fail *f);

/* package_source_read - up to size bytes of it, *got 0 at its end, where its digest was compared */
MUST_CHECK int package_source_read(
	struct package_source *p, void *buffer, size_t size, size_t *got, struct fail *f);

void package_source_release(struct package_source *p);

#endif
