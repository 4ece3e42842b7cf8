#include "gate/smoke.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/temp_dir.h"
#include "base/text.h"
#include "gate/rule.h"
#include "packaging/package/package_unpack.h"
#include "sandbox/user_command.h"

#define MODEL_FOLDER "model"

bool smoke_is_needed(const struct gate *gates, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (gates[i].rule->runs_command)
			return true;
	return false;
}

/* folder: the temporary one, with model/ in it */
static int try_one(
	const struct gate *gate, const char *folder, struct gate_trial *trial, struct fail *f)
{
	char *model = file_join(folder, MODEL_FOLDER);
	struct placeholder values[] = {{PLACEHOLDER_MODEL, model}, {NULL}};
	struct user_command_end end;
	int result = user_command_run(&gate->command, gate->name, values, folder, &end, f);
	free(model);
	if (result != 0)
		return fail_wrap(f, "gate %s", gate->name);
	*trial = (struct gate_trial){.gate = gate, .passed = end.passed, .detail = end.detail};
	return 0;
}

static int try_all(const struct gate *gates, size_t count, const char *folder,
	struct gate_trials *trials, struct fail *f)
{
	for (size_t i = 0; i < count; i++) {
		if (!gates[i].rule->runs_command)
			continue;
		if (try_one(&gates[i], folder, &trials->items[trials->count], f) != 0)
			return -1;
		trials->count++;
	}
	return 0;
}

int smoke_try(const struct gate *gates, size_t count, const char *package,
	const struct manifest *manifest, struct gate_trials *trials, struct fail *f)
{
	char *folder = NULL;
	*trials = (struct gate_trials){0};
	if (!smoke_is_needed(gates, count))
		return 0;
	if (manifest->file_count == 0 || package == NULL) {
		fail_set(f, STATUS_CONFIGURATION,
			"a gate with a command needs the model's files, and the training script "
			"logged them itself");
		return fail_hint(f, "hand over \"saved_model\", or leave the gate out");
	}
	trials->items = memory_get(count, sizeof(*trials->items));
	if (temp_dir_open(&folder, f) != 0)
		return -1;
	char *model = file_join(folder, MODEL_FOLDER);
	int result = package_unpack(package, manifest, model, f);
	if (result == 0)
		result = try_all(gates, count, folder, trials, f);
	free(model);
	temp_dir_release(folder);
	return result;
}

void smoke_release(struct gate_trials *trials)
{
	for (size_t i = 0; i < trials->count; i++)
		free(trials->items[i].detail);
	free(trials->items);
	*trials = (struct gate_trials){0};
}
