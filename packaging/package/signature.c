#include "packaging/package/signature.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"

static struct tensor_spec *copy_specs(const struct tensor_spec *from, size_t count)
{
	struct tensor_spec *to = memory_get(count, sizeof(*to));
	for (size_t i = 0; i < count; i++) {
		to[i] = from[i];
		to[i].key = text_copy(from[i].key);
		to[i].name = text_copy(from[i].name);
		to[i].parts = NULL; /* the graph's own matter */
		to[i].part_count = 0;
		to[i].dims = memory_get(from[i].rank, sizeof(*to[i].dims));
		for (size_t d = 0; d < from[i].rank; d++)
			to[i].dims[d] = from[i].dims[d];
	}
	return to;
}

struct signature_def *signature_copy_all(const struct signature_def *from, size_t count)
{
	struct signature_def *to = memory_get(count, sizeof(*to));
	for (size_t i = 0; i < count; i++) {
		to[i] = from[i];
		to[i].key = text_copy(from[i].key);
		to[i].method = text_copy(from[i].method);
		to[i].inputs = copy_specs(from[i].inputs, from[i].input_count);
		to[i].outputs = copy_specs(from[i].outputs, from[i].output_count);
	}
	return to;
}

static struct cJSON *shape_to_json(const struct tensor_spec *spec)
{
	struct cJSON *shape = json_new_array();
	for (size_t d = 0; d < spec->rank; d++)
		json_append(shape, json_new_number((double)spec->dims[d]));
	return shape;
}

static struct cJSON *specs_to_json(const struct tensor_spec *specs, size_t count)
{
	struct cJSON *object = json_new_object();
	for (size_t i = 0; i < count; i++) {
		struct cJSON *spec = json_new_object();
		json_set_number(spec, "dtype", specs[i].dtype);
		json_set_string(spec, "name", specs[i].name != NULL ? specs[i].name : "");
		json_set(spec, "shape",
			specs[i].unknown_rank ? json_new_null() : shape_to_json(&specs[i]));
		json_set(object, specs[i].key, spec);
	}
	return object;
}

struct cJSON *signature_to_json(const struct signature_def *signatures, size_t count)
{
	struct cJSON *object = json_new_object();
	for (size_t i = 0; i < count; i++) {
		const struct signature_def *def = &signatures[i];
		struct cJSON *json = json_new_object();
		json_set(json, "inputs", specs_to_json(def->inputs, def->input_count));
		json_set(json, "outputs", specs_to_json(def->outputs, def->output_count));
		json_set_string(json, "method", def->method != NULL ? def->method : "");
		json_set(object, def->key, json);
	}
	return object;
}

static int read_shape(const struct json_at *at, struct tensor_spec *spec, struct fail *f)
{
	spec->unknown_rank = json_is_null(at);
	if (spec->unknown_rank)
		return 0;
	if (json_array(at, f) != 0)
		return -1;
	spec->dims = memory_get(json_count(at), sizeof(*spec->dims));
	for (struct json_at dim = json_first(at); json_is_there(&dim); dim = json_next(&dim))
		if (json_integer(&dim, -1, JSON_INTEGER_MAX, &spec->dims[spec->rank++], f) != 0)
			return -1;
	return 0;
}

static int read_spec(const struct json_at *at, struct tensor_spec *spec, struct fail *f)
{
	static const char *const keys[] = {"dtype", "name", "shape"};
	int64_t dtype;
	if (json_known_keys(at, keys, 3, f) != 0)
		return -1;
	struct json_at number = json_get(at, "dtype"), name = json_get(at, "name");
	struct json_at shape = json_get(at, "shape");
	spec->key = text_copy(at->key);
	if (json_integer(&number, 0, INT32_MAX, &dtype, f) != 0 ||
		json_string(&name, &spec->name, f) != 0)
		return -1;
	spec->dtype = (int)dtype;
	return read_shape(&shape, spec, f);
}

static int read_specs(
	const struct json_at *at, struct tensor_spec **specs, size_t *count, struct fail *f)
{
	if (json_object(at, f) != 0)
		return -1;
	*specs = memory_get(json_count(at), sizeof(**specs));
	for (struct json_at spec = json_first(at); json_is_there(&spec); spec = json_next(&spec))
		if (read_spec(&spec, &(*specs)[(*count)++], f) != 0)
			return -1;
	return 0;
}

static int read_signature(const struct json_at *at, struct signature_def *def, struct fail *f)
{
	static const char *const keys[] = {"inputs", "method", "outputs"};
	if (json_known_keys(at, keys, 3, f) != 0)
		return -1;
	struct json_at inputs = json_get(at, "inputs"), outputs = json_get(at, "outputs");
	struct json_at method = json_get(at, "method");
	def->key = text_copy(at->key);
	if (read_specs(&inputs, &def->inputs, &def->input_count, f) != 0 ||
		read_specs(&outputs, &def->outputs, &def->output_count, f) != 0)
		return -1;
	return json_string(&method, &def->method, f);
}

int signature_from_json(
	const struct json_at *at, struct signature_def **signatures, size_t *count, struct fail *f)
{
	struct signature_def *list;
	size_t read = 0;
	if (json_object(at, f) != 0)
		return -1;
	list = memory_get(json_count(at), sizeof(*list));
	for (struct json_at def = json_first(at); json_is_there(&def); def = json_next(&def)) {
		if (read_signature(&def, &list[read++], f) != 0) {
			signature_def_release_all(list, read);
			return -1;
		}
	}
	*signatures = list;
	*count = read;
	return 0;
}
