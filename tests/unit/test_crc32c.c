/* CRC-32C: published values, and both ways of computing it at every size, place and split. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "packaging/digest/crc32c.h"

static void published_values_hold(void **state)
{
	uint8_t zeros[32] = {0}, ones[32], up[32], down[32];
	(void)state;
	memset(ones, 0xff, sizeof(ones));
	for (uint8_t i = 0; i < 32; i++) {
		up[i] = i;
		down[i] = (uint8_t)(31 - i);
	}
	assert_int_equal(crc32c_add(0, zeros, 32), 0x8a9136aa);
	assert_int_equal(crc32c_add(0, ones, 32), 0x62a8ab43);
	assert_int_equal(crc32c_add(0, up, 32), 0x46dd794e);
	assert_int_equal(crc32c_add(0, down, 32), 0x113fdb5c);
	assert_int_equal(crc32c_add(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c_add(0, "", 0), 0);
}

static void both_ways_agree_at_every_size_and_place(void **state)
{
	static uint8_t bytes[7000];
	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * i + i / 7);
	for (size_t size = 0; size < sizeof(bytes) - 8; size += size < 80 ? 1 : 97)
		for (size_t at = 0; at < 8; at++)
			assert_int_equal(crc32c_add(0, bytes + at, size),
				crc32c_add_portable(0, bytes + at, size));
}

static void pieces_give_what_the_whole_gives(void **state)
{
	static uint8_t bytes[6500];
	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 31 + i / 256);
	uint32_t whole = crc32c_add_portable(0, bytes, sizeof(bytes));
	for (size_t cut = 0; cut <= sizeof(bytes); cut += 13) {
		uint32_t first = crc32c_add(0, bytes, cut);
		assert_int_equal(crc32c_add(first, bytes + cut, sizeof(bytes) - cut), whole);
	}
}

static void two_checksums_give_that_of_both_in_a_row(void **state)
{
	static uint8_t bytes[70000];
	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 300);
	uint32_t whole = crc32c_add(0, bytes, sizeof(bytes));
	for (size_t cut = 0; cut <= sizeof(bytes); cut += 1111) {
		uint32_t first = crc32c_add(0, bytes, cut);
		uint32_t second = crc32c_add(0, bytes + cut, sizeof(bytes) - cut);
		assert_int_equal(crc32c_join(first, second, sizeof(bytes) - cut), whole);
	}
	/* size matters: zeros do not leave a checksum as it is */
	assert_int_not_equal(crc32c_join(0xe3069283, 0, 1), 0xe3069283);
}

static void the_mask_is_leveldbs(void **state)
{
	(void)state;
	assert_int_equal(crc32c_mask(0), 0xa282ead8);
	assert_int_equal(crc32c_mask(0xe3069283), 0xc78ab0e5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_values_hold),
		cmocka_unit_test(both_ways_agree_at_every_size_and_place),
		cmocka_unit_test(pieces_give_what_the_whole_gives),
		cmocka_unit_test(two_checksums_give_that_of_both_in_a_row),
		cmocka_unit_test(the_mask_is_leveldbs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
