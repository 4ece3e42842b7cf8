#include "registry/production_period.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "packaging/json/note.h"
#include "registry/entries.h"
#include "registry/tags.h"

#define PERIODS_MAX ((size_t)6 << 20)

/* Between two moments that two clocks tell, or two calls of one promotion. */
#define GAP_LEAST_MS 2000

/* Whose entries are read. */
struct period_reader {
	struct production_periods *periods;
	int64_t version;
	const char *trained;
	bool deleted;
	bool open; /* the newest period has no end yet */
};

/* A copy that the periods own, and count. */
static char *keep(struct production_periods *periods, const char *string)
{
	if (string != NULL)
		periods->bytes += strlen(string) + 16;
	return text_copy(string);
}

static struct production_period *newest(const struct period_reader *reader)
{
	return &reader->periods->items[reader->periods->count - 1];
}

static struct production_period *begin(struct period_reader *reader, int64_t from_ms)
{
	struct production_periods *periods = reader->periods;
	size_t count = periods->count;
	if ((count & (count - 1)) == 0)
		periods->items = memory_grow(
			periods->items, count > 0 ? 2 * count : 1, sizeof(*periods->items));
	periods->bytes += 2 * sizeof(*periods->items);
	periods->items[periods->count++] = (struct production_period){
		.version = reader->version,
		.trained = keep(periods, reader->trained),
		.deleted = reader->deleted,
		.from_ms = from_ms,
		.at_ms = from_ms,
	};
	reader->open = true;
	return newest(reader);
}

static void begin_outside(struct period_reader *reader, int64_t from_ms)
{
	begin(reader, from_ms)->how = keep(reader->periods, HOW_OUTSIDE);
}

static void end(struct period_reader *reader, int64_t to_ms)
{
	struct production_period *period = newest(reader);
	period->to_ms = to_ms;
	if (period->at_ms == 0)
		period->at_ms = to_ms;
	reader->open = false;
}

/* By others: what is kept is not the whole of it. */
static void end_outside(struct period_reader *reader, int64_t to_ms)
{
	end(reader, to_ms);
	newest(reader)->recorded = false;
}

static int64_t time_of(const struct cJSON *entry, const char *key)
{
	const char *at = json_find_string(entry, key);
	int64_t ms;
	return at != NULL && clock_parse_rfc3339(at, &ms) ? ms : 0;
}

static void read_entry(struct period_reader *reader, const struct cJSON *entry)
{
	const char *instead = json_find_string(entry, "for");
	bool production = text_equal(json_find_string(entry, "to"), STAGE_PRODUCTION);
	if (reader->open && json_find_string(entry, "lost") != NULL)
		end_outside(reader, time_of(entry, "lost"));
	if (!reader->open && json_find_string(entry, "since") != NULL)
		begin_outside(reader, time_of(entry, "since"));
	if (production && !reader->open) {
		struct production_period *period = begin(reader, time_of(entry, "at"));
		period->by = keep(reader->periods, json_find_string(entry, "by"));
		period->how = keep(reader->periods, json_find_string(entry, "how"));
		period->why = keep(reader->periods, json_find_string(entry, "why"));
		period->recorded = true;
	} else if (!production && reader->open) {
		end(reader, time_of(entry, "at"));
		newest(reader)->instead = instead != NULL ? strtoll(instead, NULL, 10) : 0;
	}
}

/* What the stage says beyond what was recorded: others promoted, or archived. */
static void read_rest(struct period_reader *reader, const struct registry_state *state,
	const struct version *version, bool any)
{
	bool production = state_is_production(state, version);
	if (reader->open && !production) {
		end_outside(reader, version->updated_ms);
	} else if (!reader->open && production) {
		begin_outside(reader, version->updated_ms);
	} else if (!any && text_equal(version->stage, STAGE_ARCHIVED)) {
		begin_outside(reader, 0);
		end(reader, version->updated_ms);
	}
	if (production)
		newest(reader)->lasts = true;
}

static void release(struct production_period *period)
{
	free(period->by);
	free(period->how);
	free(period->why);
	free(period->trained);
}

/* Whether there is room for the history of one more version. */
static bool has_room(struct production_periods *periods)
{
	periods->cut = periods->cut || periods->bytes > PERIODS_MAX;
	return !periods->cut;
}

static void read_version(struct production_periods *periods, const struct registry_state *state,
	const struct version *version)
{
	struct period_reader reader = {.periods = periods,
		.version = version->number,
		.trained = version_tag(version, TAG_TRAINED_AT)};
	struct cJSON *list = entries_read(version->tags, version->tag_count, TAG_HISTORY);
	for (const struct cJSON *entry = json_first_item(list); entry != NULL;
		entry = json_next_item(entry))
		read_entry(&reader, entry);
	read_rest(&reader, state, version, json_first_item(list) != NULL);
	json_release(list);
}

/* The last entry of a deleted version names it; a delete that failed has left it where it is. */
static void read_deleted(struct production_periods *periods, const struct registry_state *state,
	int64_t number, const char *key)
{
	const struct registered_model *model = &state->model;
	const struct version *version = state_version(state, number);
	struct period_reader reader = {.periods = periods, .version = number, .deleted = true};
	size_t before = periods->count;
	struct cJSON *list = entries_read(model->tags, model->tag_count, key);
	for (const struct cJSON *entry = json_first_item(list); entry != NULL;
		entry = json_next_item(entry)) {
		read_entry(&reader, entry);
		if (!text_equal(json_find_string(entry, "to"), TO_DELETED))
			continue;
		while (version != NULL && entries_are_of(entry, version) && periods->count > before)
			release(&periods->items[--periods->count]);
		for (size_t i = before; i < periods->count; i++)
			periods->items[i].trained =
				keep(periods, json_find_string(entry, "trained_at"));
		before = periods->count;
	}
	json_release(list);
}

static void read_all_deleted(struct production_periods *periods, const struct registry_state *state)
{
	for (size_t i = 0; i < state->model.tag_count; i++) {
		const char *key = state->model.tags[i].key;
		char *end_of_number;
		if (!text_starts_with(key, TAG_DELETED))
			continue;
		int64_t number = strtoll(key + strlen(TAG_DELETED), &end_of_number, 10);
		if (number > 0 && *end_of_number == '\0' &&
			has_room(periods)) /* else a continuation */
			read_deleted(periods, state, number, key);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct production_period *x = a, *y = b;
	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return (x->version > y->version) - (x->version < y->version);
}

static void add_gap(
	struct production_periods *periods, int64_t from_ms, int64_t to_ms, size_t before)
{
	size_t count = periods->gap_count;
	if ((count & (count - 1)) == 0)
		periods->gaps = memory_grow(
			periods->gaps, count > 0 ? 2 * count : 1, sizeof(*periods->gaps));
	periods->gaps[periods->gap_count++] = (struct gap){from_ms, to_ms, before};
}

/* covered: until when somebody was Production; 0: nobody knows */
static void find_gaps(struct production_periods *periods)
{
	int64_t covered = 0;
	for (size_t i = 0; i < periods->count; i++) {
		const struct production_period *period = &periods->items[i];
		bool replaces = i > 0 && periods->items[i - 1].instead == period->version;
		int64_t until = period->lasts ? INT64_MAX : period->to_ms;
		if (covered != 0 && !replaces && period->from_ms - covered > GAP_LEAST_MS &&
			period->from_ms != 0 && covered != INT64_MAX)
			add_gap(periods, covered, period->from_ms, i);
		if (until == 0 || until > covered)
			covered = until;
	}
	if (covered != 0 && covered != INT64_MAX)
		add_gap(periods, covered, 0, periods->count);
}

void production_periods_read(const struct registry_state *state, struct production_periods *periods)
{
	*periods = (struct production_periods){0};
	for (size_t i = 0; i < state->versions.count && has_room(periods); i++)
		read_version(periods, state, &state->versions.items[i]);
	read_all_deleted(periods, state);
	if (periods->count > 1)
		qsort(periods->items, periods->count, sizeof(*periods->items), by_time);
	find_gaps(periods);
}

void production_periods_release(struct production_periods *periods)
{
	for (size_t i = 0; i < periods->count; i++)
		release(&periods->items[i]);
	free(periods->items);
	free(periods->gaps);
	*periods = (struct production_periods){0};
}

const struct production_period *production_periods_present(
	const struct production_periods *periods, int64_t version)
{
	for (size_t i = periods->count; i-- > 0;)
		if (periods->items[i].version == version && periods->items[i].lasts)
			return &periods->items[i];
	return NULL;
}
