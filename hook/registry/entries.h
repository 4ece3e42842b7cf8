/* entries - what tags keep of a history, read: the JSON lists that registry/history.h describes.
 *
 * A list that grew long lies in several tags: KEY holds the newest entries, KEY.2, KEY.3, ... the
 * older ones, KEY.2 the oldest. Pure. What a tag holds may be anything: a text that is no list
 * reads as an empty one, and entries may be of any shape. Lists are freed with json_release.
 */
#ifndef MODELHOOK_REGISTRY_ENTRIES_H
#define MODELHOOK_REGISTRY_ENTRIES_H

#include "mlflow/mlflow.h"
#include "mlflow/types.h"

struct cJSON;

/* entries_read - all entries under a key and its continuations, oldest first; never NULL */
struct cJSON *entries_read(const struct pair *tags, size_t count, const char *key);

/* entries_parse - those of one tag alone; never NULL */
struct cJSON *entries_parse(const char *text);

/* entries_part_key - the name of a continuation; the first is number 2. The caller frees it. */
char *entries_part_key(const char *key, int part);

/* entries_part - the text of a continuation, or NULL */
const char *entries_part(const struct pair *tags, size_t count, const char *key, int part);

/* entries_start_alike - both begin with the same entry */
bool entries_start_alike(const struct cJSON *a, const struct cJSON *b);

/* entries_end_open - whether by the last entry the version is Production */
bool entries_end_open(const struct cJSON *entries);

/* entries_are_of - whether an entry with TO_DELETED is about this version, not about an earlier one
 * of its number */
bool entries_are_of(const struct cJSON *deleted, const struct version *version);

#endif
