#include "packaging/fingerprint64.h"

#include <string.h>

/* The three odd constants of the algorithm. */
static const uint64_t K0 = 0xc3a5c85c97cb3127;
static const uint64_t K1 = 0xb492b66fbe98f273;
static const uint64_t K2 = 0x9ae16a3b2f90404f;

struct two {
	uint64_t first;
	uint64_t second;
};

/* What is carried from one 64-byte block to the next. */
struct state {
	uint64_t x, y, z;
	struct two v, w;
};

static uint64_t get32(const uint8_t *s)
{
	return (uint64_t)s[0] | (uint64_t)s[1] << 8 | (uint64_t)s[2] << 16 | (uint64_t)s[3] << 24;
}

static uint64_t get64(const uint8_t *s)
{
	return get32(s) | get32(s + 4) << 32;
}

static uint64_t rotate(uint64_t value, int by)
{
	return value >> by | value << (64 - by);
}

static uint64_t fold(uint64_t value)
{
	return value ^ value >> 47;
}

static uint64_t mix(uint64_t u, uint64_t v, uint64_t factor)
{
	uint64_t a = fold((u ^ v) * factor);
	return fold((v ^ a) * factor) * factor;
}

static uint64_t hash_to_16(const uint8_t *s, size_t size)
{
	uint64_t factor = K2 + size * 2;
	if (size >= 8) {
		uint64_t a = get64(s) + K2;
		uint64_t b = get64(s + size - 8);
		return mix(rotate(b, 37) * factor + a, (rotate(a, 25) + b) * factor, factor);
	}
	if (size >= 4)
		return mix(size + (get32(s) << 3), get32(s + size - 4), factor);
	if (size == 0)
		return K2;
	uint64_t y = s[0] + ((uint64_t)s[size / 2] << 8);
	uint64_t z = size + ((uint64_t)s[size - 1] << 2);
	return fold(y * K2 ^ z * K0) * K2;
}

static uint64_t hash_to_32(const uint8_t *s, size_t size)
{
	uint64_t factor = K2 + size * 2;
	uint64_t a = get64(s) * K1;
	uint64_t b = get64(s + 8);
	uint64_t c = get64(s + size - 8) * factor;
	uint64_t d = get64(s + size - 16) * K2;
	return mix(rotate(a + b, 43) + rotate(c, 30) + d, a + rotate(b + K2, 18) + c, factor);
}

static uint64_t hash_to_64(const uint8_t *s, size_t size)
{
	uint64_t factor = K2 + size * 2;
	uint64_t a = get64(s) * K2;
	uint64_t b = get64(s + 8);
	uint64_t c = get64(s + size - 8) * factor;
	uint64_t d = get64(s + size - 16) * K2;
	uint64_t y = rotate(a + b, 43) + rotate(c, 30) + d;
	uint64_t z = mix(y, a + rotate(b + K2, 18) + c, factor);
	uint64_t e = get64(s + 16) * factor;
	uint64_t f = get64(s + 24);
	uint64_t g = (y + get64(s + size - 32)) * factor;
	uint64_t h = (z + get64(s + size - 24)) * factor;
	return mix(rotate(e + f, 43) + rotate(g, 30) + h, e + rotate(f + a, 18) + g, factor);
}

static struct two weak_hash_32(const uint8_t *s, uint64_t a, uint64_t b)
{
	uint64_t last = get64(s + 24);
	a += get64(s);
	b = rotate(b + a + last, 21);
	uint64_t c = a;
	a += get64(s + 8) + get64(s + 16);
	b += rotate(a, 44);
	return (struct two){a + last, b + c};
}

/* One block; the last one takes another factor and weighs v and w nine times. */
static void add_block(struct state *t, const uint8_t *s, uint64_t factor, uint64_t weight)
{
	uint64_t x = rotate(t->x + t->y + t->v.first + get64(s + 8), 37) * factor;
	uint64_t y = rotate(t->y + t->v.second + get64(s + 48), 42) * factor;
	x ^= t->w.second * weight;
	y += t->v.first * weight + get64(s + 40);
	uint64_t z = rotate(t->z + t->w.first, 33) * factor;
	t->v = weak_hash_32(s, t->v.second * factor, x + t->w.first);
	t->w = weak_hash_32(s + 32, z + t->w.second, y + get64(s + 16));
	t->x = z;
	t->y = y;
	t->z = x;
}

static uint64_t hash_long(const uint8_t *s, size_t size)
{
	const uint64_t seed = 81;
	struct state t = {.x = seed * K2 + get64(s), .y = seed * K1 + 113};
	t.z = fold(t.y * K2 + 113) * K2;
	for (size_t at = 0; at < (size - 1) / 64 * 64; at += 64)
		add_block(&t, s + at, K1, 1);
	uint64_t factor = K1 + ((t.z & 0xff) << 1);
	t.w.first += (size - 1) & 63;
	t.v.first += t.w.first;
	t.w.first += t.v.first;
	add_block(&t, s + size - 64, factor, 9);
	return mix(mix(t.v.first, t.w.first, factor) + fold(t.y) * K0 + t.z,
		mix(t.v.second, t.w.second, factor) + t.x, factor);
}

uint64_t fingerprint64(const void *bytes, size_t size)
{
	if (size <= 16)
		return hash_to_16(bytes, size);
	if (size <= 32)
		return hash_to_32(bytes, size);
	if (size <= 64)
		return hash_to_64(bytes, size);
	return hash_long(bytes, size);
}
