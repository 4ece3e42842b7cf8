/* package_source - the files of a package read once, in order, at no more than a given rate.
 */
#ifndef MODELHOOK_UPLOAD_PACKAGE_SOURCE_H
#define MODELHOOK_UPLOAD_PACKAGE_SOURCE_H

#include "packaging/package/package.h"

struct passage {
	const char *package; /* borrowed, as is the manifest */
	const struct manifest *manifest;
	int64_t rate; /* bytes a second, 0: any */
	int64_t started;
	uint64_t bytes; /* read since then */
	struct package_stream stream;
	bool open;
	size_t index;
};

void passage_open(
	struct passage *p, const char *package, const struct manifest *manifest, int64_t rate);

/* passage_go_to - to the first byte of files[index]; cheap where that is further on */
MUST_CHECK int passage_go_to(struct passage *p, size_t index, struct fail *f);

/* passage_rewind - to the first byte of the present file */
MUST_CHECK int passage_rewind(struct passage *p, struct fail *f);

/* passage_read - up to size bytes of it, *got 0 at its end, where its seal was compared */
MUST_CHECK int passage_read(
	struct passage *p, void *buffer, size_t size, size_t *got, struct fail *f);

/* passage_fill - exactly size bytes of it; `last`: it must end there, and its seal is compared */
MUST_CHECK int passage_fill(
	struct passage *p, void *buffer, size_t size, bool last, struct fail *f);

void passage_release(struct passage *p);

#endif
