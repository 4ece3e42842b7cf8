/* nonfinite - counts NaN and Inf in the bytes of a floating-point tensor as they pass.
 *
 * Works on little-endian words of 64 bits with two or four elements each: masked to the exponents,
 * one unit in an exponent's last place carries into the sign's place where all its bits are set.
 * Only a run in which that shows is looked at element by element. A complex
 * number counts once: as NaN where a part is, else as Inf.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_NONFINITE_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_NONFINITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nonfinite {
	uint64_t nan;
	uint64_t inf;
	uint64_t first;	   /* bytes from the tensor's start to the first of them */
	uint64_t exponent; /* the bits of one element's exponent; 0: not a floating-point type */
	size_t number;	   /* bytes of a real number */
	size_t element;	   /* bytes of an element: one number, or two */
	uint64_t at;	   /* bytes seen */
	uint8_t begun[16]; /* the beginning of an element that the next bytes go on with */
};

/* nonfinite_begin - for a tensor of that dtype; one that has no NaN is let pass uncounted */
void nonfinite_begin(struct nonfinite *scan, int dtype);
void nonfinite_add(struct nonfinite *scan, const void *bytes, size_t size);

#endif
