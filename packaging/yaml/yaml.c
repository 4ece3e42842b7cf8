#include "packaging/yaml/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/fail.h"
#include "base/panic.h"
#include "base/text.h"
#include "packaging/json/json_check.h"

struct reading {
	yaml_parser_t parser;
	struct fail *f;
	int depth;
};

static int refuse(const struct reading *r, const yaml_mark_t *mark, const char *what)
{
	return fail_set(r->f, STATUS_UNACCEPTABLE, "line %zu: %s", mark->line + 1, what);
}

static int refuse_grammar(const struct reading *r)
{
	const yaml_parser_t *parser = &r->parser;
	if (parser->error == YAML_MEMORY_ERROR)
		panic_out_of_memory();
	const char *problem = parser->problem != NULL ? parser->problem : "is not YAML";
	if (parser->error == YAML_READER_ERROR)
		return fail_set(
			r->f, STATUS_UNACCEPTABLE, "byte %zu: %s", parser->problem_offset, problem);
	return refuse(r, &parser->problem_mark, problem);
}

/* The caller gives the event to yaml_event_delete. */
static int next_event(struct reading *r, yaml_event_t *event)
{
	return yaml_parser_parse(&r->parser, event) != 0 ? 0 : refuse_grammar(r);
}

static const char *scalar_text(const yaml_event_t *event)
{
	return (const char *)event->data.scalar.value;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

static struct cJSON *read_scalar(const yaml_event_t *event)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const trues[] = {"true", "True", "TRUE", NULL};
	static const char *const falses[] = {"false", "False", "FALSE", NULL};
	const char *text = scalar_text(event);
	if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
		if (is_one_of(text, nulls))
			return json_new_null();
		if (is_one_of(text, trues) || is_one_of(text, falses))
			return json_new_bool(is_one_of(text, trues));
	}
	return json_new_string(text);
}

static int read_value(struct reading *r, const yaml_event_t *event, struct cJSON **value);

static int read_items(struct reading *r, struct cJSON *list)
{
	yaml_event_t event;
	struct cJSON *item = NULL;
	for (;;) {
		if (next_event(r, &event) != 0)
			return -1;
		bool ended = event.type == YAML_SEQUENCE_END_EVENT;
		int result = ended ? 0 : read_value(r, &event, &item);
		yaml_event_delete(&event);
		if (ended || result != 0)
			return result;
		json_append(list, item);
	}
}

static int check_key(const struct reading *r, const yaml_event_t *event, const struct cJSON *object)
{
	struct json_at at = json_root(object);
	if (event->type != YAML_SCALAR_EVENT ||
		strlen(scalar_text(event)) != event->data.scalar.length)
		return refuse(r, &event->start_mark, "a key that is not a string");
	at = json_get(&at, scalar_text(event));
	return json_is_there(&at) ? refuse(r, &event->start_mark, "a key that is given twice") : 0;
}

static int read_member(struct reading *r, const char *key, struct cJSON *object)
{
	yaml_event_t event;
	struct cJSON *value = NULL;
	if (next_event(r, &event) != 0)
		return -1;
	int result = read_value(r, &event, &value);
	yaml_event_delete(&event);
	if (result == 0)
		json_set(object, key, value);
	return result;
}

static int read_members(struct reading *r, struct cJSON *object)
{
	yaml_event_t event;
	for (;;) {
		if (next_event(r, &event) != 0)
			return -1;
		bool ended = event.type == YAML_MAPPING_END_EVENT;
		int result = ended ? 0 : check_key(r, &event, object);
		if (!ended && result == 0)
			result = read_member(r, scalar_text(&event), object);
		yaml_event_delete(&event);
		if (ended || result != 0)
			return result;
	}
}

static int read_collection(struct reading *r, const yaml_event_t *event, struct cJSON **value)
{
	bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
	struct cJSON *made;
	int result;
	if (r->depth == JSON_DEPTH)
		return refuse(r, &event->start_mark, "nested too deep");
	r->depth++;
	made = is_list ? json_new_array() : json_new_object();
	result = is_list ? read_items(r, made) : read_members(r, made);
	r->depth--;
	if (result == 0)
		*value = made;
	else
		json_release(made);
	return result;
}

static int read_value(struct reading *r, const yaml_event_t *event, struct cJSON **value)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		if (strlen(scalar_text(event)) != event->data.scalar.length)
			return refuse(r, &event->start_mark, "a NUL in a string");
		*value = read_scalar(event);
		return 0;
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return read_collection(r, event, value);
	default:
		return refuse(r, &event->start_mark, "an alias");
	}
}

/* The events around the one document: the stream's beginning, its end, and those of documents. */
static int read_stream(struct reading *r, struct cJSON **root)
{
	yaml_event_t event;
	bool ended = false;
	for (int result = 0; !ended; yaml_event_delete(&event)) {
		if (next_event(r, &event) != 0)
			return -1;
		ended = event.type == YAML_STREAM_END_EVENT;
		if (event.type == YAML_STREAM_START_EVENT ||
			event.type == YAML_DOCUMENT_END_EVENT || ended)
			continue;
		if (*root != NULL)
			result = refuse(r, &event.start_mark, "a second document");
		else if (event.type != YAML_DOCUMENT_START_EVENT)
			result = read_value(r, &event, root);
		if (result != 0) {
			yaml_event_delete(&event);
			return -1;
		}
	}
	return 0;
}

int yaml_parse(const char *text, size_t size, struct cJSON **root, struct fail *f)
{
	struct reading r = {.f = f};
	*root = NULL;
	if (yaml_parser_initialize(&r.parser) == 0)
		panic_out_of_memory();
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, size);
	int result = read_stream(&r, root);
	yaml_parser_delete(&r.parser);
	if (result != 0) {
		json_release(*root);
		*root = NULL;
	} else if (*root == NULL) {
		*root = json_new_null();
	}
	return result;
}

char *yaml_library_version(void)
{
	return text_format("libyaml %s", yaml_get_version_string());
}
