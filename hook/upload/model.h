/* model - the files of a package into the run's artifacts, verified there, MLmodel last.
 *
 * MLmodel is the commit record: a model directory without it does not load, so that nobody ever
 * serves half an upload. What is there already with the right size and digest is not sent again;
 * everything is verified, by a checksum of the store's own or by reading it back, before upload_run
 * returns 0. Another MLmodel at the same place is somebody else's model: REFUSED, nothing is sent.
 *
 * upload_open asks what is there, all questions side by side. Then upload_next takes the bytes of
 * the files, in order: from whoever writes the package, while it is written, and for what did not
 * go then from the package itself (upload_run). Both are the same bytes; what was taken is not
 * taken twice. Up to settings.store.parallel workers send (upload/transfer.h).
 *
 * A file that the store takes in one although it is large goes as a stream, which only the package
 * can be read for again.
 */
#ifndef MODELHOOK_UPLOAD_MODEL_H
#define MODELHOOK_UPLOAD_MODEL_H

#include "base/fail.h"
#include "packaging/package/manifest.h"
#include "store/store.h"
#include "upload/intake.h"
#include "upload/pace.h"
#include "upload/transfer.h"

/* upload_file - how far a file is */
struct upload_file {
	enum {
		UPLOAD_TO_SEND,
		UPLOAD_STREAMED, /* to be sent in one, from the package */
		UPLOAD_DONE,	 /* it is there, or handed over */
	} state;
	const struct store_object *listed; /* the store has one of that name and size; or NULL */
	enum store_has has;		   /* of one that is listed, where it was asked for */
	struct transfer_begun begun;
};

struct upload {
	struct store *store; /* borrowed, as are the others; set by the caller */
	const char *folder;  /* artifact path: "model" */
	const char *package; /* path of the package */
	const struct manifest *manifest;
	size_t sent;	/* files, after upload_run */
	size_t kept;	/* files that were there already */
	uint64_t bytes; /* sent */
	size_t unread;	/* of the files sent: verified by their sizes alone, as the options ask for
			 */

	struct store_listing listing; /* its own, from upload_open to upload_release */
	struct transfers transfers;
	struct upload_file *files; /* by index */
	struct intake intake;
	struct pace pace;
	char *path;   /* of the file that is taken, in the store */
	size_t index; /* of it */
	uint64_t at;  /* bytes of it that came by since its first one did */
	size_t begun; /* files[0 ... begun) are begun, or need not be */
	bool is_open;
};

/* upload_open - see what is there, and begin what is not. Must not be moved until upload_release.
 */
MUST_CHECK int upload_open(struct upload *upload, struct fail *f);

/* upload_may_start - whether files may go before the package is whole: not where another call has
 * sent everything, and what is there is only to be verified */
bool upload_may_start(const struct upload *upload);

/* upload_next - the next bytes of files[index], in order from its first one on; size 0: those were
 * all, and its digest is right. What is not to be sent, or was taken before, is passed over.
 * patience: for how many ms it may wait in all (upload/workers.h), NULL: for as long as it takes.
 * After a failure nothing of the file but what was handed over is taken; what failed for good fails
 * again with upload_run. */
MUST_CHECK int upload_next(struct upload *upload, size_t index, const void *bytes, size_t size,
	int64_t *patience, struct fail *f);

/* upload_run - from the package, which is whole: what is missing. Everything is there then. */
MUST_CHECK int upload_run(struct upload *upload, struct fail *f);

/* upload_release - f: what it failed with, or NULL */
void upload_release(struct upload *upload, const struct fail *f);

#endif
