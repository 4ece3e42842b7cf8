#include "packaging/savedmodel/nonfinite.h"

#include <string.h>

#include "packaging/savedmodel/dtype.h"

#define RUN 256 /* bytes that are judged together; a multiple of every element's size */

void nonfinite_begin(struct nonfinite *scan, int dtype)
{
	*scan = (struct nonfinite){.element = dtype_size(dtype)};
	scan->number = scan->element;
	switch (dtype) {
	case DTYPE_HALF:
		scan->exponent = 0x7c00;
		break;
	case DTYPE_BFLOAT16:
		scan->exponent = 0x7f80;
		break;
	case DTYPE_FLOAT:
	case DTYPE_COMPLEX64:
		scan->number = 4;
		scan->exponent = 0x7f800000;
		break;
	case DTYPE_DOUBLE:
	case DTYPE_COMPLEX128:
		scan->number = 8;
		scan->exponent = 0x7ff0000000000000;
		break;
	}
}

static uint64_t load(const uint8_t *at, size_t size)
{
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

static void judge(struct nonfinite *scan, const uint8_t *at, uint64_t offset)
{
	uint64_t fraction = (scan->exponent & (~scan->exponent + 1)) - 1;
	bool nan = false, inf = false;
	for (size_t i = 0; i < scan->element; i += scan->number) {
		uint64_t value = load(at + i, scan->number);
		bool finite = (value & scan->exponent) != scan->exponent;
		nan |= !finite && (value & fraction) != 0;
		inf |= !finite && (value & fraction) == 0;
	}
	if ((nan || inf) && scan->nan + scan->inf == 0)
		scan->first = offset;
	scan->nan += nan ? 1 : 0;
	scan->inf += inf && !nan ? 1 : 0;
}

/* One number's bits in every place of a word. */
static uint64_t spread(uint64_t bits, size_t number)
{
	if (number == 8)
		return bits;
	if (number == 4)
		return bits << 32 | bits;
	return bits << 48 | bits << 32 | bits << 16 | bits;
}

static uint64_t load64(const uint8_t *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/* Four sums that do not wait for each other; a carry of any of them shows in the sign's place. */
static bool run_is_suspect(const uint8_t *at, uint64_t exponents, uint64_t units, uint64_t signs)
{
	uint64_t a = 0, b = 0, c = 0, d = 0;
	for (size_t i = 0; i < RUN; i += 32) {
		a |= (load64(at + i) & exponents) + units;
		b |= (load64(at + i + 8) & exponents) + units;
		c |= (load64(at + i + 16) & exponents) + units;
		d |= (load64(at + i + 24) & exponents) + units;
	}
	return ((a | b | c | d) & signs) != 0;
}

static void add_elements(struct nonfinite *scan, const uint8_t *at, size_t size)
{
	for (size_t i = 0; i < size; i += scan->element)
		judge(scan, at + i, scan->at + i);
	scan->at += size;
}

/* The end of an element whose beginning came before; gives how many bytes it took. */
static size_t add_rest_of_begun(struct nonfinite *scan, const uint8_t *at, size_t size)
{
	size_t have = scan->at % scan->element;
	size_t need = have == 0 ? 0 : scan->element - have;
	size_t count = need < size ? need : size;
	memcpy(scan->begun + have, at, count);
	scan->at += count;
	if (count > 0 && count == need)
		judge(scan, scan->begun, scan->at - scan->element);
	return count;
}

void nonfinite_add(struct nonfinite *scan, const void *bytes, size_t size)
{
	if (scan->exponent == 0 || size == 0)
		return;
	const uint8_t *at = bytes;
	const uint8_t *end = at + size;
	at += add_rest_of_begun(scan, at, size);
	uint64_t unit = scan->exponent & (~scan->exponent + 1);
	uint64_t exponents = spread(scan->exponent, scan->number);
	uint64_t units = spread(unit, scan->number);
	uint64_t signs = spread(scan->exponent + unit, scan->number);
	for (; end - at >= RUN; at += RUN) {
		if (run_is_suspect(at, exponents, units, signs))
			add_elements(scan, at, RUN);
		else
			scan->at += RUN;
	}
	size_t whole = (size_t)(end - at) / scan->element * scan->element;
	add_elements(scan, at, whole);
	memcpy(scan->begun, at + whole, (size_t)(end - at) - whole);
	scan->at += (size_t)(end - at) - whole;
}
