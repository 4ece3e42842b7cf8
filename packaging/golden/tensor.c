#include "packaging/golden/tensor.h"

#include <math.h>
#include <stdlib.h>

#include "packaging/json/json.h"
#include "packaging/savedmodel/dtype.h"

void golden_tensor_release(struct golden_tensor *tensor)
{
	for (size_t i = 0; tensor->strings != NULL && i < tensor->count; i++)
		free(tensor->strings[i]);
	free(tensor->strings);
	free(tensor->numbers);
	free(tensor->name);
}

void golden_tensor_print_element(
	const struct golden_tensor *tensor, size_t index, struct text *text)
{
	double number = tensor->strings == NULL ? tensor->numbers[index] : 0;
	if (isnan(number) || isinf(number))
		text_add_string(text, isnan(number) ? "NaN"
				      : number > 0  ? "Infinity"
						    : "-Infinity");
	else if (tensor->strings != NULL)
		json_print_string(tensor->strings[index], text);
	else if (tensor->dtype == DTYPE_BOOL)
		text_add_string(text, tensor->numbers[index] != 0 ? "true" : "false");
	else
		json_print_number(tensor->numbers[index], text);
}

static size_t print_level(
	const struct golden_tensor *tensor, size_t level, size_t index, struct text *text)
{
	if (level == tensor->rank) {
		golden_tensor_print_element(tensor, index, text);
		return index + 1;
	}
	text_add_string(text, "[");
	for (int64_t i = 0; i < tensor->shape[level]; i++) {
		text_add_string(text, i > 0 ? "," : "");
		index = print_level(tensor, level + 1, index, text);
	}
	text_add_string(text, "]");
	return index;
}

void golden_tensor_print_nested(const struct golden_tensor *tensor, struct text *text)
{
	print_level(tensor, 0, 0, text);
}

void golden_tensor_print_flat(const struct golden_tensor *tensor, struct text *text)
{
	text_add_string(text, "[");
	for (size_t i = 0; i < tensor->count; i++) {
		text_add_string(text, i > 0 ? "," : "");
		golden_tensor_print_element(tensor, i, text);
	}
	text_add_string(text, "]");
}
