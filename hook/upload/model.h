/* model - the files of a package into the run's artifacts, verified there, MLmodel last.
 *
 * MLmodel is the commit record: a model directory without it does not load, so that nobody ever
 * serves half an upload. What is there already with the right size and digest is not sent again;
 * everything is verified, by a checksum of the store's own or by reading it back, before upload_run
 * returns 0. Another MLmodel at the same place is somebody else's model: REFUSED, nothing is sent.
 *
 * One thread reads the package once, in order, and compares each file's digest; up to
 * settings.store.parallel workers send (upload/transfer.h). Memory: as many parts of 5 MiB, two at
 * least.
 *
 * Where the package is still being written, files may go up meanwhile (upload/overlap.h): the bytes
 * are those that go into the package, and a small file, or the last part of a large one, is held
 * back until its digest was compared. What did not go then goes with upload_run. The writing waits
 * for the store 10 s in all, not more: the package comes first.
 */
#ifndef MODELHOOK_UPLOAD_MODEL_H
#define MODELHOOK_UPLOAD_MODEL_H

#include "base/fail.h"
#include "packaging/package/manifest.h"
#include "packaging/package/package_write.h"
#include "store/store.h"
#include "upload/package_source.h"
#include "upload/transfer.h"

/* upload_overlap - what went up, or is going up, before the package was there */
struct upload_overlap {
	bool *sent;			/* by index of the file: all of it was handed over */
	struct transfer_object *object; /* of files[index], where that goes in parts; or NULL */
	size_t index;			/* of the last file that was begun */
	bool small;			/* it goes in one */
	void *bytes;			/* of it, or of its part that is being gathered, or NULL */
	size_t gathered, capacity;
	int64_t time_left; /* ms that may still be waited */
	bool over;
};

struct upload {
	struct store *store; /* borrowed, as are the others; set by the caller */
	const char *folder;  /* artifact path: "model" */
	const char *package; /* path of the package */
	const struct manifest *manifest;
	size_t sent;	/* files, after upload_run */
	size_t kept;	/* files that were there already */
	uint64_t bytes; /* sent */

	struct store_listing listing; /* its own, from upload_open to upload_release */
	struct package_source package_source;
	struct transfers transfers;
	struct upload_overlap overlap;
	bool is_open;
};

/* upload_open - see what is there. Must not be moved until upload_release. */
MUST_CHECK int upload_open(struct upload *upload, struct fail *f);

/* upload_is_listed - whether the store has one of that name and size, which only its bytes can tell
 * apart */
bool upload_is_listed(const struct upload *upload, size_t index);

/* upload_content - the file as the store is to have it; what it returns, its path, is to be freed
 */
char *upload_content(const struct upload *upload, size_t index, struct store_content *content);

/* upload_is_small - whether the file goes in one, with all its bytes in memory */
bool upload_is_small(const struct upload *upload, size_t index);

MUST_CHECK int upload_run(struct upload *upload, struct fail *f);

/* upload_release - f: what it failed with, or NULL */
void upload_release(struct upload *upload, const struct fail *f);

#endif
