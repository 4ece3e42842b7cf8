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
	KIND_NEW_MODEL,
	KIND_VERIFY,
};

/* by enum promote_by (registry/options.h), enum policy and enum new_model (settings/policy.h),
 * NULL-terminated */
extern const char *const settings_promote_by_words[];
extern const char *const settings_policy_words[];
extern const char *const settings_new_model_words[];
extern const char *const settings_verify_words[]; /* by enum store_verify (store/options.h) */

/* settings_value_set - read value into *at, whose type is the kind's (settings/settings.c); a
 * string there is freed and replaced. False, *at as it was or not to be used, where the value is
 * none of that kind.
 */
bool settings_value_set(enum kind kind, void *at, const char *value);

/* settings_value_takes - what a value of that kind is, for the message that one is not: "a time
 * such as 90s, 36h or 7d" */
const char *settings_value_takes(enum kind kind);

/* settings_value_words - those that a kind of few values takes, NULL-terminated; NULL: others too
 */
const char *const *settings_value_words(enum kind kind);

/* settings_value_is_public - a value cannot hold a password, as a URL can */
bool settings_value_is_public(enum kind kind);

/* settings_value_is_string - *at is an owned char * */
bool settings_value_is_string(enum kind kind);

#endif
