/* transfer - files on their way into a store, sent and verified by the workers.
 *
 * A small file is one job with its bytes; a large one is a job for each part, and one more that
 * makes the object of them, which is work for the store alone. As many as there are workers are
 * held back until no more parts come, and made side by side then: what sends has something to do in
 * the meantime, and less of a model shows before the whole of it is there. Each job keeps its bytes
 * until the store has them: one failed part is one part again, and the package is read once. An
 * object counts as sent when it is verified: by the store's own checksum, or read back.
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

struct transfers {
	struct workers workers;
	struct store *store;  /* borrowed */
	pthread_mutex_t lock; /* of what follows */
	struct progress progress;
	struct transfer_object *objects; /* in parts, begun */
	void *spare[WORKERS_MAX + 1];	 /* memory for parts, used again: new pages cost time */
	unsigned spare_count;
	size_t spare_size;
	size_t used;	/* bytes of memory for files and parts */
	size_t sent;	/* files */
	size_t kept;	/* files that were there already */
	uint64_t bytes; /* sent */
	bool holds;	/* objects back */
	unsigned held;
};

/* transfer_part_size - how an object of that size is cut: the same for every call, so that one can
 * go on where another died. At most the kind's parts_max parts, each in memory while it is sent. */
size_t transfer_part_size(const struct store *store, uint64_t size);

/* transfers_open - of objects that are so large together; nothing is sent yet. Must not be moved
 * until transfers_release. */
void transfers_open(struct transfers *d, struct store *store, uint64_t total);

/* transfers_show - from here on people see how far it is */
void transfers_show(struct transfers *d, uint64_t total);

/* transfer_small - hand over a file's bytes, from transfer_take_memory; `listed`: the store has one
 * of that name and size, which may be the very same. path is copied, sha256 borrowed. */
MUST_CHECK int transfer_small(struct transfers *d, const struct store_content *content, void *bytes,
	bool listed, struct fail *f);

/* transfer_sent - a file that went in one stream: it is read back beside what is sent next, and
 * counts then */
MUST_CHECK int transfer_sent(
	struct transfers *d, const struct store_content *content, struct fail *f);

/* transfer_begin - a file in parts; *object NULL where this server takes no parts */
MUST_CHECK int transfer_begin(struct transfers *d, const struct store_content *content,
	struct transfer_object **object, struct fail *f);

/* transfer_part - hand over the next part's bytes, from transfer_take_memory */
MUST_CHECK int transfer_part(
	struct transfers *d, struct transfer_object *object, void *bytes, struct fail *f);

/* transfer_next_part - size of the next part, 0 after the last; *last: it is that; *room: what to
 * ask transfer_take_memory for */
size_t transfer_next_part(const struct transfer_object *object, bool *last, size_t *room);

/* transfer_handed_over - bytes of the parts so far */
uint64_t transfer_handed_over(const struct transfer_object *object);

/* transfer_take_memory - memory for a small file, or for a part (its object's part_size, always);
 * waits until others have been sent */
MUST_CHECK int transfer_take_memory(struct transfers *d, size_t size, void **bytes, struct fail *f);

/* transfer_try_room - waits for so long at most, *ms is what is left of it; NULL: there was none */
void *transfer_try_room(struct transfers *d, size_t size, int64_t *ms);
void transfer_drop_memory(struct transfers *d, void *bytes, size_t size);

/* transfer_verify - read an object back that the store did not verify; LATER where it is another */
MUST_CHECK int transfer_verify(
	struct store *store, const struct store_content *content, struct fail *f);

/* transfer_count - one more file is there; sent: bytes, or 0 with kept */
void transfer_count(struct transfers *d, uint64_t bytes, bool kept);
void transfer_progress(struct transfers *d, uint64_t bytes);

/* transfers_make - no more parts come: what is held back is made, beside whatever else follows */
MUST_CHECK int transfers_make(struct transfers *d, struct fail *f);

/* transfers_wait - until everything handed over is made and verified; every object has all its
 * parts then */
MUST_CHECK int transfers_wait(struct transfers *d, struct fail *f);

/* transfers_settle - until nothing runs any more; objects are left as they are */
void transfers_settle(struct transfers *d);

/* transfers_release - f: what the upload failed with, or NULL */
void transfers_release(struct transfers *d, const struct fail *f);

#endif
