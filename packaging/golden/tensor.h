/* tensor - a named array of numbers or strings, as golden requests have them.
 */
#ifndef MODELHOOK_PACKAGING_GOLDEN_TENSOR_H
#define MODELHOOK_PACKAGING_GOLDEN_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define GOLDEN_RANK_MAX 16

/* struct golden_tensor - numbers, or strings where dtype is DTYPE_STRING */
struct golden_tensor {
	char *name;
	int dtype; /* TensorFlow's number (packaging/savedmodel/dtype.h) */
	int64_t shape[GOLDEN_RANK_MAX];
	size_t rank;
	size_t count; /* of elements */
	double *numbers;
	char **strings;
};

void golden_tensor_release(struct golden_tensor *tensor);

/* golden_tensor_print_nested, golden_tensor_print_flat - the tensor as JSON: nested lists by its
 * shape, or one list of all elements. NaN and infinity, for which JSON has no number, are the words
 * that most servers take. */
void golden_tensor_print_nested(const struct golden_tensor *tensor, struct text *text);
void golden_tensor_print_flat(const struct golden_tensor *tensor, struct text *text);
void golden_tensor_print_element(
	const struct golden_tensor *tensor, size_t index, struct text *text);

#endif
