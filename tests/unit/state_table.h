/* state_table - what a registry says, written as a table of rows for the tests.
 */
#ifndef MODELHOOK_TESTS_STATE_TABLE_H
#define MODELHOOK_TESTS_STATE_TABLE_H

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "mlflow/types.h"
#include "registry/state.h"
#include "registry/tags.h"
#include "unit.h"

enum { ROWS_MAX = 6 };

/* One version; times are days of November 2026, "03" is 2026-11-03T00:00:00Z. */
struct version_row {
	int64_t number; /* 0 ends the table */
	const char *stage;
	const char *created;
	const char *intent; /* a day, or any text longer than that as it is */
	const char *withdrawn;
	const char *duplicate_of;
	const char *digest;
	const char *status; /* READY unless given */
};

static inline const char *table_time(const char *day, char out[64])
{
	if (strlen(day) != 2)
		return strcpy(out, day);
	snprintf(out, 64, "2026-11-%sT00:00:00Z", day);
	return out;
}

static inline void table_tag(struct version *version, const char *key, const char *value)
{
	if (value == NULL)
		return;
	version->tags = memory_grow(version->tags, version->tag_count + 1, sizeof(*version->tags));
	version->tags[version->tag_count++] =
		(struct pair){.key = text_copy(key), .value = text_copy(value)};
}

static inline void table_version(const struct version_row *row, struct version *version)
{
	char time[64];
	*version = (struct version){.number = row->number};
	version->stage = text_copy(row->stage != NULL ? row->stage : "None");
	version->status = text_copy(row->status != NULL ? row->status : "READY");
	if (row->created != NULL)
		assert_true(
			clock_parse_rfc3339(table_time(row->created, time), &version->created_ms));
	table_tag(version, TAG_INTENT, row->intent != NULL ? table_time(row->intent, time) : NULL);
	table_tag(version, TAG_WITHDRAWN, row->withdrawn);
	table_tag(version, TAG_DUPLICATE, row->duplicate_of);
	table_tag(version, TAG_DIGEST, row->digest);
}

static inline void table_alias(struct registry_state *observed, const char *name, int64_t number)
{
	struct registered_model *model = &observed->model;
	if (number == 0)
		return;
	model->aliases =
		memory_grow(model->aliases, model->alias_count + 1, sizeof(*model->aliases));
	model->aliases[model->alias_count++] =
		(struct alias){.name = text_copy(name), .version = number};
}

/* The state of these versions; decision is the tag's text, or NULL. */
static inline void table_state(struct registry_state *observed, bool stages,
	const struct version_row rows[ROWS_MAX], const char *decision)
{
	*observed = (struct registry_state){.stages = stages};
	observed->versions.items = memory_get(ROWS_MAX, sizeof(struct version));
	for (size_t i = 0; i < ROWS_MAX && rows[i].number != 0; i++)
		table_version(&rows[i], &observed->versions.items[observed->versions.count++]);
	if (decision == NULL)
		return;
	observed->model.tags = memory_get(1, sizeof(struct pair));
	observed->model.tag_count = 1;
	observed->model.tags[0] =
		(struct pair){.key = text_copy(TAG_DECISION), .value = text_copy(decision)};
}

#endif
