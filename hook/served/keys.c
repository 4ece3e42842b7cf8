#include "served/keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

int served_key_string(const struct json_at *object, const char *key, char **value, struct fail *f)
{
	struct json_at at = json_get(object, key);
	if (!json_is_there(&at))
		return 0;
	if (json_string(&at, value, f) != 0)
		return -1;
	return (*value)[0] != '\0' || strcmp(key, "json_pointer") == 0
		       ? 0
		       : json_fail(&at, f, "is empty");
}

int served_key_duration(const struct json_at *object, const char *key, int64_t *ms, struct fail *f)
{
	struct json_at at = json_get(object, key);
	char *text = NULL;
	if (!json_is_there(&at))
		return 0;
	if (json_string(&at, &text, f) != 0)
		return -1;
	bool known = clock_parse_duration(text, ms) && *ms > 0;
	free(text);
	return known ? 0 : json_fail(&at, f, "is a duration such as \"5m\"");
}

int served_key_count(const struct json_at *object, const char *key, int64_t *count, struct fail *f)
{
	struct json_at at = json_get(object, key);
	return json_is_there(&at) ? json_integer(&at, 1, SERVED_COUNT_MAX, count, f) : 0;
}

int served_key_word(const struct json_at *object, const char *key, const char *const *words,
	size_t *place, struct fail *f)
{
	struct json_at at = json_get(object, key);
	char *text = NULL;
	if (!json_is_there(&at))
		return 0;
	if (json_string(&at, &text, f) != 0)
		return -1;
	for (*place = 0; words[*place] != NULL; (*place)++)
		if (strcmp(words[*place], text) == 0)
			break;
	free(text);
	if (words[*place] != NULL)
		return 0;
	struct text known = {0};
	for (size_t i = 0; words[i] != NULL; i++)
		text_printf(&known, "%s%s", i > 0 ? ", " : "", words[i]);
	int result = json_fail(&at, f, "is one of %s", text_string(&known));
	text_release(&known);
	return result;
}
