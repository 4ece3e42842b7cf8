#include "gate/gate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"

static const double *find_metric(const struct metric *metrics, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(metrics[i].key, key) == 0)
			return &metrics[i].value;
	return NULL;
}

const double *gate_metric(const struct gate_side *side, const char *key)
{
	const double *value = find_metric(side->metrics, side->metric_count, key);
	return value != NULL ? value : find_metric(side->more, side->more_count, key);
}

static int64_t find_samples(const struct gate_side *side, const char *key)
{
	for (size_t i = 0; i < side->sample_count; i++)
		if (strcmp(side->samples[i].key, key) == 0)
			return side->samples[i].value;
	return 0;
}

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
	if (gate->confidence <= 0 || find_samples(training, gate->samples) > 0)
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
		if (gates[i].rule == GATE_CHAMPION)
			return true;
	return false;
}

/* A rule's answer: whether it passed, with its numbers added to text. */
typedef bool gate_function(
	const struct gate *gate, const struct gate_input *input, struct text *text);

/* What comes in with a sum of floats is judged as written: 0.90 - 0.80 is at most 0.10. */
static bool at_most(double value, double limit)
{
	return value <= limit + 1e-12 * fmax(1.0, fabs(limit));
}

static bool within(const struct gate *gate, double value, struct text *text)
{
	bool passed = true;
	if (gate->has_least) {
		passed = at_most(gate->at_least, value);
		text_printf(text, ", at least %.10g", gate->at_least);
	}
	if (gate->has_most) {
		passed = passed && at_most(value, gate->at_most);
		text_printf(text, ", at most %.10g", gate->at_most);
	}
	return passed;
}

static bool gate_threshold(
	const struct gate *gate, const struct gate_input *input, struct text *text)
{
	double value = *gate_metric(&input->training, gate->metric);
	text_printf(text, "%s %.10g", gate->metric, value);
	return within(gate, value, text);
}

static bool gate_pair(const struct gate *gate, const struct gate_input *input, struct text *text)
{
	double first = *gate_metric(&input->training, gate->metric);
	double second = *gate_metric(&input->training, gate->minus);
	text_printf(text, "%s %.10g - %s %.10g = %.10g", gate->metric, first, gate->minus, second,
		first - second);
	return within(gate, first - second, text);
}

/* The z of a standard normal distribution that is not exceeded with this probability, by bisection
 * of erf. */
static double normal_quantile(double probability)
{
	double low = -9, high = 9;
	for (int i = 0; i < 80; i++) {
		double middle = (low + high) / 2;
		if (0.5 * erfc(-middle / sqrt(2)) < probability)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static bool is_proportion(double value)
{
	return value >= 0 && value <= 1;
}

static bool significantly_better(const struct gate *gate, const struct gate_input *input,
	double ours, double theirs, struct text *text)
{
	double our_count = (double)find_samples(&input->training, gate->samples);
	double their_count = (double)find_samples(&input->champion, gate->samples);
	if (their_count <= 0) {
		text_printf(text, "; the champion has no count of %s: compared without confidence",
			gate->samples);
		return at_most(theirs - gate->margin, ours);
	}
	if (!is_proportion(ours) || !is_proportion(theirs)) {
		text_add_string(text, "; confidence needs proportions between 0 and 1");
		return false;
	}
	double variance = ours * (1 - ours) / our_count + theirs * (1 - theirs) / their_count;
	double needed = normal_quantile(gate->confidence);
	double difference = ours - theirs + gate->margin;
	double z = variance > 0	    ? difference / sqrt(variance)
		   : difference > 0 ? INFINITY
				    : -INFINITY;
	text_printf(text, "; z %.3f, needed %.3f (%.0f and %.0f samples)", z, needed, our_count,
		their_count);
	return z >= needed;
}

/* MLflow's SQL store keeps an infinity as the largest double there is, and a database may round
 * that. */
static bool is_measured(double value)
{
	return isfinite(value) && fabs(value) < 1.797693e308;
}

/* The champion's run first, its tag where the run has no number or none that can be compared. */
static const double *champion_metric(const struct gate_side *champion, const char *key)
{
	const double *value = find_metric(champion->metrics, champion->metric_count, key);
	if (value == NULL || !is_measured(*value))
		value = find_metric(champion->more, champion->more_count, key);
	return value != NULL && is_measured(*value) ? value : NULL;
}

static bool gate_champion(
	const struct gate *gate, const struct gate_input *input, struct text *text)
{
	double ours = *gate_metric(&input->training, gate->metric);
	const double *theirs = champion_metric(&input->champion, gate->metric);
	text_printf(text, "%s %.10g, ", gate->metric, ours);
	if (input->champion_version == 0) {
		text_add_string(text, "no champion to compare with");
		return true;
	}
	text_printf(text, "champion version %lld ", (long long)input->champion_version);
	if (theirs == NULL) {
		text_add_string(text, "has no such number: nothing to compare with");
		return true;
	}
	text_printf(text, "%.10g, margin %.10g", *theirs, gate->margin);
	if (gate->confidence > 0)
		return significantly_better(gate, input, ours, *theirs, text);
	return at_most(*theirs - gate->margin, ours);
}

static bool gate_changed(const struct gate *gate, const struct gate_input *input, struct text *text)
{
	(void)gate;
	const char *theirs = input->champion.weights;
	if (input->training.weights == NULL) {
		text_add_string(
			text, "the weights of a model that the script logged are not known");
		return true;
	}
	if (input->champion_version == 0 || theirs == NULL) {
		text_add_string(text, "no champion's weights to compare with");
		return true;
	}
	bool same = strcmp(theirs, input->training.weights) == 0;
	text_printf(text, "weights %.12s, champion version %lld %.12s", input->training.weights,
		(long long)input->champion_version, theirs);
	return !same;
}

static bool gate_freshness(
	const struct gate *gate, const struct gate_input *input, struct text *text)
{
	int64_t age = input->now_ms - input->trained_at_ms;
	text_printf(text, "trained %.2f h ago, at most %.2f h", (double)age / 3600000.0,
		(double)gate->max_age_ms / 3600000.0);
	return age <= gate->max_age_ms;
}

static bool gate_smoke(const struct gate *gate, const struct gate_input *input, struct text *text)
{
	for (size_t i = 0; i < input->trial_count; i++) {
		if (input->trials[i].gate != gate)
			continue;
		text_add_string(text, input->trials[i].detail);
		return input->trials[i].passed;
	}
	text_add_string(text, "was not tried");
	return false;
}

static gate_function *const gate_functions[] = {
	[GATE_THRESHOLD] = gate_threshold,
	[GATE_CHAMPION] = gate_champion,
	[GATE_PAIR] = gate_pair,
	[GATE_CHANGED] = gate_changed,
	[GATE_FRESHNESS] = gate_freshness,
	[GATE_SMOKE] = gate_smoke,
};

/* Limits and champions alike would let an infinity on the right side pass, and it is no number that
 * a training reached. */
static bool are_measured(const struct gate *gate, const struct gate_input *input, struct text *text)
{
	const char *keys[] = {gate->metric, gate->minus};
	for (size_t i = 0; i < 2; i++) {
		const double *value =
			keys[i] != NULL ? gate_metric(&input->training, keys[i]) : NULL;
		if (value == NULL || is_measured(*value))
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
		if (!gate_functions[gates[i].rule](&gates[i], input, &text) ||
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
		for (size_t k = 0; k < gates[i].command_count; k++)
			free(gates[i].command[k]);
		free(gates[i].command);
		free(gates[i].folder);
		for (char **name = gates[i].environment; name != NULL && *name != NULL; name++)
			free(*name);
		free(gates[i].environment);
	}
	free(gates);
}
