/* outcome: what came of a hook whose exit status was lost, for example inside a Spark job. */
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "command/command.h"
#include "command/outcome.h"
#include "flow/connect.h"
#include "mlflow/runs.h"
#include "mlflow/session.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "packaging/package/model_name.h"
#include "registry/state.h"
#include "registry/tags.h"
#include "store/options.h"
#include "stores/location.h"

#define RESULT_MAX ((size_t)4 << 20)

static bool is_a_status(double number)
{
	static const int numbers[] = {
#define STATUS_NUMBER(name, number, word, action, when) number,
		STATUS_LIST(STATUS_NUMBER)
#undef STATUS_NUMBER
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (number == numbers[i])
			return true;
	return false;
}

/* A result of another program, or of a later one, must not pass for one of ours. */
static int check_words(const struct json_at *root, enum status status, struct fail *f)
{
	struct json_at schema = json_get(root, "schema"), outcome = json_get(root, "outcome");
	char *word = NULL;
	if (json_string(&schema, &word, f) != 0)
		return -1;
	bool ours = strcmp(word, RESULT_SCHEMA) == 0;
	free(word);
	if (!ours)
		return json_fail(&schema, f, "not " RESULT_SCHEMA);
	if (json_string(&outcome, &word, f) != 0)
		return -1;
	bool known = result_is_outcome(word, status);
	free(word);
	return known ? 0 : json_fail(&outcome, f, "no outcome of exit %d", (int)status);
}

/* Each is null where the hook did not get that far. */
static int check_model(const struct json_at *root, struct fail *f)
{
	struct json_at model = json_get(root, "model");
	char *name = NULL;
	if (json_is_null(&model))
		return 0;
	if (json_string(&model, &name, f) != 0)
		return -1;
	const char *problem = model_name_problem(name);
	free(name);
	return problem == NULL ? 0 : json_fail(&model, f, "%s", problem);
}

/* A tag's short form has no run of its own: it is that of the run that it was read from. */
static int check_run(const struct json_at *root, const char *wanted, struct fail *f)
{
	struct json_at run = json_get(root, "run_id");
	char *id = NULL;
	if (!json_is_there(&run) || json_is_null(&run))
		return 0;
	if (json_string(&run, &id, f) != 0)
		return -1;
	bool same = wanted == NULL ? text_is_hex(id, 32) : strcmp(id, wanted) == 0;
	free(id);
	if (same)
		return 0;
	return wanted != NULL ? json_fail(&run, f, "not the run %.64s", wanted)
			      : json_fail(&run, f, "not 32 lower-case hex digits");
}

static int check(
	const struct json_at *root, const char *run_id, enum status *status, struct fail *f)
{
	struct json_at at = json_get(root, "exit");
	double number = -1;
	if (json_number(&at, &number, f) != 0)
		return -1;
	if (!is_a_status(number))
		return json_fail(&at, f, "%g is no status of modelhook", number);
	*status = (enum status)number;
	if (check_words(root, *status, f) != 0 || check_model(root, f) != 0)
		return -1;
	return check_run(root, run_id, f);
}

int outcome_read(const struct text *kept, const char *run_id, enum status *status,
	struct text *line, struct fail *f)
{
	struct cJSON *tree = NULL;
	int result = json_parse(text_string(kept), kept->size, &tree, f);
	if (result == 0) {
		struct json_at root = json_root(tree);
		result = check(&root, run_id, status, f);
	}
	if (result == 0) {
		json_print(tree, line);
	}
	json_release(tree);
	return result;
}

/* The members of an object that another one does not have. */
static void add_missing(struct cJSON *to, const struct cJSON *from)
{
	struct json_at to_root = json_root(to), from_root = json_root(from);
	for (struct json_at at = json_first(&from_root); json_is_there(&at); at = json_next(&at)) {
		struct json_at have = json_get(&to_root, at.key);
		if (!json_is_there(&have))
			json_set(to, at.key, json_copy(&at));
	}
}

/* A tag is the short form: the rest of a result is what is known of the run, else null. */
static int complete(const struct result *known, struct text *line, struct fail *f)
{
	struct cJSON *tag = NULL, *whole = NULL;
	char *text = result_line(known, NULL);
	int result = json_parse(text_string(line), line->size, &tag, f);
	if (result == 0)
		result = json_parse(text, strlen(text), &whole, f);
	if (result == 0) {
		add_missing(tag, whole);
		text_clear(line);
		json_print(tag, line);
	}
	json_release(tag);
	json_release(whole);
	free(text);
	return result;
}

/* A kept line is printed as it was kept, and its status is ours. */
static int tell(struct invocation *call, const struct text *kept, struct fail *f)
{
	struct text line = {0};
	int result = outcome_read(kept, call->settings.run_id, &call->result.status, &line, f);
	if (result == 0 && call->argc == 0)
		result = complete(&call->result, &line, f);
	if (result == 0)
		console_result(text_string(&line));
	text_release(&line);
	return result;
}

static int read_tag(struct invocation *call, struct text *kept, struct fail *f)
{
	struct session session;
	struct run run = {0};
	bool found = false;
	const char *run_id = call->settings.run_id, *value = NULL;
	int result = connect_session(&session, call, f);
	if (result == 0) {
		result_set(&call->result.run_id, run_id);
		result_set(&call->result.registry_url, session.registry->base);
		result_set(&call->result.tracking_url, session.tracking.base);
		result = mlflow_get_run(&session.tracking.mlflow, run_id, &run, &found, f);
	}
	for (size_t i = 0; result == 0 && i < run.tag_count; i++)
		if (text_equal(run.tags[i].key, TAG_OUTCOME))
			value = run.tags[i].value;
	if (result == 0 && value == NULL)
		result = fail_set(f, STATUS_MISSING,
			found ? "no hook has ended for it yet" : "no such run on this server");
	if (result == 0)
		text_add_string(kept, value);
	run_release(&run);
	session_release(&session);
	return result == 0 ? 0 : fail_wrap(f, "run %.64s", run_id);
}

static int read_kept(struct invocation *call, struct text *kept, struct fail *f)
{
	if (call->argc == 0)
		return read_tag(call, kept, f);
	struct store_reach reach = invocation_reach(call);
	return location_read(&reach, call->argv[0], RESULT_MAX, kept, f);
}

int command_outcome(struct invocation *call, struct fail *f)
{
	struct text kept = {0};
	if (invocation_settle_here(call, f) != 0)
		return -1;
	if (call->argc == 0 && call->settings.run_id == NULL) {
		fail_set(f, STATUS_USAGE,
			"outcome takes the place of a result, or --run RUN_ID, or both");
		return fail_hint(f, "modelhook help outcome");
	}
	int result = read_kept(call, &kept, f);
	if (result == 0)
		result = tell(call, &kept, f);
	text_release(&kept);
	return result == 0 ? 0 : fail_wrap(f, "outcome");
}
