#include "gate/gate.h"

#include <stdlib.h>

#include "base/text.h"
#include "gate/rule.h"

static int check_metric(
	const struct gate *gate, const char *key, const struct gate_side *training, struct fail *f)
{
	if (key == NULL || gate_metric(training, key) != NULL)
		return 0;
	fail_set(f, STATUS_UNACCEPTABLE,
		"metrics: gate %s needs %s, which neither the handoff nor the run has", gate->name,
		key);
	return fail_hint(f, "hand it over in \"metrics\", or correct the gate in modelhook.json");
}

static int check_samples(const struct gate *gate, const struct gate_side *training, struct fail *f)
{
	if (gate->confidence <= 0 || gate_samples(training, gate->samples) > 0)
		return 0;
	fail_set(f, STATUS_UNACCEPTABLE, "samples: gate %s needs a count of %s", gate->name,
		gate->samples);
	return fail_hint(f, "hand it over in \"samples\", or correct the gate in modelhook.json");
}

int gate_check_inputs(
	const struct gate *gates, size_t count, const struct gate_side *training, struct fail *f)
{
	for (size_t i = 0; i < count; i++) {
		if (check_metric(&gates[i], gates[i].metric, training, f) != 0 ||
			check_metric(&gates[i], gates[i].minus, training, f) != 0 ||
			check_samples(&gates[i], training, f) != 0)
			return -1;
	}
	return 0;
}

bool gate_needs_champion(const struct gate *gates, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (gates[i].rule->needs_champion_metric)
			return true;
	return false;
}

/* Limits and champions alike would let an infinity on the right side pass, and it is no number that
 * a training reached. */
static bool are_measured(const struct gate *gate, const struct gate_input *input, struct text *text)
{
	const char *keys[] = {gate->metric, gate->minus};
	for (size_t i = 0; i < 2; i++) {
		const double *value =
			keys[i] != NULL ? gate_metric(&input->training, keys[i]) : NULL;
		if (value == NULL || gate_is_measured(*value))
			continue;
		text_printf(text, "; %s is not a finite number", keys[i]);
		return false;
	}
	return true;
}

bool gate_decide(const struct gate *gates, size_t count, const struct gate_input *input,
	const char *override_reason, struct gate_verdicts *verdicts)
{
	bool all = true;
	for (size_t i = 0; i < count; i++) {
		struct text text = {0};
		const char *verdict = "passed";
		if (!gates[i].rule->decide(&gates[i], input, &text) ||
			!are_measured(&gates[i], input, &text)) {
			verdict = override_reason != NULL ? "overridden" : "rejected";
			all = all && override_reason != NULL;
		}
		gate_verdicts_add(verdicts, gates[i].name, verdict, text_string(&text));
		text_release(&text);
	}
	return all;
}

void gates_release(struct gate *gates, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(gates[i].name);
		free(gates[i].metric);
		free(gates[i].minus);
		free(gates[i].samples);
		free(gates[i].folder);
		user_command_release(&gates[i].command);
	}
	free(gates);
}
