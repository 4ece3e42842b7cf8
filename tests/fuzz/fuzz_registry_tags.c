/* Fuzzes the tags of a registry that the hook acts on: a line a tag, whose first letter says which,
 * of two versions in turn; what begins with another is an alias or the decision. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "flow/champion.h"
#include "flow/verdict.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "registry/anomaly.h"
#include "registry/entries.h"
#include "registry/golden_fetch.h"
#include "registry/history.h"
#include "registry/production_period.h"
#include "registry/served_note.h"
#include "registry/standing.h"
#include "registry/tags.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const keys[] = {TAG_HISTORY, TAG_INTENT, TAG_WITHDRAWN, TAG_DUPLICATE,
	TAG_DIGEST, TAG_TRAINED_AT, TAG_BY, TAG_SAMPLES, TAG_HISTORY ".2", TAG_GATE, TAG_SERVED,
	TAG_GOLDEN};

static void add_tag(struct pair **tags, size_t *count, const char *key, const char *value)
{
	*tags = memory_grow(*tags, *count + 1, sizeof(**tags));
	(*tags)[(*count)++] = (struct pair){text_copy(key), text_copy(value)};
}

static void add_alias(struct registered_model *model, const char *name, int64_t version)
{
	model->aliases =
		memory_grow(model->aliases, model->alias_count + 1, sizeof(*model->aliases));
	model->aliases[model->alias_count++] = (struct alias){text_copy(name), version};
}

static void take_line(struct registry_state *state, const char *line, size_t number)
{
	struct version *version = &state->versions.items[number % state->versions.count];
	size_t which = (size_t)(line[0] - 'a');
	if (which < sizeof(keys) / sizeof(keys[0]))
		add_tag(&version->tags, &version->tag_count, keys[which], line + 1);
	else if (line[0] == 'x')
		add_tag(&state->model.tags, &state->model.tag_count, TAG_DECISION, line + 1);
	else if (line[0] == 'w')
		add_tag(&state->model.tags, &state->model.tag_count, TAG_DELETED "3", line + 1);
	else if (line[0] == 'y')
		add_alias(&state->model, ALIAS_PRODUCTION, version->number);
	else if (line[0] == 'z')
		version->created_ms = version->updated_ms = strlen(line) * INT64_C(86400000);
}

static void look(const struct registry_state *state)
{
	struct production_periods periods;
	struct anomalies anomalies = {0};
	int64_t winner = state_desired_version(state);
	char *reason = NULL;
	(void)state_decided_how(state, winner, &reason);
	MUST(winner == 0 || state_version(state, winner) != NULL);
	(void)state_previous(state, winner);
	for (size_t i = 0; i < state->versions.count; i++)
		free(state_says_why_not(state, &state->versions.items[i], winner));
	(void)state_is_converged(state, true, true);
	production_periods_read(state, &periods);
	for (size_t i = 0; i < state->versions.count; i++) {
		struct standing standing;
		standing_read(state, &periods, &state->versions.items[i], &standing);
		MUST(standing.word != NULL);
		standing_release(&standing);
	}
	anomalies_find(state, true, &anomalies);
	anomalies_find_stale(state, INT64_C(1795643000123), &anomalies);
	anomalies_release(&anomalies);
	production_periods_release(&periods);
	free(reason);
}

static void look_at_version(const struct version *version)
{
	struct cJSON *tree;
	struct count *samples;
	struct text told = {0};
	struct cJSON *entries = entries_read(version->tags, version->tag_count, TAG_HISTORY);
	MUST(entries != NULL);
	(void)entries_end_in_production(entries);
	json_release(entries);
	free(history_override_reason(version));
	free(standing_gates(version));
	struct served_note note;
	served_note_read(version, &note);
	MUST(note.json == NULL || note.json[0] == '{' || note.state == SERVED_UNKNOWN);
	served_note_release(&note);
	double tolerance;
	free(golden_tag_read(version, &tolerance));
	MUST(tolerance >= 0);
	verdict_describe(version, &told);
	text_release(&told);
	(void)champion_samples(version_tag(version, TAG_SAMPLES), &tree, &samples);
	json_release(tree);
	free(samples);
}

static void make_version(struct version *version, int64_t number, const char *stage)
{
	*version = (struct version){.model = text_copy("m"),
		.number = number,
		.stage = text_copy(stage),
		.source = text_copy(""),
		.run_id = text_copy(""),
		.status = text_copy("READY"),
		.status_message = text_copy(""),
		.description = text_copy(""),
		.user = text_copy("")};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct registry_state state = {0};
	char *text = memory_get(size + 1, 1), *rest = text;
	memcpy(text, data, size);
	state.versions.items = memory_get(2, sizeof(*state.versions.items));
	state.versions.count = 2;
	make_version(&state.versions.items[0], 1, size % 2 == 0 ? "Archived" : "Production");
	make_version(&state.versions.items[1], 2, size % 3 == 0 ? "None" : "Production");
	for (size_t number = 0; rest != NULL; number++)
		take_line(&state, strsep(&rest, "\n"), number);
	look(&state);
	for (size_t i = 0; i < state.versions.count; i++) {
		look_at_version(&state.versions.items[i]);
		(void)version_pack(&state.versions.items[i]);
	}
	look(&state);
	state_release(&state);
	free(text);
	return 0;
}
