/* String tensors: lengths, their checksum, the strings; whole, in pieces, and broken in each part.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "packaging/savedmodel/string_tensor.h"
#include "table_maker.h"

/* "", 200 letters, "fish", as TensorFlow writes them; gives the entry's checksum, not masked. */
static uint32_t make_strings(struct text *out)
{
	static const uint32_t lengths[] = {0, 200, 4};
	struct text words = {0}, strings = {0};
	for (size_t i = 0; i < 3; i++) {
		put_varint(out, lengths[i]);
		put_fixed32(&words, lengths[i]);
	}
	uint32_t crc = crc32c_add(0, words.data, words.size);
	for (int i = 0; i < 200; i++)
		put_byte(&strings, (unsigned)('a' + i % 26));
	text_add_string(&strings, "fish");
	size_t stored = out->size;
	put_fixed32(out, crc32c_mask(crc));
	text_add(out, strings.data, strings.size);
	crc = crc32c_add(crc, out->data + stored, out->size - stored);
	text_release(&words);
	text_release(&strings);
	return crc;
}

static const char *read_pieces(
	const struct text *bytes, uint64_t elements, size_t piece, struct string_tensor *tensor)
{
	string_tensor_begin(tensor, elements);
	for (size_t at = 0; at < bytes->size; at += piece)
		string_tensor_add(tensor, bytes->data + at,
			piece < bytes->size - at ? piece : bytes->size - at);
	return string_tensor_finish(tensor);
}

static void strings_hold_in_pieces_of_every_size(void **state)
{
	struct text bytes = {0};
	struct string_tensor tensor;
	uint32_t crc = make_strings(&bytes);
	(void)state;
	for (size_t piece = 1; piece <= bytes.size; piece++) {
		assert_null(read_pieces(&bytes, 3, piece, &tensor));
		assert_int_equal(tensor.crc, crc);
	}
	text_release(&bytes);
}

static void any_changed_byte_shows_in_the_structure_or_the_checksum(void **state)
{
	struct text bytes = {0};
	struct string_tensor tensor;
	uint32_t crc = make_strings(&bytes);
	(void)state;
	for (size_t at = 0; at < bytes.size; at++) {
		bytes.data[at] ^= 4;
		const char *wrong = read_pieces(&bytes, 3, 7, &tensor);
		assert_true(wrong != NULL || tensor.crc != crc);
		bytes.data[at] ^= 4;
	}
	text_release(&bytes);
}

static void a_cut_or_a_longer_one_is_named(void **state)
{
	struct text bytes = {0};
	struct string_tensor tensor;
	make_strings(&bytes);
	(void)state;
	put_byte(&bytes, 'x');
	assert_string_equal(
		read_pieces(&bytes, 3, 50, &tensor), "it is longer than its lengths say");
	bytes.size -= 2;
	assert_string_equal(
		read_pieces(&bytes, 3, 50, &tensor), "it is shorter than its lengths say");
	bytes.size = 6;
	assert_string_equal(
		read_pieces(&bytes, 3, 50, &tensor), "it ends before its strings begin");
	text_release(&bytes);
}

static void absurd_lengths_are_named(void **state)
{
	struct text bytes = {0};
	struct string_tensor tensor;
	(void)state;
	for (int i = 0; i < 10; i++)
		put_byte(&bytes, 0xff);
	assert_string_equal(read_pieces(&bytes, 1, 50, &tensor), "a length of more than 64 bits");
	text_clear(&bytes);
	put_varint(&bytes, UINT64_MAX);
	put_varint(&bytes, 1);
	assert_string_equal(
		read_pieces(&bytes, 2, 50, &tensor), "its lengths add up to more than can be");
	assert_string_equal(read_pieces(&bytes, UINT64_MAX, 50, &tensor),
		"its lengths add up to more than can be");
	text_release(&bytes);
}

static void no_strings_are_a_checksum_alone(void **state)
{
	struct text bytes = {0};
	struct string_tensor tensor;
	(void)state;
	put_fixed32(&bytes, crc32c_mask(0));
	assert_null(read_pieces(&bytes, 0, 4, &tensor));
	text_release(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_hold_in_pieces_of_every_size),
		cmocka_unit_test(any_changed_byte_shows_in_the_structure_or_the_checksum),
		cmocka_unit_test(a_cut_or_a_longer_one_is_named),
		cmocka_unit_test(absurd_lengths_are_named),
		cmocka_unit_test(no_strings_are_a_checksum_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
