#include "packaging/savedmodel/slice_key.h"

static void add_byte(struct text *key, unsigned byte)
{
	uint8_t value = (uint8_t)byte;
	text_add(key, &value, 1);
}

/* How many bytes follow, then those of the number, the highest first, without leading zeros. */
static void add_unsigned(struct text *key, uint64_t value)
{
	unsigned size = 0;
	for (uint64_t rest = value; rest > 0; rest >>= 8)
		size++;
	add_byte(key, size);
	while (size-- > 0)
		add_byte(key, (unsigned)(value >> (8 * size) & 0xff));
}

/* As many leading ones as there are bytes, a zero, then the number in two's complement; all of it
 * inverted in the header for negative ones, whose sign bits are ones already. */
static void add_signed(struct text *key, int64_t value)
{
	uint64_t bits = (uint64_t)value;
	uint64_t magnitude = value < 0 ? ~bits : bits;
	unsigned used = 0;
	for (; magnitude > 0; magnitude >>= 1)
		used++;
	unsigned size = used / 7 + 1;
	uint8_t bytes[10];
	for (unsigned i = 0; i < size; i++) {
		unsigned shift = 8 * (size - 1 - i);
		uint64_t sign = value < 0 ? 0xff : 0;
		bytes[i] = (uint8_t)(shift < 64 ? bits >> shift & 0xff : sign);
	}
	for (unsigned bit = 0; bit < size; bit++)
		bytes[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
	text_add(key, bytes, size);
}

void slice_key_begin(struct text *key, const void *name, size_t size, size_t dimensions)
{
	const uint8_t *at = name;
	add_unsigned(key, 0);
	for (size_t i = 0; i < size; i++) {
		add_byte(key, at[i]);
		if (at[i] == 0)
			add_byte(key, 0xff);
		else if (at[i] == 0xff)
			add_byte(key, 0);
	}
	text_add(key, "\0\1", 2);
	add_unsigned(key, dimensions);
}

void slice_key_add(struct text *key, int64_t start, int64_t length)
{
	add_signed(key, start);
	add_signed(key, length);
}

void slice_key_name(struct text *name, const void *key, size_t size)
{
	const uint8_t *at = key;
	for (size_t i = 1; i < size; i++) {
		bool is_escape = at[i] == 0 || at[i] == 0xff;
		if (at[i] == 0 && i + 1 < size && at[i + 1] == 1)
			return;
		text_add(name, at + i, 1);
		i += is_escape ? 1 : 0;
	}
}
