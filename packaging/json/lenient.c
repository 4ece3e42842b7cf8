#include "packaging/json/lenient.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fail.h"
#include "base/text.h"
#include "packaging/json/bound.h"

#define INTEGER_MAX 9007199254740992.0 /* 2^53: beyond it a double skips integers */

static const cJSON *tree(const struct json_lenient_value *value)
{
	return (const cJSON *)value;
}

static const struct json_lenient_value *value_of(const cJSON *item)
{
	return (const struct json_lenient_value *)item;
}

static void note_wrong(struct json_lenient *answer, const char *key, const char *wanted)
{
	if (answer->wrong[0] == '\0')
		snprintf(answer->wrong, sizeof(answer->wrong), "\"%s\" is %s", key, wanted);
}

int json_lenient_parse(struct json_lenient *answer, const char *text, size_t size, struct fail *f)
{
	*answer = (struct json_lenient){0};
	const char *end = NULL;
	if (json_bound(text, size, f) != 0) {
		if (f->status == STATUS_UNACCEPTABLE)
			f->status = STATUS_NOT_A_REGISTRY;
		return -1;
	}
	answer->root = cJSON_ParseWithLengthOpts(text, size, &end, 0);
	if (answer->root == NULL)
		return fail_set(f, STATUS_NOT_A_REGISTRY, "the answer is not JSON");
	if (!cJSON_IsObject((cJSON *)answer->root))
		return fail_set(f, STATUS_NOT_A_REGISTRY, "the answer is not a JSON object");
	return 0;
}

void json_lenient_release(struct json_lenient *answer)
{
	cJSON_Delete(answer->root);
	*answer = (struct json_lenient){0};
}

int json_lenient_check(const struct json_lenient *answer, struct fail *f)
{
	if (answer->wrong[0] == '\0')
		return 0;
	return fail_set(f, STATUS_NOT_A_REGISTRY, "in the answer %s", answer->wrong);
}

const struct json_lenient_value *json_lenient_root(const struct json_lenient *answer)
{
	return answer->root;
}

static bool is_named(const cJSON *item, const char *key)
{
	return item->string != NULL && strcmp(item->string, key) == 0;
}

static const cJSON *member(
	struct json_lenient *answer, const struct json_lenient_value *object, const char *key)
{
	if (object == NULL)
		return NULL;
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree(object), key);
	if (item == NULL)
		return NULL;
	for (const cJSON *other = item->next; other != NULL; other = other->next)
		if (is_named(other, key))
			note_wrong(answer, key, "given twice");
	return cJSON_IsNull(item) ? NULL : item;
}

static void count_named(
	const cJSON *value, const char *key, unsigned depth, struct json_lenient_count *count)
{
	for (const cJSON *item = value->child; item != NULL; item = item->next) {
		if (depth > 1)
			count_named(item, key, depth - 1, count);
		else if (is_named(item, key))
			*(cJSON_IsArray(item) ? &count->arrays : &count->others) += 1;
	}
}

struct json_lenient_count json_lenient_count(
	const struct json_lenient *answer, const char *key, unsigned depth)
{
	struct json_lenient_count count = {0};
	count_named(answer->root, key, depth, &count);
	return count;
}

const struct json_lenient_value *json_lenient_object(
	struct json_lenient *answer, const struct json_lenient_value *object, const char *key)
{
	const cJSON *item = member(answer, object, key);
	if (item == NULL || cJSON_IsObject(item))
		return value_of(item);
	note_wrong(answer, key, "no object");
	return NULL;
}

size_t json_lenient_items(struct json_lenient *answer, const struct json_lenient_value *object,
	const char *key, const struct json_lenient_value **next)
{
	const cJSON *item = member(answer, object, key);
	*next = NULL;
	if (item == NULL)
		return 0;
	if (!cJSON_IsArray(item)) {
		note_wrong(answer, key, "no array");
		return 0;
	}
	*next = value_of(item->child);
	return (size_t)cJSON_GetArraySize(item);
}

const struct json_lenient_value *json_lenient_item(
	struct json_lenient *answer, const struct json_lenient_value **next, const char *key)
{
	const cJSON *item = tree(*next);
	*next = value_of(item->next);
	if (cJSON_IsObject(item))
		return value_of(item);
	note_wrong(answer, key, "no array of objects");
	return NULL;
}

char *json_lenient_string(
	struct json_lenient *answer, const struct json_lenient_value *object, const char *key)
{
	const cJSON *item = member(answer, object, key);
	if (item != NULL && cJSON_IsString(item))
		return text_copy(item->valuestring);
	if (item != NULL)
		note_wrong(answer, key, "no string");
	return text_copy("");
}

static bool read_digits(const char *string, int64_t *value)
{
	char *end;
	errno = 0;
	*value = strtoll(string, &end, 10);
	return errno == 0 && end != string && *end == '\0';
}

int64_t json_lenient_integer(
	struct json_lenient *answer, const struct json_lenient_value *object, const char *key)
{
	const cJSON *item = member(answer, object, key);
	int64_t value;
	if (item == NULL)
		return 0;
	if (cJSON_IsString(item) && read_digits(item->valuestring, &value))
		return value;
	if (cJSON_IsNumber(item) && fabs(item->valuedouble) <= INTEGER_MAX &&
		item->valuedouble == floor(item->valuedouble))
		return (int64_t)item->valuedouble;
	note_wrong(answer, key, "no integer");
	return 0;
}

double json_lenient_number(
	struct json_lenient *answer, const struct json_lenient_value *object, const char *key)
{
	const cJSON *item = member(answer, object, key);
	if (item == NULL)
		return 0;
	if (cJSON_IsNumber(item))
		return item->valuedouble;
	if (cJSON_IsString(item) && strcmp(item->valuestring, "NaN") == 0)
		return NAN;
	if (cJSON_IsString(item) && strcmp(item->valuestring, "Infinity") == 0)
		return INFINITY;
	if (cJSON_IsString(item) && strcmp(item->valuestring, "-Infinity") == 0)
		return -INFINITY;
	note_wrong(answer, key, "no number");
	return 0;
}

bool json_lenient_bool(
	struct json_lenient *answer, const struct json_lenient_value *object, const char *key)
{
	const cJSON *item = member(answer, object, key);
	if (item != NULL && !cJSON_IsBool(item))
		note_wrong(answer, key, "neither true nor false");
	return item != NULL && cJSON_IsTrue(item);
}

void json_lenient_wrong(struct json_lenient *answer, const char *key, const char *what)
{
	note_wrong(answer, key, what);
}

void json_lenient_need(
	struct json_lenient *answer, const struct json_lenient_value *object, const char *key)
{
	if (member(answer, object, key) == NULL)
		note_wrong(answer, key, "missing");
}
