/* transfer - uploads files into a store and verifies them, on the workers' threads.
 *
 * A small file is one job. A large file is one job for each part, and a last job that completes the
 * multipart upload, which keeps only the store busy. Completions are held back, at most as many as
 * there are workers, until the last part was queued; then they run in parallel. So the workers go
 * on sending, and readers of the store see less of a model that is not there as a whole. A job
 * keeps its bytes until the store has confirmed them: a failed part is retried on its own, and the
 * package is read once. An object counts as sent once it is verified, by the store's own checksum
 * or by reading it back.
 *
 * After a transient failure the parts stay, if the store keeps them, and the next call continues
 * from there. After a permanent failure the multipart uploads are aborted.
 */
#ifndef MODELHOOK_UPLOAD_TRANSFER_H
#define MODELHOOK_UPLOAD_TRANSFER_H

#include "base/console.h"
#include "base/fail.h"
#include "upload/workers.h"

struct transfer_object;

struct transfers {
	struct workers workers;
	struct store *store;  /* borrowed */
	pthread_mutex_t lock; /* of what follows */
	struct progress progress;
	struct transfer_object *objects; /* multipart uploads that were begun */
	void *spare[WORKERS_MAX + 1];	 /* memory for parts, reused: new pages cost time */
	unsigned spare_count;
	size_t spare_size;
	size_t used;	/* bytes of memory for files and parts */
	size_t sent;	/* files */
	size_t kept;	/* files that were there already */
	uint64_t bytes; /* sent */
	bool holds;	/* completions are held back */
	unsigned held;	/* completions held back so far */
};

/* transfer_part_size - the part size for an object of that size, in bytes. Every call computes the
 * same, so that it can continue the upload of a call that was killed. It gives at most as many
 * parts as the store's kind allows (parts_max); each part is in memory while it is sent. */
size_t transfer_part_size(const struct store *store, uint64_t size);

/* transfers_open - total: bytes of all files; nothing is sent yet. Must not be moved until
 * transfers_release. */
void transfers_open(struct transfers *d, struct store *store, uint64_t total);

/* transfers_show - show progress from here on; total: bytes */
void transfers_show(struct transfers *d, uint64_t total);

/* transfer_small - queue a small file; takes ownership of bytes, which came from
 * transfer_take_memory. listed: the store has an object of that name and size, which may hold the
 * same bytes. The path is copied, sha256 is borrowed. */
MUST_CHECK int transfer_small(struct transfers *d, const struct store_content *content, void *bytes,
	bool listed, struct fail *f);

/* transfer_sent - queue the verification of a file that the caller sent in one stream: it is read
 * back while other files are sent, and counts as sent then */
MUST_CHECK int transfer_sent(
	struct transfers *d, const struct store_content *content, struct fail *f);

/* transfer_begin - begin a multipart upload; *object is NULL if the server does not support them */
MUST_CHECK int transfer_begin(struct transfers *d, const struct store_content *content,
	struct transfer_object **object, struct fail *f);

/* transfer_part - queue the next part; takes ownership of bytes, which came from
 * transfer_take_memory */
MUST_CHECK int transfer_part(
	struct transfers *d, struct transfer_object *object, void *bytes, struct fail *f);

/* transfer_next_part - bytes of the next part, 0 after the last; *last: whether it is the last;
 * *capacity: the size to pass to transfer_take_memory */
size_t transfer_next_part(const struct transfer_object *object, bool *last, size_t *capacity);

/* transfer_handed_over - bytes of the parts queued so far */
uint64_t transfer_handed_over(const struct transfer_object *object);

/* transfer_take_memory - memory for a small file, or for a part (always a whole part_size); waits
 * until enough of what was queued before is sent */
MUST_CHECK int transfer_take_memory(struct transfers *d, size_t size, void **bytes, struct fail *f);

/* transfer_try_memory - the same, waiting at most *ms, which is then what is left of it; NULL if no
 * memory was free by then */
void *transfer_try_memory(struct transfers *d, size_t size, int64_t *ms);

/* transfer_drop_memory - give back memory that was not queued */
void transfer_drop_memory(struct transfers *d, void *bytes, size_t size);

/* transfer_verify - read an object back that the store did not verify; LATER where it is another */
MUST_CHECK int transfer_verify(
	struct store *store, const struct store_content *content, struct fail *f);

/* transfer_count - count a file that is in the store; bytes: what was sent of it. kept: it was
 * there before */
void transfer_count(struct transfers *d, uint64_t bytes, bool kept);
void transfer_progress(struct transfers *d, uint64_t bytes);

/* transfers_make - after the last part was queued: run the completions that are held back, in
 * parallel with whatever is queued next */
MUST_CHECK int transfers_make(struct transfers *d, struct fail *f);

/* transfers_wait - wait until all queued files are in the store and verified. All parts of every
 * object must have been queued. */
MUST_CHECK int transfers_wait(struct transfers *d, struct fail *f);

/* transfers_settle - wait until no job runs; multipart uploads stay as they are */
void transfers_settle(struct transfers *d);

/* transfers_release - f: why the upload failed, or NULL. Aborts the multipart uploads that no later
 * call can continue. */
void transfers_release(struct transfers *d, const struct fail *f);

#endif
