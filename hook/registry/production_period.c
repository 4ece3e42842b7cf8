#include "registry/production_period.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "packaging/json/json.h"
#include "registry/entries.h"

#define TENURES_MAX ((size_t)6 << 20)

/* Between two moments that two clocks tell, or two calls of one promotion. */
#define GAP_LEAST_MS 2000

/* Whose entries are read. */
struct reader {
	struct tenures *tenures;
	int64_t version;
	const char *trained;
	bool deleted;
	bool open; /* the newest tenure has no end yet */
};

/* A copy that the tenures own, and count. */
static char *keep(struct tenures *tenures, const char *string)
{
	if (string != NULL)
		tenures->bytes += strlen(string) + 16;
	return text_copy(string);
}

static struct tenure *newest(const struct reader *reader)
{
	return &reader->tenures->items[reader->tenures->count - 1];
}

static struct tenure *begin(struct reader *reader, int64_t from_ms)
{
	struct tenures *tenures = reader->tenures;
	size_t count = tenures->count;
	if ((count & (count - 1)) == 0)
		tenures->items = memory_grow(
			tenures->items, count > 0 ? 2 * count : 1, sizeof(*tenures->items));
	tenures->bytes += 2 * sizeof(*tenures->items);
	tenures->items[tenures->count++] = (struct tenure){
		.version = reader->version,
		.trained = keep(tenures, reader->trained),
		.deleted = reader->deleted,
		.from_ms = from_ms,
		.at_ms = from_ms,
	};
	reader->open = true;
	return newest(reader);
}

static void begin_outside(struct reader *reader, int64_t from_ms)
{
	begin(reader, from_ms)->how = keep(reader->tenures, HOW_OUTSIDE);
}

static void end(struct reader *reader, int64_t to_ms)
{
	struct tenure *tenure = newest(reader);
	tenure->to_ms = to_ms;
	if (tenure->at_ms == 0)
		tenure->at_ms = to_ms;
	reader->open = false;
}

/* By others: what is kept is not the whole of it. */
static void end_outside(struct reader *reader, int64_t to_ms)
{
	end(reader, to_ms);
	newest(reader)->recorded = false;
}

static int64_t time_of(const cJSON *entry, const char *key)
{
	const char *at = entry_string(entry, key);
	int64_t ms;
	return at != NULL && clock_parse_rfc3339(at, &ms) ? ms : 0;
}

static void read_entry(struct reader *reader, const cJSON *entry)
{
	const char *instead = entry_string(entry, "for");
	bool production = text_equal(entry_string(entry, "to"), STAGE_PRODUCTION);
	if (reader->open && entry_string(entry, "lost") != NULL)
		end_outside(reader, time_of(entry, "lost"));
	if (!reader->open && entry_string(entry, "since") != NULL)
		begin_outside(reader, time_of(entry, "since"));
	if (production && !reader->open) {
		struct tenure *tenure = begin(reader, time_of(entry, "at"));
		tenure->by = keep(reader->tenures, entry_string(entry, "by"));
		tenure->how = keep(reader->tenures, entry_string(entry, "how"));
		tenure->why = keep(reader->tenures, entry_string(entry, "why"));
		tenure->recorded = true;
	} else if (!production && reader->open) {
		end(reader, time_of(entry, "at"));
		newest(reader)->instead = instead != NULL ? strtoll(instead, NULL, 10) : 0;
	}
}

/* What the stage says beyond what was recorded: others promoted, or archived. */
static void read_rest(struct reader *reader, const struct standing *standing,
	const struct version *version, bool any)
{
	bool production = standing_is_production(standing, version);
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

static void release(struct tenure *tenure)
{
	free(tenure->by);
	free(tenure->how);
	free(tenure->why);
	free(tenure->trained);
}

/* Whether there is room for the history of one more version. */
static bool has_room(struct tenures *tenures)
{
	tenures->cut = tenures->cut || tenures->bytes > TENURES_MAX;
	return !tenures->cut;
}

static void read_version(
	struct tenures *tenures, const struct standing *standing, const struct version *version)
{
	struct reader reader = {.tenures = tenures,
		.version = version->number,
		.trained = version_tag(version, TAG_TRAINED_AT)};
	cJSON *list = entries_read(version->tags, version->tag_count, TAG_HISTORY);
	const cJSON *entry;
	cJSON_ArrayForEach(entry, list) read_entry(&reader, entry);
	read_rest(&reader, standing, version, list->child != NULL);
	json_release(list);
}

/* The last entry of a deleted version names it; a delete that failed has left it where it is. */
static void read_deleted(
	struct tenures *tenures, const struct standing *standing, int64_t number, const char *key)
{
	const struct registered_model *model = &standing->model;
	const struct version *version = standing_version(standing, number);
	struct reader reader = {.tenures = tenures, .version = number, .deleted = true};
	size_t before = tenures->count;
	cJSON *list = entries_read(model->tags, model->tag_count, key);
	const cJSON *entry;
	cJSON_ArrayForEach(entry, list)
	{
		read_entry(&reader, entry);
		if (!text_equal(entry_string(entry, "to"), TO_DELETED))
			continue;
		while (version != NULL && entries_are_of(entry, version) && tenures->count > before)
			release(&tenures->items[--tenures->count]);
		for (size_t i = before; i < tenures->count; i++)
			tenures->items[i].trained =
				keep(tenures, entry_string(entry, "trained_at"));
		before = tenures->count;
	}
	json_release(list);
}

static void read_all_deleted(struct tenures *tenures, const struct standing *standing)
{
	for (size_t i = 0; i < standing->model.tag_count; i++) {
		const char *key = standing->model.tags[i].key;
		char *end_of_number;
		if (!text_starts_with(key, TAG_DELETED))
			continue;
		int64_t number = strtoll(key + strlen(TAG_DELETED), &end_of_number, 10);
		if (number > 0 && *end_of_number == '\0' &&
			has_room(tenures)) /* else a continuation */
			read_deleted(tenures, standing, number, key);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct tenure *x = a, *y = b;
	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return (x->version > y->version) - (x->version < y->version);
}

static void add_gap(struct tenures *tenures, int64_t from_ms, int64_t to_ms, size_t before)
{
	size_t count = tenures->gap_count;
	if ((count & (count - 1)) == 0)
		tenures->gaps = memory_grow(
			tenures->gaps, count > 0 ? 2 * count : 1, sizeof(*tenures->gaps));
	tenures->gaps[tenures->gap_count++] = (struct gap){from_ms, to_ms, before};
}

/* covered: until when somebody was Production; 0: nobody knows */
static void find_gaps(struct tenures *tenures)
{
	int64_t covered = 0;
	for (size_t i = 0; i < tenures->count; i++) {
		const struct tenure *tenure = &tenures->items[i];
		bool replaces = i > 0 && tenures->items[i - 1].instead == tenure->version;
		int64_t until = tenure->lasts ? INT64_MAX : tenure->to_ms;
		if (covered != 0 && !replaces && tenure->from_ms - covered > GAP_LEAST_MS &&
			tenure->from_ms != 0 && covered != INT64_MAX)
			add_gap(tenures, covered, tenure->from_ms, i);
		if (until == 0 || until > covered)
			covered = until;
	}
	if (covered != 0 && covered != INT64_MAX)
		add_gap(tenures, covered, 0, tenures->count);
}

void tenures_read(const struct standing *standing, struct tenures *tenures)
{
	*tenures = (struct tenures){0};
	for (size_t i = 0; i < standing->versions.count && has_room(tenures); i++)
		read_version(tenures, standing, &standing->versions.items[i]);
	read_all_deleted(tenures, standing);
	if (tenures->count > 1)
		qsort(tenures->items, tenures->count, sizeof(*tenures->items), by_time);
	find_gaps(tenures);
}

void tenures_release(struct tenures *tenures)
{
	for (size_t i = 0; i < tenures->count; i++)
		release(&tenures->items[i]);
	free(tenures->items);
	free(tenures->gaps);
	*tenures = (struct tenures){0};
}

const struct tenure *tenures_present(const struct tenures *tenures, int64_t version)
{
	for (size_t i = tenures->count; i-- > 0;)
		if (tenures->items[i].version == version && tenures->items[i].lasts)
			return &tenures->items[i];
	return NULL;
}
