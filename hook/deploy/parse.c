#include "deploy/parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "deploy/kinds.h"

enum {
	TIMEOUT_MS = 5 * 60 * 1000,
	KEYS_MAX = 16,
};

static const struct deploy_kind *find_kind(const struct json_at *entry)
{
	for (size_t i = 0; deploy_kinds[i] != NULL; i++) {
		struct json_at at = json_get(entry, deploy_kinds[i]->key);
		if (json_is_there(&at))
			return deploy_kinds[i];
	}
	return NULL;
}

static int fail_no_kind(const struct json_at *entry, struct fail *f)
{
	struct text known = {0};
	for (size_t i = 0; deploy_kinds[i] != NULL; i++)
		text_printf(&known, "%s\"%s\"", i > 0 ? ", " : "", deploy_kinds[i]->key);
	int result = json_fail(entry, f, "is no way to reload a service");
	fail_hint(f, "it needs one of %s", text_string(&known));
	text_release(&known);
	return result;
}

static int check_keys(const struct json_at *entry, const struct deploy_kind *kind, struct fail *f)
{
	const char *keys[KEYS_MAX] = {"name", "timeout"};
	size_t count = 2;
	for (size_t i = 0; i < kind->key_count && count < KEYS_MAX; i++)
		keys[count++] = kind->keys[i];
	return json_known_keys(entry, keys, count, f);
}

static int parse_timeout(const struct json_at *entry, int64_t *timeout_ms, struct fail *f)
{
	struct json_at at = json_get(entry, "timeout");
	char *text = NULL;
	*timeout_ms = TIMEOUT_MS;
	if (!json_is_there(&at))
		return 0;
	if (json_string(&at, &text, f) != 0)
		return -1;
	bool known = clock_parse_duration(text, timeout_ms) && *timeout_ms > 0;
	free(text);
	return known ? 0 : json_fail(&at, f, "is a duration such as \"5m\"");
}

static int parse_entry(const struct json_at *entry, struct deploy_target *target, struct fail *f)
{
	struct json_at name = json_get(entry, "name");
	if (json_object(entry, f) != 0)
		return -1;
	target->kind = find_kind(entry);
	if (target->kind == NULL)
		return fail_no_kind(entry, f);
	if (check_keys(entry, target->kind, f) != 0 ||
		parse_timeout(entry, &target->timeout_ms, f) != 0)
		return -1;
	if (json_is_there(&name) && json_string(&name, &target->name, f) != 0)
		return -1;
	if (target->name == NULL)
		target->name = text_copy(target->kind->key);
	return target->kind->parse(entry, target, f);
}

static int check_name(const struct json_at *entry, const struct deploy_target *targets,
	size_t index, struct fail *f)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(targets[i].name, targets[index].name) == 0)
			return json_fail(entry, f, "has the name of another: give it a \"name\"");
	return 0;
}

int deploy_parse(const struct json_at *list, const char *folder, struct deploy_target **targets,
	size_t *count, struct fail *f)
{
	if (json_array(list, f) != 0)
		return -1;
	size_t total = json_count(list), read = 0;
	struct deploy_target *parsed = memory_get(total, sizeof(*parsed));
	for (struct json_at at = json_first(list); json_is_there(&at);
		at = json_next(&at), read++) {
		parsed[read].folder = text_copy(folder);
		if (parse_entry(&at, &parsed[read], f) != 0 ||
			check_name(&at, parsed, read, f) != 0) {
			deploy_targets_release(parsed, total);
			return -1;
		}
	}
	*targets = parsed;
	*count = total;
	return 0;
}

void deploy_targets_release(struct deploy_target *targets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (targets[i].options != NULL)
			targets[i].kind->release(targets[i].options);
		free(targets[i].name);
		free(targets[i].folder);
	}
	free(targets);
}
