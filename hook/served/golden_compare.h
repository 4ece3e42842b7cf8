/* golden_compare - one recorded output against what a service answered.
 *
 * Numbers may differ by tolerance * max(1, |recorded|): floating point adds up in another order on
 * another machine. Strings, booleans and whole numbers have to be the same. NaN, which servers
 * write as null or a string, is NaN.
 */
#ifndef MODELHOOK_SERVED_GOLDEN_COMPARE_H
#define MODELHOOK_SERVED_GOLDEN_COMPARE_H

#include <stdbool.h>

#include "base/text.h"
#include "packaging/golden/golden.h"

struct cJSON;

struct golden_comparison {
	const struct golden_tensor *expected;
	double tolerance; /* 0: by the type: 1e-6 for double, 1e-4 for float, 1e-2 for less */
	bool is_flat;	  /* the answer is one list of all elements */
};

/* golden_compare - false with the first difference in why: `output "scores"[0,3]: 0.71, recorded
 * 0.88` */
bool golden_compare(
	const struct golden_comparison *comparison, const struct cJSON *answer, struct text *why);

#endif
