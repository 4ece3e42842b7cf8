/* rule - one kind of gate: the key that makes it, how it is read and how it decides.
 *
 * A new kind is a file rule_NAME.c, a line in gate/rules.h and a row in gate/rules.c.
 */
#ifndef MODELHOOK_GATE_RULE_H
#define MODELHOOK_GATE_RULE_H

#include "base/fail.h"
#include "base/text.h"
#include "gate/types.h"
#include "packaging/json/json.h"

struct gate_rule {
	const char *key;	 /* that makes a rule of modelhook.json one of this kind */
	const char *const *keys; /* that it may have */
	size_t key_count;
	bool needs_metric;
	bool needs_champion_metric; /* compares a metric with the champion's */
	bool runs_command;

	/* parse - the keys besides "name" and "metric" into a zeroed gate; UNACCEPTABLE by key */
	int (*parse)(const struct json_at *rule, struct gate *gate, struct fail *f);

	/* name - of a gate that was given none; the caller frees it */
	char *(*name)(const struct gate *gate);

	/* decide - whether the gate passes, with its numbers added to text */
	bool (*decide)(const struct gate *gate, const struct gate_input *input, struct text *text);
};

/* rule_string, rule_number - a value that may be left out. *out is a copy that the caller frees. */
MUST_CHECK int rule_string(const struct json_at *rule, const char *key, char **out, struct fail *f);
MUST_CHECK int rule_number(
	const struct json_at *rule, const char *key, bool *given, double *out, struct fail *f);

#endif
