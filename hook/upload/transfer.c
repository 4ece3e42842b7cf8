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
#include "store/checksum.h"
#include "store/etag.h"

#define PART_SIZE ((size_t)5 << 20) /* the least that S3 takes */
#define MEMORY ((size_t)20 << 20)   /* for all that is on its way */
#define PAGE ((size_t)4096)	    /* what a small file takes at least */

struct transfer_object {
	struct transfer_object *next;
	struct store_upload upload;
	char *path;
	unsigned read; /* parts handed over */
	unsigned left; /* parts that are not there yet */
	uint64_t sent; /* bytes, without those that were there */
	bool held;     /* all parts are there, and it is to be made */
	bool done;
};

struct transfer_job {
	struct transfers *transfers;
	struct transfer_object *object; /* of a part, or to be made */
	unsigned part;
	struct transfer_small small; /* or what else is of one file; its path is owned */
	char *path;
	void *bytes; /* or NULL */
	void *copy;  /* where they are held for long: not of the memory for all */
	size_t size, capacity;
	struct http_body body; /* of a stream */
	void (*release_body)(void *context);
	struct transfer_begun *begun; /* where to say what came of it; borrowed, as is the next */
	enum store_has *has;
};

typedef int job_function(void *context, struct store *store, struct fail *f);

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
	unsigned most = (unsigned)options->parallel, at_once = store->kind->at_once;
	if (at_once > 0 && at_once < most)
		most = at_once;
	/* filling a part takes next to nothing of the time of sending it */
	size_t parts = larger(most, 2) * transfer_part_size(store, total);
	workers_open(&d->workers, store, most, parts < MEMORY ? parts : MEMORY);
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

/* From here on memory of that size is used again. */
static void set_spare_size(struct transfers *d, size_t size)
{
	pthread_mutex_lock(&d->lock);
	while (size != d->spare_size && d->spare_count > 0)
		unmap(d->spare[--d->spare_count], d->spare_size);
	d->spare_size = size;
	pthread_mutex_unlock(&d->lock);
}

static size_t pages_of(size_t size)
{
	return (larger(size, 1) + PAGE - 1) / PAGE * PAGE;
}

int transfer_take_memory(
	struct transfers *d, size_t size, int64_t *patience, void **bytes, struct fail *f)
{
	if (workers_take_memory(&d->workers, pages_of(size), patience, f) != 0)
		return -1;
	*bytes = memory_for(d, size);
	return 0;
}

void transfer_drop_memory(struct transfers *d, void *bytes, size_t size)
{
	drop_memory(d, bytes, size);
	workers_give_memory(&d->workers, pages_of(size));
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

static void release_job(void *context)
{
	struct transfer_job *job = context;
	if (job->bytes != NULL)
		transfer_drop_memory(job->transfers, job->bytes, job->capacity);
	if (job->release_body != NULL)
		job->release_body(job->body.context);
	free(job->copy);
	free(job->path);
	free(job);
}

static struct transfer_job *new_job(struct transfers *d, const struct store_content *content)
{
	struct transfer_job *job = memory_get(1, sizeof(*job));
	job->transfers = d;
	job->path = text_copy(content->path);
	job->small.content = *content;
	job->small.content.path = job->path;
	return job;
}

static int add_job(struct transfers *d, job_function *run, struct transfer_job *job, struct fail *f)
{
	struct worker_job worker_job = {
		.run = run,
		.release = release_job,
		.context = job,
		.bytes = job->release_body != NULL ? job->small.content.size : job->size,
		.small = job->object == NULL && job->release_body == NULL,
	};
	if (job->object != NULL && d->store->kind->parts_in_order)
		worker_job.series = job->object;
	return workers_add(&d->workers, &worker_job, f);
}

/* Whole files. */

static int count_sent(const struct transfer_job *job, bool kept)
{
	transfer_count(job->transfers, kept ? 0 : job->small.content.size, kept);
	transfer_progress(job->transfers, job->size);
	return 0;
}

/* The last file, whose bytes are held, says that the others are there: it is always read back. */
static int verify_sent(const struct transfer_job *job, struct store *store,
	const struct store_content *content, struct fail *f)
{
	struct transfers *d = job->transfers;
	if (!d->by_size || job->copy != NULL)
		return transfer_verify(store, content, f);
	pthread_mutex_lock(&d->lock);
	d->unread++;
	pthread_mutex_unlock(&d->lock);
	return 0;
}

static bool is_listed_so(const struct transfer_job *job, const void *bytes)
{
	const struct store_object *listed = job->small.listed;
	uint8_t md5[MD5_BYTES];
	if (listed == NULL || listed->digest == NULL)
		return false;
	if (strcmp(listed->digest, job->small.content.sha256) == 0)
		return true;
	checksum_md5(bytes, job->size, md5);
	return etag_is_md5(listed->digest, md5);
}

static int send_small(void *context, struct store *store, struct fail *f)
{
	struct transfer_job *job = context;
	const struct store_content *content = &job->small.content;
	struct http_body body = {
		.bytes = job->copy != NULL ? job->copy : job->bytes, .size = job->size};
	enum store_has has = STORE_HAS_NOT;
	bool verified;
	if (is_listed_so(job, body.bytes))
		has = STORE_HAS_SAME;
	else if (job->small.listed != NULL && store_has_content(store, content, &has, f) != 0)
		return -1;
	if (has == STORE_HAS_SAME)
		return count_sent(job, true);
	if (store_put(store, content, &body, &verified, f) != 0)
		return -1;
	if (!verified && verify_sent(job, store, content, f) != 0)
		return -1;
	return count_sent(job, false);
}

/* What is read of it counts as progress. */
static int send_stream(void *context, struct store *store, struct fail *f)
{
	struct transfer_job *job = context;
	const struct store_content *content = &job->small.content;
	bool verified;
	if (job->body.rewind(job->body.context, f) != 0 ||
		store_put(store, content, &job->body, &verified, f) != 0)
		return -1;
	if (!verified && verify_sent(job, store, content, f) != 0)
		return -1;
	return count_sent(job, false);
}

static int check(void *context, struct store *store, struct fail *f)
{
	struct transfer_job *job = context;
	return store_has_content(store, &job->small.content, job->has, f);
}

static void hold_back(struct transfers *d, struct transfer_job *job, void *bytes)
{
	INVARIANT(d->last == NULL);
	job->copy = memory_get(job->size + 1, 1);
	memcpy(job->copy, bytes, job->size);
	transfer_drop_memory(d, bytes, job->size);
	d->last = job;
}

int transfer_small(
	struct transfers *d, const struct transfer_small *small, void *bytes, struct fail *f)
{
	struct transfer_job *job = new_job(d, &small->content);
	job->small.listed = small->listed;
	job->size = job->capacity = (size_t)small->content.size;
	if (small->is_last) {
		hold_back(d, job, bytes);
		return 0;
	}
	job->bytes = bytes;
	return add_job(d, send_small, job, f);
}

int transfer_stream(struct transfers *d, const struct store_content *content,
	const struct http_body *body, void (*release)(void *context), struct fail *f)
{
	struct transfer_job *job = new_job(d, content);
	job->body = *body;
	job->release_body = release;
	return add_job(d, send_stream, job, f);
}

int transfer_check(struct transfers *d, const struct store_content *content, enum store_has *has,
	struct fail *f)
{
	struct transfer_job *job = new_job(d, content);
	job->has = has;
	return add_job(d, check, job, f);
}

/* Files in parts. */

static int make_object(void *context, struct store *store, struct fail *f)
{
	struct transfer_job *job = context;
	struct transfer_object *object = job->object;
	struct store_upload *upload = &object->upload;
	if (store->kind->finish(store, upload, f) != 0)
		return fail_wrap(f, "artifact %.160s", object->path);
	if (!upload->verified && verify_sent(job, store, &upload->content, f) != 0)
		return -1;
	object->done = true;
	transfer_count(job->transfers, object->sent, object->sent == 0);
	return 0;
}

static int send_part(void *context, struct store *store, struct fail *f)
{
	struct transfer_job *job = context;
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
	transfer_progress(d, job->size);
	pthread_mutex_lock(&d->lock);
	object->sent += kept ? 0 : job->size;
	bool is_whole = --object->left == 0;
	bool is_held = is_whole && d->holds && d->held < d->workers.window.most;
	object->held = is_held; /* from the unlock on it may be let go at any time */
	d->held += is_held;
	pthread_mutex_unlock(&d->lock);
	return is_whole && !is_held ? make_object(job, store, f) : 0;
}

static void release_object(struct transfer_object *object)
{
	store_upload_release(&object->upload);
	free(object->path);
	free(object);
}

static struct transfer_object *new_object(
	const struct store *store, const struct store_content *content)
{
	struct transfer_object *new = memory_get(1, sizeof(*new));
	struct store_upload *upload = &new->upload;
	new->path = text_copy(content->path);
	upload->content = *content;
	upload->content.path = new->path;
	upload->part_size = transfer_part_size(store, content->size);
	upload->part_count =
		(unsigned)((content->size + upload->part_size - 1) / upload->part_size);
	upload->receipts = memory_get(upload->part_count, sizeof(*upload->receipts));
	new->left = upload->part_count;
	return new;
}

static void keep_object(struct transfers *d, struct transfer_object *object)
{
	set_spare_size(d, object->upload.part_size);
	pthread_mutex_lock(&d->lock);
	object->next = d->objects;
	d->objects = object;
	pthread_mutex_unlock(&d->lock);
}

static int begin_object(void *context, struct store *store, struct fail *f)
{
	struct transfer_job *job = context;
	struct transfer_object *object = new_object(store, &job->small.content);
	int result = store->kind->begin(store, &object->upload, f);
	if (result != 0)
		fail_wrap(f, "artifact %.160s", object->path);
	if (result != 0 || object->upload.whole) {
		release_object(object);
	} else {
		keep_object(job->transfers, object);
		job->begun->object = object;
	}
	if (result == 0)
		workers_set(&job->transfers->workers, &job->begun->done);
	return result;
}

int transfer_begin(struct transfers *d, const struct store_content *content,
	struct transfer_begun *begun, struct fail *f)
{
	struct transfer_job *job = new_job(d, content);
	job->begun = begun;
	begun->asked = true;
	return add_job(d, begin_object, job, f);
}

int transfer_wait_begun(
	struct transfers *d, const struct transfer_begun *begun, int64_t *patience, struct fail *f)
{
	return workers_wait_for(&d->workers, &begun->done, patience, f);
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
	struct transfer_job *job = new_job(d, &object->upload.content);
	job->object = object;
	job->part = object->read;
	job->bytes = bytes;
	job->size = transfer_next_part(object, &last, &job->capacity);
	object->read++;
	return add_job(d, send_part, job, f);
}

/* One that is held, and is no more. */
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
		struct transfer_job *job = new_job(d, &object->upload.content);
		job->object = object;
		if (add_job(d, make_object, job, f) != 0)
			return -1;
	}
	return 0;
}

int transfers_send_last(struct transfers *d, struct fail *f)
{
	struct transfer_job *job = d->last;
	d->last = NULL;
	if (job == NULL)
		return 0;
	return add_job(d, send_small, job, f) == 0 ? workers_wait(&d->workers, f) : -1;
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

int transfers_wait_checks(struct transfers *d, struct fail *f)
{
	return workers_wait(&d->workers, f);
}

void transfers_settle(struct transfers *d)
{
	struct fail ignored;
	(void)!workers_wait(&d->workers, &ignored);
}

/* Credentials that ran out can be had anew: the parts stay for the next call. */
static bool is_permanent(const struct fail *f)
{
	return f != NULL && (f->status == STATUS_UNACCEPTABLE || f->status == STATUS_REFUSED);
}

void transfers_release(struct transfers *d, const struct fail *f)
{
	struct fail own;
	if (d->last != NULL)
		release_job(d->last);
	d->last = NULL;
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
