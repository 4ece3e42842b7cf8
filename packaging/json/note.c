#include "packaging/json/note.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base/fail.h"
#include "base/panic.h"
#include "packaging/json/json.h"

#define NOTE_MAX ((size_t)64 << 10)

struct cJSON *json_parse_note(const char *text)
{
	return text != NULL && strnlen(text, NOTE_MAX) < NOTE_MAX ? cJSON_Parse(text) : NULL;
}

bool json_is_list(const struct cJSON *value)
{
	return cJSON_IsArray(value) != 0;
}

bool json_is_equal(const struct cJSON *a, const struct cJSON *b)
{
	return cJSON_Compare(a, b, true) != 0;
}

const struct cJSON *json_find(const struct cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

struct cJSON *json_find_own(struct cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

const char *json_find_string(const struct cJSON *object, const char *key)
{
	return cJSON_GetStringValue(json_find(object, key));
}

const char *json_as_string(const struct cJSON *value)
{
	return cJSON_GetStringValue(value);
}

bool json_as_bool(const struct cJSON *value, bool *truth)
{
	if (!cJSON_IsBool(value))
		return false;
	*truth = cJSON_IsTrue(value) != 0;
	return true;
}

bool json_is_nothing(const struct cJSON *value)
{
	return cJSON_IsNull(value) != 0;
}

bool json_as_number(const struct cJSON *value, double *number)
{
	if (!cJSON_IsNumber(value))
		return false;
	*number = value->valuedouble;
	return true;
}

const char *json_key(const struct cJSON *member)
{
	return member->string;
}

const struct cJSON *json_first_item(const struct cJSON *list)
{
	return list != NULL ? list->child : NULL;
}

/* The first child's prev is the last one. */
const struct cJSON *json_last_item(const struct cJSON *list)
{
	const struct cJSON *first = json_first_item(list);
	return first != NULL ? first->prev : NULL;
}

const struct cJSON *json_next_item(const struct cJSON *item)
{
	return item->next;
}

struct cJSON *json_take_first(struct cJSON *list)
{
	return cJSON_DetachItemViaPointer(list, list->child);
}

struct cJSON *json_take_last(struct cJSON *list)
{
	return cJSON_DetachItemViaPointer(list, list->child->prev);
}

void json_prepend(struct cJSON *list, struct cJSON *item)
{
	INVARIANT(cJSON_InsertItemInArray(list, 0, item));
}

void json_replace_string(struct cJSON *object, const char *key, const char *string)
{
	INVARIANT(cJSON_ReplaceItemInObjectCaseSensitive(object, key, json_new_string(string)));
}

void json_put_string(struct cJSON *object, const char *key, const char *string)
{
	if (json_find(object, key) != NULL)
		json_replace_string(object, key, string);
	else
		json_set_string(object, key, string);
}
