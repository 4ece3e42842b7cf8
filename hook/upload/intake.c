#include "upload/intake.h"

#include <string.h>

#include "base/fail.h"
#include "base/panic.h"

void intake_begin(struct intake *intake, struct transfers *transfers,
	const struct transfer_small *small, struct transfer_object *parts)
{
	intake_drop(intake);
	*intake = (struct intake){.transfers = transfers, .small = *small, .object = parts};
}

void intake_drop(struct intake *intake)
{
	if (intake->bytes != NULL)
		transfer_drop_memory(intake->transfers, intake->bytes, intake->capacity);
	intake->bytes = NULL;
	intake->gathered = 0;
}

/* Memory for what is to be gathered. */
static int make_room(struct intake *intake, int64_t *patience, struct fail *f)
{
	if (intake->bytes != NULL)
		return 0;
	intake->wanted = intake->capacity = (size_t)intake->small.content.size;
	intake->last = true;
	if (intake->object != NULL)
		intake->wanted =
			transfer_next_part(intake->object, &intake->last, &intake->capacity);
	return transfer_take_memory(
		intake->transfers, intake->capacity, patience, &intake->bytes, f);
}

/* The memory is the job's from here on. */
static int hand_over(struct intake *intake, struct fail *f)
{
	void *bytes = intake->bytes;
	intake->bytes = NULL;
	intake->gathered = 0;
	if (intake->object != NULL)
		return transfer_part(intake->transfers, intake->object, bytes, f);
	return transfer_small(intake->transfers, &intake->small, bytes, f);
}

int intake_next(
	struct intake *intake, const void *bytes, size_t size, int64_t *patience, struct fail *f)
{
	for (size_t taken; size > 0; size -= taken) {
		if (make_room(intake, patience, f) != 0)
			return -1;
		size_t left = intake->wanted - intake->gathered;
		taken = size < left ? size : left;
		INVARIANT(taken > 0); /* who gives the bytes knows how many there are */
		memcpy((char *)intake->bytes + intake->gathered, bytes, taken);
		bytes = (const char *)bytes + taken;
		intake->gathered += taken;
		if (intake->gathered == intake->wanted && !intake->last &&
			hand_over(intake, f) != 0)
			return -1;
	}
	return 0;
}

int intake_end(struct intake *intake, int64_t *patience, struct fail *f)
{
	if (make_room(intake, patience, f) != 0)
		return -1;
	INVARIANT(intake->last && intake->gathered == intake->wanted);
	return hand_over(intake, f);
}
