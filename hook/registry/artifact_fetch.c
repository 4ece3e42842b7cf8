#include "registry/artifact_fetch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/panic.h"
#include "base/parallel.h"
#include "base/plain_path.h"
#include "base/stop.h"
#include "base/text.h"
#include "http/types.h"
#include "packaging/digest/sha256.h"
#include "registry/artifact_check.h"
#include "registry/state.h"
#include "store/store.h"
#include "stores/open.h"

#define MLMODEL "MLmodel"

/* A file that is written, and its digest. */
struct fetched {
	const char *path;
	const atomic_bool *dropped; /* true: another file has failed */
	struct file_writer writer;
	struct sha256 sha;
};

static int on_bytes(void *context, const void *bytes, size_t size, struct fail *f)
{
	struct fetched *file = context;
	if (atomic_load(file->dropped))
		return fail_set(f, STATUS_LATER, "another file failed");
	sha256_add(&file->sha, bytes, size);
	return file_write(&file->writer, bytes, size, f) == 0 ? stop_or_late(f) : -1;
}

static int on_restart(void *context, struct fail *f)
{
	struct fetched *file = context;
	file_discard(&file->writer);
	sha256_release(&file->sha);
	sha256_init(&file->sha);
	return file_create(file->path, &file->writer, f);
}

static int check_size(
	const struct fetched *file, const struct store_object *object, bool found, struct fail *f)
{
	if (!found)
		return fail_set(f, STATUS_REFUSED, "was listed by its store and is gone");
	if (file->writer.size != object->size)
		return fail_set(f, STATUS_REFUSED, "%llu bytes, and its store lists %llu",
			(unsigned long long)file->writer.size, (unsigned long long)object->size);
	return 0;
}

static int fetch_into(struct store *store, const struct store_object *object, struct fetched *file,
	char sha256[SHA256_HEX], struct fail *f)
{
	struct http_sink sink = {on_bytes, on_restart, file};
	bool found = false;
	if (file_create(file->path, &file->writer, f) != 0)
		return -1;
	sha256_init(&file->sha);
	int result = store_get(store, object->path, &sink, &found, f);
	sha256_finish(&file->sha, sha256);
	if (result == 0)
		result = check_size(file, object, found, f);
	if (result == 0)
		return file_finish(&file->writer, f);
	file_discard(&file->writer);
	return -1;
}

/* A model on its way: several files at once, each over a connection of its own. */
struct fetching {
	const struct store_listing *listing;
	const char *folder;
	struct text *sums;
	char sha256[PARALLEL_WINDOW][SHA256_HEX]; /* of the files that are begun */
	struct store stores[PARALLEL_THREADS_MAX];
	unsigned count;
	pthread_mutex_t lock; /* of what follows */
	bool taken[PARALLEL_THREADS_MAX];
};

/* As many as there are threads: one is always free. */
static struct store *take_store(struct fetching *fetching)
{
	unsigned i = 0;
	pthread_mutex_lock(&fetching->lock);
	while (i < fetching->count && fetching->taken[i])
		i++;
	INVARIANT(i < fetching->count);
	fetching->taken[i] = true;
	pthread_mutex_unlock(&fetching->lock);
	return &fetching->stores[i];
}

static void give_store(struct fetching *fetching, const struct store *store)
{
	pthread_mutex_lock(&fetching->lock);
	fetching->taken[store - fetching->stores] = false;
	pthread_mutex_unlock(&fetching->lock);
}

/* The store names the file: the name must not lead out of the folder. */
static int fetch_one(void *context, size_t job, const atomic_bool *dropped, struct fail *f)
{
	struct fetching *fetching = context;
	const struct store_object *object = &fetching->listing->objects[job];
	const char *problem = plain_path_problem(object->path);
	if (problem != NULL)
		return fail_set(f, STATUS_REFUSED, "its store lists a path that is %s", problem);
	char *path = file_join(fetching->folder, object->path), *parent = file_folder(path);
	struct fetched file = {.path = path, .dropped = dropped};
	struct store *store = take_store(fetching);
	int result = file_make_directories(parent, f);
	if (result == 0)
		result = fetch_into(
			store, object, &file, fetching->sha256[job % PARALLEL_WINDOW], f);
	give_store(fetching, store);
	free(parent);
	free(path);
	return result == 0 ? 0 : fail_wrap(f, "%s", object->path);
}

static void take_sum(void *context, size_t job)
{
	struct fetching *fetching = context;
	artifact_check_add_sum(fetching->sums, fetching->sha256[job % PARALLEL_WINDOW],
		fetching->listing->objects[job].path);
}

static int open_stores(struct fetching *fetching, const struct store *store, struct fail *f)
{
	size_t files = fetching->listing->count;
	unsigned most = files < PARALLEL_THREADS_MAX ? (unsigned)files : PARALLEL_THREADS_MAX;
	while (fetching->count < most)
		if (store_open_worker(store, NULL, &fetching->stores[fetching->count++], f) != 0)
			return -1;
	return 0;
}

static int fetch_all(struct store *store, const struct store_listing *listing, const char *folder,
	struct text *sums, struct fail *f)
{
	struct fetching *fetching = memory_get(1, sizeof(*fetching));
	fetching->listing = listing;
	fetching->folder = folder;
	fetching->sums = sums;
	INVARIANT(pthread_mutex_init(&fetching->lock, NULL) == 0);
	const struct parallel_jobs jobs = {listing->count, fetch_one, take_sum, fetching};
	int result = open_stores(fetching, store, f);
	if (result == 0)
		result = parallel_run(&jobs, fetching->count, f);
	for (unsigned i = 0; i < fetching->count; i++)
		store_release(&fetching->stores[i]);
	pthread_mutex_destroy(&fetching->lock);
	free(fetching);
	return result;
}

static bool has_mlmodel(const struct store_listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		if (strcmp(listing->objects[i].path, MLMODEL) == 0)
			return true;
	return false;
}

static int check_content(const struct text *sums, const char *content, struct fail *f)
{
	char digest[SHA256_HEX];
	if (content == NULL)
		return 0;
	sha256_of(text_string(sums), sums->size, digest);
	if (strcmp(digest, content) == 0)
		return 0;
	return fail_set(f, STATUS_REFUSED,
		"its files are not those that were registered: digest %.12s, registered %.12s",
		digest, content);
}

static int fetch(struct store *store, const char *content, const char *folder, struct fail *f)
{
	struct store_listing listing = {0};
	struct text sums = {0};
	int result = store_list(store, "", &listing, f);
	if (result == 0 && !has_mlmodel(&listing))
		result = fail_set(f, STATUS_REFUSED, "its files are gone: there is no " MLMODEL);
	if (result == 0)
		result = file_make_directories(folder, f);
	if (result == 0)
		result = fetch_all(store, &listing, folder, &sums, f);
	if (result == 0)
		result = check_content(&sums, content, f);
	text_release(&sums);
	store_listing_release(&listing);
	return result;
}

int artifact_fetch(struct mlflow *mlflow, const char *model, const struct version *version,
	const char *folder, struct fail *f)
{
	struct store store = {0};
	struct run run = {.id = version->run_id};
	int result = artifact_check_open(mlflow, model, version, &run, &store, f);
	if (result == 0)
		result = fetch(&store, version_tag(version, TAG_CONTENT), folder, f);
	store_release(&store);
	return result == 0 ? 0 : fail_wrap(f, "files of version %lld", (long long)version->number);
}
