/* intake - the bytes of one object after the other, on their way into memory and from there to the
 * workers.
 *
 * An object goes in one or in parts, each of which is gathered whole. What was gathered last is
 * held back until the object's end, which is told only when its digest was right: of an object with
 * other bytes nothing is ever made.
 */
#ifndef MODELHOOK_UPLOAD_INTAKE_H
#define MODELHOOK_UPLOAD_INTAKE_H

#include "base/fail.h"
#include "upload/transfer.h"

struct intake {
	struct transfers *transfers;	/* borrowed */
	struct transfer_small small;	/* the object, where it goes in one */
	struct transfer_object *object; /* where it goes in parts; borrowed, as are its strings */
	void *bytes;			/* that are gathered, or NULL */
	size_t gathered, wanted, capacity;
	bool last; /* nothing comes after them */
};

/* intake_begin - the next object: parts NULL, it goes in one, and small's strings stay until its
 * end */
void intake_begin(struct intake *intake, struct transfers *transfers,
	const struct transfer_small *small, struct transfer_object *parts);

/* intake_next - its next bytes; patience as in upload/workers.h. After a failure what was gathered
 * is dropped, and the object begins again behind what was handed over. */
MUST_CHECK int intake_next(
	struct intake *intake, const void *bytes, size_t size, int64_t *patience, struct fail *f);

/* intake_end - those were all, and right */
MUST_CHECK int intake_end(struct intake *intake, int64_t *patience, struct fail *f);

/* intake_drop - nothing more comes of it for now */
void intake_drop(struct intake *intake);

#endif
