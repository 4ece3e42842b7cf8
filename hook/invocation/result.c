#include "invocation/result.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/memory.h"
#include "base/panic.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/utf8.h"
#include "packaging/json/json.h"

void result_set(char **field, const char *value)
{
	char *copy = text_copy(value);
	free(*field);
	*field = copy;
}

/* What is of one package alone. */
static void release_package_part(struct result *result)
{
	for (size_t i = 0; i < result->step_count; i++)
		free(result->steps[i].did);
	gate_verdicts_release(&result->verdicts);
	free(result->steps);
	free(result->model);
	free(result->run_id);
	free(result->digest);
	free(result->stage);
	free(result->alias);
	free(result->reason);
	free(result->served);
	free(result->package);
	free(result->registry_url);
	free(result->tracking_url);
	free(result->plan);
}

void result_release(struct result *result)
{
	release_package_part(result);
	for (size_t i = 0; i < result->package_count; i++) {
		free(result->packages[i].package);
		free(result->packages[i].outcome);
		free(result->packages[i].model);
		free(result->packages[i].message);
	}
	free(result->packages);
	*result = (struct result){0};
}

void result_add_step(struct result *result, const char *name, int64_t ms, const char *did)
{
	result->steps = memory_grow(result->steps, result->step_count + 1, sizeof(*result->steps));
	result->steps[result->step_count++] =
		(struct result_step){.name = name, .ms = ms, .did = text_copy(did)};
}

const char *result_word(const struct result *result, const struct fail *f)
{
	if (f != NULL)
		return status_word(f->status);
	return result->outcome != NULL ? result->outcome : status_word(result->status);
}

/* What else than the status's own word is told where nothing failed. */
bool result_is_outcome(const char *outcome, enum status status)
{
	static const struct {
		const char *word;
		bool promoted, held; /* with these statuses */
	} words[] = {
		{"superseded", .held = true},
		{"withdrawn", .held = true},
		{"registered", .held = true},
		{"staged", .promoted = true, .held = true},
		{"planned", .promoted = true, .held = true},
		{"passed", .promoted = true},
		{"repaired", .promoted = true},
		{"nothing_to_do", .promoted = true},
		{"served", .promoted = true},
		{"archived", .promoted = true},
		{"tagged", .promoted = true},
		{"described", .promoted = true},
		{"deleted", .promoted = true},
		{"rolled_back", .promoted = true},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(outcome, words[i].word) == 0 &&
			((status == STATUS_PROMOTED && words[i].promoted) ||
				(status == STATUS_HELD && words[i].held)))
			return true;
	return strcmp(outcome, status_word(status)) == 0;
}

void result_add_package(struct result *result, const struct fail *f)
{
	result->packages =
		memory_grow(result->packages, result->package_count + 1, sizeof(*result->packages));
	result->packages[result->package_count++] = (struct result_package){
		.package = text_copy(result->package),
		.outcome = text_copy(result_word(result, f)),
		.status = f != NULL ? f->status : result->status,
		.model = text_copy(result->model),
		.version = result->version,
		.message = f != NULL ? text_copy(f->text) : NULL,
	};
	release_package_part(result);
	*result = (struct result){
		.packages = result->packages,
		.package_count = result->package_count,
	};
}

/* Paths and reasons may be any bytes, JSON may not: those that are no UTF-8 are escaped. */
static void add(struct cJSON *object, const char *key, const char *value, bool own)
{
	struct text shown = {0};
	if (value == NULL) {
		json_set_null(object, key);
		return;
	}
	size_t size = strlen(value);
	if (!utf8_is_valid(value, size))
		escape_add(&shown, value, size);
	else if (own)
		text_add(&shown, value, size);
	else
		secret_redact(&shown, value, size, true);
	json_set_string(object, key, text_string(&shown));
	text_release(&shown);
}

static void add_string(struct cJSON *object, const char *key, const char *value)
{
	add(object, key, value, false);
}

/* What the handoff states, or a word of ours: programs read it, and it is no secret even where one
 * is spelt the same. */
static void add_own(struct cJSON *object, const char *key, const char *value)
{
	add(object, key, value, true);
}

/* Version numbers are strings, as in MLflow's own API. */
static void add_version(struct cJSON *object, const char *key, int64_t number)
{
	char text[24];
	add_string(object, key, number != 0 ? text_number(text, number) : NULL);
}

static void add_gates(struct cJSON *object, const struct result *result)
{
	struct cJSON *list = json_set_array(object, "gate");
	for (size_t i = 0; i < result->verdicts.count; i++) {
		struct cJSON *gate = json_new_object();
		add_string(gate, "name", result->verdicts.items[i].name);
		add_string(gate, "verdict", result->verdicts.items[i].verdict);
		add_string(gate, "detail", result->verdicts.items[i].detail);
		json_append(list, gate);
	}
}

static void add_created(struct cJSON *object, const struct result *result)
{
	if (result->created == CREATED_UNKNOWN)
		json_set_null(object, "created");
	else
		json_set_bool(object, "created", result->created == CREATED_NOW);
}

static void add_served(struct cJSON *object, const struct result *result)
{
	struct text shown = {0};
	if (result->served != NULL)
		secret_redact(&shown, result->served, strlen(result->served), true);
	json_set_raw(object, "served", shown.size > 0 ? shown.data : "null");
	text_release(&shown);
}

static void add_steps(struct cJSON *object, const struct result *result)
{
	struct cJSON *list = json_set_array(object, "steps");
	for (size_t i = 0; i < result->step_count; i++) {
		struct cJSON *step = json_new_object();
		add_string(step, "name", result->steps[i].name);
		json_set_number(step, "ms", (double)result->steps[i].ms);
		add_string(step, "did", result->steps[i].did);
		json_append(list, step);
	}
}

static void add_error(struct cJSON *object, const struct fail *f)
{
	if (f == NULL) {
		json_set_null(object, "error");
		return;
	}
	struct cJSON *error = json_set_object(object, "error");
	add_own(error, "kind", status_word(f->status));
	add_string(error, "message", f->text);
	add_string(error, "hint", f->hint[0] != '\0' ? f->hint : NULL);
}

static void add_plan(struct cJSON *object, const struct result *result)
{
	if (result->plan == NULL)
		return;
	add_string(object, "would_be", result->would_be);
	struct cJSON *list = json_set_array(object, "plan");
	for (const char *at = result->plan; *at != '\0';) {
		size_t size = strcspn(at, "\n");
		char *line = text_format("%.*s", (int)size, at);
		struct text shown = {0};
		secret_redact(&shown, line, size, true);
		json_append(list, json_new_string(text_string(&shown)));
		text_release(&shown);
		free(line);
		at += size + (at[size] == '\n');
	}
}

static void add_packages(struct cJSON *object, const struct result *result)
{
	if (result->package_count == 0)
		return;
	struct cJSON *list = json_set_array(object, "packages");
	for (size_t i = 0; i < result->package_count; i++) {
		const struct result_package *package = &result->packages[i];
		struct cJSON *item = json_new_object();
		add_string(item, "package", package->package);
		add_own(item, "outcome", package->outcome);
		json_set_number(item, "exit", package->status);
		add_own(item, "model", package->model);
		add_version(item, "version", package->version);
		add_string(item, "message", package->message);
		json_append(list, item);
	}
}

static void add_time(struct cJSON *object, const char *key, int64_t ms)
{
	char text[32];
	if (ms != 0)
		clock_format_rfc3339(text, ms);
	add_string(object, key, ms != 0 ? text : NULL);
}

static struct cJSON *start_object(const struct result *result, const struct fail *f)
{
	enum status status = f != NULL ? f->status : result->status;
	struct cJSON *object = json_new_object();
	json_set_string(object, "schema", RESULT_SCHEMA);
	add_own(object, "outcome", result_word(result, f));
	json_set_number(object, "exit", status);
	json_set_bool(object, "retryable", status_is_retryable(status));
	add_own(object, "model", result->model);
	add_version(object, "version", result->version);
	return object;
}

char *result_outcome(const struct result *result, const struct fail *f)
{
	struct cJSON *object = start_object(result, f);
	add_time(object, "at", clock_now_ms());
	add_string(object, "reason", result->reason);
	add_error(object, f);
	return json_take_text(object);
}

char *result_summary(const struct result *result, const struct fail *f)
{
	struct text text = {0};
	if (result->model == NULL || result->plan != NULL)
		return NULL;
	text_printf(&text, "%-8s %s", result_word(result, f), result->model);
	if (result->version != 0)
		text_printf(&text, " version %lld", (long long)result->version);
	if (f == NULL && result->reason != NULL)
		text_printf(&text, ": %s", result->reason);
	else if (f != NULL && result->package != NULL)
		text_printf(&text, ": the package is %s", result->package);
	if (result->version != 0 && result->registry_url != NULL)
		text_printf(&text, ": %s/#/models/%s/versions/%lld", result->registry_url,
			result->model, (long long)result->version);
	return text_take(&text);
}

char *result_line(const struct result *result, const struct fail *f)
{
	struct cJSON *object = start_object(result, f);
	add_version(object, "previous_version", result->previous_version);
	add_own(object, "run_id", result->run_id);
	add_time(object, "trained_at", result->trained_at_ms);
	add_own(object, "digest", result->digest);
	add_string(object, "stage", result->stage);
	add_own(object, "alias", result->alias);
	add_string(object, "reason", result->reason);
	add_created(object, result);
	add_string(object, "verified", result->verified);
	add_gates(object, result);
	add_served(object, result);
	add_steps(object, result);
	add_string(object, "package", result->package);
	add_error(object, f);
	add_string(object, "registry_url", result->registry_url);
	add_string(object, "tracking_url", result->tracking_url);
	add_time(object, "at", clock_now_ms());
	add_packages(object, result);
	add_plan(object, result);
	return json_take_text(object);
}
