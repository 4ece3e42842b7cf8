/* Compression: whatever the threads and the cuts, the same bytes come out, and inflate to what went
 * in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/fail.h"
#include "base/text.h"
#include "packaging/archive/parallel_deflate.h"

#define MOST (6 * DEFLATE_PIECE + 77)

static int gather(void *context, const void *bytes, size_t size, struct fail *f)
{
	(void)f;
	text_add(context, bytes, size);
	return 0;
}

static int refuse(void *context, const void *bytes, size_t size, struct fail *f)
{
	int *left = context;
	(void)bytes;
	(void)size;
	return (*left)-- > 0 ? 0 : fail_set(f, STATUS_DISK, "full");
}

/* Words that come again, so that there is something to refer to; or bytes that never do. */
static void fill(uint8_t *bytes, size_t size, bool random)
{
	static const char *const words[] = {"pike ", "perch ", "trout ", "carp ", "zander "};
	uint32_t state = 7;
	for (size_t at = 0; at < size;) {
		state = state * 1664525 + 1013904223;
		if (random) {
			bytes[at++] = (uint8_t)(state >> 24);
			continue;
		}
		const char *word = words[(state >> 16) % 5];
		for (; *word != '\0' && at < size; word++)
			bytes[at++] = (uint8_t)*word;
	}
}

static void parallel_deflate_all(const uint8_t *bytes, size_t size, unsigned threads, size_t cut,
	size_t flush_at, struct text *out)
{
	struct fail f;
	struct parallel_deflate *s = parallel_deflate_open(threads, gather, out);
	for (size_t at = 0; at < size;) {
		size_t count = size - at < cut ? size - at : cut;
		if (at < flush_at && at + count > flush_at)
			count = flush_at - at;
		assert_int_equal(parallel_deflate_add(s, bytes + at, count, &f), 0);
		at += count;
		if (at == flush_at)
			assert_int_equal(parallel_deflate_flush(s, &f), 0);
	}
	assert_int_equal(parallel_deflate_flush(s, &f), 0);
	parallel_deflate_release(s);
}

static void assert_inflates_to(const struct text *compressed, const uint8_t *bytes, size_t size)
{
	static const uint8_t end[] = {1, 0, 0, 0xff, 0xff}; /* an empty block, the last one */
	struct text whole = {0};
	uint8_t *out = malloc(size + 1);
	text_add(&whole, compressed->data, compressed->size);
	text_add(&whole, end, sizeof(end));
	z_stream stream = {.next_in = (Bytef *)whole.data,
		.avail_in = (uInt)whole.size,
		.next_out = out,
		.avail_out = (uInt)size + 1};
	assert_int_equal(inflateInit2(&stream, -MAX_WBITS), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.total_out, size);
	assert_memory_equal(out, bytes, size);
	inflateEnd(&stream);
	text_release(&whole);
	free(out);
}

static void threads_and_cuts_do_not_matter(void **state)
{
	static const size_t sizes[] = {0, 1, 1000, DEFLATE_PIECE - 1, DEFLATE_PIECE,
		DEFLATE_PIECE + 1, 3 * DEFLATE_PIECE, MOST};
	static const size_t cuts[] = {MOST, 65536, 4099};
	static uint8_t bytes[MOST];
	(void)state;
	for (int random = 0; random < 2; random++) {
		fill(bytes, sizeof(bytes), random != 0);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct text one = {0};
			parallel_deflate_all(bytes, sizes[i], 1, MOST, sizes[i] / 3, &one);
			assert_inflates_to(&one, bytes, sizes[i]);
			for (unsigned threads = 1; threads <= DEFLATE_THREADS_MAX; threads++) {
				struct text other = {0};
				parallel_deflate_all(bytes, sizes[i], threads, cuts[threads % 3],
					sizes[i] / 3, &other);
				assert_int_equal(other.size, one.size);
				if (one.size > 0)
					assert_memory_equal(other.data, one.data, one.size);
				text_release(&other);
			}
			text_release(&one);
		}
	}
}

/* What zlib makes of it in one stream, or less: the dictionaries see to that. */
static void pieces_cost_next_to_nothing(void **state)
{
	static uint8_t bytes[MOST], whole[MOST];
	uLongf size = sizeof(whole);
	struct text out = {0};
	(void)state;
	fill(bytes, sizeof(bytes), false);
	assert_int_equal(compress2(whole, &size, bytes, sizeof(bytes), 1), Z_OK);
	parallel_deflate_all(bytes, sizeof(bytes), 2, MOST, MOST, &out);
	assert_true(out.size < size + size / 100);
	text_release(&out);
}

static void a_sink_that_fails_ends_it(void **state)
{
	static uint8_t bytes[MOST];
	(void)state;
	for (unsigned threads = 1; threads <= 3; threads += 2) {
		for (int works = 0; works < 7; works++) {
			int left = works;
			struct fail f = {0};
			struct parallel_deflate *s = parallel_deflate_open(threads, refuse, &left);
			int result = parallel_deflate_add(s, bytes, sizeof(bytes), &f);
			if (result == 0)
				result = parallel_deflate_flush(s, &f);
			assert_int_equal(result, -1);
			assert_int_equal(f.status, STATUS_DISK);
			parallel_deflate_release(s);
		}
	}
	parallel_deflate_release(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_and_cuts_do_not_matter),
		cmocka_unit_test(pieces_cost_next_to_nothing),
		cmocka_unit_test(a_sink_that_fails_ends_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
