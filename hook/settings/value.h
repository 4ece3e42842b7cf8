/* value - what a setting may be, and how its text is read: the same for flags, environment
 * and modelhook.json.
 */
#ifndef MODELHOOK_SETTINGS_VALUE_H
#define MODELHOOK_SETTINGS_VALUE_H

#include <stdbool.h>

enum kind {
	KIND_STRING,
	KIND_PATH,  /* of a file or folder; in modelhook.json relative to that file */
	KIND_PLACE, /* the same, or a URL of an object store */
	KIND_FLAG,
	KIND_DURATION, /* "90s", "2m" */
	KIND_SECONDS,  /* a decimal number of seconds, as MLflow's variables have it, kept in ms */
	KIND_REAL,     /* a decimal number */
	KIND_COUNT,
	KIND_PARALLEL, /* 1 to 64 */
	KIND_RATE,     /* bytes a second: "10M" */
	KIND_STAGE,
	KIND_TIME, /* RFC 3339, kept as it was given */
	KIND_PROMOTE_BY,
	KIND_POLICY,
};

/* by enum promote_by (registry/options.h) and enum policy (settings/policy.h), NULL-terminated */
extern const char *const settings_promote_by_words[];
extern const char *const settings_policy_words[];

/* settings_value_set - read value into *at, whose type is the kind's (settings/settings.c); a
 * string there is freed and replaced. False, *at as it was or not to be used, where the value is
 * none of that kind.
 */
bool settings_value_set(enum kind kind, void *at, const char *value);

/* settings_value_is_string - *at is an owned char * */
bool settings_value_is_string(enum kind kind);

#endif
