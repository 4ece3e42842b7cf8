/* Fuzzes the readers of JSON: the strict one, which must refuse all that the lenient one does, and
 * what it takes must come out of its canonical form again; and the one of long lists, in two
 * pieces, against the whole. */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "packaging/json/bound.h"
#include "packaging/json/json.h"
#include "packaging/json/json_list.h"
#include "packaging/json/note.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool all_finite(const struct cJSON *value)
{
	if (cJSON_IsNumber(value) && !__builtin_isfinite(value->valuedouble))
		return false;
	for (const struct cJSON *item = value->child; item != NULL; item = item->next)
		if (!all_finite(item))
			return false;
	return true;
}

static void read_strictly(const char *text, size_t size)
{
	struct cJSON *tree, *again;
	struct text first = {0}, second = {0};
	struct fail f;
	if (json_parse(text, size, &tree, &f) != 0) {
		MUST(tree == NULL);
		return;
	}
	if (all_finite(tree)) {
		json_print(tree, &first);
		if (json_fits(text_string(&first), first.size)) {
			MUST(json_parse(text_string(&first), first.size, &again, &f) == 0);
			json_print(again, &second);
			MUST(text_equal(text_string(&first), text_string(&second)));
			json_release(again);
		}
	}
	json_release(tree);
	text_release(&first);
	text_release(&second);
}

static int count_item(void *context, struct json_lenient *answer,
	const struct json_lenient_value *item, struct fail *f)
{
	(void)answer;
	(void)f;
	MUST(item != NULL);
	++*(size_t *)context;
	return 0;
}

static bool read_list(const char *text, size_t size, size_t cut, size_t *count)
{
	struct json_list list = {.key = "a", .depth = 1, .take = count_item, .context = count};
	struct json_lenient rest = {0};
	struct fail f;
	bool read = json_list_add(&list, text, cut, &f) == 0 &&
		    json_list_add(&list, text + cut, size - cut, &f) == 0 &&
		    json_list_end(&list, &rest, &f) == 0;
	json_lenient_release(&rest);
	json_list_release(&list);
	return read;
}

static void read_leniently(const char *text, size_t size)
{
	struct json_lenient answer;
	const struct json_lenient_value *first;
	struct fail f;
	size_t at_once = 0, in_pieces = 0;
	bool read = read_list(text, size, 0, &at_once);
	MUST(read_list(text, size, size / 2, &in_pieces) == read && in_pieces == at_once);
	if (json_lenient_parse(&answer, text, size, &f) == 0 && read && at_once > 0)
		MUST(json_lenient_items(&answer, json_lenient_root(&answer), "a", &first) ==
			at_once);
	json_lenient_release(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = memory_get(size + 1, 1);
	memcpy(text, data, size);
	read_strictly(text, size);
	read_leniently(text, size);
	json_release(json_parse_note(text));
	free(text);
	return 0;
}
