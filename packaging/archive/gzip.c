#include "packaging/archive/gzip.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/fail.h"
#include "base/input.h"
#include "base/memory.h"
#include "base/panic.h"
#include "base/stop.h"
#include "packaging/archive/parallel_deflate.h"

#define CHUNK 65536
#define GZIP_WINDOW (MAX_WBITS + 16) /* zlib's way to say: with gzip's header and trailer */
#define TRAILER 8		     /* CRC and size, each of four bytes, the lowest first */
#define BLOCK_HEAD 5 /* of a stored block that begins on a byte: 0, size, its complement */
#define BLOCK_MAX 65535

struct gzip_deflate {
	struct parallel_deflate *parallel;
	uint32_t crc, size; /* of what was compressed or stored */
	bool stores;
	size_t held; /* bytes in the block that wait */
	uint8_t block[BLOCK_HEAD + BLOCK_MAX];
};

static int take_compressed(void *context, const void *bytes, size_t size, struct fail *f)
{
	struct gzip_writer *w = context;
	return file_write(&w->file, bytes, size, f);
}

int gzip_writer_open(
	const char *path, bool is_private, unsigned threads, struct gzip_writer *w, struct fail *f)
{
	*w = (struct gzip_writer){0};
	if (file_create_for(path, is_private, &w->file, f) != 0)
		return -1;
	w->deflate = memory_get(1, sizeof(*w->deflate));
	w->deflate->parallel = parallel_deflate_open(threads, take_compressed, w);
	/* deflate, no flags, no time, fastest, Unix */
	static const uint8_t header[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 3};
	if (file_write(&w->file, header, sizeof(header), f) == 0)
		return 0;
	gzip_writer_discard(w);
	return -1;
}

/* RFC 1951 section 3.2.4 */
static int write_block(struct gzip_writer *w, bool last, struct fail *f)
{
	struct gzip_deflate *d = w->deflate;
	uint16_t size = (uint16_t)d->held, complement = (uint16_t)~size;
	uint8_t head[BLOCK_HEAD] = {last, (uint8_t)size, (uint8_t)(size >> 8), (uint8_t)complement,
		(uint8_t)(complement >> 8)};
	memcpy(d->block, head, BLOCK_HEAD);
	d->held = 0;
	return file_write(&w->file, d->block, BLOCK_HEAD + size, f);
}

static int store(struct gzip_writer *w, const uint8_t *at, size_t size, struct fail *f)
{
	struct gzip_deflate *d = w->deflate;
	while (size > 0) {
		size_t room = BLOCK_MAX - d->held;
		size_t count = size < room ? size : room;
		memcpy(d->block + BLOCK_HEAD + d->held, at, count);
		d->held += count;
		at += count;
		size -= count;
		if (d->held == BLOCK_MAX && write_block(w, false, f) != 0)
			return -1;
	}
	return 0;
}

int gzip_writer_store(struct gzip_writer *w, bool stores, struct fail *f)
{
	struct gzip_deflate *d = w->deflate;
	if (d->stores == stores)
		return 0;
	d->stores = stores;
	if (stores)
		return parallel_deflate_flush(d->parallel, f);
	return d->held > 0 ? write_block(w, false, f) : 0;
}

int gzip_writer_add(struct gzip_writer *w, const void *bytes, size_t size, struct fail *f)
{
	struct gzip_deflate *d = w->deflate;
	d->crc = libdeflate_crc32(d->crc, bytes, size);
	d->size += (uint32_t)size; /* modulo 2 to the 32nd, as RFC 1952 has it */
	return d->stores ? store(w, bytes, size, f)
			 : parallel_deflate_add(d->parallel, bytes, size, f);
}

static void release_deflate(struct gzip_writer *w)
{
	if (w->deflate != NULL)
		parallel_deflate_release(w->deflate->parallel);
	free(w->deflate);
	w->deflate = NULL;
}

static void put_word(uint8_t *at, uint32_t word)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(word >> 8 * i);
}

static int write_trailer(struct gzip_writer *w, struct fail *f)
{
	uint8_t trailer[TRAILER];
	put_word(trailer, w->deflate->crc);
	put_word(trailer + 4, w->deflate->size);
	return file_write(&w->file, trailer, sizeof(trailer), f);
}

int gzip_writer_finish(struct gzip_writer *w, struct fail *f)
{
	int result = parallel_deflate_flush(w->deflate->parallel, f);
	if (result == 0)
		result = write_block(w, true, f);
	if (result == 0)
		result = write_trailer(w, f);
	release_deflate(w);
	if (result == 0)
		return file_finish(&w->file, f);
	file_discard(&w->file);
	return -1;
}

void gzip_writer_discard(struct gzip_writer *w)
{
	release_deflate(w);
	file_discard(&w->file);
}

struct gzip_inflate {
	z_stream stream;
	uint32_t crc, size; /* of what came out */
	int fd;
	bool ended;
	uint8_t in[CHUNK];
	uint8_t out[CHUNK];
};

int gzip_reader_open(const char *path, struct gzip_reader *r, struct fail *f)
{
	int fd;
	if (input_open(path, "cannot be opened", &fd, f) != 0)
		return -1;
	r->inflate = memory_get(1, sizeof(*r->inflate));
	r->inflate->fd = fd;
	if (inflateInit2(&r->inflate->stream, GZIP_WINDOW) != Z_OK)
		panic_out_of_memory();
	INVARIANT(inflateValidate(&r->inflate->stream, 0) == Z_OK); /* check_sum does */
	return 0;
}

/* Read more of the file; *got 0 at its end. */
static int fill(struct gzip_reader *r, size_t *got, struct fail *f)
{
	struct gzip_inflate *i = r->inflate;
	if (stop_or_late(f) != 0 ||
		input_read(i->fd, "cannot be read", i->in, sizeof(i->in), got, f) != 0)
		return -1;
	i->stream.next_in = i->in;
	i->stream.avail_in = (uInt)*got;
	if (r->progress != NULL)
		progress_add(r->progress, *got);
	return 0;
}

static uint32_t get_word(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The file ends with the member, so that the trailer is its last bytes. */
static int check_sum(const struct gzip_inflate *i, struct fail *f)
{
	uint8_t trailer[TRAILER];
	off_t end = lseek(i->fd, 0, SEEK_CUR);
	if (end < TRAILER || pread(i->fd, trailer, TRAILER, end - TRAILER) != TRAILER)
		return fail_errno(f, fail_input_status(errno), "cannot be read");
	if (get_word(trailer) == i->crc && get_word(trailer + 4) == i->size)
		return 0;
	return fail_set(f, STATUS_UNACCEPTABLE, "not a whole gzip stream: its checksum is another");
}

static int check_end(struct gzip_reader *r, struct fail *f)
{
	struct gzip_inflate *i = r->inflate;
	size_t more = i->stream.avail_in;
	i->ended = true;
	if (more == 0 && fill(r, &more, f) != 0)
		return -1;
	if (more > 0)
		return fail_set(f, STATUS_UNACCEPTABLE, "bytes follow the end of the package");
	return check_sum(i, f);
}

/* One call of inflate; *size is what came out of it. */
static int inflate_some(struct gzip_reader *r, size_t *size, struct fail *f)
{
	struct gzip_inflate *i = r->inflate;
	size_t got = i->stream.avail_in;
	if (got == 0 && fill(r, &got, f) != 0)
		return -1;
	if (got == 0)
		return fail_set(f, STATUS_UNACCEPTABLE, "cut short: the gzip stream does not end");
	i->stream.next_out = i->out;
	i->stream.avail_out = sizeof(i->out);
	int state = inflate(&i->stream, Z_NO_FLUSH);
	if (state == Z_MEM_ERROR)
		panic_out_of_memory();
	if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR)
		return fail_set(f, STATUS_UNACCEPTABLE, "not a whole gzip stream: %s",
			i->stream.msg != NULL ? i->stream.msg : "a dictionary is asked for");
	*size = sizeof(i->out) - i->stream.avail_out;
	i->crc = libdeflate_crc32(i->crc, i->out, *size);
	i->size += (uint32_t)*size;
	return state == Z_STREAM_END ? check_end(r, f) : 0;
}

int gzip_reader_bounded(const struct gzip_reader *r, size_t overlap, struct fail *f)
{
	if (r->given <= r->most || r->given - r->most <= overlap)
		return 0;
	return fail_set(
		f, STATUS_UNACCEPTABLE, "expands beyond the sizes that its manifest states");
}

int gzip_reader_next(struct gzip_reader *r, const void **bytes, size_t *size, struct fail *f)
{
	*size = 0;
	*bytes = r->inflate->out;
	while (*size == 0 && !r->inflate->ended)
		if (inflate_some(r, size, f) != 0)
			return -1;
	r->given += *size;
	return gzip_reader_bounded(r, sizeof(r->inflate->out), f);
}

void gzip_reader_release(struct gzip_reader *r)
{
	if (r->inflate == NULL)
		return;
	inflateEnd(&r->inflate->stream);
	close(r->inflate->fd);
	free(r->inflate);
	r->inflate = NULL;
}
