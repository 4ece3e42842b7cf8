#include "registry/standing.h"

#include <stdlib.h>

#include "base/text.h"
#include "packaging/json/json.h"
#include "packaging/json/note.h"
#include "registry/tags.h"

static void add_rejected(const struct cJSON *gate, struct text *text)
{
	const char *name = json_find_string(gate, "name");
	const char *detail = json_find_string(gate, "detail");
	if (!text_equal(json_find_string(gate, "verdict"), "rejected") || name == NULL)
		return;
	char *alone = detail == NULL ? text_format("%s rejected it", name) : NULL;
	text_add_named(text, name, alone != NULL ? alone : detail);
	free(alone);
}

char *standing_gates(const struct version *version)
{
	struct text text = {0};
	struct cJSON *verdict = json_parse_note(version_tag(version, TAG_GATE));
	const struct cJSON *gates = json_find(verdict, "gates");
	if (text_equal(json_find_string(verdict, "verdict"), "rejected"))
		for (const struct cJSON *gate = json_first_item(gates); gate != NULL;
			gate = json_next_item(gate))
			add_rejected(gate, &text);
	json_release(verdict);
	return text.size > 0 ? text_take(&text) : NULL;
}

static bool was_production(const struct production_periods *periods, int64_t number)
{
	for (size_t i = 0; i < periods->count; i++)
		if (periods->items[i].version == number)
			return true;
	return false;
}

static const char *word_of(const struct registry_state *state, const struct version *version)
{
	int64_t unused;
	if (version_tag(version, TAG_WITHDRAWN) != NULL)
		return "withdrawn";
	if (version_is_duplicate(state, version))
		return "duplicate";
	return version_intent(state, version, &unused) ? "superseded" : "waiting";
}

void standing_read(const struct registry_state *state, const struct production_periods *periods,
	const struct version *version, struct standing *standing)
{
	*standing = (struct standing){.word = "production"};
	if (state_is_production(state, version))
		return;
	standing->why = was_production(periods, version->number) ? NULL : standing_gates(version);
	if (standing->why != NULL) {
		standing->word = "held";
		return;
	}
	standing->word = word_of(state, version);
	if (!text_equal(standing->word, "waiting"))
		standing->why = state_says_why_not(state, version, state_desired_version(state));
	else
		standing->why = text_copy(version_tag(version, TAG_DIGEST) != NULL
						  ? "left to a person, by policy"
						  : "not registered by modelhook");
}

void standing_release(struct standing *standing)
{
	free(standing->why);
	*standing = (struct standing){0};
}
