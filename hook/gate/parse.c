/* The rules of "gates" in modelhook.json: which keys make which rule. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "gate/gate.h"
#include "packaging/json/json.h"

static int read_string(const struct json_at *rule, const char *key, char **out, struct fail *f)
{
	struct json_at at = json_get(rule, key);
	return json_is_there(&at) ? json_string(&at, out, f) : 0;
}

static int read_number(
	const struct json_at *rule, const char *key, bool *given, double *out, struct fail *f)
{
	struct json_at at = json_get(rule, key);
	*given = json_is_there(&at);
	return *given ? json_number(&at, out, f) : 0;
}

static int read_limits(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	if (read_number(rule, "at_least", &gate->has_least, &gate->at_least, f) != 0 ||
		read_number(rule, "at_most", &gate->has_most, &gate->at_most, f) != 0)
		return -1;
	if (!gate->has_least && !gate->has_most)
		return json_fail(rule, f, "needs \"at_least\" or \"at_most\"");
	if (gate->has_least && gate->has_most && gate->at_least > gate->at_most)
		return json_fail(rule, f, "\"at_least\" is above \"at_most\": nothing passes");
	return 0;
}

static int parse_threshold(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	static const char *const keys[] = {"name", "metric", "at_least", "at_most"};
	gate->rule = GATE_THRESHOLD;
	if (json_known_keys(rule, keys, 4, f) != 0)
		return -1;
	return read_limits(rule, gate, f);
}

static int parse_pair(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	static const char *const keys[] = {"name", "metric", "minus", "at_least", "at_most"};
	gate->rule = GATE_PAIR;
	if (json_known_keys(rule, keys, 5, f) != 0 ||
		read_string(rule, "minus", &gate->minus, f) != 0)
		return -1;
	return read_limits(rule, gate, f);
}

static int parse_champion(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	static const char *const keys[] = {
		"name", "metric", "not_below_champion_by", "confidence", "samples"};
	bool given, confident;
	gate->rule = GATE_CHAMPION;
	if (json_known_keys(rule, keys, 5, f) != 0 ||
		read_number(rule, "not_below_champion_by", &given, &gate->margin, f) != 0 ||
		read_number(rule, "confidence", &confident, &gate->confidence, f) != 0 ||
		read_string(rule, "samples", &gate->samples, f) != 0)
		return -1;
	if (confident && !(gate->confidence > 0.5 && gate->confidence < 1))
		return json_fail(rule, f, "\"confidence\" must lie between 0.5 and 1");
	if (!confident && gate->samples != NULL)
		return json_fail(rule, f, "\"samples\" goes with \"confidence\"");
	if (confident && gate->samples == NULL)
		gate->samples = text_copy("validation");
	return 0;
}

static int parse_changed(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	static const char *const keys[] = {"name", "weights"};
	char *value = NULL;
	gate->rule = GATE_CHANGED;
	if (json_known_keys(rule, keys, 2, f) != 0 || read_string(rule, "weights", &value, f) != 0)
		return -1;
	bool known = strcmp(value, "differ_from_champion") == 0;
	free(value);
	return known ? 0 : json_fail(rule, f, "\"weights\" takes \"differ_from_champion\"");
}

static int parse_freshness(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	static const char *const keys[] = {"name", "max_age"};
	char *value = NULL;
	gate->rule = GATE_FRESHNESS;
	if (json_known_keys(rule, keys, 2, f) != 0 || read_string(rule, "max_age", &value, f) != 0)
		return -1;
	bool known = clock_parse_duration(value, &gate->max_age_ms);
	free(value);
	return known ? 0 : json_fail(rule, f, "\"max_age\" is a duration such as \"36h\"");
}

/* "4G", "512M", "1024K" or bytes. */
static int read_command(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	struct json_at list = json_get(rule, "command");
	bool names_model = false;
	if (json_array(&list, f) != 0)
		return -1;
	gate->command = memory_get(json_count(&list) + 1, sizeof(*gate->command));
	for (struct json_at at = json_first(&list); json_is_there(&at); at = json_next(&at)) {
		if (json_string(&at, &gate->command[gate->command_count], f) != 0)
			return -1;
		names_model |= strstr(gate->command[gate->command_count++], "{model}") != NULL;
	}
	if (!names_model || gate->command[0][0] == '\0')
		return json_fail(rule, f,
			"\"command\" is a program and its arguments, \"{model}\" among them");
	return 0;
}

/* Names of variables, NULL behind the last. */
static int read_environment(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	struct json_at list = json_get(rule, "environment");
	size_t count = 0;
	if (!json_is_there(&list))
		return 0;
	if (json_array(&list, f) != 0)
		return -1;
	gate->environment = memory_get(json_count(&list) + 1, sizeof(*gate->environment));
	for (struct json_at at = json_first(&list); json_is_there(&at); at = json_next(&at)) {
		if (json_string(&at, &gate->environment[count], f) != 0)
			return -1;
		const char *name = gate->environment[count++];
		if (name[0] == '\0' || strchr(name, '=') != NULL)
			return json_fail(&at, f, "not the name of a variable");
	}
	return 0;
}

static int parse_smoke(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	static const char *const keys[] = {"name", "command", "timeout", "memory", "environment"};
	char *timeout = NULL, *memory = NULL;
	gate->rule = GATE_SMOKE;
	gate->timeout_ms = 120000;
	if (json_known_keys(rule, keys, 5, f) != 0 || read_command(rule, gate, f) != 0 ||
		read_environment(rule, gate, f) != 0 ||
		read_string(rule, "timeout", &timeout, f) != 0)
		return -1;
	bool known = timeout == NULL ||
		     (clock_parse_duration(timeout, &gate->timeout_ms) && gate->timeout_ms > 0);
	free(timeout);
	if (!known)
		return json_fail(rule, f, "\"timeout\" is a duration such as \"2m\"");
	if (read_string(rule, "memory", &memory, f) != 0)
		return -1;
	known = memory == NULL || text_parse_bytes(memory, &gate->memory);
	free(memory);
	return known ? 0 : json_fail(rule, f, "\"memory\" is a size such as \"4G\" or \"512M\"");
}

/* The key that makes a rule what it is; the first row that fits counts, so that the plain one is
 * last. */
static const struct {
	const char *key;
	int (*parse)(const struct json_at *rule, struct gate *gate, struct fail *f);
} rules[] = {
	{"command", parse_smoke},
	{"weights", parse_changed},
	{"max_age", parse_freshness},
	{"not_below_champion_by", parse_champion},
	{"minus", parse_pair},
	{"metric", parse_threshold},
};

static void name_gate(struct gate *gate)
{
	if (gate->name != NULL)
		return;
	switch (gate->rule) {
	case GATE_THRESHOLD:
		gate->name = text_format("%s", gate->metric);
		return;
	case GATE_CHAMPION:
		gate->name = text_format("%s against champion", gate->metric);
		return;
	case GATE_PAIR:
		gate->name = text_format("%s - %s", gate->metric, gate->minus);
		return;
	case GATE_CHANGED:
		gate->name = text_copy("weights");
		return;
	case GATE_FRESHNESS:
		gate->name = text_copy("freshness");
		return;
	case GATE_SMOKE:
		gate->name = text_copy("smoke");
		return;
	}
}

static int parse_rule(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	size_t row = 0;
	if (json_object(rule, f) != 0 || read_string(rule, "name", &gate->name, f) != 0 ||
		read_string(rule, "metric", &gate->metric, f) != 0)
		return -1;
	for (; row < sizeof(rules) / sizeof(rules[0]); row++) {
		struct json_at at = json_get(rule, rules[row].key);
		if (json_is_there(&at))
			break;
	}
	if (row == sizeof(rules) / sizeof(rules[0]))
		return json_fail(rule, f,
			"is no rule: it needs \"metric\", \"weights\", \"max_age\" or "
			"\"command\"");
	if (rules[row].parse(rule, gate, f) != 0)
		return -1;
	if (gate->metric == NULL && gate->rule != GATE_CHANGED && gate->rule != GATE_FRESHNESS &&
		gate->rule != GATE_SMOKE)
		return json_fail(rule, f, "needs \"metric\"");
	name_gate(gate);
	return 0;
}

int gate_parse(const struct json_at *list, const char *folder, struct gate **gates, size_t *count,
	struct fail *f)
{
	if (json_array(list, f) != 0)
		return -1;
	size_t total = json_count(list), read = 0;
	struct gate *parsed = memory_get(total, sizeof(*parsed));
	for (struct json_at at = json_first(list); json_is_there(&at); at = json_next(&at)) {
		parsed[read].folder = text_copy(folder);
		if (parse_rule(&at, &parsed[read++], f) != 0) {
			gates_release(parsed, total);
			return -1;
		}
	}
	*gates = parsed;
	*count = total;
	return 0;
}
