/* transfer - files on their way into a store, sent and verified by the workers.
 *
 * A small file is one job with its bytes; a large one is a job that begins it, one for each part,
 * and one more that makes the object of them, which is work for the store alone. As many as there
 * are workers are held back until no more parts come, and made side by side then: what sends has
 * something to do in the meantime, and less of a model shows before the whole of it is there. Each
 * job keeps its bytes until the store has them: one failed part is one part again, and the package
 * is read once. An object counts as sent when it is verified: by the store's own checksum, or read
 * back.
 *
 * What fails for now is left as it is for the next call to go on from, where the store lets it;
 * what fails for good is taken back.
 */
#ifndef MODELHOOK_UPLOAD_TRANSFER_H
#define MODELHOOK_UPLOAD_TRANSFER_H

#include "base/console.h"
#include "base/fail.h"
#include "upload/workers.h"

struct transfer_object;
struct transfer_job;

/* transfer_small - a file that goes in one */
struct transfer_small {
	struct store_content content;
	const struct store_object *listed; /* of that name and size, which may be the very same;
					    * or NULL */
	bool is_last; /* it goes when everything else is there and verified; there is one at most */
};

/* transfer_begun - what came of a begin. Must not be moved until it is done. */
struct transfer_begun {
	bool asked;
	bool done;
	struct transfer_object *object; /* NULL: this server takes no parts of it */
};

struct transfers {
	struct workers workers;
	struct store *store;  /* borrowed */
	pthread_mutex_t lock; /* of what follows */
	struct progress progress;
	struct transfer_object *objects; /* in parts, begun */
	struct transfer_job *last;	 /* held until everything else is there; or NULL */
	void *spare[WORKERS_MAX + 1];	 /* memory for parts, used again: new pages cost time */
	unsigned spare_count;
	size_t spare_size;
	size_t used;	/* bytes of memory for files and parts */
	size_t sent;	/* files */
	size_t kept;	/* files that were there already */
	uint64_t bytes; /* sent */
	bool by_size;	/* set by the caller, who compares the sizes before the last file goes */
	size_t unread;	/* files that were sent and not verified, since by_size is set */
	bool holds;	/* objects back */
	unsigned held;
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

/* transfer_small - hand over a file's bytes, from transfer_take_memory; the path is copied, sha256
 * borrowed
 */
MUST_CHECK int transfer_small(
	struct transfers *d, const struct transfer_small *small, void *bytes, struct fail *f);

/* transfer_stream - a file that goes in one, of any size: body is rewound before it is read, by the
 * worker that sends it, and its context then released, whatever comes of it */
MUST_CHECK int transfer_stream(struct transfers *d, const struct store_content *content,
	const struct http_body *body, void (*release)(void *context), struct fail *f);

/* transfer_check - whether the very object is there; *has is set once transfers_wait_checks returns
 */
MUST_CHECK int transfer_check(struct transfers *d, const struct store_content *content,
	enum store_has *has, struct fail *f);
MUST_CHECK int transfers_wait_checks(struct transfers *d, struct fail *f);

/* transfer_begin - a file in parts: the store is asked meanwhile */
MUST_CHECK int transfer_begin(struct transfers *d, const struct store_content *content,
	struct transfer_begun *begun, struct fail *f);
/* transfer_wait_begun - until it is done; patience as in upload/workers.h */
MUST_CHECK int transfer_wait_begun(
	struct transfers *d, const struct transfer_begun *begun, int64_t *patience, struct fail *f);

/* transfer_part - queue the next part; takes ownership of bytes, which came from
 * transfer_take_memory */
MUST_CHECK int transfer_part(
	struct transfers *d, struct transfer_object *object, void *bytes, struct fail *f);

/* transfer_next_part - bytes of the next part, 0 after the last; *last: whether it is the last;
 * *capacity: the size to pass to transfer_take_memory */
size_t transfer_next_part(const struct transfer_object *object, bool *last, size_t *capacity);

/* transfer_handed_over - bytes of the parts queued so far */
uint64_t transfer_handed_over(const struct transfer_object *object);

/* transfer_take_memory - memory for a small file, or for a part (its object's part_size, always);
 * waits until others have been sent, patience as in upload/workers.h */
MUST_CHECK int transfer_take_memory(
	struct transfers *d, size_t size, int64_t *patience, void **bytes, struct fail *f);
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

/* transfers_wait - until everything handed over but the last file is made and, unless by_size is
 * set, verified; every object has all its parts then */
MUST_CHECK int transfers_wait(struct transfers *d, struct fail *f);
/* transfers_send_last - after that: the last file, which is always verified */
MUST_CHECK int transfers_send_last(struct transfers *d, struct fail *f);

/* transfers_settle - wait until no job runs; multipart uploads stay as they are */
void transfers_settle(struct transfers *d);

/* transfers_release - f: why the upload failed, or NULL. Aborts the multipart uploads that no later
 * call can continue. */
void transfers_release(struct transfers *d, const struct fail *f);

#endif
