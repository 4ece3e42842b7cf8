#include "packaging/savedmodel/signature_def.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "packaging/savedmodel/names.h"

static void release_spec(struct tensor_spec *spec)
{
	free(spec->key);
	free(spec->name);
	names_release(spec->parts, spec->part_count);
	free(spec->dims);
}

void signature_def_release(struct signature_def *signature)
{
	free(signature->key);
	free(signature->method);
	for (size_t i = 0; i < signature->input_count; i++)
		release_spec(&signature->inputs[i]);
	for (size_t i = 0; i < signature->output_count; i++)
		release_spec(&signature->outputs[i]);
	free(signature->inputs);
	free(signature->outputs);
}

void signature_def_release_all(struct signature_def *signatures, size_t count)
{
	for (size_t i = 0; i < count; i++)
		signature_def_release(&signatures[i]);
	free(signatures);
}

const struct signature_def *signature_def_find(
	const struct signature_def *signatures, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(signatures[i].key, key))
			return &signatures[i];
	return NULL;
}

static int compare_specs(const void *a, const void *b)
{
	return strcmp(((const struct tensor_spec *)a)->key, ((const struct tensor_spec *)b)->key);
}

static int compare_signatures(const void *a, const void *b)
{
	return strcmp(
		((const struct signature_def *)a)->key, ((const struct signature_def *)b)->key);
}

/* Map entries come in any order; a default key is left out in the file. */
static void sort_specs(struct tensor_spec *specs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (specs[i].key == NULL)
			specs[i].key = text_copy("");
	if (count > 1)
		qsort(specs, count, sizeof(*specs), compare_specs);
}

void signature_def_sort(struct signature_def *signatures, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct signature_def *signature = &signatures[i];
		if (signature->key == NULL)
			signature->key = text_copy("");
		sort_specs(signature->inputs, signature->input_count);
		sort_specs(signature->outputs, signature->output_count);
	}
	if (count > 1)
		qsort(signatures, count, sizeof(*signatures), compare_signatures);
}
