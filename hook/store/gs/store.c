#include "store/gs/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "http/response.h"
#include "http/types.h"
#include "store/gs/call.h"
#include "store/gs/multipart.h"
#include "store/gs/object.h"

struct listing_below {
	size_t skip; /* of every name */
	struct store_listing *listing;
};

static int take_listed(void *context, const struct gs_object *object, struct fail *f)
{
	struct listing_below *below = context;
	const char *path = object->name + below->skip;
	/* "folder/" alone is how some programs mark a folder */
	if (path[0] == '\0' || text_ends_with(path, "/"))
		return 0;
	return store_listing_add(below->listing, path, object->size, gs_object_digest(object), f);
}

static char *below(const struct gs *gs, const char *folder)
{
	char *name = gs_name(gs, folder);
	char *start = text_format("%s%s", name, name[0] != '\0' ? "/" : "");
	free(name);
	return start;
}

static int gs_list(
	struct store *s, const char *folder, struct store_listing *listing, struct fail *f)
{
	char *start = below(s->state, folder);
	struct listing_below context = {strlen(start), listing};
	int result = gs_list_names(s, start, take_listed, &context, f);
	free(start);
	return result;
}

static int gs_put(struct store *s, const struct store_content *content,
	const struct http_body *body, bool *verified, struct fail *f)
{
	uint32_t crc;
	char *name = gs_name(s->state, content->path);
	int result = gs_upload(s, name, content->sha256, body, &crc, verified, f);
	free(name);
	return result;
}

static int gs_get(struct store *s, const char *path, const struct http_sink *sink, bool *found,
	struct fail *f)
{
	struct http_response response;
	char *name = gs_name(s->state, path);
	struct gs_request request = {
		.method = "GET", .name = name, .query = "alt=media", .sink = sink};
	int result = gs_send(s, &request, &response, f);
	*found = result == 0 && response.status != 404;
	if (*found)
		result = gs_expect(s, &response, f);
	http_response_release(&response);
	free(name);
	return result;
}

static int gs_remove(struct store *s, const char *path, struct fail *f)
{
	char *name = gs_name(s->state, path);
	char *start = below(s->state, path);
	int result = gs_delete_below(s, start, f);
	if (result == 0)
		result = gs_delete(s, &name, 1, f);
	free(start);
	free(name);
	return result;
}

const struct store_kind store_gs = {
	.scheme = "gs",
	.list = gs_list,
	.put = gs_put,
	.get = gs_get,
	.remove = gs_remove,
	.has = gs_has,
	.show = store_show_in_root,
	.release = gs_close,
	.parts_max = GS_PARTS_MAX,
	.begin = gs_begin,
	.put_part = gs_put_part,
	.finish = gs_finish,
	.abandon = gs_abandon,
	.sweep = gs_sweep,
};
