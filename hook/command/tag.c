/* tag: tags of a version. */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "base/utf8.h"
#include "command/by_hand.h"
#include "command/command.h"
#include "mlflow/types.h"

static int check_assignment(const char *assignment, struct fail *f)
{
	const char *equals = strchr(assignment, '=');
	if (equals == NULL || equals == assignment)
		return fail_set(f, STATUS_USAGE, "tag takes KEY=VALUE (KEY= removes it)");
	if (!utf8_is_valid(assignment, strlen(assignment)))
		return fail_set(f, STATUS_USAGE, "a tag is text in UTF-8");
	if (text_starts_with(assignment, "modelhook."))
		return fail_set(
			f, STATUS_USAGE, "tags modelhook.* are what the registry is decided by");
	return 0;
}

/* Nothing is set where one of them cannot be. */
static int check_assignments(const struct invocation *call, struct fail *f)
{
	for (int i = 2; i < call->argc; i++)
		if (check_assignment(call->argv[i], f) != 0)
			return -1;
	return by_hand_check_version(call, f);
}

static int set_tag(
	struct operator* operator, int64_t number, const char *assignment, struct fail *f)
{
	const char *value = strchr(assignment, '=') + 1;
	char *key = text_format("%.*s", (int)(value - 1 - assignment), assignment);
	int result = value[0] == '\0' ? registry_untag(&operator->registry, number, key, f)
				      : registry_tag(&operator->registry, number, key, value, f);
	free(key);
	return result;
}

static int tag(
	struct operator* operator, const struct version * version, struct text *did, struct fail *f)
{
	const struct invocation *call = operator->call;
	operator->call->result.outcome = "tagged";
	for (int i = 2; i < call->argc; i++)
		if (set_tag(operator, version->number, call->argv[i], f) != 0)
			return -1;
	text_printf(did, "version %lld: %d tag%s %s", (long long)version->number, call->argc - 2,
		call->argc == 3 ? "" : "s",
		invocation_word(call, "set or removed", "would be set or removed"));
	return 0;
}

int command_tag(struct invocation *call, struct fail *f)
{
	return by_hand_call(call, check_assignments, call->argv[1], tag, f);
}
