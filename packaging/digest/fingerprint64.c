#include "packaging/digest/fingerprint64.h"

#include <string.h>

/* The three odd constants of the algorithm. */
static const uint64_t K0 = 0xc3a5c85c97cb3127;
static const uint64_t K1 = 0xb492b66fbe98f273;
static const uint64_t K2 = 0x9ae16a3b2f90404f;

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

static void weak_hash_32(uint64_t out[2], const uint8_t *s, uint64_t a, uint64_t b)
{
	uint64_t last = get64(s + 24);
	a += get64(s);
	b = rotate(b + a + last, 21);
	uint64_t c = a;
	a += get64(s + 8) + get64(s + 16);
	b += rotate(a, 44);
	out[0] = a + last;
	out[1] = b + c;
}

/* One block; the last one takes another factor and weighs v and w nine times. */
static void add_block(struct fingerprint64 *t, const uint8_t *s, uint64_t factor, uint64_t weight)
{
	uint64_t x = rotate(t->x + t->y + t->v[0] + get64(s + 8), 37) * factor;
	uint64_t y = rotate(t->y + t->v[1] + get64(s + 48), 42) * factor;
	x ^= t->w[1] * weight;
	y += t->v[0] * weight + get64(s + 40);
	uint64_t z = rotate(t->z + t->w[0], 33) * factor;
	weak_hash_32(t->v, s, t->v[1] * factor, x + t->w[0]);
	weak_hash_32(t->w, s + 32, z + t->w[1], y + get64(s + 16));
	t->x = z;
	t->y = y;
	t->z = x;
}

static void begin(struct fingerprint64 *t)
{
	const uint64_t seed = 81;
	t->x = seed * K2 + get64(t->block);
	t->y = seed * K1 + 113;
	t->z = fold(t->y * K2 + 113) * K2;
}

/* Bytes follow a whole block: it was not the last one, which is mixed in otherwise. */
static void end_block(struct fingerprint64 *t)
{
	if (t->size == 64)
		begin(t);
	add_block(t, t->block, K1, 1);
	memcpy(t->before, t->block, 64);
}

void fingerprint64_add(struct fingerprint64 *hash, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	while (size > 0) {
		size_t have = (size_t)(hash->size % 64);
		size_t count = size < 64 - have ? size : 64 - have;
		if (have == 0 && hash->size > 0)
			end_block(hash);
		memcpy(hash->block + have, at, count);
		hash->size += count;
		at += count;
		size -= count;
	}
}

/* The last 64 bytes as one block, which may overlap the one before. */
static uint64_t finish_long(struct fingerprint64 t)
{
	uint8_t last[64];
	size_t have = (size_t)((t.size - 1) % 64) + 1;
	memcpy(last, t.before + have, 64 - have);
	memcpy(last + 64 - have, t.block, have);
	uint64_t factor = K1 + ((t.z & 0xff) << 1);
	t.w[0] += (t.size - 1) & 63;
	t.v[0] += t.w[0];
	t.w[0] += t.v[0];
	add_block(&t, last, factor, 9);
	return mix(mix(t.v[0], t.w[0], factor) + fold(t.y) * K0 + t.z,
		mix(t.v[1], t.w[1], factor) + t.x, factor);
}

uint64_t fingerprint64_finish(const struct fingerprint64 *hash)
{
	size_t size = (size_t)hash->size;
	if (hash->size > 64)
		return finish_long(*hash);
	if (size <= 16)
		return hash_to_16(hash->block, size);
	if (size <= 32)
		return hash_to_32(hash->block, size);
	return hash_to_64(hash->block, size);
}

uint64_t fingerprint64(const void *bytes, size_t size)
{
	struct fingerprint64 hash = {0};
	fingerprint64_add(&hash, bytes, size);
	return fingerprint64_finish(&hash);
}
