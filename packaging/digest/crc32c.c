#include "packaging/digest/crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define POLYNOMIAL 0x82f63b78u /* bits reversed */
#define LANE 1024u	       /* bytes of one of the three streams */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint32_t tables[8][256]; /* [k][b]: byte b followed by k zero bytes */
static uint32_t shift[4][256];	/* [k][b]: byte k of a state is b, and LANE zero bytes follow */
static bool hardware;

static uint64_t load64(const uint8_t *bytes)
{
	uint64_t word;
	memcpy(&word, bytes, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

static uint32_t zero_byte(uint32_t state)
{
	return (state >> 8) ^ tables[0][state & 0xff];
}

static void make_tables(void)
{
	for (uint32_t b = 0; b < 256; b++) {
		uint32_t state = b;
		for (int bit = 0; bit < 8; bit++)
			state = (state >> 1) ^ ((state & 1) != 0 ? POLYNOMIAL : 0);
		tables[0][b] = state;
	}
	for (int k = 1; k < 8; k++)
		for (uint32_t b = 0; b < 256; b++)
			tables[k][b] = zero_byte(tables[k - 1][b]);
}

/* The shift is linear: that of a byte is the sum of those of its bits. */
static void make_shift(void)
{
	for (uint32_t bit = 0; bit < 32; bit++) {
		uint32_t state = 1u << bit;
		for (uint32_t i = 0; i < LANE; i++)
			state = zero_byte(state);
		for (uint32_t b = 0; b < 256; b++)
			if ((b >> (bit % 8) & 1) != 0)
				shift[bit / 8][b] ^= state;
	}
}

#if defined(__x86_64__)
#include <cpuid.h>
#include <nmmintrin.h>

static bool has_instruction(void)
{
	unsigned a, b, c, d;
	return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSE4_2) != 0;
}

static uint32_t shift_lane(uint32_t state)
{
	return shift[0][state & 0xff] ^ shift[1][state >> 8 & 0xff] ^ shift[2][state >> 16 & 0xff] ^
	       shift[3][state >> 24];
}

/* The instruction takes three cycles and one may begin in each: three streams keep it busy. */
__attribute__((target("sse4.2"))) static uint32_t three_lanes(uint32_t state, const uint8_t *at)
{
	uint64_t a = state, b = 0, c = 0;
	for (size_t i = 0; i < LANE; i += 8) {
		a = _mm_crc32_u64(a, load64(at + i));
		b = _mm_crc32_u64(b, load64(at + LANE + i));
		c = _mm_crc32_u64(c, load64(at + 2 * LANE + i));
	}
	return shift_lane(shift_lane((uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)c;
}

__attribute__((target("sse4.2"))) static uint32_t add_hardware(
	uint32_t state, const uint8_t *at, size_t size)
{
	for (; size >= 3 * LANE; at += 3 * LANE, size -= 3 * LANE)
		state = three_lanes(state, at);
	for (; size >= 8; at += 8, size -= 8)
		state = (uint32_t)_mm_crc32_u64(state, load64(at));
	for (; size > 0; at++, size--)
		state = _mm_crc32_u8(state, *at);
	return state;
}
#else
static bool has_instruction(void)
{
	return false;
}

static uint32_t add_hardware(uint32_t state, const uint8_t *at, size_t size)
{
	(void)at;
	(void)size;
	return state;
}
#endif

static void prepare(void)
{
	make_tables();
	make_shift();
	hardware = has_instruction();
}

static uint32_t add_portable(uint32_t state, const uint8_t *at, size_t size)
{
	for (; size >= 8; at += 8, size -= 8) {
		uint64_t word = load64(at) ^ state;
		state = 0;
		for (int k = 0; k < 8; k++)
			state ^= tables[7 - k][word >> (8 * k) & 0xff];
	}
	for (; size > 0; at++, size--)
		state = zero_byte(state ^ *at);
	return state;
}

uint32_t crc32c_add_portable(uint32_t crc, const void *bytes, size_t size)
{
	pthread_once(&once, prepare);
	return ~add_portable(~crc, bytes, size);
}

uint32_t crc32c_add(uint32_t crc, const void *bytes, size_t size)
{
	pthread_once(&once, prepare);
	return ~(hardware ? add_hardware(~crc, bytes, size) : add_portable(~crc, bytes, size));
}

uint32_t crc32c_mask(uint32_t crc)
{
	return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

/* The product of two polynomials modulo ours; the most significant bit is x to the 0. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;
	for (uint32_t bit = 1u << 31; bit != 0; bit >>= 1) {
		if ((a & bit) != 0)
			product ^= b;
		b = (b >> 1) ^ ((b & 1) != 0 ? POLYNOMIAL : 0);
	}
	return product;
}

/* What stands before `size` bytes is multiplied by x to the (8 * size); the inversions at both ends
 * cancel out. */
uint32_t crc32c_join(uint32_t first, uint32_t second, uint64_t size)
{
	uint32_t power = 1u << 23; /* x to the 8, then squared again and again */
	for (; size != 0; size >>= 1) {
		if ((size & 1) != 0)
			first = multiply(first, power);
		power = multiply(power, power);
	}
	return first ^ second;
}
