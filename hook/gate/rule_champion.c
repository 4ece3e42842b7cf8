/* A metric not below the champion's by more than a margin. */
#include <math.h>

#include "base/fail.h"
#include "base/text.h"
#include "gate/limits.h"
#include "gate/rules.h"
#include "gate/side.h"

static const char *const keys[] = {
	"name", "metric", "not_below_champion_by", "confidence", "samples"};

static int parse(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	bool given, confident;
	if (rule_number(rule, "not_below_champion_by", &given, &gate->margin, f) != 0 ||
		rule_number(rule, "confidence", &confident, &gate->confidence, f) != 0 ||
		rule_string(rule, "samples", &gate->samples, f) != 0)
		return -1;
	if (confident && !(gate->confidence > 0.5 && gate->confidence < 1))
		return json_fail(rule, f, "\"confidence\" must lie between 0.5 and 1");
	if (!confident && gate->samples != NULL)
		return json_fail(rule, f, "\"samples\" goes with \"confidence\"");
	if (confident && gate->samples == NULL)
		gate->samples = text_copy("validation");
	return 0;
}

static char *default_name(const struct gate *gate)
{
	return text_format("%s against champion", gate->metric);
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
	double our_count = (double)gate_samples(&input->training, gate->samples);
	double their_count = (double)gate_samples(&input->champion, gate->samples);
	if (their_count <= 0) {
		text_printf(text, "; the champion has no count of %s: compared without confidence",
			gate->samples);
		return limit_at_most(theirs - gate->margin, ours);
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

static bool decide(const struct gate *gate, const struct gate_input *input, struct text *text)
{
	double ours = *gate_metric(&input->training, gate->metric);
	const double *theirs = gate_measured_metric(&input->champion, gate->metric);
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
	return limit_at_most(*theirs - gate->margin, ours);
}

const struct gate_rule gate_rule_champion = {
	.key = "not_below_champion_by",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.needs_metric = true,
	.needs_champion_metric = true,
	.parse = parse,
	.name = default_name,
	.decide = decide,
};
