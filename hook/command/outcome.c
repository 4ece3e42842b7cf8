/* outcome: what came of a hook whose exit status was lost, for example inside a Spark job. */
#include <stdlib.h>

#include "base/console.h"
#include "command/outcome.h"
#include "command/replay.h"
#include "flow/connect.h"
#include "mlflow/session.h"
#include "packaging/json/json.h"
#include "registry/state.h"
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

int outcome_read(
	const char *kept, size_t size, enum status *status, struct text *line, struct fail *f)
{
	struct cJSON *tree = NULL;
	double number = -1;
	int result = json_parse(kept, size, &tree, f);
	if (result == 0) {
		struct json_at root = json_root(tree);
		struct json_at at = json_get(&root, "exit");
		result = json_number(&at, &number, f);
	}
	if (result == 0 && !is_a_status(number))
		result = fail_set(
			f, STATUS_UNACCEPTABLE, "exit %g is no status of modelhook", number);
	if (result == 0) {
		*status = (enum status)number;
		json_print(tree, line);
	}
	json_release(tree);
	return result;
}

/* The line is printed as it was kept, and its status is ours. */
static int tell(struct invocation *call, const struct text *kept, struct fail *f)
{
	struct text line = {0};
	int result = outcome_read(text_string(kept), kept->size, &call->result.status, &line, f);
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
	if (result == 0)
		result = mlflow_get_run(&session.tracking.mlflow, run_id, &run, &found, f);
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
	return result == 0 ? 0 : fail_in(f, "run %.64s", run_id);
}

static int read_kept(struct invocation *call, struct text *kept, struct fail *f)
{
	if (call->argc == 0)
		return read_tag(call, kept, f);
	struct store_reach reach = invocation_reach(call);
	return place_read(&reach, call->argv[0], RESULT_MAX, kept, f);
}

int command_outcome(struct invocation *call, struct fail *f)
{
	struct text kept = {0};
	if (invocation_settle_here(call, f) != 0)
		return -1;
	if ((call->argc == 0) == (call->settings.run_id == NULL)) {
		fail_set(f, STATUS_USAGE, "outcome takes the place of a result, or --run RUN_ID");
		return fail_hint(f, "modelhook help outcome");
	}
	int result = read_kept(call, &kept, f);
	if (result == 0)
		result = tell(call, &kept, f);
	text_release(&kept);
	return result == 0 ? 0 : fail_in(f, "outcome");
}
