#include "registry/served_note.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "packaging/json/note.h"
#include "registry/tags.h"

static const char *const words[] = {
	[SERVED_UNKNOWN] = "unknown",
	[SERVED_SEEN] = "served",
	[SERVED_NOT] = "not_served",
	[SERVED_ROLLING_BACK] = "rolling_back",
	[SERVED_ROLLED_BACK] = "rolled_back",
};

enum { WORD_COUNT = sizeof(words) / sizeof(words[0]) };

static enum served_state find_state(const char *word)
{
	for (size_t i = 0; i < WORD_COUNT; i++)
		if (text_equal(words[i], word))
			return (enum served_state)i;
	return SERVED_UNKNOWN;
}

void served_note_read(const struct version *version, struct served_note *note)
{
	struct cJSON *json = json_parse_note(version_tag(version, TAG_SERVED));
	const char *at = json_find_string(json, "at"), *to = json_find_string(json, "to");
	double after = 0;
	*note = (struct served_note){
		.state = find_state(json_find_string(json, "state")),
		.to = to != NULL ? strtoll(to, NULL, 10) : 0,
		.why = text_copy(json_find_string(json, "why")),
	};
	if (at == NULL || !clock_parse_rfc3339(at, &note->at_ms))
		note->at_ms = 0;
	if (json_as_number(json_find(json, "after_ms"), &after) && after > 0 && after < 1e15)
		note->after_ms = (int64_t)after;
	if (json != NULL)
		note->json = json_text(json);
	json_release(json);
}

void served_note_release(struct served_note *note)
{
	free(note->why);
	free(note->json);
	*note = (struct served_note){0};
}

char *served_note_text(
	enum served_state state, const char *by, const char *why, int64_t to, struct cJSON *figures)
{
	char at[32], number[24];
	struct cJSON *object = figures != NULL ? figures : json_new_object();
	clock_format_rfc3339(at, clock_now_ms());
	json_set_string(object, "at", at);
	json_set_string(object, "state", words[state]);
	json_set_string_or_null(object, "by", by);
	if (why != NULL)
		json_set_string(object, "why", why);
	if (to != 0)
		json_set_string(object, "to", text_number(number, to));
	return json_take_text(object);
}
