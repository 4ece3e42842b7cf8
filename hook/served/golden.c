#include "served/golden.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "packaging/json/note.h"
#include "packaging/json/pointer.h"
#include "packaging/savedmodel/dtype.h"
#include "served/golden_compare.h"

static const char *const protocols[] = {
	[GOLDEN_BY_SERVER] = "",
	[GOLDEN_INVOCATIONS] = "invocations",
	[GOLDEN_V1] = "v1",
	[GOLDEN_V2] = "v2",
	[GOLDEN_TEMPLATE] = "template",
};

enum { PROTOCOL_COUNT = sizeof(protocols) / sizeof(protocols[0]) };

/* Reading */

static int parse_protocol(
	const struct json_at *object, struct served_golden *golden, struct fail *f)
{
	struct json_at at = json_get(object, "protocol");
	char *word = NULL;
	if (!json_is_there(&at))
		return 0;
	if (json_string(&at, &word, f) != 0)
		return -1;
	size_t i = GOLDEN_INVOCATIONS;
	while (i < GOLDEN_TEMPLATE && strcmp(word, protocols[i]) != 0)
		i++;
	free(word);
	golden->protocol = (enum golden_protocol)i;
	return i < GOLDEN_TEMPLATE
		       ? 0
		       : json_fail(&at, f,
				 "is \"invocations\", \"v1\" or \"v2\"; or set \"template\"");
}

static int parse_template(
	const struct json_at *object, struct served_golden *golden, struct fail *f)
{
	struct json_at template = json_get(object, "template"), answer = json_get(object, "answer");
	if (!json_is_there(&template))
		return json_is_there(&answer) ? json_fail(&answer, f, "is for a \"template\"") : 0;
	if (json_object(&template, f) != 0)
		return -1;
	if (golden->protocol != GOLDEN_BY_SERVER)
		return json_fail(&template, f, "and \"protocol\" cannot both be set");
	golden->protocol = GOLDEN_TEMPLATE;
	golden->template = json_text(template.value);
	if (json_is_there(&answer) && json_string(&answer, &golden->answer, f) != 0)
		return -1;
	if (golden->answer != NULL && !json_pointer_is_valid(golden->answer))
		return json_fail(&answer, f, "is a JSON pointer such as \"/scores\"");
	return 0;
}

static int parse_path(const struct json_at *object, struct served_golden *golden, struct fail *f)
{
	struct json_at at = json_get(object, "path");
	if (!json_is_there(&at))
		return 0;
	if (json_string(&at, &golden->path, f) != 0)
		return -1;
	return golden->path[0] == '/' ? 0 : json_fail(&at, f, "begins with \"/\"");
}

int served_golden_parse(const struct json_at *at, struct served_golden *golden, struct fail *f)
{
	static const char *const keys[] = {"protocol", "path", "tolerance", "template", "answer"};
	struct json_at tolerance = json_get(at, "tolerance");
	struct fail ignored;
	if (json_bool(at, &golden->is_asked, &ignored) == 0)
		return 0;
	golden->is_asked = true;
	if (json_known_keys(at, keys, sizeof(keys) / sizeof(keys[0]), f) != 0 ||
		parse_protocol(at, golden, f) != 0 || parse_template(at, golden, f) != 0 ||
		parse_path(at, golden, f) != 0)
		return -1;
	if (!json_is_there(&tolerance))
		return 0;
	if (json_number(&tolerance, &golden->tolerance, f) != 0)
		return -1;
	return golden->tolerance > 0 ? 0 : json_fail(&tolerance, f, "is larger than 0");
}

void served_golden_release(struct served_golden *golden)
{
	free(golden->path);
	free(golden->template);
	free(golden->answer);
	*golden = (struct served_golden){0};
}

/* Asking */

static void add_columns(const struct golden_request *request, struct text *body)
{
	text_add_string(body, "{\"inputs\":{");
	for (size_t i = 0; i < request->inputs.count; i++) {
		text_add_string(body, i > 0 ? "," : "");
		json_print_string(request->inputs.items[i].name, body);
		text_add_string(body, ":");
		golden_tensor_print_nested(&request->inputs.items[i], body);
	}
	text_add_string(body, "}}");
}

/* The names of types in the open inference protocol. */
static const char *v2_type(int dtype)
{
	static const char *const names[] = {
		[DTYPE_FLOAT] = "FP32",
		[DTYPE_DOUBLE] = "FP64",
		[DTYPE_INT32] = "INT32",
		[DTYPE_UINT8] = "UINT8",
		[DTYPE_INT16] = "INT16",
		[DTYPE_INT8] = "INT8",
		[DTYPE_STRING] = "BYTES",
		[DTYPE_INT64] = "INT64",
		[DTYPE_BOOL] = "BOOL",
		[DTYPE_BFLOAT16] = "BF16",
		[DTYPE_UINT16] = "UINT16",
		[DTYPE_HALF] = "FP16",
		[DTYPE_UINT32] = "UINT32",
		[DTYPE_UINT64] = "UINT64",
	};
	return dtype >= 0 && (size_t)dtype < sizeof(names) / sizeof(names[0]) &&
			       names[dtype] != NULL
		       ? names[dtype]
		       : "";
}

static void add_v2(const struct golden_request *request, struct text *body)
{
	text_add_string(body, "{\"inputs\":[");
	for (size_t i = 0; i < request->inputs.count; i++) {
		const struct golden_tensor *tensor = &request->inputs.items[i];
		text_printf(body, "%s{\"name\":", i > 0 ? "," : "");
		json_print_string(tensor->name, body);
		text_add_string(body, ",\"shape\":[");
		for (size_t k = 0; k < tensor->rank; k++)
			text_printf(body, "%s%lld", k > 0 ? "," : "", (long long)tensor->shape[k]);
		text_printf(body, "],\"datatype\":\"%s\",\"data\":", v2_type(tensor->dtype));
		golden_tensor_print_flat(tensor, body);
		text_add_string(body, "}");
	}
	text_add_string(body, "]}");
}

/* The input whose placeholder, quotes included, begins here. */
static const struct golden_tensor *find_input(
	const struct golden_request *request, const char *at, size_t *size)
{
	for (size_t i = 0; i < request->inputs.count; i++) {
		const struct golden_tensor *tensor = &request->inputs.items[i];
		char *quoted = text_format("\"{%s}\"", tensor->name);
		bool is = text_starts_with(at, quoted);
		*size = strlen(quoted);
		free(quoted);
		if (is)
			return tensor;
	}
	return NULL;
}

static void add_template(
	const char *template, const struct golden_request *request, struct text *body)
{
	for (const char *at = template; *at != '\0';) {
		size_t size = 1;
		const struct golden_tensor *tensor =
			*at == '"' ? find_input(request, at, &size) : NULL;
		if (tensor != NULL)
			golden_tensor_print_nested(tensor, body);
		else
			text_add(body, at, size = 1);
		at += size;
	}
}

void served_golden_body(
	const struct served_golden *golden, const struct golden_request *request, struct text *body)
{
	switch (golden->protocol) {
	case GOLDEN_V2:
		add_v2(request, body);
		return;
	case GOLDEN_TEMPLATE:
		add_template(golden->template, request, body);
		return;
	case GOLDEN_BY_SERVER:
	case GOLDEN_INVOCATIONS:
	case GOLDEN_V1:
		break;
	}
	add_columns(request, body);
}

/* Judging */

static const struct cJSON *find_v2_output(
	const struct cJSON *tree, const char *name, size_t expected_count)
{
	const struct cJSON *outputs = json_find(tree, "outputs");
	const struct cJSON *only = json_is_list(outputs) ? json_first_item(outputs) : NULL;
	for (const struct cJSON *item = only; item != NULL; item = json_next_item(item))
		if (text_equal(json_find_string(item, "name"), name))
			return json_find(item, "data");
	/* servers around MLflow name a single output by themselves */
	bool single = expected_count == 1 && only != NULL && json_next_item(only) == NULL;
	return single ? json_find(only, "data") : NULL;
}

/* Outputs by name, or the one output itself. */
static const struct cJSON *find_output(const struct served_golden *golden, const struct cJSON *tree,
	const char *name, size_t count)
{
	const struct cJSON *all = NULL;
	switch (golden->protocol) {
	case GOLDEN_V2:
		return find_v2_output(tree, name, count);
	case GOLDEN_TEMPLATE:
		all = json_pointer_find(tree, golden->answer != NULL ? golden->answer : "");
		break;
	case GOLDEN_V1:
		all = json_find(tree, "outputs");
		break;
	case GOLDEN_BY_SERVER:
	case GOLDEN_INVOCATIONS:
		all = json_find(tree, "predictions");
		break;
	}
	const struct cJSON *named = json_find(all, name);
	if (named != NULL)
		return named;
	return count == 1 ? all : NULL;
}

static bool judge_output(const struct served_golden *golden, double tolerance,
	const struct golden_tensors *outputs, const struct cJSON *tree, size_t index,
	struct text *why)
{
	const struct golden_tensor *expected = &outputs->items[index];
	const struct cJSON *found = find_output(golden, tree, expected->name, outputs->count);
	if (found != NULL) {
		struct golden_comparison comparison = {
			.expected = expected,
			.tolerance = tolerance,
			.is_flat = golden->protocol == GOLDEN_V2,
		};
		return golden_compare(&comparison, found, why);
	}
	text_printf(why, "output \"%s\" is not in its answer", expected->name);
	return false;
}

bool served_golden_judge(const struct served_golden *golden, double tolerance,
	const struct golden_request *request, const struct text *answer, struct text *why)
{
	struct cJSON *tree = NULL;
	struct fail f;
	if (json_parse(text_string(answer), answer->size, &tree, &f) != 0) {
		text_printf(why, "its answer: %s", f.text);
		return false;
	}
	bool same = true;
	for (size_t i = 0; same && i < request->outputs.count; i++)
		same = judge_output(golden, tolerance, &request->outputs, tree, i, why);
	json_release(tree);
	return same;
}
