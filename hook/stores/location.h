/* location - a small file by its path, or an object by its URL: results, and where they are looked
 * up.
 *
 * A URL is s3://BUCKET/KEY and the like: whatever scheme a store here serves (store/store.h). What
 * is written is there whole or not at all.
 */
#ifndef MODELHOOK_STORES_LOCATION_H
#define MODELHOOK_STORES_LOCATION_H

#include "base/fail.h"
#include "base/text.h"
#include "store/store.h"

bool location_is_url(const char *place);

/* location_split - "s3://b/a/c.json" into the folder "s3://b/a" and the name "c.json", which the
 * caller frees; CONFIGURATION where there is no name */
MUST_CHECK int location_split(const char *url, char **folder, char **name, struct fail *f);

/* location_show - a URL fit for a message: without user information and query; the caller frees it
 */
char *location_show(const char *url);

MUST_CHECK int location_write(
	const struct store_reach *reach, const char *place, const char *text, struct fail *f);

/* location_read - at most max bytes; nothing there is MISSING */
MUST_CHECK int location_read(const struct store_reach *reach, const char *place, size_t max,
	struct text *text, struct fail *f);

/* location_put, location_get - the same for an object of a store that is open already */
MUST_CHECK int location_put(
	struct store *store, const char *name, const char *text, struct fail *f);
MUST_CHECK int location_get(struct store *store, const char *name, size_t max, struct text *text,
	bool *found, struct fail *f);

#endif
