#include "gate/rule.h"

int rule_string(const struct json_at *rule, const char *key, char **out, struct fail *f)
{
	struct json_at at = json_get(rule, key);
	return json_is_there(&at) ? json_string(&at, out, f) : 0;
}

int rule_number(
	const struct json_at *rule, const char *key, bool *given, double *out, struct fail *f)
{
	struct json_at at = json_get(rule, key);
	*given = json_is_there(&at);
	return *given ? json_number(&at, out, f) : 0;
}
