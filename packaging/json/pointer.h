/* pointer - a value inside a tree by its JSON pointer (RFC 6901): "/model/version", "/items/0".
 */
#ifndef MODELHOOK_PACKAGING_JSON_POINTER_H
#define MODELHOOK_PACKAGING_JSON_POINTER_H

#include <stdbool.h>

struct cJSON;

/* json_pointer_is_valid - "" (the whole tree), or parts that each begin with "/"; "~" stands only
 * in "~0" and "~1" */
bool json_pointer_is_valid(const char *pointer);

/* json_pointer_find - borrowed from the tree; NULL where nothing is there */
const struct cJSON *json_pointer_find(const struct cJSON *root, const char *pointer);

/* json_scalar_text - a string, or a whole number in digits, as text that the caller frees; NULL for
 * anything else */
char *json_scalar_text(const struct cJSON *value);

#endif
