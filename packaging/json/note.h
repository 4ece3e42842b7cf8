/* note - trees of JSON that somebody wrote into a tag, read leniently and changed: histories,
 * verdicts, decisions.
 *
 * What a tag holds may be anything. A question about a value that is missing, of another type or
 * NULL has the answer NULL or false. What is borrowed lives as long as its tree.
 */
#ifndef MODELHOOK_PACKAGING_JSON_NOTE_H
#define MODELHOOK_PACKAGING_JSON_NOTE_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;

/* json_parse_note - the tree of the text, which the caller gives to json_release; NULL where text
 * is NULL, not JSON or longer than 64 KiB */
struct cJSON *json_parse_note(const char *text);

bool json_is_list(const struct cJSON *value);
bool json_is_equal(const struct cJSON *a, const struct cJSON *b);

/* json_find - the member of that key, borrowed, or NULL */
const struct cJSON *json_find(const struct cJSON *object, const char *key);

/* json_find_own - the same, to be changed */
struct cJSON *json_find_own(struct cJSON *object, const char *key);

/* json_find_string - the same, where it is a string */
const char *json_find_string(const struct cJSON *object, const char *key);

/* json_as_string - borrowed, or NULL; json_as_bool - false where the value is no boolean;
 * json_is_nothing - it is null */
const char *json_as_string(const struct cJSON *value);
bool json_as_bool(const struct cJSON *value, bool *truth);
bool json_is_nothing(const struct cJSON *value);

/* json_as_number - false where the value is no number; *number is left alone then */
bool json_as_number(const struct cJSON *value, double *number);

/* json_key - the key of a member, or NULL */
const char *json_key(const struct cJSON *member);

/* Members of an object, or items of a list, in their order; NULL where there is none. */
const struct cJSON *json_first_item(const struct cJSON *list);
const struct cJSON *json_last_item(const struct cJSON *list);
const struct cJSON *json_next_item(const struct cJSON *item);

/* json_take_first, json_take_last - out of the list, which is not empty, into the caller's hands */
struct cJSON *json_take_first(struct cJSON *list);
struct cJSON *json_take_last(struct cJSON *list);

/* json_prepend - hand `item` over as the first of the list */
void json_prepend(struct cJSON *list, struct cJSON *item);

/* json_replace_string - another string under the key, in the place of the value that is there */
void json_replace_string(struct cJSON *object, const char *key, const char *string);

/* json_put_string - the same, or a new member where there is none */
void json_put_string(struct cJSON *object, const char *key, const char *string);

#endif
