/* upload - the files of a package into the run's artifacts, proven there, MLmodel last.
 *
 * MLmodel is the commit mark: a model directory without it does not load, so that nobody ever
 * serves half an upload. What is there already with the right size and digest is not sent again;
 * everything is proven, by a checksum of the store's own or by reading it back, before this
 * returns 0. Another MLmodel at the same place is somebody else's model: REFUSED, nothing is sent.
 *
 * This thread reads the package once, in order, and compares each file's SHA-256; up to
 * settings.parallel lanes send (delivery.h). Memory: (parallel + 1) parts of 5 MiB.
 */
#ifndef MODELHOOK_UPLOAD_H
#define MODELHOOK_UPLOAD_H

#include "packaging/package.h"
#include "store/store.h"

struct upload {
	struct store *store; /* borrowed, as are the others */
	const char *folder;  /* artifact path: "model" */
	const char *package; /* path of the package */
	const struct manifest *manifest;
	size_t sent;	/* files, after upload_run */
	size_t kept;	/* files that were there already */
	uint64_t bytes; /* sent */
};

MUST_CHECK int upload_run(struct upload *upload, struct fail *f);

#endif
