/* Raw Snappy streams: what they say, and every way in which they cannot be. */
#include "unit.h"

#include "packaging/savedmodel/snappy.h"

#define MAX 1000000

struct row {
	const char *bytes;
	size_t size;
	const char *decoded; /* or NULL */
	const char *error;
};

#define ROW(bytes, decoded, error)                                                                 \
	{                                                                                          \
		bytes, sizeof(bytes) - 1, decoded, error                                           \
	}

static const struct row rows[] = {
	ROW("\x00", "", NULL),
	ROW("\x05\x10hello", "hello", NULL),
	ROW("\x05\x08hel\x04lo", "hello", NULL),
	ROW("\x05\xf0\x04hello", "hello", NULL),	     /* a length of one byte */
	ROW("\x05\xf4\x04\x00hello", "hello", NULL),	     /* two */
	ROW("\x05\xf8\x04\x00\x00hello", "hello", NULL),     /* three */
	ROW("\x05\xfc\x04\x00\x00\x00hello", "hello", NULL), /* four */
	ROW("\x09\x00"
	    "a\x11\x01",
		"aaaaaaaaa", NULL), /* a copy of eight from one before */
	ROW("\x08\x0c"
	    "abcd\x01\x04",
		"abcdabcd", NULL),
	ROW("\x08\x0c"
	    "abcd\x0e\x04\x00",
		"abcdabcd", NULL),
	ROW("\x08\x0c"
	    "abcd\x0f\x04\x00\x00\x00",
		"abcdabcd", NULL),
	ROW("\x06\x08"
	    "abc\x0a\x03\x00",
		"abcabc", NULL),
	ROW("\x85\x80\x00\x10hello", "hello", NULL), /* a longer form of 5 */

	ROW("", NULL, "its size is no number"),
	ROW("\x85", NULL, "its size is no number"),
	ROW("\xff\xff\xff\xff\x1f", NULL, "its size is no number"),
	ROW("\x80\x80\x80\x80\x80\x01", NULL, "its size is no number"),
	ROW("\xff\xff\xff\xff\x0f", NULL, "it is larger than is read"),
	ROW("\xc1\x84\x3d", NULL, "it is larger than is read"), /* MAX + 1 */
	ROW("\xc0\x84\x3d", NULL, "a size that so few bytes cannot have"),
	ROW("\x05", NULL, "fewer bytes than its size says"),
	ROW("\x06\x10hello", NULL, "fewer bytes than its size says"),
	ROW("\x04\x10hello", NULL, "more bytes than its size says"),
	ROW("\x00\x00x", NULL, "more bytes than its size says"),
	ROW("\x05\x10hell", NULL, "a literal that is cut short"),
	ROW("\x05\x10", NULL, "a literal that is cut short"),
	ROW("\x05\xf0", NULL, "a literal that is cut short"),
	ROW("\x05\xfc\x04\x00\x00", NULL, "a literal that is cut short"),
	ROW("\x05\xfc\xff\xff\xff\xffhello", NULL, "a literal that is cut short"),
	ROW("\x08\x01\x01", NULL, "a copy from before its beginning"),
	ROW("\x08\x0c"
	    "abcd\x01\x00",
		NULL, "a copy from before its beginning"),
	ROW("\x08\x0c"
	    "abcd\x01\x05",
		NULL, "a copy from before its beginning"),
	ROW("\x08\x0c"
	    "abcd\x21\x04",
		NULL, "a copy from before its beginning"), /* 260 */
	ROW("\x08\x0c"
	    "abcd\x0f\xff\xff\xff\xff",
		NULL, "a copy from before its beginning"),
	ROW("\x07\x0c"
	    "abcd\x01\x04",
		NULL, "more bytes than its size says"),
	ROW("\x08\x0c"
	    "abcd\x01",
		NULL, "a copy that is cut short"),
	ROW("\x08\x0c"
	    "abcd\x0e\x04",
		NULL, "a copy that is cut short"),
	ROW("\x08\x0c"
	    "abcd\x0f\x04\x00\x00",
		NULL, "a copy that is cut short"),
};

/* A copy of exactly that size, so that a read beyond it is seen. */
static const char *decode(const char *bytes, size_t size, uint8_t **out, size_t *out_size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);
	memcpy(copy, bytes, size);
	const char *error = snappy_decode(copy, size, MAX, out, out_size);
	free(copy);
	return error;
}

static void streams_decode_or_say_why_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t *out;
		size_t size;
		char name[32];
		snprintf(name, sizeof(name), "row %zu", i);
		const char *error = decode(rows[i].bytes, rows[i].size, &out, &size);
		if (rows[i].error != NULL) {
			assert_row(error != NULL && strcmp(error, rows[i].error) == 0, name);
			assert_row(out == NULL && size == 0, name);
			continue;
		}
		assert_row(error == NULL, name);
		assert_row(size == strlen(rows[i].decoded), name);
		assert_row(memcmp(out, rows[i].decoded, size) == 0, name);
		free(out);
	}
}

static void a_stream_of_copies_may_be_as_small_as_the_format_allows(void **state)
{
	/* 1 + 64 * 64 bytes: a literal, then copies of 64 from one before */
	char bytes[4 + 64 * 3] = "\x81\x20\x00z";
	uint8_t *out;
	size_t size;
	(void)state;
	for (size_t i = 0; i < 64; i++)
		memcpy(bytes + 4 + 3 * i, "\xfe\x01\x00", 3);
	assert_null(decode(bytes, sizeof(bytes), &out, &size));
	assert_int_equal(size, 4097);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(out[i], 'z');
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_decode_or_say_why_not),
		cmocka_unit_test(a_stream_of_copies_may_be_as_small_as_the_format_allows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
