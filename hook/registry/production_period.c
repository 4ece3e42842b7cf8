#include "registry/production_period.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "packaging/json/json.h"

#define TENURES_MAX ((size_t)6 << 20)
#define TENURE_BYTES (2 * sizeof(struct tenure) + 48)

/* Whether there is room for one more with these strings. */
static bool has_room(struct tenures *tenures, const char *by, const char *why)
{
	size_t bytes =
		TENURE_BYTES + (by != NULL ? strlen(by) : 0) + (why != NULL ? strlen(why) : 0);
	bool fits = tenures->bytes + bytes <= TENURES_MAX;
	tenures->cut = tenures->cut || !fits;
	tenures->bytes += fits ? bytes : 0;
	return fits;
}

static struct tenure *add(struct tenures *tenures, const struct version *version)
{
	size_t count = tenures->count;
	if ((count & (count - 1)) == 0)
		tenures->items = memory_grow(
			tenures->items, count > 0 ? 2 * count : 1, sizeof(*tenures->items));
	struct tenure *tenure = &tenures->items[tenures->count++];
	*tenure = (struct tenure){
		.version = version->number,
		.trained = version_tag(version, TAG_TRAINED_AT),
		.at_ms = version->updated_ms,
	};
	return tenure;
}

static const char *string_of(const cJSON *entry, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, key));
}

static int64_t time_of(const cJSON *entry)
{
	const char *at = string_of(entry, "at");
	int64_t ms;
	return at != NULL && clock_parse_rfc3339(at, &ms) ? ms : 0;
}

/* open: whether the newest tenure of this version has no end yet */
static bool read_entry(
	struct tenures *tenures, const struct version *version, const cJSON *entry, bool open)
{
	const char *instead = string_of(entry, "for");
	if (text_equal(string_of(entry, "to"), STAGE_PRODUCTION)) {
		const char *by = string_of(entry, "by"), *why = string_of(entry, "why");
		if (open || !has_room(tenures, by, why))
			return open;
		struct tenure *tenure = add(tenures, version);
		tenure->from_ms = tenure->at_ms = time_of(entry);
		tenure->by = text_copy(by);
		tenure->why = text_copy(why);
		tenure->recorded = true;
		return true;
	}
	if (open) {
		struct tenure *tenure = &tenures->items[tenures->count - 1];
		tenure->to_ms = time_of(entry);
		tenure->instead = instead != NULL ? strtoll(instead, NULL, 10) : 0;
	}
	return false;
}

/* What the stage says beyond what was recorded: a stranger promoted, or archived. */
static void read_rest(struct tenures *tenures, const struct standing *standing,
	const struct version *version, bool open, bool any)
{
	bool production = standing_is_production(standing, version);
	if (open && production) {
		tenures->items[tenures->count - 1].lasts = true;
	} else if (open) {
		tenures->items[tenures->count - 1].to_ms = version->updated_ms;
		tenures->items[tenures->count - 1].recorded = false;
	} else if (!has_room(tenures, NULL, NULL)) {
		return;
	} else if (production) {
		struct tenure *tenure = add(tenures, version);
		tenure->from_ms = version->updated_ms;
		tenure->lasts = true;
	} else if (!any && text_equal(version->stage, STAGE_ARCHIVED)) {
		add(tenures, version)->to_ms = version->updated_ms;
	}
}

static void read_version(
	struct tenures *tenures, const struct standing *standing, const struct version *version)
{
	const char *text = version_tag(version, TAG_HISTORY);
	cJSON *list = json_parse_note(text);
	const cJSON *entry;
	bool open = false;
	size_t before = tenures->count;
	cJSON_ArrayForEach(entry, list) open = read_entry(tenures, version, entry, open);
	read_rest(tenures, standing, version, open, list != NULL || tenures->count > before);
	json_release(list);
}

static int by_time(const void *a, const void *b)
{
	const struct tenure *x = a, *y = b;
	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return (x->version > y->version) - (x->version < y->version);
}

void tenures_read(const struct standing *standing, struct tenures *tenures)
{
	*tenures = (struct tenures){0};
	for (size_t i = 0; i < standing->versions.count; i++)
		read_version(tenures, standing, &standing->versions.items[i]);
	if (tenures->count > 1)
		qsort(tenures->items, tenures->count, sizeof(*tenures->items), by_time);
}

void tenures_release(struct tenures *tenures)
{
	for (size_t i = 0; i < tenures->count; i++) {
		free(tenures->items[i].by);
		free(tenures->items[i].why);
	}
	free(tenures->items);
	*tenures = (struct tenures){0};
}

const struct tenure *tenures_present(const struct tenures *tenures, int64_t version)
{
	for (size_t i = tenures->count; i-- > 0;)
		if (tenures->items[i].version == version && tenures->items[i].lasts)
			return &tenures->items[i];
	return NULL;
}
