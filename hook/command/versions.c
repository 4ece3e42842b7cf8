/* versions: all versions of a model, newest first, and why each is not Production. */
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/clock.h"
#include "base/console.h"
#include "base/escape.h"
#include "base/table.h"
#include "base/text.h"
#include "command/command.h"
#include "command/operator.h"
#include "packaging/json/json.h"
#include "registry/production_period.h"
#include "registry/standing.h"
#include "registry/tags.h"

/* listing - what is shown, and from what */
struct listing {
	const struct registry_state *state;
	struct production_periods periods;
	size_t shown; /* how many, from the newest on */
};

static const struct version *nth_newest(const struct listing *listing, size_t index)
{
	const struct versions *versions = &listing->state->versions;
	return &versions->items[versions->count - 1 - index];
}

/* "@production @candidate"; NULL where it has none. The caller frees it. */
static char *aliases_of(const struct registry_state *state, const struct version *version)
{
	struct text text = {0};
	for (size_t i = 0; i < state->model.alias_count; i++)
		if (state->model.aliases[i].version == version->number)
			text_printf(&text, "%s@%s", text.size > 0 ? " " : "",
				state->model.aliases[i].name);
	return text.size > 0 ? text_take(&text) : NULL;
}

/* When it was trained, else when it was registered: "2026-11-22 10:00" */
static const char *minute_of(const struct version *version, char out[40])
{
	const char *trained = version_tag(version, TAG_TRAINED_AT);
	int64_t ms = version->created_ms;
	if (trained != NULL && !clock_parse_rfc3339(trained, &ms))
		ms = version->created_ms;
	clock_format_rfc3339(out, ms);
	return clock_cut_to_minute(out);
}

static void add_row(
	struct table *table, const struct listing *listing, const struct version *version)
{
	char number[24], minute[40];
	char *aliases = aliases_of(listing->state, version);
	struct standing standing;
	standing_read(listing->state, &listing->periods, version, &standing);
	bool production = standing.why == NULL;
	void (*add)(struct table *, const char *) = production ? table_add_bold : table_add;
	add(table, text_number(number, version->number));
	table_add(table, listing->state->stages ? version->stage : NULL);
	table_add(table, aliases);
	table_add(table, minute_of(version, minute));
	table_add(table, version_tag(version, TAG_BY));
	table_add(table, version_tag(version, "val_accuracy"));
	add(table, standing.word);
	table_add(table, standing.why);
	standing_release(&standing);
	free(aliases);
}

static void print_text(const char *model, const struct listing *listing)
{
	static const char *const titles[] = {
		"version", "stage", "aliases", "trained (UTC)", "by", "val_acc", "standing", "why"};
	struct text text = {0};
	struct table table;
	size_t count = listing->state->versions.count;
	table_begin(&table, titles, sizeof(titles) / sizeof(titles[0]));
	for (size_t i = 0; i < listing->shown; i++)
		add_row(&table, listing, nth_newest(listing, i));
	escape_add(&text, model, strlen(model));
	text_add_string(&text, ": ");
	amount_add_counted(&text, count, "version");
	if (listing->shown < count)
		text_printf(&text, ", the newest %zu (--limit 0 shows all)", listing->shown);
	text_add_string(&text, "\n");
	table_print(&table, console_columns(), &text);
	console_print(text_string(&text));
	table_release(&table);
	text_release(&text);
}

static struct cJSON *aliases_json(const struct registry_state *state, const struct version *version)
{
	struct cJSON *list = json_new_array();
	for (size_t i = 0; i < state->model.alias_count; i++)
		if (state->model.aliases[i].version == version->number)
			json_append(list, json_new_string(state->model.aliases[i].name));
	return list;
}

static struct cJSON *version_json(const struct listing *listing, const struct version *version)
{
	char text[40];
	struct standing standing;
	struct cJSON *object = json_new_object();
	standing_read(listing->state, &listing->periods, version, &standing);
	json_set_string(object, "version", text_number(text, version->number));
	json_set_string_or_null(object, "stage", listing->state->stages ? version->stage : NULL);
	json_set(object, "aliases", aliases_json(listing->state, version));
	json_set_string_or_null(object, "trained_at", version_tag(version, TAG_TRAINED_AT));
	clock_format_rfc3339(text, version->created_ms);
	json_set_string(object, "created_at", text);
	json_set_string_or_null(object, "by", version_tag(version, TAG_BY));
	json_set_string_or_null(object, "accuracy", version_tag(version, "accuracy"));
	json_set_string_or_null(object, "val_accuracy", version_tag(version, "val_accuracy"));
	json_set_string(object, "standing", standing.word);
	json_set_string_or_null(object, "why", standing.why);
	json_set_string_or_null(object, "run_id", version->run_id);
	json_set_string_or_null(object, "source", version->source);
	json_set_string_or_null(object, "digest", version_tag(version, TAG_DIGEST));
	standing_release(&standing);
	return object;
}

static void print_json(const char *model, const struct listing *listing)
{
	struct text line = {0};
	text_add_string(&line, "{\"schema\":\"modelhook/versions@1\",\"model\":");
	json_print_string(model, &line);
	text_printf(&line, ",\"count\":%zu,\"versions\":[", listing->state->versions.count);
	for (size_t i = 0; i < listing->shown; i++) {
		char *printed = json_take_text(version_json(listing, nth_newest(listing, i)));
		text_printf(&line, "%s%s", i > 0 ? "," : "", printed);
		free(printed);
	}
	text_add_string(&line, "]}");
	console_result(text_string(&line));
	text_release(&line);
}

int command_versions(struct invocation *call, struct fail *f)
{
	struct operator operator;
	int result = operator_open(&operator, call, call->argv[0], f);
	if (result == 0) {
		struct listing listing = {.state = &operator.registry.state };
		size_t count = listing.state->versions.count, limit = (size_t)call->settings.limit;
		listing.shown = limit == 0 || limit > count ? count : limit;
		production_periods_read(listing.state, &listing.periods);
		if (call->settings.json)
			print_json(call->argv[0], &listing);
		else
			print_text(call->argv[0], &listing);
		production_periods_release(&listing.periods);
	}
	operator_release(&operator);
	return result;
}
