#include "packaging/json/json_list.h"

#include <string.h>

#include "base/fail.h"
#include "base/text.h"

#define ITEM_MAX ((size_t)256 << 10)
#define REST_MAX ((size_t)64 << 10)

static int give(struct json_list *list, struct fail *f)
{
	struct json_lenient answer;
	int result = json_lenient_parse(&answer, text_string(&list->item), list->item.size, f);
	if (result == 0)
		result = list->take(list->context, &answer, json_lenient_root(&answer), f);
	if (result == 0)
		result = json_lenient_check(&answer, f);
	json_lenient_release(&answer);
	text_clear(&list->item);
	list->separated = false;
	list->count++;
	return result;
}

static int keep(struct text *text, const char *bytes, size_t size, size_t most, struct fail *f)
{
	if (size > most - text->size)
		return fail_set(f, STATUS_NOT_A_REGISTRY,
			"a part of the answer is larger than %zu KiB", most >> 10);
	text_add(text, bytes, size);
	return 0;
}

static int keep_here(struct json_list *list, const char *bytes, size_t size, struct fail *f)
{
	size_t rest_max = list->rest_max > 0 ? list->rest_max : REST_MAX;
	if (list->inside > 0)
		return keep(&list->item, bytes, size, ITEM_MAX, f);
	return keep(&list->rest, bytes, size, rest_max, f);
}

/* Whether the string that ends here, in the rest, is the name of the list. */
static bool ends_key(const struct json_list *list)
{
	size_t size = strlen(list->key);
	return list->level == list->depth && list->rest.size - list->name == size &&
	       memcmp(list->rest.data + list->name, list->key, size) == 0;
}

static void step_string(struct json_list *list, char c)
{
	if (list->escaped) {
		list->escaped = false;
	} else if (c == '\\') {
		list->escaped = true;
	} else if (c == '"') {
		list->in_string = false;
		list->is_key = list->inside == 0 && ends_key(list);
	}
}

static void step(struct json_list *list, char c)
{
	if (list->in_string) {
		step_string(list, c);
		return;
	}
	if (c == '"') {
		list->in_string = true;
		list->name = list->rest.size + 1;
	}
	if (c == '{' || c == '[')
		list->level++;
	else if (c == '}' || c == ']')
		list->level--;
	if (strchr(": \t\r\n", c) == NULL || c == '\0')
		list->is_key = false;
}

/* Between the items. */
static int step_between(struct json_list *list, char c, struct fail *f)
{
	if (c == ',' && !list->separated) {
		list->separated = true;
		return 0;
	}
	if (c == ']' && (!list->separated || list->count == 0)) {
		list->inside = 0;
		step(list, c);
		return keep_here(list, &c, 1, f);
	}
	if (c != '\0' && strchr(" \t\r\n", c) != NULL)
		return 0;
	return fail_set(
		f, STATUS_NOT_A_REGISTRY, "in the answer \"%s\" is no array of objects", list->key);
}

/* How much of a string follows that changes nothing here: most of an answer is that. */
static size_t plain_size(const struct json_list *list, const char *at, const char *end)
{
	const char *start = at;
	if (!list->in_string || list->escaped)
		return 0;
	while (at < end && *at != '"' && *at != '\\')
		at++;
	return (size_t)(at - start);
}

/* How much of the bytes belongs to the item at hand: to its end, which leaves the level of the
 * list, or all. */
static size_t item_size(struct json_list *list, const char *bytes, const char *end)
{
	const char *at = bytes;
	while (at < end) {
		char c = *at++;
		if (list->in_string) {
			step_string(list, c);
			at += plain_size(list, at, end);
		} else if (c == '"') {
			list->in_string = true;
		} else if (c == '{' || c == '[') {
			list->level++;
		} else if ((c == '}' || c == ']') && --list->level == list->inside) {
			break;
		}
	}
	return (size_t)(at - bytes);
}

/* *taken: how many of the bytes were looked at */
static int step_inside(
	struct json_list *list, const char *at, const char *end, size_t *taken, struct fail *f)
{
	*taken = 1;
	if (list->item.size == 0 && !(*at == '{' && list->separated))
		return step_between(list, *at, f);
	*taken = item_size(list, at, end);
	if (keep_here(list, at, *taken, f) != 0)
		return -1;
	return list->level == list->inside ? give(list, f) : 0;
}

static int fail_twice(const struct json_list *list, struct fail *f)
{
	return fail_set(f, STATUS_NOT_A_REGISTRY, "in the answer \"%s\" is given twice", list->key);
}

static int step_outside(struct json_list *list, char c, struct fail *f)
{
	bool opens = !list->in_string && list->is_key && c == '[';
	if (list->ended && (c == '\0' || strchr(" \t\r\n", c) == NULL))
		return fail_set(f, STATUS_NOT_A_REGISTRY, "the answer goes on behind its JSON");
	step(list, c);
	list->ended = !list->in_string && (c == '}' || c == ']' || list->ended) && list->level == 0;
	if (keep_here(list, &c, 1, f) != 0)
		return -1;
	if (!opens)
		return 0;
	if (list->had)
		return fail_twice(list, f);
	list->had = list->separated = true;
	list->inside = list->level;
	return 0;
}

int json_list_add(struct json_list *list, const void *bytes, size_t size, struct fail *f)
{
	const char *at = bytes, *end = at + size;
	while (at < end) {
		size_t taken = list->inside > 0 ? 0 : plain_size(list, at, end);
		int result = list->inside > 0 ? step_inside(list, at, end, &taken, f)
			     : taken > 0      ? keep_here(list, at, taken, f)
					      : step_outside(list, *at, f);
		if (result != 0)
			return -1;
		at += taken > 0 ? taken : 1;
	}
	return 0;
}

/* The list is found by the bytes of its key; the tree also knows the key when it is written with
 * escapes, or when another value than a list has it. */
static int check_key(const struct json_list *list, const struct json_lenient *rest, struct fail *f)
{
	struct json_lenient_count count =
		json_lenient_count(rest, list->key, (unsigned)list->depth);
	if (count.arrays + count.others > 1)
		return fail_twice(list, f);
	if (count.arrays != list->had)
		return fail_set(f, STATUS_NOT_A_REGISTRY,
			"in the answer the key \"%s\" is written with escapes", list->key);
	return 0;
}

int json_list_end(struct json_list *list, struct json_lenient *rest, struct fail *f)
{
	if (json_lenient_parse(rest, text_string(&list->rest), list->rest.size, f) != 0)
		return -1;
	return check_key(list, rest, f);
}

void json_list_restart(struct json_list *list)
{
	struct json_list again = {.key = list->key,
		.depth = list->depth,
		.rest_max = list->rest_max,
		.take = list->take,
		.context = list->context};
	json_list_release(list);
	*list = again;
}

void json_list_release(struct json_list *list)
{
	text_release(&list->rest);
	text_release(&list->item);
}
