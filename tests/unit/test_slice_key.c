/* Keys of slices: OrderedCode's bytes, the order that they must have, and the name read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "packaging/savedmodel/slice_key.h"
#include "table_maker.h"

/* numbers in ascending order, with their code */
static const struct {
	int64_t value;
	const char *hex;
} numbers[] = {
	{INT64_MIN, "003f8000000000000000"},
	{-8193, "1fdfff"},
	{-65, "3fbf"},
	{-64, "40"},
	{-1, "7f"},
	{0, "80"},
	{63, "bf"},
	{64, "c040"},
	{96, "c060"},
	{8191, "dfff"},
	{8192, "e02000"},
	{1099511627776, "fd0000000000"},
	{INT64_MAX, "ffc07fffffffffffffff"},
};

static void code(struct text *out, int64_t value)
{
	struct text both = {0};
	slice_key_add(&both, value, 0);
	text_clear(out);
	text_add(out, both.data, both.size - 1); /* the 0 is one byte */
	text_release(&both);
}

static void numbers_have_their_code(void **state)
{
	struct text key = {0};
	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char hex[64];
		code(&key, numbers[i].value);
		text_hex(hex, (const uint8_t *)key.data, key.size);
		assert_string_equal(hex, numbers[i].hex);
	}
	text_release(&key);
}

static void codes_sort_as_their_numbers(void **state)
{
	struct text less = {0}, more = {0};
	(void)state;
	for (size_t i = 1; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		code(&less, numbers[i - 1].value);
		code(&more, numbers[i].value);
		assert_true(memcmp(less.data, more.data,
				    less.size < more.size ? less.size : more.size) < 0);
	}
	text_release(&less);
	text_release(&more);
}

static void a_key_is_what_tensorflow_writes(void **state)
{
	/* rows 0 to 47 of a matrix of 64 columns, as read from a checkpoint of TensorFlow 2.21 */
	static const char expected[] = "\0tables/0\0\1\1\2\x80\xb0\x80\xc0\x40";
	struct text key = {0}, name = {0};
	(void)state;
	slice_key_begin(&key, "tables/0", 8, 2);
	slice_key_add(&key, 0, 48);
	slice_key_add(&key, 0, 64);
	assert_int_equal(key.size, sizeof(expected) - 1);
	assert_memory_equal(key.data, expected, key.size);
	slice_key_name(&name, key.data, key.size);
	assert_string_equal(text_string(&name), "tables/0");
	text_release(&key);
	text_release(&name);
}

static void names_with_any_byte_come_back(void **state)
{
	static const char odd[] = "a\0b\xff\x01"
				  "c\0";
	struct text key = {0}, name = {0};
	(void)state;
	slice_key_begin(&key, odd, sizeof(odd) - 1, 1);
	slice_key_name(&name, key.data, key.size);
	assert_int_equal(name.size, sizeof(odd) - 1);
	assert_memory_equal(name.data, odd, name.size);
	text_release(&key);
	text_release(&name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_their_code),
		cmocka_unit_test(codes_sort_as_their_numbers),
		cmocka_unit_test(a_key_is_what_tensorflow_writes),
		cmocka_unit_test(names_with_any_byte_come_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
