#include "served/golden_compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "packaging/json/json.h"
#include "packaging/json/note.h"
#include "packaging/savedmodel/dtype.h"

/* struct walk - through both at once; index counts the elements of the recorded output */
struct walk {
	const struct golden_comparison *comparison;
	struct text *why;
	size_t index;
};

static double tolerance_of(const struct golden_comparison *comparison)
{
	if (comparison->tolerance > 0)
		return comparison->tolerance;
	switch (comparison->expected->dtype) {
	case DTYPE_DOUBLE:
		return 1e-6;
	case DTYPE_FLOAT:
		return 1e-4;
	default:
		return 1e-2;
	}
}

static bool is_real(int dtype)
{
	return dtype == DTYPE_FLOAT || dtype == DTYPE_DOUBLE || dtype == DTYPE_HALF ||
	       dtype == DTYPE_BFLOAT16;
}

/* Words that stand for what JSON has no number for. */
static bool read_number(const struct cJSON *value, double *number)
{
	const char *word = json_as_string(value);
	bool truth;
	if (json_as_number(value, number))
		return true;
	if (json_as_bool(value, &truth)) {
		*number = truth;
		return true;
	}
	if (word != NULL && (strcmp(word, "Infinity") == 0 || strcmp(word, "-Infinity") == 0))
		*number = word[0] == '-' ? -INFINITY : INFINITY;
	else if (json_is_nothing(value) || (word != NULL && strcmp(word, "NaN") == 0))
		*number = NAN;
	else
		return false;
	return true;
}

static bool is_near(const struct golden_comparison *comparison, double expected, double got)
{
	if (isnan(expected) || isnan(got))
		return isnan(expected) && isnan(got);
	if (expected == got)
		return true;
	if (!is_real(comparison->expected->dtype) || isinf(expected) || isinf(got))
		return false;
	double scale = fabs(expected) > 1 ? fabs(expected) : 1;
	return fabs(expected - got) <= tolerance_of(comparison) * scale;
}

/* "[0,3]": where in its shape the element stands. */
static void add_place(const struct golden_tensor *tensor, size_t index, struct text *why)
{
	size_t places[GOLDEN_RANK_MAX];
	for (size_t i = tensor->rank; i-- > 0;) {
		places[i] = index % (size_t)tensor->shape[i];
		index /= (size_t)tensor->shape[i];
	}
	text_add_string(why, tensor->rank > 0 ? "[" : "");
	for (size_t i = 0; i < tensor->rank; i++)
		text_printf(why, "%s%zu", i > 0 ? "," : "", places[i]);
	text_add_string(why, tensor->rank > 0 ? "]" : "");
}

static void add_value(const struct cJSON *value, struct text *why)
{
	char shown[80];
	char *text = json_text(value);
	text_add_string(why, escape_into(shown, sizeof(shown), text, strlen(text)));
	free(text);
}

static bool differs(struct walk *walk, const struct cJSON *value)
{
	const struct golden_tensor *expected = walk->comparison->expected;
	text_printf(walk->why, "output \"%s\"", expected->name);
	add_place(expected, walk->index, walk->why);
	text_add_string(walk->why, ": ");
	add_value(value, walk->why);
	text_add_string(walk->why, ", recorded ");
	golden_tensor_print_element(expected, walk->index, walk->why);
	return false;
}

static bool other_shape(struct walk *walk)
{
	const struct golden_tensor *expected = walk->comparison->expected;
	text_printf(
		walk->why, "output \"%s\": has another shape than the recorded [", expected->name);
	for (size_t i = 0; i < expected->rank; i++)
		text_printf(walk->why, "%s%lld", i > 0 ? "," : "", (long long)expected->shape[i]);
	text_add_string(walk->why, "]");
	return false;
}

static bool compare_element(struct walk *walk, const struct cJSON *value)
{
	const struct golden_tensor *expected = walk->comparison->expected;
	double number;
	if (json_is_list(value))
		return other_shape(walk);
	bool same =
		expected->strings != NULL
			? text_equal(json_as_string(value), expected->strings[walk->index])
			: read_number(value, &number) &&
				  is_near(walk->comparison, expected->numbers[walk->index], number);
	if (!same)
		return differs(walk, value);
	walk->index++;
	return true;
}

static bool compare_level(struct walk *walk, const struct cJSON *value, size_t level)
{
	const struct golden_tensor *expected = walk->comparison->expected;
	int64_t count = 0;
	if (level == expected->rank)
		return compare_element(walk, value);
	if (!json_is_list(value))
		return other_shape(walk);
	for (const struct cJSON *item = json_first_item(value); item != NULL;
		item = json_next_item(item)) {
		if (++count > expected->shape[level])
			return other_shape(walk);
		if (!compare_level(walk, item, level + 1))
			return false;
	}
	return count == expected->shape[level] || other_shape(walk);
}

/* A list of all elements, nested or not: some servers of the protocol nest it. */
static bool compare_flat(struct walk *walk, const struct cJSON *value)
{
	if (!json_is_list(value)) {
		if (walk->index >= walk->comparison->expected->count)
			return other_shape(walk);
		return compare_element(walk, value);
	}
	for (const struct cJSON *item = json_first_item(value); item != NULL;
		item = json_next_item(item))
		if (!compare_flat(walk, item))
			return false;
	return true;
}

bool golden_compare(
	const struct golden_comparison *comparison, const struct cJSON *answer, struct text *why)
{
	struct walk walk = {.comparison = comparison, .why = why};
	if (!comparison->is_flat)
		return compare_level(&walk, answer, 0);
	if (!compare_flat(&walk, answer))
		return false;
	return walk.index == comparison->expected->count || other_shape(&walk);
}
