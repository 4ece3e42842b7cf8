#include "packaging/package/handoff_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/plain_path.h"
#include "base/text.h"
#include "packaging/digest/sha256.h"
#include "packaging/package/model_name.h"
#include "packaging/savedmodel/input_kind.h"

/* What every MLflow server takes: its columns are of these lengths (in characters). */
#define KEY_MAX 250
#define DESCRIPTION_MAX 5000
#define REQUIREMENT_MAX 1000
#define RUN_URI "runs:/"

/* One line that says something: not empty, no control characters, not too long. */
static int check_line(const struct json_at *at, const char *string, size_t most, struct fail *f)
{
	if (string[0] == '\0')
		return json_fail(at, f, "empty");
	if (plain_path_has_control(string))
		return json_fail(at, f, "has a control character");
	if (text_characters(string) > most)
		return json_fail(at, f, "longer than %zu characters", most);
	return 0;
}

static int check_path(const struct json_at *at, const char *path, struct fail *f)
{
	const char *problem = plain_path_problem(path);
	return problem == NULL ? 0 : json_fail(at, f, "not a plain relative path: %s", problem);
}

/* A digest of `digits` lower-case hex digits; 64 is a SHA-256. */
static int read_hex(const struct json_at *at, size_t digits, char **out, struct fail *f)
{
	if (json_string(at, out, f) != 0)
		return -1;
	if (!text_is_hex(*out, digits))
		return json_fail(at, f, "not %zu lower-case hex digits", digits);
	return 0;
}

static int read_schema(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	(void)handoff;
	char *schema = NULL;
	if (json_string(at, &schema, f) != 0)
		return -1;
	int result = 0;
	if (strcmp(schema, HANDOFF_SCHEMA) != 0)
		result = json_fail(at, f, "not " HANDOFF_SCHEMA);
	free(schema);
	return result;
}

static int read_run_id(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	return read_hex(at, 32, &handoff->run_id, f);
}

static int read_model(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	if (json_string(at, &handoff->model, f) != 0)
		return -1;
	const char *problem = model_name_problem(handoff->model);
	return problem == NULL ? 0 : json_fail(at, f, "%s", problem);
}

static int read_saved_model(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	if (json_string(at, &handoff->saved_model, f) != 0)
		return -1;
	return check_line(at, handoff->saved_model, 4096, f);
}

static int check_artifact(const struct json_at *at, const char *path, struct fail *f)
{
	if (check_path(at, path, f) != 0)
		return -1;
	/* MLflow's artifact proxy takes a # for the start of a fragment, however it is encoded */
	return strchr(path, '#') == NULL ? 0 : json_fail(at, f, "has a \"#\"");
}

/* As MLflow 3 names what was logged. A registered version is none: its promotion is by hand. */
static int check_logged_uri(const struct json_at *at, const char *id, struct fail *f)
{
	if (text_starts_with(id, "m-") && text_is_hex(id + 2, 32))
		return 0;
	json_fail(at, f, "%s%.80s is not a logged model: " LOGGED_MODEL_URI "m-ID is needed",
		LOGGED_MODEL_URI, id);
	return fail_hint(f, "a version that is registered already is promoted by hand: modelhook "
			    "promote MODEL VERSION");
}

/* As MLflow 2 names it: runs:/RUN/PATH, of this run. */
static int take_path_of_run(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	const char *run = handoff->logged_model + strlen(RUN_URI);
	size_t size = strcspn(run, "/");
	if (size != strlen(handoff->run_id) || strncmp(run, handoff->run_id, size) != 0)
		return json_fail(at, f, "is of another run than run_id: %.40s", run);
	char *path = text_copy(run[size] == '/' ? run + size + 1 : "");
	free(handoff->logged_model);
	handoff->logged_model = path;
	return 0;
}

static int read_logged_model(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	if (json_string(at, &handoff->logged_model, f) != 0)
		return -1;
	char **model = &handoff->logged_model;
	if (text_starts_with(*model, LOGGED_MODEL_URI))
		return check_logged_uri(at, *model + strlen(LOGGED_MODEL_URI), f);
	if (text_starts_with(*model, RUN_URI) && take_path_of_run(at, handoff, f) != 0)
		return -1;
	return check_artifact(at, *model, f);
}

static int read_artifact_path(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	if (json_string(at, &handoff->artifact_path, f) != 0)
		return -1;
	return check_artifact(at, handoff->artifact_path, f);
}

static int read_trained_at(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	if (json_string(at, &handoff->trained_at, f) != 0)
		return -1;
	if (!clock_parse_rfc3339(handoff->trained_at, &handoff->trained_at_ms))
		return json_fail(at, f, "not a time with a zone, such as 2026-11-22T20:03:17Z");
	return 0;
}

static int read_metrics(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	if (json_object(at, f) != 0)
		return -1;
	handoff->metrics = memory_get(json_count(at), sizeof(*handoff->metrics));
	for (struct json_at each = json_first(at); json_is_there(&each); each = json_next(&each)) {
		struct metric *metric = &handoff->metrics[handoff->metric_count];
		if (check_line(&each, each.key, KEY_MAX, f) != 0 ||
			json_number(&each, &metric->value, f) != 0)
			return -1;
		metric->key = text_copy(each.key);
		handoff->metric_count++;
	}
	return 0;
}

static int read_samples(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	if (json_object(at, f) != 0)
		return -1;
	handoff->samples = memory_get(json_count(at), sizeof(*handoff->samples));
	for (struct json_at each = json_first(at); json_is_there(&each); each = json_next(&each)) {
		struct count *count = &handoff->samples[handoff->sample_count];
		if (check_line(&each, each.key, KEY_MAX, f) != 0 ||
			json_integer(&each, 0, JSON_INTEGER_MAX, &count->value, f) != 0)
			return -1;
		count->key = text_copy(each.key);
		handoff->sample_count++;
	}
	return 0;
}

typedef int check_pair(const struct json_at *at, const struct pair *pair, struct fail *f);

static int read_pairs(const struct json_at *at, check_pair *check, struct pair **pairs,
	size_t *count, struct fail *f)
{
	if (json_object(at, f) != 0)
		return -1;
	*pairs = memory_get(json_count(at), sizeof(**pairs));
	for (struct json_at each = json_first(at); json_is_there(&each); each = json_next(&each)) {
		struct pair *pair = &(*pairs)[(*count)++];
		pair->key = text_copy(each.key);
		if (json_string(&each, &pair->value, f) != 0 || check(&each, pair, f) != 0)
			return -1;
	}
	return 0;
}

static int check_param(const struct json_at *at, const struct pair *pair, struct fail *f)
{
	return check_line(at, pair->key, KEY_MAX, f);
}

/* What the hook keeps on a version must not be forged by a training script. */
static int check_tag(const struct json_at *at, const struct pair *pair, struct fail *f)
{
	if (text_starts_with(pair->key, "modelhook."))
		return json_fail(at, f, "names that begin with \"modelhook.\" are the hook's own");
	return check_line(at, pair->key, KEY_MAX, f);
}

static int check_file(const struct json_at *at, const struct pair *pair, struct fail *f)
{
	if (!text_is_hex(pair->value, SHA256_HEX - 1))
		return json_fail(at, f, "not 64 lower-case hex digits");
	return check_path(at, pair->key, f);
}

static int read_params(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	return read_pairs(at, check_param, &handoff->params, &handoff->param_count, f);
}

static int read_tags(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	return read_pairs(at, check_tag, &handoff->tags, &handoff->tag_count, f);
}

static int read_files(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	return read_pairs(at, check_file, &handoff->files, &handoff->file_count, f);
}

static int read_description(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	if (json_string(at, &handoff->description, f) != 0)
		return -1;
	if (text_characters(handoff->description) > DESCRIPTION_MAX)
		return json_fail(at, f, "longer than %d characters", DESCRIPTION_MAX);
	return 0;
}

static int read_requirements(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	if (json_array(at, f) != 0)
		return -1;
	if (json_count(at) == 0)
		return json_fail(at, f, "empty: leave it out for tensorflow and mlflow");
	handoff->requirements = memory_get(json_count(at), sizeof(*handoff->requirements));
	for (struct json_at each = json_first(at); json_is_there(&each); each = json_next(&each)) {
		char **line = &handoff->requirements[handoff->requirement_count++];
		if (json_string(&each, line, f) != 0 ||
			check_line(&each, *line, REQUIREMENT_MAX, f) != 0)
			return -1;
	}
	return 0;
}

static int read_golden(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	if (json_string(at, &handoff->golden, f) != 0)
		return -1;
	return check_path(at, handoff->golden, f);
}

static int read_golden_tolerance(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	if (json_number(at, &handoff->golden_tolerance, f) != 0)
		return -1;
	return handoff->golden_tolerance >= 0 ? 0 : json_fail(at, f, "less than 0");
}

static const struct field {
	const char *key;
	int (*read)(const struct json_at *at, struct handoff *handoff, struct fail *f);
	bool required;
} fields[] = {
	{"schema", read_schema, true},
	{"run_id", read_run_id, true},
	{"model", read_model, true},
	{"saved_model", read_saved_model, false},
	{"logged_model", read_logged_model, false},
	{"artifact_path", read_artifact_path, false},
	{"trained_at", read_trained_at, true},
	{"metrics", read_metrics, false},
	{"params", read_params, false},
	{"tags", read_tags, false},
	{"samples", read_samples, false},
	{"description", read_description, false},
	{"files", read_files, false},
	{"requirements", read_requirements, false},
	{"golden", read_golden, false},
	{"golden_tolerance", read_golden_tolerance, false},
};
#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

static int read_fields(const struct json_at *at, struct handoff *handoff, struct fail *f)
{
	const char *keys[FIELD_COUNT];
	for (size_t i = 0; i < FIELD_COUNT; i++)
		keys[i] = fields[i].key;
	if (json_known_keys(at, keys, FIELD_COUNT, f) != 0)
		return -1;
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		struct json_at field = json_get(at, fields[i].key);
		if (!json_is_there(&field) && !fields[i].required)
			continue;
		if (fields[i].read(&field, handoff, f) != 0)
			return -1;
	}
	return 0;
}

/* What is meant for a SavedModel says nothing about a model that is logged already. */
static int check_source(const struct json_at *at, const struct handoff *handoff, struct fail *f)
{
	struct json_at saved = json_get(at, "saved_model"), files = json_get(at, "files");
	struct json_at requirements = json_get(at, "requirements"), golden = json_get(at, "golden");
	if (handoff->saved_model == NULL && handoff->logged_model == NULL)
		return json_fail(
			&saved, f, "missing, and so is logged_model: one of them is needed");
	if (handoff->saved_model != NULL && handoff->logged_model != NULL)
		return json_fail(&saved, f, "given beside logged_model: one of them is meant");
	if (handoff->logged_model != NULL && json_is_there(&files))
		return json_fail(&files, f, "only for a saved_model");
	if (handoff->logged_model != NULL && json_is_there(&requirements))
		return json_fail(&requirements, f, "only for a saved_model");
	if (handoff->logged_model != NULL && json_is_there(&golden))
		return json_fail(&golden, f, "only for a saved_model");
	return 0;
}

static int compare_by_key(const void *a, const void *b)
{
	/* metric, pair and count begin with their key */
	const char *const *left = a;
	const char *const *right = b;
	return strcmp(*left, *right);
}
_Static_assert(offsetof(struct metric, key) == 0 && offsetof(struct pair, key) == 0 &&
		       offsetof(struct count, key) == 0,
	"compare_by_key takes the first member for the key");

static void sort_by_key(void *list, size_t count, size_t size)
{
	if (count > 0)
		qsort(list, count, size, compare_by_key);
}

static void finish(struct handoff *handoff, const char *folder)
{
	sort_by_key(handoff->metrics, handoff->metric_count, sizeof(*handoff->metrics));
	sort_by_key(handoff->params, handoff->param_count, sizeof(*handoff->params));
	sort_by_key(handoff->tags, handoff->tag_count, sizeof(*handoff->tags));
	sort_by_key(handoff->samples, handoff->sample_count, sizeof(*handoff->samples));
	sort_by_key(handoff->files, handoff->file_count, sizeof(*handoff->files));
	if (handoff->artifact_path == NULL)
		handoff->artifact_path = text_copy("model");
	if (handoff->saved_model == NULL || folder[0] == '\0' ||
		input_is_url(handoff->saved_model)) /* it is refused, as what it is */
		return;
	char *joined = file_join(folder, handoff->saved_model);
	free(handoff->saved_model);
	handoff->saved_model = joined;
}

int handoff_from_json(
	const struct json_at *at, const char *folder, struct handoff *handoff, struct fail *f)
{
	*handoff = (struct handoff){0};
	if (read_fields(at, handoff, f) != 0 || check_source(at, handoff, f) != 0) {
		handoff_release(handoff);
		return -1;
	}
	finish(handoff, folder);
	return 0;
}

static struct cJSON *pairs_to_json(const struct pair *pairs, size_t count)
{
	struct cJSON *object = json_new_object();
	for (size_t i = 0; i < count; i++)
		json_set_string(object, pairs[i].key, pairs[i].value);
	return object;
}

static struct cJSON *metrics_to_json(const struct handoff *handoff)
{
	struct cJSON *object = json_new_object();
	for (size_t i = 0; i < handoff->metric_count; i++)
		json_set_number(object, handoff->metrics[i].key, handoff->metrics[i].value);
	return object;
}

static struct cJSON *samples_to_json(const struct handoff *handoff)
{
	struct cJSON *object = json_new_object();
	for (size_t i = 0; i < handoff->sample_count; i++)
		json_set_number(object, handoff->samples[i].key, (double)handoff->samples[i].value);
	return object;
}

static struct cJSON *requirements_to_json(const struct handoff *handoff)
{
	struct cJSON *array = json_new_array();
	for (size_t i = 0; i < handoff->requirement_count; i++)
		json_append(array, json_new_string(handoff->requirements[i]));
	return array;
}

/* An empty list is left out, as the one who wrote it might have done. */
static void add_lists(struct cJSON *object, const struct handoff *handoff)
{
	if (handoff->metric_count > 0)
		json_set(object, "metrics", metrics_to_json(handoff));
	if (handoff->sample_count > 0)
		json_set(object, "samples", samples_to_json(handoff));
	if (handoff->param_count > 0)
		json_set(object, "params", pairs_to_json(handoff->params, handoff->param_count));
	if (handoff->tag_count > 0)
		json_set(object, "tags", pairs_to_json(handoff->tags, handoff->tag_count));
	if (handoff->file_count > 0)
		json_set(object, "files", pairs_to_json(handoff->files, handoff->file_count));
	if (handoff->requirement_count > 0)
		json_set(object, "requirements", requirements_to_json(handoff));
}

struct cJSON *handoff_to_json(const struct handoff *handoff, const char *saved_model)
{
	struct cJSON *object = json_new_object();
	json_set_string(object, "schema", HANDOFF_SCHEMA);
	json_set_string(object, "run_id", handoff->run_id);
	json_set_string(object, "model", handoff->model);
	json_set_string(object, "trained_at", handoff->trained_at);
	json_set_string(object, "artifact_path", handoff->artifact_path);
	if (saved_model != NULL)
		json_set_string(object, "saved_model", saved_model);
	if (handoff->logged_model != NULL)
		json_set_string(object, "logged_model", handoff->logged_model);
	if (handoff->description != NULL)
		json_set_string(object, "description", handoff->description);
	if (handoff->golden != NULL)
		json_set_string(object, "golden", handoff->golden);
	if (handoff->golden_tolerance > 0)
		json_set_number(object, "golden_tolerance", handoff->golden_tolerance);
	add_lists(object, handoff);
	return object;
}
