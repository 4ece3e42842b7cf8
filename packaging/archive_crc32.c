#include "packaging/archive_crc32.h"

#include <pthread.h>
#include <stdbool.h>
#include <zlib.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define LEAST 64u /* what four registers hold */

/* Factors that move 16 bytes past what follows them: x to the power of its distance in bits, for
 * either half (Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
 * Instruction", Intel 2009, the constants of the reflected CRC-32). */
#define PAST_64 _mm_set_epi64x(0x1c6e41596, 0x154442bd4)
#define PAST_16 _mm_set_epi64x(0x0ccaa009e, 0x1751997d0)

__attribute__((target("pclmul,sse4.1"))) static __m128i load(const uint8_t *at)
{
	return _mm_loadu_si128((const __m128i *)(const void *)at);
}

__attribute__((target("pclmul,sse4.1"))) static __m128i fold(
	__m128i state, __m128i factors, __m128i next)
{
	__m128i low = _mm_clmulepi64_si128(state, factors, 0x00);
	__m128i high = _mm_clmulepi64_si128(state, factors, 0x11);
	return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/* All whole 16 bytes of at least LEAST; what is left of them are 16 bytes of the same CRC. */
__attribute__((target("pclmul,sse4.1"))) static uint32_t add_folded(
	uint32_t crc, const uint8_t *at, size_t size)
{
	uint8_t rest[16];
	__m128i a = _mm_xor_si128(load(at), _mm_cvtsi32_si128((int)~crc));
	__m128i b = load(at + 16), c = load(at + 32), d = load(at + 48);
	for (at += 64, size -= 64; size >= 64; at += 64, size -= 64) {
		a = fold(a, PAST_64, load(at));
		b = fold(b, PAST_64, load(at + 16));
		c = fold(c, PAST_64, load(at + 32));
		d = fold(d, PAST_64, load(at + 48));
	}
	a = fold(fold(fold(a, PAST_16, b), PAST_16, c), PAST_16, d);
	for (; size >= 16; at += 16, size -= 16)
		a = fold(a, PAST_16, load(at));
	_mm_storeu_si128((__m128i *)(void *)rest, a);
	return (uint32_t)crc32_z(UINT32_MAX, rest, sizeof(rest));
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool can_fold;

/* Asked once: a virtual machine leaves to its host for it. */
static void ask_processor(void)
{
	unsigned a, b, c, d;
	can_fold = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_PCLMUL) != 0 &&
		   (c & bit_SSE4_1) != 0;
}

uint32_t crc32_add(uint32_t crc, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	pthread_once(&once, ask_processor);
	if (size >= LEAST && can_fold) {
		crc = add_folded(crc, at, size);
		at += size / 16 * 16;
		size %= 16;
	}
	return (uint32_t)crc32_z(crc, at, size);
}
#else
uint32_t crc32_add(uint32_t crc, const void *bytes, size_t size)
{
	return (uint32_t)crc32_z(crc, bytes, size);
}
#endif
