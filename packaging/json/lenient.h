/* lenient - what a server says in JSON, read leniently: unknown keys are passed over, a wrong type
 * is noted once.
 *
 * Read everything first, then ask json_lenient_check: NOT_A_REGISTRY names the first value that was
 * not what it should be. Integers may come as numbers or as strings of digits, as protocol buffers
 * write them. struct json_lenient owns the tree; a struct json_lenient_value borrows from it.
 */
#ifndef MODELHOOK_PACKAGING_JSON_LENIENT_H
#define MODELHOOK_PACKAGING_JSON_LENIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"

struct json_lenient {
	void *root;
	char wrong[96]; /* the first value of a wrong type; "" */
};

struct json_lenient_value; /* NULL: not there */

/* json_lenient_parse - text must be one JSON object, else NOT_A_REGISTRY. Release it whatever the
 * result.
 */
MUST_CHECK int json_lenient_parse(
	struct json_lenient *answer, const char *text, size_t size, struct fail *f);
void json_lenient_release(struct json_lenient *answer);
MUST_CHECK int json_lenient_check(const struct json_lenient *answer, struct fail *f);

const struct json_lenient_value *json_lenient_root(const struct json_lenient *answer);

/* json_lenient_count - the members named key, of all objects at that depth; 1: the outermost object
 */
struct json_lenient_count {
	size_t arrays;
	size_t others;
};
struct json_lenient_count json_lenient_count(
	const struct json_lenient *answer, const char *key, unsigned depth);

/* Members of an object that may be NULL; null counts as not there. One that is given twice is noted
 * as wrong. */
const struct json_lenient_value *json_lenient_object(
	struct json_lenient *answer, const struct json_lenient_value *object, const char *key);

/* json_lenient_items - how many items the array `key` has; *next is its first, for
 * json_lenient_item */
size_t json_lenient_items(struct json_lenient *answer, const struct json_lenient_value *object,
	const char *key, const struct json_lenient_value **next);

/* json_lenient_item - the item *next, which must be an object (NULL and noted where it is not), and
 * one step on; at most as often as json_lenient_items said */
const struct json_lenient_value *json_lenient_item(
	struct json_lenient *answer, const struct json_lenient_value **next, const char *key);

/* Each is a copy or a value: "" / 0 / false where the key is not there or of a wrong type. */
char *json_lenient_string(
	struct json_lenient *answer, const struct json_lenient_value *object, const char *key);
int64_t json_lenient_integer(
	struct json_lenient *answer, const struct json_lenient_value *object, const char *key);
double json_lenient_number(
	struct json_lenient *answer, const struct json_lenient_value *object, const char *key);
bool json_lenient_bool(
	struct json_lenient *answer, const struct json_lenient_value *object, const char *key);

/* json_lenient_wrong - note the key as wrong: "KEY" is WHAT */
void json_lenient_wrong(struct json_lenient *answer, const char *key, const char *what);

/* json_lenient_need - note the key as wrong where it is not there */
void json_lenient_need(
	struct json_lenient *answer, const struct json_lenient_value *object, const char *key);

#endif
