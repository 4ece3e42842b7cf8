#include "spool/remote.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/text.h"
#include "packaging/json/json.h"
#include "stores/location.h"
#include "stores/open.h"
#include "upload/file.h"

#define PACKAGE_END ".tar.gz"
#define RESULT_END ".result.json"
#define ASIDE "superseded"
#define RESULT_MAX ((size_t)4 << 20)

int spool_remote_open(struct spool_remote *spool, const struct store_reach *reach, const char *url,
	struct fail *f)
{
	*spool = (struct spool_remote){.url = text_copy(url)};
	for (size_t size = strlen(url); size > 1 && spool->url[size - 1] == '/';)
		spool->url[--size] = '\0';
	if (store_open_apart(&spool->store, reach, spool->url, f) == 0) {
		spool->store.is_private = true;
		return 0;
	}
	spool_remote_release(spool);
	return fail_wrap(f, "spool");
}

void spool_remote_release(struct spool_remote *spool)
{
	store_release(&spool->store);
	free(spool->url);
	*spool = (struct spool_remote){0};
}

char *spool_remote_name(const struct spool_remote *spool, const char *name)
{
	return text_format("%s/%s", spool->url, name);
}

static int put_result(
	struct spool_remote *spool, const char *name, const char *result_line, struct fail *f)
{
	char *path = text_format("%s" RESULT_END, name);
	int result = location_put(&spool->store, path, result_line, f);
	free(path);
	return result;
}

int spool_remote_send(struct spool_remote *spool, const char *name, const char *local,
	const char *result_line, struct fail *f)
{
	uint64_t sent;
	if (put_result(spool, name, result_line, f) != 0 ||
		file_upload(&spool->store, local, name, &sent, f) != 0)
		return fail_wrap(f, "spool");
	return 0;
}

int spool_remote_fetch(struct spool_remote *spool, const char *name, const char *local, bool *found,
	struct fail *f)
{
	return file_download(&spool->store, name, local, found, f) == 0 ? 0 : fail_wrap(f, "spool");
}

static bool is_it(const void *name, const char *path)
{
	return strcmp(path, name) == 0;
}

static int is_there(struct spool_remote *spool, const char *name, bool *there, struct fail *f)
{
	struct store_listing listing;
	*there = false;
	if (store_list_some(&spool->store, "", is_it, name, &listing, f) != 0)
		return -1;
	*there = listing.count > 0;
	store_listing_release(&listing);
	return 0;
}

/* Another call may have finished the package meanwhile. */
int spool_remote_keep(
	struct spool_remote *spool, const char *name, const char *result_line, struct fail *f)
{
	bool there;
	int result = is_there(spool, name, &there, f);
	if (result == 0 && there)
		result = put_result(spool, name, result_line, f);
	return result == 0 ? 0 : fail_wrap(f, "spool");
}

/* The result first: who dies in between leaves a package, which the next replay finishes again. */
int spool_remote_finish(struct spool_remote *spool, const char *name, struct fail *f)
{
	char *path = text_format("%s" RESULT_END, name);
	int result = store_remove(&spool->store, path, f);
	if (result == 0)
		result = store_remove(&spool->store, name, f);
	if (result == 0)
		store_sweep(&spool->store, "");
	free(path);
	return result == 0 ? 0 : fail_wrap(f, "spool");
}

int spool_remote_put_aside(struct spool_remote *spool, const char *name, const char *local,
	const char *result_line, struct fail *f)
{
	char *aside = text_format(ASIDE "/%s", name);
	int result = spool_remote_send(spool, aside, local, result_line, f);
	free(aside);
	return result == 0 ? spool_remote_finish(spool, name, f) : -1;
}

int64_t spool_trained_at(const char *result, size_t size)
{
	struct cJSON *tree;
	struct fail no_result;
	char *time = NULL;
	int64_t at_ms = 0;
	if (json_parse(result, size, &tree, &no_result) != 0)
		return 0;
	struct json_at root = json_root(tree), at = json_get(&root, "trained_at");
	if (json_is_there(&at) && json_string(&at, &time, &no_result) == 0 &&
		!clock_parse_rfc3339(time, &at_ms))
		at_ms = 0;
	json_release(tree);
	free(time);
	return at_ms;
}

/* When the model was trained, by the result beside the package. */
static int read_trained_at(
	struct spool_remote *spool, const char *name, int64_t *trained_at_ms, struct fail *f)
{
	char *path = text_format("%s" RESULT_END, name);
	struct text text = {0};
	bool found;
	int result = location_get(&spool->store, path, RESULT_MAX, &text, &found, f);
	bool told = result == 0 && found;
	*trained_at_ms = told ? spool_trained_at(text_string(&text), text.size) : 0;
	text_release(&text);
	free(path);
	return result;
}

static bool is_package(const void *unused, const char *path)
{
	(void)unused;
	return strchr(path, '/') == NULL && text_ends_with(path, PACKAGE_END);
}

static int oldest_first(const void *a, const void *b)
{
	const struct spool_package *x = a, *y = b;
	if (x->trained_at_ms != y->trained_at_ms)
		return x->trained_at_ms < y->trained_at_ms ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* A result that cannot be read is as one that does not tell. */
static int add_package(
	struct spool_remote *spool, struct spool_waiting *waiting, const char *name, struct fail *f)
{
	int64_t trained_at_ms;
	struct fail ignored;
	(void)!read_trained_at(spool, name, &trained_at_ms, &ignored);
	if (stop_or_late(f) != 0)
		return -1;
	waiting->items = memory_grow(waiting->items, waiting->count + 1, sizeof(*waiting->items));
	waiting->items[waiting->count++] = (struct spool_package){text_copy(name), trained_at_ms};
	return 0;
}

int spool_remote_list(struct spool_remote *spool, struct spool_waiting *waiting, struct fail *f)
{
	struct store_listing listing;
	*waiting = (struct spool_waiting){0};
	if (store_list_some(&spool->store, "", is_package, NULL, &listing, f) != 0)
		return fail_wrap(f, "spool");
	int result = 0;
	for (size_t i = 0; result == 0 && i < listing.count; i++)
		result = add_package(spool, waiting, listing.objects[i].path, f);
	store_listing_release(&listing);
	if (result == 0) {
		spool_waiting_sort(waiting);
		return 0;
	}
	spool_waiting_release(waiting);
	return fail_wrap(f, "spool");
}

void spool_waiting_sort(struct spool_waiting *waiting)
{
	if (waiting->count > 1)
		qsort(waiting->items, waiting->count, sizeof(*waiting->items), oldest_first);
}

void spool_waiting_release(struct spool_waiting *waiting)
{
	for (size_t i = 0; i < waiting->count; i++)
		free(waiting->items[i].name);
	free(waiting->items);
	*waiting = (struct spool_waiting){0};
}
