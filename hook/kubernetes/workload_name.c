#include "kubernetes/workload_name.h"

int workload_name_parse(
	const struct json_at *object, enum workload_kind *kind, char **name, struct fail *f)
{
	for (enum workload_kind i = 0; i < WORKLOAD_KINDS; i++) {
		struct json_at at = json_get(object, workload_resources[i].noun);
		if (!json_is_there(&at))
			continue;
		if (*name != NULL)
			return json_fail(&at, f, "is the second workload: one an entry");
		*kind = i;
		if (json_string(&at, name, f) != 0)
			return -1;
		if ((*name)[0] == '\0')
			return json_fail(&at, f, "is empty");
	}
	if (*name != NULL)
		return 0;
	return json_fail(
		object, f, "needs one of \"deployment\", \"statefulset\" and \"daemonset\"");
}
