#include "kubernetes/object.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct json_at object_at(const struct json_at *object, const char *path)
{
	struct json_at at = *object;
	while (*path != '\0' && json_is_there(&at)) {
		size_t size = strcspn(path, ".");
		char *key = text_format("%.*s", (int)size, path);
		struct json_at next = json_get(&at, key);
		free(key);
		at = next;
		path += size;
		path += *path == '.';
	}
	if (json_is_there(&at) && json_is_null(&at))
		at.value = NULL;
	at.parent = NULL;
	at.key = NULL;
	return at;
}

bool object_has(const struct json_at *object, const char *path)
{
	struct json_at at = object_at(object, path);
	return json_is_there(&at);
}

int64_t object_integer(const struct json_at *object, const char *path, int64_t otherwise)
{
	struct json_at at = object_at(object, path);
	struct fail ignored;
	int64_t value = otherwise;
	bool is = json_is_there(&at) &&
		  json_integer(&at, -JSON_INTEGER_MAX, JSON_INTEGER_MAX, &value, &ignored) == 0;
	return is ? value : otherwise;
}

bool object_flag(const struct json_at *object, const char *path)
{
	struct json_at at = object_at(object, path);
	struct fail ignored;
	bool value = false;
	return json_is_there(&at) && json_bool(&at, &value, &ignored) == 0 && value;
}

char *object_string(const struct json_at *object, const char *path)
{
	struct json_at at = object_at(object, path);
	struct fail ignored;
	char *value = NULL;
	return json_is_there(&at) && json_string(&at, &value, &ignored) == 0 ? value : NULL;
}

bool object_is(const struct json_at *object, const char *path, const char *string)
{
	char *value = object_string(object, path);
	bool is = value != NULL && strcmp(value, string) == 0;
	free(value);
	return is;
}

int64_t object_time(const struct json_at *object, const char *path)
{
	char *text = object_string(object, path);
	int64_t ms = 0;
	if (text != NULL && !clock_parse_rfc3339(text, &ms))
		ms = 0;
	free(text);
	return ms;
}

struct json_at object_first(const struct json_at *object, const char *path, struct json_at *list)
{
	*list = object_at(object, path);
	return json_is_there(list) ? json_first(list) : *list;
}

struct json_at object_condition(const struct json_at *object, const char *type)
{
	struct json_at list;
	for (struct json_at at = object_first(object, "status.conditions", &list);
		json_is_there(&at); at = json_next(&at))
		if (object_is(&at, "type", type))
			return object_at(&at, "");
	return (struct json_at){0};
}

char *object_annotation(const struct json_at *object, const char *metadata, const char *name)
{
	struct json_at at = object_at(object, metadata);
	struct json_at annotations = json_get(&at, "annotations");
	struct json_at value = json_get(&annotations, name);
	struct fail ignored;
	char *text = NULL;
	return json_is_there(&value) && json_string(&value, &text, &ignored) == 0 ? text : NULL;
}
