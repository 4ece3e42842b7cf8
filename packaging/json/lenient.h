/* lenient - what a server says in JSON, read leniently: unknown keys are passed over, a wrong type
 * is noted once.
 *
 * Read everything first, then ask answer_check: NOT_A_REGISTRY names the first value that was not
 * what it should be. Integers may come as numbers or as strings of digits, as protocol buffers
 * write them. struct answer owns the tree; a struct answer_value borrows from it.
 */
#ifndef MODELHOOK_PACKAGING_JSON_LENIENT_H
#define MODELHOOK_PACKAGING_JSON_LENIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct answer {
	void *root;
	char wrong[96]; /* the first value of a wrong type; "" */
};

struct answer_value; /* NULL: not there */

/* answer_parse - text must be one JSON object, else NOT_A_REGISTRY. Release it whatever the result.
 */
MUST_CHECK int answer_parse(struct answer *answer, const char *text, size_t size, struct fail *f);
void answer_release(struct answer *answer);
MUST_CHECK int answer_check(const struct answer *answer, struct fail *f);

const struct answer_value *answer_root(const struct answer *answer);

/* Members of an object that may be NULL; null counts as not there. */
const struct answer_value *answer_object(
	struct answer *answer, const struct answer_value *object, const char *key);

/* answer_items - how many items the array `key` has; *next is its first, for answer_item */
size_t answer_items(struct answer *answer, const struct answer_value *object, const char *key,
	const struct answer_value **next);

/* answer_item - the item *next, which must be an object (NULL and noted where it is not), and one
 * step on; at most as often as answer_items said */
const struct answer_value *answer_item(
	struct answer *answer, const struct answer_value **next, const char *key);

/* Each is a copy or a value: "" / 0 / false where the key is not there or of a wrong type. */
char *answer_string(struct answer *answer, const struct answer_value *object, const char *key);
int64_t answer_integer(struct answer *answer, const struct answer_value *object, const char *key);
double answer_number(struct answer *answer, const struct answer_value *object, const char *key);
bool answer_bool(struct answer *answer, const struct answer_value *object, const char *key);

/* answer_wrong - note the key as wrong: "KEY" is WHAT */
void answer_wrong(struct answer *answer, const char *key, const char *what);

/* answer_need - note the key as wrong where it is not there */
void answer_need(struct answer *answer, const struct answer_value *object, const char *key);

#endif
