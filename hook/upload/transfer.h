/* transfer - files on their way into a store, sent and proven by the lanes.
 *
 * A small file is one job with its bytes; a large one is a job for each part, and one more that
 * makes the object of them, which is work for the store alone. As many as there are lanes are held
 * back until no more parts come, and made side by side then: what sends has something to do in the
 * meantime, and less of a model shows before the whole of it is there. Each job keeps its bytes
 * until the store has them: one failed part is one part again, and the package is read once. An
 * object counts as sent when it is proven: by the store's own checksum, or read back.
 *
 * What fails for now is left as it is for the next call to go on from, where the store lets it;
 * what fails for good is taken back.
 */
#ifndef MODELHOOK_UPLOAD_TRANSFER_H
#define MODELHOOK_UPLOAD_TRANSFER_H

#include "base/console.h"
#include "upload/workers.h"

struct delivery_object;

struct deliveries {
	struct lanes lanes;
	struct store *store;  /* borrowed */
	pthread_mutex_t lock; /* of what follows */
	struct progress progress;
	struct delivery_object *objects; /* in parts, begun */
	void *spare[LANES_MAX + 1];	 /* memory for parts, used again: new pages cost time */
	unsigned spare_count;
	size_t spare_size;
	size_t used;	/* bytes of memory for files and parts */
	size_t sent;	/* files */
	size_t kept;	/* files that were there already */
	uint64_t bytes; /* sent */
	bool holds;	/* objects back */
	unsigned held;
};

/* delivery_part_size - how an object of that size is cut: the same for every call, so that one can
 * go on where another died. At most the kind's parts_max parts, each in memory while it is sent. */
size_t delivery_part_size(const struct store *store, uint64_t size);

/* deliveries_open - of objects that are so large together; nothing is sent yet. Must not be moved
 * until deliveries_release. */
void deliveries_open(struct deliveries *d, struct store *store, uint64_t total);

/* deliveries_show - from here on people see how far it is */
void deliveries_show(struct deliveries *d, uint64_t total);

/* delivery_small - hand over a file's bytes, from delivery_room; `listed`: the store has one of
 * that name and size, which may be the very same. path is copied, sha256 borrowed. */
MUST_CHECK int delivery_small(struct deliveries *d, const struct store_content *content,
	void *bytes, bool listed, struct fail *f);

/* delivery_sent - a file that went in one stream: it is read back beside what is sent next, and
 * counts then */
MUST_CHECK int delivery_sent(
	struct deliveries *d, const struct store_content *content, struct fail *f);

/* delivery_begin - a file in parts; *object NULL where this server takes no parts */
MUST_CHECK int delivery_begin(struct deliveries *d, const struct store_content *content,
	struct delivery_object **object, struct fail *f);

/* delivery_part - hand over the next part's bytes, from delivery_room */
MUST_CHECK int delivery_part(
	struct deliveries *d, struct delivery_object *object, void *bytes, struct fail *f);

/* delivery_next_part - size of the next part, 0 after the last; *last: it is that; *room: what to
 * ask delivery_room for */
size_t delivery_next_part(const struct delivery_object *object, bool *last, size_t *room);

/* delivery_handed_over - bytes of the parts so far */
uint64_t delivery_handed_over(const struct delivery_object *object);

/* delivery_room - memory for a small file, or for a part (its object's part_size, always); waits
 * until others have been sent */
MUST_CHECK int delivery_room(struct deliveries *d, size_t size, void **bytes, struct fail *f);

/* delivery_try_room - waits for so long at most, *ms is what is left of it; NULL: there was none */
void *delivery_try_room(struct deliveries *d, size_t size, int64_t *ms);
void delivery_drop_room(struct deliveries *d, void *bytes, size_t size);

/* delivery_prove - read an object back that the store did not prove; LATER where it is another */
MUST_CHECK int delivery_prove(
	struct store *store, const struct store_content *content, struct fail *f);

/* delivery_count - one more file is there; sent: bytes, or 0 with kept */
void delivery_count(struct deliveries *d, uint64_t bytes, bool kept);
void delivery_progress(struct deliveries *d, uint64_t bytes);

/* deliveries_make - no more parts come: what is held back is made, beside whatever else follows */
MUST_CHECK int deliveries_make(struct deliveries *d, struct fail *f);

/* deliveries_wait - until everything handed over is made and proven; every object has all its parts
 * then */
MUST_CHECK int deliveries_wait(struct deliveries *d, struct fail *f);

/* deliveries_settle - until nothing runs any more; objects are left as they are */
void deliveries_settle(struct deliveries *d);

/* deliveries_release - f: what the upload failed with, or NULL */
void deliveries_release(struct deliveries *d, const struct fail *f);

#endif
