/* entries - reads the history that registry/history.h keeps in tags, as lists of JSON objects.
 *
 * A long history is split over several tags. KEY holds the newest entries; the continuations KEY.2,
 * KEY.3, ... hold the older ones, KEY.2 the oldest. Anybody can write these tags: a value that is
 * not a list reads as an empty list, and an entry may be any JSON value. The caller frees a list
 * with json_release. No function here sends a request.
 */
#ifndef MODELHOOK_REGISTRY_ENTRIES_H
#define MODELHOOK_REGISTRY_ENTRIES_H

#include "mlflow/mlflow.h"
#include "mlflow/types.h"

struct cJSON;

/* entries_read - all entries under a key and its continuations, oldest first; never NULL */
struct cJSON *entries_read(const struct pair *tags, size_t count, const char *key);

/* entries_parse - the entries in the value of one tag; never NULL */
struct cJSON *entries_parse(const char *text);

/* entries_part_key - the name of a continuation tag; the first is number 2. The caller frees it. */
char *entries_part_key(const char *key, int part);

/* entries_part - the value of a continuation tag, or NULL if there is none */
const char *entries_part(const struct pair *tags, size_t count, const char *key, int part);

/* entries_start_alike - whether both lists begin with the same entry */
bool entries_start_alike(const struct cJSON *a, const struct cJSON *b);

/* entries_end_in_production - whether the last entry moved the version to Production, so that its
 * time in Production has no recorded end */
bool entries_end_in_production(const struct cJSON *entries);

/* entries_are_of - whether an entry with TO_DELETED is about this version, and not about an earlier
 * version that had the same number */
bool entries_are_of(const struct cJSON *deleted, const struct version *version);

#endif
