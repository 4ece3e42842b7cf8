/* The checksum of gzip: published values, and bit by bit at every size, place and split. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "packaging/archive_crc32.h"

/* As RFC 1952 has it, one bit after the other. */
static uint32_t by_bits(uint32_t crc, const uint8_t *at, size_t size)
{
	crc = ~crc;
	for (; size > 0; at++, size--) {
		crc ^= *at;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void fill(uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * i + i / 7 + i / 256);
}

static void published_values_hold(void **state)
{
	(void)state;
	assert_int_equal(crc32_add(0, "", 0), 0);
	assert_int_equal(crc32_add(0, "123456789", 9), 0xcbf43926);
}

static void every_size_and_place_is_as_by_bits(void **state)
{
	static uint8_t bytes[1200];
	(void)state;
	fill(bytes, sizeof(bytes));
	for (size_t size = 0; size < sizeof(bytes) - 8; size += size < 300 ? 1 : 97)
		for (size_t at = 0; at < 8; at++)
			assert_int_equal(crc32_add(0xdeadbeef, bytes + at, size),
				by_bits(0xdeadbeef, bytes + at, size));
}

static void pieces_give_what_the_whole_gives(void **state)
{
	static uint8_t bytes[2000];
	(void)state;
	fill(bytes, sizeof(bytes));
	uint32_t whole = by_bits(0, bytes, sizeof(bytes));
	for (size_t cut = 0; cut <= sizeof(bytes); cut += 7) {
		uint32_t first = crc32_add(0, bytes, cut);
		assert_int_equal(crc32_add(first, bytes + cut, sizeof(bytes) - cut), whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_values_hold),
		cmocka_unit_test(every_size_and_place_is_as_by_bits),
		cmocka_unit_test(pieces_give_what_the_whole_gives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
