/* workload_name - which workload the settings name: {"deployment": "fish-api"}, or "statefulset" or
 * "daemonset" in its place.
 */
#ifndef MODELHOOK_KUBERNETES_WORKLOAD_NAME_H
#define MODELHOOK_KUBERNETES_WORKLOAD_NAME_H

#include "base/fail.h"
#include "kubernetes/workload.h"
#include "packaging/json/json.h"

#define WORKLOAD_NAME_KEYS "deployment", "statefulset", "daemonset"

/* workload_name_parse - exactly one of these keys of object; *name is the caller's to free,
 * whatever the result. UNACCEPTABLE by key. */
MUST_CHECK int workload_name_parse(
	const struct json_at *object, enum workload_kind *kind, char **name, struct fail *f);

#endif
