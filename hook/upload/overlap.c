#include "upload/overlap.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/panic.h"

/* What fails here fails again, and is said, when upload_run comes to it. */
static void begin_object(struct upload *upload)
{
	struct upload_overlap *overlap = &upload->overlap;
	struct deadline *deadline = &upload->store->http->deadline, whole = *deadline;
	struct fail ignored;
	struct store_content content;
	char *path = upload_content(upload, overlap->index, &content);
	if (overlap->time_left < deadline_left(whole))
		deadline->at = deadline_in(overlap->time_left).at;
	if (transfer_begin(&upload->transfers, &content, &overlap->object, &ignored) != 0)
		overlap->over = true;
	*deadline = whole;
	free(path);
}

/* Not what goes in one stream: only the package can be that. */
static void begin(struct upload *upload, size_t index)
{
	struct upload_overlap *overlap = &upload->overlap;
	overlap->index = index;
	overlap->object = NULL;
	overlap->small = upload_is_small(upload, index);
	if (!overlap->small && upload->store->kind->begin != NULL &&
		!upload_is_listed(upload, index))
		begin_object(upload);
}

static int hand_over_small(struct upload *upload, struct fail *f)
{
	struct upload_overlap *overlap = &upload->overlap;
	struct store_content content;
	char *path = upload_content(upload, overlap->index, &content);
	bool listed = upload_is_listed(upload, overlap->index);
	int result = transfer_small(&upload->transfers, &content, overlap->bytes, listed, f);
	free(path);
	return result;
}

static void hand_over(struct upload *upload)
{
	struct upload_overlap *overlap = &upload->overlap;
	struct fail ignored;
	int result = overlap->small ? hand_over_small(upload, &ignored)
				    : transfer_part(&upload->transfers, overlap->object,
					      overlap->bytes, &ignored);
	if (result != 0)
		overlap->over = true; /* the workers keep what failed */
	overlap->bytes = NULL;
	overlap->gathered = 0;
}

/* How much is to be gathered, in memory for it; 0: this file goes no further now. */
static size_t wanted(struct upload *upload, bool *last)
{
	struct upload_overlap *overlap = &upload->overlap;
	size_t size = (size_t)upload->manifest->files[overlap->index].size, capacity = size;
	*last = true;
	if (!overlap->small)
		size = transfer_next_part(overlap->object, last, &capacity);
	if (overlap->bytes != NULL)
		return size;
	overlap->capacity = capacity;
	overlap->bytes = transfer_try_memory(&upload->transfers, capacity, &overlap->time_left);
	overlap->over = overlap->bytes == NULL;
	return overlap->over ? 0 : size;
}

static size_t gather(struct upload *upload, const void *bytes, size_t size)
{
	struct upload_overlap *overlap = &upload->overlap;
	bool last;
	size_t all = wanted(upload, &last);
	if (all == 0)
		return 0;
	if (size > all - overlap->gathered)
		size = all - overlap->gathered;
	memcpy((char *)overlap->bytes + overlap->gathered, bytes, size);
	overlap->gathered += size;
	if (overlap->gathered == all && !last)
		hand_over(upload);
	return size;
}

static bool goes(struct upload *upload, size_t index)
{
	struct upload_overlap *overlap = &upload->overlap;
	if (!overlap->over && index != overlap->index)
		begin(upload, index);
	return !overlap->over && (overlap->small || overlap->object != NULL);
}

static void take_bytes(void *context, size_t index, const void *bytes, size_t size)
{
	struct upload *upload = context;
	while (size > 0 && goes(upload, index)) {
		size_t taken = gather(upload, bytes, size);
		bytes = (const char *)bytes + taken;
		size -= taken;
	}
}

static void take_end(void *context, size_t index)
{
	struct upload *upload = context;
	struct upload_overlap *overlap = &upload->overlap;
	bool last;
	/* an empty file has had no memory so far */
	if (!goes(upload, index) || wanted(upload, &last) != overlap->gathered || overlap->over)
		return;
	INVARIANT(last);
	hand_over(upload);
	overlap->sent[index] = !overlap->over;
}

struct package_tap upload_tap(struct upload *upload)
{
	return (struct package_tap){.bytes = take_bytes, .end = take_end, .context = upload};
}
