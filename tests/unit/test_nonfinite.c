/* NaN and Inf: bit patterns of every type, at every place, in pieces of every size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "packaging/savedmodel/dtype.h"
#include "packaging/savedmodel/nonfinite.h"

#define BYTES 1200 /* some runs and a rest */

/* One element's pattern, the lowest byte first in the file. */
static const struct {
	int dtype;
	size_t size;
	uint64_t low, high; /* high: the second half of 16 bytes */
	int nan, inf;
} rows[] = {
	{DTYPE_HALF, 2, 0x7c01, 0, 1, 0},
	{DTYPE_HALF, 2, 0xfe00, 0, 1, 0},
	{DTYPE_HALF, 2, 0x7c00, 0, 0, 1},
	{DTYPE_HALF, 2, 0xfc00, 0, 0, 1},
	{DTYPE_HALF, 2, 0x7bff, 0, 0, 0},
	{DTYPE_HALF, 2, 0xfbff, 0, 0, 0},
	{DTYPE_BFLOAT16, 2, 0x7fc0, 0, 1, 0},
	{DTYPE_BFLOAT16, 2, 0xff80, 0, 0, 1},
	{DTYPE_BFLOAT16, 2, 0x7f7f, 0, 0, 0},
	{DTYPE_FLOAT, 4, 0x7fc00000, 0, 1, 0},
	{DTYPE_FLOAT, 4, 0xff800001, 0, 1, 0},
	{DTYPE_FLOAT, 4, 0x7f800000, 0, 0, 1},
	{DTYPE_FLOAT, 4, 0xff800000, 0, 0, 1},
	{DTYPE_FLOAT, 4, 0x7f7fffff, 0, 0, 0},
	{DTYPE_FLOAT, 4, 0xff7fffff, 0, 0, 0},
	{DTYPE_FLOAT, 4, 0x80000000, 0, 0, 0},
	{DTYPE_DOUBLE, 8, 0x7ff0000000000001, 0, 1, 0},
	{DTYPE_DOUBLE, 8, 0xfff0000000000000, 0, 0, 1},
	{DTYPE_DOUBLE, 8, 0x7fefffffffffffff, 0, 0, 0},
	{DTYPE_COMPLEX64, 8, 0x3f8000007fc00000, 0, 1, 0},
	{DTYPE_COMPLEX64, 8, 0x7f8000007fc00000, 0, 1, 0},
	{DTYPE_COMPLEX64, 8, 0x7f80000000000000, 0, 0, 1},
	{DTYPE_COMPLEX128, 16, 0, 0x7ff8000000000000, 1, 0},
	{DTYPE_COMPLEX128, 16, 0x7ff0000000000000, 0xfff0000000000000, 0, 1},
	{3, 4, 0x7fc00000, 0, 0, 0}, /* int32 */
	{DTYPE_STRING, 4, 0x7fc00000, 0, 0, 0},
};

static void put(uint8_t *out, size_t row)
{
	for (size_t i = 0; i < rows[row].size; i++) {
		uint64_t half = i < 8 ? rows[row].low : rows[row].high;
		out[i] = (uint8_t)(half >> (8 * (i % 8)));
	}
}

static void a_pattern_is_counted_wherever_it_lies(void **state)
{
	uint8_t bytes[BYTES];
	(void)state;
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
		for (size_t at = 0; at + rows[row].size <= BYTES; at += rows[row].size) {
			struct nonfinite scan;
			memset(bytes, 0x11, sizeof(bytes));
			put(bytes + at, row);
			nonfinite_begin(&scan, rows[row].dtype);
			nonfinite_add(&scan, bytes, sizeof(bytes));
			assert_int_equal(scan.nan, rows[row].nan);
			assert_int_equal(scan.inf, rows[row].inf);
			if (scan.nan + scan.inf > 0)
				assert_int_equal(scan.first, at);
		}
}

static void pieces_count_as_the_whole(void **state)
{
	uint8_t bytes[BYTES];
	(void)state;
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
		for (size_t piece = 1; piece < 600; piece += piece < 20 ? 1 : 41) {
			struct nonfinite scan;
			memset(bytes, 0, sizeof(bytes));
			put(bytes + 480, row);
			put(bytes + 1184, row);
			nonfinite_begin(&scan, rows[row].dtype);
			for (size_t at = 0; at < BYTES; at += piece)
				nonfinite_add(
					&scan, bytes + at, piece < BYTES - at ? piece : BYTES - at);
			assert_int_equal(scan.nan, 2 * rows[row].nan);
			assert_int_equal(scan.inf, 2 * rows[row].inf);
			if (scan.nan + scan.inf > 0)
				assert_int_equal(scan.first, 480);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_is_counted_wherever_it_lies),
		cmocka_unit_test(pieces_count_as_the_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
