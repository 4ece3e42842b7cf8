#include "deploy/published.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "packaging/json/json.h"

#define FILE_MAX ((size_t)1 << 20)

static int parse_number(const struct json_at *at, struct published_number *number, struct fail *f)
{
	static const char *const keys[] = {"number", "version", "digest", "at"};
	struct json_at value = json_get(at, "number"), version = json_get(at, "version");
	struct json_at digest = json_get(at, "digest"), time = json_get(at, "at");
	if (json_known_keys(at, keys, sizeof(keys) / sizeof(keys[0]), f) != 0 ||
		json_integer(&value, 1, JSON_INTEGER_MAX, &number->number, f) != 0 ||
		json_integer(&version, 1, JSON_INTEGER_MAX, &number->version, f) != 0 ||
		json_string(&time, &number->at, f) != 0)
		return -1;
	return json_is_null(&digest) ? 0 : json_string(&digest, &number->digest, f);
}

static int parse_numbers(const struct json_at *list, struct published *published, struct fail *f)
{
	if (json_array(list, f) != 0)
		return -1;
	published->items = memory_get(json_count(list) + 1, sizeof(*published->items));
	for (struct json_at at = json_first(list); json_is_there(&at); at = json_next(&at)) {
		size_t index = published->count++;
		if (parse_number(&at, &published->items[index], f) != 0)
			return -1;
		if (index > 0 &&
			published->items[index].number <= published->items[index - 1].number)
			return json_fail(&at, f, "is not larger than the number before it");
	}
	return 0;
}

static int parse_root(const struct json_at *root, struct published *published, struct fail *f)
{
	static const char *const keys[] = {"schema", "model", "numbers"};
	struct json_at schema = json_get(root, "schema"), model = json_get(root, "model");
	struct json_at numbers = json_get(root, "numbers");
	char *said = NULL;
	if (json_known_keys(root, keys, sizeof(keys) / sizeof(keys[0]), f) != 0 ||
		json_string(&schema, &said, f) != 0)
		return -1;
	bool known = text_equal(said, PUBLISHED_SCHEMA);
	free(said);
	if (!known)
		return json_fail(&schema, f, "is not " PUBLISHED_SCHEMA);
	if (json_string(&model, &published->model, f) != 0)
		return -1;
	return parse_numbers(&numbers, published, f);
}

int published_parse(const char *text, size_t size, struct published *published, struct fail *f)
{
	struct cJSON *tree = NULL;
	*published = (struct published){0};
	if (json_parse(text, size, &tree, f) != 0)
		return -1;
	struct json_at root = json_root(tree);
	int result = parse_root(&root, published, f);
	json_release(tree);
	return result;
}

int published_read(const char *folder, struct published *published, struct fail *f)
{
	struct text text = {0};
	char *path = file_join(folder, PUBLISHED_NAME);
	int result = 0;
	*published = (struct published){0};
	if (file_is_named(path)) {
		result = file_read(path, FILE_MAX, &text, f);
		if (result == 0)
			result = published_parse(text_string(&text), text.size, published, f);
		if (result != 0)
			fail_wrap(f, "%s", path);
	}
	text_release(&text);
	free(path);
	return result;
}

static struct cJSON *print_number(const struct published_number *number)
{
	struct cJSON *object = json_new_object();
	json_set(object, "number", json_new_count((uint64_t)number->number));
	json_set(object, "version", json_new_count((uint64_t)number->version));
	json_set_string_or_null(object, "digest", number->digest);
	json_set_string(object, "at", number->at);
	return object;
}

int published_write(const char *folder, const struct published *published, struct fail *f)
{
	struct cJSON *root = json_new_object();
	json_set_string(root, "schema", PUBLISHED_SCHEMA);
	json_set_string(root, "model", published->model);
	struct cJSON *numbers = json_set_array(root, "numbers");
	for (size_t i = 0; i < published->count; i++)
		json_append(numbers, print_number(&published->items[i]));
	char *text = json_take_text(root), *path = file_join(folder, PUBLISHED_NAME);
	int result = file_store(path, text, strlen(text), f);
	free(path);
	free(text);
	return result;
}

void published_remove_leftovers(const char *folder)
{
	char *path = file_join(folder, PUBLISHED_NAME);
	file_remove_leftovers(path);
	free(path);
}

void published_add(struct published *published, int64_t number, int64_t version, const char *digest)
{
	char at[32];
	clock_format_rfc3339(at, clock_now_ms());
	published->items =
		memory_grow(published->items, published->count + 1, sizeof(*published->items));
	published->items[published->count++] = (struct published_number){
		.number = number,
		.version = version,
		.digest = text_copy(digest),
		.at = text_copy(at),
	};
}

void published_remove(struct published *published, size_t index)
{
	free(published->items[index].digest);
	free(published->items[index].at);
	memmove(&published->items[index], &published->items[index + 1],
		(published->count - index - 1) * sizeof(*published->items));
	published->count--;
}

void published_release(struct published *published)
{
	while (published->count > 0)
		published_remove(published, published->count - 1);
	free(published->items);
	free(published->model);
	*published = (struct published){0};
}
