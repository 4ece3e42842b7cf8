/* object - fields of what the API server answers, by a path of keys such as "status.replicas".
 *
 * What is not there, null or of another type is as if it were not there: each controller writes its
 * status as it likes, and an older one less of it.
 */
#ifndef MODELHOOK_KUBERNETES_OBJECT_H
#define MODELHOOK_KUBERNETES_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "packaging/json/json.h"

/* object_at - the value itself; it has no parent, so that its path is not in a message */
struct json_at object_at(const struct json_at *object, const char *path);

bool object_has(const struct json_at *object, const char *path);
int64_t object_integer(const struct json_at *object, const char *path, int64_t otherwise);
bool object_flag(const struct json_at *object, const char *path);

/* object_string - a copy, or NULL; the caller frees it */
char *object_string(const struct json_at *object, const char *path);

/* object_is - whether there is that string */
bool object_is(const struct json_at *object, const char *path, const char *string);

/* object_time - an RFC 3339 time in ms since 1970, 0 where there is none */
int64_t object_time(const struct json_at *object, const char *path);

/* object_first - the first member of the object or array at path, for json_next; *list is that
 * object or array, and must stay */
struct json_at object_first(const struct json_at *object, const char *path, struct json_at *list);

/* object_condition - the item of status.conditions with that type; may not be there */
struct json_at object_condition(const struct json_at *object, const char *type);

/* object_annotation - a copy of the annotation below the metadata at path, or NULL; the caller
 * frees it */
char *object_annotation(const struct json_at *object, const char *metadata, const char *name);

#endif
