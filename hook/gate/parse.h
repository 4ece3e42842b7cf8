/* parse - the rules of "gates" in modelhook.json.
 */
#ifndef MODELHOOK_GATE_PARSE_H
#define MODELHOOK_GATE_PARSE_H

#include "base/fail.h"
#include "gate/types.h"
#include "packaging/json/json.h"

/* gate_parse - the value of "gates" in modelhook.json, which lies in folder, into owned rules;
 * UNACCEPTABLE by rule and key */
MUST_CHECK int gate_parse(const struct json_at *list, const char *folder, struct gate **gates,
	size_t *count, struct fail *f);

#endif
