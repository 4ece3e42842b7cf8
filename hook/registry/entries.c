#include "registry/entries.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "packaging/json/note.h"
#include "registry/tags.h"

/* Enough for some ten thousand entries, more than any real history has. */
#define ENTRIES_MAX ((size_t)1 << 20)

struct cJSON *entries_parse(const char *text)
{
	struct cJSON *list = json_parse_note(text);
	if (json_is_list(list))
		return list;
	json_release(list);
	return json_new_array();
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

bool entries_start_alike(const struct cJSON *a, const struct cJSON *b)
{
	const struct cJSON *first = json_first_item(a), *other = json_first_item(b);
	return first != NULL && other != NULL && json_is_equal(first, other);
}

/* A writer that was killed after it wrote a continuation, and before it wrote the tag itself,
 * leaves the same entries in both. */
struct cJSON *entries_read(const struct pair *tags, size_t count, const char *key)
{
	struct cJSON *all = json_new_array(), *newest = entries_parse(tag_value(tags, count, key));
	const char *value;
	size_t bytes = 0;
	for (int part = 2; (value = entries_part(tags, count, key, part)) != NULL; part++) {
		bytes += strlen(value);
		if (bytes > ENTRIES_MAX)
			break;
		struct cJSON *list = entries_parse(value);
		bool twice = entries_start_alike(list, newest);
		while (json_first_item(list) != NULL && !twice)
			json_append(all, json_take_first(list));
		json_release(list);
	}
	while (json_first_item(newest) != NULL)
		json_append(all, json_take_first(newest));
	json_release(newest);
	return all;
}

bool entries_end_in_production(const struct cJSON *entries)
{
	const struct cJSON *last = json_last_item(entries);
	return text_equal(json_find_string(last, "to"), STAGE_PRODUCTION);
}

bool entries_are_of(const struct cJSON *deleted, const struct version *version)
{
	double created;
	return json_as_number(json_find(deleted, "created"), &created) &&
	       created == (double)version->created_ms;
}
