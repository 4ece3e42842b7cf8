#include "packaging/archive/parallel_deflate.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/memory.h"
#include "base/panic.h"
#include "base/thread.h"

#define LEVEL 1 /* higher ones cost more than they gain here */
#define DICTIONARY ((size_t)32 << 10)
/* zlib's bound for a piece (deflateBound), and the empty block at its end */
#define OUT (DEFLATE_PIECE + (DEFLATE_PIECE >> 12) + (DEFLATE_PIECE >> 14) + 64)

struct piece {
	bool done;
	bool follows; /* another one, the end of which is its dictionary */
	size_t size, out_size;
	uint8_t in[DICTIONARY + DEFLATE_PIECE]; /* the dictionary ends where the piece begins */
	uint8_t out[OUT];
};

/* Pieces are counted from the first; piece n is in ring[n % ring_size]. */
struct parallel_deflate {
	unsigned threads;
	parallel_deflate_sink *sink;
	void *context;
	struct piece *ring[DEFLATE_THREADS_MAX + 1];
	unsigned ring_size;
	uint64_t filled;  /* the piece that is being filled */
	uint64_t written; /* those before it were given to the sink */
	bool filling;	  /* it has bytes */
	bool follows;	  /* it follows another one */
	z_stream own;	  /* of the caller's thread, once it has something to compress */
	pthread_t ids[DEFLATE_THREADS_MAX];
	unsigned started;
	pthread_mutex_t lock; /* of what follows, of `filled`, and of `done` of pieces */
	pthread_cond_t changed;
	uint64_t begun; /* the next piece for a thread */
	bool ending;
};

static struct piece *piece_at(const struct parallel_deflate *s, uint64_t number)
{
	return s->ring[number % s->ring_size];
}

static void stream_open(z_stream *stream)
{
	*stream = (z_stream){0};
	if (deflateInit2(stream, LEVEL, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		panic_out_of_memory();
}

static void compress_piece(z_stream *stream, struct piece *piece)
{
	INVARIANT(deflateReset(stream) == Z_OK);
	if (piece->follows)
		INVARIANT(deflateSetDictionary(stream, piece->in, DICTIONARY) == Z_OK);
	stream->next_in = piece->in + DICTIONARY;
	stream->avail_in = (uInt)piece->size;
	stream->next_out = piece->out;
	stream->avail_out = sizeof(piece->out);
	INVARIANT(deflate(stream, Z_SYNC_FLUSH) == Z_OK && stream->avail_out > 0);
	piece->out_size = sizeof(piece->out) - stream->avail_out;
}

static void *work(void *context)
{
	struct parallel_deflate *s = context;
	z_stream stream;
	stream_open(&stream);
	pthread_mutex_lock(&s->lock);
	for (;;) {
		while (!s->ending && s->begun == s->filled)
			pthread_cond_wait(&s->changed, &s->lock);
		if (s->ending)
			break;
		struct piece *piece = piece_at(s, s->begun++);
		pthread_mutex_unlock(&s->lock);
		compress_piece(&stream, piece);
		pthread_mutex_lock(&s->lock);
		piece->done = true;
		pthread_cond_broadcast(&s->changed);
	}
	pthread_mutex_unlock(&s->lock);
	deflateEnd(&stream);
	return NULL;
}

/* Fewer than asked for only take longer; none, and the caller's own does it all. */
static void start_threads(struct parallel_deflate *s)
{
	struct fail ignored;
	unsigned wanted = s->threads > 1 ? s->threads : 0;
	while (s->started < wanted && thread_start(&s->ids[s->started], work, s, &ignored) == 0)
		s->started++;
	s->threads = s->started;
}

struct parallel_deflate *parallel_deflate_open(
	unsigned threads, parallel_deflate_sink *sink, void *context)
{
	struct parallel_deflate *s = memory_get(1, sizeof(*s));
	INVARIANT(threads >= 1 && threads <= DEFLATE_THREADS_MAX);
	*s = (struct parallel_deflate){.threads = threads, .sink = sink, .context = context};
	s->ring_size = threads + 1;
	INVARIANT(pthread_mutex_init(&s->lock, NULL) == 0);
	INVARIANT(pthread_cond_init(&s->changed, NULL) == 0);
	return s;
}

static int write_piece(struct parallel_deflate *s, struct fail *f)
{
	struct piece *piece = piece_at(s, s->written);
	pthread_mutex_lock(&s->lock);
	while (!piece->done)
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
	s->written++;
	return s->sink(s->context, piece->out, piece->out_size, f);
}

/* The place of the next piece, which begins with what is to be its dictionary. */
static int begin_piece(struct parallel_deflate *s, struct fail *f)
{
	struct piece **place = &s->ring[s->filled % s->ring_size];
	if (s->filled - s->written == s->ring_size && write_piece(s, f) != 0)
		return -1;
	if (*place == NULL)
		*place = memory_get(1, sizeof(**place));
	struct piece *piece = *place;
	piece->done = false;
	piece->size = 0;
	piece->follows = s->follows;
	s->filling = true;
	/* only a full piece is followed */
	if (s->follows)
		memcpy(piece->in, piece_at(s, s->filled - 1)->in + DEFLATE_PIECE, DICTIONARY);
	return 0;
}

static void hand_over(struct parallel_deflate *s)
{
	struct piece *piece = piece_at(s, s->filled);
	if (s->started == 0 && piece->size == DEFLATE_PIECE)
		start_threads(s);
	if (s->started == 0) {
		if (s->own.state == NULL)
			stream_open(&s->own);
		compress_piece(&s->own, piece);
		piece->done = true;
	}
	pthread_mutex_lock(&s->lock);
	s->filled++;
	s->begun += s->started == 0;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	s->filling = false;
	s->follows = true;
}

int parallel_deflate_add(struct parallel_deflate *s, const void *bytes, size_t size, struct fail *f)
{
	for (const uint8_t *at = bytes; size > 0;) {
		if (!s->filling && begin_piece(s, f) != 0)
			return -1;
		struct piece *piece = piece_at(s, s->filled);
		size_t room = DEFLATE_PIECE - piece->size;
		size_t count = size < room ? size : room;
		memcpy(piece->in + DICTIONARY + piece->size, at, count);
		piece->size += count;
		at += count;
		size -= count;
		if (piece->size == DEFLATE_PIECE)
			hand_over(s);
	}
	return 0;
}

int parallel_deflate_flush(struct parallel_deflate *s, struct fail *f)
{
	if (s->filling)
		hand_over(s);
	while (s->written < s->filled)
		if (write_piece(s, f) != 0)
			return -1;
	s->follows = false;
	return 0;
}

void parallel_deflate_release(struct parallel_deflate *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	while (s->started > 0)
		pthread_join(s->ids[--s->started], NULL);
	deflateEnd(&s->own);
	for (unsigned i = 0; i < s->ring_size; i++)
		free(s->ring[i]);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

const char *parallel_deflate_library_version(void)
{
	return zlibVersion();
}
