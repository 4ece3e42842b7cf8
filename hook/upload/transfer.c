#include "upload/transfer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/panic.h"
#include "base/text.h"
#include "packaging/digest/sha256.h"

#define PART_SIZE ((size_t)5 << 20) /* the least that S3 takes */

struct transfer_object {
	struct transfer_object *next;
	struct store_upload upload;
	char *path;
	unsigned read; /* parts queued */
	unsigned left; /* parts that are not in the store yet */
	uint64_t sent; /* bytes, without parts that were in the store before */
	bool held;     /* all parts are in the store; its completion is held back */
	bool done;
};

struct transfer_job {
	struct transfers *transfers;
	enum {
		JOB_SMALL,
		JOB_VERIFY, /* a file that was sent in one stream */
		JOB_PART,
		JOB_MAKE,
	} kind;
	struct transfer_object *object; /* of a part, or to complete */
	unsigned part;
	struct store_content content; /* of a small file, or of a file to verify */
	char *path;
	bool listed;
	void *bytes;
	size_t size;
};

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

size_t transfer_part_size(const struct store *store, uint64_t size)
{
	const struct store_kind *kind = store->kind;
	size_t part = larger(PART_SIZE, larger(kind->part_min, store->part_size));
	size_t step = kind->part_step > 0 ? kind->part_step : 1;
	unsigned max = kind->parts_max > 0 ? kind->parts_max : 10000;
	if (size / part >= max)
		part = (size_t)(size / max) + 1;
	return (part + step - 1) / step * step;
}

void transfers_open(struct transfers *d, struct store *store, uint64_t total)
{
	const struct store_options *options = store->options;
	*d = (struct transfers){.store = store, .holds = true};
	INVARIANT(pthread_mutex_init(&d->lock, NULL) == 0);
	unsigned workers = (unsigned)options->parallel;
	size_t part = transfer_part_size(store, total);
	/* filling a part takes next to nothing of the time of sending it */
	workers_open(&d->workers, store, workers, larger(workers, 2) * part);
}

void transfers_show(struct transfers *d, uint64_t total)
{
	pthread_mutex_lock(&d->lock);
	uint64_t done = d->progress.done;
	progress_start(&d->progress, "upload", total);
	d->progress.done = done;
	pthread_mutex_unlock(&d->lock);
}

void transfer_progress(struct transfers *d, uint64_t bytes)
{
	pthread_mutex_lock(&d->lock);
	progress_add(&d->progress, bytes);
	pthread_mutex_unlock(&d->lock);
}

void transfer_count(struct transfers *d, uint64_t bytes, bool kept)
{
	pthread_mutex_lock(&d->lock);
	d->sent += kept ? 0 : 1;
	d->kept += kept ? 1 : 0;
	d->bytes += bytes;
	pthread_mutex_unlock(&d->lock);
}

/* Whole pages from the system, which get back to it at once: what malloc keeps of thousands of
 * small buffers would come on top of the parts. */
static void *map(size_t size)
{
	void *bytes = mmap(NULL, size > 0 ? size : 1, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED)
		panic_out_of_memory();
	return bytes;
}

static void unmap(void *bytes, size_t size)
{
	INVARIANT(munmap(bytes, size > 0 ? size : 1) == 0);
}

/* Spare memory and what is in use are never more than the workers' limit. */
static void trim_spare(struct transfers *d)
{
	while (d->spare_count > 0 &&
		d->used + d->spare_count * d->spare_size > d->workers.memory_max)
		unmap(d->spare[--d->spare_count], d->spare_size);
}

static void *memory_for(struct transfers *d, size_t size)
{
	void *bytes = NULL;
	pthread_mutex_lock(&d->lock);
	d->used += size;
	if (size > 0 && size == d->spare_size && d->spare_count > 0)
		bytes = d->spare[--d->spare_count];
	trim_spare(d);
	pthread_mutex_unlock(&d->lock);
	return bytes != NULL ? bytes : map(size);
}

static void drop_memory(struct transfers *d, void *bytes, size_t size)
{
	pthread_mutex_lock(&d->lock);
	d->used -= size;
	bool keep = size > 0 && size == d->spare_size && d->spare_count <= WORKERS_MAX;
	if (keep)
		d->spare[d->spare_count++] = bytes;
	trim_spare(d);
	pthread_mutex_unlock(&d->lock);
	if (!keep)
		unmap(bytes, size);
}

/* From here on memory of that size is reused. */
static void set_spare_size(struct transfers *d, size_t size)
{
	pthread_mutex_lock(&d->lock);
	while (size != d->spare_size && d->spare_count > 0)
		unmap(d->spare[--d->spare_count], d->spare_size);
	d->spare_size = size;
	pthread_mutex_unlock(&d->lock);
}

int transfer_take_memory(struct transfers *d, size_t size, void **bytes, struct fail *f)
{
	if (workers_take_memory(&d->workers, size, f) != 0)
		return -1;
	*bytes = memory_for(d, size);
	return 0;
}

void *transfer_try_memory(struct transfers *d, size_t size, int64_t *ms)
{
	return workers_try_memory(&d->workers, size, ms) ? memory_for(d, size) : NULL;
}

void transfer_drop_memory(struct transfers *d, void *bytes, size_t size)
{
	drop_memory(d, bytes, size);
	workers_give_memory(&d->workers, size);
}

int transfer_verify(struct store *store, const struct store_content *content, struct fail *f)
{
	char sha256[SHA256_HEX];
	uint64_t size;
	bool found;
	if (store_get_digest(store, content->path, sha256, &size, &found, f) != 0)
		return -1;
	if (!found)
		fail_set(f, STATUS_LATER, "%s: the store took it, and does not have it",
			content->path);
	else if (size != content->size || strcmp(sha256, content->sha256) != 0)
		fail_set(f, STATUS_LATER,
			"%s: read back as %" PRIu64 " bytes with SHA-256 %.12s, sent were %" PRIu64
			" with %.12s",
			content->path, size, sha256, content->size, content->sha256);
	else
		return 0;
	return fail_hint(f, "the version was not created; replay the package to send it again");
}

/* Small files. */

static int send_small(struct transfer_job *job, struct store *store, struct fail *f)
{
	struct http_body body = {.bytes = job->bytes, .size = job->size};
	enum store_has has = STORE_HAS_NOT;
	bool verified;
	if (job->listed && store_has_content(store, &job->content, &has, f) != 0)
		return -1;
	if (has == STORE_HAS_SAME) {
		transfer_count(job->transfers, 0, true);
		return 0;
	}
	if (store_put(store, &job->content, &body, &verified, f) != 0)
		return -1;
	if (!verified && transfer_verify(store, &job->content, f) != 0)
		return -1;
	transfer_count(job->transfers, job->size, false);
	return 0;
}

static int verify_sent(struct transfer_job *job, struct store *store, struct fail *f)
{
	if (transfer_verify(store, &job->content, f) != 0)
		return -1;
	transfer_count(job->transfers, job->content.size, false);
	return 0;
}

/* Files in parts. */

static int make_object(struct transfer_job *job, struct store *store, struct fail *f)
{
	struct transfer_object *object = job->object;
	struct store_upload *upload = &object->upload;
	if (store->kind->finish(store, upload, f) != 0)
		return fail_wrap(f, "artifact %.160s", object->path);
	if (!upload->verified && transfer_verify(store, &upload->content, f) != 0)
		return -1;
	object->done = true;
	transfer_count(job->transfers, object->sent, object->sent == 0);
	return 0;
}

static int send_part(struct transfer_job *job, struct store *store, struct fail *f)
{
	struct transfers *d = job->transfers;
	struct transfer_object *object = job->object;
	struct store_part part = {
		.index = job->part,
		.offset = (uint64_t)job->part * object->upload.part_size,
		.bytes = job->bytes,
		.size = job->size,
	};
	bool kept = false;
	if (store->kind->put_part(store, &object->upload, &part, &kept, f) != 0)
		return fail_wrap(f, "artifact %.160s: part %u", object->path, job->part + 1);
	pthread_mutex_lock(&d->lock);
	object->sent += kept ? 0 : job->size;
	bool is_whole = --object->left == 0;
	bool is_held = is_whole && d->holds && d->held < d->workers.max;
	object->held = is_held; /* from the unlock on it may be let go at any time */
	d->held += is_held;
	pthread_mutex_unlock(&d->lock);
	return is_whole && !is_held ? make_object(job, store, f) : 0;
}

static int run(void *context, struct store *store, struct fail *f)
{
	struct transfer_job *job = context;
	static int (*const kinds[])(struct transfer_job *, struct store *, struct fail *) = {
		[JOB_SMALL] = send_small,
		[JOB_VERIFY] = verify_sent,
		[JOB_PART] = send_part,
		[JOB_MAKE] = make_object,
	};
	if (kinds[job->kind](job, store, f) != 0)
		return -1;
	transfer_progress(job->transfers, job->size);
	return 0;
}

static void release_job(void *context)
{
	struct transfer_job *job = context;
	if (job->bytes != NULL)
		transfer_drop_memory(job->transfers, job->bytes,
			job->kind == JOB_PART ? job->object->upload.part_size : job->size);
	free(job->path);
	free(job);
}

static int add_job(struct transfers *d, const struct transfer_job *from, struct fail *f)
{
	struct transfer_job *job = memory_get(1, sizeof(*job));
	*job = *from;
	job->transfers = d;
	job->content.path = job->path;
	struct worker_job worker_job = {
		.run = run,
		.release = release_job,
		.context = job,
		.small = job->kind == JOB_SMALL,
	};
	if (job->object != NULL && d->store->kind->parts_in_order)
		worker_job.series = job->object;
	return workers_add(&d->workers, &worker_job, f);
}

int transfer_small(struct transfers *d, const struct store_content *content, void *bytes,
	bool listed, struct fail *f)
{
	struct transfer_job job = {
		.kind = JOB_SMALL,
		.content = *content,
		.path = text_copy(content->path),
		.listed = listed,
		.bytes = bytes,
		.size = (size_t)content->size,
	};
	return add_job(d, &job, f);
}

int transfer_sent(struct transfers *d, const struct store_content *content, struct fail *f)
{
	struct transfer_job job = {
		.kind = JOB_VERIFY, .content = *content, .path = text_copy(content->path)};
	return add_job(d, &job, f);
}

static void release_object(struct transfer_object *object)
{
	store_upload_release(&object->upload);
	free(object->path);
	free(object);
}

int transfer_begin(struct transfers *d, const struct store_content *content,
	struct transfer_object **object, struct fail *f)
{
	const struct store_kind *kind = d->store->kind;
	struct transfer_object *new = memory_get(1, sizeof(*new));
	struct store_upload *upload = &new->upload;
	new->path = text_copy(content->path);
	upload->content = *content;
	upload->content.path = new->path;
	upload->part_size = transfer_part_size(d->store, content->size);
	upload->part_count =
		(unsigned)((content->size + upload->part_size - 1) / upload->part_size);
	upload->receipts = memory_get(upload->part_count, sizeof(*upload->receipts));
	new->left = upload->part_count;
	*object = NULL;
	int result = kind->begin(d->store, upload, f);
	if (result != 0)
		fail_wrap(f, "artifact %.160s", content->path);
	if (result != 0 || upload->whole) {
		release_object(new);
		return result;
	}
	set_spare_size(d, upload->part_size);
	new->next = d->objects;
	d->objects = new;
	*object = new;
	return 0;
}

uint64_t transfer_handed_over(const struct transfer_object *object)
{
	return (uint64_t)object->read * object->upload.part_size;
}

size_t transfer_next_part(const struct transfer_object *object, bool *last, size_t *capacity)
{
	const struct store_upload *upload = &object->upload;
	uint64_t left = upload->content.size - transfer_handed_over(object);
	*last = object->read + 1 == upload->part_count;
	*capacity = upload->part_size;
	if (object->read == upload->part_count)
		return 0;
	return *last ? (size_t)left : upload->part_size;
}

int transfer_part(struct transfers *d, struct transfer_object *object, void *bytes, struct fail *f)
{
	bool last;
	size_t capacity;
	struct transfer_job job = {
		.kind = JOB_PART,
		.object = object,
		.part = object->read,
		.bytes = bytes,
		.size = transfer_next_part(object, &last, &capacity),
	};
	object->read++;
	return add_job(d, &job, f);
}

/* Takes one object out of those that are held back. */
static struct transfer_object *let_go(struct transfers *d)
{
	pthread_mutex_lock(&d->lock);
	d->holds = false;
	struct transfer_object *object = d->objects;
	while (object != NULL && !object->held)
		object = object->next;
	if (object != NULL)
		object->held = false;
	pthread_mutex_unlock(&d->lock);
	return object;
}

int transfers_make(struct transfers *d, struct fail *f)
{
	struct transfer_object *object;
	while ((object = let_go(d)) != NULL) {
		struct transfer_job job = {.kind = JOB_MAKE, .object = object};
		if (add_job(d, &job, f) != 0)
			return -1;
	}
	return 0;
}

int transfers_wait(struct transfers *d, struct fail *f)
{
	if (transfers_make(d, f) != 0 || workers_wait(&d->workers, f) != 0)
		return -1;
	for (const struct transfer_object *object = d->objects; object != NULL;
		object = object->next)
		INVARIANT(object->done);
	return 0;
}

void transfers_settle(struct transfers *d)
{
	struct fail ignored;
	(void)!workers_wait(&d->workers, &ignored);
}

/* Expired credentials can be renewed, so that the next call can use the parts. */
static bool is_permanent(const struct fail *f)
{
	return f != NULL && (f->status == STATUS_UNACCEPTABLE || f->status == STATUS_REFUSED);
}

void transfers_release(struct transfers *d, const struct fail *f)
{
	struct fail own;
	workers_release(&d->workers);
	progress_end(&d->progress);
	for (struct transfer_object *object = d->objects, *next; object != NULL; object = next) {
		next = object->next;
		bool gives_up = is_permanent(f) || (f != NULL && d->store->kind->parts_get_lost);
		if (!object->done && gives_up &&
			d->store->kind->abandon(d->store, &object->upload, &own) != 0)
			console_warn(
				"%s: parts may be left in the store: %s", object->path, own.text);
		release_object(object);
	}
	set_spare_size(d, 0);
	pthread_mutex_destroy(&d->lock);
	d->objects = NULL;
}
