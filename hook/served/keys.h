/* keys - values that the settings of "served" may leave out: what is given stays as it was where
 * the key is not there. UNACCEPTABLE by key.
 */
#ifndef MODELHOOK_SERVED_KEYS_H
#define MODELHOOK_SERVED_KEYS_H

#include <stdint.h>

#include "base/fail.h"
#include "packaging/json/json.h"

enum { SERVED_COUNT_MAX = 1000 };

/* served_key_string - *value is the caller's to free; empty for "json_pointer" alone */
MUST_CHECK int served_key_string(
	const struct json_at *object, const char *key, char **value, struct fail *f);

/* served_key_duration - "5m", larger than 0 */
MUST_CHECK int served_key_duration(
	const struct json_at *object, const char *key, int64_t *ms, struct fail *f);

/* served_key_count - from 1 to SERVED_COUNT_MAX */
MUST_CHECK int served_key_count(
	const struct json_at *object, const char *key, int64_t *count, struct fail *f);

/* served_key_word - its place in words, which end in NULL */
MUST_CHECK int served_key_word(const struct json_at *object, const char *key,
	const char *const *words, size_t *place, struct fail *f);

#endif
