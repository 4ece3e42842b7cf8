/* Fingerprint64 against values of another implementation, at every branch of the algorithm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "packaging/digest/fingerprint64.h"

/* of the first `size` bytes of 3, 10, 17, ... (7 i + 3 modulo 256), from FarmHash's own code */
static const struct {
	size_t size;
	uint64_t hash;
} rows[] = {
	{0, 0x9ae16a3b2f90404f},
	{1, 0xbec09cc447469d8b},
	{3, 0x40b4412e33eefd64},
	{4, 0xf3c7ee05197a7b92},
	{7, 0x4fef0b39c12aa9a4},
	{8, 0x0c97ecbc1e9d2626},
	{9, 0xe51cf38098a5bfff},
	{16, 0x7eda0ed8c837a168},
	{17, 0xc9518fe63ebf6127},
	{31, 0xbd5ca6ee28fc43cb},
	{32, 0xa53f806f23a314e8},
	{33, 0xc24f9d7ce864f0e9},
	{63, 0x9643c13fc68d469c},
	{64, 0x0566266cb579eca2},
	{65, 0x77e0867714e6b0e4},
	{100, 0x9e17c36fe4a61b08},
	{127, 0xcaa19a12c8273b7e},
	{128, 0x666823960b3ac271},
	{129, 0x98206b8579bca083},
	{192, 0x3fb42d06dd42f727},
	{193, 0x9a1776a82b94f2b6},
	{300, 0xdfbced116079af13},
};

static void every_length_gives_the_known_hash(void **state)
{
	uint8_t bytes[300];
	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + 3);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(fingerprint64(bytes, rows[i].size) == rows[i].hash);
}

static void pieces_of_every_size_give_what_the_whole_gives(void **state)
{
	uint8_t bytes[300];
	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + 3);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t piece = 1; piece <= 130; piece++) {
			struct fingerprint64 hash = {0};
			for (size_t at = 0; at < rows[i].size; at += piece)
				fingerprint64_add(&hash, bytes + at,
					piece < rows[i].size - at ? piece : rows[i].size - at);
			assert_true(fingerprint64_finish(&hash) == rows[i].hash);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_gives_the_known_hash),
		cmocka_unit_test(pieces_of_every_size_give_what_the_whole_gives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
