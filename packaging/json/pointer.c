#include "packaging/json/pointer.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "packaging/json/json.h"

bool json_pointer_is_valid(const char *pointer)
{
	if (pointer[0] != '\0' && pointer[0] != '/')
		return false;
	for (const char *at = strchr(pointer, '~'); at != NULL; at = strchr(at + 1, '~'))
		if (at[1] != '0' && at[1] != '1')
			return false;
	return true;
}

/* One part of a pointer without its escapes; *pointer moves to the next "/" or the end. */
static char *take_part(const char **pointer)
{
	struct text part = {0};
	const char *at = *pointer + 1;
	for (; *at != '\0' && *at != '/'; at++) {
		bool escaped = at[0] == '~' && at[1] != '\0';
		char c = escaped ? (at[1] == '1' ? '/' : '~') : at[0];
		text_add(&part, &c, 1);
		at += escaped;
	}
	*pointer = at;
	text_add(&part, "", 0);
	return part.data != NULL ? text_take(&part) : text_copy("");
}

/* An index has no sign and no leading zero. */
static const cJSON *find_item(const cJSON *array, const char *part)
{
	char spelled[24];
	char *end;
	long index = strtol(part, &end, 10);
	if (*end != '\0' || index < 0 || strcmp(text_number(spelled, index), part) != 0 ||
		index > cJSON_GetArraySize(array))
		return NULL;
	return cJSON_GetArrayItem(array, (int)index);
}

const struct cJSON *json_pointer_find(const struct cJSON *root, const char *pointer)
{
	const cJSON *at = root;
	while (at != NULL && *pointer != '\0') {
		char *part = take_part(&pointer);
		if (cJSON_IsObject(at))
			at = cJSON_GetObjectItemCaseSensitive(at, part);
		else
			at = cJSON_IsArray(at) ? find_item(at, part) : NULL;
		free(part);
	}
	return at;
}

char *json_scalar_text(const struct cJSON *value)
{
	char number[24];
	if (cJSON_IsString(value))
		return text_copy(value->valuestring);
	if (!cJSON_IsNumber(value) || value->valuedouble != floor(value->valuedouble) ||
		fabs(value->valuedouble) > (double)JSON_INTEGER_MAX)
		return NULL;
	return text_copy(text_number(number, (int64_t)value->valuedouble));
}
