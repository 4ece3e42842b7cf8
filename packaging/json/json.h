/* json - strict reading of JSON by type and path, and its canonical form.
 *
 * cJSON builds the tree; what it lets pass is refused before: text that is not RFC 8259 to the
 * letter, not UTF-8, a NUL, a lone surrogate, a key given twice, nesting beyond JSON_DEPTH
 * (json_check.h). Every
 * refusal is UNACCEPTABLE and says where: line and column for the grammar, a path such as
 * "metrics.val_accuracy" or "files[3].size" for a value of the wrong type.
 *
 * Canonical form: no white space, keys sorted by bytes, strings and numbers as in RFC 8785 (numbers
 * are the shortest that read back the same, whatever the locale).
 */
#ifndef MODELHOOK_PACKAGING_JSON_JSON_H
#define MODELHOOK_PACKAGING_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "base/text.h"

#define JSON_INTEGER_MAX 9007199254740992 /* 2^53: beyond it a double skips integers */

struct cJSON;

/* json_parse - the tree of the text, which the caller gives to json_release; refused before it is
 * built where it takes more memory than packaging/json/bound.h allows. NULL after -1. */
MUST_CHECK int json_parse(const char *text, size_t size, struct cJSON **root, struct fail *f);

void json_release(struct cJSON *root);

/* json_at - a value and the way to it. Borrows the tree and its parent, which must stay where it
 * is. */
struct json_at {
	const struct cJSON *value;    /* NULL: not there */
	const struct json_at *parent; /* NULL: the root */
	const char *key;	      /* its key in an object; NULL in an array */
	size_t index;		      /* its place in an array */
};

struct json_at json_root(const struct cJSON *root);
struct json_at json_get(const struct json_at *object, const char *key);
bool json_is_there(const struct json_at *at);
bool json_is_null(const struct json_at *at);

/* json_first, json_next - walk the members of an object or an array, until one is not there */
struct json_at json_first(const struct json_at *parent);
struct json_at json_next(const struct json_at *at);
size_t json_count(const struct json_at *at);

/* json_fail - UNACCEPTABLE with the path of the value in front */
int json_fail(const struct json_at *at, struct fail *f, const char *format, ...) PRINTF_LIKE(3, 4);

/* json_object - it is an object. json_array - it is an array. */
MUST_CHECK int json_object(const struct json_at *at, struct fail *f);
MUST_CHECK int json_array(const struct json_at *at, struct fail *f);

/* json_known_keys - it is an object and has no key but those `count` ones */
MUST_CHECK int json_known_keys(
	const struct json_at *at, const char *const *keys, size_t count, struct fail *f);

/* Each fails where the value is missing or of another type, and leaves *out alone then. */
MUST_CHECK int json_string(const struct json_at *at, char **out, struct fail *f); /* a copy */
MUST_CHECK int json_number(const struct json_at *at, double *out, struct fail *f);
MUST_CHECK int json_integer(
	const struct json_at *at, int64_t least, int64_t most, int64_t *out, struct fail *f);
MUST_CHECK int json_bool(const struct json_at *at, bool *out, struct fail *f);

/* The caller gives what these make to json_release, or hands it over with json_set, json_append. A
 * count is printed in full, also beyond 2^53. */
struct cJSON *json_new_object(void);
struct cJSON *json_new_array(void);
struct cJSON *json_new_string(const char *string);
struct cJSON *json_new_number(double number);
struct cJSON *json_new_count(uint64_t count);
struct cJSON *json_new_bool(bool value);
struct cJSON *json_new_null(void);
struct cJSON *json_copy(const struct json_at *at); /* of the value */

/* json_set, json_append - hand `item` over, as the last one */
void json_set(struct cJSON *object, const char *key, struct cJSON *item);
void json_append(struct cJSON *array, struct cJSON *item);

/* The same with a new value; json_set_string_or_null sets null where string is NULL. */
void json_set_string(struct cJSON *object, const char *key, const char *string);
void json_set_string_or_null(struct cJSON *object, const char *key, const char *string);
void json_set_number(struct cJSON *object, const char *key, double number);
void json_set_bool(struct cJSON *object, const char *key, bool value);
void json_set_null(struct cJSON *object, const char *key);

/* json_set_raw - text that is known to be JSON, as it is */
void json_set_raw(struct cJSON *object, const char *key, const char *text);

/* json_set_object, json_set_array - the same with an empty one, which is borrowed */
struct cJSON *json_set_object(struct cJSON *object, const char *key);
struct cJSON *json_set_array(struct cJSON *object, const char *key);

/* json_text - the tree without white space, members in their order; the caller frees it.
 * json_take_text - the same of a tree that is released here. */
char *json_text(const struct cJSON *value);
char *json_take_text(struct cJSON *value);

/* json_print - add the canonical form of the tree to text */
void json_print(const struct cJSON *value, struct text *text);
void json_print_string(const char *string, struct text *text);
void json_print_number(double number, struct text *text);

/* json_library_version - of the library that builds the trees: "cJSON 1.7.18"; the caller frees it
 */
char *json_library_version(void);

#endif
