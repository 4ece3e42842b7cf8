#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "upload.h"

static const struct saved_model_file *file_of(const struct upload *upload)
{
	return &upload->manifest->files[upload->ahead.index];
}

/* Files in parts alone: the others are small, or go in one stream that only the package can be. */
static bool may_go_ahead(const struct upload *upload)
{
	const struct store_kind *kind = upload->store->kind;
	uint64_t size = file_of(upload)->size;
	return kind->begin != NULL && size > delivery_part_size(upload->store, size) &&
	       !upload_is_listed(upload, upload->ahead.index);
}

/* What fails here fails again, and is said, when upload_run comes to it. */
static void begin_object(struct upload *upload)
{
	struct upload_ahead *ahead = &upload->ahead;
	const struct saved_model_file *file = file_of(upload);
	struct deadline *deadline = &upload->store->http->deadline, whole = *deadline;
	struct fail unsaid;
	char *path = file_join(upload->folder, file->path);
	struct store_content content = {path, file->size, file->sha256};
	if (ahead->patience < deadline_left(whole))
		deadline->at = deadline_in(ahead->patience).at;
	if (delivery_begin(&upload->deliveries, &content, &ahead->object, &unsaid) != 0)
		ahead->over = true;
	*deadline = whole;
	free(path);
}

static void begin(struct upload *upload, size_t index)
{
	struct upload_ahead *ahead = &upload->ahead;
	ahead->index = index;
	ahead->object = NULL;
	if (may_go_ahead(upload))
		begin_object(upload);
}

static void hand_over(struct upload *upload)
{
	struct upload_ahead *ahead = &upload->ahead;
	struct fail unsaid;
	if (delivery_part(&upload->deliveries, ahead->object, ahead->bytes, &unsaid) != 0)
		ahead->over = true; /* the lanes keep what failed */
	ahead->bytes = NULL;
	ahead->gathered = 0;
}

/* As many bytes as the present part wants; 0: this file goes no further now. */
static size_t gather(struct upload *upload, const void *bytes, size_t size)
{
	struct upload_ahead *ahead = &upload->ahead;
	size_t room;
	bool last;
	size_t wanted = delivery_next_part(ahead->object, &last, &room);
	if (ahead->bytes == NULL)
		ahead->bytes = delivery_try_room(&upload->deliveries, room, &ahead->patience);
	if (ahead->bytes == NULL) {
		ahead->over = true;
		return 0;
	}
	if (size > wanted - ahead->gathered)
		size = wanted - ahead->gathered;
	memcpy((char *)ahead->bytes + ahead->gathered, bytes, size);
	ahead->gathered += size;
	if (ahead->gathered == wanted && !last)
		hand_over(upload);
	return size;
}

static void take_bytes(void *context, size_t index, const void *bytes, size_t size)
{
	struct upload *upload = context;
	struct upload_ahead *ahead = &upload->ahead;
	if (!ahead->over && index != ahead->index)
		begin(upload, index);
	while (size > 0 && ahead->object != NULL && !ahead->over) {
		size_t taken = gather(upload, bytes, size);
		bytes = (const char *)bytes + taken;
		size -= taken;
	}
}

static void take_end(void *context, size_t index)
{
	struct upload *upload = context;
	struct upload_ahead *ahead = &upload->ahead;
	size_t room;
	bool last;
	if (index != ahead->index || ahead->object == NULL || ahead->over)
		return;
	INVARIANT(delivery_next_part(ahead->object, &last, &room) == ahead->gathered && last);
	hand_over(upload);
	ahead->sent[index] = !ahead->over;
}

struct package_tap upload_tap(struct upload *upload)
{
	return (struct package_tap){.bytes = take_bytes, .end = take_end, .context = upload};
}
