#include "stores/location.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/secret.h"
#include "http/types.h"
#include "packaging/digest/sha256.h"
#include "stores/open.h"

bool location_is_url(const char *place)
{
	return place != NULL && strstr(place, "://") != NULL;
}

int location_split(const char *url, char **folder, char **name, struct fail *f)
{
	const char *slash = strrchr(url, '/');
	const char *path = strstr(url, "://") + 3;
	if (slash < path || slash[1] == '\0') {
		char *shown = location_show(url);
		fail_set(f, STATUS_CONFIGURATION, "%.200s: names no object", shown);
		free(shown);
		return fail_hint(f, "s3://BUCKET/FOLDER/result.json");
	}
	*folder = text_format("%.*s", (int)(slash - url), url);
	*name = text_copy(slash + 1);
	return 0;
}

char *location_show(const char *url)
{
	struct text shown = {0};
	secret_redact(&shown, url, strlen(url), true);
	char *whole = text_take(&shown);
	whole[strcspn(whole, "?#")] = '\0';
	return whole;
}

int location_put(struct store *store, const char *name, const char *text, struct fail *f)
{
	char sha256[SHA256_HEX];
	size_t size = strlen(text);
	sha256_of(text, size, sha256);
	struct store_content content = {name, size, sha256};
	struct http_body body = {.bytes = text, .size = size};
	bool verified;
	return store_put(store, &content, &body, &verified, f);
}

struct text_sink {
	struct text *text;
	size_t max;
};

static int sink_write(void *context, const void *bytes, size_t size, struct fail *f)
{
	struct text_sink *sink = context;
	if (sink->text->size + size > sink->max)
		return fail_set(f, STATUS_UNACCEPTABLE, "more than %zu bytes", sink->max);
	text_add(sink->text, bytes, size);
	return 0;
}

static int sink_restart(void *context, struct fail *f)
{
	struct text_sink *sink = context;
	(void)f;
	text_clear(sink->text);
	return 0;
}

int location_get(struct store *store, const char *name, size_t max, struct text *text, bool *found,
	struct fail *f)
{
	struct text_sink to = {text, max};
	struct http_sink sink = {sink_write, sink_restart, &to};
	text_clear(text);
	return store_get(store, name, &sink, found, f);
}

static int get_text(
	struct store *store, const char *name, size_t max, struct text *text, struct fail *f)
{
	bool found;
	if (location_get(store, name, max, text, &found, f) != 0)
		return -1;
	return found ? 0 : fail_set(f, STATUS_MISSING, "nothing is there");
}

/* Writes `write`, or reads into `read`. */
static int at_url(const struct store_reach *reach, const char *url, const char *write, size_t max,
	struct text *read, struct fail *f)
{
	char *folder, *name;
	struct store store;
	if (location_split(url, &folder, &name, f) != 0)
		return -1;
	int result = store_open_apart(&store, reach, folder, f);
	if (result == 0)
		result = write != NULL ? location_put(&store, name, write, f)
				       : get_text(&store, name, max, read, f);
	store_release(&store);
	free(folder);
	free(name);
	if (result == 0)
		return 0;
	char *shown = location_show(url);
	fail_wrap(f, "%.200s", shown);
	free(shown);
	return -1;
}

int location_write(
	const struct store_reach *reach, const char *place, const char *text, struct fail *f)
{
	if (!location_is_url(place))
		return file_store(place, text, strlen(text), f);
	return at_url(reach, place, text, 0, NULL, f);
}

int location_read(const struct store_reach *reach, const char *place, size_t max, struct text *text,
	struct fail *f)
{
	if (!location_is_url(place))
		return file_read(place, max, text, f);
	return at_url(reach, place, NULL, max, text, f);
}
