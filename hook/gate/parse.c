#include "gate/parse.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "gate/gate.h"
#include "gate/rules.h"

static const struct gate_rule *find_rule(const struct json_at *rule)
{
	for (size_t i = 0; gate_rules[i] != NULL; i++) {
		struct json_at at = json_get(rule, gate_rules[i]->key);
		if (json_is_there(&at))
			return gate_rules[i];
	}
	return NULL;
}

static int parse_rule(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	if (json_object(rule, f) != 0 || rule_string(rule, "name", &gate->name, f) != 0 ||
		rule_string(rule, "metric", &gate->metric, f) != 0)
		return -1;
	gate->rule = find_rule(rule);
	if (gate->rule == NULL)
		return json_fail(rule, f,
			"is no rule: it needs \"metric\", \"weights\", \"max_age\" or "
			"\"command\"");
	if (json_known_keys(rule, gate->rule->keys, gate->rule->key_count, f) != 0 ||
		gate->rule->parse(rule, gate, f) != 0)
		return -1;
	if (gate->rule->needs_metric && gate->metric == NULL)
		return json_fail(rule, f, "needs \"metric\"");
	if (gate->name == NULL)
		gate->name = gate->rule->name(gate);
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
