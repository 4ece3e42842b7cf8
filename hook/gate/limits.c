#include "gate/limits.h"

#include <math.h>

#include "gate/rule.h"

int limits_parse(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	if (rule_number(rule, "at_least", &gate->has_least, &gate->at_least, f) != 0 ||
		rule_number(rule, "at_most", &gate->has_most, &gate->at_most, f) != 0)
		return -1;
	if (!gate->has_least && !gate->has_most)
		return json_fail(rule, f, "needs \"at_least\" or \"at_most\"");
	if (gate->has_least && gate->has_most && gate->at_least > gate->at_most)
		return json_fail(rule, f, "\"at_least\" is above \"at_most\": nothing passes");
	return 0;
}

/* A sum of floats brings an error with it that nobody wrote. */
bool limit_at_most(double value, double limit)
{
	return value <= limit + 1e-12 * fmax(1.0, fabs(limit));
}

bool limits_hold(const struct gate *gate, double value, struct text *text)
{
	bool passed = true;
	if (gate->has_least) {
		passed = limit_at_most(gate->at_least, value);
		text_printf(text, ", at least %.10g", gate->at_least);
	}
	if (gate->has_most) {
		passed = passed && limit_at_most(value, gate->at_most);
		text_printf(text, ", at most %.10g", gate->at_most);
	}
	return passed;
}
