#include "deploy/server_versions.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "packaging/json/json.h"
#include "packaging/json/note.h"
#include "packaging/json/pointer.h"

static void add(struct server_versions *versions, const char *name, enum server_version_state state,
	const char *why)
{
	if ((versions->count & (versions->count - 1)) == 0)
		versions->items = memory_grow(versions->items,
			versions->count > 0 ? 2 * versions->count : 1, sizeof(*versions->items));
	versions->items[versions->count++] = (struct server_version){
		.name = text_copy(name),
		.state = state,
		.why = text_copy(why != NULL ? why : ""),
	};
}

static int parse(const char *text, size_t size, struct cJSON **tree, struct fail *f)
{
	if (json_parse(text, size, tree, f) == 0)
		return 0;
	f->status = STATUS_NOT_SERVED;
	return fail_wrap(f, "what the server says of its versions");
}

/* A version that was unloaded says so as its reason: that is no failure. */
static enum server_version_state triton_state(const char *state, const char *reason)
{
	if (text_equal(state, "READY"))
		return SERVER_VERSION_READY;
	if (text_equal(state, "LOADING"))
		return SERVER_VERSION_LOADING;
	if (text_equal(state, "UNAVAILABLE") && !text_equal(reason, "unloaded"))
		return SERVER_VERSION_FAILED;
	return SERVER_VERSION_GONE;
}

int server_versions_triton(const char *text, size_t size, const char *model,
	struct server_versions *versions, struct fail *f)
{
	struct cJSON *tree = NULL;
	*versions = (struct server_versions){0};
	if (parse(text, size, &tree, f) != 0)
		return -1;
	bool is_index = json_is_list(tree);
	for (const struct cJSON *item = is_index ? json_first_item(tree) : NULL; item != NULL;
		item = json_next_item(item)) {
		const char *version = json_find_string(item, "version");
		const char *state = json_find_string(item, "state");
		const char *reason = json_find_string(item, "reason");
		if (text_equal(json_find_string(item, "name"), model) && version != NULL &&
			state != NULL)
			add(versions, version, triton_state(state, reason), reason);
	}
	json_release(tree);
	return is_index ? 0 : fail_set(f, STATUS_NOT_SERVED, "the server sent no repository index");
}

static enum server_version_state tf_serving_state(const char *state, const char *error)
{
	if (text_equal(state, "AVAILABLE"))
		return SERVER_VERSION_READY;
	if (text_equal(state, "START") || text_equal(state, "LOADING"))
		return SERVER_VERSION_LOADING;
	if (error != NULL && !text_equal(error, "OK") && !text_equal(error, "0"))
		return SERVER_VERSION_FAILED;
	return SERVER_VERSION_GONE;
}

int server_versions_tf_serving(
	const char *text, size_t size, struct server_versions *versions, struct fail *f)
{
	struct cJSON *tree = NULL;
	*versions = (struct server_versions){0};
	if (parse(text, size, &tree, f) != 0)
		return -1;
	const struct cJSON *list = json_find(tree, "model_version_status");
	bool is_status = json_is_list(list);
	for (const struct cJSON *item = is_status ? json_first_item(list) : NULL; item != NULL;
		item = json_next_item(item)) {
		const char *version = json_find_string(item, "version");
		const struct cJSON *status = json_find(item, "status");
		const char *state = json_find_string(item, "state");
		if (version != NULL)
			add(versions, version,
				tf_serving_state(state, json_find_string(status, "error_code")),
				json_find_string(status, "error_message"));
	}
	json_release(tree);
	return is_status ? 0 : fail_set(f, STATUS_NOT_SERVED, "the server sent no model status");
}

static bool is_larger(const char *a, const char *b)
{
	size_t x = strlen(a), y = strlen(b);
	bool numbers = strspn(a, "0123456789") == x && strspn(b, "0123456789") == y;
	return numbers && (x != y ? x > y : strcmp(a, b) > 0);
}

static const struct server_version *find(const struct server_versions *versions, const char *name)
{
	for (size_t i = 0; i < versions->count; i++)
		if (strcmp(versions->items[i].name, name) == 0)
			return &versions->items[i];
	return NULL;
}

static int refuse_larger(
	const struct server_versions *versions, const char *version, struct fail *f)
{
	for (size_t i = 0; i < versions->count; i++) {
		const struct server_version *other = &versions->items[i];
		if (other->state == SERVER_VERSION_READY && is_larger(other->name, version))
			return fail_set(f, STATUS_NOT_SERVED,
				"version %s is ready, and so is version %s, which answers requests "
				"that name none",
				version, other->name);
	}
	return 0;
}

int server_versions_judge(const struct server_versions *versions, const char *version, bool *listed,
	bool *served, struct fail *f)
{
	const struct server_version *ours = find(versions, version);
	*listed = ours != NULL;
	*served = ours != NULL && ours->state == SERVER_VERSION_READY;
	if (ours != NULL && ours->state == SERVER_VERSION_FAILED)
		return fail_set(f, STATUS_NOT_SERVED, "the server could not load version %s: %s",
			version, ours->why);
	return *served ? refuse_larger(versions, version, f) : 0;
}

char *server_versions_ready(const struct server_versions *versions)
{
	struct text text = {0};
	for (size_t i = 0; i < versions->count; i++)
		if (versions->items[i].state == SERVER_VERSION_READY)
			text_printf(
				&text, "%s%s", text.size > 0 ? ", " : "", versions->items[i].name);
	if (text.size == 0)
		text_add_string(&text, "none");
	return text_take(&text);
}

char *server_versions_answered(const char *text, size_t size)
{
	struct cJSON *tree = NULL;
	struct fail ignored;
	if (json_parse(text, size, &tree, &ignored) != 0)
		return NULL;
	char *answered = json_scalar_text(json_find(tree, "model_version"));
	json_release(tree);
	return answered;
}

void server_versions_release(struct server_versions *versions)
{
	for (size_t i = 0; i < versions->count; i++) {
		free(versions->items[i].name);
		free(versions->items[i].why);
	}
	free(versions->items);
	*versions = (struct server_versions){0};
}
