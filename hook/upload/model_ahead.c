#include <stdlib.h>
#include <string.h>

#include "upload/model.h"

/* What fails here fails again, and is said, when upload_run comes to it. */
static void begin_object(struct upload *upload)
{
	struct upload_ahead *ahead = &upload->ahead;
	struct deadline *deadline = &upload->store->http->deadline, whole = *deadline;
	struct fail unsaid;
	struct store_content content;
	char *path = upload_content(upload, ahead->index, &content);
	if (ahead->patience < deadline_left(whole))
		deadline->at = deadline_in(ahead->patience).at;
	if (delivery_begin(&upload->deliveries, &content, &ahead->object, &unsaid) != 0)
		ahead->over = true;
	*deadline = whole;
	free(path);
}

/* Not what goes in one stream: only the package can be that. */
static void begin(struct upload *upload, size_t index)
{
	struct upload_ahead *ahead = &upload->ahead;
	ahead->index = index;
	ahead->object = NULL;
	ahead->small = upload_is_small(upload, index);
	if (!ahead->small && upload->store->kind->begin != NULL && !upload_is_listed(upload, index))
		begin_object(upload);
}

static int hand_over_small(struct upload *upload, struct fail *f)
{
	struct upload_ahead *ahead = &upload->ahead;
	struct store_content content;
	char *path = upload_content(upload, ahead->index, &content);
	bool listed = upload_is_listed(upload, ahead->index);
	int result = delivery_small(&upload->deliveries, &content, ahead->bytes, listed, f);
	free(path);
	return result;
}

static void hand_over(struct upload *upload)
{
	struct upload_ahead *ahead = &upload->ahead;
	struct fail unsaid;
	int result = ahead->small ? hand_over_small(upload, &unsaid)
				  : delivery_part(&upload->deliveries, ahead->object, ahead->bytes,
					    &unsaid);
	if (result != 0)
		ahead->over = true; /* the lanes keep what failed */
	ahead->bytes = NULL;
	ahead->gathered = 0;
}

/* How much is to be gathered, in memory for it; 0: this file goes no further now. */
static size_t wanted(struct upload *upload, bool *last)
{
	struct upload_ahead *ahead = &upload->ahead;
	size_t size = (size_t)upload->manifest->files[ahead->index].size, room = size;
	*last = true;
	if (!ahead->small)
		size = delivery_next_part(ahead->object, last, &room);
	if (ahead->bytes != NULL)
		return size;
	ahead->room = room;
	ahead->bytes = delivery_try_room(&upload->deliveries, room, &ahead->patience);
	ahead->over = ahead->bytes == NULL;
	return ahead->over ? 0 : size;
}

static size_t gather(struct upload *upload, const void *bytes, size_t size)
{
	struct upload_ahead *ahead = &upload->ahead;
	bool last;
	size_t all = wanted(upload, &last);
	if (all == 0)
		return 0;
	if (size > all - ahead->gathered)
		size = all - ahead->gathered;
	memcpy((char *)ahead->bytes + ahead->gathered, bytes, size);
	ahead->gathered += size;
	if (ahead->gathered == all && !last)
		hand_over(upload);
	return size;
}

static bool goes(struct upload *upload, size_t index)
{
	struct upload_ahead *ahead = &upload->ahead;
	if (!ahead->over && index != ahead->index)
		begin(upload, index);
	return !ahead->over && (ahead->small || ahead->object != NULL);
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
	struct upload_ahead *ahead = &upload->ahead;
	bool last;
	/* an empty file has had no memory so far */
	if (!goes(upload, index) || wanted(upload, &last) != ahead->gathered || ahead->over)
		return;
	INVARIANT(last);
	hand_over(upload);
	ahead->sent[index] = !ahead->over;
}

struct package_tap upload_tap(struct upload *upload)
{
	return (struct package_tap){.bytes = take_bytes, .end = take_end, .context = upload};
}
