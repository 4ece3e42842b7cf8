#include "registry/entries.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/text.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "registry/state.h"

/* Some ten thousand entries: more are not a history that anybody wrote. */
#define ENTRIES_MAX ((size_t)1 << 20)

const char *entry_string(const cJSON *entry, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, key));
}

cJSON *entries_parse(const char *text)
{
	cJSON *list = json_parse_note(text);
	if (cJSON_IsArray(list))
		return list;
	cJSON_Delete(list);
	return cJSON_CreateArray();
}

char *entries_part_key(const char *key, int part)
{
	return text_format("%s.%d", key, part);
}

const char *entries_part(const struct pair *tags, size_t count, const char *key, int part)
{
	char *name = entries_part_key(key, part);
	const char *value = tag_value(tags, count, name);
	free(name);
	return value;
}

bool entries_start_alike(const cJSON *a, const cJSON *b)
{
	return a->child != NULL && b->child != NULL && cJSON_Compare(a->child, b->child, true);
}

/* Who died between writing a continuation and the tag itself left the same entries in both. */
cJSON *entries_read(const struct pair *tags, size_t count, const char *key)
{
	cJSON *all = cJSON_CreateArray(), *newest = entries_parse(tag_value(tags, count, key));
	const char *value;
	size_t bytes = 0;
	for (int part = 2; (value = entries_part(tags, count, key, part)) != NULL; part++) {
		bytes += strlen(value);
		if (bytes > ENTRIES_MAX)
			break;
		cJSON *list = entries_parse(value);
		bool twice = entries_start_alike(list, newest);
		while (list->child != NULL && !twice)
			cJSON_AddItemToArray(all, cJSON_DetachItemFromArray(list, 0));
		cJSON_Delete(list);
	}
	while (newest->child != NULL)
		cJSON_AddItemToArray(all, cJSON_DetachItemFromArray(newest, 0));
	cJSON_Delete(newest);
	return all;
}

bool entries_end_open(const cJSON *entries)
{
	bool open = false;
	const cJSON *entry;
	cJSON_ArrayForEach(entry, entries) open =
		text_equal(entry_string(entry, "to"), STAGE_PRODUCTION);
	return open;
}

bool entries_are_of(const cJSON *deleted, const struct version *version)
{
	const cJSON *created = cJSON_GetObjectItemCaseSensitive(deleted, "created");
	return cJSON_IsNumber(created) && created->valuedouble == (double)version->created_ms;
}
